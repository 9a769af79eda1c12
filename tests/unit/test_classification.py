"""CleanLearning: what it refuses, what it keeps, and that scikit-learn can work with it."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import numpy as np
import pytest

pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from classification_data import make_blobs, make_noise_matrix, probabilities_of
from cupel._errors import InvalidArgumentError
from cupel.classification import CleanLearning

X, LABELS = make_blobs(200, 3, 0)
OTHER_X, OTHER_LABELS = make_blobs(220, 3, 4)
PROBS = probabilities_of(X, LABELS)


def found(model: CleanLearning, *args: Any, **kwargs: Any) -> Any:
    return model.find_label_issues(*args, **kwargs)["is_label_issue"].to_numpy()


# ---- one object, several calls -----------------------------------------------------------------


def test_the_second_call_knows_nothing_of_the_first():
    model = CleanLearning(seed=0)
    model.find_label_issues(X, LABELS, noise_matrix=make_noise_matrix(3, 1))
    again = found(model, OTHER_X, OTHER_LABELS)
    fresh = CleanLearning(seed=0)
    np.testing.assert_array_equal(again, found(fresh, OTHER_X, OTHER_LABELS))
    np.testing.assert_array_equal(model.noise_matrix, fresh.noise_matrix)
    np.testing.assert_array_equal(model.confident_joint, fresh.confident_joint)


def test_other_numbers_of_classes_in_turn():
    model = CleanLearning(seed=0)
    model.fit(X, LABELS)
    model.fit(*make_blobs(150, 5, 0))
    assert model.num_classes == 5
    assert model.noise_matrix.shape == (5, 5)


def test_save_space_leaves_a_model_that_can_be_fitted_again():
    model = CleanLearning(seed=0).fit(X, LABELS)
    before = model.predict_proba(X)
    model.save_space()
    assert model.label_issues_df is None
    np.testing.assert_array_equal(model.predict_proba(X), before)
    np.testing.assert_array_equal(model.fit(X, LABELS).predict_proba(X), before)


def test_issues_that_are_not_there_yet():
    with pytest.warns(UserWarning, match="find_label_issues or fit"):
        assert CleanLearning().get_label_issues() is None


# ---- arguments stay as they are ----------------------------------------------------------------


def test_no_argument_is_changed():
    options = {"filter_by": "both"}
    known = make_noise_matrix(2, 0)
    features, labels = make_blobs(150, 2, 0)
    folds, last = {"sample_weight": None}, {"sample_weight": None}
    model = CleanLearning(seed=0, pulearning=0, find_label_issues_kwargs=options)
    copies = known.copy(), features.copy(), labels.copy()
    table = model.find_label_issues(
        features, labels, noise_matrix=known, inverse_noise_matrix=known
    )
    model.fit(features, labels, label_issues=table, clf_final_kwargs=last)
    assert "sample_weight" not in table.columns
    model.fit(features, labels, label_issues=table)
    assert "sample_weight" in model.label_issues_df.columns
    assert "sample_weight" not in table.columns
    with pytest.raises(ValueError, match="clf_final_kwargs"):
        model.fit(features, labels, clf_kwargs=folds)
    for array, copy in zip((known, features, labels), copies, strict=True):
        np.testing.assert_array_equal(array, copy)
    assert options == {"filter_by": "both"}
    assert model.find_label_issues_kwargs is options
    assert folds == last == {"sample_weight": None}


def test_a_mask_of_ones_and_zeros_in_a_table_is_a_mask():
    table = pd.DataFrame({"is_label_issue": (LABELS == 1).astype(int)})
    model = CleanLearning(LogisticRegression()).fit(X, LABELS, label_issues=table)
    assert model.clf.classes_.tolist() == [0, 2]


# ---- scikit-learn ------------------------------------------------------------------------------


def test_clone_and_parameters():
    model = CleanLearning(LogisticRegression(C=2), seed=1, find_label_issues_kwargs={"n_jobs": 1})
    model.find_label_issues(X, LABELS)
    copy = clone(model)
    assert copy.label_issues_df is None
    assert copy.get_params()["clf__C"] == 2
    assert copy.get_params()["find_label_issues_kwargs"] == {"n_jobs": 1}
    assert copy.set_params(clf__C=3, seed=4).clf.C == 3
    assert clone(CleanLearning()).get_params().keys() == CleanLearning().get_params().keys()


def test_pipeline_grid_search_and_scores():
    pipeline = make_pipeline(StandardScaler(), CleanLearning(seed=0)).fit(X, LABELS)
    assert pipeline.score(X, LABELS) > 0.6
    grid = {"clf__C": [0.1, 1], "find_label_issues_kwargs": [None, {"filter_by": "both"}]}
    search = GridSearchCV(CleanLearning(seed=0), grid, cv=3).fit(X, LABELS)
    assert search.best_estimator_.label_issues_df is not None
    assert cross_val_score(CleanLearning(seed=0), X, LABELS, cv=3).min() > 0.5


def test_pickle():
    model = CleanLearning(seed=0).fit(X, LABELS)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    pd.testing.assert_frame_equal(again.label_issues_df, model.label_issues_df)


def test_cleaning_helps():
    rng = np.random.default_rng(0)
    true = rng.integers(0, 2, 400)
    features = rng.normal(size=(400, 2)) + 3 * true[:, np.newaxis]
    labels = np.where((true == 1) & (rng.random(400) < 0.35), 0, true)
    plain = LogisticRegression().fit(features, labels).score(features, true)
    assert CleanLearning(seed=0).fit(features, labels).score(features, true) > plain


def test_lists():
    """cleanlab takes no lists of features; this does."""
    words = ["good film", "bad thing"] * 30
    clf = make_pipeline(CountVectorizer(), LogisticRegression())
    model = CleanLearning(clf, seed=0).fit(words, [0, 1] * 30)
    assert model.predict(["good film", "bad thing"]).tolist() == [0, 1]


# ---- refusals ----------------------------------------------------------------------------------


class NoProbabilities:
    def fit(self): ...
    def predict(self): ...


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: CleanLearning(NoProbabilities()), ValueError, "predict_proba is missing"),
        (lambda: CleanLearning().fit(X), ValueError, "none is given"),
        (lambda: CleanLearning().fit(X, LABELS, y=LABELS), ValueError, "not both"),
        (lambda: CleanLearning().find_label_issues(X), TypeError, "got None"),
        (lambda: CleanLearning().find_label_issues(labels=LABELS), ValueError, "X is needed"),
        (lambda: CleanLearning().find_label_issues(X, LABELS * 0), ValueError, "all 0"),
        (lambda: CleanLearning().find_label_issues(X, LABELS - 1), ValueError, r"is -1"),
        (lambda: CleanLearning().find_label_issues(X, 2 * LABELS), ValueError, "class 1"),
        (lambda: CleanLearning().find_label_issues(X[:9], LABELS[:9]), ValueError, "cv_n_folds=5"),
        (lambda: CleanLearning().find_label_issues(X[:9], LABELS), ValueError, "9 rows"),
        (
            lambda: CleanLearning().find_label_issues(X, LABELS, noise_matrix=np.eye(3) / 4),
            ValueError,
            "over 1, got 0.75",
        ),
        (
            lambda: CleanLearning().find_label_issues(
                labels=LABELS, pred_probs=PROBS, inverse_noise_matrix=np.eye(4)
            ),
            ValueError,
            "k = 3",
        ),
        (
            lambda: CleanLearning(
                find_label_issues_kwargs={"filter_by": "nothing"}
            ).find_label_issues(labels=LABELS, pred_probs=PROBS),
            InvalidArgumentError,
            "filter_by",
        ),
        (
            lambda: CleanLearning(pulearning=2).find_label_issues(*make_blobs(90, 2, 0)),
            IndexError,
            "pulearning",
        ),
        (lambda: CleanLearning().fit(X, LABELS, label_issues=[3]), ValueError, "got list"),
        (
            lambda: CleanLearning().fit(X, LABELS, label_issues=np.array([0, 200])),
            IndexError,
            r"\[1\] is 200",
        ),
    ],
)
def test_refusals(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_low_memory_says_what_it_does_not_use():
    pytest.importorskip("cupel.experimental.label_issues_batched")
    model = CleanLearning(low_memory=True, find_label_issues_kwargs={"n_jobs": 1})
    with pytest.warns(UserWarning, match="not used with low_memory") as caught:
        model.find_label_issues(labels=LABELS, pred_probs=PROBS, thresholds=[0.5] * 3)
    assert [str(w.message).split()[0] for w in caught] == ["find_label_issues_kwargs", "thresholds"]
    assert model.noise_matrix is None


def test_verbose(capsys):
    CleanLearning(seed=0).fit(X, LABELS).save_space()
    assert capsys.readouterr().out == ""
    model = CleanLearning(seed=0, verbose=True)
    table = model.find_label_issues(X, LABELS, save_space=True)
    assert f"{table['is_label_issue'].sum()} of 200" in capsys.readouterr().out
    model.fit(X, LABELS, label_issues=table).save_space()
    assert "get_label_issues()" in capsys.readouterr().out


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    monkeypatch.delitem(sys.modules, "cupel.classification")
    with pytest.raises(ImportError, match=r"cupel\[sklearn\]"):
        import cupel.classification  # noqa: F401 - the import is what is tested
