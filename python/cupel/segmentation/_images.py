"""The front door for images: labels per pixel, planes of probabilities, and masks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import as_array, as_numbers, at_position, copied, kind_of, readable_in_place
from cupel._validate import as_pred_probs

__all__ = ["as_classes_of_pixels", "as_images", "as_mask_of_pixels", "as_option", "as_planes"]


def as_images(labels: Any, pred_probs: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return both as the core reads them: one integer vector, and an array of any strides.

    Copied only if the core cannot read them in place: labels that are not contiguous or not
    integers, probabilities of another byte order or type.
    """
    probs = as_planes(pred_probs)
    given = as_classes_of_pixels(labels)
    n, _, h, w = probs.shape
    if given.shape != (n, h, w):
        msg = (
            f"labels must have shape {(n, h, w)}, one label per pixel of pred_probs, "
            f"got {given.shape}"
        )
        raise ValueError(msg)
    return given.reshape(-1), probs


def as_planes(pred_probs: Any) -> NDArray[Any]:
    """Return `pred_probs` as a float array of shape (n, k, h, w), n may be 0."""
    a = as_numbers(pred_probs, "pred_probs")
    if a.ndim != 4:
        msg = f"pred_probs must have shape (n, k, h, w), got {a.shape}"
        if a.ndim == 3:
            msg += "; for a single image pass pred_probs[numpy.newaxis]"
        raise ValueError(msg)
    if not all(a.shape[1:]):
        msg = f"pred_probs has no classes or no pixels, got shape {a.shape}"
        raise ValueError(msg)
    if a.dtype.kind in "iub":
        return as_pred_probs(a, ndim=4) if a.size else a.astype(np.float64)
    readable = (
        a.dtype.byteorder in "=|"
        and a.flags.aligned
        and not any(stride % a.itemsize for stride in a.strides)
    )
    return a if readable else copied(a, a.dtype, "pred_probs")


def as_classes_of_pixels(labels: Any) -> NDArray[Any]:
    """Return `labels` as a contiguous integer array of shape (n, h, w); the core checks values."""
    a = as_array(labels, "labels")
    if a.ndim != 3:
        msg = f"labels must have shape (n, h, w), got {a.shape}"
        if a.ndim == 4:
            msg += "; for one-hot labels of shape (n, k, h, w) use labels.argmax(axis=1)"
        raise ValueError(msg)
    if a.dtype.kind == "b":
        a = a.view(np.uint8)
    elif a.dtype.kind == "f" and a.dtype.char in "efd":
        a = _whole(a)
    elif a.dtype.kind not in "iu":
        msg = (
            f"labels must hold integers, the number of each pixel's class, got {kind_of(labels, a)}"
        )
        raise TypeError(msg)
    in_place = a.flags.c_contiguous and (not a.size or readable_in_place(a))
    return a if in_place else copied(a, a.dtype, "labels")


def as_mask_of_pixels(issues: Any, shape: tuple[int, ...] | None) -> NDArray[np.bool_]:
    """Return `issues` as a contiguous mask, of this shape if it is known."""
    a = as_array(issues, "issues")
    if a.dtype.kind not in "biu":
        msg = f"issues must be a bool mask, got {kind_of(issues, a)}"
        raise TypeError(msg)
    if a.ndim != 3 or shape not in (None, a.shape):
        msg = f"issues must have shape {shape or '(n, h, w)'}, one value per pixel, got {a.shape}"
        raise ValueError(msg)
    return np.ascontiguousarray(a if a.dtype.kind == "b" else a != 0)


def as_option(value: Any, name: str, *, default: int) -> int:
    """Return a whole number of at least 1, the default for None."""
    if value is None:
        return default
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        msg = f"{name} must be an integer, got {type(value).__name__}"
        raise TypeError(msg)
    number = int(value.__index__())
    if number < 1:
        msg = f"{name} must be at least 1, got {number}"
        raise ValueError(msg)
    return number


def _whole(a: NDArray[Any]) -> NDArray[np.int64]:
    with np.errstate(invalid="ignore"):
        whole = a.astype(np.int64)
    bad = whole != a
    if bad.any():
        at = np.unravel_index(bad.argmax(), a.shape)
        value = a[at].item()
        hint = "the pixel has no label" if math.isnan(value) else "expected a whole number"
        msg = f"labels{at_position(at)} is {value}, {hint}"
        raise ValueError(msg)
    return whole
