r"""Scores of images and of boxes, lower is worse.

The functions of cleanlab 2.9.0's module of this name, with its signatures, defaults and results,
and one more keyword argument: `n_jobs`. The scores are those of ObjectLab [1]_: a label or a
confident prediction is held against the boxes near it by the similarity
:math:`\alpha \, IoU + (1 - \alpha) e^{-d / 10}`, with d the distance of the centres in pixels.

References
----------
.. [1] U. Tkachenko, A. Thyagarajan, J. Mueller, "ObjectLab: Automated Diagnosis of Mislabeled
   Images in Object Detection Data", ICML DataPerf Workshop (2023).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel import _core
from cupel._arrays import as_numbers
from cupel._runtime import resolve_threads
from cupel._validate import as_scores
from cupel.object_detection._auxiliary import AuxiliaryTypesDict
from cupel.object_detection._boxes import Boxes, Floats, Ints, as_images
from cupel.object_detection._scores import (
    TEMPERATURE,
    as_number,
    as_weights,
    image_scores,
    scores_of_inputs,
)

__all__ = [
    "AuxiliaryTypesDict",
    "compute_badloc_box_scores",
    "compute_overlooked_box_scores",
    "compute_swap_box_scores",
    "get_label_quality_scores",
    "issues_from_scores",
    "pool_box_scores_per_image",
]

_MOST_LEFT_OUT = 0.97


def get_label_quality_scores(
    labels: Any,
    predictions: Any,
    *,
    aggregation_weights: Mapping[str, float] | None = None,
    overlapping_label_check: bool = True,
    verbose: bool = True,
    n_jobs: int | None = None,
) -> Floats:
    r"""Score how likely all labels of each image are right.

    .. math:: \prod_e (\text{softmin of the image's scores for errors of kind } e)^{w_e}

    Parameters
    ----------
    labels : list of dict, one per image
        ``"bboxes"``: array (b, 4), a row ``x1, y1, x2, y2`` per box; ``"labels"``: their classes,
        integers from 0, (b,).
    predictions : list, one item per image
        An array (l, 5) for each class, a row ``x1, y1, x2, y2, probability`` per box; without rows
        where nothing was found. Those with a probability below 0 are left out.
    aggregation_weights : mapping, optional
        Weights of ``"overlooked"``, ``"swap"`` and ``"badloc"``, at least 0, that add up to 1;
        a third each by default.
    overlapping_label_check : bool, default True
        Whether labels of different classes in the same place count as swapped.
    verbose : bool, default True
        Print how many predictions were left out.
    n_jobs : int, optional
        Threads to use; -1 for all. The result does not depend on it.

    Returns
    -------
    ndarray of float64, shape (n,)
        Scores in [0, 1], lower is worse; 1 for an image without anything to doubt.

    Raises
    ------
    TypeError, ValueError, KeyError
        If an argument is of a wrong kind or value; the message names the first bad box.

    Warns
    -----
    UserWarning
        If nearly all predictions were left out.

    Notes
    -----
    O(sum b l) time, no memory besides boxes and scores.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.object_detection.rank import get_label_quality_scores
    >>> boxes = np.array([[0, 0, 10, 10], [30, 30, 50, 50]])
    >>> labels = [{"bboxes": boxes, "labels": np.array([0, 1])}] * 2
    >>> cats = np.array([[0, 0, 10, 9, 0.98]])
    >>> dogs = np.array([[31, 30, 50, 50, 0.97]])
    >>> get_label_quality_scores(labels, [[cats, dogs], [dogs, cats]], verbose=False).round(3)
    array([0.973, 0.407])
    """
    weights, threads = as_weights(aggregation_weights), resolve_threads(n_jobs)
    boxes = Boxes.load(labels, predictions, at_least_one=True)
    kept = boxes.without_predictions_below(0.0)
    total = len(boxes.predicted.classes)
    left_out = total - len(kept.predicted.classes)
    if verbose:
        print(  # noqa: T201 - what verbose asks for
            f"{left_out} of {total} predictions left out: their probability is below 0."
        )
    if left_out > _MOST_LEFT_OUT * total:
        msg = f"{left_out} of {total} predictions have a probability below 0"
        warnings.warn(msg, UserWarning, stacklevel=2)
    return image_scores(kept, threads, weights, overlapping_label_check=overlapping_label_check)


def issues_from_scores(label_quality_scores: ArrayLike, *, threshold: float = 0.1) -> Ints:
    """List the images with low scores, the worst first.

    Parameters
    ----------
    label_quality_scores : array_like of float, shape (n,)
        As from `get_label_quality_scores`.
    threshold : float, default 0.1
        Scores up to this one are listed; at most 1.

    Returns
    -------
    ndarray of int64
        Image numbers, lowest score first, ties by image number.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value.

    Examples
    --------
    >>> from cupel.object_detection.rank import issues_from_scores
    >>> issues_from_scores([0.1, 0.9, 0.05])
    array([2, 0])
    """
    threshold = as_number(threshold, "threshold")
    if threshold > 1:
        msg = f"threshold is {threshold}, expected at most 1, the highest score there is"
        raise ValueError(msg)
    scores = as_scores(label_quality_scores, name="label_quality_scores")
    found = np.flatnonzero(scores <= threshold)
    return found[_core.lowest_first(scores[found], len(found))]


def compute_overlooked_box_scores(
    *,
    labels: Any = None,
    predictions: Any = None,
    alpha: float | None = None,
    high_probability_threshold: float | None = None,
    auxiliary_inputs: Sequence[AuxiliaryTypesDict] | None = None,
    n_jobs: int | None = None,
) -> list[Floats]:
    """Score each predicted box: low where a confident prediction has no label near it.

    Parameters
    ----------
    labels, predictions, n_jobs
        As in `get_label_quality_scores`. Not needed with `auxiliary_inputs`.
    alpha : float, default 0.9
        Weight of IoU in the similarity, against the distance of the centres.
    high_probability_threshold : float, default 0.95
        Predictions with a lower probability are not scored.
    auxiliary_inputs : list of AuxiliaryTypesDict, optional
        Arrays to use instead of labels and predictions, and similarities that are known already.

    Returns
    -------
    list of ndarray of float64
        Scores of each image's predictions, class by class. nan for those that are not confident and
        those that overlap any label; else the largest similarity to a label of the class, or, if
        the image has none, the data set's smallest similarity times 1 - probability.

    Raises
    ------
    TypeError, ValueError, KeyError
        If an argument is of a wrong kind or value; the message names the first bad box.

    Notes
    -----
    O(sum b l) time.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.object_detection.rank import compute_overlooked_box_scores
    >>> labels = [{"bboxes": np.array([[0, 0, 10, 10]]), "labels": np.array([0])}]
    >>> predictions = [[np.array([[0, 0, 10, 10, 0.98], [20, 0, 30, 10, 0.99]])]]
    >>> compute_overlooked_box_scores(labels=labels, predictions=predictions)[0].round(4)
    array([   nan, 0.0135])
    """
    options = {"high_probability": high_probability_threshold}
    boxes, scores = scores_of_inputs(
        labels, predictions, auxiliary_inputs, alpha, options, n_jobs, overlaps=False
    )
    return boxes.predicted.split(scores["overlooked"])


def compute_badloc_box_scores(
    *,
    labels: Any = None,
    predictions: Any = None,
    alpha: float | None = None,
    low_probability_threshold: float | None = None,
    auxiliary_inputs: Sequence[AuxiliaryTypesDict] | None = None,
    n_jobs: int | None = None,
) -> list[Floats]:
    """Score each labelled box: low where predictions of its class overlap it badly.

    Parameters
    ----------
    labels, predictions, alpha, auxiliary_inputs, n_jobs
        As in `compute_overlooked_box_scores`.
    low_probability_threshold : float, default 0.5
        Predictions up to this probability are ignored.

    Returns
    -------
    list of ndarray of float64
        Scores of each image's labels: the largest similarity to a prediction of the class that
        overlaps the label, 1 if there is none.

    Raises
    ------
    TypeError, ValueError, KeyError
        If an argument is of a wrong kind or value; the message names the first bad box.

    Notes
    -----
    O(sum b l) time.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.object_detection.rank import compute_badloc_box_scores
    >>> labels = [{"bboxes": np.array([[0, 0, 10, 10]]), "labels": np.array([0])}]
    >>> predictions = [[np.array([[0, 0, 10, 5, 0.98]])]]
    >>> compute_badloc_box_scores(labels=labels, predictions=predictions)[0].round(4)
    array([0.5279])
    """
    options = {"low_probability": low_probability_threshold}
    boxes, scores = scores_of_inputs(labels, predictions, auxiliary_inputs, alpha, options, n_jobs)
    return boxes.given.split(scores["badloc"])


def compute_swap_box_scores(
    *,
    labels: Any = None,
    predictions: Any = None,
    alpha: float | None = None,
    high_probability_threshold: float | None = None,
    overlapping_label_check: bool = True,
    auxiliary_inputs: Sequence[AuxiliaryTypesDict] | None = None,
    n_jobs: int | None = None,
) -> list[Floats]:
    """Score each labelled box: low where another class is predicted with confidence in its place.

    Parameters
    ----------
    labels, predictions, alpha, auxiliary_inputs, n_jobs
        As in `compute_overlooked_box_scores`.
    high_probability_threshold : float, default 0.95
        Predictions up to this probability are ignored.
    overlapping_label_check : bool, default True
        Whether labels of different classes with an IoU of 0.95 or more get the lowest score.

    Returns
    -------
    list of ndarray of float64
        Scores of each image's labels: 1 - the largest similarity to a prediction of another class,
        at least the data set's smallest similarity; 1 if there is none.

    Raises
    ------
    TypeError, ValueError, KeyError
        If an argument is of a wrong kind or value; the message names the first bad box.

    Notes
    -----
    O(sum b (b + l)) time.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.object_detection.rank import compute_swap_box_scores
    >>> boxes = np.array([[0, 0, 10, 10], [30, 30, 50, 50]])
    >>> labels = [{"bboxes": boxes, "labels": np.array([0, 1])}]
    >>> predictions = [[np.empty((0, 5)), np.array([[0, 0, 10, 9, 0.98]])]]
    >>> compute_swap_box_scores(labels=labels, predictions=predictions)[0].round(4)
    array([0.0949, 1.    ])
    """
    options = {"high_probability": high_probability_threshold}
    boxes, scores = scores_of_inputs(
        labels,
        predictions,
        auxiliary_inputs,
        alpha,
        options,
        n_jobs,
        overlapping_label_check=overlapping_label_check,
    )
    return boxes.given.split(scores["swap"])


def pool_box_scores_per_image(
    box_scores: Sequence[Any], *, temperature: float | None = None, n_jobs: int | None = None
) -> Floats:
    r"""Pool the scores of each image's boxes by a soft minimum.

    .. math:: \sum_i s_i w_i, \quad w_i = e^{-s_i / T} / \sum_k e^{-s_k / T}

    Parameters
    ----------
    box_scores : list of array_like of float, one per image
        nan is left out.
    temperature : float, default 0.1
        T; close to 0 for the minimum, large for the mean. The minimum if it is not above 0.
    n_jobs : int, optional
        As in `get_label_quality_scores`.

    Returns
    -------
    ndarray of float64, shape (n,)
        1 for an image without scores.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value.

    Notes
    -----
    O(number of scores) time.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.object_detection.rank import pool_box_scores_per_image
    >>> pool_box_scores_per_image([np.array([0.9, np.nan, 0.5]), np.array([])]).round(4)
    array([0.5072, 1.    ])
    """
    soft = TEMPERATURE if temperature is None else as_number(temperature, "temperature")
    scores = [
        x if type(x) is np.ndarray and x.dtype.char == "d" and x.ndim == 1 else _vector(x, i)
        for i, x in enumerate(as_images(box_scores, "box_scores"))
    ]
    offsets = np.concatenate([[0], np.cumsum(list(map(len, scores)))]).astype(np.int64)
    flat = np.concatenate([np.empty(0), *scores], dtype=np.float64)
    return _core.pool_box_scores(flat, offsets, soft, resolve_threads(n_jobs))


def _vector(x: Any, image: int) -> NDArray[Any]:
    return as_numbers(x, f"box_scores[{image}]").ravel()
