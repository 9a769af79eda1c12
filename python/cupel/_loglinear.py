"""Weights of log-linear models: how far to trust each of several sources of log-probabilities.

The model of a row is ``p_z`` proportional to ``exp(offset_z + sum_m w_m * scores_mz)``. The log
probability of given labels is concave in the weights (Hinton, "Products of Experts", 1999; a
multinomial logit), so that its maximum over weights from 0 to `MOST` is found by Newton steps on
those weights that are not held at a bound (Bertsekas, "Projected Newton Methods", 1982).
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
_TOLERANCE = 1e-6  # of a weight; the last Newton step leaves about its square
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
        target = weights + _newton_step(weights, at.gradient, at.hessian)
        for _ in range(_MOST_HALVINGS):
            moved = np.clip(target, 0.0, MOST)
            if np.abs(moved - weights).max() <= _TOLERANCE:
                return moved
            there = _expansion(moved, scores, labels, offset)
            if there.likelihood >= at.likelihood:
                break
            target = (target + weights) / 2
        else:  # no better within rounding
            break
        weights, at = moved, there
    return weights


def _newton_step(weights: Float64s, gradient: Float64s, hessian: Float64s) -> Float64s:
    """Step to the maximum of the quadratic through here, for weights not held at a bound."""
    held = ((weights <= 0) & (gradient <= 0)) | ((weights >= MOST) & (gradient >= 0))
    free = np.flatnonzero(~held)
    curvature = -hessian[np.ix_(free, free)]
    curvature[np.diag_indices_from(curvature)] += _RIDGE
    step = np.zeros_like(weights)
    step[free] = np.linalg.solve(curvature, gradient[free])
    return step


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
