"""cupel.data_valuation: what it refuses and how it says so, and what it accepts."""

from __future__ import annotations

import numpy as np
import pytest

from cupel import _core
from cupel.data_valuation import data_shapley_knn
from cupel.neighbors import knn_graph

FEATURES = np.random.default_rng(0).normal(size=(30, 3))
LABELS = np.arange(30) % 3


class Graph:
    """What is used of a CSR matrix."""

    def __init__(self, indices, indptr, shape):
        self.indices, self.indptr, self.shape = np.array(indices), np.array(indptr), shape

    def tocsr(self):
        return self


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"features": None}, ValueError, "pass features or knn_graph"),
        ({"k": 30}, ValueError, "k must be from 1 to 29"),
        ({"k": 0}, ValueError, "k must be at least 1"),
        ({"k": None}, TypeError, "k must be an integer"),
        ({"k": 2.0}, TypeError, "k must be an integer"),
        ({"labels": LABELS[:-1]}, ValueError, "labels has 29 rows, features has 30"),
        ({"labels": LABELS.reshape(10, 3)}, ValueError, r"labels must have shape \(n,\)"),
        ({"labels": []}, ValueError, "labels must have shape"),
        ({"labels": [[1], [1, 2]]}, ValueError, "labels"),
        ({"labels": [{}] * 30}, TypeError, "labels must hold numbers or names"),
        ({"features": FEATURES[:, 0]}, ValueError, "features must have shape"),
        ({"features": np.where(FEATURES > 1, np.nan, FEATURES)}, ValueError, "features"),
        ({"knn_graph": np.zeros((30, 30))}, TypeError, "knn_graph must be a sparse matrix"),
        ({"n_jobs": 0}, ValueError, "n_jobs"),
    ],
)
def test_refuses(arguments, kind, message):
    call = {"labels": LABELS, "features": FEATURES, **arguments}
    with pytest.raises(kind, match=message):
        data_shapley_knn(call.pop("labels"), **call)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (Graph([1, 0, 0], [0, 1, 2, 3], (2, 3)), "must have shape"),
        (Graph([1, 2, 0, 0], [0, 2, 3, 4], (3, 3)), "1 neighbours of row 1, 2 of row 0"),
        (Graph([1, 3, 0], [0, 1, 2, 3], (3, 3)), "row 3 as neighbour 0 of row 1"),
        (Graph([1, 0, -1], [0, 1, 2, 3], (3, 3)), "row -1 as neighbour 0 of row 2"),
        (Graph([], [0, 0, 0, 0], (3, 3)), "k must be from 1 to 0"),
    ],
)
def test_refuses_graphs(graph, message):
    with pytest.raises(ValueError, match=message):
        data_shapley_knn([0, 1, 0], knn_graph=graph, k=1)


def test_refuses_more_neighbors_than_the_graph_has():
    with pytest.raises(ValueError, match=r"k must be from 1 to 5 \(knn_graph has so many"):
        data_shapley_knn(LABELS, knn_graph=knn_graph(FEATURES, 5))
    with pytest.raises(ValueError, match="labels has 29 rows, knn_graph has 30"):
        data_shapley_knn(LABELS[:-1], knn_graph=knn_graph(FEATURES, 10))


def test_the_core_checks_its_arguments():
    labels, neighbors = np.zeros(3, dtype=np.int64), np.zeros((3, 2), dtype=np.int64)
    for k in (0, 3):
        with pytest.raises(ValueError, match="k must be"):
            _core.knn_shapley_sums(labels, neighbors, k, 1)
    for wrong in (neighbors[:2], neighbors[0]):
        with pytest.raises(ValueError, match="one row for every"):
            _core.knn_shapley_sums(labels, wrong, 1, 1)
        with pytest.raises(ValueError, match="one row for every"):
            _core.identical_neighbors_first(wrong, labels)
    for lowest in ([0, 2, 2], [0, -1, 2]):
        with pytest.raises(ValueError, match=r"lowest\[1\]"):
            _core.identical_neighbors_first(neighbors, np.array(lowest))


def test_kinds_of_labels():
    expected = data_shapley_knn(LABELS, features=FEATURES)
    names = np.array(["a", "b", "c"])[LABELS]
    for labels in (
        LABELS.tolist(),
        LABELS.astype(np.uint8),
        LABELS - 0.5,
        LABELS[:, None],
        names,
        names.tolist(),
        names.astype(object),
        names.astype("S1"),
    ):
        np.testing.assert_array_equal(data_shapley_knn(labels, features=FEATURES), expected)


def test_nan_equals_nothing():
    unlike = data_shapley_knn(np.arange(30), features=FEATURES)
    for labels in (np.full(30, np.nan), np.array([np.nan] * 30, dtype=object)):
        np.testing.assert_array_equal(data_shapley_knn(labels, features=FEATURES), unlike)


def test_one_class_is_worth_nothing():
    assert set(data_shapley_knn(np.zeros(30), features=FEATURES).tolist()) == {0.5}


def test_arguments_are_not_changed():
    graph = knn_graph(FEATURES, 4)
    features, labels, indices = FEATURES.copy(), LABELS.copy(), graph.indices.copy()
    data_shapley_knn(labels, features=features, k=3)
    data_shapley_knn(labels, knn_graph=graph, k=3)
    np.testing.assert_array_equal(features, FEATURES)
    np.testing.assert_array_equal(labels, LABELS)
    np.testing.assert_array_equal(graph.indices, indices)


def test_sparse_matrices_of_other_formats():
    pytest.importorskip("scipy")
    graph = knn_graph(FEATURES, 4)
    expected = data_shapley_knn(LABELS, knn_graph=graph, k=1)
    for convert in ("tocsr", "tocoo"):
        given = getattr(graph.to_csr(), convert)()
        assert data_shapley_knn(LABELS, knn_graph=given, k=1).shape == expected.shape
