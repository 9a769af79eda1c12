"""Label quality scores, in [0, 1] with lower meaning worse, and rankings by them.

The scores are those of Kuan, Mueller, "Model-agnostic label quality scoring to detect real-world
label errors", ICML DataPerf Workshop (2022).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cupel.reference._common import (
    TOLERANCE,
    Float64s,
    Floats,
    Ints,
    Labels,
    as_labels,
    as_probs,
    of_given_label,
    one_vs_rest,
)
from cupel.reference.count import get_confident_thresholds

SEARCHED_T_VALUES = (1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 2e2)


def get_self_confidence_for_each_label(labels: Labels, pred_probs: ArrayLike) -> Floats:
    r"""Probability of the given label, :math:`\hat p_{i y_i}`, in the dtype of the input."""
    return of_given_label(as_labels(labels), as_probs(pred_probs))


def get_normalized_margin_for_each_label(labels: Labels, pred_probs: ArrayLike) -> Floats:
    r"""Lead of the given label over the best other class, moved into [0, 1].

    .. math:: \frac{\hat p_{i y_i} - \max_{k \ne y_i} \hat p_{ik} + 1}{2}

    Evaluated in the dtype of the input. Defined for two classes or more.
    """
    y, probs = as_labels(labels), as_probs(pred_probs)
    _require_two_classes(probs)
    others = probs.copy()
    others[np.arange(len(y)), y] = -np.inf
    return np.asarray((of_given_label(y, probs) - others.max(axis=1) + 1) / 2)


def get_confidence_weighted_entropy_for_each_label(
    labels: Labels, pred_probs: ArrayLike
) -> Float64s:
    r"""Squashed ratio of normalised entropy to self-confidence, in float64.

    .. math:: \frac{\log(1 + q_i)}{\max(q_i, 10^{-6})}, \qquad
        q_i = \frac{-\sum_k \hat p_{ik} \log \hat p_{ik}}
                   {\log K \cdot \max(\hat p_{i y_i}, 10^{-6})}

    Defined for two classes or more.
    """
    y, probs = as_labels(labels), as_probs(pred_probs).astype(np.float64)
    _require_two_classes(probs)
    logs = np.log(probs, where=probs > 0, out=np.zeros_like(probs))
    entropy = -(probs * logs).sum(axis=1) / np.log(probs.shape[1])
    ratio = entropy / np.maximum(of_given_label(y, probs), TOLERANCE)
    return np.asarray(np.log(1 + ratio) / np.maximum(ratio, TOLERANCE))


def _require_two_classes(probs: Floats) -> None:
    if probs.shape[1] < 2:
        msg = "this score compares classes and needs at least two"
        raise ValueError(msg)


METHODS: Mapping[str, Callable[[Labels, ArrayLike], Floats]] = {
    "self_confidence": get_self_confidence_for_each_label,
    "normalized_margin": get_normalized_margin_for_each_label,
    "confidence_weighted_entropy": get_confidence_weighted_entropy_for_each_label,
}


def get_label_quality_scores(
    labels: Labels,
    pred_probs: ArrayLike,
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
) -> Floats:
    """Quality of each label by one of `METHODS`."""
    if method not in METHODS:
        msg = f"method must be one of {list(METHODS)}, got {method!r}"
        raise ValueError(msg)
    if not adjust_pred_probs:
        return METHODS[method](labels, pred_probs)
    if method == "confidence_weighted_entropy":
        msg = f"adjust_pred_probs is not defined for method={method!r}"
        raise ValueError(msg)
    return METHODS[method](labels, _adjusted(as_labels(labels), as_probs(pred_probs)))


def _adjusted(y: Ints, probs: Floats) -> Floats:
    r"""Probabilities relative to the thresholds: :math:`\hat p_{ik} - t_k + \max_l t_l`, rescaled.

    Rows are divided by their sum, where they have one.
    """
    thresholds = get_confident_thresholds(y, probs)
    shifted = probs - thresholds + thresholds.max()
    total = shifted.sum(axis=1, keepdims=True)
    return np.asarray(shifted / np.where(total > 0, total, 1))


def multilabel_quality_scores(
    labels: Labels, probs: Floats, method: str, adjust_pred_probs: bool = False
) -> Float64s:
    r"""Exponential moving average of an example's one-vs-rest scores, from best to worst.

    .. math:: e_1 = s_{(1)}, \qquad e_k = 0.8 \, s_{(k)} + 0.2 \, e_{k-1}

    Thyagarajan, Snorrason, Northcutt, Mueller, "Identifying Incorrect Annotations in Multi-Label
    Classification Data" (2022).
    """
    per_class = [
        get_label_quality_scores(y, p, method=method, adjust_pred_probs=adjust_pred_probs)
        for y, p in one_vs_rest(labels, probs)
    ]
    best_first = np.sort(np.array(per_class, dtype=np.float64), axis=0)[::-1]
    average = best_first[0]
    for scores in best_first[1:]:
        average = 0.8 * scores + (1 - 0.8) * average
    return np.asarray(average)


def get_label_quality_ensemble_scores(
    labels: Labels,
    pred_probs_list: Sequence[ArrayLike],
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
    weight_ensemble_members_by: str = "accuracy",
    custom_weights: ArrayLike | None = None,
    log_loss_search_T_values: Sequence[float] = SEARCHED_T_VALUES,
) -> Floats:
    """Weighted mean of the scores by several models' probabilities.

    Weights: ``"uniform"``; ``"accuracy"``, in proportion to each member's; ``"log_loss_search"``,
    in proportion to ``exp(-T * log_loss)`` with the best of the given T; ``"custom"``.
    """
    y, members = as_labels(labels), [as_probs(p) for p in pred_probs_list]
    kwargs: dict[str, Any] = {"method": method, "adjust_pred_probs": adjust_pred_probs}
    scores = np.stack([get_label_quality_scores(y, p, **kwargs) for p in members], axis=1)
    if (custom_weights is not None) != (weight_ensemble_members_by == "custom"):
        msg = "custom_weights goes with weight_ensemble_members_by='custom'"
        raise ValueError(msg)
    if weight_ensemble_members_by == "uniform":
        return np.asarray(scores.mean(axis=1, dtype=np.float64).astype(scores.dtype))
    if weight_ensemble_members_by == "accuracy":
        weights = _accuracy_weights(y, members)
    elif weight_ensemble_members_by == "log_loss_search":
        weights = _searched_weights(y, members, log_loss_search_T_values)
    elif weight_ensemble_members_by == "custom":
        weights = np.asarray(custom_weights, dtype=np.float64)
    else:
        msg = f"unknown weight_ensemble_members_by {weight_ensemble_members_by!r}"
        raise ValueError(msg)
    return np.asarray((scores * weights).sum(axis=1))


def _accuracy_weights(y: Ints, members: Sequence[Floats]) -> Float64s:
    accuracy = np.array([np.mean(p.argmax(axis=1) == y) for p in members])
    if not accuracy.any():
        msg = "no member predicts any given label, so accuracy gives no weights"
        raise ValueError(msg)
    return np.asarray(accuracy / accuracy.sum())


def _searched_weights(y: Ints, members: Sequence[Floats], t_values: Sequence[float]) -> Float64s:
    """For the T whose weighted mean of the members has the least log loss, the first of equals."""
    stacked = np.stack([p.astype(np.float64) for p in members])
    clipped = np.maximum(stacked, TOLERANCE)
    losses = np.array([_log_loss(y, p / p.sum(axis=1, keepdims=True)) for p in clipped])
    candidates = [_softmax(-t * losses) for t in t_values]
    return min(candidates, key=lambda weights: _log_loss(y, np.tensordot(weights, stacked, axes=1)))


def _softmax(values: Float64s) -> Float64s:
    powers = np.exp(values - values.max())
    return np.asarray(powers / powers.sum())


def _log_loss(y: Ints, probs: Floats) -> float:
    eps = np.finfo(np.float64).eps
    return float(-np.log(np.clip(of_given_label(y, probs), eps, 1 - eps)).mean())


def find_top_issues(quality_scores: ArrayLike, *, top: int | None = 10) -> Ints:
    """List the indices of the ``top`` lowest scores, or of all, worst first."""
    return np.argsort(np.asarray(quality_scores), kind="stable")[:top]


def order_label_issues(
    label_issues_mask: ArrayLike,
    labels: Labels,
    pred_probs: ArrayLike,
    *,
    rank_by: str = "self_confidence",
    rank_by_kwargs: Mapping[str, Any] | None = None,
) -> Ints:
    """List the indices of the flagged rows, worst score first."""
    kwargs = rank_by_kwargs or {}
    scores = get_label_quality_scores(labels, pred_probs, method=rank_by, **kwargs)
    flagged = np.flatnonzero(label_issues_mask)
    return flagged[np.argsort(scores[flagged], kind="stable")]
