"""The command ``cupel audit``: of a table or folder, or of labels and probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cupel.cli.audit_options import LABEL_OPTIONS, TABLE_OPTIONS, SectionedCommand, add_options
from cupel.cli.reporting import reporting

__all__ = ["audit"]

_EPILOG = """
\b
Examples:
  cupel audit data.csv --label species
  cupel audit reviews.xlsx --label sentiment --text review --report reviews.html
  cupel audit photos/                             # one folder for each class
  cupel audit data.parquet --label y --embeddings vectors.npy --quick
  cupel audit labels.npy pred_probs.npy
  cupel audit run.npz run.npz --top 50
  cupel audit run.npz:y run.npz:oof --classes cat,dog,bird
  cupel audit data.csv probs.csv --label-column label --id-column image --output suspects.csv
  cupel audit data.parquet probs.parquet --json > audit.json
  cupel audit labels.npy pred_probs.npy --features embeddings.npy
  cupel audit labels.npy pred_probs.npy --fail-over 5% || echo "too many suspects"

\b
Exit codes: 0 done, 1 more suspects than --fail-over allows, 2 bad usage or unusable input,
130 interrupted.
"""
_ARRAYS = (".npy", ".npz")


@click.command(cls=SectionedCommand, epilog=_EPILOG)
@click.argument("labels", metavar="FILE|LABELS")
@click.argument("pred_probs", metavar="[PRED_PROBS]", required=False)
@add_options
@reporting
@click.pass_context
def audit(ctx: click.Context, /, labels: str, pred_probs: str | None, **options: Any) -> None:
    """Find what is wrong with a data set: with its labels first of all.

    FILE is a table (.csv, .tsv, .parquet, .jsonl, .json, .xlsx), a folder of images with one
    folder for each class, or a folder with images and a metadata.csv (column file_name). A model
    is trained on it by cross-validation, and every row is judged by one that has not seen it. Then
    labels are audited, and outliers, duplicates and more are looked for. Beside the input appear a
    report to read in a browser, and a .csv file with every row as it was, what was found about it,
    a suggested label, and why. The input is never changed.

    LABELS and PRED_PROBS are for those who have a model: the rows whose label is probably wrong
    are listed, the worst first. LABELS holds one label a row: class positions 0..K-1 or class
    names. PRED_PROBS holds one row of K probabilities for each, from a model that was not trained
    on that row (cross-validation). Both are .npy, .npz (FILE.npz:NAME picks an array), .csv, .tsv
    or .parquet files; both may be the same file. Columns of probabilities are named after the
    classes.

    --features, such as embeddings, are a row of numbers for each label. With them, outliers and
    duplicates are listed too, as by cupel outliers and cupel duplicates.

    The noise posterior weighs the probabilities by the noise among the labels, estimated from
    the same data: how likely each label is wrong, which class is likeliest to be the true one,
    and, added up over all rows, how many errors to expect. That number is an estimate, which may
    well be off by a tenth. --compat leaves the posterior out.

    Rows are counted from 0, without the header. The suggested label is the likeliest class other
    than the given one. Scores are between 0 (worst) and 1 (best).

    Files are written in full precision and complete or not at all. Cells of a .csv file are
    written as they are: a spreadsheet may take a name or id that begins with = + - @ for a
    formula, so import such a file as text.
    """
    given = [
        name
        for name in (*TABLE_OPTIONS, *LABEL_OPTIONS)
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]
    if pred_probs is not None:
        from cupel.cli.label_audit import audit_labels

        _refuse(given, TABLE_OPTIONS, "a table or folder, given alone")
        audit_labels(labels, pred_probs, **_without(options, TABLE_OPTIONS))
        return
    if Path(labels.partition(":")[0]).suffix.lower() in _ARRAYS:
        msg = "Missing argument 'PRED_PROBS': an array of labels alone is no table to train on."
        raise click.UsageError(msg, ctx)
    from cupel.cli.table_audit import audit_table

    if "label_column" in given:
        msg = "the column of labels of a table is chosen by --label"
        raise click.UsageError(msg, ctx)
    _refuse(given, LABEL_OPTIONS, "LABELS and PRED_PROBS")
    audit_table(labels, **_without(options, LABEL_OPTIONS))


def _refuse(given: list[str], names: tuple[str, ...], of: str) -> None:
    for name in given:
        if name in names:
            msg = f"--{name.replace('_', '-')} is for {of}"
            raise click.UsageError(msg, click.get_current_context())


def _without(options: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}
