"""``cupel audit LABELS PRED_PROBS``: suspects by the probabilities of the user's own model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cupel.cli.audit_options import DEFAULT_TOP
from cupel.cli.errors import CliError, printable
from cupel.cli.methods import POSTERIOR, choose_methods
from cupel.cli.neighbor_commands import find_neighbors, watched
from cupel.cli.reporting import fail_if_over, version, warnings_as_notes
from cupel.cli.streams import note, standard_output, status

if TYPE_CHECKING:
    from cupel.cli.audit import Audit
    from cupel.cli.features import Features
    from cupel.cli.findings import Findings
    from cupel.cli.inputs import Inputs
    from cupel.cli.methods import Methods

__all__ = ["audit_labels"]


def audit_labels(
    labels: str,
    pred_probs: str,
    *,
    features: str | None,
    output: str | None,
    top: int | None,
    as_json: bool,
    fail_over: float | None,
    **options: Any,
) -> None:
    """Read the files, audit, and print or write the list; parameters are the command's options."""
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
            shown = DEFAULT_TOP if top is None else top
            _print_audit(result, findings, shown, inputs.ids)
    if output is not None and not quiet:
        what = "suspects" if findings is None else "findings"
        click.echo(f"{table.num_rows:,} {what} written to {printable(output)}", err=True)
    fail_if_over(fail_over, result.share, "are suspect")


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
