"""Out-of-sample probabilities by cross-validation, and the estimates made from them.

Needs scikit-learn (``pip install "cupel[sklearn]"``), imported when a function is called.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel._joint import confident_joint_of, latent_of
from cupel._problem import Problem
from cupel._validate import as_labels

__all__ = [
    "check_same_length",
    "estimate_confident_joint_and_cv_pred_proba",
    "estimate_cv_predicted_probabilities",
    "estimate_noise_matrices",
    "estimate_py_noise_matrices_and_cv_pred_proba",
    "rows_of",
]

_ValidationFunc = Callable[[Any, NDArray[np.int64]], Mapping[str, Any]]


def estimate_cv_predicted_probabilities(
    X: Any,
    labels: Any,
    clf: Any = None,
    *,
    cv_n_folds: int = 5,
    seed: int | None = None,
    clf_kwargs: Mapping[str, Any] | None = None,
    validation_func: _ValidationFunc | None = None,
) -> NDArray[np.float64]:
    """Out-of-sample probabilities of every example, by stratified cross-validation.

    Parameters
    ----------
    X : array_like, sparse matrix, DataFrame or torch Dataset, length n
        Features.
    labels : array_like of int, shape (n,)
        Given class of each example, in ``[0, k)``, each class at least once.
    clf : scikit-learn classifier, optional
        Cloned for every fold; logistic regression if None.
    cv_n_folds : int, default 5
        Number of folds.
    seed : int, optional
        Seed of the shuffle.
    clf_kwargs : mapping, optional
        Passed to ``clf.fit``.
    validation_func : callable, optional
        Called with a fold's held-out features and labels, returns more arguments for ``clf.fit``.

    Returns
    -------
    ndarray of float64, shape (n, k)
        Probabilities, each row predicted by a model that has not seen it.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    TypeError, ValueError
        If an argument is of a wrong kind or value.

    Warns
    -----
    UserWarning
        If a class is so rare that a fold's training part lacks it: one of its held-out examples is
        then trained on, and its row is the one-hot of its label.

    Examples
    --------
    >>> import numpy as np
    >>> import cupel
    >>> X, labels = np.array([[0.0], [0.1], [0.9], [1.0]] * 5), np.array([0, 0, 1, 1] * 5)
    >>> probs = cupel.count.estimate_cv_predicted_probabilities(X, labels, seed=0)
    >>> bool((probs.argmax(axis=1) == labels).all())
    True
    """
    clone, folds = _sklearn_folds(cv_n_folds, seed)
    given = _class_labels(labels)
    check_same_length(X, given)
    n_classes = int(given.max()) + 1
    model = _logistic_regression() if clf is None else clf
    pred_probs = np.zeros((len(given), n_classes))
    for train, held_out in folds.split(given, given):
        absent, borrowed = _absent_classes(given, train, held_out, n_classes)
        if absent.size:
            msg = (
                f"a training fold has no example of class {', '.join(map(str, absent))}; one "
                "held-out example of each is trained on. Use fewer folds, or more data"
            )
            warnings.warn(msg, UserWarning, stacklevel=2)
            train = np.concatenate([train, borrowed])
        fit_kwargs = dict(clf_kwargs or {})
        held_out_X = rows_of(X, held_out)
        if validation_func is not None:
            fit_kwargs.update(validation_func(held_out_X, given[held_out]))
        fold_model = clone(model)
        fold_model.fit(rows_of(X, train), given[train], **fit_kwargs)
        pred_probs[held_out] = fold_model.predict_proba(held_out_X)
        pred_probs[borrowed] = np.eye(n_classes)[absent]
    return pred_probs


def estimate_confident_joint_and_cv_pred_proba(
    X: Any,
    labels: Any,
    clf: Any = None,
    *,
    cv_n_folds: int = 5,
    thresholds: ArrayLike | None = None,
    seed: int | None = None,
    calibrate: bool = True,
    clf_kwargs: Mapping[str, Any] | None = None,
    validation_func: _ValidationFunc | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Confident joint and out-of-sample probabilities, by cross-validation.

    Parameters
    ----------
    X, labels, clf, cv_n_folds, seed, clf_kwargs, validation_func
        As in `estimate_cv_predicted_probabilities`.
    thresholds, calibrate
        As in `compute_confident_joint`.

    Returns
    -------
    confident_joint : ndarray of int64, shape (k, k)
        Rows are given labels, columns true ones.
    pred_probs : ndarray of float64, shape (n, k)
        Out-of-sample probabilities.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    TypeError, ValueError
        If an argument is of a wrong kind or value.

    Examples
    --------
    >>> import numpy as np
    >>> import cupel
    >>> X, labels = np.array([[0.0], [0.1], [0.9], [1.0]] * 5), np.array([0, 0, 1, 1] * 5)
    >>> joint, _ = cupel.count.estimate_confident_joint_and_cv_pred_proba(X, labels, seed=0)
    >>> joint
    array([[10,  0],
           [ 0, 10]])
    """
    pred_probs = estimate_cv_predicted_probabilities(
        X,
        labels,
        clf,
        cv_n_folds=cv_n_folds,
        seed=seed,
        clf_kwargs=clf_kwargs,
        validation_func=validation_func,
    )
    problem = Problem.load(_class_labels(labels), pred_probs)
    counted = confident_joint_of(
        problem, thresholds=thresholds, calibrate=calibrate, collision="argmax"
    )
    return counted.joint, pred_probs


def estimate_py_noise_matrices_and_cv_pred_proba(
    X: Any,
    labels: Any,
    clf: Any = None,
    *,
    cv_n_folds: int = 5,
    thresholds: ArrayLike | None = None,
    converge_latent_estimates: bool = False,
    py_method: str = "cnt",
    seed: int | None = None,
    clf_kwargs: Mapping[str, Any] | None = None,
    validation_func: _ValidationFunc | None = None,
) -> tuple[
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.int64],
    NDArray[np.float64],
]:
    """Prior of the true labels, noise matrices, joint and probabilities, by cross-validation.

    Parameters
    ----------
    X, labels, clf, cv_n_folds, seed, clf_kwargs, validation_func
        As in `estimate_cv_predicted_probabilities`.
    thresholds
        As in `compute_confident_joint`.
    converge_latent_estimates, py_method
        As in `estimate_latent`.

    Returns
    -------
    py, noise_matrix, inverse_noise_matrix : ndarray of float64
        As from `estimate_latent`.
    confident_joint : ndarray of int64, shape (k, k)
        As from `compute_confident_joint`.
    pred_probs : ndarray of float64, shape (n, k)
        Out-of-sample probabilities.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    TypeError, ValueError
        If an argument is of a wrong kind or value.

    Examples
    --------
    >>> import numpy as np
    >>> import cupel
    >>> X, labels = np.array([[0.0], [0.1], [0.9], [1.0]] * 5), np.array([0, 0, 1, 1] * 5)
    >>> py, *_ = cupel.count.estimate_py_noise_matrices_and_cv_pred_proba(X, labels, seed=0)
    >>> py
    array([0.5, 0.5])
    """
    joint, pred_probs = estimate_confident_joint_and_cv_pred_proba(
        X,
        labels,
        clf,
        cv_n_folds=cv_n_folds,
        thresholds=thresholds,
        seed=seed,
        clf_kwargs=clf_kwargs,
        validation_func=validation_func,
    )
    counts = np.bincount(_class_labels(labels), minlength=len(joint))
    latent = latent_of(joint, counts, py_method, converge_latent_estimates)
    return *latent, joint, pred_probs


def estimate_noise_matrices(
    X: Any,
    labels: Any,
    clf: Any = None,
    *,
    cv_n_folds: int = 5,
    thresholds: ArrayLike | None = None,
    converge_latent_estimates: bool = True,
    seed: int | None = None,
    clf_kwargs: Mapping[str, Any] | None = None,
    validation_func: _ValidationFunc | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Noise matrix and inverse noise matrix, by cross-validation.

    Parameters
    ----------
    X, labels, clf, cv_n_folds, thresholds, converge_latent_estimates, seed, clf_kwargs, \
            validation_func
        As in `estimate_py_noise_matrices_and_cv_pred_proba`.

    Returns
    -------
    noise_matrix, inverse_noise_matrix : ndarray of float64, shape (k, k)
        As from `estimate_latent`.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    TypeError, ValueError
        If an argument is of a wrong kind or value.

    Examples
    --------
    >>> import numpy as np
    >>> import cupel
    >>> X, labels = np.array([[0.0], [0.1], [0.9], [1.0]] * 5), np.array([0, 0, 1, 1] * 5)
    >>> cupel.count.estimate_noise_matrices(X, labels, seed=0)[0]
    array([[1., 0.],
           [0., 1.]])
    """
    estimates = estimate_py_noise_matrices_and_cv_pred_proba(
        X,
        labels,
        clf,
        cv_n_folds=cv_n_folds,
        thresholds=thresholds,
        converge_latent_estimates=converge_latent_estimates,
        seed=seed,
        clf_kwargs=clf_kwargs,
        validation_func=validation_func,
    )
    return estimates[1], estimates[2]


def _sklearn_folds(cv_n_folds: int, seed: int | None) -> tuple[Any, Any]:
    try:
        from sklearn.base import clone
        from sklearn.model_selection import StratifiedKFold
    except ImportError as error:
        msg = 'cross-validation needs scikit-learn: pip install "cupel[sklearn]"'
        raise ImportError(msg) from error
    return clone, StratifiedKFold(n_splits=cv_n_folds, shuffle=True, random_state=seed)


def _logistic_regression() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression()


def classes_from_0(labels: Any) -> NDArray[np.int64]:
    """Labels as int64, none below 0."""
    given = as_labels(labels, None).astype(np.int64)
    if given.min() < 0:
        row = int(given.argmin())
        msg = f"labels[{row}] is {given[row]}, expected classes from 0 on"
        raise ValueError(msg)
    return given


def _class_labels(labels: Any) -> NDArray[np.int64]:
    """Labels as int64, with every class up to the highest present."""
    given = classes_from_0(labels)
    absent = np.flatnonzero(np.bincount(given) == 0) if given.max() < len(given) else [given.max()]
    if len(absent):
        msg = f"labels has no example of class {absent[0]}; number the classes without gaps"
        raise ValueError(msg)
    return given


def check_same_length(X: Any, given: NDArray[Any]) -> None:
    """Refuse features that do not have one row per label."""
    if not hasattr(X, "__len__") and not hasattr(X, "shape"):
        msg = f"X must hold one row of features per label, got {type(X).__name__}"
        raise TypeError(msg)
    rows = X.shape[0] if hasattr(X, "shape") else len(X)
    if rows != len(given):
        msg = f"X has {rows} rows, labels has {len(given)}; they must describe the same rows"
        raise ValueError(msg)


def _absent_classes(
    given: NDArray[np.int64],
    train: NDArray[np.int64],
    held_out: NDArray[np.int64],
    n_classes: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Classes the training part lacks, and the first held-out row of each."""
    absent = np.flatnonzero(np.bincount(given[train], minlength=n_classes) == 0)
    rows = [held_out[(given[held_out] == k).argmax()] for k in absent]
    return absent, np.array(rows, dtype=np.int64)


def rows_of(X: Any, rows: NDArray[np.int64]) -> Any:
    """Return rows of an array, frame, sparse matrix, list or torch Dataset."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(X, torch.utils.data.Dataset):
        return torch.utils.data.Subset(X, rows)
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if hasattr(X, "__array__") or hasattr(X, "tocsr"):
        return (X.tocsr() if hasattr(X, "tocsr") else X)[rows]
    return np.asarray(X)[rows]
