"""From raw timings to ratios, and the goals that they are held against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import exp, log
from typing import Any, NamedTuple

from .cases import CLEANLAB, CUPEL, FILTERS, MEMORY_PASS, REFERENCE
from .timing import middle

Row = dict[str, Any]
Results = dict[str, Any]


def time_of(row: Row, contestant: str) -> float:
    """Median seconds; for cleanlab of the faster of its two ways to run."""
    return min(middle(s) for name, s in row["seconds"].items() if name.startswith(contestant))


def speedup(row: Row) -> float:
    """How many times faster than cleanlab."""
    return time_of(row, CLEANLAB) / time_of(row, CUPEL)


def speedup_on_reference(row: Row) -> float:
    """How many times faster than the NumPy reference."""
    return time_of(row, REFERENCE) / time_of(row, CUPEL)


def passes(row: Row) -> float:
    """Time in units of one bare pass over the matrix."""
    return time_of(row, CUPEL) / time_of(row, MEMORY_PASS)


def geometric_mean(values: Iterable[float]) -> float:
    """Geometric mean."""
    logs = [log(value) for value in values]
    return exp(sum(logs) / len(logs))


def input_name(row: Row) -> str:
    """Kind, shape and dtype of the input."""
    kind = f"{row['kind']} " if "kind" in row else ""
    return f"{kind}{short(row['rows'])} x {row['classes']} {row['dtype']}"


def short(number: int) -> str:
    """Write 1000000 as 1M and 50000 as 50k."""
    if number >= 1_000_000 and number % 1_000_000 == 0:
        return f"{number // 1_000_000}M"
    if number >= 10_000 and number % 1000 == 0:
        return f"{number // 1000}k"
    return str(number)


def filter_rows(results: Results) -> list[Row]:
    """Cells of find_label_issues."""
    return [row for row in results["cells"] if row["task"] in FILTERS]


def other_rows(results: Results) -> list[Row]:
    """Cells of thresholds, confident joint and scores."""
    return [row for row in results["cells"] if row["task"] not in FILTERS]


class Goal(NamedTuple):
    """A figure, where it was measured, and what it should be."""

    what: str
    measured: float
    limit: float
    at_least: bool
    unit: str
    where: str = ""

    @property
    def reached(self) -> bool:
        """Whether the figure is on the right side."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


def goals(results: Results) -> list[Goal]:
    """All goals with what was measured."""
    return [
        *_against_cleanlab(results),
        *_against_bare_pass(results),
        _worst(
            "any function against the NumPy reference, worst cell",
            results["cells"],
            speedup_on_reference,
            5.0,
        ),
        *_threads(results),
        *_small_calls(results),
        _worst(
            "find_label_issues: peak extra memory over the input, worst cell",
            [row for row in results["memory"] if row["contestant"] == CUPEL],
            lambda row: row["extra_bytes"] / row["bytes"],
            0.25,
            at_least=False,
        ),
    ]


def _against_cleanlab(results: Results) -> Iterator[Goal]:
    filters, others = filter_rows(results), other_rows(results)
    mean = geometric_mean(map(speedup, filters))
    yield Goal("find_label_issues against cleanlab, geometric mean", mean, 40.0, True, "x")
    yield _worst("find_label_issues against cleanlab, worst cell", filters, speedup, 15.0)
    mean = geometric_mean(map(speedup, others))
    yield Goal(
        "thresholds, confident joint and scores against cleanlab, geometric mean",
        mean,
        20.0,
        True,
        "x",
    )
    for task in dict.fromkeys(row["task"] for row in others):
        mean = geometric_mean(speedup(row) for row in others if row["task"] == task)
        yield Goal(f"{task} against cleanlab, geometric mean", mean, 20.0, True, "x")


def _against_bare_pass(results: Results) -> Iterator[Goal]:
    rows = filter_rows(results)
    many = [row for row in rows if row["classes"] >= 100]
    few = [row for row in rows if row["classes"] < 100]
    for name, chosen, limit in (("K >= 100", many, 4.0), ("K = 10", few, 10.0)):
        if chosen:
            what = f"find_label_issues over a bare pass, {name}, worst cell"
            yield _worst(what, chosen, passes, limit, at_least=False)


def _threads(results: Results) -> Iterator[Goal]:
    def two_against_one(row: Row) -> float:
        return middle(row["seconds"]["1"]) / middle(row["seconds"]["2"])

    rows = [row for row in results["threads"] if "2" in row["seconds"]]
    if rows:
        yield _worst("two threads against one, worst cell", rows, two_against_one, 1.6)


def _small_calls(results: Results) -> Iterator[Goal]:
    micros = {row["call"]: 1e6 * middle(row["seconds"]) for row in results["calls"]}
    small, scorer = micros["find_label_issues"], micros["Scorer.check"]
    yield Goal("find_label_issues of 200 rows, 3 classes", small, 100.0, False, " us")
    yield Goal("frozen scorer, one row of 10 classes (check)", scorer, 5.0, False, " us")


def _worst(
    what: str,
    rows: list[Row],
    figure: Callable[[Row], float],
    limit: float,
    *,
    at_least: bool = True,
) -> Goal:
    row = (min if at_least else max)(rows, key=figure)
    return Goal(what, figure(row), limit, at_least, "x", f"{row['task']}, {input_name(row)}")
