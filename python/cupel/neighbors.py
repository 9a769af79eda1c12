"""Nearest neighbours: exact for sets that fit the time, else approximate with measured recall.

Distances are float64, computed from the differences of the rows themselves, so that near-duplicates
keep all their digits. ``"cosine"`` is one minus the cosine; a row of zeros is at distance 1 from
every other row, and at 0 from another row of zeros. Equal distances are in the order of rows.
Results depend neither on threads nor on the instruction set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._features import as_integer, as_k, as_progress, as_real
from cupel._graph import KnnGraph, as_graph
from cupel._search import OF_ROWS, SEARCHES, FeatureSet
from cupel._validate import as_choice
from cupel._votes import label_votes, labels_of_rows

__all__ = ["KnnGraph", "get_label_votes", "knn_graph", "nearest_neighbors", "radius_pairs"]

_MOST_SEEDS = 1 << 64
_VOTERS = 20  # twice the neighbours of other uses: votes are noisy


def knn_graph(
    features: Any,
    k: int | None = None,
    *,
    metric: str | None = None,
    method: str = "auto",
    seed: int = 0,
    recall: float = 0.95,
    progress: Callable[[float], None] | None = None,
    n_jobs: int | None = None,
) -> KnnGraph:
    """Find the nearest neighbours of every row among the other rows.

    Parameters
    ----------
    features : array_like of float, shape (n, d)
        One row per example. float16, float32 and float64 are read in place; integers become
        float32 or float64, whichever holds them exactly.
    k : int, optional
        Neighbours of each row, less than n; 10 when left out, or n - 1 if that is less.
    metric : {"euclidean", "cosine"}, optional
        When left out, cosine for more than three columns, else euclidean.
    method : {"auto", "exact", "approximate"}
        ``"auto"`` is exact unless that would take hours of computing.
    seed : int, default 0
        For the approximate method; the same seed gives the same graph.
    recall : float, default 0.95
        Share of true neighbours that the approximate method aims at.
    progress : callable, optional
        Called now and then with the fraction done, in [0, 1].
    n_jobs : int, optional
        Threads to use; -1 for all. The result does not depend on it.

    Returns
    -------
    KnnGraph
        Distances and rows, nearest first; whether they are exact, and if not, the recall measured
        on a sample of rows with its 95 % interval.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    Exact: O(n^2 d) time for many columns, O(n log(n)) for up to eight; each pair of rows is
    compared once. Memory: one float32 copy of the features and the result.

    Examples
    --------
    >>> from cupel.neighbors import knn_graph
    >>> graph = knn_graph([[0.0], [1.0], [3.0], [7.0]], k=2)
    >>> graph
    KnnGraph(n_rows=4, k=2, metric='euclidean', exact)
    >>> graph.indices
    array([[1, 2],
           [0, 2],
           [1, 0],
           [2, 1]])
    >>> graph.distances[3]
    array([4., 6.])
    """
    as_choice(method, SEARCHES, name="method")
    seed = as_integer(seed, name="seed", least=0) % _MOST_SEEDS
    recall = as_real(recall, name="recall", above=0.0, most=1.0)
    progress = as_progress(progress)
    loaded = FeatureSet.load(features, metric=metric, n_jobs=n_jobs, min_rows=2)
    return loaded.neighbors(
        as_k(k, loaded.n_rows - 1), method=method, seed=seed, recall=recall, progress=progress
    )


def nearest_neighbors(
    features: Any,
    queries: Any,
    k: int | None = None,
    *,
    metric: str | None = None,
    n_jobs: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Find the rows of `features` nearest to every query.

    Parameters
    ----------
    features : array_like of float, shape (n, d)
        One row per example.
    queries : array_like of float, shape (m, d)
        Rows to search the neighbours of; a query that is itself a row of `features` finds it, at
        distance 0.
    k : int, optional
        Neighbours of each query, at most n; 10 when left out, or n if that is less.
    metric, n_jobs
        As in `knn_graph`.

    Returns
    -------
    distances : ndarray of float64, shape (m, k)
        Ascending in each row.
    indices : ndarray of int64, shape (m, k)
        The rows of `features` at these distances.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n m d) time, always exact.

    Examples
    --------
    >>> from cupel.neighbors import nearest_neighbors
    >>> nearest_neighbors([[0.0], [1.0], [3.0]], [[2.5]], k=2)
    (array([[0.5, 1.5]]), array([[2, 1]]))
    """
    loaded = FeatureSet.load(features, metric=metric, n_jobs=n_jobs)
    return loaded.nearest_of(queries, as_k(k, loaded.n_rows, choice=OF_ROWS))


def radius_pairs(
    features: Any,
    radius: float,
    *,
    metric: str | None = None,
    progress: Callable[[float], None] | None = None,
    n_jobs: int | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find all pairs of rows at most `radius` apart.

    Parameters
    ----------
    features : array_like of float, shape (n, d)
        One row per example.
    radius : float
        Largest distance of a pair.
    metric, progress, n_jobs
        As in `knn_graph`.

    Returns
    -------
    pairs : ndarray of int64, shape (p, 2)
        The lower row of each pair first; ordered by the lower row, then the other.
    distances : ndarray of float64, shape (p,)
        Their distances.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.
    MemoryError
        If there are too many pairs to hold.

    Notes
    -----
    Time as `knn_graph`, always exact; memory for the pairs found, which a large radius makes
    O(n^2).

    Examples
    --------
    >>> from cupel.neighbors import radius_pairs
    >>> radius_pairs([[0.0], [1.0], [3.0]], 2.0)
    (array([[0, 1],
           [1, 2]]), array([1., 2.]))
    """
    radius = as_real(radius, name="radius")
    progress = as_progress(progress)
    return FeatureSet.load(features, metric=metric, n_jobs=n_jobs).pairs(radius, progress)


def get_label_votes(
    labels: Any,
    features: Any = None,
    *,
    knn_graph: Any = None,
    k: int | None = None,
    classes: Sequence[Any] | None = None,
    n_classes: int | None = None,
    metric: str | None = None,
    progress: Callable[[float], None] | None = None,
    n_jobs: int | None = None,
) -> NDArray[np.float64]:
    r"""Predict every label from the labels of the example's neighbours, its own left out.

    .. math:: p_z \propto f_z \, \left(\prod_{j} M_{z, g_j}\right)^b

    over the neighbours :math:`j` and their labels :math:`g_j`, with the frequency :math:`f_z` of
    the label :math:`z`, the share :math:`M_{zl}` of the label :math:`l` among the neighbours of
    examples of class :math:`z` (the commonest label of an example and its neighbours), and the
    weight :math:`b` of a vote in [0, 4] under which the given labels are likeliest. To be used as
    out-of-sample ``pred_probs`` where there is no classifier, or pooled with a classifier's by
    :func:`cupel.posterior.pool_pred_probs`.

    Parameters
    ----------
    labels : array_like of int or str, shape (n,)
        Given class of each example.
    features : array_like of float, shape (n, d), optional
        One row per example; embeddings, say. Or pass `knn_graph`.
    knn_graph : KnnGraph, sparse matrix, or tuple of (distances, indices), optional
        The nearest neighbours. Their distances are not used.
    k : int, optional
        Neighbours that vote; when left out, all of the graph's, or of features 20 (n - 1 if that
        is less).
    classes : sequence, optional
        Class names in the order of the result's columns, if labels are names.
    n_classes : int, optional
        Number of columns; when left out, that of `classes`, or one more than the largest label.
    metric, progress, n_jobs
        For features, as in `knn_graph`.

    Returns
    -------
    ndarray of float64, shape (n, n_classes)
        Rows sum to 1; 0 for classes that no example has.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    The search of neighbours, and O(n k n_classes) time and O(n k + n_classes^2) memory besides the
    result. The weight is fitted to at most max(2048, 2^22 / n_classes) rows, spread evenly. Copies
    of an example that share its wrong label vouch for it.

    Examples
    --------
    >>> import cupel
    >>> points = [[0.0], [0.1], [0.2], [0.3], [5.0], [5.1], [5.2], [5.3]]
    >>> labels = [0, 0, 1, 0, 1, 1, 1, 1]
    >>> votes = cupel.neighbors.get_label_votes(labels, points, k=3)
    >>> votes.argmax(axis=1)
    array([0, 0, 0, 0, 1, 1, 1, 1])
    """
    progress = as_progress(progress)
    if (features is None) == (knn_graph is None):
        msg = "pass either features or knn_graph"
        raise ValueError(msg)
    if knn_graph is None:
        loaded = FeatureSet.load(features, metric=metric, n_jobs=n_jobs, min_rows=2)
        of, n_rows, most, default = "features", loaded.n_rows, loaded.n_rows - 1, _VOTERS
        choice = "there are so many other rows"
    else:
        graph = as_graph(knn_graph, metric)
        of, n_rows, most, default = "knn_graph", graph.n_rows, graph.k, graph.k
        choice = "knn_graph has so many"
    given, columns = labels_of_rows(labels, n_rows, of=of, classes=classes, n_classes=n_classes)
    voters = min(default, most) if k is None else as_k(k, most, choice=choice)
    if knn_graph is None:
        graph = loaded.neighbors(voters, progress=progress)
    return label_votes(given, graph.indices[:, :voters], columns)
