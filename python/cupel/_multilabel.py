"""Multi-label problems, each class a question of its own; what filter and multilabel topics share."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel import _core
from cupel._joint import calibrated
from cupel._posterior import POSTERIOR, judge
from cupel._problem import Problem
from cupel._pruning import FILTERS, LOWEST, PRUNING, as_numbers_to_remove
from cupel._scores import METHODS, check_adjustable, scores_of
from cupel._validate import as_square

__all__ = [
    "DEFAULT_AGGREGATOR",
    "MOVING_AVERAGE",
    "SOFTMIN",
    "Aggregator",
    "PruneOptions",
    "any_class",
    "flag_lowest_examples",
    "issues_per_class",
    "lowest_per_class",
    "multilabel_scores",
    "scores_per_class",
]

_ISSUE = 3  # bits of the flags: off the diagonal, and predicted to be the other answer
_SLACK = 1e-6  # by which an answer must be the more probable one to be predicted


class Aggregator(NamedTuple):
    """How a row's scores become one: the core's number of the way, and its parameter."""

    kind: int
    parameter: float


MOVING_AVERAGE = 0
SOFTMIN = 1
DEFAULT_AGGREGATOR = Aggregator(MOVING_AVERAGE, 0.8)  # as in cleanlab


@dataclass(frozen=True, slots=True)
class PruneOptions:
    """What the pruning filters use, as the user gave it; checked where it is used."""

    frac_noise: float
    num_to_remove_per_class: Any
    min_examples_per_class: int
    confident_joint: ArrayLike | None


def any_class(flags: NDArray[Any], threads: int) -> NDArray[np.bool_]:
    """Rows of a 0/1 matrix that hold a 1."""
    return _core.any_answer(flags.view(np.uint8), threads)


def issues_per_class(
    problem: Problem, filter_by: str, options: PruneOptions, *, stacklevel: int = 2
) -> NDArray[np.bool_]:
    """Label issues of each class by one of the filters, shape (n, k)."""
    labels, probs, threads = problem.labels, problem.pred_probs, problem.threads
    if filter_by == POSTERIOR:
        likely = [judge(binary).likely_wrong() for binary in problem.one_vs_rest()]
        return np.stack(likely, axis=1)
    if filter_by == "predicted_neq_given":
        return _core.flag_other_answers(labels, probs, _SLACK, threads).view(np.bool_)
    if filter_by in LOWEST:
        method = "self_confidence" if filter_by == "low_self_confidence" else "normalized_margin"
        return lowest_per_class(problem, method, only_candidates=False)
    joints, label_counts, flags = _core.count_answers(labels, probs, threads)
    if filter_by in PRUNING:
        _prune(problem, filter_by, options, (joints, label_counts, flags), stacklevel + 1)
    else:
        _core.keep_flags(flags, _ISSUE, threads)
    return flags.view(np.bool_)


def lowest_per_class(problem: Problem, method: str, *, only_candidates: bool) -> NDArray[np.bool_]:
    """As many labels of each class as it counts issues, those with the lowest scores."""
    labels, probs, threads = problem.labels, problem.pred_probs, problem.threads
    _, _, flags = _core.count_answers(labels, probs, threads)
    number = METHODS.index(method)
    _core.flag_lowest_answers(labels, probs, flags, number, only_candidates, threads)
    return flags.view(np.bool_)


def _prune(
    problem: Problem,
    filter_by: str,
    options: PruneOptions,
    counts: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]],
    stacklevel: int,
) -> None:
    joints, label_counts, flags = counts
    k = problem.n_classes
    given = options.confident_joint
    if given is not None and np.shape(given) == (k, k):
        msg = (
            "confident_joint of shape (k, k) is ignored; pass one of shape (k, 2, 2), as from "
            "cupel.count.compute_confident_joint(..., multi_label=True)"
        )
        warnings.warn(msg, UserWarning, stacklevel=stacklevel)
        given = None
    if given is None:
        pairs = zip(joints, label_counts, strict=True)
        joint: NDArray[Any] = np.array([calibrated(j, n) for j, n in pairs])
    else:
        joint = as_square(given, name="confident_joint", n_classes=k, multi_label=True)
    numbers = as_numbers_to_remove(options.num_to_remove_per_class, k)
    _core.prune_answers(
        problem.labels,
        problem.pred_probs,
        flags,
        joint.astype(np.float64),
        label_counts,
        FILTERS.index(filter_by),
        options.frac_noise,
        None if numbers is None else np.stack([numbers, np.zeros(k)], axis=1),
        options.min_examples_per_class,
        problem.threads,
    )
    _warn_of_few_answers(label_counts, options.min_examples_per_class, stacklevel + 1)


def _warn_of_few_answers(
    label_counts: NDArray[np.int64], min_examples: int, stacklevel: int
) -> None:
    small = np.flatnonzero(((label_counts > 0) & (label_counts <= min_examples)).any(axis=1))
    if small.size:
        listed = ", ".join(map(str, small[:10])) + (", ..." if small.size > 10 else "")
        msg = (
            f"not all label issues are looked for in class {listed}: it is given, or not given, to "
            f"at most min_examples_per_class={min_examples} examples"
        )
        warnings.warn(msg, UserWarning, stacklevel=stacklevel)


def flag_lowest_examples(problem: Problem) -> NDArray[np.bool_]:
    """As many examples as have an issue of any class, those with the lowest scores.

    By the self-confidence, whichever of the ``"low_*"`` filters is asked for, as in cleanlab.
    """
    _, _, flags = _core.count_answers(problem.labels, problem.pred_probs, problem.threads)
    _core.keep_flags(flags, _ISSUE, problem.threads)
    count = np.count_nonzero(_core.any_answer(flags, problem.threads))
    scores = multilabel_scores(problem, "self_confidence")
    mask = np.zeros(len(scores), dtype=np.bool_)
    mask[_core.lowest_first(scores, int(count))] = True
    return mask


def scores_per_class(
    problem: Problem, method: str, adjust_pred_probs: bool = False
) -> NDArray[np.float64]:
    """Score of each example's answer for each class, shape (n, k)."""
    if adjust_pred_probs:
        check_adjustable(method)
    if method == POSTERIOR:
        scores = [scores_of(binary, method) for binary in problem.one_vs_rest()]
        return np.stack(scores, axis=1).astype(np.float64)
    return _core.answer_scores(
        problem.labels,
        problem.pred_probs,
        METHODS.index(method),
        bool(adjust_pred_probs),
        problem.threads,
    )


def multilabel_scores(
    problem: Problem,
    method: str,
    *,
    aggregator: Aggregator = DEFAULT_AGGREGATOR,
    adjust_pred_probs: bool = False,
) -> NDArray[np.float64]:
    """One score per example, by default the moving average from its best class to its worst."""
    if adjust_pred_probs:
        check_adjustable(method)
    if method == POSTERIOR:
        scores = scores_per_class(problem, method)
        return _core.aggregate_scores(scores, *aggregator, problem.threads)
    return _core.multilabel_scores(
        problem.labels,
        problem.pred_probs,
        METHODS.index(method),
        bool(adjust_pred_probs),
        *aggregator,
        problem.threads,
    )
