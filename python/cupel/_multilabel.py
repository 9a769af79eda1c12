"""One-vs-rest helpers for multi-label problems, where several classes may apply to an example."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cupel._problem import Problem
from cupel._scores import scores_of

__all__ = ["flag_any_class", "multilabel_scores"]

_ALPHA = 0.8  # weight of the worst class in the moving average, as in cleanlab


def flag_any_class(
    problem: Problem, flag: Callable[[Problem], NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """Examples that `flag` marks in the binary problem of at least one class."""
    mask = np.zeros(len(problem.labels), dtype=np.bool_)
    for binary in problem.one_vs_rest():
        mask |= flag(binary)
    return mask


def multilabel_scores(
    problem: Problem, method: str, adjust_pred_probs: bool = False
) -> NDArray[np.float64]:
    """Exponential moving average of the classes' scores, from the best class to the worst."""
    scores = np.array(
        [scores_of(binary, method, adjust_pred_probs) for binary in problem.one_vs_rest()],
        dtype=np.float64,
    )
    scores.sort(axis=0)
    average = scores[-1]
    for row in scores[-2::-1]:
        average = _ALPHA * row + (1 - _ALPHA) * average
    return np.asarray(average)
