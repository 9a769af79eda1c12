"""The functions of :mod:`cupel.object_detection.summary` that show pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cupel._extras import require
from cupel.object_detection._boxes import Boxes, Side
from cupel.object_detection._names import ClassNames
from cupel.object_detection._plots import (
    GIVEN,
    PREDICTED,
    draw_boxes,
    draw_legend,
    draw_pies,
    draw_sizes,
    readable_image,
)
from cupel.object_detection._scores import as_number
from cupel.object_detection._tallies import areas, longest_first, shares

__all__ = ["plot_class_distribution", "plot_class_size_distributions", "visualize"]


def plot_class_size_distributions(
    labels: Any,
    predictions: Any,
    class_names: ClassNames | None = None,
    class_to_show: int = 10,
    **kwargs: Any,
) -> None:
    """Show a figure for each of the most frequent classes: histograms of the areas of its boxes.

    Parameters
    ----------
    labels, predictions
        As in :func:`cupel.object_detection.summary.object_counts_per_image`.
    class_names : mapping or sequence, optional
        Names for titles. Classes without a name are left out.
    class_to_show : int, default 10
        How many classes to show, those with most labels.
    **kwargs
        Passed on to :func:`matplotlib.pyplot.show`.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError, KeyError
        If an argument is of a wrong kind or value; the message names the first bad box.

    Examples
    --------
    >>> from cupel.object_detection.summary import plot_class_size_distributions
    >>> plot_class_size_distributions([], [])
    """
    plt = require("matplotlib.pyplot", "plot_class_size_distributions")
    given, predicted = (
        longest_first(areas(side, class_names)) for side in _sides(labels, predictions)
    )
    for name in list(given)[: max(0, class_to_show)]:
        sizes = {"annotated": given[name], "predicted": predicted.get(name, [])}
        draw_sizes(plt, name, sizes)
        plt.show(**kwargs)


def plot_class_distribution(
    labels: Any, predictions: Any, class_names: ClassNames | None = None, **kwargs: Any
) -> None:
    """Show two pies: the classes of labels and of predictions.

    Parameters
    ----------
    labels, predictions
        As in :func:`cupel.object_detection.summary.object_counts_per_image`.
    class_names : mapping or sequence, optional
        Names to write beside the slices.
    **kwargs
        Passed on to :func:`matplotlib.pyplot.show`.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError, KeyError
        If an argument is of a wrong kind or value, or a class has no name.

    Examples
    --------
    >>> import matplotlib
    >>> import numpy as np
    >>> from cupel.object_detection.summary import plot_class_distribution
    >>> matplotlib.use("Agg")
    >>> labels = [{"bboxes": np.array([[0, 0, 10, 10]]), "labels": np.array([0])}]
    >>> plot_class_distribution(labels, [[np.array([[0, 0, 10, 10, 0.9]])]])
    """
    plt = require("matplotlib.pyplot", "plot_class_distribution")
    given, predicted = (shares(side, class_names) for side in _sides(labels, predictions))
    draw_pies(plt, {"Annotated": given, "Predicted": predicted})
    plt.show(**kwargs)


def visualize(
    image: Any,
    *,
    label: Mapping[str, Any] | None = None,
    prediction: Any = None,
    prediction_threshold: float | None = None,
    overlay: bool = True,
    class_names: ClassNames | None = None,
    figsize: tuple[int, int] | None = None,
    save_path: str | None = None,
    **kwargs: Any,
) -> None:
    """Show an image with its labels in red and its predictions in blue.

    Parameters
    ----------
    image : path, array or PIL image
        What :func:`matplotlib.pyplot.imshow` can show, or a file with it.
    label : dict, optional
        ``"bboxes"``, (b, 4), and ``"labels"``, (b,), of the image.
    prediction : list of array, optional
        An array (l, 5) for each class.
    prediction_threshold : float, optional
        Only show predictions with a higher probability.
    overlay : bool, default True
        Draw both into one picture; otherwise into two, side by side.
    class_names : mapping or sequence, optional
        Names to list in the legend.
    figsize : tuple of two numbers, optional
        Width and height in inches; (8, 5), or (14, 10) for two pictures.
    save_path : str, optional
        File to save the figure to; its ending says the format.
    **kwargs
        Passed on to :func:`matplotlib.pyplot.show`.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError, KeyError
        If an argument is of a wrong kind or value.

    Examples
    --------
    >>> import matplotlib
    >>> import numpy as np
    >>> from cupel.object_detection.summary import visualize
    >>> matplotlib.use("Agg")
    >>> label = {"bboxes": np.array([[20, 20, 70, 60]]), "labels": np.array([0])}
    >>> visualize(np.zeros((80, 100, 3)), label=label, class_names={"0": "cat"})
    """
    plt = require("matplotlib.pyplot", "visualize")
    boxes = _of_one_image(label, prediction, prediction_threshold)
    pixels = readable_image(plt, image)
    columns = 1 if overlay else 2
    size = figsize or ((8, 5) if overlay else (14, 10))
    figure, axes = plt.subplots(1, columns, figsize=size, frameon=False, squeeze=False)
    for one in axes[0]:
        one.imshow(pixels)
        one.axis("off")
    colors = []
    for x, one, color, side in (
        (label, axes[0, 0], GIVEN, boxes.given),
        (prediction, axes[0, -1], PREDICTED, boxes.predicted),
    ):
        if x is not None:
            draw_boxes(plt, one, side, color)
            colors.append(color)
    if colors:
        draw_legend(axes[0, -1], colors, class_names)
    if save_path:
        figure.savefig(save_path, bbox_inches="tight", pad_inches=0.5)
    plt.show(**kwargs)


def _sides(labels: Any, predictions: Any) -> tuple[Side, Side]:
    boxes = Boxes.load(labels, predictions)
    return boxes.given, boxes.predicted


def _of_one_image(label: Any, prediction: Any, prediction_threshold: float | None) -> Boxes:
    nothing: dict[str, Any] = {"bboxes": [], "labels": []}
    boxes = Boxes.load(
        [nothing if label is None else label], [[] if prediction is None else prediction]
    )
    if prediction_threshold is None:
        return boxes
    threshold = as_number(prediction_threshold, "prediction_threshold")
    return boxes.without_predictions_below(np.nextafter(threshold, np.inf))
