"""The core's data valuation against the reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cupel import _core
from cupel.data_valuation import data_shapley_knn
from cupel.neighbors import KnnGraph, knn_graph
from cupel.reference import data_valuation as reference


@st.composite
def problems(draw):
    """Labels, and neighbours nearest first: any rows, also the row itself."""
    n = draw(st.integers(1, 60))
    columns = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    labels = rng.integers(0, draw(st.integers(1, 4)), size=n)
    return labels, rng.integers(0, n, size=(n, columns)), draw(st.integers(1, columns))


@given(problems(), st.sampled_from([np.int32, np.int64]))
def test_scores_are_the_same_bits(problem, index):
    labels, neighbors, k = problem
    sums = _core.knn_shapley_sums(labels, neighbors.astype(index), k, 1)
    expected = reference.knn_shapley_scores(labels, neighbors, k)
    np.testing.assert_array_equal(0.5 * (sums / len(labels) / k + 1.0), expected)


def test_same_for_every_thread_count():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 5, size=50_000)
    neighbors = rng.integers(0, len(labels), size=(len(labels), 10))
    one = _core.knn_shapley_sums(labels, neighbors, 10, 1)
    for threads in (2, 3):
        np.testing.assert_array_equal(_core.knn_shapley_sums(labels, neighbors, 10, threads), one)


@given(st.integers(2, 60), st.integers(1, 3), st.integers(0, 2**32))
def test_identical_rows_come_first(n, most, seed):
    rng = np.random.default_rng(seed)
    features = rng.integers(0, most + 1, size=(n, 5)).astype(float)
    k = int(rng.integers(1, n))
    graph = knn_graph(features, k)
    lowest = _core.identical_rows(features, 1)
    found = _core.identical_neighbors_first(graph.indices, lowest)
    np.testing.assert_array_equal(found, reference.identical_neighbors_first(graph.indices, lowest))


@pytest.mark.parametrize("columns", [2, 6])
def test_features_and_their_graph_give_the_same(columns):
    rng = np.random.default_rng(columns)
    features = rng.normal(size=(300, columns))
    labels = rng.integers(0, 3, size=300)
    graph = knn_graph(features, 7)
    expected = reference.knn_shapley_scores(labels, graph.indices, 7)
    for given_as in ({"features": features}, {"knn_graph": graph}, {"knn_graph": graph.to_csr()}):
        np.testing.assert_array_equal(data_shapley_knn(labels, k=7, **given_as), expected)


def test_a_graph_of_32_bit_indices_is_one_of_64():
    graph = knn_graph(np.arange(20.0).reshape(-1, 1), 4)
    matrix = graph.to_csr()
    narrow, wide = matrix.copy(), matrix.copy()
    narrow.indices, narrow.indptr = (a.astype(np.int32) for a in (matrix.indices, matrix.indptr))
    wide.indices, wide.indptr = (a.astype(np.int64) for a in (matrix.indices, matrix.indptr))
    labels = np.arange(20) % 3
    expected = data_shapley_knn(labels, knn_graph=KnnGraph.from_csr(matrix), k=4)
    for one in (narrow, wide):
        np.testing.assert_array_equal(data_shapley_knn(labels, knn_graph=one, k=4), expected)
