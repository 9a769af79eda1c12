"""The k nearest neighbours of every row, as a value; made by the core or from others' graphs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel._arrays import as_array, at_position, kind_of, shown

__all__ = ["UNKNOWN", "KnnGraph", "as_graph", "graph_of_core"]

UNKNOWN = "unknown"
# 1 - cos in float32 falls this far below zero for vectors that point the same way.
_ROUNDING = 1e-5


@dataclass(frozen=True, eq=False, slots=True)
class KnnGraph:
    """The nearest neighbours of every row of a data set, the row itself not among them.

    Immutable. Made by :func:`cupel.neighbors.knn_graph`, or from what another library found by
    `from_arrays` and `from_csr`, which check it.

    Attributes
    ----------
    distances : ndarray of float64, shape (n, k)
        Ascending in each row; read-only.
    indices : ndarray of int64, shape (n, k)
        Rows at these distances, the lower first where distances are equal; read-only.
    metric : str
        ``"euclidean"``, ``"cosine"``, or whatever another library called it.
    exact : bool
        Whether these are the true neighbours.
    recall : float or None
        Share of the true neighbours that were found in a random sample of rows; None if not
        measured.
    recall_interval : tuple of float or None
        95 % confidence interval of the recall of all rows.

    Raises
    ------
    TypeError, ValueError
        If the arrays are no such graph; the message names the first bad row.

    Examples
    --------
    >>> from cupel.neighbors import KnnGraph
    >>> graph = KnnGraph.from_arrays([[0.0, 1.0], [0.0, 1.0], [0.0, 4.0]], [[0, 1], [1, 0], [2, 1]])
    >>> graph.indices.tolist()
    [[1], [0], [1]]
    """

    distances: NDArray[np.float64]
    indices: NDArray[np.int64]
    metric: str
    exact: bool
    recall: float | None = None
    recall_interval: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Check and canonise what the caller passed."""
        if not isinstance(self.metric, str):
            msg = f"metric must be the name of a metric, got {type(self.metric).__name__}"
            raise TypeError(msg)
        distances, indices = _checked(self.distances, self.indices)
        object.__setattr__(self, "distances", distances)
        object.__setattr__(self, "indices", indices)

    def __repr__(self) -> str:
        """Say what it is, without the arrays."""
        how = "exact" if self.exact else "not known to be exact"
        if self.recall is not None:
            how = f"recall {self.recall:.4g}"
        return f"KnnGraph(n_rows={self.n_rows}, k={self.k}, metric={self.metric!r}, {how})"

    @property
    def n_rows(self) -> int:
        """Number of rows, n."""
        return int(self.distances.shape[0])

    @property
    def k(self) -> int:
        """Number of neighbours of each row."""
        return int(self.distances.shape[1])

    @classmethod
    def from_arrays(
        cls,
        distances: ArrayLike,
        indices: ArrayLike,
        *,
        metric: str = UNKNOWN,
        exact: bool = False,
    ) -> KnnGraph:
        """Make a graph of the two arrays that most libraries return.

        Parameters
        ----------
        distances : array_like of float, shape (n, k)
            Distances, never their squares: of FAISS's ``IndexFlatL2`` pass ``numpy.sqrt(D)``.
        indices : array_like of int, shape (n, k)
            The rows at these distances, in the same order.
        metric : str
            What the distances are; ``"euclidean"`` and ``"cosine"`` are known by name.
        exact : bool, default False
            Whether these are the true neighbours.

        Returns
        -------
        KnnGraph
            With the entries of a row sorted by distance, then row number. Where rows list
            themselves, as those of most libraries do, those entries are left out; k is then one
            less, and rows that do not list themselves lose their farthest neighbour. Distances a
            little below zero, as rounding makes them, become 0.

        Raises
        ------
        TypeError, ValueError
            If the arrays are no such graph, or a row is padded with -1 or inf because too few
            neighbours were found; the message names the first bad row.

        Notes
        -----
        O(n k log(k)).

        Examples
        --------
        >>> from cupel.neighbors import KnnGraph
        >>> KnnGraph.from_arrays([[2.0, 1.0], [3.0, 1.0], [2.0, 3.0]], [[2, 1], [2, 0], [0, 1]])
        KnnGraph(n_rows=3, k=2, metric='unknown', not known to be exact)
        """
        return cls(distances, indices, metric, bool(exact))  # type: ignore[arg-type]

    @classmethod
    def from_csr(cls, graph: Any, *, metric: str = UNKNOWN, exact: bool = False) -> KnnGraph:
        """Make a graph of a sparse matrix of distances, as scikit-learn and cleanlab hold them.

        Parameters
        ----------
        graph : sparse matrix or array of SciPy, shape (n, n)
            As many entries in every row, zeros stored; with or without the rows themselves.
        metric, exact
            As in `from_arrays`.

        Returns
        -------
        KnnGraph
            As `from_arrays`.

        Raises
        ------
        TypeError, ValueError
            If it is no such graph; the message names the first bad row.
        """
        if not hasattr(graph, "tocsr"):
            msg = f"graph must be a sparse matrix of SciPy, got {type(graph).__name__}"
            raise TypeError(msg)
        csr = graph.tocsr()
        if csr.ndim != 2 or csr.shape[0] != csr.shape[1] or not csr.shape[0]:
            msg = f"graph must have shape (n, n), got {csr.shape}"
            raise ValueError(msg)
        counts = np.diff(csr.indptr)
        other = counts != counts[0]
        if other.any():
            row = int(other.argmax())
            msg = (
                f"graph must have as many entries in every row, but row {row} has {counts[row]} "
                f"and row 0 has {counts[0]}; neighbours at distance 0 must be stored too"
            )
            raise ValueError(msg)
        shape = (len(counts), int(counts[0]))
        return cls.from_arrays(
            csr.data.reshape(shape), csr.indices.reshape(shape), metric=metric, exact=exact
        )

    def to_csr(self) -> Any:
        """Return the graph as a sparse matrix of SciPy, as cleanlab and scikit-learn take it.

        Returns
        -------
        scipy.sparse.csr_matrix of float64, shape (n, n)
            The k distances of each row in ascending order (so columns are not sorted), zeros
            stored, rows themselves left out.

        Raises
        ------
        ImportError
            If SciPy is not installed.
        """
        try:
            from scipy import sparse  # type: ignore[import-untyped, unused-ignore]
        except ImportError as error:
            msg = "KnnGraph.to_csr() needs SciPy: pip install scipy"
            raise ImportError(msg) from error
        n, k = self.distances.shape
        ends = np.arange(0, n * k + 1, k)
        data, columns = self.distances.flatten(), self.indices.flatten()
        return sparse.csr_matrix((data, columns, ends), shape=(n, n))


def graph_of_core(
    distances: NDArray[np.float64],
    indices: NDArray[np.int64],
    metric: str,
    *,
    recall: float | None = None,
    recall_interval: tuple[float, float] | None = None,
) -> KnnGraph:
    """Make a graph of what the core returned, which needs no check; exact if no recall is given."""
    graph = object.__new__(KnnGraph)
    distances.flags.writeable = indices.flags.writeable = False
    values = (distances, indices, metric, recall is None, recall, recall_interval)
    for name, value in zip(KnnGraph.__slots__, values, strict=True):
        object.__setattr__(graph, name, value)
    return graph


def as_graph(graph: Any, metric: str | None = None, *, name: str = "knn_graph") -> KnnGraph:
    """Return `graph` as a KnnGraph: one, a sparse matrix, or a pair (distances, indices).

    `metric` says what the distances are where the graph does not.
    """
    if isinstance(graph, KnnGraph):
        if metric is None or metric == graph.metric:
            return graph
        if graph.metric != UNKNOWN:
            msg = f"metric is {shown(metric)}, but the distances of {name} are {graph.metric}"
            raise ValueError(msg)
        return replace(graph, metric=metric)
    metric = UNKNOWN if metric is None else metric
    if hasattr(graph, "tocsr"):
        return KnnGraph.from_csr(graph, metric=metric)
    if isinstance(graph, tuple) and len(graph) == 2:
        return KnnGraph.from_arrays(*graph, metric=metric)
    msg = (
        f"{name} must be a KnnGraph, a sparse matrix of distances, or a tuple of (distances, "
        f"indices), got {type(graph).__name__}"
    )
    raise TypeError(msg)


def _checked(distances: Any, indices: Any) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return both arrays sorted, without the rows themselves, as read-only copies."""
    found, rows = as_array(distances, "distances"), as_array(indices, "indices")
    if found.dtype.char not in "efd":
        msg = f"distances must hold floats, got {kind_of(distances, found)}"
        raise TypeError(msg)
    if rows.dtype.kind not in "iu":
        msg = f"indices must hold integers, got {kind_of(indices, rows)}"
        raise TypeError(msg)
    for name, a in (("distances", found), ("indices", rows)):
        if a.ndim != 2 or not a.size:
            msg = (
                f"{name} must have shape (n, k) with k neighbours for each of n rows, got {a.shape}"
            )
            raise ValueError(msg)
    if found.shape != rows.shape:
        msg = f"indices has shape {rows.shape}, distances has {found.shape}; they must agree"
        raise ValueError(msg)
    _check_cells(found, rows)
    sorted_distances, sorted_rows = _without_self(
        *_sorted(np.maximum(found, 0, dtype=np.float64), rows.astype(np.int64))
    )
    _check_repetitions(sorted_rows)
    sorted_distances.flags.writeable = sorted_rows.flags.writeable = False
    return sorted_distances, sorted_rows


def _check_cells(distances: NDArray[Any], indices: NDArray[Any]) -> None:
    n = len(distances)
    inside = (indices >= 0) & (indices < n)
    if not inside.all():
        why = f"expected a row in [0, {n})"
        if (indices[~inside] == -1).any():
            why += "; the index found too few neighbours for this row: search wider, or for fewer"
        _refuse("indices", indices, inside, why)
    finite = np.isfinite(distances)
    if not finite.all():
        _refuse("distances", distances, finite, "expected a finite distance")
    enough = distances >= -_ROUNDING
    if not enough.all():
        _refuse(
            "distances", distances, enough, "expected a distance; similarities must be converted"
        )


def _refuse(name: str, a: NDArray[Any], good: NDArray[np.bool_], why: str) -> NoReturn:
    at = np.unravel_index(good.argmin(), a.shape)
    msg = f"{name}{at_position(at)} is {a[at]}, {why}"
    raise ValueError(msg)


def _sorted(
    distances: NDArray[np.float64], indices: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sort each row by distance, then index."""
    before, after = distances[:, :-1], distances[:, 1:]
    ascending = (before < after) | ((before == after) & (indices[:, :-1] < indices[:, 1:]))
    if ascending.all():
        return distances, indices
    order = np.lexsort((indices, distances), axis=1)
    return np.take_along_axis(distances, order, 1), np.take_along_axis(indices, order, 1)


def _without_self(
    distances: NDArray[np.float64], indices: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Leave out each row itself, or else its last entry, if any row lists itself."""
    n, k = indices.shape
    other = indices != np.arange(n)[:, np.newaxis]
    if other.all():
        return distances, indices
    if k == 1:
        msg = f"indices lists row {int(other.argmin())} as its own neighbour, and no other row"
        raise ValueError(msg)
    other[:, -1] &= ~other.all(axis=1)
    if np.count_nonzero(other) != n * (k - 1):
        row = int((other.sum(axis=1) < k - 1).argmax())
        msg = f"indices lists row {row} among its own neighbours more than once"
        raise ValueError(msg)
    return distances[other].reshape(n, k - 1), indices[other].reshape(n, k - 1)


def _check_repetitions(indices: NDArray[np.int64]) -> None:
    ordered = np.sort(indices, axis=1)
    repeated = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    if repeated.any():
        row = int(repeated.argmax())
        values, counts = np.unique(indices[row], return_counts=True)
        msg = f"indices lists row {values[counts.argmax()]} twice among the neighbours of row {row}"
        raise ValueError(msg)
