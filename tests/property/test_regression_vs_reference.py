"""The core's regression scores against the reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sklearn")
pytest.importorskip("pandas")

from cupel import _core
from cupel.reference import regression as reference
from cupel.regression import rank
from cupel.regression._cleaning import issue_frame
from regression_data import KINDS, numbers, planes


def mean_distances(points, k, threads=1):
    x, y = (np.ascontiguousarray(points[:, i]) for i in range(2))
    return _core.mean_nearest_distances(x, y, k, threads)


@given(planes())
def test_mean_distances(problem):
    points, k = problem
    expected = reference.mean_nearest_distances(points, k)
    np.testing.assert_allclose(mean_distances(points, k), expected, rtol=2e-8, atol=1e-300)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_mean_distances_of_many_points(kind, other):
    """Enough for sums by series, nearly all of them for a far outlier."""
    rng = np.random.default_rng(5)
    points = np.column_stack([numbers(kind, 3000, rng), 5 * numbers(other, 3000, rng)])
    points[17] = [300.0, -200.0]
    for k in (1, 1500, 3000):
        means = mean_distances(points, k)
        rows = np.r_[rng.integers(0, 3000, size=20), 17]
        for row in rows:
            distances = np.sort(np.hypot(*(points - points[row]).T))[:k]
            np.testing.assert_allclose(means[row], distances.mean(), rtol=1e-9, atol=1e-15)


def test_series_alone():
    """A place far from all points: every distance comes from a series."""
    rng = np.random.default_rng(6)
    points = np.r_[rng.normal(size=(3000, 2)), [[40.0, 30.0]]]
    expected = np.hypot(*(points - points[-1]).T).mean()
    np.testing.assert_allclose(mean_distances(points, 3001)[-1], expected, rtol=1e-12)


@pytest.mark.parametrize("n", [1, 50, 1025, 6000])
def test_same_bits_for_every_thread_count(n):
    points = np.random.default_rng(n).normal(size=(n, 2)).round(3)
    k = (n + 1) // 2
    one = mean_distances(points, k)
    for threads in (2, 3):
        np.testing.assert_array_equal(mean_distances(points, k, threads), one)


@settings(max_examples=50)
@given(
    st.integers(1, 150),
    st.sampled_from(KINDS),
    st.sampled_from(KINDS),
    st.sampled_from(rank.METHODS),
    st.integers(0, 2**32),
)
def test_scores(n, kind, residual_kind, method, seed):
    rng = np.random.default_rng(seed)
    labels = numbers(kind, n, rng)
    predictions = labels + numbers(residual_kind, n, rng)
    scores = rank.get_label_quality_scores(labels, predictions, method=method)
    expected = reference.get_label_quality_scores(labels, predictions, method=method)
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-7)


@given(st.integers(1, 60), st.booleans(), st.integers(0, 2**32))
def test_scores_by_uncertainty(n, one_for_all, seed):
    rng = np.random.default_rng(seed)
    labels, predictions = rng.normal(size=(2, n)).round(1)
    uncertainty = 0.5 if one_for_all else rng.random(n)
    frame = issue_frame(labels, predictions, uncertainty, 0.1)
    expected = reference.uncertainty_scores(predictions - labels, uncertainty)
    np.testing.assert_allclose(frame["label_quality"], expected, rtol=1e-12)
    assert frame["is_label_issue"].sum() == np.ceil(0.1 * n)
    flagged = frame["is_label_issue"].to_numpy()
    assert expected[flagged].max() <= expected[~flagged].min(initial=1.0)
