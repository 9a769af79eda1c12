"""Run the cases: check the result first, then let both packages take turns."""

from __future__ import annotations

import contextlib
import importlib
import io
import pkgutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from bench.dropin import cases
from bench.dropin.case import Case
from bench.machine import describe
from bench.timing import affordable_runs, quiet_collector, timed

CUPEL, CLEANLAB = "cupel", "cleanlab"
TOPICS = tuple(sorted(module.name for module in pkgutil.iter_modules(cases.__path__)))
MOST_RUNS = {CUPEL: 5, CLEANLAB: 3}
PATIENCE = {CUPEL: 10.0, CLEANLAB: 20.0}  # seconds that all runs of one case may take

Row = dict[str, Any]
Log = Callable[[str], None]


def cases_of(topic: str) -> list[Case]:
    """Return the cases of one topic."""
    found: list[Case] = importlib.import_module(f"bench.dropin.cases.{topic}").CASES
    return found


def run(topics: Sequence[str], log: Log, keep: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Everything that the report needs, as in the results file; given to `keep` after each topic."""
    results: dict[str, Any] = {"machine": describe(), "rows": []}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for topic in topics:
            for case in cases_of(topic):
                row = {"topic": topic, **time_case(case)}
                results["rows"].append(row)
                log(_one_line(row))
            keep(results)
    return results


def time_case(case: Case) -> Row:
    """Compare the results of one case, then time both packages in turns."""
    row: Row = {
        "function": case.function,
        "label": case.label,
        "size": case.size,
        "goal": case.goal,
        "alone": case.alone,
        "difference": None,
    }
    packages = (CUPEL,) if case.alone else (CUPEL, CLEANLAB)
    seconds: dict[str, list[float]] = {}
    found = {}
    for package in packages:
        spent, found[package] = _once(case, package)
        seconds[package] = [spent]
    if not case.alone:
        row["difference"] = _difference(case, found)
    found.clear()
    runs = {p: _runs(seconds[p][0], p) for p in packages}
    for turn in range(1, max(runs.values())):
        for package in packages:
            if turn < runs[package]:
                seconds[package].append(_once(case, package)[0])
    row["seconds"] = seconds
    return row


def _runs(first: float, package: str) -> int:
    most = affordable_runs(first, MOST_RUNS[package], PATIENCE[package])
    return 1 if first > PATIENCE[package] / 2 else most


def _once(case: Case, package: str) -> tuple[float, Any]:
    """Run once, with fresh inputs and the same state of NumPy's global generator."""
    call = case.run(package)
    np.random.seed(0)  # noqa: NPY002 - what cleanlab draws from
    with quiet_collector(), silenced():
        return timed(call)


def _difference(case: Case, found: dict[str, Any]) -> str | None:
    """What differs, in the first line of the failed comparison."""
    try:
        case.check(found[CUPEL], found[CLEANLAB])
    except AssertionError as error:
        return " ".join(str(error).split())[:300] or "differs"
    return None


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Swallow what functions print; bars and tables are not what is timed."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def _one_line(row: Row) -> str:
    times = ", ".join(f"{p} {min(s):.4g} s" for p, s in row["seconds"].items())
    verdict = f"  DIFFERS: {row['difference']}" if row["difference"] else ""
    return f"{row['function']} {row['label']} ({row['size']}): {times}{verdict}"
