"""Numbers behind the reasons for which a label of one class is listed, and the reasons in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel._posterior import judge
from cupel.datalab._names import percent
from cupel.datalab.checks._class_names import class_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from cupel._posterior import NoiseModel
    from cupel._problem import Problem
    from cupel.datalab._finding import Finding
    from cupel.datalab._record import AuditRecord

__all__ = ["evidence_of", "explain_class"]

_MAJORITY = 0.5


def evidence_of(
    problem: Problem,
    predicted: NDArray[np.int64],
    thresholds: NDArray[np.float64],
    fit: Callable[[Problem], NoiseModel],
) -> dict[str, NDArray[Any]]:
    """Return the numbers, all classes as codes.

    `thresholds` are those that labels were judged by; `fit` makes the noise posterior's model.
    """
    labels, probs = problem.labels, problem.pred_probs
    rows = np.arange(len(labels))
    of_prediction = probs[rows, predicted].astype(np.float64)
    return {
        "given_label": labels,
        "given_label_probability": probs[rows, labels].astype(np.float64),
        "predicted_label": predicted,
        "predicted_label_probability": of_prediction,
        "class_threshold": thresholds[labels].astype(np.float64),
        "confident_class": _confident_class(probs, predicted, of_prediction, thresholds),
    } | _suggestions(problem, fit)


def _confident_class(
    probs: NDArray[Any],
    predicted: NDArray[np.int64],
    of_prediction: NDArray[np.float64],
    thresholds: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Likeliest class among those at or above their threshold, -1 where there is none."""
    out = np.where(of_prediction >= thresholds[predicted], predicted, -1)
    others = np.flatnonzero(out < 0)
    if others.size:
        least = thresholds.min()
        others = others[of_prediction[others] >= least]  # no other class can reach its own
        rest = probs[others]
        reached = np.where(rest >= thresholds, rest, -1.0)
        best = reached.argmax(axis=1)
        out[others] = np.where(reached[np.arange(len(rest)), best] >= 0, best, -1)
    return out


def _suggestions(problem: Problem, fit: Callable[[Problem], NoiseModel]) -> dict[str, NDArray[Any]]:
    """Ask the noise posterior what is true; empty where it cannot be fitted."""
    try:
        judged = judge(problem, fit(problem))
    except ValueError:  # a class with no probability anywhere, say
        return {}
    return {
        "suggested_label": judged.suggested_label,
        "suggested_label_probability": judged.suggested_probability,
        "error_probability": judged.error_probability,
    }


def explain_class(record: AuditRecord, finding: Finding, row: int) -> str:
    """Say why a label is listed, with the numbers."""
    seen = {name: values[row].item() for name, values in finding.evidence.items()}
    given = class_name(record.labels, seen["given_label"])
    predicted = class_name(record.labels, seen["predicted_label"])
    share, best = seen["given_label_probability"], seen["predicted_label_probability"]
    by_neighbors = finding.info.get("find_issues_inputs", {}).get("features", False)
    if by_neighbors:
        agree = f"Labelled {given}, as {percent(share)} of its nearest neighbours are"
        differ = (
            f"Labelled {given}, but {percent(best)} of its nearest neighbours are labelled {predicted} "
            f"and {percent(share)} {given}"
        )
    else:
        agree = f"Labelled {given}, to which the model gives {percent(share)}"
        differ = (
            f"Labelled {given}, but the model says {predicted} ({percent(best)}) and gives "
            f"{percent(share)} to {given}"
        )
    same = seen["given_label"] == seen["predicted_label"]
    usual = f"examples labelled {given} usually get {percent(seen['class_threshold'])}"
    sentence = f"{agree if same else differ}; {usual}."
    vote = seen.get("neighbor_vote_class", -1)
    if not by_neighbors and vote >= 0 and seen["neighbor_vote_share"] > _MAJORITY:
        voted = class_name(record.labels, vote)
        sentence += (
            f" {percent(seen['neighbor_vote_share'])} of its neighbours are labelled {voted}."
        )
    return sentence
