"""The tests of preflight for the predictions of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from cupel._arrays import as_array
from cupel._graph import KnnGraph
from cupel.datalab.checks.preflight.features import (
    check_related,
    length_warning,
    number_relations,
)
from cupel.datalab.checks.preflight.rows import check_lags, check_order, number_signals
from cupel.datalab.checks.preflight.warning import (
    Floats,
    PreflightWarning,
    quantile,
    rows_in_words,
)

__all__ = ["check_regression"]

_FEWEST_ROWS = 10
_PERFECT = 0.99
_HONEST_BY_NEIGHBORS = 0.9
_PERFECT_ALONE = 0.9999
_SCALE = 20.0
_NEIGHBORS = 10
_SMALLEST_DEVIATION = 1e-100  # relative to the greatest number


def check_regression(
    labels: Floats, predictions: Any, graph: KnnGraph | None
) -> list[PreflightWarning]:
    """Look at numbers and their predictions.

    Parameters
    ----------
    labels : ndarray of float64, shape (n,)
        Given numbers; nan where there is none.
    predictions : array_like, shape (n,)
        Whatever the caller passed for predictions.
    graph : KnnGraph or None
        Neighbours of the same n rows.
    """
    try:
        predicted = as_array(predictions, "predictions")
    except (TypeError, ValueError) as error:
        return [PreflightWarning("not_numeric", str(error), "error")]
    if predicted.dtype.kind not in "fiub" or predicted.size != len(predicted.ravel()):
        message = f"predictions must hold numbers, has dtype {predicted.dtype}"
        return [PreflightWarning("not_numeric", message, "error")]
    if predicted.ndim != 1 and predicted.shape[1:] != (1,):
        message = f"predictions must have a number per example, has shape {predicted.shape}"
        return [PreflightWarning("wrong_shape", message, "error")]
    found, predicted = [], predicted.reshape(-1).astype(np.float64)
    if len(predicted) != len(labels):
        found.append(length_warning("predictions", len(predicted), len(labels)))
        n = min(len(predicted), len(labels))
        labels, predicted, graph = labels[:n], predicted[:n], None
    bad = np.flatnonzero(~np.isfinite(predicted))
    if len(bad):
        message = (
            f"predictions are nan or infinite in {rows_in_words(bad, len(predicted))}; predict "
            "these rows again, or leave them out"
        )
        figures = {"num_rows": len(bad), "first_row": int(bad[0])}
        found.append(PreflightWarning("not_finite", message, "error", bad, figures))
        predicted = np.where(np.isfinite(predicted), predicted, np.nan)
    known = np.isfinite(labels) & np.isfinite(predicted)
    if np.count_nonzero(known) < _FEWEST_ROWS:
        return found
    both = np.where(known, labels, np.nan), np.where(known, predicted, np.nan)
    return found + _compared(*both, graph)


def _compared(labels: Floats, predicted: Floats, graph: KnnGraph | None) -> list[PreflightWarning]:
    known = np.isfinite(labels)
    # Squares of numbers near the ends of the range would not be numbers any more.
    unit = max(float(np.abs(labels[known]).max()), float(np.abs(predicted[known]).max())) or 1.0
    labels, predicted = labels / unit, predicted / unit
    y, p = labels[known], predicted[known]
    if np.ptp(p) <= 1e-9 * max(abs(float(p[0])), 1e-9):
        message = f"predictions are the same number, {unit * p[0]:.4g}, in every row"
        return [PreflightWarning("constant_predictions", message, "error")]
    if min(y.std(), p.std()) < _SMALLEST_DEVIATION:
        return []
    shifted = check_lags(*number_signals(labels, predicted), len(labels))
    if shifted is not None:
        return [shifted]
    m = len(y)
    scale = _check_scale(y, p, unit)
    slope = float(np.cov(y, p, bias=True)[0, 1] / p.var())
    deviation = float(y.std() / p.std() / np.sqrt(m - 1))
    relations = None if graph is None else number_relations(labels, predicted, graph)
    if scale is None:
        shuffled = check_order(slope, deviation, float(p.var() / y.var()), m, relations)
        if shuffled is not None:
            return [shuffled]
    found = [] if scale is None else [scale]
    related = None
    if relations is not None and graph is not None:
        related = check_related(relations, slope >= quantile(1) * deviation, labels, graph)
    found += [w for w in (related, _check_in_sample(labels, predicted, graph)) if w is not None]
    return found


def _check_scale(y: Floats, p: Floats, unit: float) -> PreflightWarning | None:
    ratio, distance = float(p.std() / y.std()), abs(float(p.mean() - y.mean())) / float(y.std())
    if 1 / _SCALE**2 <= ratio <= _SCALE and distance <= _SCALE / 2:
        return None
    message = (
        f"predictions are on another scale than labels: means {unit * p.mean():.4g} and "
        f"{unit * y.mean():.4g}, standard deviations {unit * p.std():.3g} and "
        f"{unit * y.std():.3g}; undo the scaling or logarithm of "
        "the target"
    )
    figures = {"ratio_of_deviations": ratio, "distance_of_means": distance}
    return PreflightWarning("wrong_scale", message, "error", figures=figures)


def _check_in_sample(
    labels: Floats, predicted: Floats, graph: KnnGraph | None
) -> PreflightWarning | None:
    known = np.isfinite(labels)
    variance = float(labels[known].var())
    fit = 1 - float(np.mean((labels - predicted)[known] ** 2)) / variance
    figures = {"r_squared": fit}
    seen = f"predictions explain {100 * fit:.4g} % of the variance of the labels"
    if graph is None:
        if fit < _PERFECT_ALONE:
            return None
    else:
        near = labels[graph.indices[:, :_NEIGHBORS]].mean(axis=1)
        usable = known & np.isfinite(near)
        by_neighbors = 1 - float(np.mean((labels - near)[usable] ** 2)) / variance
        figures["r_squared_of_neighbors"] = by_neighbors
        if fit < _PERFECT or by_neighbors > _HONEST_BY_NEIGHBORS:
            return None
        seen += f", the mean of the nearest neighbours {100 * max(by_neighbors, 0):.3g} %"
    message = (
        f"predictions may be in-sample: {seen}. A model that was trained on a row repeats its "
        "label, right or wrong; predict every row by a model that did not see it "
        "(cross_val_predict)"
    )
    return PreflightWarning("in_sample", message, "suspicion", figures=figures)
