"""Label issues where several classes may apply to an example."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel._multilabel import scores_per_class
from cupel._problem import Problem
from cupel.datalab._finding import Finding
from cupel.datalab._names import percent
from cupel.datalab.checks._class_names import class_name, column_names
from cupel.multilabel_classification.filter import find_label_issues
from cupel.multilabel_classification.rank import get_label_quality_scores

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord

__all__ = ["PARAMETERS", "explain_set", "find_in_sets"]

_OF_SCORES = ("method", "adjust_pred_probs", "aggregator_kwargs")
_OF_FILTER = (
    "filter_by",
    "frac_noise",
    "num_to_remove_per_class",
    "min_examples_per_class",
    "confident_joint",
    "n_jobs",
    "low_memory",
)
_WITHOUT_EFFECT = ("return_indices_ranked_by", "rank_by_kwargs", "verbose")
PARAMETERS = (*_OF_FILTER, *_OF_SCORES, *_WITHOUT_EFFECT)
_APPLIES = 0.5  # a class is predicted above this


def find_in_sets(context: Context, **parameters: Any) -> Finding:
    """Find the examples that have, or lack, a class likely by mistake.

    Parameters
    ----------
    context : Context
        Labels with `pred_probs`.
    filter_by, frac_noise, num_to_remove_per_class, min_examples_per_class, confident_joint, \
            n_jobs, low_memory
        For :func:`cupel.multilabel_classification.filter.find_label_issues`.
    method, adjust_pred_probs, aggregator_kwargs
        For :func:`cupel.multilabel_classification.get_label_quality_scores`.
    return_indices_ranked_by, rank_by_kwargs, verbose
        Without effect.
    """
    labels = context.labels.values
    n_jobs = parameters.get("n_jobs", context.n_jobs)
    of_filter = {name: parameters[name] for name in _OF_FILTER if name in parameters}
    of_scores = {name: parameters[name] for name in _OF_SCORES if name in parameters}
    problem = Problem.load(labels, context.pred_probs, n_jobs=n_jobs, multi_label=True)
    scores = get_label_quality_scores(labels, problem.pred_probs, n_jobs=n_jobs, **of_scores)
    mask = find_label_issues(labels, problem.pred_probs, **{**of_filter, "n_jobs": n_jobs})
    given = context.labels.in_given_order()
    predicted = _lists_of(problem.pred_probs > _APPLIES)
    names = column_names(context.labels, problem.n_classes)
    scores = np.asarray(scores, dtype=np.float64)
    return Finding(
        "label",
        mask,
        scores,
        float(scores.mean()),
        info={"given_label": given, "predicted_label": predicted},
        columns={
            "given_label": _named(given, names),
            "predicted_label": _named(predicted, names),
        },
        evidence=_evidence(problem),
    )


def _evidence(problem: Problem) -> dict[str, NDArray[Any]]:
    answers = scores_per_class(problem, "self_confidence")
    worst = answers.argmin(axis=1)
    rows = np.arange(len(worst))
    return {
        "worst_class": worst,
        "worst_class_is_given": problem.labels[rows, worst] == 1,
        "worst_class_probability": problem.pred_probs[rows, worst].astype(np.float64),
    }


def _lists_of(mask: NDArray[np.bool_]) -> list[list[int]]:
    codes = np.nonzero(mask)[1].tolist()
    ends = np.cumsum(np.count_nonzero(mask, axis=1)).tolist()
    return [codes[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _named(rows: list[list[int]], names: list[Any]) -> NDArray[Any]:
    flat = list(map(names.__getitem__, chain.from_iterable(rows)))
    out = np.empty(len(rows), dtype=object)
    start = 0
    for i, row in enumerate(rows):
        end = start + len(row)
        out[i] = flat[start:end]
        start = end
    return out


def explain_set(record: AuditRecord, finding: Finding, row: int) -> str:
    """Say which class is likely there, or missing, by mistake."""
    seen = {name: values[row].item() for name, values in finding.evidence.items()}
    name, share = class_name(record.labels, seen["worst_class"]), seen["worst_class_probability"]
    if seen["worst_class_is_given"]:
        return f"Labelled {name}, to which the model gives {percent(share)}."
    return f"Not labelled {name}, to which the model gives {percent(share)}."
