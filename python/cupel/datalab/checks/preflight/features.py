"""Whether features lie in the rows of labels and predictions, and say anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import shown
from cupel._graph import KnnGraph
from cupel.datalab.checks.preflight.sample import Sample, class_codes
from cupel.datalab.checks.preflight.warning import (
    Floats,
    Ints,
    PreflightWarning,
    even_rows,
    plural,
    quantile,
    rows_in_words,
)

__all__ = [
    "Relations",
    "check_features",
    "check_folds",
    "check_related",
    "class_relations",
    "length_warning",
    "number_relations",
]

_PROBED_ROWS = 1000
# Among many columns, pixels or embeddings, some that never change are usual.
_MANY_COLUMNS = 32
_USUAL_SHARE = 0.1
_UNRELATED = 0.25
_MAX_LAG = 1000
_ROWS_OF_LAGS = 2000
_NEIGHBORS = 5
# Rows that are each others neighbours count twice: errors are that much greater.
_SHARED = 1.5
_NEAR = 0.13  # of the median distance to the nearest neighbour, as in the near_duplicate check


def check_features(features: Any, n: int) -> list[PreflightWarning]:
    """Look for features that say nothing, or cannot be used; never raises."""
    try:
        matrix = np.asarray(features)
    except (TypeError, ValueError) as error:
        return [PreflightWarning("features_not_numeric", str(error), "error")]
    if matrix.dtype.kind not in "fiub" or matrix.ndim != 2 or not matrix.size:
        message = (
            f"features must be a matrix of numbers, a row per example, got dtype {matrix.dtype}, "
            f"shape {matrix.shape}"
        )
        return [PreflightWarning("features_not_numeric", message, "error")]
    if len(matrix) != n:
        return [length_warning("features", len(matrix), n)]
    bad = _not_finite(matrix)
    if len(bad):
        message = (
            f"features have nan or infinite cells in {rows_in_words(bad, n)}; fill them in, or "
            "leave these rows out"
        )
        figures = {"num_rows": len(bad), "first_row": int(bad[0])}
        return [PreflightWarning("features_not_finite", message, "error", bad, figures)]
    return _constant(matrix)


def length_warning(name: str, rows: int, n: int) -> PreflightWarning:
    """Say that an input has too many or too few rows."""
    message = (
        f"{name} has {rows:,} rows, there are {n:,} labels: {abs(rows - n):,} too "
        f"{'many' if rows > n else 'few'}; they must describe the same examples in the same order"
    )
    return PreflightWarning(
        "wrong_length", message, "error", figures={"input": name, "num_rows": rows, "expected": n}
    )


def _not_finite(matrix: NDArray[Any]) -> Ints:
    if matrix.dtype.kind != "f":
        return np.empty(0, dtype=np.int64)
    with np.errstate(all="ignore"):
        suspects = np.flatnonzero(~np.isfinite(matrix.sum(axis=1)))
    bad: Ints = suspects[~np.isfinite(matrix[suspects]).all(axis=1)]
    return bad


def _constant(matrix: NDArray[Any]) -> list[PreflightWarning]:
    if len(matrix) < 2:
        return []
    probed = matrix[even_rows(len(matrix), _PROBED_ROWS)]
    columns = np.flatnonzero((probed == probed[0]).all(axis=0))
    if not len(columns):
        return []
    columns = columns[(matrix[:, columns] == matrix[0, columns]).all(axis=0)]
    few = matrix.shape[1] <= _MANY_COLUMNS or len(columns) >= _USUAL_SHARE * matrix.shape[1]
    if not (len(columns) and few):
        return []
    figures = {"columns": columns[:20].tolist(), "num_columns": len(columns)}
    if len(columns) == matrix.shape[1]:
        message = (
            f"all {len(matrix):,} rows of features are equal: neighbours mean nothing; check how "
            "features were made"
        )
        return [PreflightWarning("identical_features", message, "error", figures=figures)]
    message = (
        f"{plural(len(columns), 'column')} of features of {matrix.shape[1]} "
        f"{'has' if len(columns) == 1 else 'have'} the same number in every row, the first is "
        f"column {int(columns[0])}; harmless, but check that it was meant so"
    )
    return [PreflightWarning("constant_features", message, "suspicion", figures=figures)]


@dataclass(frozen=True)
class Alike:
    """How alike neighbours are: 1 if equal, 0 as any two rows are.

    Attributes
    ----------
    share : float
        Mean product of a row's series with its neighbours', over the mean square.
    z : float
        The share over its standard error.
    bound : float
        What the share is below, almost surely.
    """

    share: float
    z: float
    bound: float

    @classmethod
    def of(cls, rows: Floats, neighbors: Floats) -> Alike:
        """Compare series of rows, (m, r), and of their neighbours, (m, k, r), both of mean 0."""
        products = np.einsum("ir,ijr->i", rows, neighbors) / neighbors.shape[1]
        square = max(float(np.einsum("ir,ir->", rows, rows)) / len(rows), 1e-300)
        error = _SHARED * float(products.std()) / np.sqrt(len(rows))
        mean = float(products.mean())
        z = mean / error if error else 0.0
        return cls(mean / square, z, (mean + 3 * error) / square)

    @property
    def is_chance(self) -> bool:
        """Whether neighbours are no more alike than any two rows."""
        return self.z < quantile(1) and self.bound < _UNRELATED


@dataclass(frozen=True)
class Relations:
    """Whether neighbours have like labels, and like predictions."""

    labels: Alike
    predictions: Alike


def class_relations(sample: Sample, labels: Ints, matrix: Floats, graph: KnnGraph) -> Relations:
    """Compare labels and probabilities of sampled rows with those of their neighbours."""
    rows, neighbors = _pairs(sample.rows, graph)
    known = (labels >= 0) & (labels < matrix.shape[1])
    codes = class_codes(matrix.shape[1])
    mean = sample.shares @ codes
    given = np.where(known[:, None], codes[np.where(known, labels, 0)] - mean, 0)
    lifts = [matrix[at] @ codes - sample.means @ codes for at in (rows, neighbors)]
    return Relations(Alike.of(given[rows], given[neighbors]), Alike.of(*lifts))


def number_relations(given: Floats, predicted: Floats, graph: KnnGraph) -> Relations:
    """Compare numbers and their predictions with those of their neighbours; nan is left out."""
    rows, neighbors = _pairs(np.flatnonzero(np.isfinite(given + predicted)), graph)
    series = (np.nan_to_num(v - np.nanmean(v))[:, None] for v in (given, predicted))
    return Relations(*(Alike.of(v[rows], v[neighbors]) for v in series))


def _pairs(rows: Ints, graph: KnnGraph) -> tuple[Ints, Ints]:
    rows = rows[even_rows(len(rows), _ROWS_OF_LAGS)]
    return rows, graph.indices[rows, : min(_NEIGHBORS, graph.k)]


def check_related(
    found: Relations, is_borne_out: bool, labels: NDArray[Any], graph: KnnGraph
) -> PreflightWarning | None:
    """Look for features that lie in other rows than what labels and predictions agree on.

    Parameters
    ----------
    found : Relations
        How alike neighbours are.
    is_borne_out : bool
        Whether labels and predictions agree beyond chance, in place.
    labels : ndarray, shape (n,)
        Labels, to look for a shift.
    graph : KnnGraph
        Neighbours by the features.
    """
    if not (is_borne_out and found.labels.is_chance and found.predictions.is_chance):
        return None
    figures: dict[str, Any] = {
        "labels_alike": found.labels.share,
        "predictions_alike": found.predictions.share,
    }
    seen = (
        "neighbours by the features have no more in common than any two rows, neither labels "
        f"({found.labels.share:.3f}, at most {max(found.labels.bound, 0):.2f}) nor predictions "
        f"({found.predictions.share:.3f}), although labels and predictions agree"
    )
    lag, z = _best_lag(labels, graph)
    if z < quantile(2 * _MAX_LAG):
        message = (
            f"features do not belong to the rows: {seen}; rows of features are shuffled, or they "
            "say nothing about the classes. Align the rows by an id"
        )
        return PreflightWarning("shuffled_features", message, "error", figures=figures)
    figures |= {"lag": lag, "z": z}
    message = (
        f"rows of features are shifted: {seen}; features of row i fit the label of row i "
        f"{'+' if lag > 0 else '-'} {abs(lag)} ({z:.0f} standard deviations above other lags). "
        "Align the rows by an id"
    )
    return PreflightWarning("shifted_features", message, "error", figures=figures)


def _best_lag(labels: NDArray[Any], graph: KnnGraph) -> tuple[int, float]:
    """Return the lag at which neighbours have most labels in common, and its z among all lags."""
    n = len(labels)
    reach = min(_MAX_LAG, (n - 1) // 2)
    rows = even_rows(n, _ROWS_OF_LAGS)
    lags = np.arange(-reach, reach + 1)[:, None]
    here, there = labels[(rows + lags) % n], labels[(graph.indices[rows, 0] + lags) % n]
    if labels.dtype.kind == "f":
        sums = -np.nan_to_num(np.abs(here - there)).sum(axis=1)
    else:
        sums = (here == there).sum(axis=1).astype(np.float64)
    best = int(sums.argmax())
    others = np.delete(sums, best)
    return best - reach, float((sums[best] - others.mean()) / max(others.std(), 1e-9))


def check_folds(graph: KnnGraph, folds: Any) -> PreflightWarning | None:
    """Look for near-duplicates that lie in different folds or parts of a split."""
    nearest = graph.distances[:, 0]
    links = (graph.distances < _NEAR * np.median(nearest)) | (graph.distances == 0)
    folds = np.asarray(folds)
    _, codes = np.unique(folds.astype(str), return_inverse=True)
    across = links & (codes[graph.indices] != codes[:, None])
    rows = np.flatnonzero(across.any(axis=1))
    if not len(rows):
        return None
    first = int(rows[0])
    other = int(graph.indices[first, int(across[first].argmax())])
    message = (
        f"near-duplicates lie in different folds: {rows_in_words(rows, len(codes))}, in "
        f"{shown(str(folds[first]))}, with row {other} in {shown(str(folds[other]))}; the model saw "
        "the answer. Keep duplicates in one fold (GroupKFold), or drop them"
    )
    figures = {"num_rows": len(rows), "first_row": first, "other_row": other}
    return PreflightWarning("duplicates_across_folds", message, "warning", rows, figures)
