"""What may be passed instead of labels and predictions: their arrays, and numbers of their pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._arrays import as_numbers
from cupel.object_detection._boxes import Boxes, Floats, Side, as_images

__all__ = ["AuxiliaryTypesDict", "Known", "boxes_of", "known_of"]

Known = tuple[Floats | None, Floats | None, Floats | None]


class AuxiliaryTypesDict(TypedDict, total=False):
    """An image's labels and predictions as arrays, and optionally numbers computed from them.

    Attributes
    ----------
    pred_labels, pred_label_probs, pred_bboxes : ndarray, shapes (l,), (l,), (l, 4)
        Classes, probabilities and boxes of the predictions.
    lab_labels, lab_bboxes : ndarray, shapes (b,), (b, 4)
        Classes and boxes of the labels.
    similarity_matrix, iou_matrix : ndarray of float, shape (b, l)
        Similarities and overlaps of labels and predictions; both are computed where the first is
        missing, the second also for the scores of overlooked boxes.
    min_possible_similarity : float
        What stands for a similarity of 0: the smallest one above 0 of the data set; that of the
        image where it is missing.
    """

    pred_labels: NDArray[Any]
    pred_label_probs: NDArray[Any]
    pred_bboxes: NDArray[Any]
    lab_labels: NDArray[Any]
    lab_bboxes: NDArray[Any]
    similarity_matrix: NDArray[Any]
    iou_matrix: NDArray[Any]
    min_possible_similarity: float


def boxes_of(auxiliary_inputs: Any, *, probabilities: bool = True) -> Boxes:
    """Return the labels and predictions; without need of probabilities these may be missing."""
    images = _images(auxiliary_inputs)
    given, predicted = (
        Side.of_images(
            _field(images, f"{side}_bboxes"),
            _field(images, f"{side}_labels"),
            4,
            f"auxiliary_inputs[{{}}]['{side}_bboxes']",
            f"auxiliary_inputs[{{}}]['{side}_labels']",
        )
        for side in ("lab", "pred")
    )
    if probabilities or all("pred_label_probs" in image for image in images):
        probs = _probabilities(_field(images, "pred_label_probs"), predicted)
    else:
        probs = np.ones(len(predicted.classes))
    values = np.column_stack([predicted.values, probs])
    predicted = Side(values, predicted.classes, predicted.offsets, predicted.whole)
    counts = np.full(len(images), predicted.classes.max(initial=-1) + 1)
    return Boxes(given, predicted, counts)


def known_of(
    auxiliary_inputs: Any, boxes: Boxes, alpha: float, threads: int, *, overlaps: bool = True
) -> Known:
    """Return IoU, similarity and floors, each None where the core may compute it.

    An IoU matrix counts only beside a similarity matrix, and not at all without `overlaps`.
    """
    images = _images(auxiliary_inputs)
    floors_given = all(_has(image, "min_possible_similarity") for image in images)
    if floors_given and not any(_has(image, "similarity_matrix") for image in images):
        return None, None, _floors(images, np.empty(0), boxes)
    iou, similarity = _core.box_similarities(boxes.arrays, alpha, threads)
    if overlaps:
        _fill_in(
            [i if _has(i, "similarity_matrix") else {} for i in images], "iou_matrix", iou, boxes
        )
    _fill_in(images, "similarity_matrix", similarity, boxes)
    return iou, similarity, _floors(images, similarity, boxes)


def _images(auxiliary_inputs: Any) -> list[Mapping[str, Any]]:
    images = as_images(auxiliary_inputs, "auxiliary_inputs")
    for i, image in enumerate(images):
        if not isinstance(image, Mapping):
            msg = f"auxiliary_inputs[{i}] must be a dict, got {type(image).__name__}"
            raise TypeError(msg)
    return images


def _has(image: Mapping[str, Any], key: str) -> bool:
    return image.get(key) is not None


def _field(images: Sequence[Mapping[str, Any]], key: str) -> list[Any]:
    for i, image in enumerate(images):
        if not _has(image, key):
            msg = f"auxiliary_inputs[{i}] has no {key!r}, which describes the image's boxes"
            raise ValueError(msg)
    return [image[key] for image in images]


def _probabilities(items: list[Any], predicted: Side) -> Floats:
    vectors = []
    for i, (x, count) in enumerate(zip(items, predicted.counts().tolist(), strict=True)):
        name = f"auxiliary_inputs[{i}]['pred_label_probs']"
        vector = as_numbers(x, name).astype(np.float64)
        if vector.size != count or vector.ndim > 1:
            msg = f"{name} must have one number per box, shape ({count},), got {vector.shape}"
            raise ValueError(msg)
        _check_finite(vector, name)
        vectors.append(vector.ravel())
    return np.concatenate([np.empty(0), *vectors])


def _fill_in(images: Sequence[Mapping[str, Any]], key: str, flat: Floats, boxes: Boxes) -> None:
    """Replace what was computed by the matrices that images come with."""
    end = 0
    counts = zip(boxes.given.counts().tolist(), boxes.predicted.counts().tolist(), strict=True)
    for i, (image, shape) in enumerate(zip(images, counts, strict=True)):
        begin, end = end, end + shape[0] * shape[1]
        if not _has(image, key):
            continue
        name = f"auxiliary_inputs[{i}][{key!r}]"
        matrix = as_numbers(image[key], name)
        if matrix.size != end - begin or (matrix.size and matrix.shape != shape):
            msg = f"{name} must have a row per label, shape {shape}, got {matrix.shape}"
            raise ValueError(msg)
        _check_finite(matrix, name)
        flat[begin:end] = matrix.ravel()


def _floors(images: list[Mapping[str, Any]], similarity: Floats, boxes: Boxes) -> Floats:
    pairs = np.concatenate([[0], np.cumsum(boxes.given.counts() * boxes.predicted.counts())])
    floors = np.ones(len(images))
    for i, image in enumerate(images):
        if _has(image, "min_possible_similarity"):
            name = f"auxiliary_inputs[{i}]['min_possible_similarity']"
            floor = as_numbers(image["min_possible_similarity"], name)
            if floor.size != 1:
                msg = f"{name} must be a number, got shape {floor.shape}"
                raise ValueError(msg)
            _check_finite(floor, name)
            floors[i] = floor.item()
        else:
            of_image = similarity[pairs[i] : pairs[i + 1]]
            floors[i] = of_image[of_image > 0].min(initial=1.0)
    return floors


def _check_finite(numbers: NDArray[Any], name: str) -> None:
    good = np.isfinite(numbers) & (numbers >= 0)
    if not good.all():
        bad = numbers.ravel()[int(good.argmin())]
        msg = f"{name} holds {bad}, expected finite numbers of at least 0"
        raise ValueError(msg)
