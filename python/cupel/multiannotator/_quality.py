"""The verdict on labels by several annotators: by vote, next to one model, next to several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._extras import require
from cupel.multiannotator._crowd import (
    Crowd,
    Verdict,
    majority_vote,
    tell_lonely,
    tell_lost_classes,
    warn_if_none_agree,
)
from cupel.multiannotator._frames import annotator_stats, detailed_quality, label_frame
from cupel.multiannotator._inputs import as_models, as_score_kwargs, model_shape, read_labels

__all__ = ["Wanted", "label_quality", "majority_label"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one of the public functions was asked for."""

    function: str
    consensus_methods: Sequence[str]
    quality_method: str
    calibrate: bool
    detailed_quality: bool
    annotator_stats: bool
    weights: bool
    verbose: bool

    @property
    def ensemble(self) -> bool:
        """Whether several models are passed."""
        return self.function.endswith("_ensemble")


def label_quality(
    labels_multiannotator: Any,
    pred_probs: Any,
    wanted: Wanted,
    *,
    score_kwargs: Mapping[str, Any] | None,
    packed: bool,
    threads: int,
    stacklevel: int,
) -> dict[str, Any]:
    """Return the frames and weights asked for."""
    require("pandas", wanted.function)
    kwargs = as_score_kwargs(score_kwargs)
    labels = read_labels(labels_multiannotator, threads)
    labels.check(single=False)
    model_shape(pred_probs, name="pred_probs", ensemble=wanted.ensemble, function=wanted.function)
    models = as_models(pred_probs, threads, name="pred_probs", marks=labels.marks)
    crowd = Crowd(labels, models, threads, kwargs, packed)
    warn_if_none_agree(labels.marks, threads, stacklevel=stacklevel + 1)
    if wanted.calibrate:
        crowd.calibrate()
    verdicts = _verdicts(crowd, wanted, stacklevel + 1)
    if wanted.verbose:
        if wanted.quality_method == "crowdlab":
            tell_lonely(crowd)
        for method, verdict in verdicts.items():
            tell_lost_classes(labels.marks, verdict.consensus, method)
    return _frames(crowd, wanted, verdicts)


def _verdicts(crowd: Crowd, wanted: Wanted, stacklevel: int) -> dict[str, Verdict]:
    """Return the verdict by each method, in the order asked for."""
    majority = crowd.vote(stacklevel=stacklevel + 1)
    judge, improve = crowd.judge, crowd.improve
    if wanted.quality_method == "agreement":
        judge, improve = crowd.judge_by_shares, crowd.improve_by_shares
    return {
        method: judge(majority if method == "majority_vote" else improve(majority))
        for method in wanted.consensus_methods
    }


def _frames(crowd: Crowd, wanted: Wanted, verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
    first = next(iter(verdicts.values()))
    found: dict[str, Any] = {"label_quality": label_frame(crowd, verdicts)}
    if wanted.detailed_quality or wanted.annotator_stats:
        scores = crowd.label_scores(first.posterior)
        if wanted.detailed_quality:
            found["detailed_label_quality"] = detailed_quality(crowd, scores)
        if wanted.annotator_stats:
            found["annotator_stats"] = annotator_stats(crowd, first, scores)
    if wanted.weights:
        last = list(verdicts.values())[-1]  # not the first, as all else: cleanlab's choice
        weights = last.model_weights
        found["model_weight"] = weights if wanted.ensemble else weights[0]
        found["annotator_weight"] = last.annotator_weights
    return found


def majority_label(
    labels_multiannotator: Any,
    pred_probs: Any,
    *,
    verbose: bool,
    threads: int,
    stacklevel: int,
) -> NDArray[np.int64]:
    """Return the majority's class of each example; check and print more if `verbose`."""
    labels = read_labels(labels_multiannotator, threads)
    if verbose:
        labels.check(single=False)
        warn_if_none_agree(labels.marks, threads, stacklevel=stacklevel + 1)
    else:
        labels.check_examples()
    probs, n_classes = None, labels.marks.n_classes
    if pred_probs is not None:
        function = "get_majority_vote_label"
        n_classes = model_shape(pred_probs, name="pred_probs", ensemble=False, function=function)[1]
        probs = as_models(pred_probs, threads, name="pred_probs", marks=labels.marks)[0]
    votes = majority_vote(labels.marks, probs, n_classes, threads, stacklevel=stacklevel + 1)
    if verbose:
        tell_lost_classes(labels.marks, votes, "majority_vote")
    return votes
