"""Regression's public functions against cleanlab's: results, and what the models get to see."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

pytest.importorskip("cleanlab")

import pandas as pd
from bench.dropin.same import assert_same
from cleanlab.regression.learn import CleanLearning as Theirs
from cleanlab.regression.rank import get_label_quality_scores as their_scores
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor

from cupel.regression.learn import CleanLearning
from cupel.regression.rank import get_label_quality_scores
from regression_data import NotingRegressor, numbers, simulated

# ---- scores ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["outre", "residual"])
@pytest.mark.parametrize("n", [2, 3, 4, 5, 50, 100, 101, 300])
def test_scores(n, method):
    rng = np.random.default_rng(n)
    labels = numbers("normal", n, rng)
    for kind, dtype in (("normal", np.float64), ("clusters", np.float32)):
        predictions = (labels + numbers(kind, n, rng)).astype(dtype)
        given = labels.astype(dtype), predictions
        scores = get_label_quality_scores(*given, method=method)
        assert_same(scores, their_scores(*given, method=method))
        assert scores.dtype == dtype


@pytest.mark.parametrize("labels", ["integers", "constant", "heavy", "clusters"])
def test_scores_of_unusual_labels(labels):
    rng = np.random.default_rng(3)
    for n in (40, 250):
        given = numbers(labels, n, rng)
        for predictions in (given, given[::-1]):
            assert_same(
                get_label_quality_scores(given, predictions), their_scores(given, predictions)
            )


def test_scores_of_other_kinds_of_arguments():
    labels, predictions = np.random.default_rng(4).integers(0, 9, size=(2, 30))
    for convert in (list, tuple, pd.Series, pd.DataFrame, lambda a: a[:, None], lambda a: a[None]):
        for method in ("outre", "residual"):
            given = convert(labels), convert(predictions)
            assert_same(
                get_label_quality_scores(*given, method=method), their_scores(*given, method=method)
            )


def test_scores_of_diabetes():
    X, y = load_diabetes(return_X_y=True)
    predictions = cross_val_predict(LinearRegression(), X, y, cv=5)
    assert_same(get_label_quality_scores(y, predictions), their_scores(y, predictions))


@pytest.mark.parametrize(
    ("labels", "predictions"),
    [
        ([1.0, 2.0], [1.0]),
        ([], []),
        ([True, False], [1.0, 2.0]),
        (["a", "b"], [1.0, 2.0]),
        (None, [1.0]),
        (1.0, 1.0),
        ([1.0, np.nan], [1.0, 2.0]),
        ([1.0, 2.0], [np.nan, 1.0]),
        (np.ones((2, 2)), np.ones((2, 2))),
    ],
)
def test_scores_refuse_the_same_by_the_same_type(labels, predictions):
    for method in ("outre", "residual", "other"):
        with pytest.raises(Exception) as theirs:  # noqa: PT011 - any
            their_scores(labels, predictions, method=method)
        with pytest.raises(theirs.type):
            get_label_quality_scores(labels, predictions, method=method)


# ---- CleanLearning -----------------------------------------------------------------------------


def outcomes(call):
    """What both classes return for one call, what their models saw, and the generator after it."""
    found = []
    for cls in (CleanLearning, Theirs):
        log = []
        model = type("Noting", (NotingRegressor,), {"log": log})
        np.random.seed(11)  # noqa: NPY002 - what folds are drawn from
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                result = call(cls, model)
            except Exception as error:  # noqa: BLE001 - to be compared
                result = error
        found.append((result, log, np.random.get_state()[2]))  # noqa: NPY002
    return found


def assert_same_outcome(call):
    (ours, our_log, our_state), (theirs, their_log, their_state) = outcomes(call)
    if isinstance(theirs, Exception):
        assert isinstance(ours, type(theirs)), repr(ours)
        return
    if isinstance(ours, Exception):
        raise ours
    assert_same(ours, theirs)
    assert our_log == their_log
    assert our_state == their_state


def state_of(learner):
    return {name: value for name, value in vars(learner).items() if name != "model"}


SEARCHES = [
    {},
    {"coarse_search_range": [0.3, 0.1, 0.02]},
    {"coarse_search_range": [0.1]},
    {"coarse_search_range": (0.0, 0.2)},
    {"coarse_search_range": [0.1, 0.99]},
    {"coarse_search_range": [0.99, 0.98]},
    {"coarse_search_range": [0.1, 1.5]},
    {"coarse_search_range": [0.1, 0.1]},
    {"coarse_search_range": np.array([0.2, 0.1])},
    {"fine_search_size": 0},
    {"fine_search_size": 1},
    {"uncertainty": 1.5},
    {"model_kwargs": {"a": 1}},
    {"model_kwargs": {}},
    {"save_space": True},
    # Refused.
    {"coarse_search_range": []},
    {"coarse_search_range": [0.99]},
    {"coarse_search_range": [0.1, -0.1]},
    {"coarse_search_range": [0.1, np.nan]},
    {"coarse_search_range": ["a"]},
    {"coarse_search_range": 0.1},
    {"fine_search_size": -1},
    {"uncertainty": np.ones(3)},
    {"uncertainty": "a"},
]


@pytest.mark.parametrize("options", SEARCHES, ids=str)
def test_search(options):
    for n, wrong, folds, boots in ((40, 0.1, 2, 1), (7, 0.0, 3, 0)):
        X, y = simulated(n, wrong, seed=n)

        def call(cls, model, X=X, y=y, folds=folds, boots=boots):
            learner = cls(model(), cv_n_folds=folds, n_boot=boots)
            return learner.find_label_issues(X, y, **options), state_of(learner)

        assert_same_outcome(call)


@pytest.mark.parametrize("n", [2, 3, 5, 12])
@pytest.mark.parametrize("folds", [2, 5])
def test_few_rows(n, folds):
    X, y = simulated(n, 0.1, seed=n)
    for labels in (y, (3 * y).astype(int), y.astype(np.float32), X[:, 1], np.ones(n)):
        assert_same_outcome(
            lambda cls, model, labels=labels: cls(
                model(), cv_n_folds=folds, n_boot=1, include_aleatoric_uncertainty=n > 3
            ).find_label_issues(X, labels)
        )


@pytest.mark.parametrize(
    "model",
    [
        None,
        Ridge(),
        KNeighborsRegressor(3),
        DecisionTreeRegressor(max_depth=2),
        RandomForestRegressor(3, random_state=0),
        RandomForestRegressor(3),
    ],
    ids=str,
)
def test_models(model):
    """The last one draws from the global generator too, in between."""
    X, y = load_diabetes(return_X_y=True)
    X, y = X[:100], y[:100]

    def call(cls, _):
        learner = cls(model, cv_n_folds=2, n_boot=1, seed=5).fit(X, y)
        return state_of(learner), learner.predict(X), learner.score(X, y)

    assert_same_outcome(call)


N = 40
MASK = np.arange(N) % 9 == 3
FEATURES, LABELS = simulated(N, 0.1, seed=0)


def issue_frame(y):
    return pd.DataFrame(
        {
            "is_label_issue": MASK,
            "label_quality": np.linspace(0, 1, N),
            "given_label": y,
            "predicted_label": y + 1,
        }
    )


FRAME = issue_frame(LABELS)
FITS = {
    "nothing known": {},
    "mask": {"label_issues": MASK},
    "series": {"label_issues": pd.Series(MASK, index=range(5, N + 5))},
    "frame": {"label_issues": FRAME.assign(more=1)},
    "frame of one column": {"label_issues": FRAME[["is_label_issue"]]},
    "arguments for the search": {
        "find_label_issues_kwargs": {"uncertainty": 1.0, "coarse_search_range": [0.1]}
    },
    "no space for the search": {"find_label_issues_kwargs": {"save_space": True}},
    "arguments for fits": {"model_kwargs": {"a": 1}, "model_final_kwargs": {"b": 1}},
    # Refused.
    "list": {"label_issues": MASK.tolist()},
    "indices": {"label_issues": np.flatnonzero(MASK)},
    "short mask": {"label_issues": MASK[:-1]},
    "short frame": {"label_issues": FRAME[:-1]},
    "frame of other labels": {"label_issues": FRAME.assign(given_label=0.0)},
    "frame without the column": {"label_issues": FRAME[["label_quality"]]},
    "all wrong": {"label_issues": np.ones(N, dtype=bool)},
    "weights the model does not take": {"sample_weight": np.ones(N)},
    "weights in model_kwargs": {"model_kwargs": {"sample_weight": np.ones(N)}},
    "weights in final kwargs": {"model_final_kwargs": {"sample_weight": np.ones(N)}},
    "model_kwargs twice": {"find_label_issues_kwargs": {"model_kwargs": {}}},
    "unknown argument": {"find_label_issues_kwargs": {"foo": 1}},
}


@pytest.mark.parametrize("options", FITS.values(), ids=FITS)
def test_fit(options):
    def call(cls, model):
        learner = cls(model(), cv_n_folds=2, n_boot=2)
        assert learner.fit(FEATURES, LABELS, **options) is learner
        return state_of(learner), learner.predict(FEATURES, also=1), learner.score(FEATURES, LABELS)

    assert_same_outcome(call)


def test_fit_with_weights():
    X, y = simulated(N, 0.1, seed=1)
    weights = np.arange(N) + 1.0
    for given in (weights, pd.Series(weights, index=range(5, N + 5)), np.ones(3)):
        for options in ({}, {"label_issues": issue_frame(y)}):
            assert_same_outcome(
                lambda cls, _, given=given, options=options: state_of(
                    cls(cv_n_folds=2, n_boot=0).fit(X, y, sample_weight=given, **options)
                )
            )


DATA = {
    "frame": (pd.DataFrame(FEATURES), LABELS),
    "frame and series": (
        pd.DataFrame(FEATURES, index=range(100, 100 + N)),
        pd.Series(LABELS, index=range(100, 100 + N)),
    ),
    "frame of labels": (FEATURES, pd.DataFrame(LABELS)),
    "nullable labels": (FEATURES, pd.Series(LABELS).astype("Float64")),
    "float16": (FEATURES, LABELS.astype(np.float16)),
    # Refused.
    "short": (FEATURES, LABELS[:-1]),
    "no labels": (FEATURES, None),
    "no features": (None, LABELS),
    "text": (FEATURES, ["1"] * N),
    "bool": (FEATURES, LABELS > 0),
    "nan": (FEATURES, np.where(MASK, np.nan, LABELS)),
    "inf": (FEATURES, np.where(MASK, np.inf, LABELS)),
    "empty": (FEATURES[:0], LABELS[:0]),
    "two columns": (FEATURES, np.column_stack([LABELS, LABELS])),
}


@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
def test_kinds_of_data(data):
    X, y = data

    def fit(cls, model):
        return state_of(cls(model(), cv_n_folds=2, n_boot=1).fit(X, y))

    def epistemic(cls, model):
        return cls(model(), n_boot=2).get_epistemic_uncertainty(X, y)

    def aleatoric(cls, model):
        return cls(model(), cv_n_folds=2).get_aleatoric_uncertainty(X, y)

    for call in (fit, epistemic, aleatoric):
        assert_same_outcome(call)


@pytest.mark.parametrize(
    "options",
    [
        {"cv_n_folds": 1},
        {"cv_n_folds": 2.5},
        {"cv_n_folds": 100},
        {"n_boot": -1},
        {"n_boot": 1.5},
        {"seed": -1},
        {"seed": "a"},
        {"seed": 3},
        {"model": object()},
        {"model": LinearRegression},
    ],
    ids=str,
)
def test_constructor(options):
    X, y = simulated(N, 0.1, seed=3)
    assert_same_outcome(
        lambda cls, _: cls(**{"cv_n_folds": 2, "n_boot": 1, **options}).find_label_issues(X, y)
    )


def test_a_long_life():
    X, y = simulated(N, 0.1, seed=4)

    def call(cls, model):
        learner = cls(model(), cv_n_folds=2, n_boot=1, seed=1)
        results = [learner.get_label_issues(), learner.find_label_issues(X, y), state_of(learner)]
        learner.save_space()
        results.append(state_of(learner))
        learner.fit(X, y, label_issues=issue_frame(y))
        results += [state_of(learner), learner.get_epistemic_uncertainty(X, y, predictions=y)]
        learner.fit(X, y)
        return [*results, state_of(learner), sorted(learner.get_params())]

    assert_same_outcome(call)
