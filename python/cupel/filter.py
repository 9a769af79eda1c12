"""Which labels are likely wrong.

The functions of cleanlab 2.9.0's module of this name, with its signatures, defaults and results,
and three more keyword arguments: `classes`, `nan` and `collision` (see :mod:`cupel.count`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel import _core
from cupel._joint import calibrated, candidates, confident_joint_of
from cupel._multilabel import (
    PruneOptions,
    any_class,
    flag_lowest_examples,
    issues_per_class,
    multilabel_scores,
)
from cupel._posterior import POSTERIOR, judge
from cupel._problem import COLLISIONS, Problem
from cupel._pruning import (
    FILTERS,
    LOWEST,
    PRUNING,
    as_count,
    as_fraction,
    as_numbers_to_remove,
    check_only_pruning_uses,
    warn_of_small_classes,
)
from cupel._scores import METHODS, as_rank_by_kwargs, ordered_issues
from cupel._validate import as_choice, as_square

__all__ = [
    "find_label_issues",
    "find_label_issues_using_argmax_confusion_matrix",
    "find_predicted_neq_given",
]


def find_label_issues(
    labels: Any,
    pred_probs: Any,
    *,
    return_indices_ranked_by: str | None = None,
    rank_by_kwargs: Mapping[str, Any] | None = None,
    filter_by: str = "prune_by_noise_rate",
    frac_noise: float = 1.0,
    num_to_remove_per_class: Sequence[int] | None = None,
    min_examples_per_class: int = 1,
    confident_joint: ArrayLike | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,  # noqa: ARG001 - part of the signature people call
    multi_label: bool = False,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    collision: str = "argmax",
) -> NDArray[Any]:
    r"""Find the examples whose label is likely wrong.

    Parameters
    ----------
    labels : array_like of int or str, shape (n,)
        Given class of each example; a list of lists if `multi_label`.
    pred_probs : array_like of float, shape (n, k)
        Out-of-sample probabilities. float16, float32 and float64 are read in place.
    return_indices_ranked_by : {"self_confidence", "normalized_margin", \
            "confidence_weighted_entropy", "noise_posterior"}, optional
        Return row numbers, worst score first, instead of a mask.
    rank_by_kwargs : mapping, optional
        ``adjust_pred_probs``, for :func:`cupel.rank.order_label_issues`.
    filter_by : str, default "prune_by_noise_rate"
        ``"prune_by_noise_rate"``: for each pair of given class a and true class b, the estimated
        number of such errors, those with the largest margin of b over a.
        ``"prune_by_class"``: for each class, the estimated number of errors, those with the lowest
        self-confidence. ``"both"``: what both of these find. ``"confident_learning"``: the
        examples off the diagonal of the confident joint. ``"predicted_neq_given"``: where the
        argmax is another class. ``"low_normalized_margin"``, ``"low_self_confidence"``: as many
        as `num_label_issues` estimates, those with the lowest score. All but the last two leave
        out examples whose argmax is the given label. Not in cleanlab: ``"noise_posterior"``:
        where the label is more likely wrong than right, see :mod:`cupel.posterior`; it uses no
        other option but the ranking.
    frac_noise : float, default 1.0
        Share of the estimated errors to return, for the three pruning methods.
    num_to_remove_per_class : sequence of int, shape (k,), optional
        Numbers to return instead of the estimated ones, for the three pruning methods.
    min_examples_per_class : int, default 1
        Classes with no more examples than this are left alone, by the three pruning methods.
    confident_joint : array_like, shape (k, k) or (k, 2, 2), optional
        Used as it is instead of the calibrated one that would be counted.
    n_jobs : int, optional
        Threads to use; -1 for all. The result does not depend on it.
    verbose : bool, default False
        Accepted for compatibility; nothing is printed.
    multi_label : bool, default False
        Treat each class as a problem of its own and return the examples with an issue in any.
    classes : sequence, optional
        Class names in the order of the columns of `pred_probs`, if labels are names.
    nan : {"raise", "drop"}
        What to do with rows that hold a nan or an infinity.
    collision : {"argmax", "confident"}
        Class of an example that reaches several thresholds, see
        :func:`cupel.count.compute_confident_joint`.

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
        If a class has examples but too few to prune, or an argument is not used by the method.

    Notes
    -----
    O(n k) time: one pass over the matrix, and one over the rows whose argmax is not their label.
    With up to a fifth of the labels wrong and k >= 10, at most a quarter of the matrix's memory
    besides it; the list itself counts in that. Equal margins at a cut go
    to the lower row. Northcutt et al. (2021), section 3.2.

    Examples
    --------
    >>> import cupel
    >>> probs = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]
    >>> cupel.filter.find_label_issues([0, 0, 0, 1, 1], probs)
    array([False, False,  True, False, False])
    >>> cupel.filter.find_label_issues(
    ...     [0, 0, 0, 1, 1], probs, return_indices_ranked_by="self_confidence"
    ... )
    array([2])
    """
    as_choice(filter_by, (*FILTERS, POSTERIOR), name="filter_by")
    as_choice(collision, COLLISIONS, name="collision")
    if return_indices_ranked_by is not None:
        as_choice(return_indices_ranked_by, METHODS, name="return_indices_ranked_by")
    if filter_by not in PRUNING:
        check_only_pruning_uses(filter_by, frac_noise, num_to_remove_per_class, confident_joint)
    problem = Problem.load(
        labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs, multi_label=multi_label
    )
    options: dict[str, Any] = {
        "filter_by": filter_by,
        "frac_noise": as_fraction(frac_noise),
        "min_examples_per_class": as_count(min_examples_per_class, "min_examples_per_class"),
        "collision": collision,
    }
    scores = None  # those that the filter gives
    if multi_label:
        mask = _multilabel_mask(problem, num_to_remove_per_class, confident_joint, options)
    elif filter_by == POSTERIOR:
        judged = judge(problem)
        mask = judged.likely_wrong()
        scores = judged.scores if return_indices_ranked_by == POSTERIOR else None
    else:
        mask = _mask(
            problem,
            num_to_remove=as_numbers_to_remove(num_to_remove_per_class, problem.n_classes),
            confident_joint=confident_joint,
            **options,
        )
    if return_indices_ranked_by is None:
        return problem.expand_mask(mask)
    kwargs = as_rank_by_kwargs(rank_by_kwargs)
    if multi_label:
        flagged = np.flatnonzero(mask)
        adjust = kwargs.get("adjust_pred_probs", False)
        scores = multilabel_scores(problem, return_indices_ranked_by, adjust_pred_probs=adjust)
        scores = scores[flagged]
        return problem.original_rows(flagged[_core.lowest_first(scores, len(scores))])
    ordered = ordered_issues(problem, mask, return_indices_ranked_by, scores=scores, **kwargs)
    return problem.original_rows(ordered)


def find_predicted_neq_given(
    labels: Any,
    pred_probs: Any,
    *,
    multi_label: bool = False,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
) -> NDArray[np.bool_]:
    """Find the examples whose most probable class is not their label.

    Parameters
    ----------
    labels : array_like of int or str, shape (n,)
        Given class of each example; a list of lists if `multi_label`.
    pred_probs : array_like of float, shape (n, k)
        Out-of-sample probabilities, read in place.
    multi_label : bool, default False
        Treat each class as a problem of its own and return the examples that differ in any.
    classes, nan, n_jobs
        As in `find_label_issues`.

    Returns
    -------
    ndarray of bool, shape (n,)
        True where the argmax (the lowest of equal ones) is another class.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n k) time, one pass.

    Examples
    --------
    >>> import cupel
    >>> cupel.filter.find_predicted_neq_given([0, 1], [[0.9, 0.1], [0.8, 0.2]])
    array([False,  True])
    """
    problem = Problem.load(
        labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs, multi_label=multi_label
    )
    if multi_label:
        other = _core.flag_other_answers(problem.labels, problem.pred_probs, 0.0, problem.threads)
        mask = any_class(other, problem.threads)
    else:
        mask = _predicted_neq_given(problem)
    return problem.expand_mask(mask)


def find_label_issues_using_argmax_confusion_matrix(
    labels: Any,
    pred_probs: Any,
    *,
    calibrate: bool = True,
    filter_by: str = "prune_by_noise_rate",
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
) -> NDArray[np.bool_]:
    """Find label issues with plain counts of (label, prediction) as the confident joint.

    Parameters
    ----------
    labels : array_like of int or str, shape (n,)
        Given class of each example.
    pred_probs : array_like of float, shape (n, k)
        Out-of-sample probabilities, read in place.
    calibrate : bool, default True
        Scale each row of the counts to the number of examples with that label.
    filter_by, classes, nan, n_jobs
        As in `find_label_issues`.

    Returns
    -------
    ndarray of bool, shape (n,)
        Mask of suspects.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n k) time. A baseline for comparison: it knows no thresholds.

    Examples
    --------
    >>> import cupel
    >>> probs = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]
    >>> cupel.filter.find_label_issues_using_argmax_confusion_matrix([0, 0, 0, 1, 1], probs)
    array([False, False,  True, False, False])
    """
    as_choice(filter_by, FILTERS, name="filter_by")
    problem = Problem.load(labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs)
    k = problem.n_classes
    predicted = _core.argmax(problem.pred_probs, problem.threads)
    given = problem.checked_labels()
    joint = np.bincount(given * k + predicted, minlength=k * k).reshape(k, k)
    if calibrate:
        joint = calibrated(joint, np.bincount(given, minlength=k))
    mask = _mask(
        problem,
        num_to_remove=None,
        confident_joint=joint,
        filter_by=filter_by,
        frac_noise=1.0,
        min_examples_per_class=1,
        collision="argmax",
    )
    return problem.expand_mask(mask)


def _mask(
    problem: Problem,
    *,
    filter_by: str,
    frac_noise: float,
    num_to_remove: NDArray[np.float64] | None,
    min_examples_per_class: int,
    confident_joint: ArrayLike | None,
    collision: str,
) -> NDArray[np.bool_]:
    if filter_by not in PRUNING:
        return _core.find_label_issues(
            problem.labels,
            problem.pred_probs,
            FILTERS.index(filter_by),
            COLLISIONS[collision],
            problem.threads,
        )
    given = None
    if confident_joint is not None:
        given = as_square(confident_joint, name="confident_joint", n_classes=problem.n_classes)
    joint, flags, label_counts = confident_joint_of(
        problem, thresholds=None, calibrate=given is None, collision=collision
    )
    mask = candidates(flags)
    _core.prune_candidates(
        problem.labels,
        problem.pred_probs,
        mask,
        joint if given is None else given,
        label_counts,
        FILTERS.index(filter_by),
        frac_noise,
        num_to_remove,
        min_examples_per_class,
        problem.threads,
    )
    warn_of_small_classes(label_counts, min_examples_per_class)
    return mask


def _multilabel_mask(
    problem: Problem, num_to_remove_per_class: Any, confident_joint: Any, options: dict[str, Any]
) -> NDArray[np.bool_]:
    filter_by = options["filter_by"]
    if filter_by in LOWEST:
        return flag_lowest_examples(problem)
    prune = PruneOptions(
        options["frac_noise"],
        num_to_remove_per_class,
        options["min_examples_per_class"],
        confident_joint,
    )
    return any_class(issues_per_class(problem, filter_by, prune, stacklevel=4), problem.threads)


def _predicted_neq_given(problem: Problem) -> NDArray[np.bool_]:
    predicted = _core.argmax(problem.pred_probs, problem.threads)
    return np.asarray(predicted != problem.checked_labels())
