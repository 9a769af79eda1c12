"""Label errors in object detection, image by image.

The scores are those of Tkachenko, Thyagarajan, Mueller, "ObjectLab: Automated Diagnosis of
Mislabeled Images in Object Detection Data", ICML DataPerf Workshop (2023). Labels are one dict per
image, ``{"bboxes": (b, 4), "labels": (b,)}``; predictions are one list per image with an array
(l, 5) of boxes and probabilities for each class. Boxes are ``x1, y1, x2, y2``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Labels: TypeAlias = Sequence[Mapping[str, Any]]
Predictions: TypeAlias = Sequence[Sequence[Any]]

ALPHA = 0.9
LOW_PROBABILITY, HIGH_PROBABILITY = 0.5, 0.95
TEMPERATURE = 0.1
SAME_PLACE = 0.95  # labels of different classes that overlap this much contradict each other
IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
THRESHOLD_FACTOR, AP_FACTOR = 0.8, 0.25
SMALLEST_UNION = 1e-6
TINY = 1e-100


def label_arrays(label: Mapping[str, Any]) -> tuple[Floats, NDArray[np.int64]]:
    """Boxes (b, 4) and classes (b,) of an image's labels."""
    boxes = np.asarray(label["bboxes"], dtype=np.float64).reshape(-1, 4)
    return boxes, np.asarray(label["labels"]).astype(np.int64).reshape(-1)


def prediction_arrays(prediction: Sequence[Any]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Boxes (l, 4), probabilities (l,) and classes (l,) of an image's predictions."""
    arrays = [np.asarray(of_class, dtype=np.float64).reshape(-1, 5) for of_class in prediction]
    boxes = np.concatenate([np.empty((0, 5)), *arrays])
    classes = np.repeat(np.arange(len(arrays)), [len(a) for a in arrays])
    return boxes[:, :4], boxes[:, 4], classes


def iou_matrix(a: Floats, b: Floats) -> Floats:
    """Intersection over union of every pair of boxes; 0 where they only touch."""
    width = np.minimum(a[:, None, 2], b[None, :, 2]) - np.maximum(a[:, None, 0], b[None, :, 0])
    height = np.minimum(a[:, None, 3], b[None, :, 3]) - np.maximum(a[:, None, 1], b[None, :, 1])
    shared = np.where((width > 0) & (height > 0), width * height, 0.0)
    area_a, area_b = _areas(a), _areas(b)
    union = np.maximum(area_a[:, None] + area_b[None, :] - shared, SMALLEST_UNION)
    return np.asarray(shared / union)


def similarity_matrix(a: Floats, b: Floats, alpha: float = ALPHA) -> Floats:
    r""":math:`\alpha \, IoU + (1 - \alpha) e^{-d / 10}`, d the distance of the centres.

    As 1 less a distance of :math:`1 - e^{-d / 10}`, which is 1 for boxes that are far apart.
    """
    centre_a, centre_b = (a[:, :2] + a[:, 2:]) / 2, (b[:, :2] + b[:, 2:]) / 2
    distance = np.sqrt(((centre_a[:, None] - centre_b[None, :]) ** 2).sum(axis=2))
    apart = 1 - np.exp(-0.1 * distance)
    return np.asarray(alpha * iou_matrix(a, b) + (1 - alpha) * (1 - apart))


def min_similarity(labels: Labels, predictions: Predictions, alpha: float = ALPHA) -> float:
    """Smallest similarity above 0 of a label's and a prediction's box in one image, at most 1."""
    smallest = 1.0
    for label, prediction in zip(labels, predictions, strict=True):
        matrix = similarity_matrix(label_arrays(label)[0], prediction_arrays(prediction)[0], alpha)
        smallest = min([smallest, *matrix[matrix > 0].tolist()])
    return smallest


def compute_overlooked_box_scores(
    labels: Labels,
    predictions: Predictions,
    alpha: float = ALPHA,
    high_probability_threshold: float = HIGH_PROBABILITY,
) -> list[Floats]:
    """Per predicted box: low where a confident prediction meets no label.

    nan for predictions below the threshold, and for those that overlap a label of any class.
    """
    floor = min_similarity(labels, predictions, alpha)
    scores = []
    for label, prediction in zip(labels, predictions, strict=True):
        given, given_class = label_arrays(label)
        boxes, probs, classes = prediction_arrays(prediction)
        similarity, iou = similarity_matrix(given, boxes, alpha), iou_matrix(given, boxes)
        of_image = np.full(len(boxes), np.nan)
        for j in range(len(boxes)):
            if probs[j] < high_probability_threshold or (iou[:, j] > 0).any():
                continue
            same = similarity[given_class == classes[j], j]
            of_image[j] = same.max() if same.size else floor * (1 - probs[j])
        scores.append(of_image)
    return scores


def compute_badloc_box_scores(
    labels: Labels,
    predictions: Predictions,
    alpha: float = ALPHA,
    low_probability_threshold: float = LOW_PROBABILITY,
) -> list[Floats]:
    """Per labelled box: its similarity to the best prediction of its class that overlaps it."""
    scores = []
    for label, prediction in zip(labels, predictions, strict=True):
        given, given_class = label_arrays(label)
        boxes, probs, classes = prediction_arrays(prediction)
        similarity, iou = similarity_matrix(given, boxes, alpha), iou_matrix(given, boxes)
        of_image = np.ones(len(given))
        for i in range(len(given)):
            near = (classes == given_class[i]) & (probs > low_probability_threshold) & (iou[i] > 0)
            if near.any():
                of_image[i] = similarity[i, near].max()
        scores.append(of_image)
    return scores


def compute_swap_box_scores(
    labels: Labels,
    predictions: Predictions,
    alpha: float = ALPHA,
    high_probability_threshold: float = HIGH_PROBABILITY,
    overlapping_label_check: bool = True,
) -> list[Floats]:
    """Per labelled box: low where a confident prediction of another class takes its place."""
    floor = min_similarity(labels, predictions, alpha)
    scores = []
    for label, prediction in zip(labels, predictions, strict=True):
        given, given_class = label_arrays(label)
        boxes, probs, classes = prediction_arrays(prediction)
        similarity, overlap = similarity_matrix(given, boxes, alpha), iou_matrix(given, given)
        of_image = np.ones(len(given))
        for i in range(len(given)):
            other = (classes != given_class[i]) & (probs > high_probability_threshold)
            contradicts = (given_class != given_class[i]) & (overlap[i] >= SAME_PLACE)
            if overlapping_label_check and contradicts.any():
                of_image[i] = floor
            elif other.any():
                of_image[i] = max(floor, 1 - similarity[i, other].max())
        scores.append(of_image)
    return scores


def pool_box_scores_per_image(
    box_scores: Sequence[Floats], temperature: float = TEMPERATURE
) -> Floats:
    r"""Soft minimum :math:`\sum_i s_i w_i`, :math:`w \propto e^{-s / T}`, of scores without nan.

    The minimum where T is not above 0, and 1 where there is no score.
    """
    pooled = np.ones(len(box_scores))
    for i, of_image in enumerate(box_scores):
        scores = np.asarray(of_image, dtype=np.float64).ravel()
        scores = scores[~np.isnan(scores)]
        if scores.size and temperature > 0:
            weights = np.exp((scores.min() - scores) / temperature)
            pooled[i] = (scores * weights).sum() / weights.sum()
        elif scores.size:
            pooled[i] = scores.min()
    return pooled


def get_label_quality_scores(
    labels: Labels,
    predictions: Predictions,
    aggregation_weights: Mapping[str, float] | None = None,
    overlapping_label_check: bool = True,
) -> Floats:
    r"""Weighted geometric mean :math:`\prod s_w^{w}` of the pooled scores of the three kinds."""
    weights = aggregation_weights or dict.fromkeys(("overlooked", "swap", "badloc"), 1 / 3)
    kept = [
        [of_class[of_class[:, 4] >= 0] for of_class in map(_rows_of_five, prediction)]
        for prediction in predictions
    ]
    scores = {
        "overlooked": compute_overlooked_box_scores(labels, kept),
        "swap": compute_swap_box_scores(
            labels, kept, overlapping_label_check=overlapping_label_check
        ),
        "badloc": compute_badloc_box_scores(labels, kept),
    }
    logs = [
        weights[kind] * np.log(TINY + pool_box_scores_per_image(of_kind))
        for kind, of_kind in scores.items()
    ]
    return np.asarray(np.exp(np.sum(logs, axis=0)))


def match_boxes(labels: Labels, predictions: Predictions) -> list[NDArray[np.bool_]]:
    """Per image, (10, l): whether the prediction is the first to claim a label of its class.

    Predictions of a class take turns by falling probability. Each claims the label that it overlaps
    most, if by the IoU threshold at least; a label can be claimed once.
    """
    matches = []
    for label, prediction in zip(labels, predictions, strict=True):
        given, given_class = label_arrays(label)
        boxes, probs, classes = prediction_arrays(prediction)
        iou = iou_matrix(boxes, given)
        hits = np.zeros((len(IOU_THRESHOLDS), len(boxes)), dtype=bool)
        for t, threshold in enumerate(IOU_THRESHOLDS):
            claimed = np.zeros(len(given), dtype=bool)
            for j in np.argsort(-probs, kind="stable"):
                candidates = np.flatnonzero(given_class == classes[j])
                if not candidates.size:
                    continue
                best = candidates[iou[j, candidates].argmax()]
                hits[t, j] = iou[j, best] >= threshold and not claimed[best]
                claimed[best] |= hits[t, j]
        matches.append(hits)
    return matches


def confusion_counts(
    labels: Labels, predictions: Predictions, n_classes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return true positives, false positives and false negatives, each (10, k)."""
    given = np.concatenate([np.empty(0, np.int64)] + [label_arrays(x)[1] for x in labels])
    classes = np.concatenate(
        [np.empty(0, np.int64)] + [prediction_arrays(x)[2] for x in predictions]
    )
    matches = match_boxes(labels, predictions)
    hits = np.concatenate([np.empty((len(IOU_THRESHOLDS), 0), bool), *matches], axis=1)
    n_given = np.bincount(given[(given >= 0) & (given < n_classes)], minlength=n_classes)
    n_predicted = np.bincount(classes, minlength=n_classes)
    true = np.array([np.bincount(classes[row], minlength=n_classes) for row in hits])
    return true, n_predicted - true, n_given - true


def average_precisions(labels: Labels, predictions: Predictions, n_classes: int) -> Floats:
    """(10, k): area under the precision-recall curve made monotone; 0 without labels."""
    given = np.concatenate([np.empty(0, np.int64)] + [label_arrays(x)[1] for x in labels])
    arrays = [prediction_arrays(x) for x in predictions]
    probs = np.concatenate([np.empty(0)] + [x[1] for x in arrays])
    classes = np.concatenate([np.empty(0, np.int64)] + [x[2] for x in arrays])
    matches = match_boxes(labels, predictions)
    hits = np.concatenate([np.empty((len(IOU_THRESHOLDS), 0), bool), *matches], axis=1)
    areas = np.zeros((len(IOU_THRESHOLDS), n_classes))
    for k in range(n_classes):
        n_given = int((given == k).sum())
        of_class = np.flatnonzero(classes == k)
        order = of_class[np.argsort(-probs[of_class], kind="stable")]
        for t in range(len(IOU_THRESHOLDS)):
            true = np.cumsum(hits[t, order])
            precision = true / np.arange(1, len(order) + 1)
            envelope = np.maximum.accumulate(precision[::-1])[::-1]
            if n_given:
                areas[t, k] = envelope[hits[t, order]].sum() / n_given
    return areas


def find_label_issues(
    labels: Labels, predictions: Predictions, overlapping_label_check: bool = True
) -> NDArray[np.bool_]:
    """Images with a box whose score is low for how well its class is predicted."""
    precisions = average_precisions(labels, predictions, len(predictions[0])).astype(np.float32)
    limits = THRESHOLD_FACTOR * (AP_FACTOR * precisions.mean(axis=0))
    overlooked = compute_overlooked_box_scores(labels, predictions)
    swap = compute_swap_box_scores(
        labels, predictions, overlapping_label_check=overlapping_label_check
    )
    badloc = compute_badloc_box_scores(labels, predictions)
    issues = []
    for i, (label, prediction) in enumerate(zip(labels, predictions, strict=True)):
        given, predicted = label_arrays(label)[1], prediction_arrays(prediction)[2]
        found = [
            np.nan_to_num(overlooked[i], nan=1.0) <= limits[predicted],
            swap[i] <= limits[given],
            badloc[i] <= limits[given],
        ]
        issues.append(any(f.any() for f in found))
    return np.array(issues, dtype=bool)


def get_average_per_class_confusion_matrix(
    labels: Labels, predictions: Predictions
) -> dict[int, dict[str, float]]:
    """Return counts summed over the IoU thresholds, over ten times the number of classes."""
    n_classes = len(predictions[0])
    counts = [
        c.sum(axis=0) / (len(IOU_THRESHOLDS) * n_classes)
        for c in confusion_counts(labels, predictions, n_classes)
    ]
    return {
        k: {name: float(c[k]) for name, c in zip(("TP", "FP", "FN"), counts, strict=True)}
        for k in range(n_classes)
    }


def _areas(boxes: Floats) -> Floats:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


def _rows_of_five(of_class: Any) -> Floats:
    return np.asarray(of_class, dtype=np.float64).reshape(-1, 5)
