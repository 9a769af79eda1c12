"""Whether columns of the probabilities stand for the classes of the labels, in their order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cupel.datalab.checks.preflight.sample import Sample
from cupel.datalab.checks.preflight.warning import (
    Floats,
    Ints,
    PreflightWarning,
    Severity,
    plural,
    quantile,
    rows_in_words,
)

__all__ = ["best_assignment", "check_classes", "check_permutation"]

_FEWEST_ROWS = 8
# What is left for a class in its own column, relative to the other: noise leaves more.
_OWN_SHARE = 0.5
_SMALLEST_LIFT = 0.02
# Relative to the classes that stay: noise that gives most examples of a class away leaves less.
_LIFT_OF_OTHERS = 0.5


def check_classes(
    counts: Ints, n_columns: int, labels: Ints | None, names: Sequence[str]
) -> list[PreflightWarning]:
    """Compare the classes that labels have with the columns that there are.

    Parameters
    ----------
    counts : ndarray of int64, shape (c,)
        Examples of each class.
    n_columns : int
        Columns of the probabilities.
    labels : ndarray of int64, shape (n,), or None
        Labels, for the rows concerned.
    names : sequence of str
        Names of classes.
    """
    found = []
    absent = np.flatnonzero(counts[n_columns:]) + n_columns
    if len(absent):
        rows = np.empty(0, np.int64) if labels is None else np.flatnonzero(labels >= n_columns)
        where = f": {rows_in_words(rows, len(labels))}" if labels is not None and len(rows) else ""
        message = (
            f"pred_probs has {n_columns} columns, labels have {plural(len(absent), 'class', 'es')} "
            f"more ({_listed(absent, names)}){where}; add a column for each class, in the order of "
            "the sorted class names"
        )
        figures = {"classes": absent.tolist(), "num_columns": n_columns}
        found.append(PreflightWarning("labels_without_column", message, "error", rows, figures))
    here = np.zeros(n_columns, dtype=np.int64)
    here[: len(counts)] = counts[:n_columns]
    unused = np.flatnonzero(here == 0)
    if len(unused):
        message = (
            f"no label belongs to {plural(len(unused), 'column')} of pred_probs "
            f"({_listed(unused, names)}); check that columns are in the order of the sorted class "
            "names, and leave out the columns of classes that the data do not have"
        )
        figures = {"columns": unused.tolist(), "num_columns": n_columns}
        found.append(PreflightWarning("columns_without_label", message, "warning", figures=figures))
    single = np.flatnonzero(here == 1)
    if len(single):
        rows = np.empty(0, np.int64) if labels is None else np.flatnonzero(np.isin(labels, single))
        message = (
            f"{plural(len(single), 'class', 'es')} with a single example "
            f"({_listed(single, names)}): nothing can be learnt about it by cross-validation; "
            "collect more, or merge or drop the class"
        )
        figures = {"classes": single.tolist()}
        found.append(PreflightWarning("single_example_classes", message, "warning", rows, figures))
    return found


def _listed(classes: Ints, names: Sequence[str]) -> str:
    texts = [names[c] if c < len(names) else str(c) for c in classes[:5].tolist()]
    return ", ".join(texts) + (", ..." if len(classes) > 5 else "")


def check_permutation(sample: Sample, names: Sequence[str]) -> PreflightWarning | None:
    """Look for columns that agree with the labels better in another order.

    The order is chosen on one half of the examples and tested on the other, so that the choice
    among all orders cannot make up evidence.
    """
    halves = _halves(sample)
    lifts = sample.lifts
    for chosen, tested in (halves, halves[::-1]):
        order = best_assignment(_by_class(sample, lifts, chosen))
        cycles = [c for c in _cycles(order) if _is_permuted(sample, lifts, tested, order, c)]
        if cycles:
            return _permuted(sample, order, np.concatenate(cycles), names)
    return None


def _halves(sample: Sample) -> tuple[Ints, Ints]:
    """Deal the examples of each class out to two halves."""
    if sample.labels is None:
        order = np.arange(len(sample.rows))
    else:
        order = np.argsort(sample.labels, kind="stable")
    return np.sort(order[::2]), np.sort(order[1::2])


def _by_class(sample: Sample, lifts: Floats, rows: Ints) -> Floats:
    """Sum what the model says beyond the mean: [given class, column]."""
    if sample.labels is None:
        assert sample.sets is not None
        return np.asarray(sample.sets[rows].T @ lifts[rows], dtype=np.float64)
    labels = sample.labels[rows]
    order = rows[np.argsort(labels, kind="stable")]
    counts = np.bincount(labels, minlength=lifts.shape[1])
    there = np.flatnonzero(counts)
    sums = np.zeros((lifts.shape[1],) * 2)
    if len(there):
        starts = (np.cumsum(counts) - counts)[there]
        sums[there] = np.add.reduceat(lifts[order], starts, axis=0)
    return sums


def _cycles(order: Ints) -> list[Ints]:
    """Split what an order moves into sets of classes that change places among themselves."""
    left = set(np.flatnonzero(order != np.arange(len(order))).tolist())
    cycles = []
    while left:
        cycle = [left.pop()]
        while (following := int(order[cycle[-1]])) in left:
            left.remove(following)
            cycle.append(following)
        cycles.append(np.sort(np.array(cycle)))
    return cycles


def _is_permuted(sample: Sample, lifts: Floats, tested: Ints, order: Ints, cycle: Ints) -> bool:
    given = sample.given(tested, cycle)
    own, other = lifts[np.ix_(tested, cycle)], lifts[np.ix_(tested, order[cycle])]
    gains = ((other - own) * given).sum(axis=1, dtype=np.float64)[given.any(axis=1)]
    if len(gains) < _FEWEST_ROWS:
        return False
    t = gains.mean() * np.sqrt(len(gains)) / max(gains.std(ddof=1), 1e-9)
    z = quantile(len(order))  # two halves, at most half as many cycles as classes
    needed = z + (z**3 + z) / (4 * (len(gains) - 1))  # Student's t, to first order
    own_sum, other_sum = float((own * given).sum()), float((other * given).sum())
    lift = other_sum / float(given.sum())
    return bool(
        t >= needed
        and lift >= min(_SMALLEST_LIFT, 0.5 / len(order))
        and lift >= _LIFT_OF_OTHERS * _lift_in_place(sample, tested, order)
        and own_sum <= _OWN_SHARE * other_sum
    )


def _lift_in_place(sample: Sample, rows: Ints, order: Ints) -> float:
    """Return the mean lift of the given class over examples of classes that are not moved."""
    staying = np.flatnonzero(order == np.arange(len(order)))
    given = sample.given(rows, staying)
    count = float(given.sum())
    lifts = sample.lifts[np.ix_(rows, staying)]
    return float((lifts * given).sum()) / count if count else 0.0


def _permuted(sample: Sample, order: Ints, moved: Ints, names: Sequence[str]) -> PreflightWarning:
    moved = moved[sample.shares[moved] > 0]
    full = np.arange(len(order))
    full[moved] = order[moved]
    given = sample.given(np.arange(len(sample.rows)), moved)
    n = given.sum()
    as_is = float((sample.probs[:, moved] * given).sum() / n)
    better = float((sample.probs[:, full[moved]] * given).sum() / n)
    shown = ", ".join(
        f"{names[c] if c < len(names) else c} is in column {full[c]}" for c in moved[:8].tolist()
    )
    message = (
        f"columns of pred_probs are not in the order of the classes: examples of "
        f"{plural(len(moved), 'class', 'es')} get a mean probability of {as_is:.3g} in the column "
        f"of their label and {better:.3g} in another one; it seems that {shown}"
        f"{' and so on' if len(moved) > 8 else ''}. Columns must follow the sorted class names"
    )
    if len(set(full.tolist())) == len(full):
        message += f"; pass pred_probs[:, {full.tolist() if len(full) <= 20 else 'permutation'}]"
    is_part = 2 * len(moved) < np.count_nonzero(sample.shares)
    if is_part:
        message += (
            ". Or else most labels of these classes are wrong in the same way: look at a few "
            "examples before you change anything"
        )
    borne_out = float((sample.lifts[:, full[moved]] * given).sum())
    staying = np.setdiff1d(np.arange(len(full)), moved)
    kept = sample.given(np.arange(len(sample.rows)), staying)
    borne_out += float((sample.lifts[:, staying] * kept).sum())
    figures = {
        "permutation": full.tolist(),
        "slope_permuted": borne_out / float(np.square(sample.lifts).sum()),
        "num_moved": len(moved),
        "mean_probability": as_is,
        "mean_probability_permuted": better,
    }
    severity: Severity = "warning" if is_part else "error"
    return PreflightWarning("permuted_columns", message, severity, figures=figures)


def best_assignment(gains: Floats) -> Ints:
    """Return for each row the column of the assignment with the greatest sum.

    The Hungarian method by shortest augmenting paths; starts from the diagonal where that is best
    for row and column, and leaves rows without any gain to the end. O(k^3), near O(k^2) if most
    rows are at their best place.
    """
    k = len(gains)
    costs = -np.asarray(gains, dtype=np.float64)
    prices = np.zeros(k)
    row_of = np.full(k, -1)
    offers = costs.min(axis=1)
    best = costs.argmin(axis=1)
    on_diagonal = costs[np.arange(k), np.arange(k)] <= offers
    best[on_diagonal] = np.flatnonzero(on_diagonal)
    free = []
    for row in range(k):
        if row_of[best[row]] < 0:
            row_of[best[row]] = row
        else:
            free.append(row)
    for row in free:
        _augment(costs, offers, prices, row_of, row)
    order = np.empty(k, dtype=np.int64)
    order[row_of] = np.arange(k)
    return order


def _augment(costs: Floats, offers: Floats, prices: Floats, row_of: Ints, row: int) -> None:
    """Give one more row a column, along the cheapest path of exchanges."""
    k = len(costs)
    distances = np.full(k, np.inf)
    reached_from = np.full(k, -1)
    is_done = np.zeros(k, dtype=np.bool_)
    current, column, spent = row, -1, 0.0
    done: list[tuple[int, float]] = []
    while True:
        slack = spent + costs[current] - offers[current] - prices
        closer = ~is_done & (slack < distances)
        distances[closer] = slack[closer]
        reached_from[closer] = column
        column = int(np.where(is_done, np.inf, distances).argmin())
        spent = float(distances[column])
        is_done[column] = True
        if row_of[column] < 0:
            break
        done.append((column, spent))
        current = int(row_of[column])
    offers[row] += spent
    for visited, distance in done:
        offers[row_of[visited]] += spent - distance
        prices[visited] -= spent - distance
    while column >= 0:
        before = int(reached_from[column])
        row_of[column] = row if before < 0 else row_of[before]
        column = before
