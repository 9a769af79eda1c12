"""Scores of numeric labels, from what a regression model predicted for the same examples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._errors import InvalidArgumentError
from cupel._ood import distance_scores, scale_of
from cupel._runtime import resolve_threads
from cupel._validate import as_choice
from cupel.regression._numeric_labels import as_numeric

__all__ = ["get_label_quality_scores"]

METHODS = ("residual", "outre")
_RESIDUAL_WEIGHT = 5.0  # of a standardised residual, relative to a standardised label
_TINY = 1e-100
_BLOCK = 1 << 14  # so that a block stays in the cache from step to step


def get_label_quality_scores(
    labels: Any, predictions: Any, *, method: str = "outre", n_jobs: int | None = None
) -> NDArray[Any]:
    r"""Score every numeric label by how well it agrees with the model.

    With ``"outre"``, an example is the point of its label and five times its residual
    :math:`\hat y - y`, both standardised over the data; with :math:`d_i` the mean distance to the
    half of all points that is nearest (itself included),

    .. math:: s_i = \exp\left(-d_i / \mathrm{median}_j\, d_j\right)

    With ``"residual"``, :math:`s_i = \exp(-|\hat y_i - y_i|)`, which depends on the unit of labels.

    Parameters
    ----------
    labels : array_like of int or float, shape (n,)
        Given label of each example.
    predictions : array_like of int or float, shape (n,)
        Out-of-sample predictions for the same examples.
    method : {"outre", "residual"}
        Score to compute.
    n_jobs : int, optional
        Threads to use; -1 for all. The result does not depend on it.

    Returns
    -------
    ndarray of float, shape (n,)
        In [0, 1], lower is worse; in the common float type of the arguments ("outre": float64 for
        float16).

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row. With
        "outre" also if a value is infinite.

    Notes
    -----
    "outre": O(n^1.5) time for labels without extreme outliers, O(n^2) at worst; O(n) memory. Mean
    distances are within 2e-8 of the exact ones, relatively. "residual": O(n).

    Examples
    --------
    >>> from cupel.regression.rank import get_label_quality_scores
    >>> labels, predictions = [1.0, 2.0, 9.0, 4.0, 5.0, 6.0], [1.1, 2.0, 3.0, 4.1, 5.0, 6.1]
    >>> get_label_quality_scores(labels, predictions).round(3)
    array([0.273, 0.363, 0.   , 0.373, 0.485, 0.373])
    >>> get_label_quality_scores([1.0, 2.0, 9.0], [1.0, 2.1, 3.0], method="residual").round(3)
    array([1.   , 0.905, 0.002])
    """
    as_choice(method, METHODS, name="method")
    threads = resolve_threads(n_jobs)
    given = as_numeric(labels, name="labels")
    predicted = as_numeric(predictions, name="predictions")
    if given.shape != predicted.shape:
        msg = (
            f"labels has {len(given)} values, predictions has {len(predicted)}; they must describe "
            "the same examples"
        )
        raise InvalidArgumentError(msg)
    if given.dtype.kind in "iu" and predicted.dtype.kind in "iu":
        given = given.astype(np.float64)  # differences of integers may not fit their type
    if method == "residual":
        return _residual(given, predicted)
    for name, values in (("labels", given), ("predictions", predicted)):
        _check_finite(values, name)
    return _outre(given, predicted, threads)


def _residual(labels: NDArray[Any], predictions: NDArray[Any]) -> NDArray[Any]:
    scores = np.empty(len(labels), dtype=np.result_type(labels, predictions))
    for start in range(0, len(scores), _BLOCK):
        block = slice(start, start + _BLOCK)
        part = np.subtract(predictions[block], labels[block], out=scores[block])
        np.negative(np.abs(part, out=part), out=part)
        np.exp(part, out=part)
    return scores


def _outre(labels: NDArray[Any], predictions: NDArray[Any], threads: int) -> NDArray[Any]:
    with np.errstate(over="ignore", invalid="ignore"):  # refused where they matter
        residuals = _standardised(predictions - labels, "predictions - labels")
        features = (_standardised(labels, "labels"), _RESIDUAL_WEIGHT * residuals)
    common = np.result_type(*features)
    x, y = (np.ascontiguousarray(f, dtype=common).astype(np.float64) for f in features)
    nearest_half = (len(labels) + 1) // 2
    means = _core.mean_nearest_distances(x, y, nearest_half, threads)
    scores = distance_scores(means, 1.0, scale_of(means), "euclidean")
    return scores.astype(np.float32) if common == np.float32 else scores


def _standardised(values: NDArray[Any], name: str) -> NDArray[Any]:
    spread = values.std()
    if not np.isfinite(spread):
        largest = np.abs(values).max()
        msg = f"{name} has the size {largest}, too large for a standard deviation in {values.dtype}"
        raise ValueError(msg)
    return np.asarray((values - values.mean()) / (spread + _TINY))


def _check_finite(values: NDArray[Any], name: str) -> None:
    finite = np.isfinite(values)
    if not finite.all():
        row = int(finite.argmin())
        msg = f"{name}[{row}] is {values[row]}, expected a finite number; drop such examples first"
        raise ValueError(msg)
