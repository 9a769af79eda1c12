"""The map of the features: every row a point, rows with issues marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cupel.datalab.report._examples import label_text, row_name
from cupel.datalab.report._markup import Markup, tag
from cupel.datalab.report._projection import project
from cupel.datalab.report._wording import clean, count, percent

if TYPE_CHECKING:
    from cupel.datalab._record import AuditRecord

__all__ = ["FeatureMap", "feature_map"]

_WIDTH, _HEIGHT, _EDGE = 860, 520, 14
_SPREAD = 5000  # rows that the directions are found in, and that are drawn
_MARKED = 400  # of each issue type, the worst
_NAMED_CLASSES = 20
_MARKS = {  # the path of a mark at the origin
    "near_duplicate": "m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0",
    "outlier": "m0-6l6 6-6 6-6-6z",
    "label": "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0",
}
_NAMES = {"near_duplicate": "near duplicate", "outlier": "outlier", "label": "label issue"}


@dataclass(frozen=True)
class Mark:
    """An entry of the legend."""

    svg: Markup
    text: str


@dataclass(frozen=True)
class FeatureMap:
    """The picture, its legend, and what to say under it."""

    svg: Markup
    legend: list[Mark]
    caption: str


def feature_map(record: AuditRecord) -> FeatureMap | None:
    """Return the rows on the two main directions of their features; None without features."""
    if record.features is None or record.n_rows < 3:
        return None
    spread = _evenly(record.n_rows, _SPREAD)
    marked = {
        name: record.findings[name].flagged_rows()[:_MARKED]
        for name in _MARKS
        if name in record.findings and record.findings[name].num_issues
    }
    rows = np.unique(np.concatenate([spread, *marked.values()]))
    usual = _without_outliers(record, spread)
    found = project(record.features, usual, rows)
    if found is None:
        return None
    places = _on_paper(found.points, np.searchsorted(rows, usual))
    parts = [
        tag("title", "Map of the features"),
        tag("desc", _described(record, marked)),
        tag("path", d=_dots(places), class_="dots"),
    ]
    parts += [_group(record, name, places, rows, of) for name, of in marked.items()]
    parts += _class_names(record, rows, places)
    svg = tag("svg", *parts, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", class_="map", role="img")
    legend = [_legend(name, record.findings[name].num_issues) for name in reversed(marked)]
    return FeatureMap(svg, legend, _caption(record, len(spread), found.shares))


def _evenly(n: int, most: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))


def _without_outliers(record: AuditRecord, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows that are no outliers: a far one would be a direction of its own."""
    finding = record.findings.get("outlier")
    usual = rows if finding is None else rows[~finding.is_issue[rows]]
    return usual if len(usual) >= max(3, len(rows) // 2) else rows


def _on_paper(points: NDArray[np.float64], typical: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return where points are drawn; few far ones do not press all others together."""
    low, high = np.percentile(points[typical], [0.25, 99.75], axis=0)
    room = np.where(high > low, 0.04 * (high - low), 1.0)
    low, high = low - room, high + room
    inside = np.clip((points - low) / (high - low), 0.0, 1.0)
    size = np.array([_WIDTH - 2 * _EDGE, _HEIGHT - 2 * _EDGE])
    placed: NDArray[np.float64] = _EDGE + np.stack([inside[:, 0], 1 - inside[:, 1]], 1) * size
    return placed


def _dots(places: NDArray[np.float64]) -> str:
    drawn = np.unique(places.round().astype(np.int64), axis=0)
    return "".join(f"M{x} {y}h0" for x, y in drawn.tolist())


def _group(
    record: AuditRecord,
    name: str,
    places: NDArray[np.float64],
    rows: NDArray[np.int64],
    of: NDArray[np.int64],
) -> Markup:
    marks = []
    for row, (x, y) in zip(of.tolist(), places[np.searchsorted(rows, of)].tolist(), strict=True):
        label = label_text(record, row)
        told = f"{row_name(record, row)}: {label}" if label else row_name(record, row)
        marks.append(
            tag("path", tag("title", clean(told, 90)), d=f"M{x:.1f} {y:.1f}{_MARKS[name]}")
        )
    return tag("g", *marks, class_=f"mark-{name.replace('_', '-')}")


def _class_names(
    record: AuditRecord, rows: NDArray[np.int64], places: NDArray[np.float64]
) -> list[Markup]:
    """Write each class's name in the middle of its rows."""
    names = record.labels.class_names if record.labels.is_available else []
    if record.task != "classification" or not 1 < len(names) <= _NAMED_CLASSES:
        return []
    codes = np.asarray(record.labels.values)[rows]
    out = []
    for code in np.unique(codes).tolist():
        x, y = np.median(places[codes == code], axis=0).tolist()
        text = clean(record.labels.name(code), 18)
        out.append(tag("text", text, x=round(x), y=round(y) + 5, class_="place"))
    return out


def _legend(name: str, total: int) -> Mark:
    drawn = min(total, _MARKED)
    kind = f"mark-{name.replace('_', '-')}"
    icon = tag("g", tag("path", d=f"M8 8{_MARKS[name]}"), class_=kind)
    text = f"{_NAMES[name]} ({count(total) if drawn == total else f'the worst {drawn}'})"
    return Mark(tag("svg", icon, viewBox="0 0 16 16", class_="key", aria_hidden="true"), text)


def _described(record: AuditRecord, marked: dict[str, NDArray[np.int64]]) -> str:
    told = [f"{len(rows)} of type {name.replace('_', ' ')}" for name, rows in marked.items()]
    issues = f"; marked are {', '.join(told)}" if told else ""
    return f"{count(record.n_rows)} rows by two directions of their features{issues}"


def _caption(record: AuditRecord, drawn: int, shares: tuple[float, float]) -> str:
    every = "Every row is a dot"
    which = every if drawn == record.n_rows else f"{count(drawn)} rows, evenly spread, are dots"
    return (
        f"{which}, on the two directions in which the features vary most, outliers aside (principal "
        f"components: {percent(shares[0])} of the variance across, {percent(shares[1])} up). Rows "
        "close to each other here are not always neighbours in all dimensions. Names of classes "
        "stand in the middle of their rows; what lies outside the frame is drawn at its edge."
    )
