"""Thresholds, the confident joint, and the latent distributions estimated from it.

Numbered equations are those of Northcutt, Jiang, Chuang, JAIR 70 (2021).
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from cupel.reference._common import (
    TINY,
    TOLERANCE,
    Bools,
    Collision,
    Float64s,
    Floats,
    Ints,
    Labels,
    as_labels,
    as_probs,
    given_label_wins,
    label_matrix,
    one_vs_rest,
)

SortKind: TypeAlias = Literal["stable"] | None
PyMethod: TypeAlias = Literal["cnt", "eqn", "marginal", "marginal_ps"]

ABSENT = 2.0  # the threshold of a class without examples: above every probability
LEAST_THRESHOLD = 2e-6


def get_confident_thresholds(
    labels: Labels, pred_probs: ArrayLike, multi_label: bool = False
) -> Floats:
    r"""Mean self-confidence of each class, eq. 2.

    .. math:: t_j = \frac{1}{|X_{\tilde y=j}|} \sum_{x \in X_{\tilde y=j}} \hat p(\tilde y=j; x)

    The exact mean, rounded to float64 and then to the dtype of ``pred_probs``. The threshold of a
    class without examples is 2, and then the result is float64, as it is with ``multi_label``.
    """
    if multi_label:
        binary = [get_confident_thresholds(y, p) for y, p in one_vs_rest(labels, pred_probs)]
        return np.array(binary, dtype=np.float64)
    y, probs = as_labels(labels), as_probs(pred_probs)
    present = np.bincount(y, minlength=probs.shape[1]) > 0
    means = [_exact_mean(probs[y == k, k]) for k in np.flatnonzero(present)]
    thresholds = np.full(len(present), ABSENT, probs.dtype if present.all() else np.float64)
    thresholds[present] = np.array(means).astype(probs.dtype)
    return np.asarray(np.maximum(thresholds, LEAST_THRESHOLD))


def _exact_mean(values: Floats) -> float:
    return math.fsum(values.tolist()) / len(values)


def compute_confident_joint(
    labels: Labels,
    pred_probs: ArrayLike,
    *,
    thresholds: ArrayLike | None = None,
    calibrate: bool = True,
    multi_label: bool = False,
    return_indices_of_off_diagonals: bool = False,
    collision: Collision = "argmax",
) -> Ints | tuple[Ints, Ints] | tuple[Ints, list[Ints]]:
    r"""Count pairs of given label and confident guess of the true label, eq. 1.

    .. math:: C[i][j] = |\{x \in X_{\tilde y=i} : \hat p(\tilde y=j; x) \ge t_j, \;
        j = \arg\max_{l : \hat p(\tilde y=l; x) \ge t_l} \hat p(\tilde y=l; x)\}|

    That is ``collision="confident"``. With ``"argmax"`` a row that reaches several thresholds
    counts for its most probable class of all, even one whose threshold it does not reach. The
    diagonal is at least 1. Thresholds are reached from 1e-6 below.
    """
    if multi_label:
        joints, indices = [], []
        for y, probs in one_vs_rest(labels, pred_probs):
            joint, off = confident_joint_of(y, probs, thresholds, calibrate, collision)
            joints.append(joint)
            indices.append(off)
        return (np.array(joints), indices) if return_indices_of_off_diagonals else np.array(joints)
    y, probs = as_labels(labels), as_probs(pred_probs)
    joint, off = confident_joint_of(y, probs, thresholds, calibrate, collision)
    return (joint, off) if return_indices_of_off_diagonals else joint


def confident_joint_of(
    y: Ints, probs: Floats, thresholds: ArrayLike | None, calibrate: bool, collision: Collision
) -> tuple[Ints, Ints]:
    """Make the confident joint, and list the rows that it counts off its diagonal."""
    limits = get_confident_thresholds(y, probs) if thresholds is None else np.asarray(thresholds)
    confident = probs >= limits - TOLERANCE
    guess = _confident_guess(probs, confident, collision)
    counted = confident.any(axis=1)
    joint = np.zeros((probs.shape[1], probs.shape[1]), dtype=np.int64)
    np.add.at(joint, (y[counted], guess[counted]), 1)
    np.fill_diagonal(joint, np.maximum(np.diag(joint), 1))
    if calibrate:
        joint = calibrate_confident_joint(joint, y)
    return joint, np.flatnonzero(counted & (guess != y))


def _confident_guess(probs: Floats, confident: Bools, collision: Collision) -> Ints:
    """Each row's class; meaningless where no class is confident."""
    best_confident = np.where(confident, probs, -np.inf).argmax(axis=1)
    if collision == "confident":
        return np.asarray(best_confident)
    if collision == "argmax":
        best = np.where(confident.sum(axis=1) > 1, probs.argmax(axis=1), best_confident)
        return np.asarray(best)
    msg = f"collision must be 'argmax' or 'confident', got {collision!r}"
    raise ValueError(msg)


def calibrate_confident_joint(
    confident_joint: ArrayLike, labels: Labels, *, multi_label: bool = False
) -> Ints:
    r"""Scale each row to the count of its label (the numerator of eq. 3), in integers.

    .. math:: \tilde C[i][j] = \frac{C[i][j]}{\sum_j C[i][j]} \cdot |X_{\tilde y=i}|
    """
    joint = np.asarray(confident_joint)
    if multi_label:
        given = label_matrix(labels, len(joint)).T
        return np.array(
            [calibrate_confident_joint(c, y) for c, y in zip(joint, given, strict=True)]
        )
    counts = np.bincount(as_labels(labels), minlength=len(joint))
    scaled = joint / np.maximum(joint.sum(axis=1), TINY)[:, np.newaxis] * counts[:, np.newaxis]
    # Column after column, as cleanlab adds up a joint of its own making: the last digit of the
    # total decides which way exact halves are rounded.
    total = scaled.ravel(order="F").sum()
    return round_preserving_row_totals(scaled / max(total, TINY) * counts.sum())


def round_preserving_row_totals(matrix: Float64s, kind: SortKind = None) -> Ints:
    """Integers near the entries, in every row with the rounded sum of the row.

    Entries are rounded half to even; then those furthest from their entry in the needed direction
    move by one. Which of equally far ones do is left to NumPy's sort of the `kind`.
    """
    return np.array([_round_preserving_sum(row, kind) for row in matrix], dtype=np.int64)


def _round_preserving_sum(values: Float64s, kind: SortKind) -> Float64s:
    rounded = np.rint(values)
    missing = int(np.rint(values.sum()) - rounded.sum())
    order = np.argsort(values - rounded, kind=kind)
    if missing > 0:
        rounded[order[-missing:]] += 1
    else:
        rounded[order[:-missing]] -= 1
    return rounded


def estimate_joint(
    labels: Labels,
    pred_probs: ArrayLike,
    *,
    confident_joint: ArrayLike | None = None,
    multi_label: bool = False,
    collision: Collision = "argmax",
) -> Float64s:
    r"""Joint distribution of given and true labels: the calibrated joint over its sum, eq. 3."""
    joint = confident_joint
    if joint is None:
        joint = np.asarray(
            compute_confident_joint(
                labels, pred_probs, calibrate=False, multi_label=multi_label, collision=collision
            )
        )
    counts = calibrate_confident_joint(joint, labels, multi_label=multi_label)
    return np.asarray(counts / np.maximum(counts.sum(axis=(-2, -1), keepdims=True), TINY))


def num_label_issues(
    labels: Labels,
    pred_probs: ArrayLike,
    *,
    confident_joint: ArrayLike | None = None,
    estimation_method: str = "off_diagonal",
    multi_label: bool = False,
    collision: Collision = "argmax",
) -> np.int64:
    """Estimate how many labels are wrong.

    ``"off_diagonal"`` counts the rows off the diagonal of the confident joint, without those whose
    given label is the predicted one. ``"off_diagonal_calibrated"`` and ``"off_diagonal_custom"``
    are ``n`` times the mass off the diagonal of the estimated joint, the latter from the
    ``confident_joint`` given. ``multi_label`` always counts rows, those off any class's diagonal.
    """
    if multi_label:
        binary = one_vs_rest(labels, pred_probs)
        issues = [off_diagonal_issues(y, p, collision) for y, p in binary]
        return np.int64(np.any(issues, axis=0).sum())
    y, probs = as_labels(labels), as_probs(pred_probs)
    if estimation_method == "off_diagonal":
        return np.int64(off_diagonal_issues(y, probs, collision).sum())
    if estimation_method == "off_diagonal_calibrated":
        joint = estimate_joint(y, probs, collision=collision)
    elif estimation_method == "off_diagonal_custom" and confident_joint is not None:
        joint = estimate_joint(y, probs, confident_joint=confident_joint)
    else:
        msg = f"unknown estimation_method or no confident_joint for it: {estimation_method!r}"
        raise ValueError(msg)
    return np.int64(np.rint(len(y) * (1 - np.trace(joint))))


def off_diagonal_issues(y: Ints, probs: Floats, collision: Collision) -> Bools:
    """Rows off the confident joint's diagonal whose given label is not the predicted one."""
    _, indices = confident_joint_of(y, probs, None, False, collision)
    mask = np.zeros(len(y), dtype=bool)
    mask[indices] = True
    return mask & ~given_label_wins(y, probs)


def estimate_latent(
    confident_joint: ArrayLike,
    labels: Labels,
    *,
    py_method: PyMethod = "cnt",
    converge_latent_estimates: bool = False,
) -> tuple[Float64s, Float64s, Float64s]:
    r"""Prior of the true labels, noise matrix and inverse noise matrix, from the confident joint.

    .. math:: M_{ij} = \hat p(\tilde y=i \mid y^*=j) = \frac{C[i][j]}{\sum_i C[i][j]}, \qquad
        M^{-1}_{ji} = \hat p(y^*=j \mid \tilde y=i) = \frac{C[i][j]}{\sum_j C[i][j]}
    """
    joint, y = np.asarray(confident_joint), as_labels(labels)
    given = np.bincount(y, minlength=len(joint)) / len(y)
    noise = joint / np.maximum(joint.sum(axis=0), TINY)
    inverse = joint.T / np.maximum(joint.sum(axis=1), TINY)
    if py_method == "cnt":
        prior = _prior_by_counts(given, noise, inverse)
    elif py_method == "eqn":
        prior = np.linalg.inv(noise) @ given
    elif py_method == "marginal":
        prior = joint.sum(axis=0) / max(joint.sum(), TINY)
    elif py_method == "marginal_ps":
        prior = inverse @ given
    else:
        msg = f"py_method must be 'cnt', 'eqn', 'marginal' or 'marginal_ps', got {py_method!r}"
        raise ValueError(msg)
    latent = _clip_prior(prior, TOLERANCE), _clip_rates(noise), _clip_rates(inverse)
    return _converged(given, *latent) if converge_latent_estimates else latent


def _prior_by_counts(given: Float64s, noise: Float64s, inverse: Float64s) -> Float64s:
    r"""Bayes' rule on the diagonal: :math:`p(y^*=k) = M^{-1}_{kk} \, p(\tilde y=k) / M_{kk}`."""
    return np.diag(inverse) / np.maximum(np.diag(noise), TINY) * given


def _clip_prior(prior: Float64s, least: float) -> Float64s:
    clipped = np.clip(prior, least, 1.0)
    return np.asarray(clipped / clipped.sum())


def _clip_rates(matrix: Float64s) -> Float64s:
    """Rates off the diagonal cut to [0, 0.9999]; then every column sums to 1."""
    clipped = np.clip(matrix, 0.0, 0.9999)
    np.fill_diagonal(clipped, np.diag(matrix))
    return np.asarray(clipped / np.maximum(clipped.sum(axis=0), TINY))


def _converged(
    given: Float64s, prior: Float64s, noise: Float64s, inverse: Float64s
) -> tuple[Float64s, Float64s, Float64s]:
    """Apply Bayes' rule to the three estimates in turn until they (nearly) agree."""
    for _ in range(3):
        for _ in range(5):
            inverse = _clip_rates((noise * prior).T / np.maximum(given, TINY))
            prior = _clip_prior(_prior_by_counts(given, noise, inverse), TOLERANCE)
        noise = _clip_rates((inverse * given).T / np.maximum(prior, TINY))
    return _clip_prior(prior, 1e-5), _clip_rates(noise), _clip_rates(inverse)


def estimate_py_and_noise_matrices_from_probabilities(
    labels: Labels,
    pred_probs: ArrayLike,
    *,
    thresholds: ArrayLike | None = None,
    converge_latent_estimates: bool = True,
    py_method: PyMethod = "cnt",
    calibrate: bool = True,
    collision: Collision = "argmax",
) -> tuple[Float64s, Float64s, Float64s, Ints]:
    """Prior, noise matrix, inverse noise matrix (see `estimate_latent`) and the confident joint."""
    y, probs = as_labels(labels), as_probs(pred_probs)
    joint, _ = confident_joint_of(y, probs, thresholds, calibrate, collision)
    latent = estimate_latent(
        joint, y, py_method=py_method, converge_latent_estimates=converge_latent_estimates
    )
    return *latent, joint
