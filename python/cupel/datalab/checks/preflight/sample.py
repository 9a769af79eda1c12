"""An even sample of labels and probabilities, centred: what the tests of preflight look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cupel.datalab.checks.preflight.warning import Floats, Ints, even_rows

__all__ = ["Sample", "class_codes"]

_CODES = 10
_CELLS = 500_000
_ROWS_OF_CLASS = 10
_MIN_ROWS = 10_000


@dataclass(frozen=True, eq=False)
class Sample:
    """At most 10,000 rows, fewer of many classes but 10 of each, evenly spaced.

    Attributes
    ----------
    rows : ndarray of int64, shape (m,)
        Which rows.
    labels : ndarray of int64, shape (m,), or None
        The given labels; None for multi-label data.
    sets : ndarray of float32, shape (m, k), or None
        Of multi-label data, 1 where an example has the class.
    probs : ndarray of float32, shape (m, k)
        The probabilities.
    means : ndarray of float32, shape (k,)
        Their means.
    lifts : ndarray of float32, shape (m, k)
        Probabilities beyond the means: what the model says about an example.
    """

    rows: Ints
    labels: Ints | None
    sets: Floats | None
    probs: Floats
    means: Floats
    lifts: Floats

    @classmethod
    def of_labels(cls, labels: Ints, matrix: Floats, usable: NDArray[np.bool_]) -> Sample:
        """Take a sample of the usable rows that have a label with a column."""
        k = matrix.shape[1]
        rows = _chosen(usable & (labels >= 0) & (labels < k), k)
        return cls._of(rows, labels[rows], None, matrix)

    @classmethod
    def of_sets(cls, given: Floats, matrix: Floats, usable: NDArray[np.bool_]) -> Sample:
        """Take a sample of multi-label data: `given` is 1 where an example has the class."""
        rows = _chosen(usable, matrix.shape[1])
        return cls._of(rows, None, given[rows].astype(np.float32), matrix)

    @classmethod
    def _of(cls, rows: Ints, labels: Ints | None, sets: Floats | None, matrix: Floats) -> Sample:
        probs = matrix[rows].astype(np.float32)
        means = probs.mean(axis=0) if len(rows) else np.zeros(matrix.shape[1], np.float32)
        return cls(rows, labels, sets, probs, means, probs - means)

    @property
    def shares(self) -> Floats:
        """Share of the examples that have each class."""
        if self.labels is None:
            assert self.sets is not None
            means: Floats = self.sets.mean(axis=0, dtype=np.float64)
            return means
        counts = np.bincount(self.labels, minlength=len(self.means))
        shares: Floats = counts / max(len(self.rows), 1)
        return shares

    def given(self, at: Ints, classes: Ints) -> Floats:
        """Return 1 where an example has the class, else 0: [example, class]."""
        if self.labels is None:
            assert self.sets is not None
            chosen: Floats = self.sets[np.ix_(at, classes)]
            return chosen
        return np.asarray(self.labels[at, None] == classes, dtype=np.float32)

    def agreement(self) -> tuple[float, float, float]:
        """Return how far labels bear the probabilities out.

        Returns
        -------
        slope : float
            Covariance of labels and probabilities over the variance of the probabilities: 1 where
            these are calibrated, 0 where they have nothing to do with the labels.
        deviation : float
            Standard deviation of the slope over all orders of the labels, exactly.
        claimed : float
            The variance of the probabilities, summed over classes.
        """
        m, lifts = len(self.rows), self.lifts
        variances = np.square(lifts).sum(axis=0, dtype=np.float64) / m
        claimed = float(variances.sum())
        if not claimed:
            return 0.0, np.inf, 0.0
        if self.labels is None:
            assert self.sets is not None
            borne_out = float((lifts * self.sets).sum(dtype=np.float64)) / m
            centred = self.sets - self.sets.mean(axis=0)
            product = (lifts.T @ lifts).astype(np.float64) * (centred.T @ centred)
            variance = float(product.sum()) / m**2
        else:
            borne_out = float(lifts[np.arange(m), self.labels].sum(dtype=np.float64)) / m
            shares = self.shares
            mixed = np.square(np.einsum("ij,j->i", lifts, shares)).sum() / m
            variance = float(shares @ variances - mixed)
        deviation = np.sqrt(max(variance, 1e-12 * claimed) / max(m - 1, 1)) / claimed
        return borne_out / claimed, float(deviation), claimed


def _chosen(usable: NDArray[np.bool_], k: int) -> Ints:
    rows = np.flatnonzero(usable)
    limit = max(min(_MIN_ROWS, _CELLS // k), _ROWS_OF_CLASS * k)
    return rows[even_rows(len(rows), limit)]


def class_codes(k: int) -> Floats:
    """Return a series of at most 10 numbers for each class, orthonormal or nearly so.

    More than 10 classes are mixed by random signs, the same in every call; what agrees class by
    class goes on to agree.
    """
    if k <= _CODES:
        return np.eye(k)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(k, _CODES))
    codes: Floats = signs / np.sqrt(_CODES)
    return codes
