"""cupel.regression: what it refuses and how it says so, options, and what it leaves alone."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest

import cupel
from cupel import _core
from cupel.regression.rank import get_label_quality_scores

LABELS = np.array([1.0, 2.0, 9.0, 4.0, 5.0])
PREDICTIONS = np.array([1.1, 2.0, 3.0, 4.1, 5.0])


def learner(**options):
    pytest.importorskip("pandas")
    pytest.importorskip("sklearn")
    from cupel.regression.learn import CleanLearning

    return CleanLearning(**options)


def simulated(n=40):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 2))
    y = X @ [1.0, 2.0] + 0.1 * rng.normal(size=n)
    y[3] += 10
    return X, y


# ---- scores ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["outre", "residual"])
@pytest.mark.parametrize(
    ("labels", "predictions", "kinds", "message"),
    [
        (LABELS, PREDICTIONS[:-1], (ValueError, AssertionError), "labels has 5 values.* has 4"),
        ([], [], ValueError, "labels is empty"),
        (LABELS, [1, 2, np.nan, 4, 5], ValueError, r"predictions\[2\] is nan"),
        (["1"] * 5, PREDICTIONS, (TypeError, ValueError), "labels must hold"),
        (LABELS > 2, PREDICTIONS, (TypeError, ValueError), "labels must hold numbers"),
        (LABELS * 1j, PREDICTIONS, (TypeError, ValueError), "labels must hold"),
        (None, PREDICTIONS, (TypeError, ValueError), "labels must be a vector"),
        (np.ones((5, 2)), PREDICTIONS, ValueError, r"labels must have shape \(n,\)"),
        (np.ma.masked_array(LABELS), PREDICTIONS, TypeError, "masked"),
    ],
)
def test_refuses(labels, predictions, kinds, message, method):
    for kind in kinds if isinstance(kinds, tuple) else (kinds,):
        with pytest.raises(kind, match=message):
            get_label_quality_scores(labels, predictions, method=method)


def test_refuses_methods_and_threads():
    with pytest.raises(ValueError, match=r"method must be one of.*did you mean 'outre'"):
        get_label_quality_scores(LABELS, PREDICTIONS, method="outr")
    with pytest.raises(ValueError, match="n_jobs"):
        get_label_quality_scores(LABELS, PREDICTIONS, n_jobs=0)


def test_infinities():
    infinite = np.where(LABELS == 9, np.inf, LABELS)
    with pytest.raises(ValueError, match=r"labels\[2\] is inf"):
        get_label_quality_scores(infinite, PREDICTIONS)
    assert get_label_quality_scores(infinite, PREDICTIONS, method="residual")[2] == 0


@pytest.mark.parametrize("largest", [1e300, 1e308])
def test_what_is_too_large_for_a_standard_deviation(largest):
    """cleanlab gives every example the score 1, or fails in its search of neighbours."""
    huge = np.where(LABELS == 9, largest, LABELS)
    with pytest.raises(ValueError, match=r"labels has the size 1e\+30"):
        get_label_quality_scores(huge, huge)
    with pytest.raises(ValueError, match=r"predictions - labels has the size"):
        get_label_quality_scores(LABELS, huge)


def test_one_label():
    """cleanlab refuses a single example."""
    assert get_label_quality_scores([2.0], [3.0]).tolist() == [1.0]
    assert get_label_quality_scores([2.0], [3.0], method="residual").round(4).tolist() == [0.3679]


def test_integers_do_not_overflow():
    small = np.array([0, 200, 100], dtype=np.uint8)
    expected = np.exp(-np.abs(small[::-1].astype(float) - small))
    scores = get_label_quality_scores(small, small[::-1], method="residual")
    np.testing.assert_array_equal(scores, expected)


def test_arguments_are_not_changed():
    labels, predictions = LABELS.copy(), PREDICTIONS.copy()
    get_label_quality_scores(labels, predictions)
    np.testing.assert_array_equal(labels, LABELS)
    np.testing.assert_array_equal(predictions, PREDICTIONS)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.int64])
def test_dtypes(dtype):
    labels = LABELS.astype(dtype)
    outre = get_label_quality_scores(labels, PREDICTIONS.astype(dtype))
    assert outre.dtype == (np.float32 if dtype == np.float32 else np.float64)
    residual = get_label_quality_scores(labels, PREDICTIONS.astype(dtype), method="residual")
    assert residual.dtype == (dtype if np.dtype(dtype).kind == "f" else np.float64)


def test_the_core_checks_its_arguments():
    points = np.zeros(3)
    for k in (0, 4):
        with pytest.raises(ValueError, match="k must be"):
            _core.mean_nearest_distances(points, points, k, 1)
    with pytest.raises(ValueError, match="same length"):
        _core.mean_nearest_distances(points, points[:-1], 1, 1)
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="point 1 is not finite"):
            _core.mean_nearest_distances(np.array([0.0, bad, 0.0]), points, 1, 1)


# ---- CleanLearning -----------------------------------------------------------------------------


def test_is_imported_when_it_is_used():
    code = (
        "import sys, cupel.regression; assert 'sklearn' not in sys.modules;"
        "sys.modules['sklearn'] = sys.modules['sklearn.base'] = None\n"
        "try: cupel.regression.learn\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert 'pip install "cupel[sklearn]"' in done.stdout
    assert "learn" in dir(cupel.regression)
    with pytest.raises(AttributeError, match="nonsense"):
        cupel.regression.nonsense  # noqa: B018


def test_messages_name_the_argument():
    X, y = simulated()
    model = learner()
    for arguments, message in (
        ({"y": y[:-1]}, "X has 40 rows, y has 39 values"),
        ({"y": np.where(y > 9, np.nan, y)}, r"y\[3\] is nan"),
        ({"uncertainty": np.ones(3)}, "uncertainty has 3 values, y has 40"),
        ({"uncertainty": np.full(40, np.nan)}, r"uncertainty\[0\] is nan"),
        ({"coarse_search_range": []}, "coarse_search_range is empty"),
        ({"coarse_search_range": [-0.1, 0.1]}, "coarse_search_range has -0.1"),
        ({"coarse_search_range": [0.99]}, "0 examples are too few for 5 folds"),
        ({"fine_search_size": -1}, "fine_search_size must be at least 0"),
    ):
        with pytest.raises(ValueError, match=message):
            model.find_label_issues(**{"X": X, "y": y, **arguments})
    for label_issues, message in (
        (np.arange(3), "numpy.isin"),
        ([True] * 40, "label_issues must be a DataFrame"),
        (np.zeros(3, dtype=bool), "label_issues has shape"),
    ):
        with pytest.raises(ValueError, match=message):
            model.fit(X, y, label_issues=label_issues)
    with pytest.raises(ValueError, match="sample_weight has 3 values, y has 40"):
        model.fit(X, y, sample_weight=np.ones(3))
    with pytest.raises(ValueError, match="cv_n_folds must be at least 2"):
        learner(cv_n_folds=1)
    with pytest.raises(ValueError, match="object has none"):
        learner(model=object())


def test_lists_will_do():
    """cleanlab fails on some of them."""
    X, y = simulated()
    expected = learner(seed=0).fit(X, y)
    found = learner(seed=0).fit(X.tolist(), y.tolist())
    np.testing.assert_array_equal(found.label_issues_df, expected.label_issues_df)
    weighted = learner(seed=0).fit(X, y, sample_weight=[1.0] * 40)
    np.testing.assert_allclose(weighted.predict(X), expected.predict(X))


def test_sparse_features():
    sparse = pytest.importorskip("scipy.sparse")
    X, y = simulated()
    expected = learner(seed=0).fit(X, y).label_issues_df
    for convert in (sparse.csr_matrix, sparse.csc_matrix):
        found = learner(seed=0).fit(convert(X), y).label_issues_df
        np.testing.assert_allclose(found.to_numpy(float), expected.to_numpy(float), atol=1e-6)


def test_says_what_it_does_if_asked(capsys):
    X, y = simulated()
    learner(seed=0).fit(X, y)
    assert capsys.readouterr().out == ""
    model = learner(seed=0, verbose=True).fit(X, y)
    count = int(model.label_issues_mask.sum())
    model.save_space()
    said = capsys.readouterr().out
    assert f"Pruning {count} examples with label issues ..." in said
    assert f"{40 - count} examples remain." in said
    assert said.endswith("Label issues were deleted.\n")


def test_save_space():
    X, y = simulated()
    model = learner(seed=0)
    issues = model.find_label_issues(X, y)
    assert model.get_label_issues() is issues
    assert model.label_issues_mask.tolist() == issues["is_label_issue"].tolist()
    model.save_space()
    with pytest.warns(UserWarning, match="find_label_issues"):
        assert model.get_label_issues() is None


def test_a_seed_is_used_once():
    X, y = simulated()
    first = [learner(seed=0).find_label_issues(X, y) for _ in range(2)]
    np.testing.assert_array_equal(*first)
    model = learner(seed=0)
    again = [model.find_label_issues(X, y)["label_quality"] for _ in range(2)]
    assert (again[0] != again[1]).any()


def test_nothing_is_changed():
    X, y = simulated()
    mask = y > 9
    X_before, y_before, kwargs = X.copy(), y.copy(), {"coarse_search_range": [0.2, 0.1]}
    model = learner(seed=0)
    model.fit(X, y, find_label_issues_kwargs=kwargs, model_kwargs={}, model_final_kwargs={})
    frame = model.get_label_issues()
    before = frame.copy()
    model.fit(X, y, label_issues=frame)
    model.fit(X, y, label_issues=mask)
    assert kwargs == {"coarse_search_range": [0.2, 0.1]}
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)
    assert before.equals(frame)


def test_is_an_estimator():
    base = pytest.importorskip("sklearn.base")
    X, y = simulated()
    copy = base.clone(learner(cv_n_folds=3, n_boot=1))
    assert copy.get_params(deep=False)["cv_n_folds"] == 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert copy.fit(X, y).score(X, y) > 0.5
