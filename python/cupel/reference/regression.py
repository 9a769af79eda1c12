"""Scores of numeric labels: the specification of :mod:`cupel.regression`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["get_label_quality_scores", "mean_nearest_distances", "uncertainty_scores"]

Floats = NDArray[np.float64]

_FEW_ULPS = 100 * np.finfo(np.float64).eps
_TINY = 1e-100


def mean_nearest_distances(points: Floats, k: int) -> Floats:
    """Mean distance of each row of `points` to the k nearest rows, itself among them."""
    means = np.empty(len(points))
    for i, point in enumerate(points):
        distances = np.sqrt(((points - point) ** 2).sum(axis=1))
        means[i] = np.sort(distances)[:k].mean()
    return means


def get_label_quality_scores(
    labels: Floats, predictions: Floats, *, method: str = "outre"
) -> Floats:
    """Score each label; lower is worse."""
    residuals = predictions - labels
    if method == "residual":
        return np.asarray(np.exp(-np.abs(residuals)))
    points = np.column_stack([_standardised(labels), 5.0 * _standardised(residuals)])
    means = mean_nearest_distances(points, int(np.ceil(len(points) / 2)))
    scale = max(float(np.median(means)), _FEW_ULPS)
    scores = np.exp(-means / max(scale, 1e-6))
    scores[means < np.sqrt(_FEW_ULPS)] = 1.0
    return np.asarray(scores)


def uncertainty_scores(residuals: Floats, uncertainty: Floats | float) -> Floats:
    """Score residuals in units of how uncertain the predictions are; a typical one is 1/e."""
    surprise = np.abs(residuals / (uncertainty + _TINY))
    return np.asarray(np.exp(-surprise / (np.median(surprise) + _TINY)))


def _standardised(values: Floats) -> Floats:
    return np.asarray((values - values.mean()) / (values.std() + _TINY))
