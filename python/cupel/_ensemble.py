"""How much each model of an ensemble counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel import _core
from cupel._problem import Problem
from cupel._validate import as_class_vector

__all__ = ["member_weights"]


def member_weights(
    members: Sequence[Problem],
    weight_by: str,
    custom_weights: ArrayLike | None,
    temperatures: Sequence[float],
) -> NDArray[np.float64] | None:
    """Weights of the models, or None for a plain mean."""
    if custom_weights is not None and weight_by != "custom":
        msg = "custom_weights needs weight_ensemble_members_by='custom'"
        raise ValueError(msg)
    if weight_by == "uniform":
        return None
    if weight_by == "accuracy":
        return _by_accuracy(members)
    if weight_by == "log_loss_search":
        return _by_log_loss(members, temperatures)
    if custom_weights is None:
        msg = "weight_ensemble_members_by='custom' needs custom_weights"
        raise ValueError(msg)
    return as_class_vector(custom_weights, len(members), name="custom_weights")


def _by_accuracy(members: Sequence[Problem]) -> NDArray[np.float64]:
    accuracy = np.array(
        [
            (_core.argmax(m.pred_probs, m.threads) == m.checked_labels()).mean(dtype=np.float64)
            for m in members
        ]
    )
    total = accuracy.sum()
    if total == 0.0:
        msg = (
            "pred_probs_list has no model that predicts any given label, so accuracies give no "
            "weights; use weight_ensemble_members_by='uniform'"
        )
        raise ValueError(msg)
    return np.asarray(accuracy / total)


def _by_log_loss(members: Sequence[Problem], temperatures: Sequence[float]) -> NDArray[np.float64]:
    """Weights exp(-T loss), with the first T whose weighted mean prediction has the least loss."""
    losses = np.array([_core.log_loss(m.labels, m.pred_probs, m.threads) for m in members])
    own = [_own_probabilities(m) for m in members]
    least = float(np.finfo(np.float64).eps)
    best_loss, best = np.inf, None
    for t in temperatures:
        weights = np.exp(-float(t) * (losses - losses.min()))
        weights /= weights.sum()
        mean = np.zeros(len(own[0]))
        for weight, probs in zip(weights, own, strict=True):
            mean += weight * probs
        loss = -np.log(np.clip(mean, least, 1.0 - least)).mean()
        if loss < best_loss:
            best_loss, best = loss, weights
    if best is None:
        msg = "log_loss_search_T_values is empty, expected temperatures to try"
        raise ValueError(msg)
    return np.asarray(best)


def _own_probabilities(member: Problem) -> NDArray[Any]:
    """Probability of each given label, as float64."""
    scores = _core.label_quality_scores(
        member.labels, member.pred_probs, 0, None, False, None, member.threads
    )
    return scores.astype(np.float64)
