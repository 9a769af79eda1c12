"""Which cells of a matrix or table are missing; one pass, and a look only where something is."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._arrays import as_array, readable_in_place
from cupel._extras import require
from cupel._runtime import resolve_threads

__all__ = ["Missing", "find_missing"]

_BLOCK = 1 << 22  # cells that are looked through at a time
_NEVER_MISSING = "iubUSV"


class Missing(NamedTuple):
    """Rows with missing cells, and which cells these are.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns of the whole.
    rows : ndarray of int64, shape (m,)
        Rows with at least one missing cell, ascending.
    cells : ndarray of bool, shape (m, d)
        Whether each cell of these rows is missing.
    """

    shape: tuple[int, int]
    rows: NDArray[np.int64]
    cells: NDArray[np.bool_]


def find_missing(features: Any, n_jobs: int | None = None) -> Missing:
    """Look for missing cells: nan, None, NaT, and what pandas or Polars mark as missing."""
    if hasattr(features, "isna") and hasattr(features, "columns"):
        return _of_mask(features.isna().to_numpy())
    if hasattr(features, "toarray"):
        msg = (
            f"features must be a dense matrix, got {type(features).__name__}; a sparse one has no "
            "missing cells to look for"
        )
        raise TypeError(msg)
    if hasattr(features, "to_pandas") and not hasattr(features, "to_numpy"):
        return find_missing(features.to_pandas(), n_jobs)
    if hasattr(features, "null_count") and hasattr(features, "to_numpy"):
        features = features.to_numpy()
    a = as_array(features, "features")
    _check_shape(a)
    if a.dtype.kind in _NEVER_MISSING:
        return Missing(a.shape, np.empty(0, np.int64), np.empty((0, a.shape[1]), np.bool_))
    if a.dtype.char in "efd":
        return _of_floats(a, n_jobs)
    if a.dtype.kind == "O":
        return _of_mask(require("pandas", "the check for missing values").isna(a))
    return _of_mask(np.isnat(a) if a.dtype.kind in "mM" else np.isnan(a))


def _check_shape(a: NDArray[Any]) -> None:
    if a.ndim != 2:
        msg = f"features must have shape (n, d), one row per example, got {a.shape}"
        if a.ndim > 2:
            msg += "; pass features.reshape(len(features), -1)"
        elif a.ndim == 1:
            msg += "; pass features.reshape(-1, 1)"
        raise ValueError(msg)
    if not a.size:
        msg = f"features has no {'columns' if a.shape[0] else 'rows'}, got shape {a.shape}"
        raise ValueError(msg)


def _of_floats(a: NDArray[Any], n_jobs: int | None) -> Missing:
    start = 0
    if readable_in_place(a):
        start = _core.first_nonfinite_row(a, resolve_threads(n_jobs))
    with np.errstate(invalid="ignore"):
        lacking = np.isnan(a[start:].min(axis=1))  # which a nan in a row is, whatever else is there
    rows = start + np.flatnonzero(lacking)
    cells = np.empty((len(rows), a.shape[1]), dtype=np.bool_)
    step = max(1, _BLOCK // a.shape[1])
    for first in range(0, len(rows), step):
        part = slice(first, first + step)
        np.isnan(a[rows[part]], out=cells[part])
    return Missing(a.shape, rows, cells)


def _of_mask(mask: Any) -> Missing:
    _check_shape(mask)
    rows = np.flatnonzero(mask.any(axis=1))
    return Missing(mask.shape, rows, mask[rows])
