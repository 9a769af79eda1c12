"""Weights of log-linear models: how far to trust each of several sources of log-probabilities.

The model of a row is ``p_z`` proportional to ``exp(offset_z + sum_m w_m * scores_mz)``. The log
probability of given labels is concave in the weights (Hinton, "Products of Experts", 1999; a
multinomial logit), so that its maximum over weights from 0 to `MOST` is found by Newton steps over
those weights that are not held at a bound, cut short where another one meets its bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST", "block_rows", "fit_weights", "sample_rows", "softmax"]

Float64s = NDArray[np.float64]

MOST = 4.0
_MOST_STEPS, _MOST_HALVINGS = 50, 30
_LEAST_GAIN = 1e-13  # of the likelihood: close to its rounding, and Newton's last step is exact
_ROUNDING = 1e-12
_RIDGE = 1e-12  # where sources are copies of each other
_BLOCK_CELLS = 1 << 18  # so that the copies of a block stay in the cache
_SAMPLE_CELLS = 1 << 22
_LEAST_SAMPLE = 2048


def block_rows(n_classes: int) -> int:
    """Rows to work on at a time."""
    return max(1, _BLOCK_CELLS // n_classes)


def sample_rows(n_rows: int, n_classes: int) -> NDArray[np.int64]:
    """Rows to fit weights to: all, or evenly spread ones where there are more than needed."""
    size = min(n_rows, max(_LEAST_SAMPLE, _SAMPLE_CELLS // n_classes))
    return np.arange(size) * n_rows // size


def softmax(logits: Float64s) -> Float64s:
    """Probabilities of rows of logits; -inf where a class is impossible."""
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def fit_weights(
    scores: Sequence[Float64s], labels: NDArray[np.int64], offset: Float64s | float = 0.0
) -> Float64s:
    """Weights in [0, `MOST`], one per matrix of `scores`, that make the labels likeliest.

    Parameters
    ----------
    scores : sequence of ndarray of float64, each of shape (n, k)
        Finite.
    labels : ndarray of int64, shape (n,)
        Of a class that `offset` does not exclude.
    offset : ndarray of float64, shape (k,), or float
        Log prior; -inf where a class is impossible.
    """
    weights = np.zeros(len(scores))
    at = _expansion(weights, scores, labels, offset)
    for _ in range(_MOST_STEPS):
        step = _newton_step(weights, at)
        step_inside = min(1.0, _room(weights, step)) * step
        if at.gradient @ step <= _LEAST_GAIN:
            return _inside(weights + step_inside)
        for _ in range(_MOST_HALVINGS):
            moved = _inside(weights + step_inside)
            there = _expansion(moved, scores, labels, offset)
            if there.likelihood >= at.likelihood:
                break
            step_inside /= 2
        else:  # no better within rounding
            break
        weights, at = moved, there
    return weights


def _newton_step(weights: Float64s, at: _Expansion) -> Float64s:
    """Step to the maximum of the quadratic through here, over the weights not held at a bound.

    Held is what the gradient, or else the step, would move out.
    """
    free = ~_leaves(weights, at.gradient)
    while True:
        step = np.zeros_like(weights)
        if not free.any():
            return step
        curvature = -at.hessian[np.ix_(free, free)]
        curvature[np.diag_indices_from(curvature)] += _RIDGE
        step[free] = np.linalg.solve(curvature, at.gradient[free])
        leaving = free & _leaves(weights, step)
        if not leaving.any():
            return step
        free &= ~leaving


def _leaves(weights: Float64s, direction: Float64s) -> NDArray[np.bool_]:
    """Which weights are at a bound that the direction does not lead away from."""
    return ((weights <= 0) & (direction <= 0)) | ((weights >= MOST) & (direction >= 0))


def _room(weights: Float64s, step: Float64s) -> float:
    """How often the step fits within the bounds."""
    moving = step != 0
    bound = np.where(step > 0, MOST, 0.0)
    return float(((bound - weights)[moving] / step[moving]).min(initial=np.inf))


def _inside(weights: Float64s) -> Float64s:
    """Weights within the bounds, on them if they are there but for rounding."""
    clipped = np.clip(weights, 0.0, MOST)
    bound = np.where(clipped > MOST / 2, MOST, 0.0)
    return np.where(np.abs(clipped - bound) < _ROUNDING, bound, clipped)


class _Expansion(NamedTuple):
    """Mean log probability of the labels, and its derivatives by the weights."""

    likelihood: float
    gradient: Float64s
    hessian: Float64s


def _expansion(
    weights: Float64s,
    scores: Sequence[Float64s],
    labels: NDArray[np.int64],
    offset: Float64s | float,
) -> _Expansion:
    m, (n, k) = len(scores), scores[0].shape
    likelihood, gradient, hessian = 0.0, np.zeros(m), np.zeros((m, m))
    rows = block_rows(k)
    for start in range(0, n, rows):
        part = slice(start, start + rows)
        blocks, given = [s[part] for s in scores], labels[part, np.newaxis]
        logits = offset + sum(w * s for w, s in zip(weights, blocks, strict=True))
        p = softmax(logits)
        of_label = np.take_along_axis(p, given, axis=1)
        likelihood += float(np.log(np.maximum(of_label, np.finfo(np.float64).tiny)).sum())
        centred = [s - (p * s).sum(axis=1, keepdims=True) for s in blocks]
        for a in range(m):
            gradient[a] += np.take_along_axis(centred[a], given, axis=1).sum()
            for b in range(m):
                hessian[a, b] -= (p * centred[a] * centred[b]).sum()
    return _Expansion(likelihood / n, gradient / n, hessian / n)
