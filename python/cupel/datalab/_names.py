"""Labels in the caller's words, where some rows have none, and shares in per cent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cupel.datalab.checks._class_names import column_names

if TYPE_CHECKING:
    from cupel.datalab._dataset import Labels

__all__ = ["labels_or_none", "names_or_none", "percent"]


def names_or_none(labels: Labels, codes: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the caller's name of each class, its number where it has no name, None for -1."""
    names = column_names(labels, int(codes.max(initial=-1)) + 1)
    table = np.empty(len(names) + 1, dtype=np.object_)
    table[:-1] = names
    return table[codes]


def labels_or_none(labels: Labels, rows: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the label of each row: a name, a number, or a list of names; None for -1."""
    out = np.full(len(rows), None, dtype=np.object_)
    if not labels.is_available:
        return out
    if labels.task == "classification":
        codes = np.asarray(labels.values, dtype=np.int64)[rows]
        return names_or_none(labels, np.where(rows < 0, -1, codes))
    for at in np.flatnonzero(rows >= 0).tolist():
        value = labels.values[int(rows[at])]
        is_set = labels.task == "multilabel"
        out[at] = [labels.class_names[code] for code in value] if is_set else float(value)
    return out


def percent(share: float) -> str:
    """Return a share as the report writes it: ``"94 %"``."""
    return f"{100 * share:.0f} %"
