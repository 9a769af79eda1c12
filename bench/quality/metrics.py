"""Figures of a ranking, a flagged set, suggestions and a count, with bootstrap resamples.

A resample is a row of weights: how often each example was drawn. The first row is all ones, so
that every figure is an array of which the first value is the figure itself, and the others are
the same of each resample. The answers of a method are kept as they are; it is not fitted again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .cases import Floats, Labels, Mask


class Interval(NamedTuple):
    """A figure with the middle 95 % of its resamples."""

    value: float
    low: float
    high: float


@lru_cache(maxsize=1)
def resample_weights(n: int, resamples: int, seed: int) -> Floats:
    """Weights of ``n`` examples, ones in the first row; sets of one size share the resamples."""
    rng = np.random.default_rng([seed, n])
    weights = np.ones((1 + resamples, n))
    for row in weights[1:]:
        row[:] = np.bincount(rng.integers(0, n, n), minlength=n)
    weights.flags.writeable = False
    return weights


def interval(figure: Floats) -> Interval:
    """Value and percentile interval; resamples in which it is undefined do not count."""
    resamples = figure[1:][np.isfinite(figure[1:])]
    if not (np.isfinite(figure[0]) and resamples.size):
        return Interval(float(figure[0]), float("nan"), float("nan"))
    low, high = np.quantile(resamples, [0.025, 0.975])
    return Interval(float(figure[0]), float(low), float(high))


def _ratio(over: NDArray[Any], under: NDArray[Any]) -> Floats:
    """Quotient, nan where it is undefined."""
    ratio = np.full(np.broadcast_shapes(over.shape, under.shape), np.nan)
    np.divide(over, under, out=ratio, where=under > 0)
    return ratio


class Ranking:
    """A list from the lowest score up: how many, and how many errors, down to each score.

    Examples of one score share one place, so that no figure depends on the order of ties.
    """

    def __init__(self, scores: NDArray[Any], errors: Mask, weights: Floats) -> None:
        order = np.argsort(scores, kind="stable")
        ordered = scores[order]
        ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], [True]))
        listed = weights[:, order]
        self.listed = np.cumsum(listed, axis=1)[:, ends]
        listed *= errors[order]
        self.found = np.cumsum(listed, axis=1, out=listed)[:, ends]

    def average_precision(self) -> Floats:
        """Mean over the errors of the precision down to their place."""
        precision = np.divide(
            self.found, self.listed, out=np.zeros_like(self.found), where=self.listed > 0
        )
        newly_found = np.diff(self.found, axis=1, prepend=0)
        return _ratio(np.einsum("ij,ij->i", precision, newly_found), self.found[:, -1])

    def precision_of_first(self, length: int) -> Floats:
        """Precision of the first ``length``; of ties at the cut the expected share."""
        return np.array(
            [
                _found_among(length, *row) / length
                for row in zip(self.listed, self.found, strict=True)
            ]
        )

    def curve(self, lengths: NDArray[np.int64]) -> Floats:
        """Precision at several lengths, of the data themselves."""
        return np.array([_found_among(n, self.listed[0], self.found[0]) / n for n in lengths])


def _found_among(length: int, listed: Floats, found: Floats) -> float:
    """Errors among the first ``length``, by the straight line between the ends of ties."""
    at = int(np.searchsorted(listed, length))
    if at == len(listed):
        return float(found[-1])
    before, before_found = (listed[at - 1], found[at - 1]) if at else (0.0, 0.0)
    part = (length - before) / (listed[at] - before)
    return float(before_found + part * (found[at] - before_found))


def f1(flagged: Mask, errors: Mask, weights: Floats) -> Floats:
    """Harmonic mean of the precision and the recall of a flagged set."""
    both = weights @ (flagged & errors)
    return _ratio(2 * both, weights @ flagged + weights @ errors)


def mean(values: NDArray[Any], weights: Floats) -> Floats:
    """Share of rows, or mean of a figure per row."""
    return _ratio(weights @ values, weights.sum(axis=1))


def share_right(suggested: Labels, true: Labels, errors: Mask, weights: Floats) -> Floats:
    """Of the true errors, how many have the true label suggested."""
    return _ratio(weights @ ((suggested == true) & errors), weights @ errors)


def relative_error(contributions: Floats, errors: Mask, weights: Floats) -> Floats:
    """Error of an estimated number of errors, the sum of a part per row, over the true one."""
    return _ratio(weights @ contributions, weights @ errors) - 1
