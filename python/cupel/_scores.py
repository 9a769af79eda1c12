"""Label quality scores of checked problems; shared by rank, filter and scorer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._joint import thresholds_of
from cupel._posterior import POSTERIOR, judge
from cupel._problem import Problem
from cupel._validate import as_choice

__all__ = ["METHODS", "as_rank_by_kwargs", "check_adjustable", "ordered_issues", "scores_of"]

# In the order of the core's enum; the last has functions of its own there.
METHODS = (
    "self_confidence",
    "normalized_margin",
    "confidence_weighted_entropy",
    POSTERIOR,
)
_NOT_ADJUSTABLE = METHODS[2:]


def as_rank_by_kwargs(rank_by_kwargs: Mapping[str, Any] | None) -> dict[str, bool]:
    """Check the arguments for a ranking: ``adjust_pred_probs`` or nothing."""
    kwargs = dict(rank_by_kwargs or {})
    for name in kwargs:
        as_choice(name, ("adjust_pred_probs",), name="rank_by_kwargs")
    return kwargs


def check_adjustable(method: str) -> None:
    """Refuse a method whose probabilities cannot be adjusted by thresholds."""
    if method in _NOT_ADJUSTABLE:
        msg = f"adjust_pred_probs is not possible with method={method!r}"
        raise ValueError(msg)


def scores_of(
    problem: Problem,
    method: str,
    adjust_pred_probs: bool = False,
    rows: NDArray[np.int64] | None = None,
) -> NDArray[Any]:
    """Scores of a checked problem's examples, or of some `rows` of it."""
    values, of_matrix_type = None, False
    if adjust_pred_probs:
        check_adjustable(method)
        values, of_matrix_type, _ = thresholds_of(problem)
    if method == POSTERIOR:
        scores = judge(problem).scores
        return scores if rows is None else scores[rows]
    return _core.label_quality_scores(
        problem.labels,
        problem.pred_probs,
        METHODS.index(method),
        values,
        of_matrix_type,
        rows,
        problem.threads,
    )


def ordered_issues(
    problem: Problem,
    mask: NDArray[np.bool_],
    rank_by: str,
    *,
    scores: NDArray[Any] | None,
    adjust_pred_probs: bool = False,
) -> NDArray[np.int64]:
    """Rows of the mask of a checked problem, lowest score first.

    Only those rows are scored, unless the `scores` of all are there already.
    """
    rows = np.flatnonzero(mask)
    if scores is None or adjust_pred_probs:
        of_rows = scores_of(problem, rank_by, adjust_pred_probs, rows)
    else:
        of_rows = scores[rows]
    return rows[_core.lowest_first(of_rows, len(of_rows))]
