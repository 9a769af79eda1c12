"""Object detection problems: labels and predictions of images, and what takes them."""

from __future__ import annotations

from typing import Any, TypeAlias

import hypothesis.strategies as st
import numpy as np
import pytest
from numpy.typing import NDArray

from cupel.object_detection import filter, rank, summary

Labels: TypeAlias = list[dict[str, NDArray[Any]]]
Predictions: TypeAlias = list[NDArray[Any]]


def objects(arrays: list[Any]) -> NDArray[np.object_]:
    """One array of arrays, whatever their shapes."""
    out = np.empty(len(arrays), dtype=object)
    out[:] = arrays
    return out


def boxes_at(rng: np.random.Generator, n: int, side: float) -> NDArray[np.float64]:
    corner = rng.random((n, 2)) * side
    return np.hstack([corner, corner + 1 + rng.random((n, 2)) * side / 2])


def make_detections(
    n_images: int,
    seed: int,
    *,
    n_classes: int = 4,
    boxes: int = 5,
    predictions: int = 6,
    side: float = 200.0,
    empty: float = 0.1,
) -> tuple[Labels, Predictions]:
    """Labels with errors, and predictions that follow them with noise.

    Around `boxes` labels and `predictions` predictions per image; a share of images has none.
    """
    rng = np.random.default_rng(seed)
    labels, predicted = [], []
    for _ in range(n_images):
        n = 0 if rng.random() < empty else int(rng.integers(boxes // 2, boxes + boxes // 2 + 1))
        true = boxes_at(rng, n, side)
        classes = rng.integers(0, n_classes, n)
        found = [(k, b + rng.normal(0, 2, 4)) for k, b in zip(classes, true, strict=True)]
        extra = max(0, int(rng.poisson(max(0, predictions - boxes))))
        found += [(int(rng.integers(n_classes)), b) for b in boxes_at(rng, extra, side)]
        probs = np.where(
            rng.random(len(found)) < 0.5,
            rng.random(len(found)),
            0.96 + rng.random(len(found)) * 0.04,
        )
        given = np.where(rng.random(n) < 0.1, rng.integers(0, n_classes, n), classes)
        moved = np.where(rng.random((n, 1)) < 0.1, true + rng.normal(0, 15, (n, 4)), true)
        kept = rng.random(n) > 0.1
        labels.append({"bboxes": moved[kept], "labels": given[kept]})
        predicted.append(by_class(found, probs, n_classes))
    return labels, predicted


def by_class(found: list[Any], probs: NDArray[np.float64], n_classes: int) -> NDArray[np.object_]:
    rows: list[list[Any]] = [[] for _ in range(n_classes)]
    for (k, box), prob in zip(found, probs, strict=True):
        rows[k].append([*box, prob])
    return objects([np.array(r, dtype=np.float64).reshape(-1, 5) for r in rows])


@st.composite
def detections(draw: st.DrawFn, max_images: int = 5, n_classes: int | None = None) -> Any:
    """Small problems on a coarse grid, full of ties, contact, empty images and equal boxes."""
    k = draw(st.integers(1, 3)) if n_classes is None else n_classes
    corner = st.integers(0, 6)
    side = st.integers(0, 8)
    probs = st.sampled_from([0.0, 0.3, 0.5, 0.51, 0.95, 0.96, 0.99, 1.0])

    def box() -> list[float]:
        x, y, w, h = draw(corner), draw(corner), draw(side), draw(side)
        return [float(x), float(y), float(x + w), float(y + h)]

    labels, predictions = [], []
    for _ in range(draw(st.integers(1, max_images))):
        given = [(box(), draw(st.integers(0, k - 1))) for _ in range(draw(st.integers(0, 4)))]
        labels.append(
            {
                "bboxes": np.array([b for b, _ in given], dtype=np.float64).reshape(-1, 4),
                "labels": np.array([c for _, c in given], dtype=np.int64),
            }
        )
        rows = [[[*box(), draw(probs)] for _ in range(draw(st.integers(0, 3)))] for _ in range(k)]
        predictions.append(objects([np.array(r, dtype=np.float64).reshape(-1, 5) for r in rows]))
    return labels, predictions


# ---- one image, and the functions of labels and predictions ------------------------------------

NOTHING = np.empty((0, 5))
LABEL = {"bboxes": np.array([[0.0, 0.0, 10.0, 10.0]]), "labels": np.array([0])}
PREDICTION = objects([np.array([[0.0, 0.0, 10.0, 9.0, 0.9]]), NOTHING])

TAKE_BOTH = {
    "scores": lambda y, p: rank.get_label_quality_scores(y, p, verbose=False),
    "overlooked": lambda y, p: rank.compute_overlooked_box_scores(labels=y, predictions=p),
    "badloc": lambda y, p: rank.compute_badloc_box_scores(labels=y, predictions=p),
    "swap": lambda y, p: rank.compute_swap_box_scores(labels=y, predictions=p),
    "filter": filter.find_label_issues,
    "counts": summary.object_counts_per_image,
    "sizes": summary.bounding_box_size_distribution,
    "shares": summary.class_label_distribution,
    "order": summary.get_sorted_bbox_count_idxs,
    "confusion": summary.get_average_per_class_confusion_matrix,
    "metrics": summary.calculate_per_class_metrics,
}
take_both = pytest.mark.parametrize("function", TAKE_BOTH.values(), ids=TAKE_BOTH)


def label(**changes: Any) -> dict[str, Any]:
    return {**LABEL, **changes}


def auxiliary(**changes: Any) -> list[dict[str, Any]]:
    image = {
        "lab_labels": [0],
        "lab_bboxes": [[0, 0, 10, 10]],
        "pred_labels": [1],
        "pred_label_probs": [0.97],
        "pred_bboxes": [[0, 0, 10, 9]],
    }
    return [{key: x for key, x in {**image, **changes}.items() if x is not ...}]
