"""Overviews of labels and predictions: numbers, sizes and classes of boxes, metrics, pictures.

The functions of cleanlab 2.9.0's module of this name, with its signatures, defaults and results.
`class_names` maps classes to names: ``{"0": "cat", "1": "dog"}``, as cleanlab has it,
``{0: "cat", 1: "dog"}`` or ``["cat", "dog"]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cupel import _core
from cupel._runtime import resolve_threads
from cupel.object_detection._auxiliary import AuxiliaryTypesDict, boxes_of
from cupel.object_detection._boxes import Boxes
from cupel.object_detection._names import ClassNames, names_in_order
from cupel.object_detection._pictures import (
    plot_class_distribution,
    plot_class_size_distributions,
    visualize,
)
from cupel.object_detection._tallies import areas, longest_first, most_first, shares

__all__ = [
    "bounding_box_size_distribution",
    "calculate_per_class_metrics",
    "class_label_distribution",
    "get_average_per_class_confusion_matrix",
    "get_sorted_bbox_count_idxs",
    "object_counts_per_image",
    "plot_class_distribution",
    "plot_class_size_distributions",
    "visualize",
]

_METRICS = ("average precision", "average recall", "average f1")


def object_counts_per_image(
    labels: Any = None,
    predictions: Any = None,
    *,
    auxiliary_inputs: Sequence[AuxiliaryTypesDict] | None = None,
) -> tuple[list[int], list[int]]:
    """Count the boxes of each image.

    Parameters
    ----------
    labels : list of dict, one per image
        ``"bboxes"``: array (b, 4), a row ``x1, y1, x2, y2`` per box; ``"labels"``: their classes,
        integers from 0, (b,).
    predictions : list, one item per image
        An array (l, 5) for each class, a row ``x1, y1, x2, y2, probability`` per box.
    auxiliary_inputs : list of AuxiliaryTypesDict, optional
        Arrays to use instead, see :mod:`cupel.object_detection.rank`.

    Returns
    -------
    tuple of two lists of int
        Numbers of labels and of predictions.

    Raises
    ------
    TypeError, ValueError, KeyError
        If an argument is of a wrong kind or value; the message names the first bad box.

    Notes
    -----
    O(n) time.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.object_detection.summary import object_counts_per_image
    >>> labels = [{"bboxes": np.array([[0, 0, 10, 10]]), "labels": np.array([0])}]
    >>> object_counts_per_image(labels, [[np.empty((0, 5)), np.empty((0, 5))]])
    ([1], [0])
    """
    boxes = _load(labels, predictions, auxiliary_inputs)
    return boxes.given.counts().tolist(), boxes.predicted.counts().tolist()


def bounding_box_size_distribution(
    labels: Any = None,
    predictions: Any = None,
    *,
    auxiliary_inputs: Sequence[AuxiliaryTypesDict] | None = None,
    class_names: ClassNames | None = None,
    sort: bool = False,
) -> tuple[dict[Any, list[Any]], dict[Any, list[Any]]]:
    """List the areas of the boxes of each class.

    Parameters
    ----------
    labels, predictions, auxiliary_inputs
        As in `object_counts_per_image`.
    class_names : mapping or sequence, optional
        Names to use as keys. Classes without a name are left out.
    sort : bool, default False
        Whether to put classes with more boxes first; otherwise they are in order of appearance.

    Returns
    -------
    tuple of two dicts of lists
        Areas of labels and of predictions, by class.

    Raises
    ------
    TypeError, ValueError, KeyError
        If an argument is of a wrong kind or value; the message names the first bad box.

    Notes
    -----
    O(n log n) time.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.object_detection.summary import bounding_box_size_distribution
    >>> labels = [{"bboxes": np.array([[0, 0, 10, 10]]), "labels": np.array([1])}]
    >>> sizes, _ = bounding_box_size_distribution(
    ...     labels, [[np.empty((0, 5))]], class_names={"1": "dog"}
    ... )
    >>> {name: [int(area) for area in areas] for name, areas in sizes.items()}
    {'dog': [100]}
    """
    boxes = _load(labels, predictions, auxiliary_inputs)
    given, predicted = (areas(side, class_names) for side in (boxes.given, boxes.predicted))
    if not sort:
        return given, predicted
    return longest_first(given), longest_first(predicted)


def class_label_distribution(
    labels: Any = None,
    predictions: Any = None,
    *,
    auxiliary_inputs: Sequence[AuxiliaryTypesDict] | None = None,
    class_names: ClassNames | None = None,
) -> tuple[dict[Any, float], dict[Any, float]]:
    """Compute the share of each class.

    Parameters
    ----------
    labels, predictions, auxiliary_inputs
        As in `object_counts_per_image`.
    class_names : mapping or sequence, optional
        Names to use as keys.

    Returns
    -------
    tuple of two dicts of float
        Shares of labels and of predictions by class, in order of appearance, to two decimals.

    Raises
    ------
    TypeError, ValueError, KeyError
        If an argument is of a wrong kind or value, or a class has no name.

    Notes
    -----
    O(n log n) time.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.object_detection.summary import class_label_distribution
    >>> boxes = np.array([[0, 0, 10, 10], [5, 5, 9, 9]])
    >>> labels = [{"bboxes": boxes, "labels": np.array([1, 0])}]
    >>> shares, _ = class_label_distribution(
    ...     labels, [[np.empty((0, 5))]], class_names=["cat", "dog"]
    ... )
    >>> shares
    {'dog': 0.5, 'cat': 0.5}
    """
    boxes = _load(labels, predictions, auxiliary_inputs)
    given, predicted = (shares(side, class_names) for side in (boxes.given, boxes.predicted))
    return given, predicted


def get_sorted_bbox_count_idxs(
    labels: Any, predictions: Any
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Order the images by the number of their boxes.

    Parameters
    ----------
    labels, predictions
        As in `object_counts_per_image`.

    Returns
    -------
    tuple of two lists of (int, int)
        Image and number of its labels, most first, ties by image; the same for predictions.

    Raises
    ------
    TypeError, ValueError, KeyError
        If an argument is of a wrong kind or value; the message names the first bad box.

    Notes
    -----
    O(n log n) time.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.object_detection.summary import get_sorted_bbox_count_idxs
    >>> none = {"bboxes": np.empty((0, 4)), "labels": np.empty(0, dtype=int)}
    >>> one = {"bboxes": np.array([[0, 0, 10, 10]]), "labels": np.array([0])}
    >>> get_sorted_bbox_count_idxs([none, one], [[np.empty((0, 5))]] * 2)
    ([(1, 1), (0, 0)], [(0, 0), (1, 0)])
    """
    boxes = Boxes.load(labels, predictions)
    given, predicted = (most_first(s.counts()) for s in (boxes.given, boxes.predicted))
    return given, predicted


def get_average_per_class_confusion_matrix(
    labels: Any,
    predictions: Any,
    num_procs: int | None = 1,
    class_names: ClassNames | None = None,
) -> dict[Any, dict[str, Any]]:
    """Count right, wrong and missed predictions of each class, averaged over IoU thresholds.

    In each image the predictions of a class take turns by falling probability. A prediction is
    right if the label of its class that it overlaps most does so by the threshold at least, and no
    other prediction has claimed it. A label that nobody claims is missed.

    Parameters
    ----------
    labels, predictions
        As in `object_counts_per_image`. All images need an array of predictions for each class;
        labels of other classes count for nothing.
    num_procs : int or None, default 1
        Threads to use; None for all. The result does not depend on it.
    class_names : mapping or sequence, optional
        Names to use as keys; classes with the same name are added up.

    Returns
    -------
    dict of dict of float32
        For each class ``"TP"``, ``"FP"`` and ``"FN"``: counts summed over the thresholds 0.5, 0.55,
        ..., 0.95, divided by ten times the number of classes.

    Raises
    ------
    TypeError, ValueError, KeyError
        If an argument is of a wrong kind or value; the message names the first bad box.

    Notes
    -----
    O(sum b l + l log l) time.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.object_detection.summary import get_average_per_class_confusion_matrix
    >>> labels = [{"bboxes": np.array([[0, 0, 10, 10]]), "labels": np.array([0])}]
    >>> predictions = [[np.array([[0, 0, 10, 8, 0.9]])]]
    >>> counts = get_average_per_class_confusion_matrix(labels, predictions)
    >>> {name: round(float(count), 2) for name, count in counts[0].items()}
    {'TP': 0.7, 'FP': 0.3, 'FN': 0.3}
    """
    return _confusion(labels, predictions, num_procs, class_names)[0]


def calculate_per_class_metrics(
    labels: Any,
    predictions: Any,
    num_procs: int | None = 1,
    class_names: ClassNames | None = None,
) -> dict[Any, dict[str, Any]]:
    """Compute precision, recall and F1 of each class from the averaged counts.

    Parameters
    ----------
    labels, predictions, num_procs, class_names
        As in `get_average_per_class_confusion_matrix`.

    Returns
    -------
    dict of dict of float32
        For each class ``"average precision"``, ``"average recall"`` and ``"average f1"``; nan
        where there is nothing to divide by, 0.0 for a name beyond the classes.

    Raises
    ------
    TypeError, ValueError, KeyError
        If an argument is of a wrong kind or value; the message names the first bad box.

    Notes
    -----
    O(sum b l + l log l) time.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.object_detection.summary import calculate_per_class_metrics
    >>> labels = [{"bboxes": np.array([[0, 0, 10, 10]]), "labels": np.array([0])}]
    >>> predictions = [[np.array([[0, 0, 10, 10, 0.9], [20, 0, 30, 10, 0.8]])]]
    >>> metrics = calculate_per_class_metrics(labels, predictions)
    >>> {name: round(float(value), 2) for name, value in metrics[0].items()}
    {'average precision': 0.5, 'average recall': 1.0, 'average f1': 0.67}
    """
    matrix, unused = _confusion(labels, predictions, num_procs, class_names)
    metrics = {}
    for name, counts in matrix.items():
        precision = _ratio(counts["TP"], counts["TP"] + counts["FP"])
        recall = _ratio(counts["TP"], counts["TP"] + counts["FN"])
        f1 = _ratio(2 * precision * recall, precision + recall)
        values = (0.0, 0.0, 0.0) if name in unused else (precision, recall, f1)
        metrics[name] = dict(zip(_METRICS, values, strict=True))
    return metrics


def _confusion(
    labels: Any, predictions: Any, num_procs: int | None, class_names: ClassNames | None
) -> tuple[dict[Any, dict[str, Any]], set[Any]]:
    """Return the average counts by name, and the names of no class, which have zeros."""
    threads = _threads(num_procs)
    boxes = Boxes.load(labels, predictions, at_least_one=True)
    n_classes = boxes.n_classes()
    names = names_in_order(class_names, n_classes)
    true, _, given, predicted = _core.class_metrics(boxes.arrays, n_classes, threads)
    tables = {"TP": true, "FP": predicted - true, "FN": given - true}
    per_class = {
        name: (table.sum(axis=0) / (len(table) * n_classes)).astype(np.float32)
        for name, table in tables.items()
    }
    matrix: dict[Any, dict[str, Any]] = {}
    for k, name in enumerate(names):
        counts = matrix.setdefault(name, dict.fromkeys(per_class, 0.0))
        if k < n_classes:
            for kind, values in per_class.items():
                counts[kind] = values[k] + counts[kind]
    return matrix, set(names[n_classes:]) - set(names[:n_classes])


def _load(labels: Any, predictions: Any, auxiliary_inputs: Any) -> Boxes:
    if auxiliary_inputs is None:
        return Boxes.load(labels, predictions)
    return boxes_of(auxiliary_inputs, probabilities=False)


def _threads(num_procs: int | None) -> int:
    if num_procs is not None and (
        isinstance(num_procs, bool) or not hasattr(num_procs, "__index__")
    ):
        msg = f"num_procs must be an integer or None, got {type(num_procs).__name__}"
        raise TypeError(msg)
    if num_procs is not None and num_procs < 1:
        msg = f"num_procs must be at least 1, got {num_procs}"
        raise ValueError(msg)
    return resolve_threads(num_procs)


def _ratio(part: Any, whole: Any) -> Any:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.divide(part, whole)
