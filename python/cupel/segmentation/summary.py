"""Issues among pixels, to look at: shown in their images, counted by class."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._extras import require
from cupel._runtime import resolve_threads
from cupel.segmentation._images import (
    as_classes_of_pixels,
    as_images,
    as_mask_of_pixels,
    as_planes,
)
from cupel.segmentation._plots import class_colors, show_image, show_legend

__all__ = ["common_label_issues", "display_issues", "filter_by_class"]

_TOP = 20
_COLUMNS = ("given_label", "predicted_label", "num_pixel_issues")


def display_issues(
    issues: Any,
    *,
    labels: Any = None,
    pred_probs: Any = None,
    class_names: Sequence[Any] | None = None,
    exclude: Sequence[int] | None = None,
    top: int | None = None,
    **kwargs: Any,
) -> None:
    """Show the images with most issues, one figure each: labels, predictions, issues in red.

    Parameters
    ----------
    issues : array_like of bool, shape (n, h, w)
        True for pixels with an issue, as from
        :func:`cupel.segmentation.filter.find_label_issues` or
        :func:`cupel.segmentation.rank.issues_from_scores`.
    labels : array_like of int, shape (n, h, w), optional
        Given classes; adds a panel.
    pred_probs : array_like of float, shape (n, k, h, w), optional
        Probabilities; adds a panel with the most probable classes.
    class_names : sequence, optional
        Names of classes; adds a figure with the colour of each in front, if there are classes to
        be seen.
    exclude : sequence of int, optional
        Given classes whose issues are not shown; needs `labels`. The order of images stays.
    top : int, default 20
        How many images to show.
    **kwargs
        Passed on to :func:`matplotlib.pyplot.show`, which is called after each figure.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If an argument is of a wrong kind or value.

    Notes
    -----
    Of images with equally many issues the first comes first. Only what is shown is read.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.segmentation.summary import display_issues
    >>> display_issues(np.eye(4, dtype=bool)[np.newaxis], top=0)
    """
    plt = require("matplotlib.pyplot", "display_issues")
    if exclude is not None and labels is None:
        msg = "exclude needs labels: it names given classes"
        raise ValueError(msg)
    mask = as_mask_of_pixels(issues, None)
    given = None if labels is None else as_classes_of_pixels(labels)
    probs = None if pred_probs is None else as_planes(pred_probs)
    for name, shape in (
        ("labels", mask.shape if given is None else given.shape),
        ("pred_probs", mask.shape if probs is None else (len(probs), *probs.shape[2:])),
    ):
        if shape != mask.shape:
            msg = f"{name} and issues must have the same pixels, got {shape} and {mask.shape}"
            raise ValueError(msg)
    colors = class_colors(given, probs, class_names)
    if class_names is not None and not (given is None and probs is None):
        show_legend(plt, colors, class_names, kwargs)
    counts = np.count_nonzero(mask, axis=(1, 2))
    for image in np.argsort(-counts, kind="stable")[: _TOP if top is None else top]:
        flags = mask[image]
        panels = []
        if given is not None:
            panels.append(("Given labels", colors[_in_range(given[image], len(colors))]))
            if exclude is not None:
                flags = flags & ~np.isin(given[image], list(exclude))
        if probs is not None:
            panels.append(("Most probable classes", colors[probs[image].argmax(axis=0)]))
        show_image(plt, image, panels, flags, kwargs)


def common_label_issues(
    issues: Any,
    labels: Any,
    pred_probs: Any,
    *,
    class_names: Sequence[Any] | None = None,
    exclude: Sequence[int] | None = None,
    top: int | None = None,
    verbose: bool = True,
    n_jobs: int | None = None,
) -> Any:
    """Count which given classes are most often predicted to be which others.

    Parameters
    ----------
    issues : array_like of bool, shape (n, h, w)
        True for the pixels to count.
    labels : array_like of int, shape (n, h, w)
        Given classes.
    pred_probs : array_like of float, shape (n, k, h, w)
        Probabilities.
    class_names : sequence, optional
        Names of classes, to be shown instead of their numbers.
    exclude : sequence of int, optional
        Classes to leave out, where they are the predicted ones.
    top : int, default 20
        How many pairs of classes to list.
    verbose : bool, default True
        Whether to print the list, too.
    n_jobs : int, optional
        Threads to use; None and -1 for all.

    Returns
    -------
    pandas.DataFrame
        Columns "given_label" and "predicted_label" (text) and "num_pixel_issues", most first, ties
        by class.

    Raises
    ------
    ImportError
        If pandas is not installed.
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad pixel.

    Notes
    -----
    O(n h w + k i) time for i issues, whose probabilities alone are looked at; O(k^2) memory.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.segmentation.summary import common_label_issues
    >>> labels = np.array([[[0, 0], [0, 1]]])
    >>> road = np.array([[[0.9, 0.8], [0.2, 0.7]]])
    >>> issues = np.array([[[False, False], [True, True]]])
    >>> pairs = common_label_issues(
    ...     issues, labels, np.stack([road, 1 - road], axis=1), class_names=["road", "car"]
    ... )
    'road' labelled, 'car' predicted: 1 pixels
    'car' labelled, 'road' predicted: 1 pixels
    >>> pairs["num_pixel_issues"].tolist()
    [1, 1]
    """
    pd = require("pandas", "common_label_issues")
    given, probs = as_images(labels, pred_probs)
    mask = as_mask_of_pixels(issues, (len(probs), *probs.shape[2:]))
    counts = _core.count_pixel_issues(given, probs, mask, resolve_threads(n_jobs))
    if exclude is not None:
        counts[:, [k for k in range(len(counts)) if k in exclude]] = 0
    rows, columns = np.nonzero(counts)
    order = np.argsort(-counts[rows, columns], kind="stable")[: _TOP if top is None else top]
    rows, columns = rows[order], columns[order]
    if not len(rows):
        return pd.DataFrame(columns=list(_COLUMNS), index=pd.RangeIndex(0), dtype=object)
    names = _texts(class_names, len(counts))
    texts = [names[k] for k in rows], [names[k] for k in columns]
    numbers = counts[rows, columns]
    if verbose:
        for row, column, number in zip(*texts, numbers, strict=True):
            line = f"'{row}' labelled, '{column}' predicted: {number} pixels"
            print(line)  # noqa: T201 - the list is the result
    return pd.DataFrame(dict(zip(_COLUMNS, (*texts, numbers), strict=True)))


def filter_by_class(
    class_index: int, issues: Any, labels: Any, pred_probs: Any, *, n_jobs: int | None = None
) -> NDArray[np.bool_]:
    """Keep the issues that concern one class, given or predicted.

    Parameters
    ----------
    class_index : int
        The class.
    issues : array_like of bool, shape (n, h, w)
        True for pixels with an issue.
    labels : array_like of int, shape (n, h, w)
        Given classes.
    pred_probs : array_like of float, shape (n, k, h, w)
        Probabilities.
    n_jobs : int, optional
        Threads to use; None and -1 for all.

    Returns
    -------
    ndarray of bool, shape (n, h, w)
        True where `issues` is and the class is the given or the most probable one; nowhere, if
        there is no such class.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad pixel.

    Notes
    -----
    O(n h w + k i) time for i issues, whose probabilities alone are looked at.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.segmentation.summary import filter_by_class
    >>> labels = np.array([[[0, 0], [0, 1]]])
    >>> probs = np.array([0.9, 0.1, 0.0]).reshape(1, 3, 1, 1).repeat(2, axis=2).repeat(2, axis=3)
    >>> filter_by_class(1, np.ones((1, 2, 2), dtype=bool), labels, probs)
    array([[[False, False],
            [False,  True]]])
    """
    wanted = operator.index(class_index)
    given, probs = as_images(labels, pred_probs)
    mask = as_mask_of_pixels(issues, (len(probs), *probs.shape[2:]))
    if not 0 <= wanted < probs.shape[1]:
        return np.zeros_like(mask)
    return _core.pixel_issues_of_class(given, probs, mask, wanted, resolve_threads(n_jobs))


def _texts(class_names: Sequence[Any] | None, n_classes: int) -> list[str]:
    if class_names is None:
        return [str(k) for k in range(n_classes)]
    if len(class_names) < n_classes:
        msg = f"class_names has {len(class_names)} names, pred_probs has {n_classes} classes"
        raise ValueError(msg)
    return list(class_names)


def _in_range(given: NDArray[Any], n_classes: int) -> NDArray[Any]:
    if given.min() < 0 or given.max() >= n_classes:
        msg = f"labels must lie in [0, {n_classes}), got {given.min()} to {given.max()}"
        raise ValueError(msg)
    return given
