"""The noise posterior: how likely each label is wrong, what it should be, and how many are.

Confident learning estimates how labels were confused. The noise posterior uses that estimate once
more: by Bayes' rule, with the probabilities and the given label of each example. On real noise it
lists more errors earlier than confident learning's own scores, suggests better labels, and counts
them; ``docs/noise-posterior.md`` has the derivation, the figures and the failures. The same scores
are ``method="noise_posterior"`` in :mod:`cupel.rank`, and ``filter_by="noise_posterior"`` in
:mod:`cupel.filter`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core, _posterior
from cupel._features import as_integer
from cupel._pool import pool_pred_probs
from cupel._posterior import LabelPosteriors, NoiseModel
from cupel._problem import Problem
from cupel._validate import as_labels, as_scores, check_classes

__all__ = [
    "ExpectedErrors",
    "LabelPosteriors",
    "NoiseModel",
    "estimate_label_errors",
    "fit_noise_model",
    "get_label_posteriors",
    "get_true_label_probs",
    "pool_pred_probs",
]


@dataclass(frozen=True, eq=False)
class ExpectedErrors:
    """Expected number of wrong labels.

    Attributes
    ----------
    total, standard_error : float
        Overall. The standard error is that of the examples' own chance, given the model: it does
        not know how wrong the model is, which is usually many times that.
    per_class, per_class_standard_error : ndarray of float64, shape (k,)
        By given class.
    """

    total: float
    standard_error: float
    per_class: NDArray[np.float64]
    per_class_standard_error: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        labels: Any,
        error_probability: Any,
        n_classes: int,
        *,
        classes: Sequence[Any] | None = None,
    ) -> ExpectedErrors:
        r"""Add up error probabilities, overall and by given class.

        The standard errors are :math:`\sqrt{\sum_i q_i (1 - q_i)}` with the probabilities
        :math:`q`.

        Parameters
        ----------
        labels : array_like of int or str, shape (n,)
            Given class of each example.
        error_probability : array_like of float, shape (n,)
            Probability that it is wrong, as in `LabelPosteriors`; nan where an example is left out.
        n_classes : int
            Number of classes, k.
        classes : sequence, optional
            Names of the k classes in order, if labels are names.

        Returns
        -------
        ExpectedErrors
            Counts and their standard errors, all 0 if every example is left out.

        Raises
        ------
        TypeError, ValueError
            If an argument is of a wrong kind or value; the message names the first bad row.

        Notes
        -----
        O(n + k) time and memory. The sums do not depend on the order of the examples.

        Examples
        --------
        >>> import numpy as np
        >>> import cupel
        >>> errors = cupel.posterior.ExpectedErrors.of([0, 0, 1, 1], [0.5, 0.5, 0.2, np.nan], 2)
        >>> errors.total, errors.per_class
        (1.2, array([1. , 0.2]))
        >>> round(errors.standard_error, 2)
        0.81
        """
        n_classes = as_integer(n_classes, name="n_classes", least=1)
        wrong = as_scores(error_probability, name="error_probability")
        wrong = wrong.astype(np.float64, copy=False)
        given = as_labels(labels, None, classes=classes, n_classes=n_classes)
        _check_judged(given, wrong, n_classes)
        judged = ~np.isnan(wrong)
        errors, variances = _core.expected_errors(given[judged], wrong[judged], n_classes)
        return cls(
            total=float(errors.sum()),
            standard_error=float(np.sqrt(variances.sum())),
            per_class=errors,
            per_class_standard_error=np.sqrt(variances),
        )


def _check_judged(given: NDArray[Any], wrong: NDArray[np.float64], n_classes: int) -> None:
    """Refuse what the core would misread, or could not name because rows are left out."""
    if len(given) != len(wrong):
        msg = f"labels has {len(given)} rows, error_probability has {len(wrong)}"
        raise ValueError(msg)
    check_classes(given, n_classes)
    bad = (wrong < 0) | (wrong > 1)
    if bad.any():
        row = int(bad.argmax())
        msg = f"error_probability[{row}] is {wrong[row]}, expected a number in [0, 1], or nan"
        raise ValueError(msg)


def fit_noise_model(
    labels: Any,
    pred_probs: Any,
    *,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
) -> NoiseModel:
    r"""Estimate how labels were confused, and how certain the probabilities should be.

    The noise matrix is, for three quarters, the shares of given labels among the examples that
    are most confidently of each class after one step of unmixing; for one quarter, the confident
    joint's. The temperature is the one under which the given labels are likeliest.

    Parameters
    ----------
    labels : array_like of int or str, shape (n,)
        Given class of each example.
    pred_probs : array_like of float, shape (n, k)
        Out-of-sample probabilities. float16, float32 and float64 are read in place.
    classes : sequence, optional
        Class names in the order of the columns of `pred_probs`, if labels are names.
    nan : {"raise", "drop"}
        What to do with rows that hold a nan or an infinity.
    n_jobs : int, optional
        Threads to use; -1 for all. The result does not depend on it.

    Returns
    -------
    NoiseModel
        To judge these examples, or others that came about in the same way.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    Two passes over the matrix, and a fit to at most max(16384, 32 k) rows, spread evenly. O(n k)
    time, O(k^2) memory besides the sample. Confident joint: Northcutt et al. (2021), section 3.1.
    Unmixing: Richardson (1972), Lucy (1974).

    Examples
    --------
    >>> import numpy as np
    >>> import cupel
    >>> probs = np.array([[0.9, 0.1]] * 9 + [[0.2, 0.8]] * 9)
    >>> labels = [0] * 8 + [1] + [1] * 9
    >>> cupel.posterior.fit_noise_model(labels, probs).noise_matrix.round(1)
    array([[0.9, 0. ],
           [0.1, 1. ]])
    """
    problem = Problem.load(labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs)
    return _posterior.fitted(problem)


def get_label_posteriors(
    labels: Any,
    pred_probs: Any,
    *,
    noise_model: NoiseModel | None = None,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
) -> LabelPosteriors:
    r"""Judge every label: its score, how likely it is wrong, and what it should be.

    .. math:: P(j \mid x, g) \propto T_{gj} \, \pi_j(x)^a

    with the given label :math:`g`, the noise matrix :math:`T`, the temperature :math:`a`, and
    :math:`\pi` the probabilities over their thresholds, unmixed by one step.

    Parameters
    ----------
    labels, pred_probs, classes, nan, n_jobs
        As in `fit_noise_model`.
    noise_model : NoiseModel, optional
        Used as it is instead of the one that would be fitted.

    Returns
    -------
    LabelPosteriors
        A named tuple of arrays of shape (n,). Rows left out by ``nan="drop"`` hold nan, and -1 as
        the suggested label.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    One pass after the fit: O(n (k + min(k, 16)^2)) time, no memory besides the result. With more
    than 16 classes the 16 of largest probability over threshold are weighed, the others taken as
    impossible.

    Examples
    --------
    >>> import numpy as np
    >>> import cupel
    >>> probs = np.array([[0.9, 0.1]] * 9 + [[0.2, 0.8]] * 9)
    >>> found = cupel.posterior.get_label_posteriors([0] * 8 + [1] + [1] * 9, probs)
    >>> int(found.scores.argmin()), int(found.suggested_label[8])
    (8, 0)
    """
    problem = Problem.load(labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs)
    judged = _posterior.judge(problem, noise_model)
    return LabelPosteriors(
        problem.expand_scores(judged.scores),
        problem.expand_scores(judged.error_probability),
        problem.expand_labels(judged.suggested_label),
        problem.expand_scores(judged.suggested_probability),
    )


def get_true_label_probs(
    labels: Any,
    pred_probs: Any,
    *,
    noise_model: NoiseModel | None = None,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
) -> NDArray[np.float64]:
    """Probability of each class to be the true one, given the label and the probabilities.

    Parameters
    ----------
    labels, pred_probs, noise_model, classes, nan, n_jobs
        As in `get_label_posteriors`.

    Returns
    -------
    ndarray of float64, shape (n, k)
        Rows sum to 1; nan in rows left out by ``nan="drop"``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    As `get_label_posteriors`, but the result is a matrix.

    Examples
    --------
    >>> import cupel
    >>> model = cupel.posterior.NoiseModel([0.5, 0.5], [[0.9, 0.2], [0.1, 0.8]])
    >>> cupel.posterior.get_true_label_probs([0, 1], [[0.5, 0.5]] * 2, noise_model=model).round(2)
    array([[0.8, 0.2],
           [0.1, 0.9]])
    """
    problem = Problem.load(labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs)
    found = _posterior.true_label_probs(problem, noise_model)
    if problem.kept is None:
        return found
    out = np.full((problem.n_rows, problem.n_classes), np.nan)
    out[problem.kept] = found
    return out


def estimate_label_errors(
    labels: Any,
    pred_probs: Any,
    *,
    noise_model: NoiseModel | None = None,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
) -> ExpectedErrors:
    r"""Estimate how many labels are wrong, overall and by given class.

    The sum of the error probabilities, with the standard error
    :math:`\sqrt{\sum_i q_i (1 - q_i)}`.

    Parameters
    ----------
    labels, pred_probs, noise_model, classes, nan, n_jobs
        As in `get_label_posteriors`.

    Returns
    -------
    ExpectedErrors
        Counts and their standard errors.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    As `get_label_posteriors`. The sums do not depend on the order of the examples.

    Examples
    --------
    >>> import numpy as np
    >>> import cupel
    >>> probs = np.array([[0.9, 0.1]] * 9 + [[0.2, 0.8]] * 9)
    >>> errors = cupel.posterior.estimate_label_errors([0] * 8 + [1] + [1] * 9, probs)
    >>> round(errors.total, 1), errors.per_class.round(1)
    (1.0, array([0., 1.]))
    """
    problem = Problem.load(labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs)
    judged = _posterior.judge(problem, noise_model)
    return ExpectedErrors.of(problem.labels, judged.error_probability, problem.n_classes)
