"""How labels were confused: class thresholds, the confident joint, noise matrices, issue counts.

The functions of cleanlab 2.9.0's module of this name, with its signatures, defaults and results.
All take three more keyword arguments where they make sense: `classes` (names in the order of
pred_probs' columns, so that labels may be strings), `nan` (``"drop"`` leaves rows with a nan or an
infinity out) and `n_jobs` (threads; results never depend on it). Counting functions also take
`collision`: ``"argmax"`` is cleanlab's rule for rows that reach several thresholds, ``"confident"``
the paper's.

Equations refer to Northcutt, Jiang, Chuang (2021), "Confident Learning", JAIR 70.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel._crossval import (
    estimate_confident_joint_and_cv_pred_proba,
    estimate_cv_predicted_probabilities,
    estimate_noise_matrices,
    estimate_py_noise_matrices_and_cv_pred_proba,
)
from cupel._joint import (
    calibrated,
    confident_joint_of,
    label_counts_of,
    latent_of,
    thresholds_of,
)
from cupel._problem import Problem
from cupel._validate import as_choice, as_multilabels, as_square

__all__ = [
    "calibrate_confident_joint",
    "compute_confident_joint",
    "estimate_confident_joint_and_cv_pred_proba",
    "estimate_cv_predicted_probabilities",
    "estimate_joint",
    "estimate_latent",
    "estimate_noise_matrices",
    "estimate_py_and_noise_matrices_from_probabilities",
    "estimate_py_noise_matrices_and_cv_pred_proba",
    "get_confident_thresholds",
    "num_label_issues",
]

_ESTIMATION_METHODS = ("off_diagonal", "off_diagonal_calibrated", "off_diagonal_custom")


def get_confident_thresholds(
    labels: Any,
    pred_probs: Any,
    multi_label: bool = False,
    *,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
) -> NDArray[Any]:
    r"""Mean self-confidence of each class: above it, an example counts as confidently of the class.

    .. math:: t_k = \frac{1}{|\{i: \tilde y_i = k\}|} \sum_{i: \tilde y_i = k} \hat p_{ik}

    Parameters
    ----------
    labels : array_like of int or str, shape (n,)
        Given class of each example; a list of lists if `multi_label`.
    pred_probs : array_like of float, shape (n, k)
        Out-of-sample probabilities. float16, float32 and float64 are read in place.
    multi_label : bool, default False
        Treat each class as a problem of its own.
    classes : sequence, optional
        Class names in the order of the columns of `pred_probs`, if labels are names.
    nan : {"raise", "drop"}
        What to do with rows that hold a nan or an infinity.
    n_jobs : int, optional
        Threads to use; -1 for all. The result does not depend on it.

    Returns
    -------
    ndarray, shape (k,) or (k, 2)
        Thresholds, within 1 ulp of the exact mean, in the dtype of `pred_probs`; float64 if a class
        has no examples (its threshold is then 2). At least 2e-6.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n k) time, O(k) memory. Northcutt et al. (2021), eq. 2.

    Examples
    --------
    >>> import cupel
    >>> cupel.count.get_confident_thresholds([0, 0, 1], [[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]])
    array([0.7, 0.9])
    """
    problem = Problem.load(
        labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs, multi_label=multi_label
    )
    if multi_label:
        return np.array(
            [thresholds_of(binary).values for binary in problem.one_vs_rest()], dtype=np.float64
        )
    found = thresholds_of(problem)
    if found.of_matrix_type:
        return found.values.astype(problem.pred_probs.dtype)
    return found.values


def compute_confident_joint(
    labels: Any,
    pred_probs: Any,
    *,
    thresholds: ArrayLike | None = None,
    calibrate: bool = True,
    multi_label: bool = False,
    return_indices_of_off_diagonals: bool = False,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
    collision: str = "argmax",
) -> Any:
    r"""Count the examples by (given label, confidently true label).

    Parameters
    ----------
    labels : array_like of int or str, shape (n,)
        Given class of each example; a list of lists if `multi_label`.
    pred_probs : array_like of float, shape (n, k)
        Out-of-sample probabilities, read in place.
    thresholds : array_like of float, shape (k,), optional
        Used instead of the classes' mean self-confidences.
    calibrate : bool, default True
        Scale each row to the number of examples with that given label, see
        `calibrate_confident_joint`.
    multi_label : bool, default False
        Treat each class as a problem of its own.
    return_indices_of_off_diagonals : bool, default False
        Also return which examples lie off the diagonal.
    classes, nan, n_jobs
        As in `get_confident_thresholds`.
    collision : {"argmax", "confident"}
        Class of an example that reaches several thresholds: its argmax over all classes, as in
        cleanlab 2.9.0, or over those whose threshold it reaches, as in the paper.

    Returns
    -------
    ndarray of int64, shape (k, k) or (k, 2, 2)
        Rows are given labels, columns true ones.
    ndarray of int64, or list of k such arrays
        Ascending row numbers, only if `return_indices_of_off_diagonals`.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    Two reads of the matrix, O(n k) time, O(n + k^2) memory. The diagonal is at least 1 before
    calibration. Northcutt et al. (2021), eq. 1.

    Examples
    --------
    >>> import cupel
    >>> probs = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]
    >>> cupel.count.compute_confident_joint([0, 0, 0, 1, 1], probs)
    array([[2, 1],
           [0, 2]])
    """
    problem = Problem.load(
        labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs, multi_label=multi_label
    )
    options: dict[str, Any] = {
        "thresholds": thresholds,
        "calibrate": calibrate,
        "collision": collision,
    }
    if multi_label:
        found = [confident_joint_of(b, **options) for b in problem.one_vs_rest()]
        joint = np.array([f.joint for f in found])
    else:
        found = [confident_joint_of(problem, **options)]
        joint = found[0].joint
    if not return_indices_of_off_diagonals:
        return joint
    rows = [problem.original_rows(np.flatnonzero(f.off_diagonal())) for f in found]
    return joint, rows if multi_label else rows[0]


def calibrate_confident_joint(
    confident_joint: ArrayLike,
    labels: Any,
    *,
    multi_label: bool = False,
    classes: Sequence[Any] | None = None,
) -> NDArray[np.int64]:
    r"""Scale a confident joint so that each row sums to the number of examples with its label.

    .. math:: \tilde C_{ab} = \frac{C_{ab}}{\sum_b C_{ab}} \cdot |\{i : \tilde y_i = a\}|

    Parameters
    ----------
    confident_joint : array_like, shape (k, k) or (k, 2, 2)
        Counts of (given label, true label).
    labels : array_like of int or str, shape (n,)
        Given class of each example; a list of lists if `multi_label`.
    multi_label : bool, default False
        Treat each class as a problem of its own.
    classes : sequence, optional
        Class names in the order of the rows, if labels are names.

    Returns
    -------
    ndarray of int64, shape of `confident_joint`
        Rounded so that the sums of rows are kept.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value.

    Notes
    -----
    O(n + k^2). Of entries that rounding moved equally far, the last are raised and the first
    lowered. Northcutt et al. (2021), eq. 3.

    Examples
    --------
    >>> import cupel
    >>> cupel.count.calibrate_confident_joint([[1, 1], [0, 2]], [0, 0, 0, 0, 1, 1])
    array([[2, 2],
           [0, 2]])
    """
    joint = as_square(confident_joint, name="confident_joint", multi_label=multi_label)
    n_classes = len(joint)
    if multi_label:
        given = as_multilabels(labels, None, n_classes, classes=classes)
        ones = given.sum(axis=0, dtype=np.int64)
        counts = np.stack([len(given) - ones, ones], axis=1)
        return np.array([calibrated(c, n) for c, n in zip(joint, counts, strict=True)])
    return calibrated(joint, label_counts_of(labels, n_classes, classes))


def estimate_joint(
    labels: Any,
    pred_probs: Any,
    *,
    confident_joint: ArrayLike | None = None,
    multi_label: bool = False,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
    collision: str = "argmax",
) -> NDArray[np.float64]:
    r"""Joint distribution of given and true labels.

    Parameters
    ----------
    labels, pred_probs, multi_label, classes, nan, n_jobs, collision
        As in `compute_confident_joint`.
    confident_joint : array_like, shape (k, k) or (k, 2, 2), optional
        Calibrated and used instead of the one that would be counted; `labels` may then be None to
        use it as it is.

    Returns
    -------
    ndarray of float64, shape (k, k) or (k, 2, 2)
        Sums to 1 (each class's, if `multi_label`); row sums are the shares of the given labels.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n k) time. Northcutt et al. (2021), eq. 3.

    Examples
    --------
    >>> import cupel
    >>> probs = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]
    >>> cupel.count.estimate_joint([0, 0, 0, 1, 1], probs)
    array([[0.4, 0.2],
           [0. , 0.4]])
    """
    if confident_joint is None:
        joint = compute_confident_joint(
            labels,
            pred_probs,
            multi_label=multi_label,
            classes=classes,
            nan=nan,
            n_jobs=n_jobs,
            collision=collision,
        )
    elif labels is None:
        joint = as_square(confident_joint, name="confident_joint", multi_label=multi_label)
    else:
        joint = calibrate_confident_joint(
            confident_joint, labels, multi_label=multi_label, classes=classes
        )
    total = joint.sum(axis=(-2, -1), keepdims=True)
    return np.asarray(joint / np.maximum(total, 1e-100), dtype=np.float64)


def num_label_issues(
    labels: Any,
    pred_probs: Any,
    *,
    confident_joint: ArrayLike | None = None,
    estimation_method: str = "off_diagonal",
    multi_label: bool = False,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
    collision: str = "argmax",
) -> np.int64:
    """Estimate how many labels are wrong.

    Parameters
    ----------
    labels, pred_probs, multi_label, classes, nan, n_jobs, collision
        As in `compute_confident_joint`.
    confident_joint : array_like, shape (k, k), optional
        Only for ``"off_diagonal_custom"``.
    estimation_method : {"off_diagonal", "off_diagonal_calibrated", "off_diagonal_custom"}
        Count the examples off the diagonal of the confident joint whose prediction is not their
        label; or take the share off the diagonal of the estimated joint, or of the given one.

    Returns
    -------
    numpy.int64
        Estimated number of wrong labels.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Warns
    -----
    UserWarning
        If `confident_joint` is given and the method does not use it.

    Notes
    -----
    O(n k) time. Northcutt et al. (2021), section 3.2.

    Examples
    --------
    >>> import cupel
    >>> probs = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]
    >>> int(cupel.count.num_label_issues([0, 0, 0, 1, 1], probs))
    1
    """
    method = as_choice(estimation_method, _ESTIMATION_METHODS, name="estimation_method")
    custom = method == "off_diagonal_custom"
    if custom and confident_joint is None:
        msg = "estimation_method='off_diagonal_custom' needs confident_joint"
        raise ValueError(msg)
    if confident_joint is not None and not custom:
        msg = f"confident_joint is not used with estimation_method={method!r}"
        warnings.warn(msg, UserWarning, stacklevel=2)
    problem = Problem.load(
        labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs, multi_label=multi_label
    )
    options: dict[str, Any] = {"thresholds": None, "collision": collision}
    if multi_label:
        issues = np.zeros(len(problem.labels), dtype=np.bool_)
        for binary in problem.one_vs_rest():
            issues |= confident_joint_of(binary, calibrate=False, **options).issues()
        return np.int64(np.count_nonzero(issues))
    counted = confident_joint_of(problem, calibrate=method == "off_diagonal_calibrated", **options)
    if method == "off_diagonal":
        return np.int64(np.count_nonzero(counted.issues()))
    joint = counted.joint
    if custom:
        given = as_square(confident_joint, name="confident_joint", n_classes=problem.n_classes)
        joint = calibrated(given, counted.label_counts)
    correct = np.trace(joint / max(joint.sum(), 1e-100))
    return np.int64(np.rint(len(problem.labels) * (1 - correct)))


def estimate_latent(
    confident_joint: ArrayLike,
    labels: Any,
    *,
    py_method: str = "cnt",
    converge_latent_estimates: bool = False,
    classes: Sequence[Any] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    r"""Prior of the true labels and noise matrices, from a confident joint.

    Parameters
    ----------
    confident_joint : array_like, shape (k, k)
        Counts of (given label, true label).
    labels : array_like of int or str, shape (n,)
        Given class of each example.
    py_method : {"cnt", "eqn", "marginal", "marginal_ps"}
        How to estimate the prior: by Bayes' rule on the diagonals, by solving the noise equations,
        by the joint's columns, or by the inverse noise matrix.
    converge_latent_estimates : bool, default False
        Alternate between the three estimates so that they agree better.
    classes : sequence, optional
        Class names in the order of the rows, if labels are names.

    Returns
    -------
    py : ndarray of float64, shape (k,)
        :math:`p(y^* = k)`, sums to 1.
    noise_matrix : ndarray of float64, shape (k, k)
        :math:`p(\tilde y = a \mid y^* = b)` at [a, b]; columns sum to 1.
    inverse_noise_matrix : ndarray of float64, shape (k, k)
        :math:`p(y^* = b \mid \tilde y = a)` at [b, a]; columns sum to 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value, or the equations have no solution.

    Notes
    -----
    O(n + k^2), with ``"eqn"`` O(n + k^3). Northcutt et al. (2021), section 3.1.

    Examples
    --------
    >>> import cupel
    >>> py, noise, inverse = cupel.count.estimate_latent([[2, 1], [0, 2]], [0, 0, 0, 1, 1])
    >>> noise
    array([[1.        , 0.33333333],
           [0.        , 0.66666667]])
    """
    joint = as_square(confident_joint, name="confident_joint")
    counts = label_counts_of(labels, len(joint), classes)
    return latent_of(joint, counts, py_method, converge_latent_estimates)


def estimate_py_and_noise_matrices_from_probabilities(
    labels: Any,
    pred_probs: Any,
    *,
    thresholds: ArrayLike | None = None,
    converge_latent_estimates: bool = True,
    py_method: str = "cnt",
    calibrate: bool = True,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
    collision: str = "argmax",
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Prior of the true labels, noise matrices and confident joint, from probabilities.

    Parameters
    ----------
    labels, pred_probs, thresholds, calibrate, classes, nan, n_jobs, collision
        As in `compute_confident_joint`.
    converge_latent_estimates, py_method
        As in `estimate_latent`.

    Returns
    -------
    py, noise_matrix, inverse_noise_matrix : ndarray of float64
        As from `estimate_latent`.
    confident_joint : ndarray of int64, shape (k, k)
        As from `compute_confident_joint`.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n k) time. Northcutt et al. (2021), section 3.1.

    Examples
    --------
    >>> import cupel
    >>> probs = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]
    >>> found = cupel.count.estimate_py_and_noise_matrices_from_probabilities([0, 0, 0, 1, 1], probs)
    >>> found[3]
    array([[2, 1],
           [0, 2]])
    """
    problem = Problem.load(labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs)
    counted = confident_joint_of(
        problem, thresholds=thresholds, calibrate=calibrate, collision=collision
    )
    latent = latent_of(counted.joint, counted.label_counts, py_method, converge_latent_estimates)
    return *latent, counted.joint
