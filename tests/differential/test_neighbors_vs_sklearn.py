"""Neighbours, pairs and groups against scikit-learn and SciPy on scikit-learn's bundled data."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from compare import assert_equal
from cupel import duplicates, neighbors
from neighborhoods import METRICS

datasets = pytest.importorskip("sklearn.datasets")
sklearn_neighbors = pytest.importorskip("sklearn.neighbors")
distance = pytest.importorskip("scipy.spatial.distance")
csgraph = pytest.importorskip("scipy.sparse.csgraph")

K = 10
ATOL = 1e-13  # of SciPy's 1 - cos


@functools.cache
def features(name: str) -> NDArray[Any]:
    if name == "digits in two dimensions":
        x = features("digits")
        centred = x - x.mean(axis=0)
        plane: NDArray[Any] = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
        return plane
    if name == "iris petals":
        return np.asarray(datasets.load_iris().data[:, 2:])
    return np.asarray(getattr(datasets, f"load_{name}")().data)


NAMES = (
    "digits",  # 64 columns of small integers, every distance exact
    "breast_cancer",  # 30 columns of very different scales
    "wine",  # 13 columns
    "iris petals",  # 2 columns, with many equal rows
    "digits in two dimensions",
)


@functools.cache
def every_distance(name: str, metric: str) -> NDArray[np.float64]:
    x = features(name)
    found = np.asarray(distance.cdist(x, x, metric))
    np.fill_diagonal(found, 0.0)
    return np.maximum(found, 0.0)


def near(actual: Any, expected: Any) -> NDArray[np.bool_]:
    return np.isclose(actual, expected, rtol=1e-12, atol=ATOL)


names = pytest.mark.parametrize("name", NAMES)
metrics = pytest.mark.parametrize("metric", METRICS)


@names
@metrics
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_graph(name: str, metric: str, dtype: str) -> None:
    x = features(name).astype(dtype)
    graph = neighbors.knn_graph(x, K, metric=metric)
    every = every_distance(name, metric)
    if dtype == "float32" and not np.array_equal(x, features(name)):
        every = np.maximum(distance.cdist(x, x, metric), 0.0)
    assert near(graph.distances, np.take_along_axis(every, graph.indices, 1)).all()
    others = every.copy()
    np.fill_diagonal(others, np.inf)
    assert near(graph.distances, np.sort(others, axis=1)[:, :K]).all()


@names
def test_same_as_a_kd_tree(name: str) -> None:
    x = features(name)
    theirs = sklearn_neighbors.NearestNeighbors(n_neighbors=K, algorithm="kd_tree").fit(x)
    graph = neighbors.knn_graph(x, K, metric="euclidean")
    distances, indices = theirs.kneighbors()
    np.testing.assert_allclose(graph.distances, distances, rtol=1e-12, atol=1e-13)
    rows, places = np.nonzero(graph.indices != indices)
    theirs_there = every_distance(name, "euclidean")[rows, indices[rows, places]]
    assert near(theirs_there, graph.distances[rows, places]).all()


@names
@metrics
def test_queries(name: str, metric: str) -> None:
    x = features(name)
    known, queries = x[::2], x[1::2]
    distances, indices = neighbors.nearest_neighbors(known, queries, K, metric=metric)
    theirs = sklearn_neighbors.NearestNeighbors(n_neighbors=K, metric=metric, algorithm="brute")
    expected, _ = theirs.fit(known).kneighbors(queries)
    # Its euclidean distances come from dot products, which lose half the digits.
    atol = 1e-6 * float(np.abs(x).max()) if metric == "euclidean" else ATOL
    np.testing.assert_allclose(distances, expected, rtol=1e-9, atol=atol)
    every = every_distance(name, metric)[1::2, ::2]
    assert near(distances, np.take_along_axis(every, indices, 1)).all()


def radius_of(name: str, metric: str) -> float:
    """A radius about the median nearest distance, that no pair is at."""
    every = every_distance(name, metric)
    values = np.unique(every[np.triu_indices(len(every), 1)])
    nearest = (every + np.diag(np.full(len(every), np.inf))).min(axis=1)
    at = int(np.searchsorted(values, max(float(np.median(nearest)), 1e-6)))
    gap = at + int(np.argmax(np.diff(values[at : at + 50])))
    return float(values[gap] + values[gap + 1]) / 2


@names
@metrics
def test_pairs_and_groups(name: str, metric: str) -> None:
    x, radius = features(name), radius_of(name, metric)
    algorithm = "kd_tree" if metric == "euclidean" else "brute"
    fitted = sklearn_neighbors.NearestNeighbors(metric=metric, algorithm=algorithm).fit(x)
    theirs = fitted.radius_neighbors_graph(radius=radius)
    pairs, distances = neighbors.radius_pairs(x, radius, metric=metric)
    rows, columns = theirs.nonzero()
    upper = rows < columns
    order = np.lexsort((columns[upper], rows[upper]))
    assert_equal(pairs[:, 0], rows[upper][order].astype(np.int64))
    assert_equal(pairs[:, 1], columns[upper][order].astype(np.int64))
    assert near(distances, every_distance(name, metric)[tuple(pairs.T)]).all()

    _, components = csgraph.connected_components(theirs, directed=False)
    ids = duplicates.find_near_duplicates(x, radius=radius, metric=metric).cluster_ids
    sizes = np.bincount(components)
    alone = sizes[components] == 1
    assert_equal(ids == -1, alone)
    both = np.unique(np.stack([ids[~alone], components[~alone]]), axis=1)
    assert len(np.unique(both[0])) == len(np.unique(both[1])) == both.shape[1]


@names
def test_exact_duplicates(name: str) -> None:
    x = features(name)
    _, inverse, counts = np.unique(x, axis=0, return_inverse=True, return_counts=True)
    ids = duplicates.exact_duplicates(x)
    assert_equal(ids >= 0, counts[inverse] > 1)
    pairs = np.unique(np.stack([ids, inverse])[:, ids >= 0], axis=1)
    assert len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]


class TestGraphsOfScikitLearn:
    @pytest.mark.parametrize("include_self", [False, True])
    @metrics
    def test_taken(self, include_self: bool, metric: str) -> None:
        x = features("breast_cancer")
        theirs = sklearn_neighbors.kneighbors_graph(
            x, K, mode="distance", metric=metric, include_self=include_self
        )
        graph = neighbors.KnnGraph.from_csr(theirs, metric=metric, exact=True)
        ours = neighbors.knn_graph(x, K - include_self, metric=metric)
        assert graph.k == ours.k
        atol = 1e-3 if metric == "euclidean" else ATOL
        np.testing.assert_allclose(graph.distances, ours.distances, rtol=1e-9, atol=atol)

    def test_round_trip(self) -> None:
        graph = neighbors.knn_graph(features("iris petals"), K)
        csr = graph.to_csr()
        assert csr.nnz == graph.n_rows * K  # zeros are stored
        back = neighbors.KnnGraph.from_csr(csr, metric=graph.metric, exact=True)
        assert_equal(back.distances, graph.distances)
        assert_equal(back.indices, graph.indices)
