"""What the audit of a table writes: every row with what was found about it, and JSON."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cupel.cli.errors import CliError, printable
from cupel.cli.output import check_output

if TYPE_CHECKING:
    from cupel.cli.original import Original
    from cupel.cli.table_audit import TableAudit

__all__ = ["OutputFiles", "audit_table_columns", "choose_outputs", "json_lists", "json_summary"]


class OutputFiles:
    """Where the report and the table of all rows go.

    Attributes
    ----------
    report, table : Path
        The files.
    """

    def __init__(self, report: Path, table: Path) -> None:
        self.report = report
        self.table = table


def choose_outputs(source: Path, report: str | None, output: str | None) -> OutputFiles:
    """Choose names beside the input where none were given, and refuse what cannot be written.

    A file is replaced only if it was named: otherwise names are numbered until they are free.

    Raises
    ------
    CliError
        If a file could not be written, or would replace an input.
    """
    resolved = source.resolve()
    stem = resolved.name if resolved.is_dir() else resolved.stem
    for number in itertools.count(1):
        tail = "" if number == 1 else f"-{number}"
        files = OutputFiles(
            Path(report or source_folder(source) / f"{stem}-report{tail}.html"),
            Path(output or source_folder(source) / f"{stem}-audit{tail}.csv"),
        )
        free = (report or not files.report.exists()) and (output or not files.table.exists())
        if free:
            break
    check_output(files.table, [source])
    check_output(files.report, [source], formats=(".html", ".htm"), option="--report")
    if files.report.resolve() == files.table.resolve():
        msg = f"--report and --output are both {printable(str(files.report))}"
        raise CliError(msg)
    for file, option in ((files.table, "--output"), (files.report, "--report")):
        if source.is_dir() and file.resolve().is_relative_to(resolved):
            msg = f"{option} {printable(str(file))}: is inside the input; choose another folder"
            raise CliError(msg)
    return files


def source_folder(source: Path) -> Path:
    """Return the folder that the input is in."""
    if source.name in ("", ".", ".."):
        return source.resolve().parent
    return source.parent


def audit_table_columns(audit: TableAudit, original: Original) -> Any:
    """Return one row per row of the input, in its order: its columns, then what was found.

    Parameters
    ----------
    audit : TableAudit
        The audit.
    original : Original
        The input's columns.

    Returns
    -------
    pyarrow.Table
        After the input's columns given_label, suggested_label, suggested_confidence, review_rank
        (1 first), issue_types, reason; then each issue type's flag and score, null in rows without
        a label. Names that the input has too begin with ``audit_``.
    """
    table = original.table
    rows = audit.input.labelled
    taken = set(table.column_names)
    for name, array in {**_review_columns(audit), **_scores(audit, rows)}.items():
        free = name
        while free in taken:
            free = f"audit_{free}"
        taken.add(free)
        table = table.append_column(free, array)
    return table


def _review_columns(audit: TableAudit) -> dict[str, Any]:
    n = audit.input.dataset.n_rows
    listed = audit.worklist
    at = audit.input.labelled[listed["row"].to_numpy()]
    suggested, confidence = _filled(n, at, listed["suggested_label"]), np.full(n, np.nan)
    confidence[at] = listed["suggested_confidence"].to_numpy(dtype=np.float64, na_value=np.nan)
    types, reasons = _filled(n, at, listed["issue_types"]), _filled(n, at, listed["reason"])
    rank = np.zeros(n, np.int64)
    rank[at] = np.arange(1, len(at) + 1)
    for row, guess in audit.guesses.items():
        types[row], suggested[row], confidence[row] = "unlabeled", guess.label, guess.confidence
        reasons[row] = guess.reason
    return {
        "given_label": pa.array([_label_text(label) for label in audit.input.labels], pa.string()),
        "suggested_label": pa.array([_label_text(label) for label in suggested], pa.string()),
        "suggested_confidence": pa.array(confidence, mask=np.isnan(confidence)),
        "review_rank": pa.array(rank, mask=rank == 0),
        "issue_types": pa.array(types, pa.string()),
        "reason": pa.array(reasons, pa.string()),
    }


def _scores(audit: TableAudit, rows: Any) -> dict[str, Any]:
    """Return flags and scores of every issue type."""
    n = audit.input.dataset.n_rows
    missing = np.ones(n, np.bool_)
    missing[rows] = False
    columns = {}
    for name, values in audit.lab.get_issues().items():
        full = np.zeros(n, values.to_numpy().dtype)
        full[rows] = values.to_numpy()
        absent = missing | np.isnan(full) if full.dtype.kind == "f" else missing
        columns[str(name)] = pa.array(full, mask=absent)
    return columns


def _filled(n: int, rows: Any, values: Any) -> list[Any]:
    filled: list[Any] = [None] * n
    for row, value in zip(rows.tolist(), values.tolist(), strict=True):
        filled[row] = value
    return filled


def _label_text(label: Any) -> str | None:
    if label is None or (isinstance(label, float) and np.isnan(label)):
        return None
    if isinstance(label, (list, tuple)):
        return ";".join(map(str, label))
    return str(label)


def json_summary(audit: TableAudit) -> dict[str, Any]:
    """Return the facts of the audit, for a JSON document."""
    model, table = audit.model, audit.input
    summary = audit.lab.get_issue_summary()
    return {
        "task": table.task,
        "label": table.label_name,
        "model": {
            "kind": model.kind,
            "description": model.description,
            "measure": "r2" if table.task == "regression" else model.metric,
            "out_of_sample": model.score,
            "by_chance": model.chance,
            "folds": model.folds,
            "compared": model.candidates,
        },
        "notes": audit.notes,
        "summary": {
            "rows": table.dataset.n_rows,
            "rows_without_label": table.dataset.n_rows - len(table.labelled),
            "classes": len(model.classes),
            "rows_to_review": len(audit.worklist),
            "share_of_suspects": audit.share_of_suspects,
        },
        "issues": [
            {"issue_type": name, "score": _number(score), "rows": int(count)}
            for name, score, count in zip(
                summary["issue_type"], summary["score"], summary["num_issues"], strict=True
            )
        ],
        "checks_that_failed": audit.lab.errors,
    }


def json_lists(audit: TableAudit, top: int | None) -> dict[str, Any]:
    """Return the worklist, for a JSON document."""
    rows = audit.input.labelled
    listed = audit.worklist.head(len(audit.worklist) if top is None else top)
    return {
        "review": (
            {
                "row": int(rows[entry["row"]]),
                "id": _label_text(entry["row_id"]),
                "issue_types": entry["issue_types"].split(", "),
                "value": float(entry["value"]),
                "given_label": _label_text(entry["given_label"]),
                "suggested_label": _label_text(entry["suggested_label"]),
                "suggested_confidence": _number(entry["suggested_confidence"]),
                "reason": entry["reason"],
            }
            for entry in listed.to_dict("records")
        )
    }


def _number(value: Any) -> float | None:
    return None if value is None or np.isnan(value) else float(value)
