"""Run a plan and collect raw timings."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from itertools import groupby
from typing import Any

import cleanlab.filter
import numpy as np

import cupel

from .cases import (
    CLEANLAB,
    CLEANLAB_DEFAULT,
    CUPEL,
    FILTER_TASKS,
    KINDS,
    Cell,
    Floats,
    Labels,
    Plan,
    make_input,
)
from .contestants import check, contestants
from .machine import describe, thread_counts
from .memory import peak_memory
from .timing import (
    affordable_runs,
    first_runs,
    middle,
    per_call,
    quiet_collector,
    take_turns,
    timed,
)

Log = Callable[[str], None]
Rows = list[dict[str, Any]]


def run(plan: Plan, log: Log = print) -> dict[str, Any]:
    """Everything that the report needs, as in the results file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        machine = describe()
        results: dict[str, Any] = {"plan": plan.name, "machine": machine}
        results["calls"] = time_small_calls(log)
        results["cells"] = time_cells(plan, log)
        results["threads"] = time_threads(plan, log)
        results["rows"] = time_row_counts(plan, log)
        results["memory"] = peak_memory(plan, log)
        machine["load_at_end"] = describe()["load"]
        return results


def time_cells(plan: Plan, log: Log) -> Rows:
    """All contestants in all cells."""
    rows = []
    for (kind, shape), of_input in groupby(plan.cells(), lambda cell: (cell.kind, cell.shape)):
        labels, exact = make_input(kind, *shape)
        for dtype, cells in groupby(of_input, lambda cell: cell.dtype):
            probs = exact.astype(dtype, copy=False)
            for cell in cells:
                rows.append(time_cell(cell, labels, probs, plan))
                log(_one_line(cell, rows[-1]))
    return rows


def time_cell(cell: Cell, labels: Labels, probs: Floats, plan: Plan) -> dict[str, Any]:
    """Check one cell, then time it. Of cleanlab's two ways the slower one is run only once."""
    calls = contestants(cell.task, labels, probs)
    with quiet_collector():
        seconds, found = first_runs(calls)
        different = check(cell.task, len(labels), found)
        runs = {
            name: affordable_runs(seconds[name][0], plan.runs[name], plan.patience)
            for name in calls
        }
        if CLEANLAB_DEFAULT in calls:
            one_job, default = seconds[CLEANLAB][0], seconds[CLEANLAB_DEFAULT][0]
            runs[CLEANLAB_DEFAULT if one_job < default else CLEANLAB] = 1
        take_turns(calls, runs, seconds)
    size = found[CUPEL].size
    return {
        **cell.as_dict(),
        "bytes": probs.nbytes,
        "found": int(size) if cell.task.filter_by else None,
        "cleanlab_differs_on": different,
        "seconds": seconds,
    }


def time_threads(plan: Plan, log: Log) -> Rows:
    """The default filter with 1, 2, 4, ... threads."""
    rows = []
    for cell in plan.cells(FILTER_TASKS[:1]):
        if cell.dtype != "float64":
            continue
        labels, probs = make_input(cell.kind, *cell.shape)
        find = partial(cupel.filter.find_label_issues, labels, probs, **cell.task.options)
        calls = {str(n): partial(find, n_jobs=n) for n in thread_counts()}
        with quiet_collector():
            seconds, _ = first_runs(calls)
            take_turns(calls, dict.fromkeys(calls, plan.runs[CUPEL]), seconds)
        rows.append({**cell.as_dict(), "seconds": seconds})
        speedups = ", ".join(f"{n}: {1e3 * middle(s):.1f} ms" for n, s in seconds.items())
        log(f"threads, {cell}: {speedups}")
    return rows


def time_row_counts(plan: Plan, log: Log) -> Rows:
    """The default filter on more and more rows of 10 classes."""
    rows = []
    for n in plan.row_counts:
        labels, probs = make_input(KINDS[0], n, 10)
        call = partial(cupel.filter.find_label_issues, labels, probs, **FILTER_TASKS[0].options)
        with quiet_collector():
            seconds, _ = first_runs({CUPEL: call})
            take_turns({CUPEL: call}, plan.runs, seconds)
        rows.append({"rows": n, "classes": 10, "dtype": "float64", "seconds": seconds})
        log(f"rows, {n}: {1e9 * middle(seconds[CUPEL]) / n:.1f} ns per row")
    return rows


def small_calls() -> dict[str, Callable[[], Any]]:
    """Calls with next to nothing to do, checked."""
    labels, probs = make_input(KINDS[0], 200, 3)
    options = FILTER_TASKS[0].options
    ours = partial(cupel.filter.find_label_issues, labels, probs, **options)
    theirs = partial(cleanlab.filter.find_label_issues, labels, probs, n_jobs=1, **options)
    assert np.array_equal(np.sort(ours()), np.sort(theirs()))

    labels, probs = make_input(KINDS[0], 5000, 10)
    scorer = cupel.Scorer.fit(labels, probs)
    label, row = int(labels[0]), probs[0].copy()
    expected = cupel.rank.get_label_quality_scores(labels, probs)[0]
    assert scorer.score(label, row) == scorer.check(label, row).score == expected
    return {
        "find_label_issues": ours,
        "find_label_issues, cleanlab": theirs,
        "Scorer.score": partial(scorer.score, label, row),
        "Scorer.check": partial(scorer.check, label, row),
    }


def time_small_calls(log: Log) -> Rows:
    """Time them in batches of about 10 ms."""
    rows = []
    for name, call in small_calls().items():
        call()
        batch = max(1, int(0.01 / timed(call)[0]))
        seconds = per_call(call, batch=batch, batches=15)
        rows.append({"call": name, "seconds": seconds})
        log(f"small calls, {name}: {1e6 * middle(seconds):.2f} us")
    return rows


def _one_line(cell: Cell, row: dict[str, Any]) -> str:
    times = (f"{name} {1e3 * middle(s):.1f}" for name, s in row["seconds"].items())
    return f"{cell}: {', '.join(times)} ms"
