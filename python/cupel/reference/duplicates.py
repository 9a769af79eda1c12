"""Examples that are the same, or nearly so."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cupel.reference._common import Bools, Float64s, Ints
from cupel.reference.neighbors import connected_rows, default_metric, knn_graph, radius_pairs


class NearDuplicates(NamedTuple):
    """What `find_near_duplicates` returns, in the public function's words."""

    scores: Float64s
    is_near_duplicate: Bools
    sets: list[list[int]]
    cluster_ids: Ints
    nearest_distances: Float64s
    radius: float


def near_duplicate_scores(nearest_distances: ArrayLike) -> Float64s:
    r"""Scores in [0, 1], lower for rows that have another one near.

    .. math:: s_i = 1 - \exp\left(-\frac{d_i}{\mathrm{median}_j \, d_j}\right)

    The scale is at least 1e-6; distances up to 1e-8 score 0.
    """
    nearest = np.asarray(nearest_distances, dtype=np.float64)
    scores = 1 - np.exp(-nearest / max(np.median(nearest), 1e-6))
    scores[np.isclose(nearest, 0)] = 0.0
    return np.asarray(scores)


def find_near_duplicates(
    features: ArrayLike,
    *,
    threshold: float = 0.13,
    radius: float | None = None,
    k: int,
    metric: str | None = None,
) -> NearDuplicates:
    """Rows less than `threshold` times the median distance to the nearest neighbour apart.

    Or at most `radius` apart. Sets are those among the k nearest neighbours, made symmetric; groups
    connect all pairs.
    """
    name = metric or default_metric(features)
    distances, indices = knn_graph(features, k, metric=name)
    nearest = distances[:, 0]
    if radius is None:
        bound = threshold * max(np.median(nearest), 1e-6)
        close, radius = distances < bound, float(np.nextafter(bound, 0))
    else:
        close = distances <= radius
    sets = [row[near].tolist() for row, near in zip(indices, close, strict=True)]
    for i, found in enumerate([list(found) for found in sets]):
        for j in found:
            if i not in sets[j]:
                sets[j].append(i)
    pairs, _ = radius_pairs(features, radius, metric=name)
    return NearDuplicates(
        near_duplicate_scores(nearest),
        np.array([len(found) > 0 for found in sets]),
        sets,
        cluster_ids(connected_rows(len(nearest), pairs)),
        nearest,
        radius,
    )


def exact_duplicates(features: ArrayLike) -> Ints:
    """Ids shared by equal rows, -1 for a row without its like."""
    x = np.asarray(features)
    first: dict[tuple[float, ...], int] = {}
    return cluster_ids(
        np.array([first.setdefault(tuple(row), i) for i, row in enumerate(x.tolist())])
    )


def cluster_ids(lowest: Ints) -> Ints:
    """Return numbers of groups, in the order of their lowest rows; -1 for rows alone."""
    ids: dict[int, int] = {}
    for low in lowest.tolist():
        if np.count_nonzero(lowest == low) > 1:
            ids.setdefault(low, len(ids))
    return np.array([ids.get(low, -1) for low in lowest.tolist()], dtype=np.int64)
