"""Scores of boxes and of images, shared by ranking and filtering."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from cupel import _core
from cupel._arrays import shown
from cupel._runtime import resolve_threads
from cupel.object_detection._auxiliary import Known, boxes_of, known_of
from cupel.object_detection._boxes import Boxes, Floats

__all__ = [
    "TEMPERATURE",
    "as_number",
    "as_weights",
    "box_scores",
    "image_scores",
    "scores_of_inputs",
]

ALPHA = 0.9
LOW_PROBABILITY = 0.5
HIGH_PROBABILITY = 0.95
TEMPERATURE = 0.1
TINY = 1e-100
_KINDS = ("overlooked", "swap", "badloc")
_UNKNOWN: Known = (None, None, None)


def box_scores(
    boxes: Boxes,
    threads: int,
    *,
    alpha: float = ALPHA,
    low_probability: float = LOW_PROBABILITY,
    high_probability: float = HIGH_PROBABILITY,
    overlapping_label_check: bool = True,
    known: Known = _UNKNOWN,
) -> dict[str, Floats]:
    """Return the scores of all boxes: "overlooked" of predictions, "badloc" and "swap" of labels."""
    overlooked, badloc, swap, _ = _core.box_scores(
        boxes.arrays,
        alpha,
        low_probability,
        high_probability,
        bool(overlapping_label_check),
        *known,
        threads,
    )
    return {"overlooked": overlooked, "swap": swap, "badloc": badloc}


def scores_of_inputs(
    labels: Any,
    predictions: Any,
    auxiliary_inputs: Any,
    alpha: float | None,
    probabilities: Mapping[str, float | None],
    n_jobs: int | None,
    *,
    overlapping_label_check: bool = True,
    overlaps: bool = True,
) -> tuple[Boxes, dict[str, Floats]]:
    """Return the boxes and their scores, from whichever of the two inputs there is."""
    threads = resolve_threads(n_jobs)
    weight = ALPHA if alpha is None else as_number(alpha, "alpha")
    options = {"low_probability": LOW_PROBABILITY, "high_probability": HIGH_PROBABILITY}
    for name, value in probabilities.items():
        if value is not None:
            options[name] = as_number(value, f"{name}_threshold")
    if auxiliary_inputs is None:
        boxes, known = Boxes.load(labels, predictions), _UNKNOWN
    else:
        boxes = boxes_of(auxiliary_inputs)
        known = known_of(auxiliary_inputs, boxes, weight, threads, overlaps=overlaps)
    scores = box_scores(
        boxes,
        threads,
        alpha=weight,
        overlapping_label_check=overlapping_label_check,
        known=known,
        **options,
    )
    return boxes, scores


def image_scores(
    boxes: Boxes, threads: int, weights: Mapping[str, float], *, overlapping_label_check: bool
) -> Floats:
    """Return the quality of each image's labels, the weighted geometric mean of three kinds."""
    of_boxes = box_scores(boxes, threads, overlapping_label_check=overlapping_label_check)
    logs = np.zeros(len(boxes.class_counts))
    for kind in _KINDS:
        side = boxes.predicted if kind == "overlooked" else boxes.given
        pooled = _core.pool_box_scores(of_boxes[kind], side.offsets, TEMPERATURE, threads)
        logs += weights[kind] * np.log(TINY + pooled)
    return np.asarray(np.exp(logs))


def as_weights(aggregation_weights: Mapping[str, float] | None) -> dict[str, float]:
    """Return the weights of the three kinds of errors, which must add up to 1."""
    if aggregation_weights is None:
        return dict.fromkeys(_KINDS, 1 / len(_KINDS))
    name = "aggregation_weights"
    if not isinstance(aggregation_weights, Mapping):
        msg = f"{name} must be a dict, got {type(aggregation_weights).__name__}"
        raise TypeError(msg)
    weights = {
        kind: as_number(weight, f"{name}[{kind!r}]") for kind, weight in aggregation_weights.items()
    }
    if any(weight < 0 for weight in weights.values()) or not np.isclose(sum(weights.values()), 1):
        msg = f"{name} must be at least 0 and add up to 1, got {dict(aggregation_weights)}"
        raise ValueError(msg)
    for kind in _KINDS:
        if kind not in weights:
            msg = f"{name} has no {kind!r}; give it the weight 0 to leave these errors out"
            raise KeyError(msg)
    return weights


def as_number(x: Any, name: str) -> float:
    """Return `x` if it is a finite number."""
    if isinstance(x, bool) or not isinstance(x, numbers.Real):
        msg = f"{name} must be a number, got {type(x).__name__}"
        raise TypeError(msg)
    if not math.isfinite(x):
        msg = f"{name} is {shown(x)}, expected a finite number"
        raise ValueError(msg)
    return float(x)
