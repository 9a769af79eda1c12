"""Examples that are the same, or nearly so.

`find_near_duplicates` applies the rule of cleanlab 2.9.0's Datalab, and groups what it finds:
completely, where it has the features, not only among the k nearest neighbours of each example.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel._arrays import shown
from cupel._features import METRICS, Progress, as_distances, as_k, as_progress, as_real
from cupel._graph import KnnGraph, as_graph
from cupel._search import FeatureSet

__all__ = ["NearDuplicates", "exact_duplicates", "find_near_duplicates", "near_duplicate_scores"]

_THRESHOLD = 0.13  # Datalab's
_LEAST_SCALE = 1e-6
_NONE = 1e-8  # distances up to this score 0


class NearDuplicates(NamedTuple):
    """What `find_near_duplicates` found.

    Attributes
    ----------
    scores : ndarray of float64, shape (n,)
        In [0, 1], lower is nearer to another row.
    is_near_duplicate : ndarray of bool, shape (n,)
        Whether the row has near-duplicates among its neighbours, or is one of theirs.
    sets : list of ndarray of int64
        For each row, its near-duplicates among its neighbours, nearest first, then rows it is one
        of, ascending. j is in the set of i where i is in the set of j.
    cluster_ids : ndarray of int64, shape (n,)
        Rows connected by steps of at most `radius` share an id; -1 for a row alone. Ids count from
        0 in the order of each group's lowest row.
    nearest_distances : ndarray of float64, shape (n,)
        Distance of each row to its nearest neighbour.
    radius : float
        Largest distance at which rows are near-duplicates.
    complete : bool
        Whether groups come from all pairs of rows, not only from the k nearest neighbours.
    knn_graph : KnnGraph
        The neighbours, for other functions to use.
    """

    scores: NDArray[np.float64]
    is_near_duplicate: NDArray[np.bool_]
    sets: list[NDArray[np.int64]]
    cluster_ids: NDArray[np.int64]
    nearest_distances: NDArray[np.float64]
    radius: float
    complete: bool
    knn_graph: KnnGraph


def near_duplicate_scores(nearest_distances: ArrayLike) -> NDArray[np.float64]:
    r"""Turn distances to the nearest neighbour into scores.

    .. math:: s_i = 1 - \exp\left(-\frac{d_i}{\mathrm{median}_j \, d_j}\right)

    Parameters
    ----------
    nearest_distances : array_like of float, shape (n,)
        At least 0.

    Returns
    -------
    ndarray of float64, shape (n,)
        In [0, 1], lower is nearer; 0 for distances up to 1e-8.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n). The scale is at least 1e-6.

    Examples
    --------
    >>> from cupel.duplicates import near_duplicate_scores
    >>> near_duplicate_scores([0.0, 0.5, 1.0, 1.0, 1.0]).round(3)
    array([0.   , 0.393, 0.632, 0.632, 0.632])
    """
    nearest = as_distances(nearest_distances, name="nearest_distances")
    return np.where(nearest <= _NONE, 0.0, -np.expm1(-(nearest / _scale(nearest))))


def find_near_duplicates(
    features: Any = None,
    *,
    knn_graph: Any = None,
    threshold: float = _THRESHOLD,
    radius: float | None = None,
    k: int | None = None,
    metric: str | None = None,
    progress: Callable[[float], None] | None = None,
    n_jobs: int | None = None,
) -> NearDuplicates:
    """Find the examples that are almost the same as others, and group them.

    Parameters
    ----------
    features : array_like of float, shape (n, d), optional
        One row per example; embeddings, say.
    knn_graph : KnnGraph, sparse matrix, or tuple of (distances, indices), optional
        The nearest neighbours, see :class:`cupel.neighbors.KnnGraph`; searched when left out.
        With features too, they serve to complete the groups of a graph that is exact.
    threshold : float, default 0.13
        Rows are near-duplicates if less than this share of the median distance to the nearest
        neighbour apart.
    radius : float, optional
        Or if at most this far apart.
    k : int, optional
        Neighbours to look at for `sets`; when left out, all of the graph's, or of features 10
        (n - 1 if that is less).
    metric : str, optional
        For features, as in :func:`cupel.neighbors.knn_graph`; for a graph that does not know, what
        its distances are.
    progress, n_jobs
        As in :func:`cupel.neighbors.knn_graph`.

    Returns
    -------
    NearDuplicates
        A named tuple: scores, is_near_duplicate, sets, cluster_ids, nearest_distances, radius,
        complete and the graph.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    The search of neighbours, then one of all pairs within the radius, as long again at most; where
    neighbours are approximate or there are no features, groups are made from the graph's edges
    instead, in about O(n k log(n)).

    Examples
    --------
    >>> from cupel.duplicates import find_near_duplicates
    >>> found = find_near_duplicates([[0.0], [1.0], [1.01], [2.0], [3.1]], k=2)
    >>> found.is_near_duplicate
    array([False,  True,  True, False, False])
    >>> found.sets[1], found.sets[2]
    (array([2]), array([1]))
    >>> found.cluster_ids
    array([-1,  0,  0, -1, -1])
    """
    threshold = as_real(threshold, name="threshold", above=0.0)
    limit = None if radius is None else as_real(radius, name="radius")
    progress = as_progress(progress)
    if features is None and knn_graph is None:
        msg = "pass features, knn_graph or both"
        raise ValueError(msg)
    graph = None if knn_graph is None else as_graph(knn_graph, metric)
    loaded = None if features is None else _load(features, graph, metric, n_jobs)
    searched = 0.0
    if graph is None:
        assert loaded is not None
        searched = 0.5  # at a guess, the time until the groups
        graph = loaded.neighbors(
            as_k(k, loaded.n_rows - 1), progress=_part(progress, 0.0, searched)
        )
    nearest = np.array(graph.distances[:, 0])
    if limit is None:  # the rule says "less than", the search "at most"
        limit = max(0.0, float(np.nextafter(threshold * _scale(nearest), 0.0)))
    used = graph.k if k is None else as_k(k, graph.k, choice="knn_graph has so many")
    rows, columns = np.nonzero(graph.distances[:, :used] <= limit)
    others = graph.indices[rows, columns]
    sets, has_any = _symmetric_sets(graph.n_rows, rows, others)
    complete = False
    if loaded is not None and graph.exact:
        lowest, complete = loaded.groups(limit, _part(progress, searched, 1.0)), True
    else:
        lowest = _connected(graph.n_rows, rows, others)
    return NearDuplicates(
        near_duplicate_scores(nearest),
        has_any,
        sets,
        _cluster_ids(lowest),
        nearest,
        limit,
        complete,
        graph,
    )


def exact_duplicates(features: Any, *, n_jobs: int | None = None) -> NDArray[np.int64]:
    """Group the rows that are equal, number by number.

    Parameters
    ----------
    features : array_like of float, shape (n, d)
        One row per example.
    n_jobs : int, optional
        Threads to use; -1 for all. The result does not depend on it.

    Returns
    -------
    ndarray of int64, shape (n,)
        Equal rows share an id; -1 for a row without its like. Ids count from 0 in the order of each
        group's lowest row.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n d), by hashing. 0.0 equals -0.0.

    Examples
    --------
    >>> from cupel.duplicates import exact_duplicates
    >>> exact_duplicates([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]])
    array([ 0, -1,  0])
    """
    return _cluster_ids(FeatureSet.load(features, n_jobs=n_jobs).identical())


def _load(
    features: Any, graph: KnnGraph | None, metric: str | None, n_jobs: int | None
) -> FeatureSet:
    """Check features, and that they are those of the graph."""
    if graph is None:
        return FeatureSet.load(features, metric=metric, n_jobs=n_jobs, min_rows=2)
    if graph.metric not in METRICS:
        msg = (
            f"the metric of knn_graph is {shown(graph.metric)}; to group features by it, say which "
            f"it is by metric=, one of {', '.join(map(repr, METRICS))}; or leave features out"
        )
        raise ValueError(msg)
    loaded = FeatureSet.load(features, metric=graph.metric, n_jobs=n_jobs, min_rows=2)
    if loaded.n_rows != graph.n_rows:
        msg = (
            f"features has {loaded.n_rows} rows, knn_graph has {graph.n_rows}; they must describe "
            "the same rows"
        )
        raise ValueError(msg)
    return loaded


def _part(progress: Progress | None, start: float, stop: float) -> Progress | None:
    """Report the progress of a part that goes from one fraction to another."""
    if progress is None:
        return None
    return lambda fraction: progress(start + fraction * (stop - start))


def _scale(nearest: NDArray[np.float64]) -> float:
    return max(float(np.median(nearest)), _LEAST_SCALE)


def _symmetric_sets(
    n: int, rows: NDArray[np.int64], others: NDArray[np.int64]
) -> tuple[list[NDArray[np.int64]], NDArray[np.bool_]]:
    """List what each row is linked to, links from `rows` first; and say which rows are linked."""
    missing = ~np.isin(others * n + rows, rows * n + others)  # links without their reverse
    back, forth = rows[missing], others[missing]
    ends = np.concatenate([others, back])
    order = np.argsort(np.concatenate([rows, forth]), kind="stable")
    counts = np.bincount(rows, minlength=n) + np.bincount(forth, minlength=n)
    has_any = counts > 0
    sets = [np.empty(0, dtype=np.int64)] * n
    linked = np.flatnonzero(has_any)
    parts = np.split(ends[order], np.cumsum(counts[linked])[:-1])
    for row, part in zip(linked.tolist(), parts, strict=False):
        sets[row] = part
    return sets, has_any


def _connected(n: int, rows: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lowest row that each row is connected to.

    Trees of rows are hooked to a lower neighbouring tree and then flattened, until none moves.
    """
    lowest = np.arange(n)
    while True:
        a, b = lowest[rows], lowest[others]
        apart = a != b
        if not apart.any():
            return lowest
        rows, others, a, b = rows[apart], others[apart], a[apart], b[apart]
        np.minimum.at(lowest, np.maximum(a, b), np.minimum(a, b))
        while (lowest[lowest] != lowest).any():
            lowest = lowest[lowest]


def _cluster_ids(lowest: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return numbers for the groups of more than one row, given the lowest row of each."""
    sizes = np.bincount(lowest, minlength=len(lowest))
    ids = np.where(sizes > 1, np.cumsum(sizes > 1) - 1, -1)
    return np.asarray(ids[lowest])
