"""What every example is worth to a nearest-neighbour classifier of the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._arrays import as_array
from cupel._extras import require
from cupel._features import METRICS, as_integer, as_k
from cupel._graph import KnnGraph
from cupel._runtime import resolve_threads
from cupel._search import FeatureSet

__all__ = ["data_shapley_knn"]


def data_shapley_knn(
    labels: Any,
    *,
    features: Any = None,
    knn_graph: Any = None,
    metric: str | Callable[..., float] | None = None,
    k: int = 10,
    n_jobs: int | None = None,
) -> NDArray[np.float64]:
    r"""Score what each example contributes to predicting the labels of its neighbours.

    With :math:`m_{aj} = 1` where row a has the label of its j-th neighbour, else 0, and the sum
    over the rows a that have example i as neighbour j, at place :math:`j(a)`,

    .. math:: s_i = \frac12 + \frac1{2nk} \sum_a \left(m_{aj(a)} - m_{ak}\right)

    Parameters
    ----------
    labels : array_like, shape (n,)
        Label of each example: numbers or names, equal or not. nan equals nothing.
    features : array_like of float, shape (n, d), optional
        One row per example; embeddings, say. Or pass `knn_graph`, which wins over features.
    knn_graph : sparse matrix of shape (n, n), or KnnGraph, optional
        The nearest neighbours: a CSR matrix with as many entries in every row, in the order of
        their distance, as scikit-learn and :meth:`cupel.neighbors.KnnGraph.to_csr` make it. Entries
        are taken as they lie; ``KnnGraph.from_csr`` sorts them, and leaves the rows themselves out.
    metric : str or callable, optional
        For features: ``"cosine"`` or ``"euclidean"``, or any that scikit-learn's NearestNeighbors
        knows (needs scikit-learn). When left out, cosine for more than three columns, else
        euclidean.
    k : int, default 10
        Neighbours that count; less than n, and at most as many as the graph has.
    n_jobs : int, optional
        Threads to use; -1 for all. The result does not depend on it.

    Returns
    -------
    ndarray of float64, shape (n,)
        In [0, 1]; below 0.5 the example does harm, on balance.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n k) time and O(n) memory for a graph, whole numbers until the last division. For features,
    the exact search of neighbours besides (see :func:`cupel.neighbors.knn_graph`); equal distances
    are in the order of rows, after the rows identical to the example.

    R. Jia et al., "Efficient Task-Specific Data Valuation for Nearest Neighbor Algorithms", PVLDB 12
    (2019), theorem 1, whose division by ranks is left out as in cleanlab.

    Examples
    --------
    >>> from cupel.data_valuation import data_shapley_knn
    >>> points = [[0.0], [0.1], [0.3], [0.4], [5.0], [5.1], [5.3]]
    >>> data_shapley_knn([0, 0, 1, 0, 1, 1, 1], features=points, k=3).round(2)
    array([0.5 , 0.5 , 0.43, 0.5 , 0.55, 0.55, 0.55])
    """
    threads = resolve_threads(n_jobs)
    wanted = as_integer(k, name="k", least=1)
    codes = _codes_of(labels)
    if knn_graph is not None:
        neighbors = _neighbors_of(knn_graph, len(codes))
        of = "knn_graph"
    elif features is not None:
        neighbors = _search(features, metric, wanted, n_jobs)
        of = "features"
    else:
        msg = "pass features or knn_graph"
        raise ValueError(msg)
    if len(codes) != len(neighbors):
        msg = (
            f"labels has {len(codes)} rows, {of} has {len(neighbors)}; they must describe the same "
            "examples"
        )
        raise ValueError(msg)
    wanted = as_k(wanted, neighbors.shape[1], choice=f"{of} has so many neighbours per row")
    sums = _core.knn_shapley_sums(codes, neighbors, wanted, threads)
    return np.asarray(0.5 * (sums / len(codes) / wanted + 1.0))


def _codes_of(labels: Any) -> NDArray[np.int64]:
    """Return whole numbers that are equal where labels are."""
    a = as_array(labels, "labels")
    if a.ndim == 2 and a.shape[1] == 1:
        a = a[:, 0]
    if a.ndim != 1 or not a.size:
        msg = f"labels must have shape (n,), one label per example, got {a.shape}"
        raise ValueError(msg)
    if a.dtype.kind in "iub":
        return a.astype(np.int64)
    if a.dtype.kind == "O":
        return _codes_of_objects(a)
    codes = np.unique(a, return_inverse=True, equal_nan=False)[1]
    return codes.reshape(-1).astype(np.int64, copy=False)


def _codes_of_objects(a: NDArray[Any]) -> NDArray[np.int64]:
    known: dict[Any, int] = {}
    try:
        codes = [
            -1 - i if label != label else known.setdefault(label, len(known))  # noqa: PLR0124
            for i, label in enumerate(a)  # only nan differs from itself
        ]
    except (TypeError, ValueError) as error:
        msg = f"labels must hold numbers or names: {error}"
        raise TypeError(msg) from error
    return np.array(codes, dtype=np.int64)


def _neighbors_of(graph: Any, n_rows: int) -> NDArray[Any]:
    """Return a graph's neighbours, shape (n, k), as they lie."""
    if isinstance(graph, KnnGraph):
        return np.ascontiguousarray(graph.indices)
    if not hasattr(graph, "tocsr"):
        msg = f"knn_graph must be a sparse matrix or a KnnGraph, got {type(graph).__name__}"
        raise TypeError(msg)
    matrix = graph.tocsr()
    sizes = np.diff(matrix.indptr)
    if matrix.shape != (n_rows, n_rows):
        msg = f"knn_graph must have shape ({n_rows}, {n_rows}), like labels, got {matrix.shape}"
        raise ValueError(msg)
    uneven = sizes != sizes[0]
    if uneven.any():
        row = int(uneven.argmax())
        msg = (
            f"knn_graph has {sizes[row]} neighbours of row {row}, {sizes[0]} of row 0; every row "
            "must have as many"
        )
        raise ValueError(msg)
    indices = np.asarray(matrix.indices)[: n_rows * int(sizes[0])].reshape(n_rows, -1)
    wide = np.int32 if indices.dtype == np.int32 else np.int64
    return np.ascontiguousarray(indices, dtype=wide)


def _search(features: Any, metric: Any, k: int, n_jobs: int | None) -> NDArray[np.int64]:
    """Search neighbours; rows identical to a row come first."""
    known = metric is None or (isinstance(metric, str) and metric in METRICS)
    loaded = FeatureSet.load(
        features, metric=metric if known else "euclidean", n_jobs=n_jobs, min_rows=2
    )
    as_k(k, loaded.n_rows - 1)
    if known:
        neighbors = loaded.neighbors(k, method="exact").indices
    else:
        neighbors = _search_elsewhere(loaded.matrix, metric, k)
    return _core.identical_neighbors_first(neighbors, loaded.identical())


def _search_elsewhere(features: NDArray[Any], metric: Any, k: int) -> NDArray[np.int64]:
    """Search by a metric that only scikit-learn knows."""
    module = require("sklearn.neighbors", f"data_shapley_knn with metric {metric!r}")
    found = module.NearestNeighbors(n_neighbors=k, metric=metric).fit(features)
    return np.ascontiguousarray(found.kneighbors(return_distance=False), dtype=np.int64)
