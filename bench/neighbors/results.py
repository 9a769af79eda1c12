"""From raw timings to ratios, and the goals that they are held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bench.results import Goal, geometric_mean, short
from bench.timing import middle

from .cases import CLEANLAB, COSINE, CUPEL, FAISS, KD_TREE, SGEMM, SKLEARN
from .exact import SGEMM_SIZE

Row = dict[str, Any]
Results = dict[str, Any]
Figure = Callable[[Row], float]


def time_of(row: Row, contestant: str) -> float | None:
    """Median seconds; of scikit-learn's the faster way to run; None if it did not run."""
    times = [middle(s) for name, s in row["seconds"].items() if name.startswith(contestant)]
    return min(times, default=None)


def against(contestant: str) -> Figure:
    """How many times faster cupel is; of cells in which both ran."""

    def ratio(row: Row) -> float:
        theirs, ours = time_of(row, contestant), time_of(row, CUPEL)
        assert theirs is not None
        assert ours is not None
        return theirs / ours

    return ratio


def rate(row: Row, contestant: str = CUPEL) -> float:
    """Effective GFLOP/s: as if every distance were taken, by a multiplication and an addition."""
    seconds = time_of(row, contestant)
    assert seconds is not None
    return float(2e-9 * row["rows"] ** 2 * row["columns"] / seconds)


def sgemm_rate(row: Row) -> float:
    """GFLOP/s of NumPy's matrix product, between the runs of that cell."""
    seconds = time_of(row, SGEMM)
    assert seconds is not None
    return 2e-9 * SGEMM_SIZE**3 / seconds


def rate_over_sgemm(row: Row) -> float:
    """Effective rate in units of sgemm's."""
    return rate(row) / sgemm_rate(row)


def memory_over_input(row: Row) -> float:
    """Peak extra memory less the result, in units of the input."""
    return float((row["extra_bytes"] - row["result_bytes"]) / row["bytes"])


def input_name(row: Row) -> str:
    """Kind, shape and metric."""
    metric = "" if row["metric"] == "default" else f" {row['metric']}"
    return f"{row['kind']} {short(row['rows'])} x {row['columns']}{metric}"


def fastest_peer(row: Row) -> str | None:
    """Of an approximate cell: who was the fastest but cupel."""
    times = {name: middle(s) for name, s in row["seconds"].items() if name != CUPEL}
    return min(times, key=lambda name: times[name], default=None)


def with_both(results: Results, contestant: str, *, least: int = 1) -> list[Row]:
    """Exact cells of 20k rows or more, and so many columns, in which cupel and another ran."""
    return [
        row
        for row in results["exact"]
        if row["columns"] >= least
        and row["rows"] >= 20_000
        and time_of(row, contestant) is not None
        and time_of(row, CUPEL) is not None
    ]


def low_d(results: Results) -> list[Row]:
    """Cells of at most 3 columns with the most rows, which only trees take part in."""
    rows = [row for row in results["exact"] if row["columns"] <= 3 and KD_TREE in row["seconds"]]
    most = max((row["rows"] for row in rows), default=0)
    return [row for row in rows if row["rows"] == most]


def largest_approximate(results: Results) -> Row | None:
    """Return the approximate cell with the most rows."""
    return max(results["approximate"], key=lambda row: row["rows"], default=None)


def goals(results: Results) -> list[Goal]:
    """All goals with what was measured, of the parts that were run."""
    cosine = [row for row in with_both(results, SKLEARN) if row["metric"] == COSINE]
    trees = low_d(results)
    few = f"d <= 3, N = {short(trees[0]['rows'])}" if trees else ""
    return [
        *_mean_and_worst(
            "exact, d >= 64, N >= 20k, against FAISS flat",
            with_both(results, FAISS, least=64),
            against(FAISS),
            2.5,
        ),
        *_mean_and_worst("exact, against scikit-learn cosine", cosine, against(SKLEARN), 12.0),
        *_mean_and_worst(
            f"exact, {few}, against scikit-learn's KD-tree", trees, against(KD_TREE), 2.0
        ),
        *_mean_and_worst(
            "exact, d >= 128, effective rate over sgemm",
            with_both(results, SGEMM, least=128),
            rate_over_sgemm,
            1.5,
        ),
        *_accuracy(results),
        *_approximate(results),
        *_memory(results),
    ]


def _mean_and_worst(what: str, rows: list[Row], value: Figure, limit: float) -> Iterator[Goal]:
    if rows:
        mean = geometric_mean(map(value, rows))
        worst = min(rows, key=value)
        yield Goal(f"{what}, geometric mean", mean, limit, True, "x")
        yield Goal(f"{what}, worst cell", value(worst), limit, True, "x", input_name(worst))


def _accuracy(results: Results) -> Iterator[Goal]:
    rows = [row for row in results["exact"] if CUPEL in row["errors"]]
    if rows:
        worst = max(rows, key=lambda row: row["errors"][CUPEL]["relative"])
        error = worst["errors"][CUPEL]["relative"]
        checked = sum(row["errors"][CUPEL]["rows"] for row in rows)
        different = sum(row["errors"][CUPEL]["different"] for row in rows)
        what = "exact, relative error of a distance against float64 brute force"
        yield Goal(what, error, 1e-6, False, "", input_name(worst))
        what = f"exact, of {checked} rows those with another neighbour, but for ties"
        yield Goal(what, different, 0.0, False, "")
    rows = [row for row in results["outliers"] if CLEANLAB in row["seconds"]]
    if rows:
        worst = max(rows, key=lambda row: row["largest_difference"])
        what = "OutOfDistribution, largest difference of a score from cleanlab's"
        yield Goal(what, worst["largest_difference"], 1e-6, False, "", input_name(worst))


def _approximate(results: Results) -> Iterator[Goal]:
    row = largest_approximate(results)
    peer = fastest_peer(row) if row else None
    if row and peer:
        reached = CUPEL in row["seconds"]
        n, d = short(row["rows"]), row["columns"]
        what = f"approximate, N = {n}, d = {d}, recall@10 >= {row['recall']}, against the fastest"
        ratio = against(peer)(row) if reached else 0.0
        yield Goal(f"{what} peer", ratio, 1.5, True, "x", peer if reached else "recall missed")


def _memory(results: Results) -> Iterator[Goal]:
    rows = [row for row in results["memory"] if row["contestant"] == CUPEL]
    if rows:
        worst = max(rows, key=memory_over_input)
        what = "exact, peak extra memory less the result over the input, worst cell"
        yield Goal(what, memory_over_input(worst), 1.5, False, "x", input_name(worst))
