"""The audit of a table on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from cupel.cli.errors import printable
from cupel.cli.render import LONGEST_NAME, figures_line, hidden_line, simple_table
from cupel.cli.wording import percent

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from cupel.cli.table_audit import TableAudit
    from cupel.cli.table_output import OutputFiles

__all__ = ["table_view"]

_LONGEST_REASON = 300
# In the order in which they are worth a look, with what they mean in a few words.
_MEANINGS = {
    "preflight": "something is amiss with the inputs as a whole",
    "label": "the label is probably wrong",
    "duplicate_conflict": "(nearly) the same rows with different labels, or in both splits",
    "near_duplicate": "(nearly) the same as another row",
    "ambiguous": "two labels are plausible",
    "outlier": "unlike all other rows",
    "null": "no feature has a value",
    "class_imbalance": "of a class with very few rows",
    "underperforming_group": "in a group of alike rows that the model gets wrong",
    "non_iid": "rows near each other are alike: the order matters",
    "spurious_correlations": "a property of the images gives the label away",
}


def table_view(audit: TableAudit, files: OutputFiles, width: int, *, top: int) -> Group:
    """Lay out summary, model, what was found, the first `top` rows to review, and the files."""
    parts: list[RenderableType] = [
        figures_line(_figures(audit), width),
        Text(),
        *_model(audit),
        _found_table(audit),
        *_not_found(audit),
    ]
    n = len(audit.worklist)
    if n and top:
        parts.append(_review_table(audit, min(top, n)))
    if n > top:
        parts.append(hidden_line(n - top, "all are in the files below"))
    return Group(*parts, *_failures(audit), _files(files))


def _figures(audit: TableAudit) -> list[tuple[str, str]]:
    table = audit.input
    figures = [(f"{table.dataset.n_rows:,}", "rows")]
    unlabelled = table.dataset.n_rows - len(table.labelled)
    if unlabelled:
        figures.append((f"{unlabelled:,}", "without a label"))
    if audit.model.classes:
        figures.append((f"{len(audit.model.classes):,}", "classes"))
    suspects = round(audit.share_of_suspects * len(table.labelled))
    figures.append((f"{suspects:,}", f"suspect labels ({percent(audit.share_of_suspects)})"))
    figures.append((f"{len(audit.worklist):,}", "rows to review"))
    return figures


def _model(audit: TableAudit) -> list[RenderableType]:
    model = audit.model
    score, chance = _measured(model.score, model.task), _measured(model.chance, model.task)
    told = Text.assemble(
        ("Model: ", "bold"),
        printable(model.description, 400),
        ". Out of sample: ",
        (f"{model.metric} {score}", "cyan"),
        f" (by chance {chance}).",
    )
    lines = [told]
    if model.is_weak:
        lines.append(
            Text(
                "It hardly knows more than how frequent the labels are: doubt what it says about "
                "them. Other columns, --text or --embeddings may help.",
                "yellow",
            )
        )
    return [Padding(line, (0, 1)) for line in lines]


def _measured(score: float, task: str) -> str:
    return f"{score:.2f}" if task == "regression" else percent(max(score, 0.0))


def _found_table(audit: TableAudit) -> Table:
    summary = audit.lab.get_issue_summary()
    counts = dict(zip(summary["issue_type"], summary["num_issues"], strict=True))
    order = {name: i for i, name in enumerate(_MEANINGS)}
    table = simple_table("What was found")
    table.add_column("issue", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("what it means", overflow="fold")
    for name in sorted(counts, key=lambda name: order.get(name, len(order))):
        count = int(counts[name])
        if count:
            share = percent(count / len(audit.input.labelled))
            table.add_row(_issue(name), f"{count:,}", share, Text(_MEANINGS.get(name, "")))
    return table


def _not_found(audit: TableAudit) -> list[RenderableType]:
    summary = audit.lab.get_issue_summary()
    names = summary["issue_type"][summary["num_issues"] == 0]
    text = f"Nothing of: {', '.join(_issue(name).plain for name in names)}."
    return [Padding(Text(text, "dim"), (1, 1, 0, 1))] if len(names) else []


def _issue(name: str) -> Text:
    return Text(printable(name.replace("_", " "), LONGEST_NAME))


def _review_table(audit: TableAudit, n: int) -> Table:
    table = simple_table(f"Review first: {n:,} of {len(audit.worklist):,} rows")
    name = _name_of_rows(audit)
    table.add_column("row", justify="right", no_wrap=True)
    if name is not None:
        table.add_column(name, overflow="fold")
    table.add_column("given", overflow="fold", style="red")
    table.add_column("suggested", overflow="fold", style="green")
    table.add_column("why", ratio=1)
    rows = audit.input.labelled
    for entry in audit.worklist.head(n).to_dict("records"):
        row = int(rows[entry["row"]])
        cells = [str(row)]
        if name is not None:
            cells.append(printable(audit.input.dataset.cell(name, row), LONGEST_NAME))
        cells += [_label(entry["given_label"]), _suggestion(entry)]
        table.add_row(*map(Text, cells), Text(printable(entry["reason"], _LONGEST_REASON)))
    return table


def _name_of_rows(audit: TableAudit) -> str | None:
    """Return the column that people know rows by: ids, or names of images."""
    dataset = audit.input.dataset
    name: str | None = dataset.image_key if dataset.id_name is None else dataset.id_name
    return name


def _suggestion(entry: dict[str, Any]) -> str:
    confidence = entry["suggested_confidence"]
    label = _label(entry["suggested_label"])
    return label if not label or np.isnan(confidence) else f"{label} ({percent(confidence)})"


def _label(label: Any) -> str:
    if label is None:
        return ""
    if isinstance(label, (list, tuple)):
        return printable(", ".join(map(str, label)), LONGEST_NAME)
    return f"{label:.4g}" if isinstance(label, float) else printable(str(label), LONGEST_NAME)


def _failures(audit: TableAudit) -> list[RenderableType]:
    return [
        Text(f"\n The check for {name} issues failed: {printable(reason, 500)}", "yellow")
        for name, reason in audit.lab.errors.items()
    ]


def _files(files: OutputFiles) -> Text:
    return Text.assemble(
        ("\n Report to read:  ", "bold"),
        (printable(str(files.report)), "cyan"),
        ("\n Every row:       ", "bold"),
        (printable(str(files.table)), "cyan"),
    )
