"""Scores of images and their pixels, and the images to review first."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._arrays import as_numbers
from cupel._runtime import resolve_threads
from cupel._validate import as_choice, as_scores
from cupel.segmentation._images import as_images, as_option
from cupel.segmentation.filter import find_label_issues, refuse_unknown

__all__ = ["get_label_quality_scores", "issues_from_scores"]

_METHODS = ("softmin", "num_pixel_issues")


def get_label_quality_scores(
    labels: Any,
    pred_probs: Any,
    *,
    method: str = "softmin",
    batch_size: int | None = None,
    n_jobs: int | None = None,
    verbose: bool = True,
    temperature: float = 0.1,
    downsample: int = 1,
    **kwargs: Any,
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    r"""Score images and pixels by how likely their labels are right.

    A pixel's score :math:`s_i` is the probability of its given class. An image's score is the mean
    of its pixels', weighted by :math:`e^{(1 - s_i) / T}`, or the fraction of pixels that
    :func:`cupel.segmentation.filter.find_label_issues` does not flag.

    Parameters
    ----------
    labels, pred_probs, n_jobs, verbose
        As in :func:`cupel.segmentation.filter.find_label_issues`.
    method : {"softmin", "num_pixel_issues"}
        How images are scored.
    batch_size, downsample : int, optional
        As in `find_label_issues`, for "num_pixel_issues".
    temperature : float, default 0.1
        T of "softmin": towards 0 the lowest pixel's score, as for negative
        values, towards infinity the mean.
    **kwargs
        Nothing else is known.

    Returns
    -------
    image_scores : ndarray of float64, shape (n,)
        Lower is worse.
    pixel_scores : ndarray of float, shape (n, h, w)
        float64 with "softmin", else of the dtype of `pred_probs`.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad pixel. With
        "softmin" only probabilities of given classes are looked at.

    Warns
    -----
    UserWarning
        If `downsample` is given with "softmin".

    Notes
    -----
    "softmin" takes O(n h w) time, and no memory besides the results.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.segmentation.rank import get_label_quality_scores
    >>> labels = np.array([[[0, 0], [0, 1]]])
    >>> road = np.array([[[0.9, 0.8], [0.2, 0.3]]])
    >>> images, pixels = get_label_quality_scores(labels, np.stack([road, 1 - road], axis=1))
    >>> images.round(3)
    array([0.205])
    >>> pixels
    array([[[0.9, 0.8],
            [0.2, 0.7]]])
    """
    refuse_unknown("get_label_quality_scores", kwargs)
    as_choice(method, _METHODS, name="method")
    threads = resolve_threads(n_jobs)
    given, probs = as_images(labels, pred_probs)
    as_option(batch_size, "batch_size", default=1)
    if method == "softmin":
        by = _as_temperature(temperature)
        if downsample != 1:
            msg = 'downsample has no effect on method "softmin"; pass method="num_pixel_issues"'
            warnings.warn(msg, UserWarning, stacklevel=2)
        scores = _core.pixel_scores(given, probs, True, threads)
        if by < 0 and len(scores):
            return scores.min(axis=(1, 2)), scores
        return _core.softmin_of_images(scores, abs(by), threads), scores
    if not len(probs):
        return np.empty(0), _core.pixel_scores(given, probs, False, threads)
    mask = find_label_issues(
        labels,
        pred_probs,
        batch_size=batch_size,
        n_jobs=n_jobs,
        verbose=verbose,
        downsample=downsample,
    )
    fraction = np.count_nonzero(mask, axis=(1, 2)) / (mask.shape[1] * mask.shape[2])
    return 1.0 - fraction, _core.pixel_scores(given, probs, False, threads)


def issues_from_scores(
    image_scores: Any,
    pixel_scores: Any = None,
    threshold: float = 0.1,
    *,
    one_more: bool = True,
) -> NDArray[Any]:
    """Images whose score is below a threshold, the worst first, or the pixels.

    Parameters
    ----------
    image_scores : array_like of float, shape (n,)
        Scores of images, lower is worse; not used with `pixel_scores`.
    pixel_scores : array_like of float, shape (n, h, w), optional
        Scores of pixels, for a mask of pixels.
    threshold : float, default 0.1
        In [0, 1].
    one_more : bool, default True
        List one more image after those below the threshold, as cleanlab 2.9.0 does: the best of
        them is not below it. False for just those below.

    Returns
    -------
    ndarray of int64, or of bool with shape (n, h, w)
        Numbers of images, lowest score first, ties by number; or True where a pixel's score is
        below the threshold.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value.

    Examples
    --------
    >>> from cupel.segmentation.rank import issues_from_scores
    >>> issues_from_scores([0.5, 0.05, 0.9, 0.01], one_more=False)
    array([3, 1])
    >>> issues_from_scores([0.5, 0.05, 0.9, 0.01])
    array([3, 1, 0])
    """
    if image_scores is None:
        msg = "image_scores must be given, as from get_label_quality_scores"
        raise ValueError(msg)
    if not 0 <= threshold <= 1:
        msg = f"threshold must be between 0 and 1, got {threshold}"
        raise ValueError(msg)
    if pixel_scores is not None:
        return np.asarray(as_numbers(pixel_scores, "pixel_scores") < threshold)
    scores = as_scores(image_scores, name="image_scores")
    below = int(np.count_nonzero(scores.astype(np.float64) < threshold))
    return _core.lowest_first(scores, min(below + (1 if one_more else 0), len(scores)))


def _as_temperature(temperature: Any) -> float:
    hint = "; a small positive one for nearly the lowest score of each image"
    if temperature is None:
        msg = f"temperature must be a number, got None{hint}"
        raise ValueError(msg)
    if isinstance(temperature, str):
        msg = f"temperature must be a number, got {temperature!r}"
        raise TypeError(msg)
    value = float(temperature)
    if value == 0 or math.isnan(value):
        msg = f"temperature must be a number other than 0, got {value}{hint}"
        raise ValueError(msg)
    return value
