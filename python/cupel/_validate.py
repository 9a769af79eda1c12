"""The front door: the only place where user input is checked for kind and shape, and converted.

A TypeError is the wrong kind of thing, a ValueError a wrong value; both name the argument, the
first bad position, what was expected and what to do. Values of float matrices and the range of
integer labels are left to the core, which checks them in passes that it makes anyway (and has to:
another thread may write to the array after any check made here).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import (
    MAX_COPY,
    as_array,
    as_numbers,
    at_position,
    check_length,
    copied,
    kind_of,
    nearest_hint,
    readable_in_place,
    shown,
)
from cupel._errors import InvalidArgumentError
from cupel._labels import as_labels, as_multilabels, check_classes

__all__ = [
    "as_choice",
    "as_class_vector",
    "as_labels",
    "as_mask",
    "as_multilabels",
    "as_pred_probs",
    "as_scores",
    "as_square",
    "check_classes",
]


def as_pred_probs(pred_probs: Any, *, name: str = "pred_probs", ndim: int = 2) -> NDArray[Any]:
    """Return `pred_probs` as a float array that the core can read where it lies.

    Parameters
    ----------
    pred_probs : array_like, shape (n, k)
        float16, float32 or float64 in any layout; integers or bools that are all 0 or 1.
    name : str
        The argument's name, for messages.
    ndim : int
        Number of dimensions expected.

    Returns
    -------
    ndarray of float16, float32 or float64
        The same memory if the elements of a row lie side by side, aligned and in native byte
        order, with rows any (also negative) multiple of the item size apart; else one copy.
    """
    if (
        type(pred_probs) is np.ndarray
        and pred_probs.dtype.char in "efd"
        and pred_probs.ndim == ndim
        and pred_probs.size
        and readable_in_place(pred_probs)
    ):
        return pred_probs
    a = as_numbers(pred_probs, name)
    _check_shape(a, ndim, name)
    if a.dtype.kind in "iub":
        return _one_hot(a, name)
    return a if readable_in_place(a) else copied(a, a.dtype, name)


def as_class_vector(x: Any, n_classes: int, *, name: str) -> NDArray[np.float64]:
    """Return `x`, one finite number per class, as float64 of shape (k,)."""
    a = _numeric(x, name)
    if a.shape != (n_classes,):
        msg = f"{name} must have one value per class, shape ({n_classes},), got shape {a.shape}"
        raise ValueError(msg)
    a = np.array(a, dtype=np.float64)
    _check_cells(a, np.isfinite(a), "a finite number", name)
    return a


def as_square(
    x: Any, *, name: str, n_classes: int | None = None, multi_label: bool = False
) -> NDArray[Any]:
    """Return a confident joint, (k, k) or (k, 2, 2) for multi-label, as int64 or float64."""
    a = _numeric(x, name)
    k = a.shape[0] if n_classes is None and a.ndim else n_classes
    shape = (k, 2, 2) if multi_label else (k, k)
    if a.shape != shape or not k:
        wanted = "(k, 2, 2)" if multi_label else "(k, k)"
        for_k = "" if n_classes is None else f" with k = {n_classes}"
        msg = f"{name} must have shape {wanted}{for_k}, got {a.shape}"
        raise ValueError(msg)
    out = np.array(a, dtype=np.float64 if a.dtype.kind == "f" else np.int64, order="C")
    _check_cells(a, np.isfinite(out) & (out >= 0), "a finite number of at least 0", name)
    return out


def as_mask(mask: Any, n_rows: int | None, *, name: str) -> NDArray[np.bool_]:
    """Return `mask` as a contiguous bool vector of length `n_rows`."""
    a = as_array(mask, name)
    if a.dtype.kind == "O" and a.ndim == 1 and set(map(type, a)) <= {bool, np.bool_}:
        a = a.astype(np.bool_)
    if a.dtype.kind != "b":
        msg = f"{name} must be a bool mask, got {kind_of(mask, a)}"
        if a.dtype.kind in "iu":
            msg += f"; make one of indices by numpy.isin(numpy.arange(n), {name})"
        raise TypeError(msg)
    if a.ndim != 1:
        msg = f"{name} must have shape (n,), got {a.shape}"
        raise ValueError(msg)
    check_length(len(a), n_rows, name)
    return np.ascontiguousarray(a)


def as_scores(scores: Any, *, name: str) -> NDArray[Any]:
    """Return `scores` as a contiguous, native float vector of its own; integers become float64.

    A copy, because what is sorted must not change meanwhile.
    """
    a = _numeric(scores, name)
    if a.ndim != 1:
        msg = f"{name} must have shape (n,), got {a.shape}"
        raise ValueError(msg)
    return copied(a, a.dtype if a.dtype.kind == "f" else np.float64, name)


def as_choice(value: Any, choices: Iterable[str], *, name: str) -> str:
    """Return `value` if it is one of `choices`."""
    choices = list(choices)
    listed = ", ".join(map(repr, choices))
    if not isinstance(value, str):
        msg = f"{name} must be one of {listed}, got {type(value).__name__}"
        raise TypeError(msg)
    if value not in choices:
        msg = f"{name} must be one of {listed}, got {shown(value)}{nearest_hint(value, choices)}"
        raise InvalidArgumentError(msg)
    return value


def _check_shape(a: NDArray[Any], ndim: int, name: str) -> None:
    if a.ndim != ndim:
        wanted = {1: "(n,)", 2: "(n, k)"}.get(ndim, f"of {ndim} dimensions")
        msg = f"{name} must have shape {wanted}, got {a.shape}"
        if ndim == 2 and a.ndim == 1:
            msg += f"; for two classes pass numpy.column_stack([1 - {name}, {name}])"
        raise ValueError(msg)
    if not a.size:
        msg = f"{name} has no {'columns' if a.shape[0] else 'rows'}, got shape {a.shape}"
        raise ValueError(msg)


def _one_hot(a: NDArray[Any], name: str) -> NDArray[Any]:
    if a.size * 8 > MAX_COPY:
        return copied(a, np.float64, name)
    other = (a != 0) & (a != 1)
    if other.any():
        at = np.unravel_index(other.argmax(), a.shape)
        msg = f"{name}{at_position(at)} is {a[at]}; integers must be 0 or 1, pass probabilities as floats"
        raise ValueError(msg)
    return copied(a, np.float64, name)


def _numeric(x: Any, name: str) -> NDArray[Any]:
    a = as_array(x, name)
    if a.dtype.char not in "efd" and a.dtype.kind not in "iu":
        msg = f"{name} must hold numbers, got {kind_of(x, a)}"
        raise TypeError(msg)
    return a


def _check_cells(a: NDArray[Any], good: NDArray[np.bool_], expected: str, name: str) -> None:
    if not good.all():
        at = np.unravel_index(good.argmin(), a.shape)
        msg = f"{name}{at_position(at)} is {a[at]}, expected {expected}"
        raise ValueError(msg)
