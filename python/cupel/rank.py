"""Label quality scores and the order in which to review examples.

The functions of cleanlab 2.9.0's module of this name, with its signatures, defaults and results,
and three more keyword arguments: `classes`, `nan` and `n_jobs` (see :mod:`cupel.count`). Scores lie
in [0, 1], lower is worse. Every order breaks ties by row number.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel import _core
from cupel._ensemble import member_weights
from cupel._problem import Problem
from cupel._scores import METHODS, as_rank_by_kwargs, ordered_issues, scores_of
from cupel._validate import as_choice, as_mask, as_scores

__all__ = [
    "find_top_issues",
    "get_confidence_weighted_entropy_for_each_label",
    "get_label_quality_ensemble_scores",
    "get_label_quality_scores",
    "get_normalized_margin_for_each_label",
    "get_self_confidence_for_each_label",
    "order_label_issues",
]

_WEIGHTINGS = ("uniform", "accuracy", "log_loss_search", "custom")


def get_label_quality_scores(
    labels: Any,
    pred_probs: Any,
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
) -> NDArray[Any]:
    r"""Score how likely each label is right.

    Parameters
    ----------
    labels : array_like of int or str, shape (n,)
        Given class of each example.
    pred_probs : array_like of float, shape (n, k)
        Out-of-sample probabilities. float16, float32 and float64 are read in place.
    method : {"self_confidence", "normalized_margin", "confidence_weighted_entropy", \
            "noise_posterior"}
        See the function of each; for the last, not in cleanlab,
        :func:`cupel.posterior.get_label_posteriors`.
    adjust_pred_probs : bool, default False
        First subtract each class's threshold, add the largest one, and make rows sum to 1, so that
        classes the model is less sure of are not listed more often. Not for entropy and posterior.
    classes : sequence, optional
        Class names in the order of the columns of `pred_probs`, if labels are names.
    nan : {"raise", "drop"}
        What to do with rows that hold a nan or an infinity: their score is nan with ``"drop"``.
    n_jobs : int, optional
        Threads to use; -1 for all. The result does not depend on it.

    Returns
    -------
    ndarray, shape (n,)
        Scores in [0, 1], lower is worse, of the dtype of `pred_probs`; float64 for entropy and
        posterior, and for adjusted scores if a class has no examples.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n k) time, one pass (two if adjusted), no memory besides the result.

    Examples
    --------
    >>> import cupel
    >>> cupel.rank.get_label_quality_scores([0, 1], [[0.75, 0.25], [0.875, 0.125]])
    array([0.75 , 0.125])
    """
    as_choice(method, METHODS, name="method")
    problem = Problem.load(labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs)
    return problem.expand_scores(scores_of(problem, method, adjust_pred_probs))


def get_self_confidence_for_each_label(
    labels: Any,
    pred_probs: Any,
    *,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
) -> NDArray[Any]:
    r"""Probability of each example's given label, :math:`\hat p_{i \tilde y_i}`.

    Parameters
    ----------
    labels, pred_probs, classes, nan, n_jobs
        As in `get_label_quality_scores`.

    Returns
    -------
    ndarray, shape (n,)
        Scores in [0, 1], lower is worse, of the dtype of `pred_probs`.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Examples
    --------
    >>> import cupel
    >>> cupel.rank.get_self_confidence_for_each_label([0, 1], [[0.75, 0.25], [0.875, 0.125]])
    array([0.75 , 0.125])
    """
    return get_label_quality_scores(
        labels, pred_probs, method="self_confidence", classes=classes, nan=nan, n_jobs=n_jobs
    )


def get_normalized_margin_for_each_label(
    labels: Any,
    pred_probs: Any,
    *,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
) -> NDArray[Any]:
    r"""Lead of the given label over the best other class, mapped to [0, 1].

    .. math:: (\hat p_{i \tilde y_i} - \max_{k \ne \tilde y_i} \hat p_{ik} + 1) / 2

    Parameters
    ----------
    labels, pred_probs, classes, nan, n_jobs
        As in `get_label_quality_scores`.

    Returns
    -------
    ndarray, shape (n,)
        Scores in [0, 1], lower is worse, of the dtype of `pred_probs`. With a single class the
        other probability counts as 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Examples
    --------
    >>> import cupel
    >>> cupel.rank.get_normalized_margin_for_each_label([0, 1], [[0.75, 0.25], [0.875, 0.125]])
    array([0.75 , 0.125])
    """
    return get_label_quality_scores(
        labels, pred_probs, method="normalized_margin", classes=classes, nan=nan, n_jobs=n_jobs
    )


def get_confidence_weighted_entropy_for_each_label(
    labels: Any,
    pred_probs: Any,
    *,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
) -> NDArray[np.float64]:
    r"""Entropy of each row over the given label's probability, mapped to [0, 1].

    .. math:: q_i = \frac{H(\hat p_i) / \log k}{\max(\hat p_{i \tilde y_i}, 10^{-6})}, \quad
              \frac{\log(q_i + 1)}{\max(q_i, 10^{-6})}

    Parameters
    ----------
    labels, pred_probs, classes, nan, n_jobs
        As in `get_label_quality_scores`.

    Returns
    -------
    ndarray of float64, shape (n,)
        Scores in [0, 1], lower is worse. A row without any entropy (all mass in one class) scores
        0, even where that class is the given label.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    Computed in float64 whatever the dtype of `pred_probs`.

    Examples
    --------
    >>> import cupel
    >>> probs = [[0.75, 0.25], [0.875, 0.125]]
    >>> cupel.rank.get_confidence_weighted_entropy_for_each_label([0, 1], probs).round(3)
    array([0.678, 0.386])
    """
    return get_label_quality_scores(
        labels,
        pred_probs,
        method="confidence_weighted_entropy",
        classes=classes,
        nan=nan,
        n_jobs=n_jobs,
    )


def get_label_quality_ensemble_scores(
    labels: Any,
    pred_probs_list: list[Any],
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
    weight_ensemble_members_by: str = "accuracy",
    custom_weights: ArrayLike | None = None,
    log_loss_search_T_values: Sequence[float] = (1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 2e2),
    verbose: bool = True,  # noqa: ARG001 - part of the signature people call
    classes: Sequence[Any] | None = None,
    n_jobs: int | None = None,
) -> NDArray[Any]:
    r"""Score each label by a weighted mean over several models.

    Parameters
    ----------
    labels : array_like of int or str, shape (n,)
        Given class of each example.
    pred_probs_list : list of array_like of float, each of shape (n, k)
        Out-of-sample probabilities of each model.
    method, adjust_pred_probs, classes, n_jobs
        As in `get_label_quality_scores`.
    weight_ensemble_members_by : {"uniform", "accuracy", "log_loss_search", "custom"}
        Equal weights; by accuracy on the given labels; by :math:`e^{-T \cdot loss}` with the T
        whose weighted mean prediction has the lowest log loss; or `custom_weights`.
    custom_weights : array_like of float, one per model, optional
        Used as they are, with ``weight_ensemble_members_by="custom"``.
    log_loss_search_T_values : sequence of float
        Values of T to try.
    verbose : bool, default True
        Accepted for compatibility; nothing is printed.

    Returns
    -------
    ndarray, shape (n,)
        Scores in [0, 1], lower is worse.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Warns
    -----
    UserWarning
        If there is only one model.

    Notes
    -----
    O(n k) time per model.

    Examples
    --------
    >>> import cupel
    >>> members = [[[0.75, 0.25], [0.875, 0.125]], [[0.25, 0.75], [0.625, 0.375]]]
    >>> cupel.rank.get_label_quality_ensemble_scores(
    ...     [0, 1], members, weight_ensemble_members_by="uniform"
    ... )
    array([0.5 , 0.25])
    """
    as_choice(method, METHODS, name="method")
    as_choice(weight_ensemble_members_by, _WEIGHTINGS, name="weight_ensemble_members_by")
    if not isinstance(pred_probs_list, (list, tuple)):
        kind = type(pred_probs_list).__name__
        msg = f"pred_probs_list must be a list with one matrix per model, got {kind}"
        raise TypeError(msg)
    if not pred_probs_list:
        msg = "pred_probs_list is empty, expected one matrix per model"
        raise ValueError(msg)
    if len(pred_probs_list) == 1:
        msg = "pred_probs_list holds one model; get_label_quality_scores does the same"
        warnings.warn(msg, UserWarning, stacklevel=2)
    members = [
        Problem.load(
            labels, probs, classes=classes, n_jobs=n_jobs, probs_name=f"pred_probs_list[{m}]"
        )
        for m, probs in enumerate(pred_probs_list)
    ]
    scores = [scores_of(member, method, adjust_pred_probs) for member in members]
    weights = member_weights(
        members, weight_ensemble_members_by, custom_weights, log_loss_search_T_values
    )
    if weights is None:
        mean = np.stack(scores, axis=1).mean(axis=1, dtype=np.float64)
        return np.asarray(mean.astype(np.result_type(*scores)))
    total = np.zeros(len(scores[0]))
    for weight, of_member in zip(weights, scores, strict=True):
        total += weight * of_member
    return total


def find_top_issues(quality_scores: ArrayLike, *, top: int | None = 10) -> NDArray[np.int64]:
    """Find the examples with the lowest scores.

    Parameters
    ----------
    quality_scores : array_like of float, shape (n,)
        Label quality scores, lower is worse; nan counts as best.
    top : int or None, default 10
        How many; None, or more than there are, for all.

    Returns
    -------
    ndarray of int64, shape (min(top, n),)
        Row numbers, lowest score first, ties by row number.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value.

    Notes
    -----
    O(n) time.

    Examples
    --------
    >>> import cupel
    >>> cupel.rank.find_top_issues([0.9, 0.1, 0.5], top=2)
    array([1, 2])
    """
    scores = as_scores(quality_scores, name="quality_scores")
    if top is None:
        return _core.lowest_first(scores, len(scores))
    if isinstance(top, bool) or not hasattr(top, "__index__"):
        msg = f"top must be an integer or None, got {top!r}"
        raise TypeError(msg)
    if top.__index__() < 0:
        msg = f"top must be at least 0, got {top}"
        raise ValueError(msg)
    return _core.lowest_first(scores, min(top.__index__(), len(scores)))


def order_label_issues(
    label_issues_mask: ArrayLike,
    labels: Any,
    pred_probs: Any,
    *,
    rank_by: str = "self_confidence",
    rank_by_kwargs: Mapping[str, Any] | None = None,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
) -> NDArray[np.int64]:
    """Order the suspects of a mask, the worst first.

    Parameters
    ----------
    label_issues_mask : array_like of bool, shape (n,)
        True for the examples to order, as from :func:`cupel.filter.find_label_issues`.
    labels, pred_probs, classes, nan, n_jobs
        As in `get_label_quality_scores`.
    rank_by : {"self_confidence", "normalized_margin", "confidence_weighted_entropy"}
        Score to order by.
    rank_by_kwargs : mapping, optional
        ``adjust_pred_probs``.

    Returns
    -------
    ndarray of int64
        Row numbers of the true entries, lowest score first, ties by row number. Rows left out with
        ``nan="drop"`` are never among them.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n k) time.

    Examples
    --------
    >>> import cupel
    >>> probs = [[0.75, 0.25], [0.875, 0.125], [0.375, 0.625]]
    >>> cupel.rank.order_label_issues([False, True, True], [0, 1, 0], probs)
    array([1, 2])
    """
    as_choice(rank_by, METHODS, name="rank_by")
    problem = Problem.load(labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs)
    mask = as_mask(label_issues_mask, problem.n_rows, name="label_issues_mask")
    problem.checked_labels()
    _core.check_probabilities(problem.pred_probs, problem.threads)
    if problem.kept is not None:
        mask = mask[problem.kept]
    return problem.original_rows(
        ordered_issues(problem, mask, rank_by, scores=None, **as_rank_by_kwargs(rank_by_kwargs))
    )
