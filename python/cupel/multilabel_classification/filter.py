"""Which examples of a multi-label data set have a wrong label, and of which class.

The functions of cleanlab 2.9.0's module of this name, with its signatures, defaults and results, and
the keyword arguments `classes` and `nan` (see :mod:`cupel.count`) where they make sense.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel import _core
from cupel._multilabel import (
    PruneOptions,
    any_class,
    flag_lowest_examples,
    issues_per_class,
    lowest_per_class,
    multilabel_scores,
    scores_per_class,
)
from cupel._problem import Problem
from cupel._pruning import FILTERS, LOWEST, PRUNING, as_count, as_fraction, check_only_pruning_uses
from cupel._scores import METHODS, as_rank_by_kwargs
from cupel._validate import as_choice

__all__ = ["find_label_issues", "find_multilabel_issues_per_class"]

# What low_memory=True does without, and the defaults that do not deserve a warning.
_NOT_WITH_LOW_MEMORY = {
    "filter_by": "prune_by_noise_rate",
    "frac_noise": 1.0,
    "num_to_remove_per_class": None,
    "min_examples_per_class": 1,
    "confident_joint": None,
}


def find_label_issues(
    labels: Any,
    pred_probs: Any,
    return_indices_ranked_by: str | None = None,
    rank_by_kwargs: Mapping[str, Any] | None = None,
    filter_by: str = "prune_by_noise_rate",
    frac_noise: float = 1.0,
    num_to_remove_per_class: Sequence[int] | None = None,
    min_examples_per_class: int = 1,
    confident_joint: ArrayLike | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
    low_memory: bool = False,
    *,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
) -> NDArray[Any]:
    r"""Find the examples with a likely wrong answer for any class.

    Parameters
    ----------
    labels : list of lists of int or str, length n
        The classes that apply to each example, possibly none.
    pred_probs : array_like of float, shape (n, k)
        Out-of-sample probabilities that each class applies, read in place.
    return_indices_ranked_by : {"self_confidence", "normalized_margin", \
            "confidence_weighted_entropy"}, optional
        Return row numbers, worst first by
        :func:`~cupel.multilabel_classification.rank.get_label_quality_scores`, instead of a mask.
    rank_by_kwargs : mapping, optional
        ``adjust_pred_probs``, for that ranking.
    filter_by, frac_noise
        As in :func:`cupel.filter.find_label_issues`, applied to each class; but the ``"low_*"``
        filters take as many examples as ``"confident_learning"`` finds, those with the lowest
        scores by the self-confidence, whichever of the two is asked for.
    num_to_remove_per_class : sequence of int, shape (k,), optional
        Numbers to return of each class, for the three pruning methods.
    min_examples_per_class : int, default 1
        Answers given no more often than this are left alone, by the three pruning methods.
    confident_joint : array_like, shape (k, 2, 2), optional
        Used as it is instead of the calibrated one that would be counted. One of shape (k, k) is
        ignored with a warning.
    n_jobs : int, optional
        Threads to use; -1 for all. The result does not depend on it.
    verbose : bool, default False
        Print the number of issues of each class.
    low_memory : bool, default False
        Find, of each class, as many labels as ``"confident_learning"`` does, those with the lowest
        self-confidence. Other options of the filters are not used then.
    classes : sequence, optional
        Class names in the order of the columns of `pred_probs`, if labels are names.
    nan : {"raise", "drop"}
        What to do with rows that hold a nan or an infinity.

    Returns
    -------
    ndarray of bool, shape (n,), or of int64
        Mask of suspects, or their row numbers, worst first (ties by row number).

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Warns
    -----
    UserWarning
        If an answer is given too rarely to prune, or an argument is not used by the method.

    Notes
    -----
    O(n k) time: two passes over the matrix, and one over the answers that the model contradicts.
    No example is flagged for a class whose given answer is the more probable one, except by the
    ``"low_*"`` filters.

    Examples
    --------
    >>> import cupel
    >>> labels = [[0], [0, 1], [1], [], [0], [1]]
    >>> probs = [[0.9, 0.1], [0.8, 0.9], [0.1, 0.8], [0.2, 0.1], [0.1, 0.2], [0.9, 0.7]]
    >>> cupel.multilabel_classification.filter.find_label_issues(labels, probs)
    array([False, False, False, False,  True,  True])
    """
    ranked_by = _as_ranking(return_indices_ranked_by)
    problem = Problem.load(
        labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs, multi_label=True
    )
    if filter_by in LOWEST and not low_memory:
        _check_options(filter_by, frac_noise, None, confident_joint)
        if num_to_remove_per_class is not None:
            _warn_unused("num_to_remove_per_class", f"filter_by={filter_by!r}")
        mask = flag_lowest_examples(problem)
    else:
        issues = _issues(
            problem,
            low_memory,
            filter_by=filter_by,
            frac_noise=frac_noise,
            num_to_remove_per_class=num_to_remove_per_class,
            min_examples_per_class=min_examples_per_class,
            confident_joint=confident_joint,
        )
        _print_counts(issues, verbose)
        mask = any_class(issues, problem.threads)
    if ranked_by is None:
        return problem.expand_mask(mask)
    adjust = _adjusts(rank_by_kwargs, low_memory)
    rows = np.flatnonzero(mask)
    scores = multilabel_scores(problem, ranked_by, adjust_pred_probs=adjust)[rows]
    return problem.original_rows(rows[_core.lowest_first(scores, len(scores))])


def find_multilabel_issues_per_class(
    labels: Any,
    pred_probs: Any,
    return_indices_ranked_by: str | None = None,
    rank_by_kwargs: Mapping[str, Any] | None = None,
    filter_by: str = "prune_by_noise_rate",
    frac_noise: float = 1.0,
    num_to_remove_per_class: Sequence[int] | None = None,
    min_examples_per_class: int = 1,
    confident_joint: ArrayLike | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
    low_memory: bool = False,
    *,
    classes: Sequence[Any] | None = None,
) -> Any:
    """Find the likely wrong answers for each class.

    Parameters
    ----------
    labels, pred_probs, frac_noise, num_to_remove_per_class, min_examples_per_class
        As in `find_label_issues`.
    return_indices_ranked_by : str, optional
        Return row numbers for each class, worst first by the score of that class's answers, instead
        of a mask. With `low_memory` they are in ascending order.
    rank_by_kwargs, confident_joint, n_jobs, verbose, low_memory, classes
        As in `find_label_issues`.
    filter_by : str, default "prune_by_noise_rate"
        As in `find_label_issues`; the ``"low_*"`` filters here go by the score in their name, and
        take as many answers of each class as ``"confident_learning"`` finds of it.

    Returns
    -------
    ndarray of bool, shape (n, k)
        True where the label of the example is likely wrong about the class; or, if ranked, a tuple
        of three lists of k arrays:
    indices : list of ndarray of int64
        Row numbers of each class's suspects.
    labels : list of ndarray of int64, shape (n,)
        The answers of each class: 1 where it is given.
    pred_probs : list of ndarray, shape (n, 2)
        Their probabilities, ``(1 - p, p)``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Warns
    -----
    UserWarning
        As `find_label_issues`.

    Notes
    -----
    O(n k) time and memory; the probabilities of a ranked result are copies, 2 n k numbers.

    Examples
    --------
    >>> import cupel
    >>> labels = [[0], [0, 1], [1], [], [0], [1]]
    >>> probs = [[0.9, 0.1], [0.8, 0.9], [0.1, 0.8], [0.2, 0.1], [0.1, 0.2], [0.9, 0.7]]
    >>> cupel.multilabel_classification.filter.find_multilabel_issues_per_class(labels, probs)
    array([[False, False],
           [False, False],
           [False, False],
           [False, False],
           [ True, False],
           [ True, False]])
    """
    ranked_by = _as_ranking(return_indices_ranked_by)
    problem = Problem.load(labels, pred_probs, classes=classes, n_jobs=n_jobs, multi_label=True)
    issues = _issues(
        problem,
        low_memory,
        filter_by=filter_by,
        frac_noise=frac_noise,
        num_to_remove_per_class=num_to_remove_per_class,
        min_examples_per_class=min_examples_per_class,
        confident_joint=confident_joint,
    )
    _print_counts(issues, verbose)
    if ranked_by is None:
        return issues
    rows = [np.flatnonzero(of_class) for of_class in np.ascontiguousarray(issues.T)]
    adjust = _adjusts(rank_by_kwargs, low_memory)
    if not low_memory:
        scores = scores_per_class(problem, ranked_by, adjust)
        rows = [_worst_first(of_class, scores[:, c]) for c, of_class in enumerate(rows)]
    binary = list(problem.one_vs_rest())
    given = [one.labels.astype(np.int64) for one in binary]
    return rows, given, [one.pred_probs for one in binary]


def _as_ranking(ranked_by: str | None) -> str | None:
    if ranked_by is None:
        return None
    return as_choice(ranked_by, METHODS, name="return_indices_ranked_by")


def _check_options(filter_by: str, frac_noise: float, numbers: Any, joint: Any) -> None:
    as_choice(filter_by, FILTERS, name="filter_by")
    if filter_by not in PRUNING:
        check_only_pruning_uses(filter_by, frac_noise, numbers, joint, stacklevel=5)


def _warn_unused(name: str, because: str) -> None:
    warnings.warn(f"{name} is not used with {because}", UserWarning, stacklevel=4)


def _adjusts(rank_by_kwargs: Mapping[str, Any] | None, low_memory: bool) -> bool:
    if low_memory and rank_by_kwargs:
        _warn_unused("rank_by_kwargs", "low_memory=True")
        return False
    return as_rank_by_kwargs(rank_by_kwargs).get("adjust_pred_probs", False)


def _issues(problem: Problem, low_memory: bool, **options: Any) -> NDArray[np.bool_]:
    if low_memory:
        for name, default in _NOT_WITH_LOW_MEMORY.items():
            value = options[name]
            if value is not default and (np.ndim(value) > 0 or value != default):
                _warn_unused(name, "low_memory=True")
        return lowest_per_class(problem, "self_confidence", only_candidates=True)
    filter_by = options["filter_by"]
    joint = options["confident_joint"]
    numbers = options["num_to_remove_per_class"]
    _check_options(filter_by, options["frac_noise"], numbers, joint)
    prune = PruneOptions(
        as_fraction(options["frac_noise"]),
        numbers,
        as_count(options["min_examples_per_class"], "min_examples_per_class"),
        joint,
    )
    return issues_per_class(problem, filter_by, prune, stacklevel=4)


def _worst_first(rows: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.int64]:
    of_rows = scores[rows]
    return rows[_core.lowest_first(of_rows, len(of_rows))]


def _print_counts(issues: NDArray[np.bool_], verbose: bool) -> None:
    if verbose:
        for c, count in enumerate(issues.sum(axis=0)):
            print(f"Class {c}: {count} label issues found")  # noqa: T201 - asked for by verbose
