"""``patch_cleanlab(verify=True)``: both packages run, and what differs is reported."""

from __future__ import annotations

import copy
import inspect
import pickle
import sys
from typing import Any

import numpy as np
import pytest

import cupel.rank
from cupel.patch import (
    CupelDifferenceWarning,
    get_differences,
    patch_cleanlab,
    patched_cleanlab,
    unpatch_cleanlab,
)
from cupel.patch._compare import first_difference
from cupel.patch._state import patcher


@pytest.fixture
def cleanlab() -> Any:
    """The package, with nothing patched before and after."""
    module = pytest.importorskip("cleanlab")
    unpatch_cleanlab()
    yield module
    unpatch_cleanlab()


def problem() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 3, 90), rng.dirichlet(np.ones(3), 90)


def messages() -> list[str]:
    return [difference.message for difference in get_differences()]


def test_equal_results(cleanlab):
    labels, pred_probs = problem()
    patch_cleanlab(verify=True)
    mask = cleanlab.filter.find_label_issues(labels, pred_probs, n_jobs=1)
    np.testing.assert_array_equal(mask, cupel.filter.find_label_issues(labels, pred_probs))
    cleanlab.rank.get_label_quality_scores(labels, pred_probs)
    assert messages() == []
    assert patcher.report.calls == 2


def test_what_differs_is_reported_where_it_was_called(cleanlab, monkeypatch):
    labels, pred_probs = problem()
    exact = cupel.rank.get_label_quality_scores

    def wrong(labels, pred_probs, **kwargs):
        scores = exact(labels, pred_probs, **kwargs)
        scores[7] += 1e-3
        return scores

    monkeypatch.setattr(cupel.rank, "get_label_quality_scores", wrong)
    patch_cleanlab(verify=True)
    with pytest.warns(CupelDifferenceWarning, match=r"rank\.get_label_quality_scores") as caught:
        scores = cleanlab.rank.get_label_quality_scores(labels, pred_probs)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(scores, wrong(labels, pred_probs))
    (difference,) = get_differences()
    assert difference.function == "cleanlab.rank.get_label_quality_scores"
    assert difference.message.startswith("result[7]: ")


def test_exceptions(cleanlab):
    labels, pred_probs = problem()
    patch_cleanlab(verify=True)
    with pytest.raises(ValueError, match="labels"):
        cleanlab.rank.get_label_quality_scores(labels[:-1], pred_probs)
    assert messages() == []
    pred_probs[3, 1] = np.nan  # cleanlab computes with it
    with pytest.warns(CupelDifferenceWarning), pytest.raises(ValueError, match="nan"):
        cleanlab.rank.get_label_quality_scores(labels, pred_probs)
    assert len(messages()) == 1
    assert "cleanlab did not" in messages()[0]


def test_cleanlab_gets_copies_and_stays_quiet(cleanlab, capsys):
    labels, pred_probs = problem()
    before = pred_probs.copy()
    with patched_cleanlab(verify=True):
        cleanlab.rank.get_label_quality_ensemble_scores(labels, [pred_probs, pred_probs])
    assert messages() == []
    np.testing.assert_array_equal(pred_probs, before)
    once = capsys.readouterr().out
    cupel.rank.get_label_quality_ensemble_scores(labels, [pred_probs, pred_probs])
    assert once == capsys.readouterr().out


def test_both_draw_the_same_numbers(cleanlab):
    generation = sys.modules["cleanlab.benchmarking.noise_generation"]
    true_labels = np.arange(60) % 3
    matrix = np.full((3, 3), 0.1) + 0.7 * np.eye(3)
    np.random.seed(5)  # noqa: NPY002 - the generator that cleanlab uses
    expected = generation.generate_noisy_labels(true_labels, matrix)
    later = np.random.rand()  # noqa: NPY002
    with patched_cleanlab(verify=True):
        np.random.seed(5)  # noqa: NPY002
        np.testing.assert_array_equal(
            generation.generate_noisy_labels(true_labels, matrix), expected
        )
    assert np.random.rand() == later  # noqa: NPY002
    assert messages() == []


def test_inner_calls_of_cleanlab_stay_in_cleanlab(cleanlab, monkeypatch):
    def fails(*args, **kwargs):
        msg = "cupel's function was called by cleanlab"
        raise AssertionError(msg)

    monkeypatch.setattr(cupel.rank, "order_label_issues", fails)
    labels, pred_probs = problem()
    with patched_cleanlab(verify=True):
        cleanlab.filter.find_label_issues(
            labels, pred_probs, return_indices_ranked_by="self_confidence", n_jobs=1
        )
    assert messages() == []
    assert patcher.report.calls == 1


def test_arguments_that_only_cupel_has_are_not_compared(cleanlab):
    labels, pred_probs = problem()
    with patched_cleanlab(verify=True):
        cleanlab.filter.find_label_issues(labels, pred_probs, collision="confident")
    assert patcher.report.calls == 0


def test_arguments_that_cannot_be_copied_are_reported(cleanlab):
    _, pred_probs = problem()
    with (
        patched_cleanlab(verify=True),
        pytest.warns(CupelDifferenceWarning, match="cannot be copied") as caught,
    ):
        found = cleanlab.rank.find_top_issues(_NoCopy(pred_probs[:, 0]), top=4)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(found, np.argsort(pred_probs[:, 0])[:4])


class _NoCopy:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.values

    def __deepcopy__(self, memo: Any) -> Any:
        msg = "one of a kind"
        raise TypeError(msg)


def test_what_is_kept_elsewhere_is_cleanlab_again_when_unpatched(cleanlab):
    labels, pred_probs = problem()
    patch_cleanlab(verify=True)
    kept, detector = cleanlab.filter.find_label_issues, cleanlab.outlier.OutOfDistribution
    assert pickle.loads(pickle.dumps(kept)) is kept
    unpatch_cleanlab()
    kept(labels, pred_probs, n_jobs=1)
    assert patcher.report.calls == 0
    assert type(detector()) is cleanlab.outlier.OutOfDistribution


def test_names_imported_meanwhile_come_back(cleanlab):
    patch_cleanlab(verify=True)
    module = sys.modules[__name__]
    module.late = cleanlab.filter.find_label_issues
    unpatch_cleanlab()
    assert module.late is cleanlab.filter.find_label_issues
    assert module.late.__module__ == "cleanlab.filter"
    del module.late


def test_functions_that_draw_run_once(cleanlab):
    import cupel.segmentation.summary

    patch_cleanlab(verify=True)
    summary = sys.modules["cleanlab.segmentation.summary"]
    assert summary.display_issues is cupel.segmentation.summary.display_issues


# ---- classes -----------------------------------------------------------------------------------


def test_methods_of_classes_run_on_both(cleanlab):
    features = np.random.default_rng(1).normal(size=(60, 4))
    patch_cleanlab(verify=True)
    detector = cleanlab.outlier.OutOfDistribution({"k": 5})
    scores = detector.fit_score(features=features, verbose=False)
    detector.score(features=features[:7])
    assert messages() == []
    assert patcher.report.calls == 3
    assert isinstance(detector, cupel.outlier.OutOfDistribution)
    plain = cupel.outlier.OutOfDistribution({"k": 5})
    np.testing.assert_array_equal(scores, plain.fit_score(features=features, verbose=False))
    with pytest.raises(ValueError, match="k"):
        cleanlab.outlier.OutOfDistribution({"unknown": 1, "k": 5})
    assert messages() == []


def test_a_method_that_differs_is_reported(cleanlab, monkeypatch):
    features = np.random.default_rng(1).normal(size=(60, 4))
    exact = cupel.outlier.OutOfDistribution.fit_score
    monkeypatch.setattr(
        cupel.outlier.OutOfDistribution, "fit_score", lambda self, **kw: exact(self, **kw) / 2
    )
    patch_cleanlab(verify=True)
    detector = cleanlab.outlier.OutOfDistribution()
    with pytest.warns(CupelDifferenceWarning, match=r"OutOfDistribution\.fit_score: ") as caught:
        detector.fit_score(features=features, verbose=False)
    assert caught[0].filename == __file__


def test_copies_and_derived_classes_are_cupel_alone(cleanlab):
    features = np.random.default_rng(1).normal(size=(60, 4))
    patch_cleanlab(verify=True)

    class Mine(cleanlab.outlier.OutOfDistribution):
        pass

    first = Mine({"k": 5})
    first.fit(features=features, verbose=False)
    second = cleanlab.outlier.OutOfDistribution({"k": 5})
    second.fit(features=features, verbose=False)
    calls = patcher.report.calls
    for copied in (copy.deepcopy(second), pickle.loads(pickle.dumps(second)), first):
        np.testing.assert_array_equal(
            copied.score(features=features[:3]),
            cupel.outlier.OutOfDistribution.score(second, features=features[:3]),
        )
    assert patcher.report.calls == calls


def test_signatures_are_shown_as_they_are(cleanlab):
    patch_cleanlab(verify=True)
    for name in ("filter.find_label_issues", "outlier.OutOfDistribution"):
        module, _, last = name.rpartition(".")
        shown = getattr(sys.modules[f"cleanlab.{module}"], last)
        assert inspect.signature(shown) == inspect.signature(
            getattr(sys.modules[f"cupel.{module}"], last)
        )


def test_estimators_can_be_cloned_and_set(cleanlab):
    base = pytest.importorskip("sklearn.base")
    bayes = pytest.importorskip("sklearn.naive_bayes")
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, 80)
    features = rng.normal(size=(80, 3)) + labels[:, None]
    patch_cleanlab(verify=True)
    learner = base.clone(cleanlab.classification.CleanLearning(bayes.GaussianNB(), seed=0))
    learner.set_params(cv_n_folds=3)
    learner.fit(features, labels)
    learner.predict(features)
    learner.get_label_issues()
    assert messages() == []
    assert patcher.report.calls >= 5


# ---- comparing ---------------------------------------------------------------------------------


class Thing: ...


EQUAL = [
    (1, 1),
    (0.5, 0.5 + 9e-7),
    (float("nan"), float("nan")),
    (float("inf"), float("inf")),
    (np.float32(0.5), np.float32(0.5) + np.float32(5e-7)),
    (np.array([0.5], np.float16), np.array([0.501], np.float16)),
    (np.array([[True], [False]]), np.array([[True], [False]])),
    (["a", None, (1, 2)], ["a", None, (1, 2)]),
    ({"a": [1.0]}, {"a": [1.0 + 1e-8]}),
    (np.array(["a", np.nan, 1], object), np.array(["a", np.nan, 1], object)),
    ({1, 2}, {2, 1}),
    (Thing(), Thing()),
]
DIFFERENT = [
    (1, 2, "result: "),
    (0.5, 0.5 + 2e-6, "result: "),
    (1, 1.0, "dtype"),
    (float("inf"), 1.0, "result: "),
    (np.zeros(3), np.zeros((3, 1)), "shape"),
    (np.zeros(3), np.array([0, 1.0, 2.0]), "result[1]: 0.0 instead of 1.0, and 1 more"),
    (np.zeros(3, bool), np.array([False, True, False]), "result[1]: False instead of True"),
    ([1], (1,), "list instead of tuple"),
    ([1, 2], [1], "2 items instead of 1"),
    ({"a": [1.0]}, {"a": [2.0]}, "result['a'][0]: "),
    ({"a": 1}, {"b": 1}, "['a'] instead of ['b']"),
    (None, {"b": 1}, "None instead of ['b']"),
    ("a", "b", "'a' instead of 'b'"),
    (None, 1, "dtype object"),
    (1, None, "1 instead of None"),
    (Thing(), object(), "Thing instead of object"),
]


@pytest.mark.parametrize(("actual", "expected"), EQUAL)
def test_equal(actual, expected):
    assert first_difference(actual, expected) is None


@pytest.mark.parametrize(("actual", "expected", "text"), DIFFERENT)
def test_different(actual, expected, text):
    assert text in (first_difference(actual, expected) or "")


def test_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": [0.5, None], "c": ["x", "y"]})
    assert first_difference(frame, frame.copy()) is None
    assert first_difference(frame["b"], frame["b"].copy()) is None
    assert "columns" in (first_difference(frame[["b", "a", "c"]], frame) or "")
    assert "index" in (first_difference(frame[::-1], frame) or "")
    assert "result['a'][0]" in (first_difference(frame.assign(a=[0, 2]), frame) or "")
    assert "dtype" in (first_difference(frame.assign(a=[1.0, 2]), frame) or "")
    assert "dict instead of DataFrame" in (first_difference({}, frame) or "")
    assert "values[1]" in (first_difference(frame["a"] * [1, 2], frame["a"]) or "")


def test_sparse_matrices():
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_matrix(np.eye(3))
    assert first_difference(matrix, matrix.copy()) is None
    assert "data[0]" in (first_difference(matrix * 2, matrix) or "")
    assert "ndarray instead of" in (first_difference(np.eye(3), matrix) or "")
