"""Examples unlike the others: by their features' neighbours, or by a classifier's probabilities.

`OutOfDistribution` is cleanlab 2.9.0's class of this name; `find_outliers` applies the rule of its
Datalab to features or to a graph of neighbours. Kuan, Mueller, "Back to the Basics: Revisiting
Out-of-Distribution Detection Baselines", ICML Workshop on Principles of Distribution Shift (2022).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel._features import as_distances, as_k, as_progress, as_real
from cupel._graph import UNKNOWN, KnnGraph, as_graph
from cupel._ood import distance_scores, mean_distances, scale_of
from cupel._out_of_distribution import OutOfDistribution
from cupel._search import FeatureSet

__all__ = ["OutOfDistribution", "Outliers", "find_outliers", "outlier_scores"]

_THRESHOLD = 0.37037  # Datalab's: about 1.7 interquartile ranges


class Outliers(NamedTuple):
    """What `find_outliers` found.

    Attributes
    ----------
    scores : ndarray of float64, shape (n,)
        In [0, 1], lower is more outlying.
    is_outlier : ndarray of bool, shape (n,)
        Whether the mean distance is above `cut`.
    mean_distances : ndarray of float64, shape (n,)
        Mean distance of each row to its nearest neighbours.
    cut : float
        Third quartile of the mean distances and ``1 / threshold - 1`` interquartile ranges.
    knn_graph : KnnGraph
        The neighbours, for other functions to use.
    """

    scores: NDArray[np.float64]
    is_outlier: NDArray[np.bool_]
    mean_distances: NDArray[np.float64]
    cut: float
    knn_graph: KnnGraph


def outlier_scores(
    mean_distances: ArrayLike,
    *,
    t: float = 1,
    scaling_factor: float | None = None,
    metric: str = UNKNOWN,
) -> NDArray[np.float64]:
    r"""Turn mean distances to the nearest neighbours into scores.

    .. math:: s_i = \exp\left(-t \, \frac{d_i}{\mathrm{median}_j \, d_j}\right)

    Parameters
    ----------
    mean_distances : array_like of float, shape (n,)
        At least 0.
    t : float, default 1
        Larger values spread the scores of typical rows.
    scaling_factor : float, optional
        Used instead of the median, say that of other data.
    metric : str
        What the distances are. Mean distances within rounding of 0 score 1: below 1.1e-14 for
        ``"cosine"``, below 1.5e-7 for ``"euclidean"``.

    Returns
    -------
    ndarray of float64, shape (n,)
        In [0, 1], lower is more outlying; exp(-1) for a typical row.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n). The scale is at least 1e-6.

    Examples
    --------
    >>> from cupel.outlier import outlier_scores
    >>> outlier_scores([1.0, 1.0, 1.0, 2.0]).round(3)
    array([0.368, 0.368, 0.368, 0.135])
    """
    means = as_distances(mean_distances, name="mean_distances")
    scale = scale_of(means) if scaling_factor is None else _scale(scaling_factor)
    return distance_scores(means, as_real(t, name="t"), scale, metric)


def find_outliers(
    features: Any = None,
    *,
    knn_graph: Any = None,
    k: int | None = None,
    t: float = 1,
    threshold: float = _THRESHOLD,
    scaling_factor: float | None = None,
    metric: str | None = None,
    progress: Callable[[float], None] | None = None,
    n_jobs: int | None = None,
) -> Outliers:
    r"""Find the examples whose nearest neighbours are unusually far away.

    .. math:: \bar d_i > Q_3 + \left(\frac{1}{\mathrm{threshold}} - 1\right) (Q_3 - Q_1)

    Parameters
    ----------
    features : array_like of float, shape (n, d), optional
        One row per example; embeddings, say. Or pass `knn_graph`.
    knn_graph : KnnGraph, sparse matrix, or tuple of (distances, indices), optional
        The nearest neighbours, see :class:`cupel.neighbors.KnnGraph`.
    k : int, optional
        Neighbours to average over; when left out, all of the graph's, or of features 10 (n - 1 if
        that is less).
    t, scaling_factor
        As in `outlier_scores`.
    threshold : float, default 0.37037
        In (0, 1]; lower flags fewer.
    metric : str, optional
        For features, as in :func:`cupel.neighbors.knn_graph`; for a graph that does not know, what
        its distances are.
    progress, n_jobs
        For features, as in :func:`cupel.neighbors.knn_graph`.

    Returns
    -------
    Outliers
        A named tuple: scores, is_outlier, mean_distances, cut and the graph.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    The search of neighbours, and O(n k).

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.outlier import find_outliers
    >>> points = np.array([0.0, 1.0, 2.0, 4.0, 7.0, 11.0, 40.0]).reshape(-1, 1)
    >>> np.flatnonzero(find_outliers(points, k=2).is_outlier)
    array([6])
    """
    t = as_real(t, name="t")
    threshold = as_real(threshold, name="threshold", above=0.0, most=1.0)
    scale = None if scaling_factor is None else _scale(scaling_factor)
    progress = as_progress(progress)
    if (features is None) == (knn_graph is None):
        msg = "pass either features or knn_graph"
        raise ValueError(msg)
    if knn_graph is None:
        loaded = FeatureSet.load(features, metric=metric, n_jobs=n_jobs, min_rows=2)
        graph = loaded.neighbors(as_k(k, loaded.n_rows - 1), progress=progress)
    else:
        graph = as_graph(knn_graph, metric)
    used = graph.k if k is None else as_k(k, graph.k, choice="knn_graph has so many")
    means = mean_distances(graph.distances, used)
    low, high = np.quantile(means, (0.25, 0.75))
    cut = float(high + (1 / threshold - 1) * (high - low))
    scores = distance_scores(means, t, scale_of(means) if scale is None else scale, graph.metric)
    return Outliers(scores, np.asarray(means > cut), means, cut, graph)


def _scale(scaling_factor: Any) -> float:
    return as_real(scaling_factor, name="scaling_factor", above=0.0)
