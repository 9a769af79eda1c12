"""Checks of a whole data set that loop over a graph: the specification of ``cupel.datalab.checks``.

The test of independence is that of Cummings, Snorrason, Mueller, "Detecting Dataset Drift and
Non-IID Sampling via k-Nearest Neighbors" (2023); the clusters are those of Ester et al., "A
Density-Based Algorithm for Discovering Clusters in Large Spatial Databases with Noise" (KDD 1996).
"""

from __future__ import annotations

from itertools import pairwise
from math import erfc, sqrt

import numpy as np

from cupel.reference._common import Float64s, Ints
from cupel.reference.duplicates import cluster_ids
from cupel.reference.neighbors import connected_rows

__all__ = [
    "density_clusters",
    "gap_scores",
    "gap_statistics",
    "near_duplicates",
    "smoothed_p_value",
    "worst_group",
]


def gap_statistics(indices: Ints, places: Ints) -> Float64s:
    r"""Largest differences between the distribution of gaps to neighbours and to random rows.

    For each order p in `places`, with the gaps :math:`|p_i - p_j|` to all M neighbours, sorted:

    .. math:: \max_m \left| \frac{m}{M} - \sum_{d=1}^{g_m} \frac{2 (n - d)}{n (n - 1)} \right|,
        \quad m = 0, \dots, M - 1
    """
    n = len(indices)
    expected = np.append(0.0, np.cumsum([2 * (n - d) / (n * (n - 1)) for d in range(1, n)]))
    found = []
    for place in places:
        gaps = np.sort(np.abs(place[indices] - place[:, None]), axis=None)
        found.append(np.abs(np.arange(gaps.size) / gaps.size - expected[gaps]).max())
    return np.array(found)


def gap_scores(indices: Ints) -> Float64s:
    r"""How usual the gaps between each row and its neighbours are, in [0, 1].

    The area between two distributions of gaps, one of the row's neighbours and one of all other
    rows, is added up over the steps of the former; :math:`1 - \tanh(a_i / \max(i, n - i))`.
    """
    n, k = indices.shape
    scores = np.empty(n)
    for i in range(n):
        others = np.abs(np.delete(np.arange(n), i) - i)
        most = int(others.max())
        # The distribution of gaps rises linearly between whole numbers.
        usual = np.array([np.count_nonzero(others <= d) / (n - 1) for d in range(most + 1)])
        area_of_cell = (usual[:-1] + usual[1:]) / 2
        steps = [0, *sorted(np.abs(indices[i] - i).tolist()), most]
        area = sum(
            abs(float((area_of_cell[a:b] - j / k).sum()))
            for j, (a, b) in enumerate(pairwise(steps))
        )
        scores[i] = 1 - np.tanh(area / max(i, n - i))
    return scores


def smoothed_p_value(observed: float, permuted: Float64s) -> float:
    r"""Probability of at least `observed` under a normal kernel density of the `permuted`.

    .. math:: \frac1m \sum_j \Phi\!\left(\frac{x_j - x}{h}\right), \quad h = s \, m^{-1/5}

    with their standard deviation s (Scott's rule); the share of larger ones where s is 0.
    """
    if permuted.min() == permuted.max():
        return float(observed <= permuted[0])
    width = float(permuted.std(ddof=1)) * len(permuted) ** -0.2
    return float(np.mean([erfc((observed - x) / width / sqrt(2)) / 2 for x in permuted.tolist()]))


def density_clusters(distances: Float64s, indices: Ints, radius: float, min_samples: int) -> Ints:
    """Return the DBSCAN cluster of each row, -1 for none; rows are near if they are neighbours."""
    n = len(indices)
    near = [row[close].tolist() for row, close in zip(indices, distances <= radius, strict=True)]
    dense = [len(rows) + 1 >= min_samples for rows in near]
    clusters = np.full(n, -1)
    number = 0
    for start in range(n):
        if clusters[start] != -1 or not dense[start]:
            continue
        waiting = [start]
        while waiting:
            row = waiting.pop()
            if clusters[row] != -1:
                continue
            clusters[row] = number
            if dense[row]:
                waiting += near[row]
        number += 1
    return clusters


def near_duplicates(
    distances: Float64s, indices: Ints, bound: float
) -> tuple[list[list[int]], Ints]:
    """Neighbours nearer than `bound`, made symmetric, and ids of the groups that they connect."""
    own = [row[close].tolist() for row, close in zip(indices, distances < bound, strict=True)]
    sets = [list(rows) for rows in own]
    for i, rows in enumerate(own):
        for j in rows:
            if i not in own[j]:
                sets[j].append(i)
    pairs = np.array([(i, j) for i, rows in enumerate(sets) for j in rows], dtype=np.int64)
    return sets, cluster_ids(connected_rows(len(sets), pairs.reshape(-1, 2)))


def worst_group(quality: Float64s, groups: Ints, min_samples: int) -> tuple[Float64s, float, int]:
    """Score of each row, that of the group said to be the worst, and which one that is.

    As cleanlab 2.9.0 does it: a later group takes the place of the worst one so far where its mean
    quality is below the worst one's ratio of mean quality to that of all. Groups come in the order
    of a set.
    """
    kept = [g for g in set(groups.tolist()) if g != -1 and (groups == g).sum() >= min_samples]
    reference = quality[np.isin(groups, kept)].mean()
    scores, worst_ratio, worst = np.ones(len(groups)), 1.0, -2
    for g in kept:
        mean = quality[groups == g].mean()
        if mean < reference:
            scores[groups == g] = mean / reference
            if mean < worst_ratio:
                worst_ratio, worst = float(mean / reference), g
    return scores, worst_ratio, worst
