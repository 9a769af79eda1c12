"""The core's checks of a graph of neighbours against the reference."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cupel import _core
from cupel.datalab.checks.non_iid import smoothed_p_value
from cupel.datalab.checks.underperforming_group import _compare
from cupel.reference import datalab as reference


@st.composite
def graphs(draw):
    """Distances that often tie and neighbours of each row, none twice; how many to look at."""
    n = draw(st.integers(2, 60))
    columns = draw(st.integers(1, min(12, n - 1)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    indices = np.array([rng.permutation(np.delete(np.arange(n), i))[:columns] for i in range(n)])
    distances = np.sort(rng.integers(0, 9, size=(n, columns)) / 8.0, axis=1)
    return distances, indices, draw(st.integers(1, columns))


@given(graphs(), st.integers(0, 2**32 - 1))
def test_gaps_and_their_permutations_are_the_references(graph, seed):
    _, indices, k = graph
    n = len(indices)
    random = np.random.RandomState(seed)
    places = np.stack([np.arange(n), *(random.permutation(n) for _ in range(3))])
    found = _core.gap_statistics(indices, k, seed, 3, 1)
    np.testing.assert_allclose(
        found, reference.gap_statistics(indices[:, :k], places), rtol=0, atol=1e-13
    )
    np.testing.assert_allclose(
        _core.gap_scores(indices, k, 1),
        reference.gap_scores(indices[:, :k]),
        rtol=0,
        atol=1e-12,
    )


def test_gaps_of_many_neighbors_are_the_references():
    rng = np.random.default_rng(0)
    indices = np.array([rng.permutation(90)[:70] for _ in range(90)])
    np.testing.assert_allclose(
        _core.gap_scores(indices, 70, 1), reference.gap_scores(indices), rtol=0, atol=1e-12
    )


@given(graphs(), st.sampled_from([0.0, 0.25, 0.3, 0.5, 2.0]), st.integers(1, 6))
def test_density_clusters_are_the_references(graph, radius, samples):
    distances, indices, k = graph
    found = _core.density_clusters(distances, indices, k, radius, samples)
    expected = reference.density_clusters(distances[:, :k], indices[:, :k], radius, samples)
    np.testing.assert_array_equal(found, expected)


@given(graphs(), st.sampled_from([0.0, 0.125, 0.3, 2.0]))
def test_near_duplicates_are_the_references(graph, bound):
    distances, indices, k = graph
    sets, groups = _core.near_duplicates(distances, indices, k, bound)
    expected, ids = reference.near_duplicates(distances[:, :k], indices[:, :k], bound)
    assert [found.tolist() for found in sets] == expected
    np.testing.assert_array_equal(groups, ids)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0, 1))
def test_p_values_are_the_references(permuted, observed):
    values = np.array(permuted)
    found = smoothed_p_value(observed, values)
    assert 0 <= found <= 1
    assert abs(found - reference.smoothed_p_value(observed, values)) < 1e-12


@given(st.integers(1, 80), st.sampled_from([3, 12, 10**6]), st.integers(0, 2**32))
def test_worst_groups_are_the_references(n, most, seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(-1, most, size=5)[rng.integers(0, 5, size=n)]
    groups[0] = 0
    quality = rng.random(n) * rng.random(most + 1)[groups]
    found = _compare(quality, groups, 1)
    scores, ratio, worst = reference.worst_group(quality, groups, 1)
    if abs(found.of_all - quality[groups != -1].min()) > 1e-9:  # else which is lower is rounding
        np.testing.assert_allclose(found.scores, scores, rtol=1e-12)
        assert (found.worst_group, round(found.worst_ratio, 9)) == (worst, round(ratio, 9))


def test_same_for_every_thread_count():
    rng = np.random.default_rng(1)
    indices = rng.integers(0, 30_000, size=(30_000, 10))
    statistics, scores = _core.gap_statistics(indices, 10, 0, 8, 1), _core.gap_scores(indices, 8, 1)
    for threads in (2, 3):
        again = _core.gap_statistics(indices, 10, 0, 8, threads)
        np.testing.assert_array_equal(again, statistics)
        np.testing.assert_array_equal(_core.gap_scores(indices, 8, threads), scores)
