"""Out-of-sample probabilities by cross-validation; next to cleanlab's where that is installed."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from compare import assert_identical
from cupel import count

sklearn = pytest.importorskip("sklearn")

from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

Array = NDArray[Any]


def blobs(n: int = 120, k: int = 3, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % k
    X = rng.normal(size=(n, 2)) + 2 * np.eye(k, 2)[labels]
    labels[rng.random(n) < 0.1] = 0
    return X, labels


def rare_class() -> tuple[Array, Array]:
    """Class 2 has a single example: some training fold is without it."""
    X, labels = blobs(60, 2)
    labels[7] = 2
    return X, labels


FUNCTIONS = (
    "estimate_cv_predicted_probabilities",
    "estimate_confident_joint_and_cv_pred_proba",
    "estimate_py_noise_matrices_and_cv_pred_proba",
    "estimate_noise_matrices",
)


def parts(result: Any) -> list[Array]:
    return list(result) if isinstance(result, tuple) else [result]


def assert_as_cleanlab(function: str, *args: Any, **kwargs: Any) -> None:
    theirs_of = pytest.importorskip("cleanlab.count")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = parts(getattr(count, function)(*args, **kwargs))
        theirs = parts(getattr(theirs_of, function)(*args, **kwargs))
    assert len(ours) == len(theirs)
    for our, their in zip(ours, theirs, strict=True):
        assert our.dtype == their.dtype
        np.testing.assert_allclose(our, their, rtol=1e-10)


@pytest.mark.parametrize("function", FUNCTIONS)
class TestAsCleanlab:
    @pytest.mark.parametrize("seed", [0, 7])
    @pytest.mark.parametrize("n_folds", [2, 5])
    def test_folds_and_seed(self, function: str, n_folds: int, seed: int) -> None:
        assert_as_cleanlab(function, *blobs(), GaussianNB(), cv_n_folds=n_folds, seed=seed)

    def test_default_classifier(self, function: str) -> None:
        assert_as_cleanlab(function, *blobs(60), cv_n_folds=3, seed=1)

    def test_rare_class(self, function: str) -> None:
        assert_as_cleanlab(function, *rare_class(), KNeighborsClassifier(7), seed=0)

    def test_fit_arguments(self, function: str) -> None:
        X, labels = blobs()
        weights = {"sample_weight": np.linspace(0.1, 1, 96)}  # four of five folds
        assert_as_cleanlab(function, X, labels, GaussianNB(), seed=0, clf_kwargs=weights)

    def test_data_frame(self, function: str) -> None:
        pd = pytest.importorskip("pandas")
        X, labels = blobs()
        frame = pd.DataFrame(X, columns=["a", "b"], index=np.arange(1000, 1120))
        assert_as_cleanlab(function, frame, labels, GaussianNB(), seed=0)

    def test_sparse_matrix(self, function: str) -> None:
        sparse = pytest.importorskip("scipy.sparse")
        X, labels = blobs()
        assert_as_cleanlab(function, sparse.csr_matrix(X), labels, KNeighborsClassifier(5), seed=0)

    def test_no_arguments_are_shared(self, function: str) -> None:
        kwargs: dict[str, Any] = {}
        getattr(count, function)(*blobs(), GaussianNB(), seed=0, clf_kwargs=kwargs)
        assert kwargs == {}


def test_options_of_the_estimates() -> None:
    problem = *blobs(), GaussianNB()
    thresholds = np.array([0.5, 0.6, 0.7])
    name = "estimate_confident_joint_and_cv_pred_proba"
    for calibrate in (True, False):
        assert_as_cleanlab(name, *problem, thresholds=thresholds, calibrate=calibrate, seed=0)
    for py_method in ("cnt", "eqn", "marginal", "marginal_ps"):
        for converge in (True, False):
            assert_as_cleanlab(
                "estimate_py_noise_matrices_and_cv_pred_proba",
                *problem,
                py_method=py_method,
                converge_latent_estimates=converge,
                seed=0,
            )
            assert_as_cleanlab(
                "estimate_noise_matrices", *problem, converge_latent_estimates=converge, seed=0
            )


def test_the_parts_agree() -> None:
    X, labels = blobs()
    options: dict[str, Any] = {"clf": GaussianNB(), "seed": 3}
    probs = count.estimate_cv_predicted_probabilities(X, labels, **options)
    assert probs.shape == (120, 3)
    assert probs.dtype == np.float64
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    joint, same_probs = count.estimate_confident_joint_and_cv_pred_proba(X, labels, **options)
    assert_identical(same_probs, probs)
    assert_identical(joint, count.compute_confident_joint(labels, probs))
    py, noise, inverse, same_joint, same_probs = count.estimate_py_noise_matrices_and_cv_pred_proba(
        X, labels, **options
    )
    assert_identical(same_probs, probs)
    assert_identical(same_joint, joint)
    for ours, other in zip((py, noise, inverse), count.estimate_latent(joint, labels), strict=True):
        assert_identical(ours, other)
    options["converge_latent_estimates"] = False
    matrices = count.estimate_noise_matrices(X, labels, **options)
    assert_identical(matrices[0], noise)
    assert_identical(matrices[1], inverse)


def test_a_class_that_a_fold_lacks() -> None:
    X, labels = rare_class()
    with (
        pytest.warns(UserWarning, match="no example of class 2"),
        pytest.warns(UserWarning, match="least populated class"),
    ):
        probs = count.estimate_cv_predicted_probabilities(X, labels, GaussianNB(), seed=0)
    assert_identical(probs[7], np.array([0.0, 0.0, 1.0]))


def test_validation_function_sees_the_held_out_rows() -> None:
    X, labels = blobs()
    seen: list[Array] = []

    def more_arguments(held_out: Array, given: Array) -> dict[str, Any]:
        rows = np.array([np.flatnonzero((row == X).all(axis=1))[0] for row in held_out])
        assert_identical(labels[rows], given)
        seen.append(rows)
        return {"sample_weight": None}

    count.estimate_cv_predicted_probabilities(
        X, labels, GaussianNB(), seed=0, validation_func=more_arguments
    )
    assert_identical(np.sort(np.concatenate(seen)), np.arange(len(X)))


def test_the_classifier_is_cloned() -> None:
    model = GaussianNB()
    count.estimate_cv_predicted_probabilities(*blobs(), model, seed=0)
    assert not hasattr(model, "classes_")


def test_lists_are_features() -> None:
    X, labels = blobs()
    predict = count.estimate_cv_predicted_probabilities
    from_lists = predict(X.tolist(), labels.tolist(), GaussianNB(), seed=0)
    assert_identical(from_lists, predict(X, labels, GaussianNB(), seed=0))


def test_numbers_of_classes_have_no_gaps() -> None:
    X, labels = blobs()
    with pytest.raises(ValueError, match="labels has no example of class 1"):
        count.estimate_cv_predicted_probabilities(X, labels * 2)
    with pytest.raises(ValueError, match=r"labels\[0\] is -1"):
        count.estimate_cv_predicted_probabilities(X, labels - 1)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_scikit_learn(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sklearn", "sklearn.base", "sklearn.model_selection", "sklearn.linear_model"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r'pip install "cupel\[sklearn\]"'):
        getattr(count, function)(*blobs())


def test_default_is_logistic_regression() -> None:
    X, labels = blobs()
    assert_identical(
        count.estimate_cv_predicted_probabilities(X, labels, seed=0),
        count.estimate_cv_predicted_probabilities(X, labels, LogisticRegression(), seed=0),
    )
