"""How likely the labels of each example are all right.

The functions of cleanlab 2.9.0's module of this name, with its signatures, defaults and results, and
the keyword arguments `classes`, `nan` and `n_jobs` (see :mod:`cupel.count`) where they make sense.
Scores lie in [0, 1], lower is worse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._errors import InvalidArgumentError
from cupel._multilabel import (
    DEFAULT_AGGREGATOR,
    MOVING_AVERAGE,
    SOFTMIN,
    Aggregator,
    multilabel_scores,
    scores_per_class,
)
from cupel._problem import Problem
from cupel._scores import METHODS
from cupel._validate import as_choice

__all__ = ["get_label_quality_scores", "get_label_quality_scores_per_class"]

_AGGREGATIONS = ("exponential_moving_average", "softmin")
_TEMPERATURE = 0.1
_LOWEST_TEMPERATURE = 1e-100  # at which softmin is the minimum, as at 0 and below


def get_label_quality_scores(
    labels: Any,
    pred_probs: Any,
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
    aggregator_kwargs: Mapping[str, Any] | None = None,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
) -> NDArray[Any]:
    r"""Score each example by how likely every one of its answers is right.

    Parameters
    ----------
    labels : list of lists of int or str, length n
        The classes that apply to each example, possibly none.
    pred_probs : array_like of float, shape (n, k)
        Out-of-sample probabilities that each class applies, read in place.
    method : {"self_confidence", "normalized_margin", "confidence_weighted_entropy", \
            "noise_posterior"}
        Score of a single answer, see :func:`cupel.rank.get_label_quality_scores`.
    adjust_pred_probs : bool, default False
        First adjust each class's probabilities by its thresholds. Not for entropy and posterior.
    aggregator_kwargs : mapping, optional
        How a row's scores become one. ``{"method": "exponential_moving_average", "alpha": 0.8}`` is
        the default: from the best score to the worst, the average moves by `alpha` of the way
        (default ``2 / (k + 1)`` if `method` is given without it). ``{"method": "softmin",
        "temperature": 0.1}``: a mean weighted by :math:`e^{(1 - s) / T}`. A function as `method` is
        called with the (n, k) scores, the other entries, and ``axis=1``.
    classes, nan, n_jobs
        As in :func:`cupel.rank.get_label_quality_scores`.

    Returns
    -------
    ndarray of float64, shape (n,)
        Scores in [0, 1], lower is worse; what `method` returns if it is a function.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value, or `labels` give no class at all, or all classes
        to all examples, or there is just one class.

    Notes
    -----
    O(n k log(k)^2) time, one pass (two if adjusted), no memory besides the result and 0/1 labels.

    Examples
    --------
    >>> import cupel
    >>> probs = [[0.9, 0.2, 0.7], [0.6, 0.1, 0.95]]
    >>> cupel.multilabel_classification.get_label_quality_scores([[0, 2], [1, 2]], probs).round(3)
    array([0.724, 0.182])
    """
    as_choice(method, METHODS, name="method")
    problem = Problem.load(
        labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs, multi_label=True
    )
    _check_answers(problem)
    kwargs = dict(aggregator_kwargs or {})
    if not kwargs:
        aggregator = DEFAULT_AGGREGATOR
    elif callable(kwargs.get("method")):
        aggregate = kwargs.pop("method")
        scores = scores_per_class(problem, method, adjust_pred_probs)
        return problem.expand_scores(aggregate(scores, **{**kwargs, "axis": 1}))
    else:
        aggregator = _as_aggregator(kwargs, problem.n_classes)
    return problem.expand_scores(
        multilabel_scores(
            problem, method, aggregator=aggregator, adjust_pred_probs=adjust_pred_probs
        )
    )


def get_label_quality_scores_per_class(
    labels: Any,
    pred_probs: Any,
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
    classes: Sequence[Any] | None = None,
    n_jobs: int | None = None,
) -> NDArray[np.float64]:
    """Score each example's answer for each class.

    Parameters
    ----------
    labels, pred_probs, method, adjust_pred_probs, classes, n_jobs
        As in `get_label_quality_scores`.

    Returns
    -------
    ndarray of float64, shape (n, k)
        Scores in [0, 1], lower is worse: of "the class applies" where `labels` name it, of "it does
        not" elsewhere.

    Raises
    ------
    TypeError, ValueError
        As `get_label_quality_scores`.

    Notes
    -----
    O(n k) time, one pass (two if adjusted).

    Examples
    --------
    >>> import cupel
    >>> probs = [[0.75, 0.25], [0.5, 0.125]]
    >>> cupel.multilabel_classification.rank.get_label_quality_scores_per_class([[0], [1]], probs)
    array([[0.75 , 0.75 ],
           [0.5  , 0.125]])
    """
    as_choice(method, METHODS, name="method")
    problem = Problem.load(labels, pred_probs, classes=classes, n_jobs=n_jobs, multi_label=True)
    _check_answers(problem)
    return scores_per_class(problem, method, adjust_pred_probs)


def _check_answers(problem: Problem) -> None:
    given = problem.labels
    if problem.n_classes > 1 and given.any() and not given.all():
        return
    msg = (
        "labels must give a class to some example and not every class to every example, and "
        f"pred_probs must have two columns or more, got shape {problem.pred_probs.shape}; "
        "for one class use cupel.rank"
    )
    raise InvalidArgumentError(msg)


def _as_aggregator(kwargs: Mapping[str, Any], n_classes: int) -> Aggregator:
    if "method" not in kwargs:
        msg = f"aggregator_kwargs needs 'method', one of {', '.join(map(repr, _AGGREGATIONS))}"
        raise TypeError(msg)
    way = as_choice(kwargs["method"], _AGGREGATIONS, name="aggregator_kwargs['method']")
    if way == "softmin":
        temperature = float(kwargs.get("temperature", _TEMPERATURE))
        return Aggregator(SOFTMIN, max(temperature, _LOWEST_TEMPERATURE))
    alpha = kwargs.get("alpha")
    weight = 2 / (n_classes + 1) if alpha is None else float(alpha)
    if not 0 <= weight <= 1:
        msg = f"aggregator_kwargs['alpha'] must lie in [0, 1], got {alpha!r}"
        raise ValueError(msg)
    return Aggregator(MOVING_AVERAGE, weight)
