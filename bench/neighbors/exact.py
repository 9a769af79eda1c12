"""Time the exact search; every contestant's neighbours are checked before."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bench.timing import first_runs, middle, quiet_collector, take_turns

from .cases import COSINE, CUPEL, EUCLIDEAN, SGEMM, Cell, K, Plan
from .contestants import Contestant, competing
from .data import CLUSTERED, Features, make_features, make_near_duplicates
from .truth import Neighbours, Truth, errors, sample_rows, true_neighbours

Log = Callable[[str], None]
Row = dict[str, Any]

MAX_ERROR = 1e-6
MIN_RECALL_OF_PEERS = 0.9
SGEMM_SIZE = 2048


class Guesses:
    """What a run will take, guessed from the runs before."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], list[tuple[int, int, float]]] = {}

    def add(self, name: str, cell: Cell, seconds: float) -> None:
        """Learn from a run, or from a guess."""
        seen = self._seen.setdefault((name, cell.metric), [])
        seen.append((cell.rows, cell.columns, seconds))

    def of(self, contestant: Contestant, cell: Cell) -> float:
        """Seconds, from the cell most like this one; 0 if there was none."""
        seen = self._seen.get((contestant.name, cell.metric))
        if not seen:
            return 0.0
        rows, columns, seconds = min(
            seen, key=lambda it: (abs(np.log(it[1] / cell.columns)), -it[0])
        )
        width = (cell.columns + contestant.overhead) / (columns + contestant.overhead)
        return float(seconds * (cell.rows / rows) ** 2 * width)


def time_exact(plan: Plan, threads: int, log: Log) -> list[Row]:
    """All cells."""
    rows: list[Row] = []
    guesses = Guesses()
    load_packages(threads)
    for block in plan.exact:
        for cell in block.cells():
            rows.append(time_cell(cell, block.only, plan, threads, guesses))
            log(_one_line(cell, rows[-1]))
    return rows


def load_packages(threads: int) -> None:
    """Run everybody once on few rows, so that imports are not timed."""
    few = make_features(CLUSTERED, 200, 3)
    for metric in (EUCLIDEAN, COSINE):
        for contestant in competing(metric, 3, ()):
            contestant.search(few, K, metric, threads)


def time_cell(cell: Cell, only: tuple[str, ...], plan: Plan, threads: int, guesses: Guesses) -> Row:
    """Run everybody once, check, then let them take turns."""
    features = make_features(cell.kind, cell.rows, cell.columns)
    calls: dict[str, Callable[[], Any]] = {}
    skipped: dict[str, float] = {}
    for contestant in competing(cell.metric, cell.columns, only):
        guess = guesses.of(contestant, cell)
        if contestant.capped and guess > plan.cap:
            skipped[contestant.name] = guess
        else:
            calls[contestant.name] = partial(contestant.search, features, K, cell.metric, threads)
    truth = true_neighbours(features, sample_rows(cell.rows, plan.check_rows), K, cell.metric)
    with quiet_collector():
        seconds, found = first_runs(calls)
        checked = {
            name: check(name, cell, features, truth, result) for name, result in found.items()
        }
        del found
        runs = {name: runs_within(plan.patience, s[0], plan.runs) for name, s in seconds.items()}
        calls[SGEMM], runs[SGEMM] = sgemm_call(), max(3, *runs.values())
        calls[SGEMM]()
        seconds[SGEMM] = first_runs({SGEMM: calls[SGEMM]})[0][SGEMM]
        take_turns(calls, runs, seconds)
    for name in checked:
        guesses.add(name, cell, middle(seconds[name]))
    return {
        **cell._asdict(),
        "k": K,
        "seconds": seconds,
        "skipped": skipped,
        "errors": checked,
    }


def check(name: str, cell: Cell, features: Features, truth: Truth, found: Neighbours) -> Row:
    """Assert that cupel is right, and that the others answer the same question."""
    result = errors(features, truth, found, cell.metric)
    if name == CUPEL:
        assert result.relative <= MAX_ERROR, f"{name}, {cell}: error {result.relative}"
        assert not result.different, f"{name}, {cell}: {result.different} rows differ"
    else:
        assert result.recall >= MIN_RECALL_OF_PEERS, f"{name}, {cell}: recall {result.recall}"
    return result._asdict()


def runs_within(patience: float, first: float, most: int) -> int:
    """How often to run something that took `first` seconds: at least once."""
    return max(1, min(most, int(patience / max(first, 1e-9))))


def sgemm_call() -> Callable[[], Any]:
    """A product of two matrices by NumPy's BLAS: the rate that the machine is capable of."""
    a = np.random.default_rng(34).random((SGEMM_SIZE, SGEMM_SIZE), dtype=np.float32)
    return partial(np.matmul, a, a, out=np.empty_like(a))


def near_duplicates(plan: Plan, threads: int, log: Log) -> list[Row]:
    """What everybody says of rows at distance 0.0020 of each other, far from the origin."""
    rows = []
    n, d = plan.near_duplicates
    features = make_near_duplicates(n, d)
    for metric in (EUCLIDEAN, COSINE):
        truth = true_neighbours(features, np.arange(n), K, metric)
        nearest = truth.distances[:, 0]
        for contestant in competing(metric, d, ()):
            distances, indices = contestant.search(features, K, metric, threads)
            said = distances[:, 0].astype(np.float64)
            rows.append(
                {
                    "metric": metric,
                    "rows": n,
                    "columns": d,
                    "contestant": contestant.name,
                    "true": float(np.median(nearest)),
                    "smallest": float(said.min()),
                    "median": float(np.median(said)),
                    "largest": float(said.max()),
                    "relative": float(np.max(np.abs(said - nearest) / nearest)),
                    "different": int(np.sum(indices[:, 0] != truth.indices[:, 0])),
                }
            )
            log(
                f"near-duplicates, {metric}, {contestant.name}: {said.min():.3g} to "
                f"{said.max():.3g}, true {np.median(nearest):.3g}"
            )
    return rows


def _one_line(cell: Cell, row: Row) -> str:
    times = [f"{name} {middle(s):.3f}" for name, s in row["seconds"].items()]
    times += [f"{name} left out (about {s:.0f})" for name, s in row["skipped"].items()]
    return f"exact, {cell}: {', '.join(times)} s"
