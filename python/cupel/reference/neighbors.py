r"""Nearest neighbours by comparing every pair of rows, in float64.

Distances come from the differences of two rows, so that near-duplicates keep all their digits:

.. math:: d(x, y) = \lVert x - y \rVert \quad \text{(euclidean)}, \qquad
    d(x, y) = \tfrac{1}{2} \left\lVert \frac{x}{\lVert x \rVert} - \frac{y}{\lVert y \rVert}
    \right\rVert^2 = 1 - \cos(x, y) \quad \text{(cosine)}

A row of zeros has no direction; its cosine distance is 1, and 0 from another row of zeros. Equal
distances are in the order of rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from cupel.reference._common import Float64s, Ints

_BLOCK_CELLS = 1 << 20  # differences held at a time


def default_metric(features: ArrayLike) -> str:
    """Cosine for more than three columns, else euclidean."""
    return "cosine" if np.shape(features)[1] > 3 else "euclidean"


def knn_graph(features: ArrayLike, k: int, *, metric: str | None = None) -> tuple[Float64s, Ints]:
    """Distances and indices of the k nearest other rows of every row, each of shape (n, k)."""
    x = np.asarray(features, dtype=np.float64)
    parts = []
    for start, distances in _distance_blocks(x, x, metric or default_metric(x)):
        rows = np.arange(len(distances))
        distances[rows, start + rows] = np.inf  # the row itself
        parts.append(_lowest(distances, k))
    return _stacked(parts)


def nearest_neighbors(
    features: ArrayLike, queries: ArrayLike, k: int, *, metric: str | None = None
) -> tuple[Float64s, Ints]:
    """Distances and indices of the k rows of `features` nearest to each query."""
    x, q = np.asarray(features, dtype=np.float64), np.asarray(queries, dtype=np.float64)
    blocks = _distance_blocks(q, x, metric or default_metric(x))
    return _stacked([_lowest(distances, k) for _, distances in blocks])


def radius_pairs(
    features: ArrayLike, radius: float, *, metric: str | None = None
) -> tuple[Ints, Float64s]:
    """Pairs of rows (lower row first, in order) at most `radius` apart, and their distances."""
    x = np.asarray(features, dtype=np.float64)
    pairs, found = [np.empty((0, 2), dtype=np.int64)], [np.empty(0)]
    for start, distances in _distance_blocks(x, x, metric or default_metric(x)):
        i, j = np.nonzero(distances <= radius)
        upper = j > start + i
        pairs.append(np.stack([start + i, j], axis=1)[upper])
        found.append(distances[i, j][upper])
    return np.concatenate(pairs), np.concatenate(found)


def connected_rows(n_rows: int, pairs: Ints) -> Ints:
    """Lowest row that each row is connected to by `pairs`, by union-find."""
    parent = list(range(n_rows))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for i, j in pairs.tolist():
        a, b = root(i), root(j)
        parent[max(a, b)] = min(a, b)
    return np.array([root(row) for row in range(n_rows)], dtype=np.int64)


def pairwise_distances(x: ArrayLike, y: ArrayLike, *, metric: str) -> Float64s:
    """Distances of every row of `x` from every row of `y`, shape (n, m)."""
    blocks = _distance_blocks(
        np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), metric
    )
    return np.concatenate([distances for _, distances in blocks])


def _distance_blocks(x: Float64s, y: Float64s, metric: str) -> Iterator[tuple[int, Float64s]]:
    """Distances of some rows of `x` at a time from all of `y`, with the first row's number."""
    size = max(1, _BLOCK_CELLS // y.size)
    if metric == "euclidean":
        for start in range(0, len(x), size):
            yield start, _norms(x[start : start + size, np.newaxis] - y)
        return
    if metric != "cosine":
        msg = f"metric must be 'euclidean' or 'cosine', got {metric!r}"
        raise ValueError(msg)
    u, v = _unit(x), _unit(y)
    x_is_zero, y_is_zero = (u == 0).all(axis=1), (v == 0).all(axis=1)
    for start in range(0, len(x), size):
        part = slice(start, start + size)
        distances = 0.5 * _norms(u[part, np.newaxis] - v) ** 2
        distances[x_is_zero[part]] = 1.0
        distances[:, y_is_zero] = 1.0
        distances[np.ix_(x_is_zero[part], y_is_zero)] = 0.0
        yield start, distances


def _norms(vectors: Float64s) -> Float64s:
    """Euclidean norms along the last axis, where squares would leave the range of float64 too.

    Scaling by powers of two is exact, so that norms that tie in exact arithmetic still tie.
    """
    largest = np.abs(vectors).max(axis=-1, keepdims=True)
    exponent = np.frexp(largest)[1]
    scaled = np.ldexp(vectors, -exponent)
    return np.asarray(np.ldexp(np.sqrt((scaled * scaled).sum(axis=-1)), exponent[..., 0]))


def _unit(x: Float64s) -> Float64s:
    """Rows divided by their norms, zeros where a row is zero."""
    exponent = np.frexp(np.abs(x).max(axis=1, keepdims=True))[1]
    scaled = np.ldexp(x, -exponent)  # a denormal norm would have lost digits
    norms = _norms(scaled)[:, np.newaxis]
    return np.asarray(scaled / np.where(norms > 0, norms, 1.0))


def _lowest(distances: Float64s, k: int) -> tuple[Float64s, Ints]:
    """Select the k lowest of each row, ties by column."""
    indices = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, indices, axis=1), indices


def _stacked(parts: list[tuple[Float64s, Ints]]) -> tuple[Float64s, Ints]:
    return np.concatenate([d for d, _ in parts]), np.concatenate([i for _, i in parts])
