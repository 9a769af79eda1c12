"""Pixels whose label is likely wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._runtime import resolve_threads
from cupel.segmentation._images import as_images, as_option

__all__ = ["find_label_issues"]

_BATCH_SIZE = 10_000
_MOST_IMAGES = 1 << 31  # in a batch; keeps the number in range for the core


def find_label_issues(
    labels: Any,
    pred_probs: Any,
    *,
    batch_size: int | None = None,
    n_jobs: int | None = None,
    verbose: bool = True,  # noqa: ARG001 - part of the signature people call
    downsample: int = 1,
    **kwargs: Any,
) -> NDArray[np.bool_]:
    r"""Find pixels whose label is likely wrong.

    A pixel confidently is of the class :math:`j = \arg\max_k \hat p_{k}` if :math:`\hat p_j` comes
    within 1e-6 of the mean of :math:`\hat p_j` over the pixels labelled :math:`j`. If that is so
    for m pixels that are labelled otherwise, the m pixels whose given class is least probable are
    flagged, but for those whose given class is the most probable one.

    Parameters
    ----------
    labels : array_like of int, shape (n, h, w)
        Given class of each pixel, in [0, k).
    pred_probs : array_like of float, shape (n, k, h, w)
        Out-of-sample probabilities of each pixel, a plane per class. float16, float32 and float64
        are read in place, with any strides: crops, and planes moved from the last axis.
    batch_size : int, default 10000
        Numbers of `pred_probs` whose means are taken together; at least an image. Makes no
        difference but for the last bits of means (float16: their last three digits).
    n_jobs : int, optional
        Threads to use; None and -1 for all. The result does not depend on it.
    verbose : bool, default True
        Accepted for compatibility; nothing is printed.
    downsample : int, default 1
        Look at averages over squares of so many pixels a side, instead of pixels; must divide h
        and w. All pixels of a flagged square are flagged, but for those whose given class is the
        most probable one. Labels are averaged as numbers, and rounded.
    **kwargs
        Nothing else is known.

    Returns
    -------
    ndarray of bool, shape (n, h, w)
        True where the label is likely wrong.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad pixel.

    Notes
    -----
    O(n k h w) time. `pred_probs` is read once, and the values of given classes once more. Memory:
    the mask, and per thread the values of given classes of a batch; with `downsample` also four
    numbers per square. Of equally probable pixels the first ones are flagged. cleanlab 2.9.0 takes nan
    and labels below 0 for what they are not; here they are refused, as are unknown options.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.segmentation.filter import find_label_issues
    >>> labels = np.array([[[0, 0, 1], [0, 1, 1]]])
    >>> road = np.array([[[0.9, 0.8, 0.1], [0.1, 0.3, 0.1]]])
    >>> find_label_issues(labels, np.stack([road, 1 - road], axis=1)).astype(int)
    array([[[0, 0, 0],
            [1, 0, 0]]])
    """
    refuse_unknown("find_label_issues", kwargs)
    given, probs = as_images(labels, pred_probs)
    n, k, h, w = probs.shape
    if n == 0:
        msg = "labels and pred_probs are empty, expected at least one image"
        raise ValueError(msg)
    side = as_option(downsample, "downsample", default=1)
    if h % side or w % side:
        msg = f"downsample must divide the height and width of images, {h} and {w}, got {side}"
        raise ValueError(msg)
    size = as_option(batch_size, "batch_size", default=_BATCH_SIZE)
    per_batch = max(size // (k * (h // side) * (w // side)), 1)
    threads = resolve_threads(n_jobs)
    return _core.pixel_issues(given, probs, min(per_batch, _MOST_IMAGES), side, threads)


def refuse_unknown(function: str, options: dict[str, Any]) -> None:
    """Refuse keyword arguments that no option is called; a typo would go unnoticed."""
    if options:
        msg = f"{function}() got an unknown keyword argument {next(iter(options))!r}"
        raise TypeError(msg)
