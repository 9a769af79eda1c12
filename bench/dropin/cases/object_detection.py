"""Cases of object_detection: images of 20 labels and 25 predictions in 10 classes."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from bench.dropin.case import Case

CLASSES, LABELS, PREDICTIONS = 10, 20, 25
SIDE = 600.0
FULL, PART = 1_000, 100
BOXES = f"{LABELS} labels, {PREDICTIONS} predictions each, {CLASSES} classes"
GOAL = 20.0


@functools.cache
def detections(images: int) -> tuple[list[Any], list[Any]]:
    """Predictions that follow the labels with noise, and some that follow nothing."""
    rng = np.random.default_rng(images)
    labels, predictions = [], []
    for _ in range(images):
        corners = rng.random((PREDICTIONS, 2)) * SIDE
        boxes = np.hstack([corners, corners + 20 + rng.random((PREDICTIONS, 2)) * SIDE / 4])
        classes = rng.integers(0, CLASSES, PREDICTIONS)
        given = np.where(rng.random(PREDICTIONS) < 0.05, (classes + 1) % CLASSES, classes)
        labels.append({"bboxes": boxes[:LABELS], "labels": given[:LABELS]})
        sure = rng.random(PREDICTIONS) < 0.6
        probs = np.where(sure, 0.95 + rng.random(PREDICTIONS) * 0.05, rng.random(PREDICTIONS))
        rows = np.column_stack([boxes + rng.normal(0, 3, boxes.shape), probs])
        of_image = np.empty(CLASSES, dtype=object)
        of_image[:] = [rows[classes == k] for k in range(CLASSES)]
        predictions.append(of_image)
    return labels, predictions


def both(images: int, **options: Any) -> Any:
    return lambda: (detections(images), options)


def by_name(images: int) -> Any:
    labels, predictions = detections(images)
    return (), {"labels": labels, "predictions": predictions}


def box_scores() -> Any:
    rng = np.random.default_rng(1)
    scores = [rng.random(LABELS) for _ in range(20_000)]
    for of_image in scores[::3]:
        of_image[::2] = np.nan
    return (scores,), {}


def image_scores() -> Any:
    return (np.random.default_rng(2).random(1_000_000),), {}


def size(images: int) -> str:
    return f"{images:,} images, {BOXES}"


CASES = [
    Case(
        "object_detection.rank.get_label_quality_scores",
        size(FULL),
        both(FULL, verbose=False),
        goal=GOAL,
    ),
    Case("object_detection.filter.find_label_issues", size(FULL), both(FULL), goal=GOAL),
    Case(
        "object_detection.filter.find_label_issues",
        f"{size(FULL)}; cleanlab fails with NumPy 2.4",
        both(FULL, return_indices_ranked_by_score=True),
        goal=GOAL,
        label="ranked",
        alone=True,
    ),
    Case("object_detection.summary.calculate_per_class_metrics", size(FULL), both(FULL), goal=GOAL),
    Case("object_detection.summary.object_counts_per_image", size(FULL), both(FULL), goal=GOAL),
    *(
        Case(
            f"object_detection.rank.compute_{kind}_box_scores",
            size(PART),
            functools.partial(by_name, PART),
            goal=GOAL,
        )
        for kind in ("overlooked", "badloc", "swap")
    ),
    *(
        Case(f"object_detection.summary.{function}", size(PART), both(PART), goal=GOAL)
        for function in (
            "get_average_per_class_confusion_matrix",
            "bounding_box_size_distribution",
            "class_label_distribution",
            "get_sorted_bbox_count_idxs",
        )
    ),
    Case(
        "object_detection.rank.pool_box_scores_per_image",
        f"20,000 images of {LABELS} scores",
        box_scores,
    ),
    Case("object_detection.rank.issues_from_scores", "1M images, 10% listed", image_scores),
]
