"""Float64 brute force on a sample of rows, and how far a contestant is from it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .cases import COSINE
from .data import Floats

Distances = NDArray[np.floating[Any]]
Indices = NDArray[np.int64]
Neighbours = tuple[Distances, Indices]

# Distances closer to each other than this, relatively, are a tie.
TIE = 1e-6

_SPARE = 32
_BLOCK_VALUES = 40_000_000


class Truth(NamedTuple):
    """The k nearest neighbours of some rows, nearest first, ties by row."""

    rows: Indices
    distances: NDArray[np.float64]
    indices: Indices


class Errors(NamedTuple):
    """How far a contestant's neighbours are from the truth.

    `relative` is the largest relative error of a distance; `different` counts rows in which a
    neighbour is not, up to ties, the one that should be in its place.
    """

    relative: float
    different: int
    rows: int
    recall: float


def sample_rows(n: int, size: int) -> Indices:
    """The rows on which everybody is checked: the same for every contestant."""
    return np.sort(np.random.default_rng([33, n]).choice(n, min(n, size), replace=False))


def true_neighbours(features: Floats, rows: Indices, k: int, metric: str) -> Truth:
    """Find neighbours by expanded distances in float64, then take distances by differences."""
    queries = _prepared(features[rows], metric)
    of_queries = np.einsum("ij,ij->i", queries, queries)
    keep = min(k + _SPARE, len(features) - 1)
    best = np.full((len(rows), keep), np.inf)
    found = np.zeros((len(rows), keep), dtype=np.int64)
    block = max(1, _BLOCK_VALUES // max(len(rows), features.shape[1]))
    for start in range(0, len(features), block):
        part = _prepared(features[start : start + block], metric)
        squared = of_queries[:, None] + np.einsum("ij,ij->i", part, part)
        squared -= 2 * (queries @ part.T)
        here = np.flatnonzero((rows >= start) & (rows < start + len(part)))
        squared[here, rows[here] - start] = np.inf
        indices = np.broadcast_to(np.arange(start, start + len(part)), squared.shape)
        all_squared = np.hstack([best, squared])
        all_indices = np.hstack([found, indices])
        chosen = np.argpartition(all_squared, keep - 1, axis=1)[:, :keep]
        best = np.take_along_axis(all_squared, chosen, axis=1)
        found = np.take_along_axis(all_indices, chosen, axis=1)
    distances = distances_to(features, rows, found, metric)
    order = np.lexsort((found, distances), axis=1)[:, :k]
    return Truth(
        rows,
        np.take_along_axis(distances, order, axis=1),
        np.take_along_axis(found, order, axis=1),
    )


def distances_to(
    features: Floats, rows: Indices, indices: Indices, metric: str
) -> NDArray[np.float64]:
    """Float64 distances, by direct differences, from each row to those listed for it."""
    distances = np.empty(indices.shape)
    for i, row in enumerate(rows):
        difference = _prepared(features[indices[i]], metric) - _prepared(
            features[row : row + 1], metric
        )
        distances[i] = np.einsum("ij,ij->i", difference, difference)
    return distances / 2 if metric == COSINE else np.sqrt(distances)


def errors(features: Floats, truth: Truth, found: Neighbours, metric: str) -> Errors:
    """Compare a contestant's neighbours of all rows with the truth about some."""
    claimed, indices = found[0][truth.rows], found[1][truth.rows]
    actual = _actual(features, truth.rows, indices, metric)
    off = np.abs(claimed.astype(np.float64) - truth.distances)
    exact = truth.distances
    relative = np.divide(off, exact, out=np.where(off > 0, np.inf, 0.0), where=exact > 0)
    different = np.any(actual > exact * (1 + TIE), axis=1)
    recall = float(np.mean(actual <= exact[:, -1:] * (1 + TIE)))
    return Errors(float(relative.max()), int(different.sum()), len(truth.rows), recall)


def recall(features: Floats, truth: Truth, indices: Indices, metric: str) -> float:
    """Share of the listed rows that are among the k nearest; ties count. `indices`: of the rows."""
    actual = _actual(features, truth.rows, indices, metric)
    return float(np.mean(actual <= truth.distances[:, -1:] * (1 + 1e-9)))


def others(rows: Indices, indices: Indices) -> Any:
    """Which of a row's k+1 neighbours to keep: all but itself, or but the last if it is not there.

    True k times in every row.
    """
    is_self = indices == rows[:, None]
    is_self[~is_self.any(axis=1), -1] = True
    is_self &= np.cumsum(is_self, axis=1) == 1
    return ~is_self


def _prepared(rows: Floats, metric: str) -> NDArray[np.float64]:
    wide = rows.astype(np.float64)
    if metric == COSINE:
        wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    return wide


def _actual(features: Floats, rows: Indices, indices: Indices, metric: str) -> NDArray[np.float64]:
    """True distances of what is listed; infinite for the row itself, a repetition, or nothing."""
    distances = distances_to(features, rows, np.maximum(indices, 0), metric)
    ordered = np.argsort(indices, axis=1, kind="stable")
    in_order = np.take_along_axis(indices, ordered, axis=1)
    repeated = np.zeros(indices.shape, dtype=bool)
    np.put_along_axis(repeated, ordered[:, 1:], in_order[:, 1:] == in_order[:, :-1], axis=1)
    distances[(indices < 0) | (indices == rows[:, None]) | repeated] = np.inf
    return distances
