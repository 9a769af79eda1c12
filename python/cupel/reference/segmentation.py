"""Wrong labels of pixels: the specification of :mod:`cupel.segmentation` in plain NumPy.

`labels` has shape (n, h, w), `pred_probs` shape (n, k, h, w). Pixels are ordered image after image,
row after row; ties between pixels go to the earlier one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "average_images",
    "count_label_issues",
    "filter_by_class",
    "find_label_issues",
    "get_label_quality_scores",
    "issues_from_scores",
    "pixel_thresholds",
]

_LOWEST_THRESHOLD = 2e-6
_SLACK = 1e-6


def find_label_issues(
    labels: NDArray[Any], pred_probs: NDArray[Any], *, batch_size: int = 10_000, downsample: int = 1
) -> NDArray[np.bool_]:
    """Find pixels whose label is likely wrong.

    Notes
    -----
    A pixel confidently is of another class if its argmax j is not its label and comes within 1e-6
    of the threshold of j. So many pixels with the lowest probability of their given class are
    flagged. Those whose argmax is their label are cleared: with `downsample` > 1, in the images of
    full size only.
    """
    given, probs = average_images(labels, pred_probs, downsample)
    k, h, w = probs.shape[1:]
    per_batch = max(batch_size // (k * h * w), 1)
    cuts = pixel_thresholds(given, probs, per_batch) - _SLACK
    best = probs.argmax(axis=1)
    confident = (best != given) & (probs.max(axis=1).astype(np.float64) >= cuts[best])
    own = _own(given, probs)
    lowest = np.argsort(own, axis=None, kind="stable")[: np.count_nonzero(confident)]
    mask = np.zeros(given.shape, dtype=np.bool_)
    mask.reshape(-1)[lowest] = True
    whole = mask.repeat(downsample, axis=1).repeat(downsample, axis=2)
    return np.asarray(whole & (pred_probs.argmax(axis=1) != labels))


def pixel_thresholds(
    labels: NDArray[Any], pred_probs: NDArray[Any], per_batch: int
) -> NDArray[np.float64]:
    """Mean probability of each class over its pixels.

    Notes
    -----
    The running mean, weighted by numbers of pixels, of the means over batches of `per_batch`
    images, each rounded to the dtype of `pred_probs` and at least 2e-6. 2e-6 for a class without
    pixels.
    """
    k = pred_probs.shape[1]
    thresholds = np.full(k, _LOWEST_THRESHOLD)
    seen = np.zeros(k)
    for begin in range(0, len(labels), per_batch):
        batch = slice(begin, begin + per_batch)
        for j in range(k):
            values = pred_probs[batch, j][labels[batch] == j]
            if not len(values):
                continue
            mean = max(float(values.mean()), _LOWEST_THRESHOLD)
            total = thresholds[j] * seen[j] + mean * len(values)
            seen[j] += len(values)
            thresholds[j] = total / seen[j]
    return thresholds


def average_images(
    labels: NDArray[Any], pred_probs: NDArray[Any], side: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Average over squares of `side` x `side` pixels.

    Notes
    -----
    Labels are averaged as numbers and rounded half to even; probabilities are averaged and made to
    sum to 1, in their dtype.
    """
    if side == 1:
        return labels, pred_probs
    n, k, h, w = pred_probs.shape
    squares = (h // side, side, w // side, side)
    given = labels.reshape(n, *squares).mean(axis=(2, 4)).round().astype(np.int64)
    probs = pred_probs.reshape(n, k, *squares).mean(axis=(3, 5))
    return given, probs / probs.sum(axis=1, keepdims=True)


def get_label_quality_scores(
    labels: NDArray[Any],
    pred_probs: NDArray[Any],
    *,
    method: str = "softmin",
    batch_size: int = 10_000,
    temperature: float = 0.1,
    downsample: int = 1,
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    r"""Score images and pixels.

    Notes
    -----
    A pixel's score :math:`s_i` is the probability of its label, an image's
    :math:`\sum s_i e^{(1 - s_i) / T} / \sum e^{(1 - s_i) / T}` ("softmin"; the lowest
    :math:`s_i` if T < 0) or the fraction of its pixels that are not flagged ("num_pixel_issues").
    """
    own = _own(labels, pred_probs)
    if method == "num_pixel_issues":
        mask = find_label_issues(labels, pred_probs, batch_size=batch_size, downsample=downsample)
        return 1.0 - mask.mean(axis=(1, 2)), own
    scores = own.astype(np.float64).reshape(len(own), -1)
    if temperature < 0:
        return scores.min(axis=1), scores.reshape(own.shape)
    exponents = (1.0 - scores) / temperature
    weights = np.exp(exponents - exponents.max(axis=1, keepdims=True))
    return (scores * weights).sum(axis=1) / weights.sum(axis=1), scores.reshape(own.shape)


def issues_from_scores(
    image_scores: NDArray[Any],
    pixel_scores: NDArray[Any] | None = None,
    threshold: float = 0.1,
    *,
    one_more: bool = True,
) -> NDArray[Any]:
    """Images below the threshold and, with `one_more`, the next one; or a mask of pixels."""
    if pixel_scores is not None:
        return np.asarray(pixel_scores < threshold)
    order = np.argsort(image_scores, kind="stable")
    return order[
        : np.count_nonzero(image_scores.astype(np.float64) < threshold) + (1 if one_more else 0)
    ]


def count_label_issues(
    issues: NDArray[np.bool_], labels: NDArray[Any], pred_probs: NDArray[Any]
) -> NDArray[np.int64]:
    """Numbers of flagged pixels, [given label, argmax]."""
    counts = np.zeros((pred_probs.shape[1],) * 2, dtype=np.int64)
    np.add.at(counts, (labels[issues], pred_probs.argmax(axis=1)[issues]), 1)
    return counts


def filter_by_class(
    class_index: int, issues: NDArray[np.bool_], labels: NDArray[Any], pred_probs: NDArray[Any]
) -> NDArray[np.bool_]:
    """Keep flagged pixels whose label or argmax is the class."""
    predicted = pred_probs.argmax(axis=1)
    return np.asarray(issues & ((labels == class_index) | (predicted == class_index)))


def _own(labels: NDArray[Any], pred_probs: NDArray[Any]) -> NDArray[Any]:
    """Return each pixel's probability of its given class."""
    return np.take_along_axis(pred_probs, labels[:, np.newaxis].astype(np.int64), axis=1)[:, 0]
