"""Outliers: transforms, the rule, and OutOfDistribution where it differs from cleanlab's."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from cupel import _core, outlier
from cupel.neighbors import KnnGraph, knn_graph
from cupel.outlier import OutOfDistribution, find_outliers, outlier_scores
from neighborhoods import make_features
from strategies import make_problem

X = make_features("plain", 60, 5, 0)
LABELS, PROBS = make_problem(60, 4, 1)


def refuses(kind: type[Exception], message: str) -> Any:
    return pytest.raises(kind, match=re.escape(message))


class TestScores:
    def test_formula(self):
        means = np.array([0.5, 1.0, 2.0, 4.0, 8.0])
        np.testing.assert_allclose(outlier_scores(means), np.exp(-means / 2), rtol=1e-15)
        np.testing.assert_allclose(outlier_scores(means, t=3), np.exp(-3 * means / 2), rtol=1e-15)
        np.testing.assert_allclose(
            outlier_scores(means, scaling_factor=0.5), np.exp(-means / 0.5), rtol=1e-15
        )

    def test_scale_has_a_floor(self):
        assert outlier_scores([0.0, 0.0, 1e-6])[2] == pytest.approx(np.exp(-1))
        assert outlier_scores([1e-6], scaling_factor=1e-9)[0] == pytest.approx(np.exp(-1))

    def test_rounding_counts_as_no_distance(self):
        for metric, limit in (("cosine", 1.1e-14), ("euclidean", 1.49e-7), ("minkowski", 1.49e-7)):
            below, above = outlier_scores(
                [limit * 0.99, limit * 1.02], scaling_factor=1e-9, metric=metric
            )
            assert below == 1
            assert above < 1
        assert outlier_scores([1e-15], scaling_factor=1.0)[0] < 1

    def test_no_overflow(self):
        scores = outlier_scores([0.0, 1.0, 1e308])
        assert scores[2] == 0
        assert np.isfinite(scores).all()

    def test_arguments(self):
        with refuses(ValueError, "mean_distances[1] is nan"):
            outlier_scores([1.0, np.nan])
        with refuses(ValueError, "t must be a finite number of at least 0, got -1"):
            outlier_scores([1.0], t=-1)
        with refuses(ValueError, "scaling_factor must be a finite number above 0, got 0"):
            outlier_scores([1.0], scaling_factor=0)


class TestRule:
    def test_formula(self):
        """Datalab's: beyond the third quartile by 1 / threshold - 1 interquartile ranges."""
        x = np.vstack([X, 30 + X[:2]])
        for k, threshold in ((1, 0.37037), (10, 0.37037), (10, 0.2), (10, 1.0)):
            found = find_outliers(x, k=k, threshold=threshold, metric="euclidean")
            distances = np.linalg.norm(x[:, None].astype(float) - x, axis=2)
            means = np.sort(distances, axis=1)[:, 1 : k + 1].mean(axis=1)
            low, high = np.percentile(means, [25, 75])
            cut = high + (1 / threshold - 1) * (high - low)
            np.testing.assert_allclose(found.mean_distances, means, rtol=1e-12)
            assert found.cut == pytest.approx(cut, rel=1e-12)
            np.testing.assert_array_equal(found.is_outlier, means > cut)
            np.testing.assert_allclose(found.scores, np.exp(-means / np.median(means)), rtol=1e-9)

    def test_from_a_graph(self):
        graph = knn_graph(X, 12)
        wanted = find_outliers(X, k=12)
        assert wanted.knn_graph.k == 12
        for given in (graph, (graph.distances, graph.indices)):
            found = find_outliers(knn_graph=given)
            for name in ("scores", "is_outlier", "mean_distances"):
                np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
            np.testing.assert_array_equal(
                find_outliers(knn_graph=given, k=5).mean_distances,
                find_outliers(X, k=5).mean_distances,
            )
        assert found.knn_graph.metric == "unknown"
        assert find_outliers(knn_graph=given, metric="cosine").knn_graph.metric == "cosine"

    def test_from_a_sparse_matrix(self):
        pytest.importorskip("scipy")
        graph = knn_graph(X, 12)
        found = find_outliers(knn_graph=graph.to_csr(), metric="cosine")
        np.testing.assert_array_equal(found.scores, find_outliers(knn_graph=graph).scores)

    def test_k(self):
        assert find_outliers(X).knn_graph.k == 10
        assert find_outliers(X[:3]).knn_graph.k == 2
        with refuses(ValueError, "k must be from 1 to 59 (there are so many other rows), got 60"):
            find_outliers(X, k=60)
        with refuses(ValueError, "k must be from 1 to 10 (knn_graph has so many), got 11"):
            find_outliers(knn_graph=knn_graph(X), k=11)

    def test_arguments(self):
        graph = knn_graph(X)
        for arguments in ({}, {"features": X, "knn_graph": graph}):
            with refuses(ValueError, "pass either features or knn_graph"):
                find_outliers(**arguments)
        with refuses(
            ValueError, "metric is 'euclidean', but the distances of knn_graph are cosine"
        ):
            find_outliers(knn_graph=graph, metric="euclidean")
        with refuses(TypeError, "knn_graph must be a KnnGraph, a sparse matrix of distances, or a"):
            find_outliers(knn_graph=graph.distances)
        for threshold in (0, 1.5, np.nan):
            with refuses(ValueError, "threshold must be a finite number above 0 and at most 1"):
                find_outliers(X, threshold=threshold)

    def test_no_spread(self):
        assert not find_outliers(np.zeros((30, 4))).is_outlier.any()
        assert (find_outliers(np.zeros((30, 4))).scores == 1).all()


class CountingNeighbors:
    """A user's search that knows nothing but `kneighbors`, and counts."""

    def __init__(self, distances: Any) -> None:
        self.distances, self.calls = distances, 0

    def kneighbors(self, X: Any) -> Any:
        assert X is not None
        self.calls += 1
        return self.distances, np.zeros(np.shape(self.distances), dtype=np.int64)


class TestOutOfDistribution:
    def test_searches_once(self, monkeypatch):
        calls: list[str] = []

        def counted(name: str, search: Any) -> Any:
            return lambda *args: (calls.append(name), search(*args))[1]

        for name in ("knn_self", "knn_query"):
            monkeypatch.setattr(_core, name, counted(name, getattr(_core, name)))
        ood = OutOfDistribution()
        ood.fit_score(features=X)
        assert calls == ["knn_self"]
        ood.score(features=X[:5])
        assert calls == ["knn_self", "knn_query"]
        ood.params["knn"].kneighbors(n_neighbors=4)  # known already
        assert len(calls) == 2
        ood = OutOfDistribution()
        ood.fit(features=X)
        assert calls[2:] == ["knn_self"]

    def test_users_search_is_asked_once(self):
        knn = CountingNeighbors([[1.0, 2.0], [1.0, 2.0], [3.0, 6.0]])
        ood = OutOfDistribution({"knn": knn})
        scores = ood.score(features=X[:3])
        assert knn.calls == 1
        np.testing.assert_allclose(scores, np.exp([-1, -1, -3]), rtol=1e-15)
        assert ood.params["scaling_factor"] == 1.5

    def test_users_search_answers_nonsense(self):
        for distances, message in (
            ([1.0, 2.0, 3.0], "must hold distances of shape (3, k), got dtype float64, shape (3,)"),
            ([[1.0, 2.0]], "must hold distances of shape (3, k)"),
            ([[1], [2], [3]], "must hold distances of shape (3, k), got dtype int64"),
            ([[1.0], [np.inf], [3.0]], "has a distance in row 1 that is not finite"),
        ):
            with refuses(ValueError, message):
                OutOfDistribution({"knn": CountingNeighbors(distances)}).score(features=X[:3])
        with refuses(TypeError, "params['knn'] must have a method kneighbors, got float"):
            OutOfDistribution({"knn": 1.0}).score(features=X)
        with refuses(ValueError, "features must have shape (n, d)"):
            OutOfDistribution({"knn": CountingNeighbors([[1.0]])}).score(features=X[0])

    def test_the_fitted_object(self):
        ood = OutOfDistribution({"k": 4})
        ood.fit(features=X)
        knn = ood.params["knn"]
        assert knn._fit_X is X
        assert (knn.n_neighbors, knn.metric, knn.n_samples_fit_) == (4, "cosine", 60)
        assert isinstance(knn.graph_, KnnGraph)
        with refuses(ValueError, "X has 4 columns, but there are features of 5"):
            knn.kneighbors(X[:, :4])
        with refuses(ValueError, "n_neighbors must be from 1 to 60 (there are so many rows)"):
            knn.kneighbors(X, n_neighbors=61)
        with refuses(ValueError, "n_neighbors must be from 1 to 59 (there are so many other rows)"):
            knn.kneighbors(n_neighbors=60)

    def test_numbers_out_of_range(self):
        """cleanlab takes most of these, and returns scores beyond [0, 1] or silently others."""
        for params, message in (
            ({"k": 0}, "params['k'] must be from 1 to 59"),
            ({"t": -1}, "params['t'] must be a finite number of at least 0, got -1"),
            ({"t": "1"}, "params['t'] must be a number, got str"),
        ):
            with pytest.raises((ValueError, TypeError), match=re.escape(message)):
                OutOfDistribution(params).fit_score(features=X)
        for params, message in (
            ({"M": 0}, "M must be at least 1, got 0"),
            ({"gamma": -1}, "gamma must be a finite number of at least 0, got -1"),
            ({"gamma": None}, "gamma must be a number, got NoneType"),
        ):
            ood = OutOfDistribution({"method": "gen", "adjust_pred_probs": False, **params})
            with pytest.raises((ValueError, TypeError), match=re.escape(message)):
                ood.score(pred_probs=PROBS)

    def test_params(self):
        given = {"k": 3}
        ood = OutOfDistribution(given)
        ood.params["k"] = 4
        assert given == {"k": 3}
        with refuses(ValueError, "params must be one of 'k', 't', 'knn', 'method', 'adjust_pred_"):
            OutOfDistribution({"foo": 1})
        with refuses(ValueError, "got 'metod'; did you mean 'method'?"):
            OutOfDistribution({"metod": "gen"})
        with refuses(TypeError, "params must be a dict, got list"):
            OutOfDistribution([("k", 3)])

    def test_labels_may_be_names(self):
        names = np.array(["ant", "bee", "cat", "dog"])
        wanted = OutOfDistribution().fit_score(pred_probs=PROBS, labels=LABELS)
        ood = OutOfDistribution()
        found = ood.fit_score(pred_probs=PROBS, labels=names[LABELS], classes=list(names))
        np.testing.assert_array_equal(found, wanted)
        with refuses(TypeError, "labels[0] is"):
            OutOfDistribution().fit(pred_probs=PROBS, labels=names[LABELS])

    def test_pred_probs_are_checked(self):
        ood = OutOfDistribution({"adjust_pred_probs": False, "method": "least_confidence"})
        p = PROBS.copy()
        p[7, 2] = np.nan
        with refuses(ValueError, "pred_probs[7, 2] is nan"):
            ood.score(pred_probs=p)
        with refuses(ValueError, "pred_probs[0"):
            ood.score(pred_probs=PROBS - 0.5)
        assert len(ood.score(pred_probs=PROBS.tolist())) == 60

    def test_degenerate_probabilities(self):
        for method in ("entropy", "least_confidence"):
            ood = OutOfDistribution({"adjust_pred_probs": False, "method": method})
            assert ood.score(pred_probs=np.ones((3, 1))).tolist() == [1, 1, 1]
        uniform = OutOfDistribution({"adjust_pred_probs": False}).score(
            pred_probs=np.full((5, 7), 1 / 7)
        )
        assert ((uniform >= 0) & (uniform < 1e-15)).all()
        thresholds = {"confident_thresholds": [0.5, 0.5]}
        zeros = OutOfDistribution(thresholds).score(pred_probs=np.zeros((2, 2)))
        assert np.isfinite(zeros).all()

    @pytest.mark.parametrize("method", ["entropy", "least_confidence", "gen"])
    def test_blocks_do_not_show(self, method, monkeypatch):
        from cupel import _ood

        params = {"method": method, "adjust_pred_probs": False, "M": 2}
        wanted = OutOfDistribution(params).score(pred_probs=PROBS)
        monkeypatch.setattr(_ood, "_BLOCK_CELLS", 7)
        found = OutOfDistribution(params).score(pred_probs=PROBS)
        np.testing.assert_array_equal(found, wanted)

    def test_gen_warns(self):
        with pytest.warns(UserWarning, match="there are 4 classes"):
            OutOfDistribution({"method": "gen", "adjust_pred_probs": False}).score(pred_probs=PROBS)

    def test_results_do_not_depend_on_threads(self):
        one, two = (OutOfDistribution().fit_score(features=X, n_jobs=n) for n in (1, 3))
        np.testing.assert_array_equal(one, two)


def test_everything_is_exported():
    for name in outlier.__all__:
        assert getattr(outlier, name).__doc__
