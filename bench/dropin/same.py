"""Equal results: same structure, labels and dtypes' kinds; numbers within 1e-6."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

TOLERANCE = 1e-6


def assert_same(actual: Any, expected: Any, where: str = "result") -> None:
    """Raise AssertionError, with the place, where `actual` is not what `expected` is.

    Frames and series are compared with index, column names and order; mappings, lists and tuples
    item by item; arrays by shape and kind of dtype, exactly for integers, bools and text, within
    1e-6 for floats, nan equal to nan.
    """
    if hasattr(expected, "columns") and hasattr(expected, "iloc"):
        _same_frame(actual, expected, where)
    elif hasattr(expected, "iloc"):
        assert type(actual).__name__ == type(expected).__name__, f"{where}: {type(actual)}"
        assert_same(list(actual.index), list(expected.index), f"{where}.index")
        assert_same(actual.to_numpy(), expected.to_numpy(), f"{where}.values")
    elif isinstance(expected, Mapping):
        assert list(actual) == list(expected), f"{where}: keys {list(actual)}, {list(expected)}"
        for key in expected:
            assert_same(actual[key], expected[key], f"{where}[{key!r}]")
    elif isinstance(expected, (list, tuple)):
        assert type(actual) is type(expected), f"{where}: {type(actual)}, {type(expected)}"
        assert len(actual) == len(expected), f"{where}: length {len(actual)}, {len(expected)}"
        for i, (a, b) in enumerate(zip(actual, expected, strict=True)):
            assert_same(a, b, f"{where}[{i}]")
    elif isinstance(expected, (np.ndarray, np.generic, int, float)):
        assert not hasattr(actual, "iloc"), f"{where}: {type(actual)}"
        _same_numbers(np.asarray(actual), np.asarray(expected), where)
    else:
        assert actual == expected, f"{where}: {actual!r}, {expected!r}"


def _same_frame(actual: Any, expected: Any, where: str) -> None:
    assert list(actual.columns) == list(expected.columns), (
        f"{where}: columns {list(actual.columns)}, {list(expected.columns)}"
    )
    assert_same(list(actual.index), list(expected.index), f"{where}.index")
    for column in expected.columns:
        assert_same(actual[column].to_numpy(), expected[column].to_numpy(), f"{where}[{column!r}]")


def _same_numbers(actual: Any, expected: Any, where: str) -> None:
    assert actual.shape == expected.shape, f"{where}: shape {actual.shape}, {expected.shape}"
    assert actual.dtype.kind == expected.dtype.kind, (
        f"{where}: dtype {actual.dtype}, {expected.dtype}"
    )
    if expected.dtype.kind == "O":
        for i, (a, b) in enumerate(zip(actual.ravel(), expected.ravel(), strict=True)):
            if not (_is_nan(a) and _is_nan(b)):
                assert_same(a, b, f"{where}[{i}]")
    elif expected.dtype.kind in "fc":
        np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE, err_msg=where)
    else:
        np.testing.assert_array_equal(actual, expected, err_msg=where)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
