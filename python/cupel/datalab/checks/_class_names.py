"""Names of classes beside the columns of probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cupel.datalab._dataset import Labels

__all__ = ["check_columns", "class_name", "column_names", "names_of"]


def check_columns(class_names: Sequence[Any], n_columns: int) -> None:
    """Refuse probabilities whose columns cannot be told to be of which classes.

    More columns than classes are fine where the classes are 0, 1, ...: the rest has no examples.
    """
    known = len(class_names)
    if known == n_columns or (known < n_columns and list(class_names) == list(range(known))):
        return
    listed = ", ".join(shown(_plain(name)) for name in class_names[:5])
    msg = (
        f"pred_probs has {n_columns} columns, the labels have {known} classes "
        f"({listed}{', ...' if known > 5 else ''}); pass one column per class in this order"
    )
    if known < n_columns:
        msg += ", without those of classes that no example has"
    raise ValueError(msg)


def column_names(labels: Labels, n_columns: int) -> list[Any]:
    """Name of the class of each column; its number where no example has it."""
    known = [_plain(name) for name in labels.class_names]
    return [*known, *range(len(known), n_columns)]


def names_of(codes: NDArray[np.integer[Any]], names: Sequence[Any]) -> NDArray[Any]:
    """Name of each code: an array of numbers where all names are, else of objects."""
    kinds = {type(name) for name in names}
    if kinds <= {int} or kinds <= {bool} or kinds <= {float}:
        table = np.asarray(names)
    else:
        table = np.empty(len(names), dtype=object)
        table[:] = names
    return np.asarray(table[codes])


def class_name(labels: Labels, code: int) -> str:
    """Name of a class as text; its number where it has no name."""
    known = labels.class_names
    return str(known[code] if code < len(known) else code)


def _plain(name: Any) -> Any:
    return name.item() if isinstance(name, np.generic) else name
