"""Duplicates: transforms, Datalab's rule, groups."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from cupel import duplicates
from cupel.duplicates import exact_duplicates, find_near_duplicates, near_duplicate_scores
from cupel.neighbors import KnnGraph, knn_graph
from neighborhoods import make_features


def refuses(kind: type[Exception], message: str) -> Any:
    return pytest.raises(kind, match=re.escape(message))


def with_duplicates() -> Any:
    x = make_features("plain", 80, 6, 0, "float64")
    x[[3, 30, 60]] = x[5]
    x[41] = x[40] + 1e-4
    x[42] = x[41] + 1e-4
    return x


X = with_duplicates()


class TestScores:
    def test_formula(self):
        nearest = np.array([0.0, 0.1, 1.0, 2.0, 3.0])
        scores = near_duplicate_scores(nearest)
        np.testing.assert_allclose(scores, 1 - np.exp(-nearest / 1.0), rtol=1e-12)
        assert (near_duplicate_scores([1e-8, 1.1e-8, 1.0, 1.0]) > 0).tolist() == [
            False,
            True,
            True,
            True,
        ]

    def test_scale_has_a_floor(self):
        assert near_duplicate_scores([0.0, 0.0, 1e-6])[2] == pytest.approx(1 - np.exp(-1))

    def test_arguments(self):
        with refuses(ValueError, "nearest_distances[0] is -1.0"):
            near_duplicate_scores([-1.0])


class TestRule:
    @pytest.mark.parametrize("metric", ["euclidean", "cosine"])
    @pytest.mark.parametrize("threshold", [0.13, 0.8])
    def test_formula(self, metric, threshold):
        """Datalab's: neighbours nearer than a share of the median nearest distance, symmetrised."""
        found = find_near_duplicates(X, metric=metric, threshold=threshold)
        graph = knn_graph(X, metric=metric)
        nearest = graph.distances[:, 0]
        bound = threshold * max(np.median(nearest), 1e-6)
        close = np.zeros((80, 80), dtype=bool)
        np.put_along_axis(close, graph.indices, graph.distances < bound, axis=1)
        close |= close.T
        assert [set(s.tolist()) for s in found.sets] == [set(np.flatnonzero(row)) for row in close]
        np.testing.assert_array_equal(found.is_near_duplicate, close.any(axis=1))
        np.testing.assert_array_equal(found.nearest_distances, nearest)
        scores = np.where(
            np.isclose(nearest, 0), 0, 1 - np.exp(-nearest / max(np.median(nearest), 1e-6))
        )
        np.testing.assert_allclose(found.scores, scores, rtol=1e-9, atol=1e-12)
        assert found.radius < bound == pytest.approx(found.radius, rel=1e-15)

    def test_less_than_the_threshold(self):
        """Distances of exactly the share of the median are not near."""
        x = np.array([0.0, 1.0, 2.0, 3.0, 3.5]).reshape(-1, 1)
        assert not find_near_duplicates(x, threshold=0.5).is_near_duplicate.any()
        assert find_near_duplicates(x, threshold=0.5000001).is_near_duplicate.tolist() == [
            False,
            False,
            False,
            True,
            True,
        ]
        assert find_near_duplicates(x, radius=0.5).cluster_ids.tolist() == [-1, -1, -1, 0, 0]

    def test_sets(self):
        found = find_near_duplicates(X)
        assert found.sets[5].tolist() == [3, 30, 60]
        assert found.sets[41].dtype == np.int64
        assert sorted(found.sets[41].tolist()) == [40, 42]
        assert found.sets[0].tolist() == []
        assert found.is_near_duplicate.sum() == 7

    def test_sets_are_symmetric_where_neighbours_are_not(self):
        """Of six equal rows the last is among the two nearest of none."""
        found = find_near_duplicates(np.ones((6, 3)), k=2)
        assert [s.tolist() for s in found.sets] == [
            [1, 2, 3, 4, 5],
            [0, 2, 3, 4, 5],
            [0, 1],
            [0, 1],
            [0, 1],
            [0, 1],
        ]

    def test_nothing_found(self):
        found = find_near_duplicates(np.arange(9.0).reshape(-1, 1))
        assert [s.tolist() for s in found.sets] == [[]] * 9
        assert (found.cluster_ids == -1).all()
        assert not found.is_near_duplicate.any()


class TestGroups:
    def test_ids_count_from_zero_by_lowest_row(self):
        ids = find_near_duplicates(X).cluster_ids
        assert ids[[3, 5, 30, 60]].tolist() == [0] * 4
        assert ids[[40, 41, 42]].tolist() == [1] * 3
        assert (np.delete(ids, [3, 5, 30, 60, 40, 41, 42]) == -1).all()

    def test_not_cut_at_k(self):
        """Two groups of 30 equal rows: complete with the features."""
        x = np.repeat(make_features("plain", 2, 5, 0), 30, axis=0)
        x = np.vstack([x, make_features("plain", 70, 5, 1)])
        found = find_near_duplicates(x, k=3)
        assert found.complete
        assert found.cluster_ids[:60].tolist() == [0] * 30 + [1] * 30

    def test_chains(self):
        x = (100 * np.arange(20.0)[:, np.newaxis] + np.arange(20)).reshape(-1, 1)
        for arguments in ({"features": x}, {"knn_graph": knn_graph(x, 2)}):
            found = find_near_duplicates(**arguments, radius=1.0)
            np.testing.assert_array_equal(found.cluster_ids, np.repeat(np.arange(20), 20))

    def test_from_a_graph(self):
        graph = knn_graph(X)
        wanted = find_near_duplicates(X)
        for arguments in (
            {"knn_graph": graph},
            {"knn_graph": (graph.distances, graph.indices)},
            {"features": X, "knn_graph": graph},
            {"features": X, "knn_graph": (graph.distances, graph.indices), "metric": "cosine"},
        ):
            found = find_near_duplicates(**arguments)
            assert found.complete == (found.knn_graph is graph and "features" in arguments)
            assert found.radius == wanted.radius
            for name in ("scores", "is_near_duplicate", "cluster_ids", "nearest_distances"):
                np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
            assert [s.tolist() for s in found.sets] == [s.tolist() for s in wanted.sets]

    def test_from_edges_as_by_union_find(self):
        from cupel.reference.duplicates import cluster_ids
        from cupel.reference.neighbors import connected_rows

        rng = np.random.default_rng(0)
        for n, k in ((2, 1), (50, 1), (300, 1), (1000, 2)):
            indices = np.array([rng.choice(n - 1, k, replace=False) for _ in range(n)])
            indices += indices >= np.arange(n)[:, None]
            graph = KnnGraph.from_arrays(rng.random((n, k)), indices)
            found = find_near_duplicates(knn_graph=graph, radius=0.5)
            near = graph.distances <= 0.5
            pairs = np.stack([np.nonzero(near)[0], graph.indices[near]], axis=1)
            np.testing.assert_array_equal(found.cluster_ids, cluster_ids(connected_rows(n, pairs)))

    def test_approximate_graphs_are_grouped_by_their_edges(self):
        exact = knn_graph(X)
        graph = KnnGraph.from_arrays(exact.distances, exact.indices, metric="cosine")
        assert not graph.exact
        assert not find_near_duplicates(X, knn_graph=graph).complete

    def test_results_do_not_depend_on_threads(self):
        one, two = (find_near_duplicates(X, n_jobs=n) for n in (1, 3))
        np.testing.assert_array_equal(one.cluster_ids, two.cluster_ids)

    def test_progress(self):
        told: list[float] = []
        x = make_features("plain", 3000, 40, 0)
        find_near_duplicates(x, progress=told.append, n_jobs=2)
        assert all(0 <= fraction <= 1 for fraction in told)
        assert told == sorted(told)


class TestArguments:
    def test_refused(self):
        graph = knn_graph(X)
        with refuses(ValueError, "pass features, knn_graph or both"):
            find_near_duplicates()
        with refuses(ValueError, "features has 79 rows, knn_graph has 80; they must describe"):
            find_near_duplicates(X[1:], knn_graph=graph)
        with refuses(ValueError, "the metric of knn_graph is 'unknown'; to group features by it"):
            find_near_duplicates(X, knn_graph=(graph.distances, graph.indices))
        with refuses(
            ValueError, "metric is 'euclidean', but the distances of knn_graph are cosine"
        ):
            find_near_duplicates(X, knn_graph=graph, metric="euclidean")
        with refuses(ValueError, "threshold must be a finite number above 0, got 0"):
            find_near_duplicates(X, threshold=0)
        with refuses(ValueError, "radius must be a finite number of at least 0, got -1"):
            find_near_duplicates(X, radius=-1)
        with refuses(ValueError, "features has 1 row, expected at least 2 to compare"):
            find_near_duplicates(X[:1])
        with refuses(ValueError, "k must be from 1 to 10 (knn_graph has so many), got 11"):
            find_near_duplicates(knn_graph=graph, k=11)


class TestExact:
    def test_groups(self):
        assert exact_duplicates(X)[[3, 5, 30, 60]].tolist() == [0] * 4
        assert (exact_duplicates(X) >= 0).sum() == 4
        assert exact_duplicates([[1.0]]).tolist() == [-1]
        assert exact_duplicates([[0.0, 1.0], [2.0, 2.0], [-0.0, 1.0], [2.0, 2.0]]).tolist() == [
            0,
            1,
            0,
            1,
        ]

    @pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8"])
    def test_many(self, dtype):
        x = (make_features("lattice", 3000, 4, 0, "float64") + 2).astype(dtype)
        _, first, inverse = np.unique(x, axis=0, return_index=True, return_inverse=True)
        ids = exact_duplicates(x, n_jobs=2)
        lowest = first[inverse]
        alone = np.bincount(lowest, minlength=3000)[lowest] == 1
        np.testing.assert_array_equal(ids == -1, alone)
        _, wanted = np.unique(lowest[~alone], return_inverse=True)
        np.testing.assert_array_equal(ids[~alone], wanted)


def test_everything_is_exported():
    for name in duplicates.__all__:
        assert getattr(duplicates, name).__doc__
