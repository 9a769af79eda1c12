"""Look-ups in the results of a run, and the goals that they are held against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.results import Goal, short

from .cases import (
    AVERAGE_PRECISION,
    CLEAN,
    CLEANLAB,
    COUNT_ERROR,
    DEFAULT_FILTER,
    F1,
    FLAGGED,
    METRICS,
    NOISY,
    OURS,
    SUGGESTION,
    precision_of_first,
)
from .cost import DEFAULT, PEER, POSTERIOR, time_of

Row = dict[str, Any]
Results = dict[str, Any]

ALL = ("all", "all")
GOALS = (
    (AVERAGE_PRECISION, 0.86),
    (precision_of_first(1000), 0.95),
    (F1, 0.84),
    (SUGGESTION, 0.72),
)
COUNT_GOAL, COST_GOAL = 3.0, 2.0


def means_of(
    results: Results, section: str, metric: str, group: tuple[str, str] = ALL
) -> list[Row]:
    """Means over a group of sets, the best first."""
    rows = [
        row
        for row in results["means"]
        if (row["section"], row["metric"]) == (section, metric)
        and (row["by"], row["name"]) == group
        and row["value"] is not None
    ]
    return sorted(rows, key=lambda row: row["value"], reverse=METRICS[metric].more_is_better)


def mean_of(
    results: Results, section: str, metric: str, contestant: str, group: tuple[str, str] = ALL
) -> Row | None:
    """Mean of one contestant over a group of sets, None if there is none."""
    rows = means_of(results, section, metric, group)
    return next((row for row in rows if row["contestant"] == contestant), None)


def best_of_cleanlab(results: Results, section: str, metric: str) -> str:
    """Return the contestant of cleanlab's that is best by its mean over the whole section."""
    rows = means_of(results, section, metric)
    names = (row["contestant"] for row in rows if row["contestant"].startswith(f"{CLEANLAB} "))
    return next(names, "")


def gains_of(results: Results, section: str) -> list[Row]:
    """How far ahead of whom, over the whole section, with the duels set by set."""
    duels = {
        (row["metric"], row["against"]): row
        for row in results["duels"]
        if row["section"] == section
    }
    return [
        {**row, "duel": duels[row["metric"], row["against"]]}
        for row in results["gains"]
        if row["section"] == section and (row["by"], row["name"]) == ALL
    ]


def sets_of(results: Results, section: str) -> list[Row]:
    """Data sets of a section."""
    return [row for row in results["sets"] if row["section"] == section]


def figure_of(of_set: Row, metric: str, contestant: str) -> Row | None:
    """One figure of a data set."""
    return next(
        (
            row
            for row in of_set["figures"]
            if (row["metric"], row["contestant"]) == (metric, contestant)
        ),
        None,
    )


def groups_of(results: Results, section: str) -> dict[tuple[str, str], int]:
    """By what and which sets of a section are averaged, and how many there are in each group."""
    rows = [row for row in results["means"] if row["section"] == section]
    order = list(dict.fromkeys(row["by"] for row in rows))
    rows.sort(key=lambda row: order.index(row["by"]))
    return {(row["by"], row["name"]): row["sets"] for row in rows}


def goals(results: Results) -> list[Goal]:
    """All goals with what was measured, of the parts that were run."""
    return [*_quality(results), *_clean(results), *_cost(results)]


def _quality(results: Results) -> Iterator[Goal]:
    for metric, limit in GOALS:
        row = mean_of(results, NOISY, metric.name, OURS)
        if row:
            where = f"{_mean_of_settings(row)}, {row['low']:.3f} to {row['high']:.3f}"
            yield Goal(metric.name, row["value"], limit, True, "", where)
    row = mean_of(results, NOISY, COUNT_ERROR.name, OURS)
    if row:
        where = f"{_mean_of_settings(row)}, {100 * row['low']:.1f} to {100 * row['high']:.1f} %"
        what = "expected errors against true ones, mean absolute relative error"
        yield Goal(what, 100 * row["value"], COUNT_GOAL, False, " %", where)


def _mean_of_settings(row: Row) -> str:
    return f"{NOISY}, mean of {row['sets']} settings"


def _clean(results: Results) -> Iterator[Goal]:
    row = mean_of(results, CLEAN, FLAGGED.name, OURS)
    default = mean_of(results, CLEAN, FLAGGED.name, DEFAULT_FILTER)
    if row and default:
        what = "clean data: share flagged, against cleanlab's default"
        where = f"mean of {row['sets']} sets"
        yield Goal(what, 100 * row["value"], 100 * default["value"], False, " %", where)


def _cost(results: Results) -> Iterator[Goal]:
    for what, contestant in (("cupel's own", DEFAULT), ("cleanlab's", PEER)):
        ratios = {size_name(row): cost_ratio(row, contestant) for row in results["cost"]}
        if ratios:
            worst = max(ratios, key=lambda name: ratios[name])
            what = f"time against {what} find_label_issues, worst size"
            yield Goal(what, ratios[worst], COST_GOAL, False, "x", worst)


def cost_ratio(row: Row, contestant: str) -> float:
    """How many times as long the noise posterior takes."""
    return time_of(row, POSTERIOR) / time_of(row, contestant)


def size_name(row: Row) -> str:
    """Rows and classes."""
    return f"{short(row['rows'])} x {row['classes']}"
