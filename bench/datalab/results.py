"""From raw figures to ratios, and the goals that they are held against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.results import Goal
from bench.timing import middle

from .cases import CLEANLAB, CUPEL, CUPEL_ALL, Cell
from .speed import TOGETHER

Results = dict[str, Any]
Row = dict[str, Any]


def time_of(row: Row, contestant: str) -> float:
    """Median seconds."""
    return middle(row["seconds"][contestant])


def speedup(row: Row, contestant: str = CUPEL) -> float:
    """How many times faster than cleanlab."""
    return time_of(row, CLEANLAB) / time_of(row, contestant)


def input_name(row: Row) -> str:
    """Shape of the input, and what is unusual about it."""
    return str(cell_of(row))


def cell_of(row: Row) -> Cell:
    """Return the input that a row is about."""
    return Cell(*(row[name] for name in Cell._fields))


def differences(results: Results) -> list[str]:
    """What cupel finds otherwise than cleanlab."""
    rows = [*results["cells"], *results["graph"]]
    return [f"{input_name(row)}: {row['difference']}" for row in rows if row["difference"]]


def goals(results: Results) -> list[Goal]:
    """All goals with what was measured."""
    return [
        *_speed(results["cells"]),
        *_graph(results["graph"]),
        *_memory(results["memory"]),
        *_report(results["report"]),
        *_import(results["import"]),
    ]


def _speed(rows: list[Row]) -> Iterator[Goal]:
    if not rows:
        return
    usual = [row for row in rows if cell_of(row) == Cell(*cell_of(row)[:3])]
    largest = max((row["rows"], row["columns"]) for row in usual)
    headline = [row for row in usual if (row["rows"], row["columns"]) == largest]
    where = input_name(headline[0]).partition(",")[0]
    for contestant, name in ((CUPEL, "the same checks"), (CUPEL_ALL, "with cupel's further ones")):
        what = f"find_issues, every default check, {name}"
        ratio = min(speedup(row, contestant) for row in headline)
        yield Goal(what, ratio, 12.0, True, "x", f"{where}, worst cell")


def _graph(rows: list[Row]) -> Iterator[Goal]:
    for row in rows:
        if row["check"] == TOGETHER:
            what = "checks that only read the graph, together"
            yield Goal(what, speedup(row), 50.0, True, "x", input_name(row))
    alone = [row for row in rows if row["check"] != TOGETHER]
    if alone:
        worst = min(alone, key=speedup)
        what = "checks that only read the graph, the slowest alone"
        yield Goal(what, speedup(worst), 50.0, True, "x", worst["check"])


def _memory(rows: list[Row]) -> Iterator[Goal]:
    for row in rows:
        if row["contestant"] != CLEANLAB:
            what = f"peak memory besides the inputs, {row['contestant']}"
            ratio = row["extra_bytes"] / row["bytes"]
            yield Goal(what, ratio, 2.0, False, "x", input_name(row))


def _report(rows: list[Row]) -> Iterator[Goal]:
    for row in rows:
        if row["what"] == "`to_html`":
            where = input_name(row)
            yield Goal("report, size", row["bytes"] / 1e6, 3.0, False, " MB", where)
            yield Goal("report, time", middle(row["seconds"]), 3.0, False, " s", where)


def _import(rows: list[Row]) -> Iterator[Goal]:
    for row in rows:
        if row["what"] != CLEANLAB:
            what = f"import of {row['what']} beyond NumPy's"
            yield Goal(what, 1e3 * middle(row["seconds"]), 80.0, False, " ms")
