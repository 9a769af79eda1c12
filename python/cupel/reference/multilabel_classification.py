"""Multi-label problems: each class is a question with the answers no (0) and yes (1).

Thyagarajan, Snorrason, Northcutt, Mueller, "Identifying Incorrect Annotations in Multi-Label
Classification Data" (2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cupel.reference import filter, rank
from cupel.reference._common import (
    Bools,
    Float64s,
    Ints,
    Labels,
    as_probs,
    given_label_wins,
    label_matrix,
    one_vs_rest,
)


def get_label_quality_scores_per_class(
    labels: Labels,
    pred_probs: ArrayLike,
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
) -> Float64s:
    """Score of each answer, as in the two-column problem of its class; float64, shape (n, k)."""
    scores = [
        rank.get_label_quality_scores(
            answers, probs, method=method, adjust_pred_probs=adjust_pred_probs
        )
        for answers, probs in one_vs_rest(labels, pred_probs)
    ]
    return np.stack(scores, axis=1).astype(np.float64)


def moving_average(scores: Float64s, alpha: float) -> Float64s:
    r"""Exponential moving average of each row's scores, from the best to the worst.

    .. math:: e_1 = s_{(1)}, \qquad e_k = \alpha \, s_{(k)} + (1 - \alpha) \, e_{k-1}
    """
    best_first = np.sort(scores, axis=1)[:, ::-1].T
    average = best_first[0]
    for column in best_first[1:]:
        average = alpha * column + (1 - alpha) * average
    return np.asarray(average)


def softmin(scores: Float64s, temperature: float) -> Float64s:
    r"""Mean of each row's scores with weights :math:`e^{(1 - s) / T}` over their sum."""
    lead = (scores.min(axis=1, keepdims=True) - scores) / temperature
    weights = np.exp(lead)
    return np.asarray((weights * scores).sum(axis=1) / weights.sum(axis=1))


def find_multilabel_issues_per_class(
    labels: Labels,
    pred_probs: ArrayLike,
    *,
    low_memory: bool = False,
    num_to_remove_per_class: Sequence[int] | None = None,
    confident_joint: ArrayLike | None = None,
    **options: Any,
) -> Bools:
    """Label issues of each class, as in its two-column problem; shape (n, k).

    Numbers to remove are those of answers "no". With ``low_memory``: as many as the confident joint
    says, those with the lowest self-confidence whose answer is not the predicted one.
    """
    masks = []
    for k, (answers, probs) in enumerate(one_vs_rest(labels, pred_probs)):
        if low_memory:
            mask = filter.find_label_issues(answers, probs, filter_by="low_self_confidence")
            masks.append(mask & ~given_label_wins(answers, probs))
            continue
        numbers = num_to_remove_per_class
        of_class: dict[str, Any] = {
            "num_to_remove_per_class": None if numbers is None else [numbers[k], 0],
            "confident_joint": None if confident_joint is None else np.asarray(confident_joint)[k],
        }
        masks.append(filter.find_label_issues(answers, probs, **of_class, **options))
    return np.stack(masks, axis=1).astype(np.bool_)


def issue_counts(labels: Labels, pred_probs: ArrayLike) -> tuple[Ints, Ints]:
    """Count, for each class, the examples that have it wrongly, and those that lack it wrongly."""
    given = label_matrix(labels, as_probs(pred_probs).shape[1]) == 1
    issues = find_multilabel_issues_per_class(labels, pred_probs)
    return (issues & given).sum(axis=0), (issues & ~given).sum(axis=0)
