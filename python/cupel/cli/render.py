"""The audit on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.console import Console, Group
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from cupel.cli.errors import printable
from cupel.cli.wording import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from cupel.cli.audit import Audit

__all__ = [
    "LONGEST_NAME",
    "StandardOutput",
    "audit_view",
    "figures_line",
    "hidden_line",
    "score_text",
    "simple_table",
]

_MOST_CLASSES = 10
_MOST_PAIRS = 10
LONGEST_NAME = 24
_BAR = 8


class StandardOutput(Console):
    """Console that leaves a closed pipe to the caller; rich would end the process."""

    def on_broken_pipe(self) -> None:
        """Pass the error on."""
        raise BrokenPipeError


def audit_view(
    audit: Audit,
    console: Console,
    *,
    top: int,
    remedy: str,
    ids: Any = None,
    figures: Sequence[tuple[str, str]] = (),
) -> Group:
    """Lay out summary, classes, confused pairs, and the first `top` rows of the list.

    Parameters
    ----------
    audit : Audit
        The audit.
    console : Console
        Where it will be shown; decides what fits side by side.
    top : int
        How many suspects to list.
    remedy : str
        What to do to see the rest of the list.
    ids : pyarrow array, optional
        Id of each row of the input.
    figures : sequence of (str, str), optional
        More numbers for the summary, and what they count, for a line of their own.
    """
    parts: list[RenderableType] = [figures_line(_figures(audit), console.width)]
    if figures:
        parts.append(figures_line(figures, console.width))
    if audit.n_suspects:
        small = [_class_table(audit), _pair_table(audit)]
        grid = Table.grid(padding=(0, 4))
        grid.add_row(*small)
        parts += [grid] if _width(grid, console) <= console.width else small
        if top:
            parts.append(_list_table(audit, console, top, ids))
    if audit.n_suspects > top:
        parts.append(hidden_line(audit.n_suspects - top, remedy))
    return Group(*parts)


def _figures(audit: Audit) -> list[tuple[str, str]]:
    figures = [
        (f"{audit.n_used:,}", "rows"),
        (f"{audit.n_classes:,}", "classes"),
        (f"{audit.n_suspects:,}", f"suspects ({percent(audit.share)})"),
        _errors_figure(audit),
    ]
    if audit.n_dropped:
        figures.insert(1, (f"{audit.n_dropped:,}", "left out"))
    return figures


def _errors_figure(audit: Audit) -> tuple[str, str]:
    if audit.posterior is None:
        return f"{audit.estimated_errors:,}", "errors estimated"
    # Without the standard error: how far a wrong model puts the count off is many times that.
    total = audit.posterior.expected.total
    share = percent(total / audit.n_used if audit.n_used else 0.0)
    return _whole(total), f"errors expected ({share})"


def _whole(count: float) -> str:
    """Write a count in whole numbers so that only zero looks like zero."""
    return "<1" if 0 < count <= 0.5 else f"{count:,.0f}"


def figures_line(figures: Sequence[tuple[str, str]], width: int) -> Text:
    """Lay out numbers and what they count, as many on a line as fit."""
    lines: list[Text] = []
    for number, what in figures:
        figure = Text.assemble((number, "bold cyan"), f" {what}")
        longer = Text("   ").join([*lines[-1:], figure])
        if lines and longer.cell_len < width:
            lines[-1] = longer
        else:
            lines.append(figure)
    return Text(" ") + Text("\n ").join(lines)


def hidden_line(n: int, remedy: str) -> Text:
    """Tell how much of a list is not shown, and how to see it."""
    return Text(f"\n … and {n:,} more; {remedy}", style="dim")


def _class_table(audit: Audit) -> Table:
    order = np.lexsort((-np.nan_to_num(audit.class_noise), -audit.class_suspects))
    shown = order[:_MOST_CLASSES]
    worst = max(float(np.nan_to_num(audit.class_noise).max()), 1e-9)
    table = simple_table("Classes")
    table.add_column("given label", overflow="fold")
    for heading in ("rows", "suspects", "est. noise"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, width=_BAR)
    for k in shown:
        noise = float(audit.class_noise[k])
        known = not np.isnan(noise)
        table.add_row(
            _name(audit, int(k)),
            f"{audit.class_counts[k]:,}",
            f"{audit.class_suspects[k]:,}",
            _noise_text(noise) if known else "-",
            Text("█" * max(round(_BAR * noise / worst), noise > 0), "yellow") if known else "",
        )
    _say_hidden(table, len(order) - len(shown), "more classes")
    return table


def _noise_text(noise: float) -> str:
    """Write a share so that only zero looks like zero."""
    return "<0.1%" if 0 < noise < 0.0005 else f"{100 * noise:.1f}%"


def _pair_table(audit: Audit) -> Table:
    pairs = audit.confused_pairs()
    table = simple_table("Most confused")
    table.add_column("given → suggested", overflow="fold")
    table.add_column("suspects", justify="right", no_wrap=True)
    for a, b, count in pairs[:_MOST_PAIRS]:
        both = Text.assemble(_name(audit, a), (" → ", "dim"), _name(audit, b))
        table.add_row(both, f"{count:,}")
    _say_hidden(table, len(pairs) - _MOST_PAIRS, "more pairs")
    return table


def _list_table(audit: Audit, console: Console, top: int, ids: Any) -> Table:
    shown = range(min(top, audit.n_suspects))
    score = audit.methods.rank_by.replace("_", " ")
    title = f"Suspects: the worst {len(shown):,}, by {score} (0 worst, 1 best)"
    reasons = [printable(audit.reason(i), 1_000) for i in shown]
    facts = [_facts(audit, i, ids) for i in shown]
    room = console.width - _width(_suspect_table(title, facts, None), console) - len("  ")
    if max(map(len, reasons)) > room:
        reasons = [reason.replace("; ", ";\n", 1) for reason in reasons]
    return _suspect_table(title, facts, reasons)


def _suspect_table(title: str, facts: list[dict[str, Text]], reasons: list[str] | None) -> Table:
    table = simple_table(title)
    for heading in facts[0]:
        number = heading in ("row", "score")
        table.add_column(
            heading,
            justify="right" if number else "left",
            no_wrap=number,
            overflow="fold",
            style={"given": "red", "suggested": "green"}.get(heading),
        )
    if reasons is not None:
        table.add_column("why", ratio=1)
    for i, cells in enumerate(facts):
        table.add_row(*cells.values(), *([] if reasons is None else [Text(reasons[i])]))
    return table


def _facts(audit: Audit, i: int, ids: Any) -> dict[str, Text]:
    """Cells of one suspect by column heading."""
    row = int(audit.rows[i])
    facts = {"row": Text(str(row))}
    if ids is not None:
        facts["id"] = Text(printable(str(ids[row].as_py()), LONGEST_NAME))
    facts["given"] = _name(audit, int(audit.given[i]))
    facts["suggested"] = _name(audit, int(audit.suggested[i]))
    facts["score"] = Text(score_text(float(audit.scores[i])))
    return facts


def _width(table: Table, console: Console) -> int:
    """Columns that the table takes where nothing is wrapped."""
    return Measurement.get(console, console.options.update(width=10_000), table).maximum


def simple_table(title: str) -> Table:
    """Make a table without columns under a title, as all of them look."""
    return Table(
        title=f"\n {title}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        header_style="dim",
        padding=(0, 0, 0, 1),
        pad_edge=True,
    )


def _name(audit: Audit, k: int) -> Text:
    """Class name as text that is never read as markup."""
    return Text(printable(audit.name(k), LONGEST_NAME))


def score_text(score: float) -> str:
    """Write a score so that only zero looks like zero."""
    return "<0.001" if 0 < score < 0.0005 else f"{score:.3f}"


def _say_hidden(table: Table, hidden: int, what: str) -> None:
    if hidden > 0:
        table.add_row(Text(f"… {hidden:,} {what}", style="dim"))
