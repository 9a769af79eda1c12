"""Preflight says what is wrong with any numbers; it never raises, and what it says is JSON."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from cupel.datalab.checks.preflight import preflight

_NUMBERS = st.floats(width=32) | st.sampled_from([0.0, 1.0, 0.5, -1.0, 100.0, np.nan, np.inf])


@st.composite
def problems(draw: st.DrawFn) -> tuple[Any, Any]:
    n, k = draw(st.integers(1, 30)), draw(st.integers(1, 5))
    labels = draw(hnp.arrays(np.int64, n, elements=st.integers(0, 5)))
    rows = draw(st.sampled_from([n, n + 1, max(n - 1, 1)]))
    dtype = draw(st.sampled_from(["float32", "float64"]))
    return labels, draw(hnp.arrays(dtype, (rows, k), elements=_NUMBERS))


@given(problems())
def test_any_numbers(problem: tuple[Any, Any]) -> None:
    labels, probs = problem
    before = probs.copy()
    for warning in preflight(labels, probs):
        json.dumps(warning.as_dict(), allow_nan=False)
        assert ((warning.rows >= 0) & (warning.rows < len(labels) + 1)).all()
        assert (np.diff(warning.rows) > 0).all()
    np.testing.assert_array_equal(probs, before)
    preflight([[label] for label in labels.tolist()], probs, task="multilabel")
    preflight(labels, probs[:, 0], task="regression")


@pytest.mark.parametrize("value", [0.0, 1e-300, 1e300, -0.0])
def test_tiny_and_huge_numbers(value: float) -> None:
    labels = np.arange(200) % 2
    probs = np.full((200, 2), 0.5)
    probs[::3] = value
    assert preflight(labels, probs)
    assert preflight(labels * value, probs[:, 0], task="regression") is not None
