"""Numeric labels and predictions, as regression takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import as_array, as_numbers, kind_of
from cupel._errors import WrongKindError

__all__ = ["as_numeric"]


def as_numeric(x: Any, *, name: str) -> NDArray[Any]:
    """Return `x` as a vector of integers or floats without a nan, in its own dtype.

    A matrix of one column or one row is a vector too, and so is a frame of one column. bool, text
    and complex numbers are refused.
    """
    a = as_array(x, name)
    if not a.ndim:
        msg = f"{name} must be a vector with one number per example, got {kind_of(x, a)}"
        raise WrongKindError(msg)
    if not a.size:
        msg = f"{name} is empty, expected at least one number"
        raise ValueError(msg)
    if max(a.shape) != a.size:
        msg = f"{name} must have shape (n,), got {a.shape}"
        raise ValueError(msg)
    try:
        a = as_numbers(x, name)
    except TypeError as error:
        raise WrongKindError(str(error)) from error
    if a.dtype.kind not in "iuf":
        msg = f"{name} must hold numbers, got {kind_of(x, a)}; convert it if these are numbers"
        raise WrongKindError(msg)
    a = a.reshape(-1)
    with np.errstate(invalid="ignore", over="ignore"):
        missing = np.isnan(a) if np.isnan(a.sum()) else np.False_  # one pass, where there is none
    if missing.any():
        msg = f"{name}[{missing.argmax()}] is nan, expected a number; drop the examples without one"
        raise ValueError(msg)
    return a
