"""Neighbours, pairs, groups and duplicates are the reference's, on every instruction set.

Where distances are exact (features of small integers) results are equal to the bit, ties included;
elsewhere distances agree to rounding, and neighbours except where distances tie to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

import cupel
from compare import assert_equal
from cupel import duplicates, neighbors, outlier, reference
from neighborhoods import (
    KINDS,
    METRICS,
    assert_neighbors,
    close,
    every_distance,
    features,
    make_features,
)

EXACT = ("lattice",)
metrics = st.sampled_from(METRICS)
threads = st.sampled_from([1, 2, 3])


@pytest.fixture(scope="module", params=cupel.available_isas(), autouse=True)
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    before = cupel.active_isa()
    cupel.select_isa(request.param)
    yield request.param
    cupel.select_isa(before)


def assert_graph(x: NDArray[Any], k: int, metric: str, n_jobs: int = 1) -> None:
    graph = neighbors.knn_graph(x, k, metric=metric, n_jobs=n_jobs)
    assert graph.exact
    assert_neighbors(
        graph.distances, graph.indices, every_distance(x, x, metric), metric, of_itself=True
    )


@given(st.data(), features(), metrics, threads)
def test_graph(data: Any, x: NDArray[Any], metric: str, n_jobs: int) -> None:
    assert_graph(x, data.draw(st.integers(1, min(40, len(x) - 1))), metric, n_jobs)


@given(st.data(), features(kinds=EXACT), threads)
def test_ties_go_to_the_lower_row(data: Any, x: NDArray[Any], n_jobs: int) -> None:
    k = data.draw(st.integers(1, len(x) - 1))
    graph = neighbors.knn_graph(x, k, metric="euclidean", n_jobs=n_jobs)
    distances, indices = reference.neighbors.knn_graph(x, k, metric="euclidean")
    assert_equal(graph.indices, indices)
    assert_equal(graph.distances, distances)


@given(st.data(), features(min_rows=1), metrics, threads)
def test_queries(data: Any, x: NDArray[Any], metric: str, n_jobs: int) -> None:
    kind, m = data.draw(st.sampled_from(list(KINDS))), data.draw(st.integers(1, 9))
    dtype = data.draw(st.sampled_from([x.dtype.newbyteorder("=").name, "float64"]))
    queries = make_features(kind, m, x.shape[1], 3, dtype)
    # Not with huge ones: beside 1e150, float64 keeps no squares of distances below 1e-12 or so.
    if kind != "huge" and data.draw(st.booleans()):
        queries = np.vstack([queries, x[: m + 1]])
    k = data.draw(st.integers(1, len(x)))
    found = neighbors.nearest_neighbors(x, queries, k, metric=metric, n_jobs=n_jobs)
    assert_neighbors(*found, every_distance(queries, x, metric), metric, of_itself=False)


@given(st.data(), features(min_rows=1), metrics, threads)
def test_pairs(data: Any, x: NDArray[Any], metric: str, n_jobs: int) -> None:
    every = every_distance(x, x, metric)
    i, j = data.draw(st.tuples(*[st.integers(0, len(x) - 1)] * 2))
    radius = float(every[i, j])
    pairs, distances = neighbors.radius_pairs(x, radius, metric=metric, n_jobs=n_jobs)
    assert (pairs.dtype, distances.dtype) == (np.int64, np.float64)
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert (np.diff(pairs[:, 0] * len(x) + pairs[:, 1]) > 0).all()
    assert (distances <= radius).all()
    assert close(distances, every[tuple(pairs.T)], metric).all()
    found = np.zeros(every.shape, dtype=np.bool_)
    found[tuple(pairs.T)] = True
    expected = np.triu(every <= radius, 1)
    at_the_edge = close(every, np.full_like(every, radius), metric)
    assert not ((found != expected) & ~at_the_edge).any()


@given(features(kinds=EXACT, min_rows=1), st.sampled_from([0.0, 1.0, 2.0, 2.25]), threads)
def test_pairs_at_the_edge(x: NDArray[Any], radius: float, n_jobs: int) -> None:
    ours = neighbors.radius_pairs(x, radius, metric="euclidean", n_jobs=n_jobs)
    for our, their in zip(
        ours, reference.neighbors.radius_pairs(x, radius, metric="euclidean"), strict=True
    ):
        assert_equal(our, their)


@given(st.data(), features(), metrics)
def test_groups_are_those_of_the_pairs(data: Any, x: NDArray[Any], metric: str) -> None:
    graph = neighbors.knn_graph(x, 1, metric=metric)
    radius = float(data.draw(st.sampled_from(graph.distances[:, 0])))
    pairs, _ = neighbors.radius_pairs(x, radius, metric=metric)
    ids = duplicates.find_near_duplicates(x, radius=radius, metric=metric).cluster_ids
    lowest = reference.neighbors.connected_rows(len(x), pairs)
    assert_equal(ids, reference.duplicates.cluster_ids(lowest))


@given(features(min_rows=1, kinds=("few_values", "lattice", "zeros_among", "denormal")), threads)
def test_exact_duplicates(x: NDArray[Any], n_jobs: int) -> None:
    ids = duplicates.exact_duplicates(x, n_jobs=n_jobs)
    assert_equal(ids, reference.duplicates.exact_duplicates(x))


@given(st.data(), features(kinds=EXACT), st.sampled_from([None, 0.0, 1.0, 2.0]))
def test_near_duplicates(data: Any, x: NDArray[Any], radius: float | None) -> None:
    k = data.draw(st.integers(1, len(x) - 1))
    threshold = data.draw(st.sampled_from([0.13, 1.0, 1.5]))
    options: dict[str, Any] = {"k": k, "threshold": threshold, "radius": radius}
    ours = duplicates.find_near_duplicates(x, metric="euclidean", **options)
    theirs = reference.duplicates.find_near_duplicates(x, metric="euclidean", **options)
    assert ours.complete
    assert ours.radius == theirs.radius
    assert [found.tolist() for found in ours.sets] == theirs.sets
    assert all(found.dtype == np.int64 for found in ours.sets)
    np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-12, atol=1e-15)
    for name in ("is_near_duplicate", "cluster_ids", "nearest_distances"):
        assert_equal(getattr(ours, name), getattr(theirs, name))


@given(st.data(), features(), metrics)
def test_outliers(data: Any, x: NDArray[Any], metric: str) -> None:
    k = data.draw(st.integers(1, len(x) - 1))
    t = data.draw(st.sampled_from([0.0, 1.0, 3.5]))
    ours = outlier.find_outliers(x, k=k, t=t, metric=metric)
    scores, flags, means = reference.outlier.find_outliers(x, k=k, t=t, metric=metric)
    np.testing.assert_allclose(ours.mean_distances, means, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(ours.scores, scores, rtol=1e-7, atol=1e-7)
    at_the_cut = np.abs(means - ours.cut) <= 1e-9 * ours.cut + 1e-14
    assert not ((ours.is_outlier != flags) & ~at_the_cut).any()
