"""Searches of neighbours as values: arguments, graphs in and out, the approximate method."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
import sys
from typing import Any

import numpy as np
import pytest

from cupel import _core, _search, neighbors
from cupel.neighbors import KnnGraph, knn_graph, nearest_neighbors, radius_pairs
from neighborhoods import make_features

X = make_features("plain", 40, 5, 0)


def refuses(kind: type[Exception], message: str) -> Any:
    return pytest.raises(kind, match=re.escape(message))


class TestGraph:
    def test_defaults(self):
        graph = knn_graph(X)
        assert (graph.k, graph.n_rows, graph.metric, graph.exact) == (10, 40, "cosine", True)
        assert graph.recall is None
        assert graph.recall_interval is None
        assert graph.distances.shape == graph.indices.shape == (40, 10)
        assert knn_graph(X[:, :3]).metric == "euclidean"
        assert knn_graph(X[:4]).k == 3
        assert repr(graph) == "KnnGraph(n_rows=40, k=10, metric='cosine', exact)"

    def test_arguments(self):
        with refuses(ValueError, "k must be from 1 to 39 (there are so many other rows), got 40"):
            knn_graph(X, 40)
        with refuses(ValueError, "features has 1 row, expected at least 2 to compare"):
            knn_graph(X[:1])
        with refuses(ValueError, "metric must be one of"):
            knn_graph(X, metric="manhattan")
        with refuses(
            ValueError, "method must be one of 'auto', 'exact', 'approximate', got 'best'"
        ):
            knn_graph(X, method="best")
        with refuses(ValueError, "seed must be at least 0, got -1"):
            knn_graph(X, seed=-1)
        with refuses(ValueError, "recall must be a finite number above 0 and at most 1, got 1.5"):
            knn_graph(X, recall=1.5)
        with refuses(TypeError, "progress must be a function of the fraction done, got bool"):
            knn_graph(X, progress=True)
        with refuses(ValueError, "n_jobs must be at least 1"):
            knn_graph(X, n_jobs=0)

    def test_read_only(self):
        graph = knn_graph(X)
        for a in (graph.distances, graph.indices):
            with refuses(ValueError, "read-only"):
                a[0, 0] = 0
        with pytest.raises(dataclasses.FrozenInstanceError):
            graph.metric = "euclidean"

    def test_pickle_and_copy(self):
        graph = knn_graph(X)
        for other in (pickle.loads(pickle.dumps(graph)), copy.deepcopy(graph)):
            assert repr(other) == repr(graph)
            np.testing.assert_array_equal(other.indices, graph.indices)

    def test_progress(self):
        told: list[float] = []
        x = make_features("plain", 3000, 40, 0)
        knn_graph(x, progress=told.append, n_jobs=2)
        assert all(0 <= fraction <= 1 for fraction in told)
        assert told == sorted(told)

    def test_an_error_in_progress_ends_the_search(self):
        def fail(fraction: float) -> None:
            msg = "enough"
            raise RuntimeError(msg)

        x = make_features("plain", 6000, 200, 0)
        with refuses(RuntimeError, "enough"):
            knn_graph(x, progress=fail, n_jobs=2)


class TestApproximate:
    x = make_features("plain", 1500, 12, 1)

    def test_recall_is_told(self):
        graph = knn_graph(self.x, method="approximate", recall=0.9)
        assert not graph.exact
        low, high = graph.recall_interval
        assert 0.85 <= graph.recall <= 1
        assert low <= graph.recall <= high
        assert f"recall {graph.recall:.4g}" in repr(graph)
        exact = knn_graph(self.x)
        found = [np.isin(a, b).mean() for a, b in zip(exact.indices, graph.indices, strict=True)]
        assert low - 0.05 <= np.mean(found) <= high + 0.05

    def test_what_is_found_is_true(self):
        graph = knn_graph(self.x, method="approximate", metric="euclidean")
        differences = self.x[graph.indices].astype(float) - self.x[:, None]
        np.testing.assert_allclose(graph.distances, np.linalg.norm(differences, axis=2), rtol=1e-12)
        assert (np.diff(graph.distances) >= 0).all()
        assert (graph.indices != np.arange(1500)[:, None]).all()

    def test_same_for_a_seed(self):
        one, two = (knn_graph(self.x, method="approximate", seed=3, n_jobs=n) for n in (1, 2))
        np.testing.assert_array_equal(one.indices, two.indices)
        np.testing.assert_array_equal(one.distances, two.distances)
        assert (one.recall, one.recall_interval) == (two.recall, two.recall_interval)

    def test_chosen_where_exact_would_take_long(self, monkeypatch):
        def approximate(features, metric, k, recall, seed, threads, progress):
            assert (metric, k, recall, seed) == (1, 10, 0.95, 0)
            found = _core.knn_self(features, metric, k, threads, progress)
            return (*found, 0.97, 0.95, 0.99, 100, 15)

        monkeypatch.setattr(_core, "knn_approximate", approximate, raising=False)
        assert knn_graph(self.x).exact
        monkeypatch.setattr(_search, "_EXACT_BUDGET", 1500**2 * 12 - 1)
        graph = knn_graph(self.x)
        assert (graph.exact, graph.recall, graph.recall_interval) == (False, 0.97, (0.95, 0.99))
        assert knn_graph(self.x, method="exact").exact
        assert knn_graph(self.x[:, :8], metric="cosine").exact  # grows as n log(n)


class TestQueries:
    def test_types_mix(self):
        for known in ("float16", "float32", "float64"):
            for asked in ("float16", "float32", "float64", "uint8"):
                x, q = np.arange(12).reshape(6, 2).astype(known), np.ones((1, 2), dtype=asked)
                distances, indices = nearest_neighbors(x, q, 1)
                assert (distances.tolist(), indices.tolist()) == ([[1.0]], [[0]])

    def test_arguments(self):
        assert nearest_neighbors(X, X[:3])[1].shape == (3, 10)
        assert nearest_neighbors(X[:2], X[:3])[1].shape == (3, 2)
        with refuses(ValueError, "k must be from 1 to 40 (there are so many rows), got 41"):
            nearest_neighbors(X, X, 41)
        with refuses(ValueError, "queries has 4 columns, but there are features of 5"):
            nearest_neighbors(X, X[:, :4])
        with refuses(ValueError, "queries[1, 2] is nan"):
            q = X[:3].copy()
            q[1, 2] = np.nan
            nearest_neighbors(X, q)


class TestPairs:
    def test_arguments(self):
        assert radius_pairs(X[:1], 1.0)[0].shape == (0, 2)
        for radius in (-1.0, np.nan, np.inf):
            with refuses(ValueError, "radius must be a finite number of at least 0"):
                radius_pairs(X, radius)
        with refuses(TypeError, "radius must be a number, got NoneType"):
            radius_pairs(X, None)


DISTANCES = np.array([[1.0, 2.0], [1.0, 3.0], [2.0, 3.0]])
INDICES = np.array([[1, 2], [0, 2], [0, 1]])


class TestGraphsOfOthers:
    def test_as_they_are(self):
        graph = KnnGraph.from_arrays(DISTANCES, INDICES, metric="hamming", exact=True)
        assert (graph.metric, graph.exact, graph.k) == ("hamming", True, 2)
        np.testing.assert_array_equal(graph.distances, DISTANCES)
        np.testing.assert_array_equal(graph.indices, INDICES)
        assert not np.shares_memory(graph.distances, DISTANCES)
        assert not np.shares_memory(graph.indices, INDICES)
        assert KnnGraph(DISTANCES, INDICES, "hamming", True).k == 2

    @pytest.mark.parametrize("dtype", ["int32", "uint64", "uint8"])
    def test_other_types(self, dtype):
        graph = KnnGraph.from_arrays(DISTANCES.astype(np.float32), INDICES.astype(dtype))
        assert (graph.distances.dtype, graph.indices.dtype) == (np.float64, np.int64)
        assert (graph.metric, graph.exact) == ("unknown", False)

    def test_unsorted_rows_are_sorted(self):
        graph = KnnGraph.from_arrays(DISTANCES[:, ::-1], INDICES[:, ::-1])
        np.testing.assert_array_equal(graph.distances, DISTANCES)
        np.testing.assert_array_equal(graph.indices, INDICES)
        tied = KnnGraph.from_arrays(np.ones((3, 2)), INDICES[:, ::-1])
        np.testing.assert_array_equal(tied.indices, INDICES)

    def test_rows_themselves_are_left_out(self):
        own = np.arange(3)[:, None]
        for at in (0, 1, 2):
            distances = np.insert(DISTANCES, at, 1e-9, axis=1)
            indices = np.insert(INDICES, at, own.T, axis=1)
            graph = KnnGraph.from_arrays(distances, indices)
            np.testing.assert_array_equal(graph.distances, DISTANCES)
            np.testing.assert_array_equal(graph.indices, INDICES)

    def test_rows_that_do_not_list_themselves_lose_their_farthest(self):
        """A search with k + 1 misses the row itself where more than k others are the same."""
        distances = [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 5.0]]
        graph = KnnGraph.from_arrays(distances, [[0, 1], [0, 1], [0, 1], [3, 0]])
        assert graph.indices.tolist() == [[1], [0], [0], [0]]
        assert graph.distances.tolist() == [[0.0], [0.0], [0.0], [5.0]]

    def test_rounding_below_zero(self):
        graph = KnnGraph.from_arrays(DISTANCES.astype("f4") - np.float32(1.0000001), INDICES)
        assert graph.distances[0, 0] == 0

    @pytest.mark.parametrize(
        ("row", "column", "distance", "index", "message"),
        [
            (
                2,
                1,
                9.0,
                -1,
                "indices[2, 1] is -1, expected a row in [0, 3); the index found too few",
            ),
            (2, 1, 9.0, 3, "indices[2, 1] is 3, expected a row in [0, 3)"),
            (1, 1, np.inf, 2, "distances[1, 1] is inf, expected a finite distance"),
            (1, 0, np.nan, 0, "distances[1, 0] is nan, expected a finite distance"),
            (0, 0, -0.5, 1, "distances[0, 0] is -0.5, expected a distance; similarities must"),
            (0, 1, 2.0, 1, "indices lists row 1 twice among the neighbours of row 0"),
        ],
    )
    def test_bad_cells(self, row, column, distance, index, message):
        distances, indices = DISTANCES.copy(), INDICES.copy()
        distances[row, column], indices[row, column] = distance, index
        with refuses(ValueError, message):
            KnnGraph.from_arrays(distances, indices)

    def test_minus_one_as_unsigned(self):
        indices = INDICES.astype(np.uint64)
        indices[1, 1] = 2**64 - 1
        with refuses(ValueError, "indices[1, 1] is 18446744073709551615, expected a row in [0, 3)"):
            KnnGraph.from_arrays(DISTANCES, indices)

    def test_bad_arrays(self):
        for distances, indices, message in (
            (DISTANCES[:, :1], INDICES, "indices has shape (3, 2), distances has (3, 1)"),
            (DISTANCES[0], INDICES[0], "distances must have shape (n, k)"),
            (DISTANCES[:, :0], INDICES[:, :0], "distances must have shape (n, k)"),
            ([[1.0]], [[0]], "indices lists row 0 as its own neighbour, and no other row"),
            (np.ones((2, 3)), [[0, 0, 1], [0, 1, 0]], "indices lists row 0 among its own"),
        ):
            with refuses(ValueError, message):
                KnnGraph.from_arrays(distances, indices)
        for distances, indices, message in (
            (DISTANCES.astype(int), INDICES, "distances must hold floats, got dtype int64"),
            (DISTANCES, INDICES.astype(float), "indices must hold integers, got dtype float64"),
            (DISTANCES.astype("U"), INDICES, "distances must hold floats, got dtype <U"),
            (None, INDICES, "distances must hold floats, got NoneType"),
        ):
            with refuses(TypeError, message):
                KnnGraph.from_arrays(distances, indices)
        with refuses(TypeError, "metric must be the name of a metric, got NoneType"):
            KnnGraph.from_arrays(DISTANCES, INDICES, metric=None)


class TestSparse:
    def test_round_trip(self):
        pytest.importorskip("scipy")
        graph = knn_graph(make_features("few_values", 60, 3, 0), 8)
        csr = graph.to_csr()
        assert (csr.format, csr.shape, csr.nnz) == ("csr", (60, 60), 480)
        np.testing.assert_array_equal(csr.indptr, np.arange(0, 481, 8))
        np.testing.assert_array_equal(csr.data.reshape(60, 8), graph.distances)
        np.testing.assert_array_equal(csr.indices.reshape(60, 8), graph.indices)
        csr.data[:] = 7  # its memory is its own
        for sparse in (graph.to_csr(), graph.to_csr().tocoo()):
            back = KnnGraph.from_csr(sparse, metric=graph.metric, exact=True)
            assert repr(back) == repr(graph)
            np.testing.assert_array_equal(back.distances, graph.distances)
            np.testing.assert_array_equal(back.indices, graph.indices)

    def test_refused(self):
        sparse = pytest.importorskip("scipy.sparse")
        with refuses(ValueError, "but row 1 has 1 and row 0 has 2; neighbours at distance 0 must"):
            KnnGraph.from_csr(sparse.csr_matrix([[0, 1.0, 2], [1.0, 0, 0], [1, 2.0, 0]]))
        with refuses(ValueError, "graph must have shape (n, n), got (2, 3)"):
            KnnGraph.from_csr(sparse.csr_matrix(np.ones((2, 3))))
        with refuses(ValueError, "distances must have shape (n, k)"):
            KnnGraph.from_csr(sparse.csr_matrix((3, 3)))
        with refuses(TypeError, "graph must be a sparse matrix of SciPy, got ndarray"):
            KnnGraph.from_csr(np.eye(3))

    def test_without_scipy(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "scipy", None)
        with refuses(ImportError, "pip install scipy"):
            neighbors.knn_graph(X).to_csr()
