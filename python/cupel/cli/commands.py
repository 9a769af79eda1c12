"""The command ``cupel`` with all its commands; ``cupel audit`` and ``cupel demo`` themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cupel.cli.errors import CliError, printable
from cupel.cli.methods import POSTERIOR, choose_methods
from cupel.cli.neighbor_commands import duplicates, find_neighbors, outliers, watched
from cupel.cli.options import FILTERS, METRICS, SCORES, as_share, as_size
from cupel.cli.reporting import (
    UNUSABLE,
    Failure,
    fail_if_over,
    reporting,
    version,
    warnings_as_notes,
)
from cupel.cli.streams import note, prepare_streams, standard_output, status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cupel.cli.audit import Audit
    from cupel.cli.features import Features
    from cupel.cli.findings import Findings
    from cupel.cli.inputs import Inputs
    from cupel.cli.methods import Methods

__all__ = ["cli", "run"]

_DEFAULT_TOP = 20
_INTERRUPTED = 130


def run(argv: Sequence[str] | None) -> int:
    """Run the command line and return its exit code."""
    prepare_streams()
    try:
        with standard_output():
            code = cli.main(args=argv, prog_name="cupel", standalone_mode=False)
    except CliError as error:  # the help could not be printed
        Failure(str(error)).show()
        return UNUSABLE
    except click.ClickException as error:
        error.show()
        return UNUSABLE
    except click.Abort:
        return _INTERRUPTED
    return code if isinstance(code, int) else 0


_EPILOG = """
\b
Start with:
  cupel demo                      watch it work on a small data set
  cupel audit LABELS PRED_PROBS   audit your own
  cupel outliers FEATURES         find rows far from all others, by embeddings for example
  cupel duplicates FEATURES       find rows that are the same or nearly so
"""


@click.group(
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@click.version_option(package_name="cupel", message="cupel %(version)s")
def cli() -> None:
    """Find wrong labels from a classifier's own probabilities, outliers and duplicates."""


cli.add_command(outliers)
cli.add_command(duplicates)

_AUDIT_EPILOG = """
\b
Examples:
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


@cli.command(epilog=_AUDIT_EPILOG)
@click.argument("labels")
@click.argument("pred_probs")
@click.option("--label-column", metavar="NAME", help="Column of LABELS, where it is a table.")
@click.option("--prob-columns", metavar="A,B,…", help="Columns of PRED_PROBS; else all numeric.")
@click.option("--id-column", metavar="NAME", help="Column whose ids are listed with the rows.")
@click.option("--classes", metavar="A,B,…|FILE", help="Class names in column order, or a file.")
@click.option("--features", metavar="FILE", help="Find outliers and duplicates by these too.")
@click.option("--feature-columns", metavar="A,B,…", help="Columns of --features; else all numeric.")
@click.option("--metric", type=click.Choice(METRICS), help="Distance between rows of --features.")
@click.option("--header/--no-header", default=None, help="First line of the .csv files: names?")
@click.option(
    "--compat",
    is_flag=True,
    help="As cleanlab does by default: choice, order, suggestions and estimated errors.",
)
@click.option(
    "--filter-by",
    metavar="FILTER",
    type=click.Choice(FILTERS),
    help=f"How suspects are chosen: {', '.join(FILTERS)}."
    f"  [default: {FILTERS[0]}; with --compat {FILTERS[1]}]",
)
@click.option(
    "--rank-by",
    metavar="SCORE",
    type=click.Choice(SCORES),
    help=f"What the list is ordered by: {', '.join(SCORES)}."
    f"  [default: {SCORES[0]}; with --compat {SCORES[1]}]",
)
@click.option(
    "--min-examples",
    metavar="N",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="For prune filters and both: list no rows of a class that would keep fewer.",
)
@click.option(
    "--frac-noise",
    metavar="SHARE",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="For prune filters and both: share of the estimated errors to list.",
)
@click.option(
    "--collision",
    type=click.Choice(("argmax", "confident")),
    default="argmax",
    show_default=True,
    help="Rows confident in several classes: the likeliest of all, or of the confident ones.",
)
@click.option(
    "--nan",
    type=click.Choice(("raise", "drop")),
    default="raise",
    show_default=True,
    help="Rows with numbers that are missing or infinite: refuse, or leave out.",
)
@click.option(
    "--threads", metavar="N", type=click.IntRange(min=1), help="The result never depends on it."
)
@click.option(
    "--max-memory",
    metavar="SIZE",
    callback=as_size,
    help="Limit for unpacking an input, such as 8GB.",
)
@click.option(
    "--top",
    metavar="N",
    type=click.IntRange(min=0),
    help=f"Rows of each list to show.  [default: {_DEFAULT_TOP}; all with --json]",
)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    help="Write the whole list to a .csv, .jsonl or .parquet file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
@click.option(
    "--fail-over",
    metavar="SHARE",
    callback=as_share,
    help="Exit with code 1 if more than this share is suspect.",
)
@click.option("--quiet", "-q", is_flag=True, help="No notes and no progress on stderr.")
@reporting
def audit(
    labels: str,
    pred_probs: str,
    features: str | None,
    output: str | None,
    top: int | None,
    as_json: bool,
    fail_over: float | None,
    **options: Any,
) -> None:
    """List the rows whose label is probably wrong, the worst first.

    LABELS holds one label a row: class positions 0..K-1 or class names. PRED_PROBS holds one row
    of K probabilities for each, from a model that was not trained on that row (cross-validation).
    Both are .npy, .npz (FILE.npz:NAME picks an array), .csv, .tsv or .parquet files; both may be
    the same file. Columns of probabilities are named after the classes.

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
    from cupel.cli.features import read_audit_features
    from cupel.cli.files import split_spec
    from cupel.cli.inputs import read_inputs
    from cupel.cli.output import check_output, json_document, suspects_table, write_table
    from cupel.cli.tables import ReadOptions

    quiet = options["quiet"]
    if output is not None:
        named = [labels, pred_probs, *([] if features is None else [features])]
        check_output(Path(output), [split_spec(name)[0] for name in named])
    _check_feature_options(features, options)
    reading = ReadOptions(**{n: options.pop(n) for n in ReadOptions.__dataclass_fields__})
    with status("reading …", quiet=quiet):
        inputs = read_inputs(labels, pred_probs, reading)
    note(inputs.notes, quiet=quiet)
    vectors = None
    if features is not None:
        with status("reading features …", quiet=quiet):
            vectors = read_audit_features(
                features, labels, pred_probs, inputs, reading, nan=options["nan"]
            )
        note(vectors.notes, quiet=quiet)
    methods = choose_methods(**{name: options[name] for name in ("compat", "filter_by", "rank_by")})
    parameters = {
        **methods._asdict(),
        "min_examples_per_class": options["min_examples"],
        "frac_noise": options["frac_noise"],
        "collision": options["collision"],
        "nan": options["nan"],
    }
    note(_unused(methods, options), quiet=quiet)
    with status("auditing …", quiet=quiet):
        result = _audited(inputs, labels, pred_probs, parameters, options["threads"], quiet)
    findings = None
    if vectors is not None:
        findings = _by_features(vectors, inputs, result, options)
        result = replace(result, remarks=findings.remarks(result.rows))
    suspects = suspects_table(result, inputs.ids)
    table = suspects if findings is None else findings.table(suspects, inputs.ids)
    if output is not None:
        with status("writing …", quiet=quiet):
            write_table(table, Path(output))
    with standard_output():
        if as_json:
            files = {"labels": labels, "pred_probs": pred_probs}
            about = {"cupel": version(), "inputs": files, "parameters": parameters}
            more: dict[str, Any] = {}
            if findings is not None and features is not None:
                files["features"] = features
                about["parameters"] = parameters | {"metric": options["metric"]}
                more = {"summary": findings.summary(), "lists": findings.lists(top, inputs.ids)}
            for text in json_document(result, suspects.slice(0, top), about, **more):
                click.echo(text, nl=False)
        else:
            shown = _DEFAULT_TOP if top is None else top
            _print_audit(result, findings, shown, inputs.ids)
    if output is not None and not quiet:
        what = "suspects" if findings is None else "findings"
        click.echo(f"{table.num_rows:,} {what} written to {printable(output)}", err=True)
    fail_if_over(fail_over, result.share, "are suspect")


@cli.command()
@click.option("--top", metavar="N", type=click.IntRange(min=0), default=10, show_default=True)
@click.option(
    "--threads", metavar="N", type=click.IntRange(min=1), help="The result never depends on it."
)
@reporting
def demo(top: int, threads: int | None) -> None:
    """Watch an audit of scikit-learn's digits, with and without planted errors.

    Trains a small model by cross-validation, lists its suspects, then changes 5% of the labels at
    random (always the same ones) and counts how many of those the list finds. Takes some seconds,
    needs no network, and needs scikit-learn: pip install "cupel[demo]".
    """
    from cupel.cli.demo import demo_views
    from cupel.cli.render import StandardOutput

    console = StandardOutput()
    with standard_output():
        for step, view in demo_views(console, top=top, n_jobs=threads):
            with status(step, quiet=False):
                rendered = view()
            console.print(rendered)


def _audited(
    inputs: Any,
    labels: str,
    pred_probs: str,
    parameters: dict[str, Any],
    threads: int | None,
    quiet: bool,
) -> Audit:
    from cupel.cli.audit import run_audit

    try:
        with warnings_as_notes(quiet=quiet):
            return run_audit(
                inputs.labels,
                inputs.pred_probs,
                class_names=inputs.class_names,
                n_jobs=threads,
                **parameters,
            )
    except (TypeError, ValueError) as error:
        text = str(error).replace("nan='drop'", "--nan drop")
        msg = f"{text}\n  labels: {printable(labels)}\n  pred_probs: {printable(pred_probs)}"
        if inputs.columns is not None:
            used = printable(", ".join(inputs.columns), 100)
            msg += f", columns {used} (choose with --prob-columns)"
        raise CliError(msg) from error


def _unused(methods: Methods, options: dict[str, Any]) -> list[str]:
    """Tell of options that only the other filters, or the confident joint, would heed."""
    if methods.compat or methods.filter_by != POSTERIOR:
        return []
    return [
        f"--{name.replace('_', '-')} has no effect on the noise posterior; see --compat"
        for name, usual in (("min_examples", 1), ("frac_noise", 1.0), ("collision", "argmax"))
        if options[name] != usual
    ]


def _check_feature_options(features: str | None, options: dict[str, Any]) -> None:
    for name in ("feature_columns", "metric"):
        if features is None and options[name] is not None:
            msg = f"--{name.replace('_', '-')} needs --features"
            raise CliError(msg)


def _by_features(
    features: Features, inputs: Inputs, result: Audit, options: dict[str, Any]
) -> Findings:
    from cupel.cli.findings import find_by_features

    threads, quiet = options["threads"], options["quiet"]
    search = find_neighbors(features, {"metric": options["metric"]}, threads, quiet=quiet)
    with watched("grouping rows", features, quiet=quiet) as tell:
        return find_by_features(result, inputs.labels, search, progress=tell, n_jobs=threads)


def _print_audit(result: Audit, findings: Findings | None, top: int, ids: Any) -> None:
    from cupel.cli.render import StandardOutput, audit_view

    console = StandardOutput()
    remedy = "--output FILE writes the whole list"
    view = audit_view(
        result,
        console,
        top=top,
        remedy=remedy,
        ids=ids,
        figures=() if findings is None else findings.figures,
    )
    console.print(view)
    for part in [] if findings is None else findings.parts(top=top, remedy=remedy, ids=ids):
        console.print(part)
