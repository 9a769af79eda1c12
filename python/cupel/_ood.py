"""Scores behind the outlier module: of mean distances, and of predicted probabilities."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._features import as_integer, as_real

__all__ = ["METHODS", "distance_scores", "mean_distances", "probability_scores", "scale_of"]

METHODS = ("entropy", "least_confidence", "gen")

_FEW_ULPS = 100 * float(np.finfo(np.float64).eps)
# Mean distances below these are rounding, and count as none; metrics not listed have no such limit.
_ROUNDING = {
    "cosine": 100 * float(np.finfo(np.float64).epsneg),
    "euclidean": _FEW_ULPS**0.5,
    "minkowski": _FEW_ULPS**0.5,
}
_LEAST_SCALE = 1e-6
_BLOCK_CELLS = 1 << 18  # so that the copies of a block stay in the cache


def mean_distances(distances: NDArray[Any], k: int) -> NDArray[np.float64]:
    """Mean distance to the first k neighbours, at least 0."""
    return np.asarray(np.maximum(distances[:, :k].mean(axis=1, dtype=np.float64), 0.0))


def scale_of(means: NDArray[np.float64]) -> float:
    """Mean distance of a typical row; never 0."""
    return max(float(np.median(means)), _FEW_ULPS)


def distance_scores(
    means: NDArray[np.float64], t: float, scale: float, metric: str
) -> NDArray[np.float64]:
    """Score in [0, 1], lower for rows whose neighbours are farther."""
    with np.errstate(over="ignore", under="ignore"):
        scores = np.exp(-t * (means / max(scale, _LEAST_SCALE)))
    return np.where(means < _ROUNDING.get(metric, 0.0), 1.0, scores)


def probability_scores(
    pred_probs: NDArray[Any],
    thresholds: NDArray[Any] | None,
    method: str,
    top: Any,
    gamma: Any,
) -> NDArray[Any]:
    """Score in [0, 1], lower for rows that the classifier is unsure of.

    Parameters
    ----------
    pred_probs : ndarray of float, shape (n, k)
        Checked.
    thresholds : ndarray, shape (k,), or None
        Class thresholds that the probabilities are adjusted by.
    method : str
        One of `METHODS`.
    top, gamma
        ``M`` and ``gamma`` of the method "gen".

    Returns
    -------
    ndarray, shape (n,)
        float64 for "entropy"; else of the common type of probabilities and thresholds.
    """
    dtype = np.result_type(pred_probs, *(() if thresholds is None else (thresholds,)))
    score: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    if method == "entropy":
        score, dtype = _certainty, np.dtype(np.float64)
    elif method == "least_confidence":
        score = _largest
    else:
        score = _generalised_entropy(top, gamma, pred_probs.shape[1])
    out = np.empty(len(pred_probs), dtype=dtype)
    shift = None if thresholds is None else thresholds.astype(np.float64).max() - thresholds
    rows = max(1, _BLOCK_CELLS // pred_probs.shape[1])
    for start in range(0, len(out), rows):
        block = np.maximum(pred_probs[start : start + rows], 0.0, dtype=np.float64)
        out[start : start + rows] = score(block if shift is None else _adjusted(block, shift))
    return out


def _adjusted(probs: NDArray[np.float64], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities above the thresholds, moved to be positive and rescaled to sum to 1."""
    probs += shift
    total = probs.sum(axis=1, keepdims=True)
    probs /= np.where(total > 0, total, 1.0)
    return probs


def _certainty(probs: NDArray[np.float64]) -> NDArray[np.float64]:
    """One minus the entropy as a share of the largest possible."""
    classes = probs.shape[1]
    if classes == 1:
        return np.ones(len(probs))
    logs = np.log(probs, where=probs > 0, out=np.zeros_like(probs))
    entropy = -(probs * logs).sum(axis=1)
    return np.asarray(np.clip(1.0 - entropy / np.log(classes), 0.0, 1.0))


def _largest(probs: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(probs.max(axis=1))


def _generalised_entropy(
    top: Any, gamma: Any, classes: int
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """One minus the mean of p^gamma (1 - p)^gamma over the `top` largest of softmax(pred_probs)."""
    m = as_integer(top, name="M", least=1)
    power = as_real(gamma, name="gamma")
    if m > classes:
        msg = f"params['M'] is {m}, but there are {classes} classes; set it to at most that"
        warnings.warn(msg, UserWarning, stacklevel=5)

    def score(probs: NDArray[np.float64]) -> NDArray[np.float64]:
        largest = probs.max(axis=1, keepdims=True)
        p = np.exp(probs - largest)
        p /= p.sum(axis=1, keepdims=True)
        if m < classes:
            p = np.partition(p, classes - m, axis=1)[:, classes - m :]
            p.sort(
                axis=1
            )  # a partition's order, and so the rounded sum, differs between processors
        return np.asarray(1.0 - (p**power * (1.0 - p) ** power).sum(axis=1) / m)

    return score
