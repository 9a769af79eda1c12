"""The front door for feature matrices, and for the other arguments of neighbour searches.

As in ``cupel._validate``: a TypeError is the wrong kind of thing, a ValueError a wrong value. Values
of float matrices are left to the core, which finds a nan or an infinity in one threaded pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import (
    MAX_COPY,
    as_numbers,
    at_position,
    copied,
    has_length,
    readable_in_place,
    shown,
)
from cupel._validate import as_choice, as_scores

__all__ = [
    "METRICS",
    "as_distances",
    "as_features",
    "as_integer",
    "as_k",
    "as_metric",
    "as_progress",
    "as_real",
    "default_metric",
]

METRICS = {"euclidean": 0, "cosine": 1}  # the core's codes
_DEFAULT_K = 10
# All integers up to these have a float of their own.
_FLOAT32_EXACT, _FLOAT64_EXACT = 1 << 24, 1 << 53

Progress = Callable[[float], None]


def as_distances(distances: Any, *, name: str) -> NDArray[np.float64]:
    """Return `distances` as a float64 vector of finite numbers of at least 0."""
    a = as_scores(distances, name=name).astype(np.float64, copy=False)
    if not a.size:
        msg = f"{name} is empty, expected at least one distance"
        raise ValueError(msg)
    good = np.isfinite(a) & (a >= 0)
    if not good.all():
        row = int(good.argmin())
        msg = f"{name}[{row}] is {a[row]}, expected a finite distance of at least 0"
        raise ValueError(msg)
    return a


def as_features(features: Any, *, name: str = "features") -> NDArray[Any]:
    """Return `features` as a float matrix that the core can read where it lies.

    Parameters
    ----------
    features : array_like, shape (n, d)
        float16, float32 or float64 in any layout; integers or bools, which become float32 where
        that holds every one of them exactly, else float64.
    name : str
        The argument's name, for messages.

    Returns
    -------
    ndarray of float16, float32 or float64
        The same memory where that is possible, as in :func:`cupel._validate.as_pred_probs`.
    """
    if hasattr(features, "toarray"):
        msg = (
            f"{name} must be a dense matrix, got {type(features).__name__}; pass "
            f"{name}.toarray(), or if that is too large, reduce its columns first (by a truncated "
            "SVD, say)"
        )
        raise TypeError(msg)
    a = as_numbers(features, name)
    _check_shape(a, name)
    if a.dtype.kind in "iub":
        return copied(a, _float_type_of(a, name), name)
    return a if readable_in_place(a) else copied(a, a.dtype, name)


def as_k(
    k: Any, most: int, *, name: str = "k", choice: str = "there are so many other rows"
) -> int:
    """Return the number of neighbours, which may be from 1 to `most`; None: 10 or `most`."""
    if k is None:
        return min(_DEFAULT_K, most)
    value = as_integer(k, name=name)
    if not 1 <= value <= most:
        msg = f"{name} must be from 1 to {most} ({choice}), got {shown(k)}"
        raise ValueError(msg)
    return value


def as_integer(value: Any, *, name: str, least: int | None = None) -> int:
    """Return `value` if it is an integer, and not below `least`."""
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        msg = f"{name} must be an integer, got {type(value).__name__}"
        raise TypeError(msg)
    try:
        whole = int(value.__index__())
    except TypeError:  # arrays of more than one number
        msg = f"{name} must be an integer, got {type(value).__name__}"
        raise TypeError(msg) from None
    if least is not None and whole < least:
        msg = f"{name} must be at least {least}, got {shown(value)}"
        raise ValueError(msg)
    return whole


def as_metric(metric: Any, columns: int) -> str:
    """Return the name of the metric; None: the default for that many columns."""
    if metric is None:
        return default_metric(columns)
    return as_choice(metric, METRICS, name="metric")


def default_metric(columns: int) -> str:
    """Choose cosine for embeddings, euclidean for up to three columns (cleanlab's rule)."""
    return "cosine" if columns > 3 else "euclidean"


def as_real(
    value: Any,
    *,
    name: str,
    least: float = 0.0,
    above: float | None = None,
    most: float = math.inf,
) -> float:
    """Return `value` as a finite float in [`least`, `most`], or in (`above`, `most`]."""
    try:
        if has_length(value) or isinstance(value, (str, bytes, bool, np.bool_)):
            raise TypeError
        if value is np.ma.masked:  # would be read as a nan, with a warning
            raise TypeError
        number = float(value)
    except OverflowError:  # an integer beyond float64
        number = math.inf
    except (TypeError, ValueError):
        msg = f"{name} must be a number, got {type(value).__name__}"
        raise TypeError(msg) from None
    inside = number >= least if above is None else number > above
    if not (inside and number <= most and math.isfinite(number)):
        low = f"of at least {least:g}" if above is None else f"above {above:g}"
        high = "" if most == math.inf else f" and at most {most:g}"
        msg = f"{name} must be a finite number {low}{high}, got {shown(value)}"
        raise ValueError(msg)
    return number


def as_progress(progress: Any) -> Progress | None:
    """Return `progress` if it can be called."""
    if progress is not None and not callable(progress):
        msg = f"progress must be a function of the fraction done, got {type(progress).__name__}"
        raise TypeError(msg)
    return progress  # type: ignore[no-any-return]


def _check_shape(a: NDArray[Any], name: str) -> None:
    if a.ndim != 2:
        msg = f"{name} must have shape (n, d), one row per example, got {a.shape}"
        if a.ndim == 1:
            msg += f"; if there is one number per example, pass {name}.reshape(-1, 1)"
        elif a.ndim > 2:
            msg += f"; pass {name}.reshape(len({name}), -1)"
        raise ValueError(msg)
    if not a.size:
        msg = f"{name} has no {'columns' if a.shape[0] else 'rows'}, got shape {a.shape}"
        raise ValueError(msg)


def _float_type_of(a: NDArray[Any], name: str) -> type[np.floating[Any]]:
    """Return the narrower of float32 and float64 that holds every integer of `a` exactly."""
    if a.dtype.itemsize <= 2:
        return np.float32
    if a.size * 8 > MAX_COPY:  # will be refused; not worth a look at each
        return np.float64
    low, high = int(a.min()), int(a.max())
    if low >= -_FLOAT32_EXACT and high <= _FLOAT32_EXACT:
        return np.float32
    if low < -_FLOAT64_EXACT or high > _FLOAT64_EXACT:
        at = np.unravel_index(a.argmax() if high > _FLOAT64_EXACT else a.argmin(), a.shape)
        msg = (
            f"{name}{at_position(at)} is {a[at]}, which float64 cannot hold exactly; subtract an "
            f"offset first, or pass {name}.astype(numpy.float64) to round"
        )
        raise ValueError(msg)
    return np.float64
