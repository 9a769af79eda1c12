"""Stopwatch: contestants take turns, so that a slow moment of the machine hits all of them."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import Any

Call = Callable[[], Any]
Seconds = dict[str, list[float]]


@contextlib.contextmanager
def quiet_collector() -> Iterator[None]:
    """Collect garbage before, not during, what is timed."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def timed(call: Call) -> tuple[float, Any]:
    """Seconds that a call takes, and its result."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def first_runs(calls: Mapping[str, Call]) -> tuple[Seconds, dict[str, Any]]:
    """Run each once; also give the results, to check them."""
    seconds: Seconds = {}
    results = {}
    for name, call in calls.items():
        spent, results[name] = timed(call)
        seconds[name] = [spent]
    return seconds, results


def take_turns(calls: Mapping[str, Call], runs: Mapping[str, int], seconds: Seconds) -> None:
    """Run A B C A B C ... until each has its number of `runs`, and append to `seconds`."""
    for turn in range(1, max(runs.values(), default=0)):
        for name, call in calls.items():
            if turn < runs.get(name, 0):
                seconds[name].append(timed(call)[0])


def affordable_runs(first: float, most: int, patience: float) -> int:
    """How often to run something that takes `first` seconds: at least twice."""
    return min(most, max(2, int(patience / max(first, 1e-9))))


def per_call(call: Call, *, batch: int, batches: int) -> list[float]:
    """Seconds per call of something too short to time alone, one figure per batch."""
    with quiet_collector():
        return [timed(lambda: [call() for _ in range(batch)])[0] / batch for _ in range(batches)]


def middle(seconds: list[float]) -> float:
    """Median."""
    return float(median(seconds))
