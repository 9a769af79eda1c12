"""Tables of classes, built from arrays; shared by dataset and multilabel_classification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._errors import InvalidArgumentError
from cupel._extras import require

__all__ = ["as_class_names", "check_single_label", "frame_of", "order_by"]


def as_class_names(class_names: Any, n_classes: int, *, exact: bool = False) -> list[Any] | None:
    """Names of the classes by their index; None stays None.

    A mapping is looked up by the index. Names beyond the last class are left out, or refused if
    `exact`.
    """
    if class_names is None:
        return None
    given = len(class_names)
    if given < n_classes or (exact and given > n_classes):
        msg = f"class_names has {given} names, expected one for each of {n_classes} classes"
        raise InvalidArgumentError(msg)
    if isinstance(class_names, Mapping):
        missing = [k for k in range(n_classes) if k not in class_names]
        if missing:
            msg = f"class_names has no name for class {missing[0]}"
            raise InvalidArgumentError(msg)
    return [class_names[k] for k in range(n_classes)]


def check_single_label(multi_label: bool, instead: str) -> None:
    """Refuse a multi-label problem, and name the function for it."""
    if multi_label:
        msg = f"multi_label must be False; use cupel.multilabel_classification.dataset.{instead}"
        raise InvalidArgumentError(msg)


def order_by(values: NDArray[Any], *, descending: bool = False) -> NDArray[np.int64]:
    """Positions of the values from the lowest to the highest, or back; equal ones as they come."""
    keys = np.asarray(-values if descending else values, dtype=np.float64)
    return _core.lowest_first(np.ascontiguousarray(keys), len(keys))


def frame_of(
    purpose: str,
    columns: Mapping[str, NDArray[Any]],
    names: list[Any] | None,
    named: Mapping[str, str],
) -> Any:
    """Build a data frame of the columns, in front of them the names of the classes of some.

    `named` maps the name of a column to the column of class indices that it spells out.
    """
    pandas = require("pandas", purpose)
    first: dict[str, Any] = {}
    if names is not None:
        values = pandas.Series(names).array  # once, however long the table is
        first = {title: values.take(columns[index]) for title, index in named.items()}
    return pandas.DataFrame({**first, **columns})
