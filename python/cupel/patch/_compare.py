"""Where two results differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

TOLERANCE = 1e-6


def first_difference(actual: Any, expected: Any, where: str = "result") -> str | None:
    """Say where `actual` is not what `expected` is, or None.

    Frames and series are compared with their index and columns, mappings and sequences item by
    item, arrays by shape and kind of dtype. Numbers may differ by 1e-6, or by four units in the
    last place where their dtype is coarser; nan equals nan. Objects of other types are equal if
    their types have one name.
    """
    if hasattr(expected, "iloc"):
        return _frame_difference(actual, expected, where)
    if hasattr(expected, "indptr"):
        return _attribute_difference(
            actual, expected, where, ("shape", "indptr", "indices", "data")
        )
    if isinstance(expected, Mapping):
        return _mapping_difference(actual, expected, where)
    if isinstance(expected, (list, tuple)):
        return _sequence_difference(actual, expected, where)
    if isinstance(expected, (np.ndarray, np.generic, int, float)):
        return _array_difference(np.asarray(actual), np.asarray(expected), where)
    if isinstance(expected, (str, bytes, set, frozenset, type(None))):
        return None if actual == expected else _unequal(actual, expected, where)
    return _type_difference(actual, expected, where)


def _unequal(actual: Any, expected: Any, where: str) -> str:
    return f"{where}: {actual!r} instead of {expected!r}"


def _type_difference(actual: Any, expected: Any, where: str) -> str | None:
    if type(actual).__name__ == type(expected).__name__:
        return None
    return f"{where}: {type(actual).__name__} instead of {type(expected).__name__}"


def _attribute_difference(
    actual: Any, expected: Any, where: str, names: tuple[str, ...]
) -> str | None:
    found = _type_difference(actual, expected, where)
    for name in names:
        found = found or first_difference(
            getattr(actual, name), getattr(expected, name), f"{where}.{name}"
        )
    return found


def _frame_difference(actual: Any, expected: Any, where: str) -> str | None:
    found = _type_difference(actual, expected, where)
    found = found or first_difference(list(actual.index), list(expected.index), f"{where}.index")
    if found or not hasattr(expected, "columns"):
        return found or first_difference(actual.to_numpy(), expected.to_numpy(), f"{where}.values")
    found = first_difference(list(actual.columns), list(expected.columns), f"{where}.columns")
    for i, column in enumerate(expected.columns):
        found = found or first_difference(
            actual.iloc[:, i].to_numpy(), expected.iloc[:, i].to_numpy(), f"{where}[{column!r}]"
        )
    return found


def _mapping_difference(actual: Any, expected: Mapping[Any, Any], where: str) -> str | None:
    if not isinstance(actual, Mapping) or list(actual) != list(expected):
        return _unequal(list(actual) if isinstance(actual, Mapping) else actual, [*expected], where)
    for key in expected:
        found = first_difference(actual[key], expected[key], f"{where}[{key!r}]")
        if found:
            return found
    return None


def _sequence_difference(actual: Any, expected: Any, where: str) -> str | None:
    found = _type_difference(actual, expected, where)
    if found or len(actual) != len(expected):
        return found or f"{where}: {len(actual)} items instead of {len(expected)}"
    for i, (a, b) in enumerate(zip(actual, expected, strict=True)):
        found = first_difference(a, b, f"{where}[{i}]")
        if found:
            return found
    return None


def _array_difference(
    actual: np.ndarray[Any, Any], expected: np.ndarray[Any, Any], where: str
) -> str | None:
    if actual.shape != expected.shape:
        return f"{where}: shape {actual.shape} instead of {expected.shape}"
    if actual.dtype.kind != expected.dtype.kind:
        return f"{where}: dtype {actual.dtype} instead of {expected.dtype}"
    if expected.dtype.kind == "O":
        return _sequence_difference(actual.ravel().tolist(), expected.ravel().tolist(), where)
    if expected.dtype.kind in "fc":
        step = max(np.finfo(actual.dtype).eps, np.finfo(expected.dtype).eps)
        tolerance = max(TOLERANCE, 4 * float(step))
        differs = ~np.isclose(actual, expected, rtol=0, atol=tolerance, equal_nan=True)
    else:
        differs = np.asarray(actual != expected)
    count = int(np.count_nonzero(differs))
    if not count:
        return None
    if not expected.shape:
        return _unequal(actual[()], expected[()], where)
    first = tuple(int(i) for i in np.argwhere(differs)[0])
    place = ", ".join(map(str, first))
    first_one = f"{where}[{place}]: {actual[first]} instead of {expected[first]}"
    return first_one if count == 1 else f"{first_one}, and {count - 1} more"
