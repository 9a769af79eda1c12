"""Any legal layout or container of the same numbers gives the same bytes, and stays untouched."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hostile.bad_inputs import ENTRY_POINTS, good_probs
from hostile.layouts import CONTAINERS, FLOATS, INTS, LAYOUTS

N, K = 60, 3


def labels(dtype: str = "int64") -> NDArray[Any]:
    return (np.arange(N) * 7 % 5 % K).astype(dtype)


def probs(dtype: str = "float64") -> NDArray[Any]:
    p = np.random.default_rng(1).random((N, K)) + 0.05
    p[::4] = np.round(p[::4], 1)  # ties
    p[::2, 0] += (labels()[::2] == 0) * 2
    return (p / p.sum(axis=1, keepdims=True)).astype(dtype)


def as_bytes(result: Any) -> bytes:
    """Return the bytes, dtypes and shapes of a result of any entry point."""
    if isinstance(result, (tuple, list)):
        return b"|".join(map(as_bytes, result))
    a = np.asarray(result)
    return f"{a.dtype}{a.shape}".encode() + a.tobytes()


def digest(a: NDArray[Any]) -> str:
    """Hash the whole memory behind a view, what it skips included."""
    while isinstance(a.base, np.ndarray):
        a = a.base
    return hashlib.sha256(a.tobytes()).hexdigest()


@pytest.fixture(params=ENTRY_POINTS)
def function(request: pytest.FixtureRequest) -> Any:
    if "order_label_issues" in request.param:
        from cupel import rank

        return lambda y, p: rank.order_label_issues(np.arange(N) % 2 == 0, y, p)
    return ENTRY_POINTS[request.param]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_same_bytes_from_any_layout(function: Any, layout: str, tmp_path: Path) -> None:
    arrange = LAYOUTS[layout]
    for float_dtype in FLOATS:
        expected = as_bytes(function(labels(), probs(float_dtype)))
        p = arrange(probs(float_dtype), tmp_path)
        for int_dtype in INTS:
            y = arrange(labels(int_dtype), tmp_path)
            before = digest(y), digest(p)
            assert as_bytes(function(y, p)) == expected
            assert (digest(y), digest(p)) == before


@pytest.mark.parametrize("axis", [0, 1])
def test_same_bytes_from_strides_of_zero(function: Any, axis: int) -> None:
    for dtype in FLOATS:
        one = probs(dtype)[:1] if axis == 0 else probs(dtype)[:, :1] / 2
        p = np.broadcast_to(one, (N, K))
        assert as_bytes(function(labels(), p)) == as_bytes(function(labels(), p.copy()))


@pytest.mark.parametrize("container", CONTAINERS)
def test_same_bytes_from_any_container(function: Any, container: str) -> None:
    wrap = CONTAINERS[container]
    y, p = labels(), probs()
    before = digest(y), digest(p)
    assert as_bytes(function(wrap(y), wrap(p))) == as_bytes(function(y, p))
    assert (digest(y), digest(p)) == before


def test_one_hot_of_any_dtype(function: Any) -> None:
    one_hot = np.eye(K)[probs().argmax(axis=1)]
    expected = as_bytes(function(labels(), one_hot))
    for dtype in (*INTS, "bool"):
        assert as_bytes(function(labels(), one_hot.astype(dtype))) == expected


@st.composite
def views(draw: st.DrawFn) -> NDArray[Any]:
    """Draw a matrix of probabilities behind a random chain of slices, reversals and copies."""
    p = good_probs(draw(st.sampled_from(FLOATS)))
    p = np.tile(p, (draw(st.integers(1, 4)), draw(st.integers(1, 4))))
    for _ in range(draw(st.integers(0, 4))):
        rows = draw(st.sampled_from([slice(None), slice(1, None), slice(None, None, -2)]))
        columns = draw(st.sampled_from([slice(None), slice(1, None), slice(None, None, -1)]))
        if p[rows, columns].size:
            p = p[rows, columns]
        p = draw(st.sampled_from([lambda a: a, np.asfortranarray, np.flip]))(p)
        p = p.astype(p.dtype.newbyteorder()) if draw(st.integers(0, 5)) == 0 else p
    return p


@settings(deadline=None)
@given(p=views(), step=st.sampled_from([1, 2, -1, -3]), dtype=st.sampled_from(INTS))
def test_same_bytes_from_chains_of_views(p: NDArray[Any], step: int, dtype: str) -> None:
    y = (np.arange(len(p) * abs(step)) % p.shape[1]).astype(dtype)[::step]
    before = digest(y), digest(p)
    contiguous = np.array(p, dtype=p.dtype.newbyteorder("="), order="C")
    for name in ("get_confident_thresholds", "get_self_confidence_for_each_label"):
        run = ENTRY_POINTS[name]
        assert as_bytes(run(y, p)) == as_bytes(run(y.copy(), contiguous))
    assert (digest(y), digest(p)) == before
