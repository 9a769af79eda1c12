"""Shapley values of examples: the specification of :mod:`cupel.data_valuation`.

Jia et al., "Efficient Task-Specific Data Valuation for Nearest Neighbor Algorithms" (PVLDB 2019),
theorem 1, without the division by ranks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["identical_neighbors_first", "knn_shapley_scores"]

Ints = NDArray[np.int64]


def knn_shapley_scores(labels: NDArray[np.generic], neighbors: Ints, k: int) -> NDArray[np.float64]:
    """Score what each example contributes to predicting its neighbours' labels, in [0, 1].

    `neighbors[a]` are the rows nearest to row a, nearest first; the first k count.
    """
    n = len(labels)
    totals = np.zeros(n, dtype=np.int64)
    for a in range(n):
        match = [int(labels[i] == labels[a]) for i in neighbors[a, :k]]
        value = 0  # of the farthest neighbour; each nearer one adds its difference to the next
        for j in range(k - 2, -1, -1):
            value += match[j] - match[j + 1]
            totals[neighbors[a, j]] += value
    return np.asarray(0.5 * (totals / (n * k) + 1.0))


def identical_neighbors_first(neighbors: Ints, lowest: Ints) -> Ints:
    """Put the rows identical to each row before its other neighbours.

    `lowest[i]` is the lowest row identical to row i.
    """
    k = neighbors.shape[1]
    out = neighbors.copy()
    for a, row in enumerate(neighbors):
        mates = np.flatnonzero(lowest == lowest[a])
        mates = mates[mates != a]
        out[a] = np.concatenate([mates, row[~np.isin(row, mates)]])[:k]
    return out
