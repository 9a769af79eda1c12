"""Tables of classes, built from arrays, are the ones built row by row."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from cupel import dataset
from cupel.reference import dataset as reference
from strategies import joints

pytest.importorskip("pandas")


@st.composite
def distributions(draw: st.DrawFn) -> Any:
    """Joint distributions, with ties, and with classes that are never given or never true."""
    counts, _ = draw(joints())
    return counts / max(1, counts.sum())


def rows_of(frame: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in frame.itertuples(index=False, name=None)]


@given(distributions(), st.integers(0, 1000))
def test_class_quality(joint: Any, num_examples: int) -> None:
    frame = dataset.rank_classes_by_label_quality(joint=joint, num_examples=num_examples)
    ours, theirs = rows_of(frame), reference.class_quality(joint, num_examples)
    np.testing.assert_allclose(
        np.sort([row[-1] for row in ours]), np.sort([row[-1] for row in theirs]), atol=1e-12
    )
    by_class = sorted(ours), sorted(theirs)
    for our, their in zip(*by_class, strict=True):
        np.testing.assert_allclose(our[3:], their[3:], atol=1e-12)
        assert our[0] == their[0]
        assert max(abs(our[1] - their[1]), abs(our[2] - their[2])) <= 1  # halves, by rounded sums


@given(distributions(), st.integers(0, 1000), st.booleans())
def test_class_overlaps(joint: Any, num_examples: int, asymmetric: bool) -> None:
    frame = dataset.find_overlapping_classes(
        joint=joint, num_examples=num_examples, asymmetric=asymmetric
    )
    assert rows_of(frame) == reference.class_overlaps(joint, num_examples, asymmetric)
