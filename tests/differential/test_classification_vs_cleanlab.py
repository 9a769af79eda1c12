"""CleanLearning against cleanlab's: same tables, attributes and trained models from one seed."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

theirs = pytest.importorskip("cleanlab.classification")

import pandas as pd
import scipy.sparse
from bench.dropin.same import assert_same
from sklearn.datasets import load_digits
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from classification_data import make_blobs, make_noise_matrix, probabilities_of
from cupel import classification as ours

ATTRIBUTES = (
    "label_issues_df",
    "label_issues_mask",
    "confident_joint",
    "py",
    "ps",
    "noise_matrix",
    "inverse_noise_matrix",
    "num_classes",
    "sample_weight",
    "clf_kwargs",
    "clf_final_kwargs",
)
X, LABELS = make_blobs(200, 3, 0)
X2, LABELS2 = make_blobs(180, 2, 1)
PROBS = probabilities_of(X, LABELS)
KNOWN = make_noise_matrix(3, 0)
TABLE = theirs.CleanLearning(seed=0).find_label_issues(X, LABELS)
MASK = TABLE["is_label_issue"].to_numpy()
WEIGHTS = np.linspace(0.5, 1, 200)


def outcome(make: Callable[[], Any], call: Callable[[Any], Any]) -> tuple[Any, Any, list[str]]:
    """The object, what the call returned or raised, and which kinds of warnings it gave."""
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        model = make()
        try:
            result = call(model)
        except Exception as error:  # noqa: BLE001 - whatever cleanlab raises, we have to
            result = error
    return model, result, sorted({w.category.__name__ for w in caught})


def same(options: dict[str, Any], call: Callable[[Any], Any]) -> Any:
    """Compare results, attributes and, after a fit, the trained models; return our object."""
    expected_model, expected, expected_warnings = outcome(
        lambda: theirs.CleanLearning(**options), call
    )
    model, result, warned = outcome(lambda: ours.CleanLearning(**options), call)
    if isinstance(expected, Exception):
        assert isinstance(result, type(expected)), f"{result!r}, {expected!r}"
        return model
    assert not isinstance(result, Exception), repr(result)
    assert warned == expected_warnings
    for name in ATTRIBUTES:
        value, wanted = getattr(model, name), getattr(expected_model, name)
        assert (value is None) == (wanted is None), name
        if wanted is not None:
            assert_same(value, wanted, name)
    if isinstance(expected, pd.DataFrame):
        assert_same(result, expected)
        assert (result.dtypes == expected.dtypes).all()
    elif expected is expected_model:
        assert result is model
    else:
        assert_same(result, expected)
    return model


# ---- random problems ---------------------------------------------------------------------------


def drawn_options(rng: np.random.Generator, seed: int) -> dict[str, Any]:
    filters: dict[str, Any] = {"n_jobs": 1}
    if rng.random() < 0.6:
        names = ("both", "prune_by_class", "confident_learning", "predicted_neq_given")
        filters["filter_by"] = rng.choice([*names, "low_self_confidence", "low_normalized_margin"])
        filters["filter_by"] = str(filters["filter_by"])
    if rng.random() < 0.3:
        filters["min_examples_per_class"] = int(rng.integers(0, 30))
    if rng.random() < 0.3 and filters.get("filter_by", "both") in ("both", "prune_by_class"):
        filters["frac_noise"] = 0.5
    options: dict[str, Any] = {
        "clf": [None, LogisticRegression(C=0.3), GaussianNB()][seed % 3],
        "seed": seed,
        "cv_n_folds": int(rng.integers(2, 6)),
        "converge_latent_estimates": bool(rng.random() < 0.3),
        "pulearning": [None, None, 0, 1][rng.integers(4)],
        "find_label_issues_kwargs": filters,
    }
    if rng.random() < 0.4:
        method = str(rng.choice(["normalized_margin", "confidence_weighted_entropy"]))
        options["label_quality_scores_kwargs"] = {"method": method}
    return options


@pytest.mark.parametrize("seed", range(24))
def test_random_problems(seed):
    rng = np.random.default_rng(seed)
    k, n = int(rng.integers(2, 6)), int(rng.integers(60, 250))
    features, labels = make_blobs(n, k, seed)
    options = drawn_options(rng, seed)
    known: dict[str, Any] = {}
    for name in ("noise_matrix", "inverse_noise_matrix"):
        if rng.random() < 0.3:
            known[name] = make_noise_matrix(k, seed, mild=rng.random() < 0.7)
    if rng.random() < 0.2:
        known["thresholds"] = rng.random(k)
    if rng.random() < 0.4:
        known["pred_probs"] = probabilities_of(features, labels)

    def arguments() -> dict[str, Any]:
        return {name: value.copy() for name, value in known.items()}  # cleanlab writes to some

    def find(model: Any) -> Any:
        return model.find_label_issues(features, labels, **arguments())

    def fit(model: Any) -> Any:
        return model.fit(features, labels, **arguments())

    same(options, find)
    same(options, fit)
    same(options, lambda model: fit(model).predict_proba(features))
    same(options, lambda model: fit(model).score(features, labels))


def test_digits():
    features, true = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    labels = np.where(rng.random(len(true)) < 0.1, rng.integers(0, 10, len(true)), true)
    options = {"clf": LogisticRegression(C=0.001), "seed": 3, "cv_n_folds": 3}
    model = same(options, lambda m: m.fit(features / 16, labels))
    assert model.label_issues_mask[labels != true].mean() > 0.7


# ---- every option ------------------------------------------------------------------------------

FITS: dict[str, dict[str, Any]] = {
    "plain": {},
    "mask": {"label_issues": MASK},
    "mask of one class": {"label_issues": LABELS == 1},
    "indices": {"label_issues": np.flatnonzero(MASK)[::-1].copy()},
    "negative index": {"label_issues": np.array([1, -3])},
    "no index": {"label_issues": np.array([], dtype=int)},
    "repeated index": {"label_issues": np.array([1, 1])},
    "index out of range": {"label_issues": np.array([1, 200])},
    "float indices": {"label_issues": np.array([1.0])},
    "list": {"label_issues": [1, 2]},
    "series": {"label_issues": TABLE["is_label_issue"]},
    "short mask": {"label_issues": MASK[:50]},
    "table": {"label_issues": TABLE},
    "mask in a table": {"label_issues": TABLE[["is_label_issue"]]},
    "mask in a table, probabilities": {
        "label_issues": TABLE[["is_label_issue"]],
        "pred_probs": PROBS,
    },
    "table, probabilities": {"label_issues": TABLE, "pred_probs": PROBS},
    "mask, probabilities": {"label_issues": MASK, "pred_probs": PROBS},
    "table of another index": {"label_issues": TABLE.set_index(np.arange(200) + 5)},
    "table with more": {"label_issues": TABLE.assign(more=1)},
    "table without the mask": {"label_issues": TABLE[["label_quality"]]},
    "table of other labels": {"label_issues": TABLE.assign(given_label=0)},
    "short table": {"label_issues": TABLE.iloc[:100]},
    "weights": {"sample_weight": WEIGHTS},
    "weights, table": {"sample_weight": WEIGHTS, "label_issues": TABLE},
    "weights as a series": {"sample_weight": pd.Series(WEIGHTS), "label_issues": TABLE},
    "too few weights": {"sample_weight": WEIGHTS[:7], "label_issues": TABLE},
    "weights for the folds": {"clf_kwargs": {"sample_weight": WEIGHTS}},
    "weights for the last": {"clf_final_kwargs": {"sample_weight": None}},
    "unknown argument of clf": {"clf_kwargs": {"unknown": 1}},
    "unknown argument of the last": {"clf_final_kwargs": {"unknown": 1}},
    "noise matrix": {"noise_matrix": KNOWN},
    "inverse": {"inverse_noise_matrix": KNOWN},
    "both": {"noise_matrix": KNOWN, "inverse_noise_matrix": KNOWN.T / KNOWN.T.sum(axis=0)},
    "noise matrix, table": {"noise_matrix": KNOWN, "label_issues": TABLE},
    "pure noise": {"noise_matrix": np.full((3, 3), 1 / 3)},
    "pure noise, inverse": {"inverse_noise_matrix": np.full((3, 3), 1 / 3)},
    "noise of two classes": {"noise_matrix": np.eye(2)},
    "thresholds": {"thresholds": [0.5, 0.6, 0.7]},
    "validation": {"validation_func": lambda *_: {"sample_weight": None}},
    "y too": {"y": LABELS},
}


@pytest.mark.parametrize("name", FITS)
def test_fit(name):
    same({"seed": 0}, lambda model: model.fit(X, LABELS, **FITS[name]))


def test_fit_with_y_and_without_labels():
    same({"seed": 0}, lambda model: model.fit(X, y=LABELS))
    same({"seed": 0}, lambda model: model.fit(X))


class NoWeights(LogisticRegression):
    def fit(self, X, y):
        return super().fit(X, y)


class AnyArguments(LogisticRegression):
    def fit(self, X, y, **arguments):
        self.seen_ = sorted(arguments)
        return super().fit(X, y)


class Bare:
    """A classifier that is no scikit-learn one and has no score."""

    def get_params(self, deep=True):  # noqa: ARG002 - what clone() calls
        return {}

    def fit(self, X, y):  # noqa: ARG002
        self.mean = X[:, 0].mean()
        return self

    def predict(self, X):
        return (X[:, 0] > self.mean).astype(int)

    def predict_proba(self, X):
        one = self.predict(X)[:, np.newaxis]
        steps = np.linspace(0, 0.01, len(X))[:, np.newaxis]  # no ties
        return np.hstack([0.9 - 0.8 * one - steps, 0.1 + 0.8 * one + steps])


@pytest.mark.parametrize("clf", [NoWeights(), AnyArguments()], ids=["no weights", "any arguments"])
def test_classifiers_that_take_no_weights(clf):
    same({"clf": clf, "seed": 0}, lambda model: model.fit(X, LABELS))
    same({"clf": clf, "seed": 0}, lambda model: model.fit(X, LABELS, sample_weight=WEIGHTS))


def test_arguments_of_the_folds_and_of_the_last():
    model = same(
        {"clf": AnyArguments(), "seed": 0},
        lambda m: m.fit(
            X,
            LABELS,
            clf_kwargs={"a": 1, "b": 1},
            clf_final_kwargs={"b": 2, "c": 3},
            validation_func=lambda _, labels: {"d": len(labels)},
        ),
    )
    assert model.clf.seen_ == ["a", "b", "c"]


@pytest.mark.parametrize("weights", [None, np.arange(180)])
def test_a_classifier_without_score(weights):
    same(
        {"clf": Bare(), "seed": 0},
        lambda m: m.fit(X2, LABELS2).score(X2, LABELS2, sample_weight=weights),
    )


FINDS: dict[str, dict[str, Any]] = {
    "probabilities": {"labels": LABELS, "pred_probs": PROBS},
    "float32": {"labels": LABELS, "pred_probs": PROBS.astype(np.float32)},
    "both": {"X": X, "labels": LABELS, "pred_probs": PROBS},
    "nothing": {},
    "no features": {"labels": LABELS},
    "no labels": {"X": X},
    "short features": {"X": X[:5], "labels": LABELS},
    "short probabilities": {"labels": LABELS, "pred_probs": PROBS[:5]},
    "one class": {"X": X, "labels": np.zeros_like(LABELS)},
    "one class, probabilities": {"labels": np.zeros_like(LABELS), "pred_probs": PROBS},
    "too high": {"labels": LABELS + 1, "pred_probs": PROBS},
    "a gap": {"X": X, "labels": 2 * LABELS},
    "an absent class": {"labels": np.where(LABELS == 2, 0, LABELS), "pred_probs": PROBS},
    "names": {"X": X, "labels": np.array(["a", "b", "c"])[LABELS]},
    "series": {"labels": pd.Series(LABELS, index=np.arange(200) + 9), "pred_probs": PROBS},
    "small": {"X": X[:12], "labels": LABELS[:12]},
    "features that are none": {"X": 7, "labels": LABELS},
}


@pytest.mark.parametrize("name", FINDS)
def test_find_label_issues(name):
    same({"seed": 0}, lambda model: model.find_label_issues(**FINDS[name]))


OPTIONS: dict[str, dict[str, Any]] = {
    "joint": {"confident_joint": np.array([[50, 5, 5], [5, 50, 5], [5, 5, 70]])},
    "joint of a filter that ignores it": {
        "confident_joint": 60 * np.eye(3, dtype=int),
        "filter_by": "confident_learning",
    },
    "joint of a filter that has none": {
        "confident_joint": 60 * np.eye(3, dtype=int),
        "filter_by": "low_self_confidence",
    },
    "numbers": {"num_to_remove_per_class": [3, 3, 3]},
    "large classes only": {"min_examples_per_class": 70},
    "ranked": {"return_indices_ranked_by": "self_confidence"},
    "multi-label": {"multi_label": True},
    "unknown": {"unknown": 1},
    "unknown filter": {"filter_by": "unknown"},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_of_the_filter(name):
    options = {"seed": 0, "find_label_issues_kwargs": {"n_jobs": 1, **OPTIONS[name]}}
    same(options, lambda model: model.find_label_issues(X, LABELS))


@pytest.mark.parametrize("known", ["", "noise_matrix", "inverse_noise_matrix", "both"])
def test_a_given_joint_and_known_noise(known):
    names = ("noise_matrix", "inverse_noise_matrix")
    matrices = {name: KNOWN for name in names if known in (name, "both")}
    joint = np.array([[50, 5, 5], [5, 50, 9], [5, 15, 70]])
    options = {"seed": 0, "find_label_issues_kwargs": {"n_jobs": 1, "confident_joint": joint}}
    same(options, lambda m: m.find_label_issues(X, LABELS, **matrices))


@pytest.mark.parametrize("pulearning", [0, 1, 2, "a", np.int64(1)])
def test_pulearning(pulearning):
    same({"seed": 0, "pulearning": pulearning}, lambda m: m.find_label_issues(X2, LABELS2))


def test_save_space():
    def found(model: Any) -> None:
        model.find_label_issues(X, LABELS, save_space=True)

    def fitted(model: Any) -> Any:
        model.fit(X, LABELS).save_space()
        return model.predict(X)

    same({"seed": 0}, lambda model: found(model) or 0)
    model = same({"seed": 0}, fitted)
    assert model.find_label_issues_kwargs is None


def test_issues_that_were_found_before():
    def fit(model: Any) -> Any:
        model.find_label_issues(X, LABELS)
        return model.fit(X, LABELS, label_issues=model.get_label_issues())

    same({"seed": 0}, fit)


@pytest.mark.parametrize("known", [{}, {"noise_matrix": KNOWN}, {"thresholds": [0.5] * 3}])
def test_low_memory(known):
    pytest.importorskip("cupel.experimental.label_issues_batched")
    options = {"seed": 0, "low_memory": True}
    same(options, lambda m: m.find_label_issues(labels=LABELS, pred_probs=PROBS, **known))
    options["find_label_issues_kwargs"] = {"n_jobs": 1}
    same(options, lambda m: m.fit(X, LABELS))


# ---- kinds of features -------------------------------------------------------------------------

WORDS = np.array(["a good film", "such a bad thing", "so so"], dtype=object)[LABELS]
FEATURES: dict[str, Any] = {
    "frame": pd.DataFrame(X, index=np.arange(200) + 9),
    "csr": scipy.sparse.csr_matrix(X),
    "csc": scipy.sparse.csc_matrix(X),
    "csr array": scipy.sparse.csr_array(X),
    "four dimensions": np.repeat(X.reshape(200, 3, 1, 1), 2, axis=2),
    "one dimension": X[:, 0],
}


@pytest.mark.parametrize("name", FEATURES)
def test_features(name):
    features = FEATURES[name]
    same({"seed": 0}, lambda m: m.fit(features, LABELS).predict_proba(features))
    same({"seed": 0}, lambda m: m.fit(features, pd.Series(LABELS)).predict(X=features))
    same({"seed": 0}, lambda m: m.fit(features, LABELS).score(features, LABELS))


@pytest.mark.parametrize("kind", [np.asarray, lambda t: t.astype(str), pd.Series])
def test_text(kind):
    clf = make_pipeline(TfidfVectorizer(), LogisticRegression())
    rng = np.random.default_rng(0)
    words = np.where(rng.random(200) < 0.2, rng.permutation(WORDS), WORDS)
    same({"clf": clf, "seed": 0}, lambda m: m.fit(kind(words), LABELS).predict_proba(kind(words)))
