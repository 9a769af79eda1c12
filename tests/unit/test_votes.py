"""Votes of neighbours and pools of probabilities: arguments, edges, and what they are good for."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import cupel
from compare import assert_identical
from cupel import _loglinear
from cupel._pool import pool_pred_probs
from cupel.neighbors import KnnGraph, get_label_votes, knn_graph
from strategies import make_problem

RNG = np.random.default_rng(0)
N, K = 600, 4
TRUE = RNG.integers(0, K, N)
X = RNG.normal(size=(K, 6))[TRUE] + RNG.normal(size=(N, 6))
WRONG = RNG.random(N) < 0.15
LABELS = np.where(WRONG, (TRUE + RNG.integers(1, K, N)) % K, TRUE)
GRAPH = knn_graph(X, 20, metric="euclidean")
# What a fair classifier would say, its mistakes independent of the features.
PROBS = RNG.dirichlet(np.ones(K), N) * 0.7 + np.eye(K)[TRUE] * 0.3


def refuses(kind: type[Exception], message: str) -> Any:
    return pytest.raises(kind, match=re.escape(message))


def assert_probabilities(p: Any, n: int, k: int) -> None:
    assert p.shape == (n, k)
    assert p.dtype == np.float64
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)


class TestVotes:
    def test_features_are_searched(self):
        votes = get_label_votes(LABELS, X, metric="euclidean")
        assert_probabilities(votes, N, K)
        assert_identical(votes, get_label_votes(LABELS, knn_graph=GRAPH))
        assert_identical(votes, get_label_votes(LABELS, X, k=20, metric="euclidean", n_jobs=2))

    def test_few_rows(self):
        votes = get_label_votes([0, 1, 1], X[:3])
        assert_identical(votes, get_label_votes([0, 1, 1], X[:3], k=2))

    def test_k_takes_the_nearest(self):
        expected = get_label_votes(LABELS, knn_graph=knn_graph(X, 5, metric="euclidean"))
        assert_identical(get_label_votes(LABELS, knn_graph=GRAPH, k=5), expected)

    def test_distances_do_not_count(self):
        other = KnnGraph.from_arrays(GRAPH.distances**2, GRAPH.indices)
        expected = get_label_votes(LABELS, knn_graph=GRAPH)
        assert_identical(get_label_votes(LABELS, knn_graph=other), expected)
        pair = (GRAPH.distances, GRAPH.indices)
        assert_identical(get_label_votes(LABELS, knn_graph=pair), expected)

    def test_names(self):
        names = np.array(["ant", "bee", "cat", "dog"])
        votes = get_label_votes(names[LABELS], knn_graph=GRAPH, classes=names)
        assert_identical(votes, get_label_votes(LABELS, knn_graph=GRAPH))

    @pytest.mark.parametrize("dtype", ["uint8", "int32", "float64"])
    def test_kinds_of_labels(self, dtype):
        expected = get_label_votes(LABELS, knn_graph=GRAPH)
        assert_identical(get_label_votes(LABELS.astype(dtype), knn_graph=GRAPH), expected)
        assert_identical(get_label_votes(LABELS.tolist(), knn_graph=GRAPH), expected)

    def test_absent_classes_get_nothing(self):
        expected = get_label_votes(LABELS, knn_graph=GRAPH)
        moved = np.where(LABELS == 3, 4, LABELS)
        votes = get_label_votes(moved, knn_graph=GRAPH, n_classes=6)
        assert_probabilities(votes, N, 6)
        assert (votes[:, [3, 5]] == 0).all()
        np.testing.assert_allclose(votes[:, [0, 1, 2, 4]], expected, rtol=1e-9)

    def test_one_class(self):
        assert_identical(get_label_votes(np.zeros(N, int), knn_graph=GRAPH), np.ones((N, 1)))
        votes = get_label_votes(np.ones(N, int), knn_graph=GRAPH, n_classes=3)
        assert_identical(votes, np.tile([0.0, 1.0, 0.0], (N, 1)))

    def test_own_label_is_no_vote(self):
        """Beyond its part in frequencies and in the class of its neighbours."""
        other = LABELS.copy()
        other[7] = (other[7] + 1) % K
        before = get_label_votes(LABELS, knn_graph=GRAPH)[7]
        after = get_label_votes(other, knn_graph=GRAPH)[7]
        np.testing.assert_allclose(after, before, atol=0.01)
        assert np.abs(before - get_label_votes(LABELS, knn_graph=GRAPH)[8]).max() > 0.01

    def test_features_that_say_nothing(self):
        labels = RNG.permutation(np.repeat([0, 1, 2], [300, 200, 100]))
        votes = get_label_votes(labels, RNG.normal(size=(N, 8)))
        np.testing.assert_allclose(votes, np.tile([1 / 2, 1 / 3, 1 / 6], (N, 1)), atol=0.2)

    def test_order_of_rows(self):
        order = RNG.permutation(N)
        votes = get_label_votes(LABELS[order], X[order], metric="euclidean")
        expected = get_label_votes(LABELS, X, metric="euclidean")
        np.testing.assert_allclose(votes, expected[order], rtol=1e-6)

    def test_blocks_and_sample(self, monkeypatch):
        expected = get_label_votes(LABELS, knn_graph=GRAPH)
        monkeypatch.setattr(_loglinear, "_BLOCK_CELLS", 29)
        np.testing.assert_allclose(get_label_votes(LABELS, knn_graph=GRAPH), expected, rtol=1e-9)
        monkeypatch.setattr(_loglinear, "_SAMPLE_CELLS", 1)
        monkeypatch.setattr(_loglinear, "_LEAST_SAMPLE", 300)
        fitted_to_half = get_label_votes(LABELS, knn_graph=GRAPH)
        np.testing.assert_allclose(fitted_to_half, expected, atol=0.1)
        assert np.abs(fitted_to_half - expected).max() > 0

    def test_refusals(self):
        with refuses(ValueError, "pass either features or knn_graph"):
            get_label_votes(LABELS)
        with refuses(ValueError, "pass either features or knn_graph"):
            get_label_votes(LABELS, X, knn_graph=GRAPH)
        with refuses(ValueError, "labels has 599 rows, features has 600; they must describe"):
            get_label_votes(LABELS[1:], X)
        with refuses(ValueError, "labels has 599 rows, knn_graph has 600; they must describe"):
            get_label_votes(LABELS[1:], knn_graph=GRAPH)
        with refuses(ValueError, "k must be from 1 to 20 (knn_graph has so many), got 21"):
            get_label_votes(LABELS, knn_graph=GRAPH, k=21)
        with refuses(ValueError, "k must be from 1 to 599 (there are so many other rows), got 600"):
            get_label_votes(LABELS, X, k=600)
        with refuses(ValueError, "pass either classes or n_classes"):
            get_label_votes(LABELS, X, classes=range(K), n_classes=K)
        with refuses(ValueError, "n_classes must be at least 1, got 0"):
            get_label_votes(LABELS, X, n_classes=0)
        row = int((LABELS == 3).argmax())
        with refuses(ValueError, f"labels[{row}] is 3, expected a class in [0, 3)"):
            get_label_votes(LABELS, X, n_classes=3)
        with refuses(ValueError, "labels[0] is -1, expected a class in [0, 1)"):
            get_label_votes(np.full(N, -1), X)
        with refuses(TypeError, "labels[0] is 'ant', a string; pass classes=[...]"):
            get_label_votes(["ant"] * N, X)
        with refuses(ValueError, "features[3, 1] is nan"):
            get_label_votes(LABELS, np.where(np.arange(N * 6).reshape(N, 6) == 19, np.nan, X))
        with refuses(TypeError, "progress must be a function"):
            get_label_votes(LABELS, X, progress=1)
        with refuses(TypeError, "knn_graph must be a KnnGraph"):
            get_label_votes(LABELS, knn_graph=GRAPH.indices)
        padded = np.where(GRAPH.indices == GRAPH.indices[0, 0], -1, GRAPH.indices)
        with refuses(ValueError, "indices[0, 0] is -1"):
            get_label_votes(LABELS, knn_graph=(GRAPH.distances, padded))

    def test_progress(self):
        told: list[float] = []
        x = RNG.normal(size=(3000, 40))
        get_label_votes(RNG.integers(0, 2, 3000), x, progress=told.append)
        assert all(0 <= fraction <= 1 for fraction in told)


class TestPool:
    def test_one_source_keeps_its_order(self):
        labels, p = make_problem(N, K, 3)
        pooled = pool_pred_probs(labels, [p])
        assert_probabilities(pooled, N, K)
        assert (pooled.argmax(axis=1) == p.argmax(axis=1)).all()

    def test_useless_source_is_ignored(self):
        labels, p = make_problem(N, K, 3)
        even = np.full((N, K), 1 / K)
        np.testing.assert_allclose(
            pool_pred_probs(labels, [p, even]), pool_pred_probs(labels, [p]), rtol=1e-6
        )
        misleading = np.eye(K)[(labels + 1) % K]
        assert_identical(pool_pred_probs(labels, [misleading]), even)

    def test_copies_count_once(self):
        labels, p = make_problem(N, K, 3)
        np.testing.assert_allclose(
            pool_pred_probs(labels, [p, p.copy(), p]), pool_pred_probs(labels, [p]), rtol=1e-6
        )

    def test_order_of_sources(self):
        votes = get_label_votes(LABELS, knn_graph=GRAPH)
        np.testing.assert_allclose(
            pool_pred_probs(LABELS, [PROBS, votes]),
            pool_pred_probs(LABELS, [votes, PROBS]),
            rtol=1e-6,
        )

    @pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
    def test_dtypes_and_scale(self, dtype):
        labels, p = make_problem(N, K, 3, dtype)
        expected = pool_pred_probs(labels, [p.astype(np.float64)])
        assert_identical(pool_pred_probs(labels, [p]), expected)
        halved = p.astype(np.float64) / 2  # rows need not sum to 1
        np.testing.assert_allclose(pool_pred_probs(labels, [halved]), expected, rtol=1e-9)

    def test_rows_of_zeros_say_nothing(self):
        labels, p = make_problem(N, K, 3)
        p[5] = 0
        np.testing.assert_allclose(pool_pred_probs(labels, [p])[5], 1 / K, rtol=1e-12)

    def test_one_class(self):
        assert_identical(pool_pred_probs([0, 0], [np.ones((2, 1))] * 2), np.ones((2, 1)))

    def test_names(self):
        labels, p = make_problem(N, K, 3)
        names = np.array(["ant", "bee", "cat", "dog"])
        assert_identical(
            pool_pred_probs(names[labels], [p, p], classes=names), pool_pred_probs(labels, [p, p])
        )

    def test_inputs_are_left_alone(self):
        labels, p = make_problem(N, K, 3)
        before = p.copy()
        p.flags.writeable = labels.flags.writeable = False
        pool_pred_probs(labels, [p, p])
        assert_identical(p, before)

    def test_drop(self):
        labels, p = make_problem(N, K, 3)
        q = np.random.default_rng(5).dirichlet(np.ones(K), N)
        p[3, 1], q[3, 0], q[9, 2] = np.nan, np.inf, np.nan
        with refuses(ValueError, "pred_probs_list[0][3, 1] is nan"):
            pool_pred_probs(labels, [p, q])
        pooled = pool_pred_probs(labels, [p, q], nan="drop")
        whole = np.delete(np.arange(N), [3, 9])
        assert np.isnan(pooled[[3, 9]]).all()
        assert_identical(pooled[whole], pool_pred_probs(labels[whole], [p[whole], q[whole]]))
        q[:] = np.nan
        q[3] = 1 / K
        with refuses(ValueError, "pred_probs_list has no row without a nan or an infinity"):
            pool_pred_probs(labels, [p, q], nan="drop")

    def test_refusals(self):
        labels, p = make_problem(N, K, 3)
        with refuses(TypeError, "pred_probs_list must be a list with one matrix per source, got"):
            pool_pred_probs(labels, p)
        with refuses(ValueError, "pred_probs_list is empty, expected one matrix per source"):
            pool_pred_probs(labels, [])
        with refuses(ValueError, "labels has 600 rows, pred_probs has 599"):
            pool_pred_probs(labels, [p, p[1:]])
        wider = np.hstack([p, np.zeros((N, 1))])
        with refuses(ValueError, "pred_probs_list[1] has 5 columns, pred_probs_list[0] has 4"):
            pool_pred_probs(labels, [p, wider])
        outside = p.copy()
        outside[2, 0] = 1.5
        with refuses(ValueError, "pred_probs_list[1][2, 0] is 1.5"):
            pool_pred_probs(labels, [p, outside])
        with refuses(ValueError, "labels[0] is 4, expected a class in [0, 4)"):
            pool_pred_probs(np.where(np.arange(N) == 0, 4, labels), [p, p])


class TestUse:
    """Overlapping clusters with 15 % of the labels changed."""

    VOTES = get_label_votes(LABELS, knn_graph=GRAPH)

    @staticmethod
    def quality(pred_probs: Any, filter_by: str = "noise_posterior") -> float:
        """F1 of the flagged labels."""
        found = cupel.find_label_issues(LABELS, pred_probs, filter_by=filter_by)
        return float(2 * (found & WRONG).sum() / (found.sum() + WRONG.sum()))

    def test_votes_find_errors_without_a_classifier(self):
        share = np.eye(K)[LABELS][GRAPH.indices].mean(axis=1)
        assert self.quality(self.VOTES) > self.quality(share, "predicted_neq_given") + 0.05

    def test_pool_is_better_than_either(self):
        pooled = pool_pred_probs(LABELS, [PROBS, self.VOTES])
        assert self.quality(pooled) > max(self.quality(PROBS), self.quality(self.VOTES)) + 0.02
