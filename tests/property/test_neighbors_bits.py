"""Neighbours of larger sets are right, and the same bits on every thread count and instruction set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import cupel
from compare import assert_equal, assert_identical
from cupel import duplicates, neighbors
from neighborhoods import (
    DTYPES,
    KINDS,
    METRICS,
    assert_neighbors,
    every_distance,
    make_features,
)

Arrays = list[NDArray[Any]]


@pytest.fixture(autouse=True)
def same_isa_after() -> Iterator[None]:
    before = cupel.active_isa()
    yield
    cupel.select_isa(before)


def on_every_machine(compute: Callable[[int], Arrays]) -> Arrays:
    """Result for a number of threads, the same for each of several on each instruction set."""
    expected: Arrays = []
    for isa in cupel.available_isas():
        cupel.select_isa(isa)
        for n_jobs in (1, 2, 5):
            found = compute(n_jobs)
            expected = expected or found
            for actual, wanted in zip(found, expected, strict=True):
                assert_identical(actual, wanted)
    return expected


def graph_on_every_machine(x: NDArray[Any], k: int, metric: str) -> Arrays:
    def compute(n_jobs: int) -> Arrays:
        graph = neighbors.knn_graph(x, k, metric=metric, n_jobs=n_jobs)
        return [graph.distances, graph.indices]

    return on_every_machine(compute)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("n", "d", "k"), [(24, 24, 5), (97, 3, 96), (500, 9, 10), (700, 2, 30), (285, 40, 150)]
)
def test_graphs(kind: str, metric: str, n: int, d: int, k: int) -> None:
    dtypes = DTYPES if n == 97 else DTYPES[1:2]
    for dtype in dtypes:
        x = make_features(kind, n, d, 5, dtype)
        found = graph_on_every_machine(x, k, metric)
        assert_neighbors(*found, every_distance(x, x, metric), metric, of_itself=True)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scale", [5e-324, 1e-200, 1e200, 1e300])
def test_ends_of_float64(metric: str, scale: float) -> None:
    """Distances whose squares float64 cannot hold."""
    x = make_features("lattice", 50, 6, 2, "float64") * scale
    found = graph_on_every_machine(x, 9, metric)
    assert_neighbors(*found, every_distance(x, x, metric), metric, of_itself=True)


@pytest.mark.parametrize("metric", METRICS)
def test_one_group_of_equal_rows(metric: str) -> None:
    """Every row has 299 neighbours at distance 0."""
    x = np.broadcast_to(make_features("plain", 1, 20), (300, 20))
    distances, indices = graph_on_every_machine(x, 12, metric)
    assert_equal(indices, np.array([[j for j in range(13) if j != i][:12] for i in range(300)]))
    assert not distances.any()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("d", [2, 12])
def test_other_searches(kind: str, metric: str, d: int) -> None:
    x = make_features(kind, 400, d, 1)
    radius = float(np.median(neighbors.knn_graph(x, 3, metric=metric).distances))

    def compute(n_jobs: int) -> Arrays:
        query = neighbors.nearest_neighbors(x, x[:50], 7, metric=metric, n_jobs=n_jobs)
        pairs = neighbors.radius_pairs(x[:150], radius, metric=metric, n_jobs=n_jobs)
        near = duplicates.find_near_duplicates(x, radius=radius, metric=metric, n_jobs=n_jobs)
        return [*query, *pairs, near.cluster_ids, duplicates.exact_duplicates(x, n_jobs=n_jobs)]

    on_every_machine(compute)
