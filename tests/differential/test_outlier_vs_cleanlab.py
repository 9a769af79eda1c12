"""OutOfDistribution, graphs and their use against cleanlab 2.9.0."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import cupel
from compare import assert_equal
from cupel import neighbors, outlier, reference
from neighborhoods import make_features
from strategies import make_problem

theirs = pytest.importorskip("cleanlab.outlier")
their_graphs = pytest.importorskip("cleanlab.internal.neighbor.knn_graph")
sklearn_neighbors = pytest.importorskip("sklearn.neighbors")

Array = NDArray[Any]
Call = tuple[str, Mapping[str, Any]]
METHODS = ("entropy", "least_confidence", "gen")
N = 130  # above 100 rows cleanlab searches euclidean neighbours in another way
LABELS, PROBS = make_problem(N, 5, 3)
X3 = make_features("plain", N, 3, 1, "float64")
X6 = make_features("plain", N, 6, 1, "float64")
OTHER6 = make_features("plain", 20, 6, 2, "float64")
GROUPS = make_features("few_values", N, 6, 1, "float64")

FIT, SCORE, FIT_SCORE = "fit", "score", "fit_score"


def run(cls: Any, params: Mapping[str, Any], calls: list[Call]) -> tuple[list[Any], Any, Any]:
    """Results, kinds of warnings (or the error) and parameters after some calls on one object."""
    found: list[Any] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator = cls(dict(params))
        for method, arguments in calls:
            quiet = {} if method == SCORE else {"verbose": False}
            found.append(getattr(estimator, method)(**arguments, **quiet))
    return found, [w.category for w in caught], estimator.params


def assert_same(
    params: Callable[[], Mapping[str, Any]],
    calls: list[Call],
    *,
    atol: float = 1e-9,
    same_type: bool = False,
) -> None:
    ours = run(outlier.OutOfDistribution, params(), calls)
    wanted = run(theirs.OutOfDistribution, params(), calls)
    for actual, expected in zip(ours[0], wanted[0], strict=True):
        if expected is None:
            assert actual is None
            continue
        assert actual.shape == expected.shape
        assert not same_type or actual.dtype == expected.dtype
        np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)
    assert ours[1] == wanted[1]
    assert list(ours[2]) == list(wanted[2])
    for name, value in wanted[2].items():
        if name == "knn":
            assert (ours[2][name] is None) == (value is None)
        elif value is None or isinstance(value, (str, bool)):
            assert ours[2][name] == value
        else:
            np.testing.assert_allclose(ours[2][name], value, rtol=1e-3 if atol > 1e-5 else 1e-6)


def test_same_signatures_and_attributes() -> None:
    our_class, their_class = outlier.OutOfDistribution, theirs.OutOfDistribution
    for name in ("__init__", FIT, SCORE, FIT_SCORE):
        ours = list(inspect.signature(getattr(our_class, name)).parameters.values())
        expected = list(inspect.signature(getattr(their_class, name)).parameters.values())
        for our, their in zip(ours, expected, strict=False):
            assert (our.name, our.default, our.kind) == (their.name, their.default, their.kind)
        assert {p.name for p in ours[len(expected) :]} <= {"classes", "n_jobs"}
    for name in ("OUTLIER_PARAMS", "OOD_PARAMS", "DEFAULT_PARAM_DICT"):
        assert getattr(our_class, name) == getattr(their_class, name)
    assert our_class().params == their_class().params


class TestFeatures:
    @pytest.mark.parametrize("t", [1, 0.25, 4, 0])
    @pytest.mark.parametrize("k", [None, 1, 7, 40])
    @pytest.mark.parametrize("d", [1, 2, 3, 4, 20])
    @pytest.mark.parametrize("n", [60, 150])
    def test_scores(self, n: int, d: int, k: int | None, t: float) -> None:
        x = make_features("plain", n, d, 5, "float64")
        other = make_features("plain", 30, d, 6, "float64")
        params = {"k": k, "t": t}
        calls = [(FIT_SCORE, {"features": x}), (SCORE, {"features": other})]
        assert_same(lambda: params, calls)
        calls = [(FIT, {"features": x}), (SCORE, {"features": x}), (SCORE, {"features": x[:1]})]
        assert_same(lambda: params, calls)

    @pytest.mark.parametrize(("n", "k"), [(2, None), (5, None), (11, None), (12, 11)])
    def test_few_rows(self, n: int, k: int | None) -> None:
        for x in (X3[:n], X6[:n]):
            assert_same(lambda: {"k": k}, [(FIT_SCORE, {"features": x})])

    @pytest.mark.parametrize("kind", ["few_values", "lattice", "near_duplicates"])
    @pytest.mark.parametrize("d", [2, 6])
    @pytest.mark.parametrize("k", [2, 10])
    def test_duplicates(self, kind: str, d: int, k: int) -> None:
        """Equal rows are neighbours at distance 0, more than k of them too."""
        x = 1 + np.abs(make_features(kind, 150, d, 7, "float64"))  # cleanlab: no rows of zeros
        if kind == "near_duplicates":
            x = x.astype(np.float32).astype(np.float64)  # differences that cleanlab resolves
        assert_same(lambda: {"k": k}, [(FIT_SCORE, {"features": x})], atol=1e-6)

    def test_all_rows_equal(self) -> None:
        for d in (2, 6):
            x = np.tile(make_features("plain", 1, d, 0, "float64"), (30, 1))
            calls = [(FIT_SCORE, {"features": x}), (SCORE, {"features": x[:3]})]
            assert_same(dict, calls)
            assert (run(outlier.OutOfDistribution, {}, calls)[0][0] == 1).all()

    @pytest.mark.parametrize("dtype", ["float32", "float16"])
    def test_of_other_types(self, dtype: str) -> None:
        """cleanlab computes cosines of float32 in float32; of the same numbers in float64, we agree."""
        x = X6.astype(dtype)
        ours = outlier.OutOfDistribution().fit_score(features=x)
        assert ours.dtype == np.float64
        wide = theirs.OutOfDistribution().fit_score(features=x.astype(np.float64), verbose=False)
        np.testing.assert_allclose(ours, wide, rtol=0, atol=1e-9)
        if dtype == "float32":
            narrow = theirs.OutOfDistribution().fit_score(features=x, verbose=False)
            np.testing.assert_allclose(ours, narrow, rtol=0, atol=2e-6)

    def test_integers(self) -> None:
        x = 1 + np.abs(make_features("lattice", 90, 8, 1, "float64"))
        for dtype in (np.uint8, np.int64):
            assert_same(dict, [(FIT_SCORE, {"features": x.astype(dtype)})])

    def test_fitted_twice(self) -> None:
        calls = [
            (FIT, {"features": X6}),
            (FIT, {"features": OTHER6}),
            (FIT_SCORE, {"features": X6}),
        ]
        assert_same(dict, calls)

    def test_k_changed_later(self) -> None:
        def scores(cls: Any) -> list[Array]:
            estimator = cls({"k": 5})
            estimator.fit(features=X6, verbose=False)
            found = []
            for k in (3, 5, 8):
                estimator.params["k"] = k
                found.append(estimator.score(features=OTHER6))
            return found

        with pytest.warns(UserWarning, match="5"):
            ours = scores(outlier.OutOfDistribution)
        with pytest.warns(UserWarning, match="5"):
            wanted = scores(theirs.OutOfDistribution)
        np.testing.assert_allclose(ours, wanted, rtol=0, atol=1e-9)

    def test_the_fitted_object(self) -> None:
        ours, wanted = outlier.OutOfDistribution({"k": 4}), theirs.OutOfDistribution({"k": 4})
        for estimator in (ours, wanted):
            estimator.fit(features=X6, verbose=False)
        our, their = ours.params["knn"], wanted.params["knn"]
        assert our._fit_X is their._fit_X is X6
        for name in ("n_neighbors", "metric", "n_samples_fit_"):
            assert getattr(our, name) == getattr(their, name)
        for arguments in ({}, {"n_neighbors": 7}, {"X": OTHER6}, {"X": OTHER6, "n_neighbors": 2}):
            for a, b in zip(
                our.kneighbors(**arguments), their.kneighbors(**arguments), strict=True
            ):
                np.testing.assert_allclose(a, b, rtol=0, atol=1e-9)
            indices = our.kneighbors(**arguments, return_distance=False)
            assert_equal(indices, their.kneighbors(**arguments, return_distance=False))


class TestUsersNeighbors:
    @pytest.mark.parametrize("fitted", [True, False])
    @pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan", "minkowski"])
    @pytest.mark.parametrize("k", [None, 3, 6, 20])
    def test_scores(self, metric: str, k: int | None, fitted: bool) -> None:
        def params() -> dict[str, Any]:
            knn = sklearn_neighbors.NearestNeighbors(n_neighbors=6, metric=metric)
            return {"knn": knn.fit(X6) if fitted else knn, "k": k}

        for calls in (
            [(FIT, {"features": X6}), (SCORE, {"features": X6})],
            [(FIT_SCORE, {"features": X6}), (SCORE, {"features": OTHER6})],
        ):
            assert_same(params, calls)
        if fitted:
            assert_same(params, [(SCORE, {"features": OTHER6}), (SCORE, {"features": X6})])

    def test_rounding_is_no_distance(self) -> None:
        for metric in ("euclidean", "cosine", "minkowski", "manhattan"):

            def params(metric: str = metric) -> dict[str, Any]:
                knn = sklearn_neighbors.NearestNeighbors(n_neighbors=5, metric=metric)
                return {"knn": knn.fit(GROUPS)}

            assert_same(params, [(SCORE, {"features": GROUPS})])


class TestPredProbs:
    @pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
    @pytest.mark.parametrize(
        ("method", "adjust"),
        [(m, a) for m in METHODS for a in (True, False) if (m, a) != ("gen", True)],
    )
    @pytest.mark.parametrize("problem", ["plain", "absent class", "ties", "one-hot"])
    def test_scores(self, problem: str, method: str, adjust: bool, dtype: str) -> None:
        labels, p = {
            "plain": (LABELS, PROBS),
            "absent class": make_problem(200, 6, 4, absent=(2,)),
            "ties": make_problem(200, 4, 5, levels=8),
            "one-hot": (LABELS, np.eye(5)[PROBS.argmax(axis=1)]),
        }[problem]
        p = p.astype(dtype)
        atol = {"float64": 1e-9, "float32": 1e-6, "float16": 3e-3}[dtype]
        params = {"method": method, "adjust_pred_probs": adjust, "M": 3}
        given = {"pred_probs": p, "labels": labels} if adjust else {"pred_probs": p}
        calls: list[Call] = [(FIT_SCORE, given), (SCORE, {"pred_probs": p[:9]})]
        assert_same(lambda: params, calls, atol=atol, same_type=True)

    @pytest.mark.parametrize("method", METHODS)
    def test_agrees_with_the_reference(self, method: str) -> None:
        for adjust in (True, False):
            options: dict[str, Any] = {"method": method, "adjust_pred_probs": adjust, "M": 4}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ours = outlier.OutOfDistribution(options).fit_score(pred_probs=PROBS, labels=LABELS)
            wanted = reference.outlier.pred_probs_scores(PROBS, LABELS, **options)
            np.testing.assert_allclose(ours, wanted, rtol=0, atol=1e-12)

    @pytest.mark.parametrize(("M", "gamma"), [(1, 0.1), (5, 0.5), (9, 0.1), (2, 1), (3, 0), (3, 2)])
    def test_gen(self, M: int, gamma: float) -> None:
        params = {"method": "gen", "adjust_pred_probs": False, "M": M, "gamma": gamma}
        assert_same(lambda: params, [(SCORE, {"pred_probs": PROBS})])

    def test_gen_of_adjusted(self) -> None:
        """We warn where cleanlab prints."""
        params = {"method": "gen", "M": 3}
        with pytest.warns(UserWarning, match="adjust_pred_probs"):
            ours = outlier.OutOfDistribution(params)
        wanted = theirs.OutOfDistribution(params)
        for estimator in (ours, wanted):
            estimator.fit(pred_probs=PROBS, labels=LABELS, verbose=False)
        np.testing.assert_allclose(
            ours.score(pred_probs=PROBS), wanted.score(pred_probs=PROBS), rtol=0, atol=1e-12
        )

    @pytest.mark.parametrize("adjust", [True, False])
    def test_thresholds_given(self, adjust: bool) -> None:
        params = {
            "confident_thresholds": np.array([0.5, 0.2, 0.9, 0.4, 0.4]),
            "adjust_pred_probs": adjust,
        }
        given = {"pred_probs": PROBS, "labels": LABELS}
        for calls in ([(SCORE, {"pred_probs": PROBS})], [(FIT, given)], [(FIT_SCORE, given)]):
            assert_same(lambda: params, calls)

    @pytest.mark.parametrize("labels", [LABELS, None])
    @pytest.mark.parametrize("method", ["entropy", "least_confidence"])
    def test_nothing_to_fit(self, labels: Any, method: str) -> None:
        params = {"adjust_pred_probs": False, "method": method}
        given = {"pred_probs": PROBS, "labels": labels}
        assert_same(lambda: params, [(FIT, given), (FIT_SCORE, given)])

    def test_fitted_to_both(self) -> None:
        calls = [
            (FIT, {"pred_probs": PROBS, "labels": LABELS}),
            (FIT_SCORE, {"features": X6}),
            (SCORE, {"pred_probs": PROBS}),
            (FIT_SCORE, {"pred_probs": PROBS, "labels": LABELS}),
        ]
        assert_same(dict, calls)


ERRORS: dict[str, tuple[dict[str, Any], list[Call]]] = {
    "unknown parameter": ({"foo": 1}, []),
    "scaling_factor": ({"scaling_factor": 1.0}, []),
    "nothing": ({}, [(FIT_SCORE, {})]),
    "nothing to fit": ({}, [(FIT, {})]),
    "nothing to score": ({}, [(SCORE, {})]),
    "both": ({}, [(FIT_SCORE, {"features": X6, "pred_probs": PROBS})]),
    "both to score": ({}, [(SCORE, {"features": X6, "pred_probs": PROBS})]),
    "not fitted to features": ({}, [(SCORE, {"features": X6})]),
    "not fitted to pred_probs": ({}, [(SCORE, {"pred_probs": PROBS})]),
    "fitted to the other": ({}, [(FIT, {"features": X6}), (SCORE, {"pred_probs": PROBS})]),
    "no labels": ({}, [(FIT_SCORE, {"pred_probs": PROBS})]),
    "short labels": ({}, [(FIT, {"pred_probs": PROBS, "labels": LABELS[:-1]})]),
    "negative label": ({}, [(FIT, {"pred_probs": PROBS, "labels": LABELS - 1})]),
    "large label": ({}, [(FIT, {"pred_probs": PROBS, "labels": LABELS + 1})]),
    "1-D features": ({}, [(FIT, {"features": X6[0]})]),
    "3-D features": ({}, [(FIT, {"features": X6[None]})]),
    "one row": ({}, [(FIT, {"features": X6[:1]})]),
    "k = N": ({"k": N}, [(FIT, {"features": X6})]),
    "k = -1": ({"k": -1}, [(FIT, {"features": X6})]),
    "k = 2.5": ({"k": 2.5}, [(FIT, {"features": X6})]),
    "nan": ({}, [(FIT, {"features": np.full((20, 5), np.nan)})]),
    "other columns": ({}, [(FIT, {"features": X6}), (SCORE, {"features": OTHER6[:, :4]})]),
    "method": ({"method": "foo"}, [(FIT, {"pred_probs": PROBS, "labels": LABELS})]),
    "method, scored": (
        {"method": "foo", "adjust_pred_probs": False},
        [(SCORE, {"pred_probs": PROBS})],
    ),
    "M": (
        {"method": "gen", "adjust_pred_probs": False, "M": 2.5},
        [(SCORE, {"pred_probs": PROBS})],
    ),
    "thresholds": ({"confident_thresholds": np.ones(3)}, [(SCORE, {"pred_probs": PROBS})]),
    "beyond 1": ({"adjust_pred_probs": False}, [(SCORE, {"pred_probs": PROBS * 2})]),
}


@pytest.mark.parametrize("case", ERRORS)
def test_refused_by_both(case: str) -> None:
    params, calls = ERRORS[case]
    with pytest.raises((ValueError, TypeError)) as expected:
        run(theirs.OutOfDistribution, params, calls)
    with pytest.raises((ValueError, TypeError)) as actual:
        run(outlier.OutOfDistribution, params, calls)
    # scikit-learn's errors are of both kinds, and some of ours are assertions too.
    kinds = (actual.type, expected.type)
    assert issubclass(*kinds) or issubclass(*kinds[::-1])


class TestGraphs:
    @pytest.mark.parametrize("kind", ["plain", "few_values"])
    @pytest.mark.parametrize("d", [2, 6])
    def test_same_as_cleanlabs(self, kind: str, d: int) -> None:
        x = make_features(kind, 300, d, 3, "float64")
        graph = neighbors.knn_graph(x)
        csr, knn = their_graphs.create_knn_graph_and_index(x)
        assert graph.metric == knn.metric
        back = neighbors.KnnGraph.from_csr(csr, metric=knn.metric)
        np.testing.assert_allclose(graph.distances, back.distances, rtol=0, atol=1e-7)
        if kind == "plain":
            assert_equal(graph.indices, back.indices)
        else:  # groups of equal rows tie; the first of each are the lowest
            zero = graph.distances == 0
            assert_equal(zero, back.distances == 0)
            assert_equal(graph.indices[zero], back.indices[zero])

    def test_cleanlab_takes_ours(self) -> None:
        valuation = pytest.importorskip("cleanlab.data_valuation")
        graph = cupel.knn_graph(X6, 12)
        ours = valuation.data_shapley_knn(LABELS, knn_graph=graph.to_csr(), k=12)
        wanted = valuation.data_shapley_knn(LABELS, features=X6, k=12)
        np.testing.assert_allclose(ours, wanted, rtol=0, atol=1e-12)
