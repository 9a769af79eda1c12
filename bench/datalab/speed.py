"""Time of find_issues: everything, and the checks that only read the graph of neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bench.timing import quiet_collector, take_turns, timed
from cupel import knn_graph

from .cases import (
    CLEANLAB,
    CONTESTANTS,
    CUPEL,
    GRAPH_DEFAULTS,
    SHARED,
    VALUATION,
    Cell,
    K,
    Plan,
    make_inputs,
)
from .contestants import difference, find, make_lab, warm_up

Log = Callable[[str], None]
Row = dict[str, Any]
TOGETHER = "all defaults"


def time_cells(plan: Plan, log: Log) -> list[Row]:
    """Every default check from probabilities and features, on every input."""
    rows = []
    warm_up(CONTESTANTS)
    for cell in plan.cells():
        inputs = make_inputs(cell)
        arrays = {"pred_probs": inputs.pred_probs, "features": inputs.features}
        row = _compare(plan, cell, CONTESTANTS, SHARED, inputs, arrays)
        rows.append(row | {"bytes": inputs.n_bytes})
        log(f"find_issues, {cell}: {_times(row)}")
    return rows


def time_graph_checks(plan: Plan, log: Log) -> list[Row]:
    """Give the same graph to both packages: each check alone, then cleanlab's defaults together."""
    warm_up((CUPEL, CLEANLAB))
    alone = {name: (name,) for name in GRAPH_DEFAULTS}
    return [
        *_time_on_graph(plan, plan.graph, alone | {TOGETHER: GRAPH_DEFAULTS}, log),
        *_time_on_graph(plan, plan.valuation, {VALUATION: (VALUATION,)}, log),
    ]


def _time_on_graph(
    plan: Plan, cell: Cell, checks: dict[str, tuple[str, ...]], log: Log
) -> list[Row]:
    inputs = make_inputs(cell)
    graph = knn_graph(inputs.features, K).to_csr()
    rows = []
    for name, issue_types in checks.items():
        arrays: dict[str, Any] = {"knn_graph": graph}
        if "underperforming_group" in issue_types:
            arrays["pred_probs"] = inputs.pred_probs
        row = _compare(plan, cell, (CUPEL, CLEANLAB), issue_types, inputs, arrays)
        rows.append(row | {"check": name})
        log(f"{name} from a graph, {cell}: {_times(row)}")
    return rows


def _compare(
    plan: Plan,
    cell: Cell,
    contestants: Sequence[str],
    issue_types: Sequence[str],
    inputs: Any,
    arrays: dict[str, Any],
) -> Row:
    """Hold the results against each other, then let the contestants take turns."""

    def prepared(contestant: str) -> Callable[[], Any]:
        labs = [make_lab(contestant, inputs) for _ in range(plan.most_runs)]
        return lambda: find(labs.pop(), contestant, issue_types, **arrays)

    calls = {name: prepared(name) for name in contestants}
    with quiet_collector():
        first = {name: timed(call) for name, call in calls.items()}
        found = None
        if cell.dtype == "float64":  # cleanlab takes distances of others in float32: rows swap
            found = difference(first[CUPEL][1], first[CLEANLAB][1], issue_types)
        checks = {name: _seconds_of_checks(lab) for name, (_, lab) in first.items()}
        seconds = {name: [spent] for name, (spent, _) in first.items()}
        del first
        runs = {name: _runs(plan, spent[0]) for name, spent in seconds.items()}
        take_turns(calls, runs, seconds)
    return {**cell._asdict(), "seconds": seconds, "difference": found, "checks": checks}


def _runs(plan: Plan, first: float) -> int:
    return max(1, min(plan.most_runs, int(plan.patience / first)))


def _seconds_of_checks(lab: Any) -> dict[str, float]:
    """Seconds of each check, which cupel keeps."""
    record = getattr(lab, "_record", None)
    return {} if record is None else dict(record.seconds)


def _times(row: Row) -> str:
    times = ", ".join(f"{name} {min(spent):.4g} s" for name, spent in row["seconds"].items())
    return f"{times}{'  DIFFERS: ' + row['difference'] if row['difference'] else ''}"
