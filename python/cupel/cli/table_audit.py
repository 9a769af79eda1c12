"""``cupel audit FILE``: train a model by cross-validation, audit, write report and list."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import numpy as np

from cupel.cli.audit_options import DEFAULT_TOP
from cupel.cli.errors import CliError, printable
from cupel.cli.npyfile import read_npy
from cupel.cli.reporting import fail_if_over, version
from cupel.cli.stages import staged
from cupel.cli.streams import note, standard_output
from cupel.cli.table_input import TableInput, read_input
from cupel.cli.table_output import OutputFiles, audit_table_columns, choose_outputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from cupel.baseline import Baseline

__all__ = ["Guess", "TableAudit", "audit_table"]


class Guess(NamedTuple):
    """What the model thinks of a row without a label."""

    label: Any
    confidence: float
    reason: str


@dataclass(frozen=True, eq=False)
class TableAudit:
    """A finished audit of a table.

    Attributes
    ----------
    input : TableInput
        The table.
    model : Baseline
        What was trained.
    lab : Datalab
        What was found, in the rows that have a label.
    worklist : pandas.DataFrame
        What to review, the most valuable look first.
    guesses : dict of int to Guess
        By row of the table, what the model thinks of those without a label.
    warned : list of str
        What the checks warned of.
    """

    input: TableInput
    model: Baseline
    lab: Any
    worklist: Any
    guesses: dict[int, Guess] = field(default_factory=dict)
    warned: list[str] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        """What was decided or left out on the way, in words."""
        return [*self.input.notes, *self.model.notes, *self.warned]

    @property
    def share_of_suspects(self) -> float:
        """Rows whose label is suspect, as a share of those that have one."""
        if "label" not in set(self.lab.get_issue_summary()["issue_type"]):
            return 0.0
        return float(self.lab.get_issues("label")["is_label_issue"].mean())


def audit_table(
    source: str,
    *,
    output: str | None,
    report: str | None,
    top: int | None,
    as_json: bool,
    fail_over: float | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Audit a table and tell, write and show what is found; parameters are the command's options."""
    path = Path(source)
    files = choose_outputs(path, report, output)
    with staged(quiet=quiet) as stages:
        with stages.stage("reading"):
            table = read_input(path, options)
            vectors = _embeddings(options["embeddings"], table.dataset.n_rows)
        with stages.stage("training a model") as tell:
            model = _trained(table, vectors, options, tell)
        with stages.stage("looking for issues") as tell:
            audit = _audited(table, model, options["threads"], tell)
        with stages.stage("writing") as tell:
            formulas = _write(audit, files, tell)
    note([*audit.notes, *formulas], quiet=quiet)
    _show(audit, files, source, as_json=as_json, top=top)
    fail_if_over(fail_over, audit.share_of_suspects, "have a suspect label")


def _embeddings(name: str | None, n_rows: int) -> Any:
    if name is None:
        return None
    vectors = read_npy(Path(name))
    if vectors.ndim != 2 or len(vectors) != n_rows:
        msg = (
            f"--embeddings {printable(name)} has shape {vectors.shape}, expected a row of numbers "
            f"for each of the {n_rows:,} rows of the table"
        )
        raise CliError(msg)
    return vectors


def _trained(
    table: TableInput, vectors: Any, options: dict[str, Any], tell: Callable[[float], None]
) -> Baseline:
    from cupel.baseline import fit_baseline

    labels = table.labels
    if table.task == "multilabel":
        names = sorted({label for given in labels if given is not None for label in given})
        codes = {name: k for k, name in enumerate(names)}
        labels = np.array([None, *labels], dtype=object)[1:]
        for row in table.labelled:
            labels[row] = [codes[label] for label in labels[row]]
    try:
        return fit_baseline(
            table.dataset,
            labels,
            table.task,
            text=[name for name in (options["text"] or "").split(",") if name],
            embeddings=vectors,
            quick=options["quick"],
            seed=options["seed"],
            n_jobs=options["threads"],
            progress=tell,
        )
    except (ImportError, ValueError) as error:
        text = str(error).replace('"cupel[sklearn]"', '"cupel[audit]"')
        raise CliError(text) from error


def _audited(
    table: TableInput, model: Baseline, threads: int | None, tell: Callable[[float], None]
) -> TableAudit:
    from cupel import Datalab
    from cupel.datalab import CheckFailedWarning

    data, roles = table.audited()
    rows = table.labelled
    try:
        lab = Datalab(data, table.task, verbosity=0, **roles)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            warnings.simplefilter("ignore", CheckFailedWarning)  # told from lab.errors
            lab.find_issues(
                pred_probs=_predictions(model, lab.class_names)[rows],
                features=model.features[rows],
                n_jobs=threads,
                progress=lambda share: tell(0.9 * share),
            )
        worklist = lab.get_worklist()
    except (ImportError, ValueError) as error:
        raise CliError(str(error)) from error
    guesses = _guesses(table, model, lab.class_names)
    warned = [str(w.message) for w in caught if issubclass(w.category, UserWarning)]
    return TableAudit(table, model, lab, worklist, guesses, warned)


def _predictions(model: Baseline, class_names: list[Any]) -> Any:
    """Return predictions with columns in the order of the audit's classes."""
    if model.pred_probs is None:
        return model.predictions
    if model.task == "multilabel":
        return model.pred_probs
    place = {name: k for k, name in enumerate(model.classes)}
    return model.pred_probs[:, [place[name] for name in class_names]]


def _guesses(table: TableInput, model: Baseline, class_names: list[Any]) -> dict[int, Guess]:
    predicted = _predictions(model, class_names)
    found: dict[int, Guess] = {}
    label: Any
    for row in sorted(set(range(len(table.labels))) - set(table.labelled.tolist())):
        if table.task == "regression":
            label, confidence = float(predicted[row]), float("nan")
            reason = f"Has no label; the model says {label:.4g}."
        elif table.task == "multilabel":
            label = [class_names[k] for k in np.flatnonzero(predicted[row] > 0.5)]
            confidence = float(np.maximum(predicted[row], 1 - predicted[row]).prod())
            reason = f"Has no label; the model says {', '.join(map(str, label)) or 'none of them'}."
        else:
            best = int(predicted[row].argmax())
            label, confidence = class_names[best], float(predicted[row, best])
            reason = f"Has no label; the model says {label} ({confidence:.0%})."
        found[row] = Guess(label, confidence, reason)
    return found


def _write(audit: TableAudit, files: OutputFiles, tell: Callable[[float], None]) -> list[str]:
    """Write both files, and return what to note about them."""
    from cupel.cli.original import like_formulas, read_original
    from cupel.cli.output import write_table

    original = read_original(audit.input.path, audit.input.dataset)
    write_table(audit_table_columns(audit, original), files.table, original.style)
    tell(0.5)
    name = audit.input.path.resolve().name
    try:
        audit.lab.to_html(files.report, title=f"Audit of {name}")
    except ImportError as error:
        raise CliError(str(error)) from error
    except OSError as error:
        reason = printable(error.strerror or str(error))
        msg = f"--report {printable(str(files.report))}: cannot be written ({reason})"
        raise CliError(msg) from error
    return like_formulas(original.table) if files.table.suffix.lower() == ".csv" else []


def _show(
    audit: TableAudit, files: OutputFiles, source: str, *, as_json: bool, top: int | None
) -> None:
    with standard_output():
        if as_json:
            from cupel.cli.output import json_text
            from cupel.cli.table_output import json_lists, json_summary

            about = {
                "cupel": version(),
                "input": source,
                "report": str(files.report),
                "output": str(files.table),
            }
            for text in json_text(about | json_summary(audit), json_lists(audit, top)):
                click.echo(text, nl=False)
            return
        from cupel.cli.render import StandardOutput
        from cupel.cli.table_render import table_view

        console = StandardOutput()
        shown = DEFAULT_TOP if top is None else top
        console.print(table_view(audit, files, console.width, top=shown))
