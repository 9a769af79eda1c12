"""One column of a table, whatever it came as: numbers, text, or other values."""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import INTEGERS, NUMBERS, TEXT, as_array, is_missing, shown
from cupel.datalab.reading.errors import DatasetLoadError

__all__ = ["ArrowColumn", "Column", "as_column", "column_of_list", "is_image", "object_array"]

_MISSING_TYPES = ("NoneType", "NAType", "NaTType")
_EXACT = 1 << 53  # whole numbers beyond it are no longer exact in float64


@dataclass(frozen=True, eq=False)
class Column:
    """Values of one column, and what they are.

    Attributes
    ----------
    values : ndarray, shape (n,)
        Native numbers or bools, missing ones nan; else objects, missing ones None. Read-only.
    kind : str
        ``"number"``, ``"text"``, ``"image"`` or ``"other"``.
    class_names : tuple of str or None
        Names of the classes that the values are numbers of, where the source tells them.
    """

    values: NDArray[Any]
    kind: str
    class_names: tuple[str, ...] | None = None

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.values)

    def cell(self, row: int) -> Any:
        """Return one value; None where it is missing."""
        value = self.values[row]
        return None if is_missing(value) else value

    def with_classes(self, names: tuple[str, ...]) -> Column:
        """Return the same with names of classes."""
        return Column(self.values, self.kind, names)


class ArrowColumn(Column):
    """Pictures or lists in a table of Arrow, left there until one is asked for."""

    chunks: Any

    def __init__(self, chunks: Any, kind: str, class_names: tuple[str, ...] | None = None) -> None:
        object.__setattr__(self, "chunks", chunks)
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "class_names", class_names)

    @cached_property
    def values(self) -> NDArray[Any]:
        """All values, read now."""
        return _frozen(object_array(self.chunks.to_pylist()))

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.chunks)

    def cell(self, row: int) -> Any:
        """Return one value; None where it is missing."""
        return self.chunks[row].as_py()

    def with_classes(self, names: tuple[str, ...]) -> Column:
        """Return the same with names of classes."""
        return ArrowColumn(self.chunks, self.kind, names)


def as_column(values: Any, name: str) -> Column:
    """Read a column from a list, an array, or a series of any library."""
    if isinstance(values, (*TEXT, Mapping, AbstractSet)) or not hasattr(values, "__len__"):
        msg = f"data[{shown(name)}] is {shown(values)}, expected one value per row: a list or array"
        raise DatasetLoadError(msg)
    if isinstance(values, (list, tuple, range)):
        return column_of_list(list(values))
    if hasattr(values, "to_pylist"):
        return column_of_list(values.to_pylist())
    if hasattr(values, "to_numpy") and hasattr(values, "name") and hasattr(values, "to_list"):
        kind = getattr(getattr(values, "dtype", None), "kind", "")
        plain = kind in ("i", "u", "f", "b", "M") and isinstance(values.dtype, np.dtype)
        return _column_of_array(values.to_numpy()) if plain else column_of_list(values.to_list())
    a = as_array(values, f"data[{shown(name)}]")
    if a.ndim == 0:
        msg = f"data[{shown(name)}] is a single value, expected one per row"
        raise DatasetLoadError(msg)
    return _column_of_array(a)


def column_of_list(values: list[Any]) -> Column:
    """Read a column from Python values, None or nan where one is missing."""
    kinds = set(map(type, values))
    present = {kind for kind in kinds if kind.__name__ not in _MISSING_TYPES}
    if present <= {str}:
        if len(present) == len(kinds):
            return Column(_frozen(object_array(values)), "text")
        return _texts(values)
    if all(issubclass(kind, NUMBERS) for kind in present):
        numbers = _numbers(values, present, some_missing=len(kinds) > len(present))
        if numbers is not None:
            return Column(_frozen(numbers), "number")
    if all(issubclass(kind, (str, float, np.floating)) for kind in present):
        missing = [is_missing(value) for value in values]
        if all(isinstance(v, str) or gone for v, gone in zip(values, missing, strict=True)):
            return _texts(values)
    if present and all(issubclass(kind, decimal.Decimal) for kind in present):
        return column_of_list([None if is_missing(v) else float(v) for v in values])
    objects = object_array([None if is_missing(value) else value for value in values])
    first = next((value for value in objects if value is not None), None)
    return Column(_frozen(objects), "image" if is_image(first) else "other")


def is_image(value: Any) -> bool:
    """Whether a value is a picture beyond doubt: one of Pillow's, or as `datasets` stores them."""
    if isinstance(value, Mapping):
        return set(value) == {"bytes", "path"}
    return any(kind.__module__ == "PIL.Image" for kind in type(value).__mro__)


def object_array(values: Sequence[Any] | Iterable[Any]) -> NDArray[Any]:
    """Return a vector of the values themselves, be they lists or arrays."""
    found = values if isinstance(values, list) else list(values)
    return np.fromiter(found, dtype=object, count=len(found))


def _column_of_array(a: NDArray[Any]) -> Column:
    if a.ndim > 1:
        return Column(_frozen(object_array([row.copy() for row in a])), "other")
    kind = a.dtype.kind
    if kind in "iub" or a.dtype.char in "efd":
        return Column(_frozen(a.astype(a.dtype.newbyteorder("="), order="C")), "number")
    if kind == "f":
        return Column(_frozen(a.astype(np.float64)), "number")
    if kind == "M":  # finer units have no objects in Python
        a = a.astype("datetime64[us]")
    return column_of_list(a.tolist())


def _numbers(values: list[Any], kinds: set[type], *, some_missing: bool) -> NDArray[Any] | None:
    """Return numbers as an array that holds every one exactly, if there is one."""
    if not kinds and not values:
        return np.empty(0)
    try:
        if some_missing or not kinds:
            floats = np.array([np.nan if is_missing(v) else v for v in values], dtype=np.float64)
            whole = all(issubclass(kind, INTEGERS) for kind in kinds)
            return None if whole and (np.abs(floats) >= _EXACT).any() else floats
        if all(issubclass(kind, (bool, np.bool_)) for kind in kinds):
            return np.array(values, dtype=bool)
        if all(issubclass(kind, INTEGERS) for kind in kinds):
            unsigned = max(values) > np.iinfo(np.int64).max
            return np.array(values, dtype=np.uint64 if unsigned else np.int64)
        return np.array(values, dtype=np.float64)
    except OverflowError:
        return None


def _texts(values: list[Any]) -> Column:
    texts = [str(value) if isinstance(value, str) else None for value in values]
    return Column(_frozen(object_array(texts)), "text")


def _frozen(a: NDArray[Any]) -> NDArray[Any]:
    a.flags.writeable = False
    return a
