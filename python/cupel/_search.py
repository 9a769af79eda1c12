"""Checked features behind every neighbour search, and the searches themselves.

`FeatureSet.load` is the way in: it passes features through the front door and chooses the metric.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._arrays import at_position, copied
from cupel._features import METRICS, Progress, as_features, as_k, as_metric
from cupel._graph import KnnGraph, graph_of_core
from cupel._runtime import resolve_threads

__all__ = ["OF_ROWS", "SEARCHES", "FeatureSet", "FittedNeighbors"]

OF_ROWS = "there are so many rows"
SEARCHES = ("auto", "exact", "approximate")

# What "auto" still does exactly: rows * rows * columns, about ten minutes of one core.
_EXACT_BUDGET = 5e13
# Up to so many columns the exact search is no product of matrices, but grows as n log(n).
_FEW_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """Features as the core takes them.

    Attributes
    ----------
    matrix : ndarray of float, shape (n, d)
        Native, unit column stride, finite.
    metric : str
        One of `METRICS`.
    threads : int
        Threads a call may use.
    """

    matrix: NDArray[Any]
    metric: str
    threads: int

    @classmethod
    def load(
        cls,
        features: Any,
        *,
        metric: str | None = None,
        n_jobs: int | None = None,
        min_rows: int = 1,
    ) -> FeatureSet:
        """Check and convert what the caller passed."""
        threads = resolve_threads(n_jobs)
        matrix = _finite(as_features(features), threads, "features")
        if len(matrix) < min_rows:
            msg = f"features has {len(matrix)} row, expected at least {min_rows} to compare"
            raise ValueError(msg)
        return cls(matrix, as_metric(metric, matrix.shape[1]), threads)

    @property
    def n_rows(self) -> int:
        """Number of rows, n."""
        return int(self.matrix.shape[0])

    def neighbors(
        self,
        k: int,
        *,
        method: str = "auto",
        seed: int = 0,
        recall: float = 0.95,
        progress: Progress | None = None,
    ) -> KnnGraph:
        """Search the k nearest other rows of every row."""
        metric = METRICS[self.metric]
        if method == "exact" or (method == "auto" and self._exact_is_affordable()):
            found = _core.knn_self(self.matrix, metric, k, self.threads, progress)
            return graph_of_core(*found, self.metric)
        distances, indices, measured, low, high, _, _ = _core.knn_approximate(
            self.matrix, metric, k, recall, seed, self.threads, progress
        )
        return graph_of_core(
            distances, indices, self.metric, recall=measured, recall_interval=(low, high)
        )

    def nearest_of(
        self, queries: Any, k: int, *, name: str = "queries"
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Search the k nearest rows of every query."""
        wanted = as_features(queries, name=name)
        columns = self.matrix.shape[1]
        if wanted.shape[1] != columns:
            msg = f"{name} has {wanted.shape[1]} columns, but there are features of {columns}"
            raise ValueError(msg)
        wanted = _finite(wanted, self.threads, name)
        # The core reads both in one type; the wider one holds every number of the other.
        common = np.result_type(self.matrix, wanted)
        known, asked = (
            a if a.dtype == common else copied(a, common, name) for a in (self.matrix, wanted)
        )
        return _core.knn_query(known, asked, METRICS[self.metric], k, self.threads, None)

    def pairs(
        self, radius: float, progress: Progress | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Search all pairs of rows at most `radius` apart."""
        return _core.radius_pairs(self.matrix, METRICS[self.metric], radius, self.threads, progress)

    def groups(self, radius: float, progress: Progress | None = None) -> NDArray[np.int64]:
        """Lowest row that each row is connected to by steps of at most `radius`."""
        return _core.radius_groups(
            self.matrix, METRICS[self.metric], radius, self.threads, progress
        )

    def identical(self) -> NDArray[np.int64]:
        """Lowest row that is equal to each row."""
        return _core.identical_rows(self.matrix, self.threads)

    def _exact_is_affordable(self) -> bool:
        n, d = map(float, self.matrix.shape)
        return d <= _FEW_COLUMNS or n * n * d <= _EXACT_BUDGET


class FittedNeighbors:
    """Nearest neighbours among fixed rows, with as much of scikit-learn's interface as is used.

    Attributes
    ----------
    n_neighbors : int
        Neighbours that a query returns.
    metric : str
        One of `METRICS`.
    n_samples_fit_ : int
        Number of rows.
    graph_ : KnnGraph
        The neighbours of the rows themselves.
    """

    def __init__(self, features: FeatureSet, n_neighbors: int) -> None:
        self._features = features
        self.n_neighbors = n_neighbors
        self.metric = features.metric
        self.n_samples_fit_ = features.n_rows
        self.graph_ = features.neighbors(n_neighbors)

    @property
    def _fit_X(self) -> NDArray[Any]:
        return self._features.matrix

    def kneighbors(
        self, X: Any = None, n_neighbors: int | None = None, return_distance: bool = True
    ) -> Any:
        """Find the nearest rows of every query; without queries, of every row, itself left out.

        Parameters
        ----------
        X : array_like of float, shape (m, d), optional
            Queries.
        n_neighbors : int, optional
            Neighbours of each, instead of the attribute.
        return_distance : bool, default True
            Return distances too.

        Returns
        -------
        distances : ndarray of float64, shape (m, k)
            Ascending in each row; only if `return_distance`.
        indices : ndarray of int64, shape (m, k)
            The rows.

        Raises
        ------
        TypeError, ValueError
            If an argument is of a wrong kind or value; the message names the first bad row.
        """
        wanted = self.n_neighbors if n_neighbors is None else n_neighbors
        if X is None:
            k = as_k(wanted, self.n_samples_fit_ - 1, name="n_neighbors")
            graph = self.graph_ if k <= self.graph_.k else self._features.neighbors(k)
            distances, indices = graph.distances[:, :k].copy(), graph.indices[:, :k].copy()
        else:
            k = as_k(wanted, self.n_samples_fit_, name="n_neighbors", choice=OF_ROWS)
            distances, indices = self._features.nearest_of(X, k, name="X")
        return (distances, indices) if return_distance else indices


def _finite(matrix: NDArray[Any], threads: int, name: str) -> NDArray[Any]:
    """Return `matrix` if all of it is finite; name the first cell that is not."""
    row = _core.first_nonfinite_row(matrix, threads)
    if row < len(matrix):
        column = int(np.isfinite(matrix[row]).argmin())
        msg = (
            f"{name}{at_position((row, column))} is {matrix[row, column]}, expected a finite "
            "number; leave the row out, or fill the value in"
        )
        raise ValueError(msg)
    return matrix
