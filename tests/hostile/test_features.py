"""Malformed features are refused by name and row; legal layouts give the same bytes."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cupel import neighbors
from hostile.bad_features import (
    FEATURE_CASES,
    FEATURE_ENTRY_POINTS,
    ROW,
    D,
    FeatureCase,
    N,
    good_features,
)
from hostile.layouts import CONTAINERS, FLOATS, INTS, LAYOUTS

every_function = pytest.mark.parametrize("function", FEATURE_ENTRY_POINTS.values(),
                                         ids=FEATURE_ENTRY_POINTS)  # fmt: skip


def assert_refuses(function: Any, case: FeatureCase, argument: str) -> None:
    x = case.make()
    with pytest.raises((ValueError, TypeError)) as error:
        function(x)
    assert error.type in (ValueError, TypeError)
    message = str(error.value)
    assert argument in message
    if case.row is not None:
        assert re.search(rf"\[{case.row}[,\]]|row {case.row}\b", message), message
    assert len(message) < 400


@every_function
@pytest.mark.parametrize("case", FEATURE_CASES, ids=lambda case: case.name)
def test_refused(function: Any, case: FeatureCase) -> None:
    assert_refuses(function, case, "features")


@pytest.mark.parametrize("case", FEATURE_CASES, ids=lambda case: case.name)
def test_queries_refused(case: FeatureCase) -> None:
    assert_refuses(lambda x: neighbors.nearest_neighbors(good_features(), x, 3), case, "queries")


@every_function
def test_well_formed_is_accepted(function: Any) -> None:
    """The guards above would pass if everything were refused."""
    for dtype in (*FLOATS, *INTS, "bool"):
        function(good_features(dtype))


def as_bytes(result: Any) -> bytes:
    """Return the bytes, dtypes and shapes of a result of any entry point."""
    if isinstance(result, neighbors.KnnGraph):
        return as_bytes((result.distances, result.indices))
    if isinstance(result, (tuple, list)):
        return b"|".join(map(as_bytes, result))
    a = np.asarray(result)
    return f"{a.dtype}{a.shape}".encode() + a.tobytes()


def digest(a: NDArray[Any]) -> str:
    """Hash the whole memory behind a view, what it skips included."""
    while isinstance(a.base, np.ndarray):
        a = a.base
    return hashlib.sha256(a.tobytes()).hexdigest()


@every_function
@pytest.mark.parametrize("layout", LAYOUTS)
def test_same_bytes_from_any_layout(function: Any, layout: str, tmp_path: Path) -> None:
    for dtype in (*FLOATS, "uint8", "int64"):
        x = LAYOUTS[layout](good_features(dtype), tmp_path)
        before = digest(x)
        assert as_bytes(function(x)) == as_bytes(function(good_features(dtype)))
        assert digest(x) == before


@every_function
@pytest.mark.parametrize("container", CONTAINERS)
def test_same_bytes_from_any_container(function: Any, container: str) -> None:
    x = good_features()
    before = digest(x)
    assert as_bytes(function(CONTAINERS[container](x))) == as_bytes(function(x))
    assert digest(x) == before


@every_function
@pytest.mark.parametrize("axis", [0, 1])
def test_same_bytes_from_strides_of_zero(function: Any, axis: int) -> None:
    for dtype in FLOATS:
        x = np.broadcast_to(good_features(dtype)[(slice(1), slice(None))[:: 1 - 2 * axis]], (N, D))
        assert as_bytes(function(x)) == as_bytes(function(x.copy()))


@every_function
def test_same_bytes_from_any_type_that_holds_the_numbers(function: Any) -> None:
    x = np.random.default_rng(1).integers(0, 5, (N, D)).astype(np.float32)
    expected = as_bytes(function(x))
    for dtype in (*FLOATS, *INTS):
        assert as_bytes(function(x.astype(dtype))) == expected


def test_there_are_enough() -> None:
    assert len({case.name for case in FEATURE_CASES}) == len(FEATURE_CASES) >= 40
    assert ROW < N
