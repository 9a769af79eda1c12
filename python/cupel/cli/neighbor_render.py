"""Outliers and duplicates on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from rich.console import Group as Stack
from rich.padding import Padding
from rich.text import Text

from cupel.cli.errors import printable
from cupel.cli.render import LONGEST_NAME, figures_line, hidden_line, score_text, simple_table
from cupel.cli.wording import percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType
    from rich.table import Table

    from cupel.cli.neighbors import Duplicates, Group, Outliers, Search

    LabelOf: TypeAlias = Callable[[int], str]

__all__ = [
    "duplicate_figures",
    "duplicate_parts",
    "duplicates_view",
    "outlier_figures",
    "outlier_parts",
    "outliers_view",
]

_MOST_ROWS = 6  # of a group that are shown


def outliers_view(outliers: Outliers, *, width: int, top: int, ids: Any = None) -> Stack:
    """Lay out summary and the first `top` rows of the list."""
    figures = [*_row_figures(outliers.search), *outlier_figures(outliers)]
    rest = outlier_parts(outliers, top=top, remedy=_REMEDY, ids=ids)
    return Stack(figures_line(figures, width), *rest)


def duplicates_view(duplicates: Duplicates, *, width: int, top: int, ids: Any = None) -> Stack:
    """Lay out summary and the first `top` groups."""
    figures = [*_row_figures(duplicates.search), *duplicate_figures(duplicates)]
    rest = duplicate_parts(duplicates, top=top, remedy=_REMEDY, ids=ids)
    return Stack(figures_line(figures, width), *rest)


_REMEDY = "--output FILE writes the whole list"


def outlier_figures(outliers: Outliers) -> list[tuple[str, str]]:
    """Tell how many outliers there are."""
    return [_counted(outliers.n_flagged, "outlier", outliers.share)]


def duplicate_figures(duplicates: Duplicates) -> list[tuple[str, str]]:
    """Tell how many duplicates and groups there are."""
    figures = [
        _counted(len(duplicates.rows), "duplicate", duplicates.share),
        _counted(len(duplicates.groups), "group"),
    ]
    if duplicates.n_conflicts:
        figures.append((f"{duplicates.n_conflicts:,}", "in conflict"))
    elif duplicates.groups:
        figures.append((f"{duplicates.n_exact:,}", "exact"))
    return figures


def outlier_parts(
    outliers: Outliers, *, top: int, remedy: str, ids: Any = None, label_of: LabelOf | None = None
) -> list[RenderableType]:
    """Lay out the rule and the first `top` rows of the list.

    Parameters
    ----------
    outliers : Outliers
        The list.
    top : int
        How many rows to show.
    remedy : str
        What to do to see the rest of the list.
    ids : pyarrow array, optional
        Id of each row of the file.
    label_of : callable, optional
        Tells the label of a row of the file.
    """
    parts: list[RenderableType] = []
    n = len(outliers.rows)
    if n and top:
        parts.append(_outlier_table(outliers, min(top, n), ids, label_of))
    if n > top:
        parts.append(hidden_line(n - top, remedy))
    return [*parts, _notes(outliers.search, f"outlier: {outliers.rule}")]


def duplicate_parts(
    duplicates: Duplicates,
    *,
    top: int,
    remedy: str,
    ids: Any = None,
    label_of: LabelOf | None = None,
) -> list[RenderableType]:
    """Lay out the rule and the first `top` groups; parameters as for :func:`outlier_parts`."""
    parts: list[RenderableType] = []
    n = len(duplicates.groups)
    if n and top:
        parts.append(_group_table(duplicates, min(top, n), ids, label_of))
    if n > top:
        parts.append(hidden_line(n - top, remedy))
    notes = [f"near (≈): {duplicates.rule}", "exact (=): the same numbers"]
    if duplicates.n_conflicts:
        notes.append("conflict: one group, different labels")
    return [*parts, _notes(duplicates.search, *notes)]


def _row_figures(search: Search) -> list[tuple[str, str]]:
    features = search.features
    figures = [
        (f"{len(features.matrix):,}", "rows"),
        (f"{features.matrix.shape[1]:,}", "features"),
    ]
    if features.n_dropped:
        figures.insert(1, (f"{features.n_dropped:,}", "left out"))
    return figures


def _counted(n: int, what: str, share: float | None = None) -> tuple[str, str]:
    told = what if n == 1 else f"{what}s"
    return f"{n:,}", told if share is None else f"{told} ({percent(share)})"


def _notes(search: Search, *texts: str) -> Padding:
    told = [*texts, f"neighbours: {search.graph.k:,} of each row, {search.method}"]
    return Padding(Text("\n".join(told), style="dim"), (1, 1, 0, 1))


def _outlier_table(outliers: Outliers, n: int, ids: Any, label_of: LabelOf | None) -> Table:
    table = simple_table(f"Outliers: the farthest {n:,} (0 far, 1 near)")
    mixed = not outliers.flagged.all()
    table.add_column("row", justify="right", no_wrap=True)
    if ids is not None:
        table.add_column("id", overflow="fold")
    if label_of is not None:
        table.add_column("label", overflow="fold")
    for heading in ("score", "mean dist.", "x median", "nearest"):
        table.add_column(heading, justify="right", no_wrap=True)
    if label_of is not None:
        table.add_column("its label", overflow="fold")
    if mixed:
        table.add_column("outlier", no_wrap=True)
    for i in range(n):
        row, nearest = int(outliers.rows[i]), int(outliers.nearest_rows[i])
        mean = float(outliers.mean_distances[i])
        cells = [Text(str(row))]
        cells += [] if ids is None else [_id(ids, row)]
        cells += [] if label_of is None else [Text(label_of(row))]
        cells += [
            Text(score_text(float(outliers.scores[i]))),
            Text(_distance(mean)),
            Text(f"{mean / outliers.median:,.1f}" if outliers.median > 0 else "-"),
            Text(str(nearest)),
        ]
        cells += [] if label_of is None else [Text(label_of(nearest))]
        cells += [Text("yes" if outliers.flagged[i] else "no")] if mixed else []
        table.add_row(*cells)
    return table


def _group_table(duplicates: Duplicates, n: int, ids: Any, label_of: LabelOf | None) -> Table:
    order = "conflicts first" if duplicates.n_conflicts else "surest first"
    table = simple_table(f"Duplicates: {n:,} groups, {order}")
    table.add_column("cluster", justify="right", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("distance", justify="right", no_wrap=True)
    if label_of is not None:
        table.add_column("labels", overflow="fold")
    table.add_column("rows", overflow="fold")
    for group in duplicates.groups[:n]:
        cells = [
            Text(str(group.cluster_id)),
            Text(f"{group.size:,}"),
            Text(group.kind, "green" if group.kind == "exact" else ""),
            Text(_distance(group.largest_distance)),
        ]
        if label_of is not None and group.labels_conflict:
            cells.append(Text("conflict", "red"))
        elif label_of is not None:
            cells.append(Text(label_of(int(duplicates.rows[group.start]))))
        told = label_of if group.labels_conflict else None
        table.add_row(*cells, _members(duplicates, group, ids, told))
    return table


def _members(duplicates: Duplicates, group: Group, ids: Any, label_of: LabelOf | None) -> Text:
    """Tell the rows of a group, identical ones side by side."""
    copies = duplicates.copies
    first: dict[int, int] = {}  # of a set of identical rows -> its first position
    for i in range(group.start, group.stop):
        first.setdefault(int(copies[i]) if copies[i] >= 0 else -1 - i, i)
    order = sorted(
        range(group.start, group.stop),
        key=lambda i: (first[int(copies[i]) if copies[i] >= 0 else -1 - i], i),
    )
    text = Text()
    for at, i in enumerate(order[:_MOST_ROWS]):
        if at:
            same = copies[i] >= 0 and copies[i] == copies[order[at - 1]]
            text.append(" = " if same else " ≈ ", "dim")
        row = int(duplicates.rows[i])
        text.append(str(row))
        more = [] if ids is None else [_id(ids, row).plain]
        more += [] if label_of is None else [label_of(row)]
        if more:
            text.append(f" ({', '.join(more)})", "red" if label_of is not None else "dim")
    if group.size > _MOST_ROWS:
        text.append(f" … {group.size - _MOST_ROWS:,} more", "dim")
    return text


def _id(ids: Any, row: int) -> Text:
    return Text(printable(str(ids[row].as_py()), LONGEST_NAME))


def _distance(value: float) -> str:
    return f"{value:.3g}"
