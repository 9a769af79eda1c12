"""Noise matrices: estimated, or known, or made one-sided; and the weights that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel._problem import Problem
from cupel._validate import as_square
from cupel.count import compute_confident_joint, estimate_latent

__all__ = ["Noise", "estimate_noise", "weights_of"]

_TINY = 1e-100
_LOWEST_PRIOR = 1e-6
_HIGHEST_RATE = 0.9999
_LOWEST_SHARE_RIGHT = 1e-3

_Latent: TypeAlias = tuple[NDArray[np.float64] | None, NDArray[np.float64], NDArray[np.float64]]


class Noise(NamedTuple):
    """Confident joint, prior of the true labels, p(given | true) and p(true | given)."""

    confident_joint: NDArray[Any]
    py: NDArray[np.float64] | None
    noise_matrix: NDArray[np.float64]
    inverse_noise_matrix: NDArray[np.float64]


def estimate_noise(
    problem: Problem,
    options: Mapping[str, Any],
    *,
    pulearning: Any,
    converge: bool,
    thresholds: ArrayLike | None,
    noise_matrix: ArrayLike | None,
    inverse_noise_matrix: ArrayLike | None,
) -> Noise:
    """Estimate what is not known; `options` are those of the filter."""
    k, labels = problem.n_classes, problem.labels
    known_noise, known_inverse = (
        None if matrix is None else _as_noise_matrix(matrix, k, name=name)
        for matrix, name in (
            (noise_matrix, "noise_matrix"),
            (inverse_noise_matrix, "inverse_noise_matrix"),
        )
    )
    given_joint = options.get("confident_joint")
    if given_joint is not None:
        joint = as_square(given_joint, name="confident_joint", n_classes=k)
        prior, noise, inverse = _of_given_joint(joint, labels, known_inverse)
    else:
        passed = {name: options[name] for name in ("collision", "n_jobs") if name in options}
        joint = compute_confident_joint(labels, problem.pred_probs, thresholds=thresholds, **passed)
        prior, noise, inverse = _completed(joint, labels, converge, known_noise, known_inverse)
    if pulearning is not None and k == 2:
        joint, noise, inverse = _without_noise_in(pulearning, joint, noise, inverse)
    return Noise(joint, prior, noise, inverse)


def _completed(
    joint: NDArray[Any],
    labels: NDArray[Any],
    converge: bool,
    noise: NDArray[np.float64] | None,
    inverse: NDArray[np.float64] | None,
) -> _Latent:
    """Prior, noise matrix and its inverse; as cleanlab, no prior where the inverse is known."""
    given = np.bincount(labels, minlength=len(joint)) / len(labels)
    if inverse is not None:
        return None, _bayes(inverse, given, inverse @ given) if noise is None else noise, inverse
    if noise is not None:
        prior, inverse = _inverse_of_noise(noise, given)
        return prior, noise, inverse
    return estimate_latent(joint, labels, converge_latent_estimates=converge)


def _of_given_joint(
    joint: NDArray[Any], labels: NDArray[Any], inverse: NDArray[np.float64] | None
) -> _Latent:
    """As cleanlab: the joint decides on the noise matrix, and that on the rest."""
    prior, noise, _ = estimate_latent(joint, labels)
    if inverse is None:
        given = np.bincount(labels, minlength=len(joint)) / len(labels)
        prior, inverse = _inverse_of_noise(noise, given)
    return prior, noise, inverse


def _as_noise_matrix(matrix: Any, n_classes: int, *, name: str) -> NDArray[np.float64]:
    """Return a matrix whose columns are distributions, and better than chance, as float64."""
    noise = as_square(matrix, name=name, n_classes=n_classes).astype(np.float64)
    if noise.trace() <= 1:
        msg = (
            f"the diagonal of {name} must sum to over 1, got {noise.trace():g}: that is only noise"
        )
        raise ValueError(msg)
    return noise


def _inverse_of_noise(
    noise: NDArray[np.float64], given: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Prior of the true labels and inverse noise matrix, from p(given | true) and p(given)."""
    prior = np.clip(np.linalg.inv(noise) @ given, _LOWEST_PRIOR, 1.0)
    prior /= prior.sum()
    return prior, _bayes(noise, prior, given)


def _bayes(
    likelihood: NDArray[np.float64], prior: NDArray[np.float64], evidence: NDArray[np.float64]
) -> NDArray[np.float64]:
    """p(b | a) at [b, a] from p(a | b) at [a, b]; rates of errors at most 0.9999."""
    joint = likelihood * prior
    posterior = (joint / np.maximum(evidence, _TINY)[:, np.newaxis]).T
    rates = np.clip(posterior, 0.0, _HIGHEST_RATE)
    np.fill_diagonal(rates, posterior.diagonal())
    return np.asarray(rates / np.maximum(rates.sum(axis=0), _TINY))


def _without_noise_in(
    sure: int,
    joint: NDArray[Any],
    noise: NDArray[np.float64],
    inverse: NDArray[np.float64],
) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64]]:
    """Confident joint, noise matrix and inverse of two classes, one given only where it is true."""
    if sure not in (0, 1):
        msg = f"pulearning must be the class without wrong labels, 0 or 1, got {sure!r}"
        raise IndexError(msg)
    other = 1 - sure
    joint, noise, inverse = joint.copy(), noise.copy(), inverse.copy()
    joint[sure, other], joint[other, other] = 0, 1
    noise[sure, other], noise[other, other] = 0.0, 1.0
    inverse[other, sure], inverse[sure, sure] = 0.0, 1.0
    return joint, noise, inverse


def weights_of(
    labels: NDArray[Any], noise: NDArray[np.float64], kept: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Weights that give each class the sum that it had before its wrong labels were left out."""
    shares = np.maximum(np.diagonal(noise), _LOWEST_SHARE_RIGHT)
    return np.where(kept, (1.0 / shares)[labels], 0.0)
