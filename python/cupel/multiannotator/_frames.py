"""Verdicts on labels by several annotators as the frames that users get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._extras import require
from cupel.multiannotator._crowd import Crowd, Verdict

__all__ = ["annotator_stats", "detailed_quality", "label_frame"]


def label_frame(crowd: Crowd, verdicts: Mapping[str, Verdict]) -> Any:
    """Return one row per example; columns of all verdicts but the first end in their names."""
    pandas = require("pandas", "get_label_quality_multiannotator")
    columns: dict[str, NDArray[Any]] = {}
    for i, (method, verdict) in enumerate(verdicts.items()):
        suffix = f"_{method}" if i else ""
        columns[f"consensus_label{suffix}"] = verdict.consensus
        columns[f"consensus_quality_score{suffix}"] = verdict.quality
        columns[f"annotator_agreement{suffix}"] = verdict.agreement
        if not i:
            columns["num_annotations"] = crowd.labels.per_example
    return pandas.DataFrame(columns, index=crowd.labels.index)


def detailed_quality(crowd: Crowd, scores: NDArray[np.float64]) -> Any:
    """Return the score of each label where the label is; nan where there is none."""
    pandas = require("pandas", "get_label_quality_multiannotator")
    labels = crowd.labels
    names = [f"quality_annotator_{name}" for name in labels.annotator_names()]
    columns = pandas.Index(names, name=None if labels.columns is None else labels.columns.name)
    values = labels.marks.spread_scores(scores, crowd.threads)
    return pandas.DataFrame(values, index=labels.index, columns=columns, copy=False)


def annotator_stats(crowd: Crowd, verdict: Verdict, scores: NDArray[np.float64]) -> Any:
    """Return one row per annotator, the worst first."""
    pandas = require("pandas", "get_label_quality_multiannotator")
    labels = crowd.labels
    mean_score, agreement, shared_agreement, worst_class = labels.marks.summarize(
        verdict.consensus, verdict.quality, scores, crowd.n_classes, crowd.threads
    )
    quality = _annotator_quality(crowd, verdict, mean_score, shared_agreement)
    order = np.lexsort((agreement, quality))
    names = pandas.RangeIndex(len(quality)) if labels.columns is None else labels.columns
    return pandas.DataFrame(
        {
            "annotator_quality": quality[order],
            "agreement_with_consensus": agreement[order],
            "worst_class": worst_class[order],
            "num_examples_labeled": labels.marks.label_counts(by_annotator=True)[order],
        },
        index=names.take(order),
    )


def _annotator_quality(
    crowd: Crowd,
    verdict: Verdict,
    mean_score: NDArray[np.float64],
    shared_agreement: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Mean score of an annotator's labels, and agreement where others labeled too, as weighed.

    By as much as the models count next to the annotators of an example.
    """
    if not verdict.model_weights.size:
        return shared_agreement
    per_annotator = crowd.labels.per_example.mean() / len(mean_score)
    of_models = verdict.model_weights.mean()
    share = of_models / (of_models + verdict.annotator_weights.sum() * per_annotator)
    return np.asarray(share * mean_score + (1 - share) * shared_agreement)
