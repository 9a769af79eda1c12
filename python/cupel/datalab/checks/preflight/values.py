"""Whether they are probabilities; what else numbers can be, and how to make probabilities of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import as_array
from cupel.datalab.checks.preflight.warning import (
    Floats,
    Ints,
    PreflightWarning,
    plural,
    rows_in_words,
)

__all__ = ["Values", "read_values"]

# float16 and probabilities written with two digits miss 1 by this much.
SUM_TOLERANCE = 0.02
_RANGE_TOLERANCE = 1e-6
_FEW = 0.01


@dataclass(frozen=True, eq=False)
class Values:
    """What could be made of the predictions.

    Attributes
    ----------
    matrix : ndarray of float, shape (n, k), or None
        Probabilities, as passed or as repaired; None where nothing can be said about them.
    is_usable : ndarray of bool, shape (n,)
        Rows of finite numbers.
    warnings : list of PreflightWarning
        What was wrong.
    """

    matrix: Floats | None
    is_usable: NDArray[np.bool_]
    warnings: list[PreflightWarning]


def read_values(pred_probs: Any, *, sums_to_one: bool) -> Values:
    """Look at every cell of the predicted probabilities; never raises.

    Parameters
    ----------
    pred_probs : array_like, shape (n, k)
        What the caller calls probabilities.
    sums_to_one : bool
        Whether exactly one class is right; False for multi-label data.
    """
    try:
        matrix = as_array(pred_probs, "pred_probs")
    except (TypeError, ValueError) as error:
        return _unreadable(str(error))
    if matrix.dtype.kind not in "fiub":
        return _unreadable(f"pred_probs must hold numbers, has dtype {matrix.dtype}")
    if matrix.ndim != 2 or matrix.shape[1] < 2 - (not sums_to_one) or not len(matrix):
        return _unreadable(
            f"pred_probs must have a row per example and a column per class, has shape "
            f"{matrix.shape}; for two classes pass the probabilities of both",
            "wrong_shape",
        )
    if matrix.dtype.kind != "f" or matrix.dtype.char in "eg":
        matrix = matrix.astype(np.float32 if matrix.dtype.char == "e" else np.float64)
    # A scale may be so wrong that sums overflow: they are said to be wrong, not computed right.
    with np.errstate(all="ignore"):
        return _judged(matrix, sums_to_one)


def _unreadable(message: str, name: str = "not_numeric") -> Values:
    return Values(None, np.empty(0, dtype=np.bool_), [PreflightWarning(name, message, "error")])


def _judged(matrix: Floats, sums_to_one: bool) -> Values:
    n = len(matrix)
    sums = matrix.sum(axis=1, dtype=matrix.dtype)
    finite = np.isfinite(sums)
    if not finite.all():
        if _are_logs(matrix, sums_to_one):
            return Values(np.exp(matrix), np.ones(n, np.bool_), [_logs(float(matrix.min()))])
        finite[~finite] = np.isfinite(matrix[~finite]).all(axis=1)
    warnings = []
    if not finite.all():
        warnings.append(_not_finite(matrix, np.flatnonzero(~finite)))
        if not finite.any():
            return Values(None, finite, warnings)
        matrix = np.where(finite[:, None], matrix, matrix.dtype.type(0))
        sums = np.where(finite, sums, sums.dtype.type(1))
    low, high = float(matrix.min()), float(matrix.max())
    if low >= -_RANGE_TOLERANCE and high <= 1 + _RANGE_TOLERANCE:
        repaired, more = _normalised(matrix, sums) if sums_to_one else (matrix, [])
    else:
        repaired, more = _rescaled(matrix, sums, low, high, sums_to_one)
    return Values(repaired, finite, warnings + more)


def _not_finite(matrix: Floats, rows: Ints) -> PreflightWarning:
    n_nan = int(np.isnan(matrix[rows]).any(axis=1).sum())
    message = (
        f"pred_probs has nan or infinite cells in {rows_in_words(rows, len(matrix))} "
        f"({n_nan:,} with nan); predict these rows again, or leave them out of the audit"
    )
    figures = {"num_rows": len(rows), "first_row": int(rows[0]), "num_nan": n_nan}
    return PreflightWarning("not_finite", message, "error", rows, figures)


def _normalised(matrix: Floats, sums: Floats) -> tuple[Floats, list[PreflightWarning]]:
    off = np.abs(sums - 1)
    bad = off > SUM_TOLERANCE
    if not bad.any():
        return matrix, []
    rows = np.flatnonzero(bad)
    worst = int(off.argmax())
    message = (
        f"pred_probs does not sum to 1 in {rows_in_words(rows, len(sums))}; the farthest is row "
        f"{worst} with a sum of {float(sums[worst]):.4g}; divide each row by its sum, or find out "
        "why classes are missing from it"
    )
    figures = {
        "num_rows": len(rows),
        "first_row": int(rows[0]),
        "worst_row": worst,
        "worst_sum": float(sums[worst]) if np.isfinite(sums[worst]) else str(sums[worst]),
    }
    few = rows if 2 * len(rows) < len(sums) else rows[:0]
    divisor = np.where(sums > 0, sums, 1)[:, None]
    found = PreflightWarning("unnormalised_rows", message, "warning", few, figures)
    return matrix / divisor, [found]


def _rescaled(
    matrix: Floats, sums: Floats, low: float, high: float, sums_to_one: bool
) -> tuple[Floats, list[PreflightWarning]]:
    """Say what numbers outside of [0, 1] are, and turn them into probabilities."""
    beyond = (matrix < -_RANGE_TOLERANCE) | (matrix > 1 + _RANGE_TOLERANCE)
    outside = np.asarray(beyond.any(axis=1), dtype=np.bool_)
    if outside.mean() < _FEW and (not sums_to_one or np.abs(np.median(sums) - 1) < SUM_TOLERANCE):
        clipped = np.clip(matrix, 0, 1)
        within = np.where(outside, sums.dtype.type(1), sums)
        more = _normalised(matrix, within)[1] if sums_to_one else []
        return clipped, [_out_of_range(np.flatnonzero(outside), len(sums), low, high), *more]
    if low < -_RANGE_TOLERANCE and _are_logs(matrix, sums_to_one):
        return np.exp(matrix), [_logs(low)]
    if low < -_RANGE_TOLERANCE:
        return _softmax(matrix, sums_to_one), [_logits(low, high, int(outside.sum()), len(sums))]
    if (np.abs(np.median(sums) - 100) < 2) if sums_to_one else high <= 100:
        return matrix / 100, [_percentages(high, float(np.median(sums)))]
    if not sums_to_one:
        found = _out_of_range(np.flatnonzero(outside), len(sums), low, high)
        return matrix / high, [found]
    return matrix / np.where(sums > 0, sums, 1)[:, None], [_counts(high, outside)]


def _are_logs(matrix: Floats, sums_to_one: bool) -> bool:
    if not matrix.max() <= _RANGE_TOLERANCE:
        return False
    return not sums_to_one or bool(
        np.abs(np.median(np.exp(matrix).sum(axis=1)) - 1) < SUM_TOLERANCE
    )


def _softmax(matrix: Floats, sums_to_one: bool) -> Floats:
    if not sums_to_one:
        return 1 / (1 + np.exp(-matrix))
    powers = np.exp(matrix - matrix.max(axis=1, keepdims=True))
    probs: Floats = powers / powers.sum(axis=1, keepdims=True)
    return probs


def _logs(low: float) -> PreflightWarning:
    message = (
        f"pred_probs holds logarithms of probabilities: no number is above 0, the lowest is "
        f"{low:.4g}; pass numpy.exp(pred_probs)"
    )
    return PreflightWarning("log_probabilities", message, "error", figures={"minimum": str(low)})


def _logits(low: float, high: float, n_rows: int, n: int) -> PreflightWarning:
    message = (
        f"pred_probs holds logits or other scores, not probabilities: they go from {low:.4g} to "
        f"{high:.4g}, outside of [0, 1] in {plural(n_rows, 'row')} of {n:,}; apply the softmax "
        "(scipy.special.softmax(pred_probs, axis=1)), or the sigmoid to multi-label scores"
    )
    figures = {"minimum": low, "maximum": high, "num_rows": n_rows}
    return PreflightWarning("logits", message, "error", figures=figures)


def _counts(high: float, outside: NDArray[np.bool_]) -> PreflightWarning:
    rows = np.flatnonzero(outside)
    message = (
        f"pred_probs holds votes, counts or scores, not probabilities: numbers up to {high:.4g}, "
        f"above 1 in {rows_in_words(rows, len(outside))}; divide counts by the sum of their row, "
        "apply the softmax to logits"
    )
    figures = {"maximum": high, "num_rows": len(rows), "first_row": int(rows[0])}
    return PreflightWarning("unnormalised_rows", message, "error", figures=figures)


def _percentages(high: float, median: float) -> PreflightWarning:
    message = (
        f"pred_probs holds percentages: numbers up to {high:.4g}, rows that sum to {median:.4g}; "
        "divide by 100"
    )
    figures = {"maximum": high, "median_sum": median}
    return PreflightWarning("percentages", message, "error", figures=figures)


def _out_of_range(rows: Ints, n: int, low: float, high: float) -> PreflightWarning:
    message = (
        f"pred_probs has numbers outside of [0, 1] in {rows_in_words(rows, n)}: they go from "
        f"{low:.4g} to {high:.4g}; correct these rows"
    )
    figures = {
        "num_rows": len(rows),
        "first_row": int(rows[0]),
        "minimum": low,
        "maximum": high,
    }
    few = rows if 2 * len(rows) < n else rows[:0]
    return PreflightWarning("out_of_range", message, "error", few, figures)
