"""From a list of labels to a matrix of examples and annotators."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._extras import require

__all__ = ["pivot"]

_COLUMNS = ("task", "annotator", "label")


def pivot(long: Any) -> Any:
    """Return a frame with a sorted row per task and a sorted column per annotator."""
    pandas = require("pandas", "convert_long_to_wide_dataset")
    _check_columns(long)
    wide = _pivot_numbers(pandas, long)
    if wide is None:  # labels or names that only pandas knows how to arrange
        wide = long.pivot(index="task", columns="annotator", values="label")
        wide.index.name = wide.columns.name = None
    return wide


def _check_columns(long: Any) -> None:
    if not hasattr(long, "pivot"):
        msg = (
            "labels_multiannotator_long must be a pandas.DataFrame with columns task, annotator and "
            f"label, got {type(long).__name__}"
        )
        raise TypeError(msg)
    for name in _COLUMNS:
        if name not in long.columns:
            msg = f"labels_multiannotator_long has no column {name!r}, expected {_COLUMNS}"
            raise KeyError(msg)


def _pivot_numbers(pandas: Any, long: Any) -> Any:
    """Return the frame where tasks and labels are plain numbers; None for anything else.

    As None also where no cell is empty: pandas then keeps integers, and where a cell has two
    labels: pandas then has the error.
    """
    task, annotator, label = (long[name] for name in _COLUMNS)
    if not (_is_plain(label.dtype, "iuf") and _is_plain(task.dtype, "iu") and len(long)):
        return None
    if _is_plain(annotator.dtype, "iu"):
        columns, annotators = _ranked(annotator.to_numpy())
    elif pandas.api.types.infer_dtype(annotator) == "string" and not annotator.isna().any():
        columns, annotators = pandas.factorize(annotator, sort=True)
    else:
        return None
    rows, tasks = _ranked(task.to_numpy())
    shape = len(annotators), len(tasks)
    cells = np.asarray(columns, dtype=np.int64) * shape[1] + rows
    taken = np.zeros(shape[0] * shape[1], dtype=np.bool_)
    taken[cells] = True
    if np.count_nonzero(taken) != len(cells) or len(cells) == len(taken):
        return None
    values = np.full(len(taken), np.nan, dtype=label.dtype if label.dtype.kind == "f" else float)
    values[cells] = label.to_numpy()
    wide = values.reshape(shape).T  # as pandas keeps frames: no copy
    return pandas.DataFrame(wide, index=tasks, columns=annotators, copy=False)


def _is_plain(dtype: Any, kinds: str) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in kinds


def _ranked(values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return the rank of each integer among the distinct ones, and these, ascending."""
    lowest = int(values.min())
    span = int(values.max()) - lowest + 1
    if span > 4 * len(values) or values.dtype.kind == "u":
        distinct, ranks = np.unique(values, return_inverse=True)
        return ranks, distinct
    offsets = np.subtract(values, lowest, dtype=np.int64)
    seen = np.zeros(span, dtype=np.bool_)
    seen[offsets] = True
    distinct = np.flatnonzero(seen)
    ranks = np.empty(span, dtype=np.int64)
    ranks[distinct] = np.arange(len(distinct))
    return ranks[offsets], (distinct + lowest).astype(values.dtype)
