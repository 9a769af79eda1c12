"""ActiveLab: which example to have labeled next, labeled already or not.

Goh, Mueller, "ActiveLab: Active Learning with Re-Labeling by Multiple Annotators" (2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel.multiannotator._crowd import (
    Crowd,
    majority_vote,
    mean_model,
    tell_lonely,
    tell_lost_classes,
    warn_if_none_agree,
)
from cupel.multiannotator._inputs import (
    as_models,
    as_score_kwargs,
    model_shape,
    read_labels,
)

__all__ = ["active_learning_scores"]

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Trust:
    """What was learnt from the labeled examples about models and annotators."""

    temperatures: Sequence[float]
    models: _Floats  # weights
    annotator: float  # mean weight

    def score(self, probability: _Floats, annotators: _Floats | float, n_classes: int) -> _Floats:
        """Mix the probability of a class, as the label sources see it, with the uniform one.

        As much as one more annotator would count, of whom nothing is known yet.
        """
        sources = annotators + self.models.sum()
        uniform = self.annotator / n_classes
        return np.asarray((probability * sources + uniform) / (sources + self.annotator))


def active_learning_scores(
    labels_multiannotator: Any,
    pred_probs: Any,
    pred_probs_unlabeled: Any,
    *,
    packed: bool,
    threads: int,
    function: str,
    stacklevel: int,
) -> tuple[_Floats, _Floats]:
    """Scores of labeled and of unlabeled examples; empty where there are none."""
    ensemble = function.endswith("_ensemble")
    shapes = [
        model_shape(probs, name=name, ensemble=ensemble, function=function)
        for name, probs in (
            ("pred_probs", pred_probs),
            ("pred_probs_unlabeled", pred_probs_unlabeled),
        )
        if probs is not None
    ]
    _check_given(labels_multiannotator, pred_probs, shapes, ensemble)
    n_models = shapes[0][0] if ensemble else 1
    trust = _Trust([1.0] * n_models, np.ones(n_models), 1.0)
    scores = np.empty(0)
    if pred_probs is not None:
        trust, scores = _of_labeled(
            labels_multiannotator, pred_probs, packed, threads, stacklevel + 1
        )
    if pred_probs_unlabeled is None or not shapes[-1][-2]:
        return scores, np.empty(0)
    models = as_models(pred_probs_unlabeled, threads, name="pred_probs_unlabeled")
    models = [
        _core.temper(probs, at, threads)
        for probs, at in zip(models, trust.temperatures, strict=True)
    ]
    return scores, _of_unlabeled(models, trust, ensemble, threads, stacklevel + 1)


def _check_given(
    labels: Any, pred_probs: Any, shapes: Sequence[tuple[int, ...]], ensemble: bool
) -> None:
    if not shapes:
        msg = "pass pred_probs with labels_multiannotator, or pred_probs_unlabeled, or all three"
        raise ValueError(msg)
    if pred_probs is not None and labels is None:
        msg = (
            "pred_probs needs labels_multiannotator; for examples without labels pass "
            "pred_probs_unlabeled alone"
        )
        raise ValueError(msg)
    if shapes[0][-1] != shapes[-1][-1]:
        msg = f"pred_probs has {shapes[0][-1]} classes, pred_probs_unlabeled has {shapes[-1][-1]}"
        raise ValueError(msg)
    if ensemble and shapes[0][0] != shapes[-1][0]:
        msg = f"pred_probs has {shapes[0][0]} models, pred_probs_unlabeled has {shapes[-1][0]}"
        raise ValueError(msg)


def _of_labeled(
    labels_multiannotator: Any, pred_probs: Any, packed: bool, threads: int, stacklevel: int
) -> tuple[_Trust, _Floats]:
    labels = read_labels(labels_multiannotator, threads)
    just_one_each = labels.check(single=True)
    models = as_models(pred_probs, threads, name="pred_probs", marks=labels.marks)
    crowd = Crowd(labels, models, threads, as_score_kwargs(None), packed)
    if just_one_each:
        trust = _Trust([1.0] * len(models), np.ones(len(models)), 1.0)
        weights = np.ones(len(crowd.peer_agreement))
        consensus = crowd.vote(stacklevel=stacklevel + 1)
        quality = _own(mean_model(models), consensus)
    else:
        warn_if_none_agree(labels.marks, threads, stacklevel=stacklevel + 1)
        temperatures = crowd.calibrate()
        consensus = crowd.improve(crowd.vote(stacklevel=stacklevel + 1))
        verdict = crowd.judge(consensus)
        quality, weights = verdict.quality, verdict.annotator_weights
        tell_lonely(crowd)
        tell_lost_classes(labels.marks, consensus, "best_quality")
        trust = _Trust(temperatures, verdict.model_weights, float(weights.mean()))
    per_example = labels.marks.weight_sums(weights, threads)
    return trust, trust.score(quality, per_example, crowd.n_classes)


def _of_unlabeled(
    models: Sequence[_Floats], trust: _Trust, ensemble: bool, threads: int, stacklevel: int
) -> _Floats:
    n_classes = models[0].shape[1]
    if not ensemble:
        return trust.score(models[0].max(axis=1), 0.0, n_classes)
    predicted = np.stack([_core.argmax(probs, threads) for probs in models], axis=1)
    votes = _core.Annotations(predicted.astype(np.float64), threads)
    consensus = majority_vote(
        votes, mean_model(models), n_classes, threads, stacklevel=stacklevel + 1
    )
    tell_lost_classes(votes, consensus, "majority_vote")
    weighed = np.zeros(len(consensus))
    for weight, probs in zip(trust.models, models, strict=True):
        weighed += weight * _own(probs, consensus)
    return trust.score(weighed / trust.models.sum(), 0.0, n_classes)


def _own(probs: _Floats, classes: NDArray[np.int64]) -> _Floats:
    return np.asarray(probs[np.arange(len(classes)), classes])
