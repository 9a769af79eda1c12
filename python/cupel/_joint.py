"""Thresholds and confident joints of checked problems; shared by count, filter, rank and scorer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel import _core
from cupel._problem import COLLISIONS, Problem
from cupel._validate import as_choice, as_class_vector, as_labels, check_classes

__all__ = [
    "JointOf",
    "Thresholds",
    "calibrated",
    "candidates",
    "confident_joint_of",
    "label_counts_of",
    "latent_of",
    "thresholds_of",
]

_PY_METHODS = ("cnt", "eqn", "marginal", "marginal_ps")  # in the order of the core's enum
_OFF_DIAGONAL = 1
_OFF_DIAGONAL_AND_PREDICTED_OTHER = 3


class Thresholds(NamedTuple):
    """Class thresholds, and whether they are compared in the matrix's own dtype."""

    values: NDArray[np.float64]
    of_matrix_type: bool
    label_counts: NDArray[np.int64]


class JointOf(NamedTuple):
    """Confident joint (given, true), what it says of each row, and label counts."""

    joint: NDArray[np.int64]
    flags: NDArray[np.uint8]
    label_counts: NDArray[np.int64]

    def off_diagonal(self) -> NDArray[np.bool_]:
        """Rows counted off the diagonal."""
        return np.asarray((self.flags & _OFF_DIAGONAL) != 0)

    def issues(self) -> NDArray[np.bool_]:
        """Rows counted off the diagonal whose prediction is not their given label."""
        return np.asarray(self.flags == _OFF_DIAGONAL_AND_PREDICTED_OTHER)


def candidates(flags: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Rows whose prediction is not their given label, in the memory of `flags`."""
    np.right_shift(flags, 1, out=flags)
    return flags.view(np.bool_)


def thresholds_of(problem: Problem, *, check_all: bool = True) -> Thresholds:
    """Mean self-confidence of each class; by default checks the whole matrix on the way."""
    return Thresholds(
        *_core.class_thresholds(problem.labels, problem.pred_probs, check_all, problem.threads)
    )


def confident_joint_of(
    problem: Problem, *, thresholds: ArrayLike | None, calibrate: bool, collision: str
) -> JointOf:
    """Count the confident joint; the pass that counts also checks the matrix."""
    as_choice(collision, COLLISIONS, name="collision")
    found = thresholds_of(problem, check_all=False)
    if thresholds is not None:
        given = as_class_vector(thresholds, problem.n_classes, name="thresholds")
        found = found._replace(values=given, of_matrix_type=False)
    joint, flags = _core.confident_joint(
        problem.labels,
        problem.pred_probs,
        found.values,
        found.of_matrix_type,
        COLLISIONS[collision],
        problem.threads,
    )
    if calibrate:
        joint = calibrated(joint, found.label_counts)
    return JointOf(joint, flags, found.label_counts)


def calibrated(joint: NDArray[Any], label_counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Scale `joint` so that row k sums to ``label_counts[k]``, in integers."""
    counts, total, tied = _core.calibrate_confident_joint(joint, label_counts)
    if tied.size:
        counts[tied] = _rounded_as_numpy_sorts(
            joint[tied], label_counts[tied], total, int(label_counts.sum())
        )
    return counts


def _rounded_as_numpy_sorts(
    rows: NDArray[Any], label_counts: NDArray[np.int64], total: float, n_examples: int
) -> NDArray[np.int64]:
    """Round rows of the scaled joint, equal fractions in the order of NumPy's default sort.

    That sort is not stable, and its order of equal numbers differs between processors. cleanlab
    leaves the choice to it; asking the same NumPy gives the counts that cleanlab gives here.
    """
    sums = np.maximum(rows.sum(axis=1, keepdims=True), 1e-100)
    scaled = rows / sums * label_counts[:, np.newaxis] / total * n_examples
    rounded = np.rint(scaled)
    missing = np.rint(scaled.sum(axis=1, keepdims=True)) - rounded.sum(axis=1, keepdims=True)
    order = np.argsort(scaled - rounded, axis=1)
    rank = np.arange(rows.shape[1])
    step = (rank >= rows.shape[1] - missing).astype(np.int64) - (rank < -missing)
    moved = np.empty_like(step)
    np.put_along_axis(moved, order, step, axis=1)
    return np.asarray(rounded.astype(np.int64) + moved)


def latent_of(
    joint: NDArray[Any], label_counts: NDArray[np.int64], py_method: str, converge: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Prior, noise matrix and inverse noise matrix, from a checked joint."""
    as_choice(py_method, _PY_METHODS, name="py_method")
    return _core.estimate_latent(
        np.ascontiguousarray(joint, dtype=np.float64),
        label_counts,
        _PY_METHODS.index(py_method),
        bool(converge),
    )


def label_counts_of(labels: Any, n_classes: int, classes: Any = None) -> NDArray[np.int64]:
    """Examples of each class, from labels alone."""
    given = as_labels(labels, None, classes=classes, n_classes=n_classes)
    check_classes(given, n_classes, hint=", one per row of confident_joint")
    return np.bincount(given.astype(np.int64), minlength=n_classes)
