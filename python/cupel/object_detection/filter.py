"""Images with labels that look wrong.

The function of cleanlab 2.9.0's module of this name, with its signature, defaults and results, and
one more keyword argument: `n_jobs`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._runtime import resolve_threads
from cupel.object_detection._boxes import Boxes, Side
from cupel.object_detection._scores import as_weights, box_scores, image_scores

__all__ = ["find_label_issues"]

_SHARE_OF_PRECISION = 0.25
_THRESHOLD_FACTOR = 0.8


def find_label_issues(
    labels: Any,
    predictions: Any,
    *,
    return_indices_ranked_by_score: bool = False,
    overlapping_label_check: bool = True,
    n_jobs: int | None = None,
) -> NDArray[Any]:
    r"""Find the images with a box that was likely overlooked, badly placed or given a wrong class.

    A box is suspect if its score is at most :math:`0.2 \, \overline{AP}_k`, where k is its class
    and :math:`\overline{AP}_k` the average precision of the predictions for it, averaged over the
    IoU thresholds 0.5, 0.55, ..., 0.95: the worse a class is predicted, the less a low score means.

    Parameters
    ----------
    labels, predictions, overlapping_label_check, n_jobs
        As in :func:`cupel.object_detection.rank.get_label_quality_scores`. All images need an array
        of predictions for each class.
    return_indices_ranked_by_score : bool, default False
        Return the numbers of the images, the worst first, instead of a mask. They are ordered by
        `get_label_quality_scores` with its defaults, whatever `overlapping_label_check` is.

    Returns
    -------
    ndarray of bool, shape (n,), or ndarray of int64
        True for images with a suspect box; or the numbers of these, ties by image number.

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
    >>> from cupel.object_detection.filter import find_label_issues
    >>> labels = [{"bboxes": np.array([[0, 0, 10, 10]]), "labels": np.array([0])}] * 5
    >>> found = np.array([[0, 0, 10, 10, 0.99]])
    >>> nothing = np.empty((0, 5))
    >>> predictions = [[found, nothing]] * 4 + [[np.array([[50, 50, 60, 60, 0.98]]), nothing]]
    >>> find_label_issues(labels, predictions)
    array([False, False, False, False,  True])
    """
    threads = resolve_threads(n_jobs)
    boxes = Boxes.load(labels, predictions, at_least_one=True)
    n_classes = boxes.n_classes()
    boxes.check_given_classes(n_classes)
    _, precisions, _, _ = _core.class_metrics(boxes.arrays, n_classes, threads)
    # In float32, as a score may lie on the limit.
    limits = _THRESHOLD_FACTOR * (_SHARE_OF_PRECISION * precisions.astype(np.float32).mean(axis=0))
    scores = box_scores(boxes, threads, overlapping_label_check=overlapping_label_check)
    mask = np.zeros(len(boxes.class_counts), dtype=bool)
    for kind, of_kind in scores.items():
        side = boxes.predicted if kind == "overlooked" else boxes.given
        _flag_images(mask, side, of_kind <= limits[side.classes])
    if not return_indices_ranked_by_score:
        return mask
    kept = boxes.without_predictions_below(0.0)
    quality = image_scores(kept, threads, as_weights(None), overlapping_label_check=True)
    found = np.flatnonzero(mask)
    return found[_core.lowest_first(quality[found], len(found))]


def _flag_images(mask: NDArray[np.bool_], side: Side, suspect: NDArray[np.bool_]) -> None:
    mask[side.images()[suspect]] = True
