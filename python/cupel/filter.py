"""Which labels are likely wrong.

The functions of cleanlab 2.9.0's module of this name, with its signatures, defaults and results,
and three more keyword arguments: `classes`, `nan` and `collision` (see :mod:`cupel.count`).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel import _core
from cupel._joint import calibrated, candidates, confident_joint_of
from cupel._multilabel import flag_any_class, multilabel_scores
from cupel._posterior import POSTERIOR, judge
from cupel._problem import COLLISIONS, Problem
from cupel._scores import METHODS, as_rank_by_kwargs, ordered_issues
from cupel._validate import as_choice, as_class_vector, as_square

__all__ = [
    "find_label_issues",
    "find_label_issues_using_argmax_confusion_matrix",
    "find_predicted_neq_given",
]

# In the order of the core's enum.
_FILTERS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)
_PRUNING = _FILTERS[:3]
_LOWEST = _FILTERS[5:]


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
    as_choice(filter_by, (*_FILTERS, POSTERIOR), name="filter_by")
    as_choice(collision, COLLISIONS, name="collision")
    if return_indices_ranked_by is not None:
        as_choice(return_indices_ranked_by, METHODS, name="return_indices_ranked_by")
    if filter_by not in _PRUNING:
        _check_only_pruning_uses(filter_by, frac_noise, num_to_remove_per_class, confident_joint)
    problem = Problem.load(
        labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs, multi_label=multi_label
    )
    options: dict[str, Any] = {
        "filter_by": filter_by,
        "frac_noise": _fraction(frac_noise),
        "min_examples_per_class": _count(min_examples_per_class, "min_examples_per_class"),
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
            num_to_remove=_numbers_to_remove(num_to_remove_per_class, problem.n_classes),
            confident_joint=confident_joint,
            **options,
        )
    if return_indices_ranked_by is None:
        return problem.expand_mask(mask)
    kwargs = as_rank_by_kwargs(rank_by_kwargs)
    if multi_label:
        flagged = np.flatnonzero(mask)
        scores = multilabel_scores(problem, return_indices_ranked_by, **kwargs)[flagged]
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
        mask = flag_any_class(problem, _predicted_neq_given)
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
    as_choice(filter_by, _FILTERS, name="filter_by")
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
    if filter_by == POSTERIOR:
        return judge(problem).likely_wrong()
    if filter_by not in _PRUNING:
        return _core.find_label_issues(
            problem.labels,
            problem.pred_probs,
            _FILTERS.index(filter_by),
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
        _FILTERS.index(filter_by),
        frac_noise,
        num_to_remove,
        min_examples_per_class,
        problem.threads,
    )
    _warn_of_small_classes(label_counts, min_examples_per_class)
    return mask


def _multilabel_mask(
    problem: Problem,
    num_to_remove_per_class: Any,
    confident_joint: ArrayLike | None,
    options: dict[str, Any],
) -> NDArray[np.bool_]:
    k = problem.n_classes
    if options["filter_by"] in _LOWEST:  # as cleanlab: by one score, whichever is asked for
        issues = flag_any_class(
            problem,
            lambda binary: confident_joint_of(
                binary, thresholds=None, calibrate=False, collision=options["collision"]
            ).issues(),
        )
        scores = multilabel_scores(problem, "self_confidence")
        mask = np.zeros(len(scores), dtype=np.bool_)
        mask[_core.lowest_first(scores, int(np.count_nonzero(issues)))] = True
        return mask
    joints: list[Any] = [None] * k
    if confident_joint is not None:
        joints = list(
            as_square(confident_joint, name="confident_joint", n_classes=k, multi_label=True)
        )
    numbers = _numbers_to_remove(num_to_remove_per_class, k)
    mask = np.zeros(len(problem.labels), dtype=np.bool_)
    for c, binary in enumerate(problem.one_vs_rest()):
        remove = None if numbers is None else np.array([numbers[c], 0.0])
        mask |= _mask(binary, num_to_remove=remove, confident_joint=joints[c], **options)
    return mask


def _predicted_neq_given(problem: Problem) -> NDArray[np.bool_]:
    predicted = _core.argmax(problem.pred_probs, problem.threads)
    return np.asarray(predicted != problem.checked_labels())


def _check_only_pruning_uses(
    filter_by: str, frac_noise: float, num_to_remove_per_class: Any, confident_joint: Any
) -> None:
    if num_to_remove_per_class is not None:
        msg = (
            f"num_to_remove_per_class is not supported with filter_by={filter_by!r}; "
            f"use one of {', '.join(map(repr, _PRUNING))}"
        )
        raise ValueError(msg)
    unused = {"frac_noise": frac_noise != 1.0, "confident_joint": confident_joint is not None}
    for name in (name for name, given in unused.items() if given):
        msg = f"{name} is not used with filter_by={filter_by!r}"
        warnings.warn(msg, UserWarning, stacklevel=3)


def _warn_of_small_classes(label_counts: NDArray[np.int64], min_examples: int) -> None:
    small = np.flatnonzero((label_counts > 0) & (label_counts <= min_examples))
    if small.size:
        listed = ", ".join(map(str, small[:10])) + (", ..." if small.size > 10 else "")
        msg = (
            f"no label issue is looked for in class {listed}: it has at most "
            f"min_examples_per_class={min_examples} examples"
        )
        warnings.warn(msg, UserWarning, stacklevel=4)


def _fraction(frac_noise: Any) -> float:
    if isinstance(frac_noise, (str, bytes)) or not hasattr(frac_noise, "__float__"):
        msg = f"frac_noise must be a number, got {frac_noise!r}"
        raise TypeError(msg)
    fraction = float(frac_noise)
    if not 0.0 <= fraction <= 1.0:
        msg = f"frac_noise must be a share between 0 and 1, got {frac_noise!r}"
        raise ValueError(msg)
    return fraction


def _count(value: Any, name: str) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        msg = f"{name} must be an integer, got {value!r}"
        raise TypeError(msg)
    count: int = value.__index__()
    if not 0 <= count < 2**53:
        msg = f"{name} must be at least 0, got {count}"
        raise ValueError(msg)
    return count


def _numbers_to_remove(value: Any, n_classes: int) -> NDArray[np.float64] | None:
    if value is None:
        return None
    if not hasattr(value, "__len__") or getattr(value, "shape", None) == ():
        value = [value] * n_classes
    numbers = as_class_vector(value, n_classes, name="num_to_remove_per_class")
    if (numbers < 0).any() or (numbers > 2**53).any():
        k = int(((numbers < 0) | (numbers > 2**53)).argmax())
        msg = f"num_to_remove_per_class[{k}] must be a count of at least 0, got {numbers[k]:g}"
        raise ValueError(msg)
    return numbers
