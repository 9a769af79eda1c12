"""Inputs of the tests of `CleanLearning`: blobs with wrong labels, and what may be asked of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def make_blobs(n: int, k: int, seed: int, noise: float = 0.25) -> tuple[Array, Array]:
    """Features of `k` overlapping blobs on a circle, and labels of which `noise` are drawn anew."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, k, n)
    X = rng.normal(size=(n, 3))
    X[:, 0] += 2 * np.cos(2 * np.pi * true / k)
    X[:, 1] += 2 * np.sin(2 * np.pi * true / k)
    labels = np.where(rng.random(n) < noise, rng.integers(0, k, n), true)
    labels[:k] = np.arange(k)
    return X, labels


def make_noise_matrix(k: int, seed: int, *, mild: bool = True) -> Array:
    """Columns that are distributions; a diagonal over a half if `mild`."""
    matrix = np.random.default_rng(seed).dirichlet(np.ones(k), k).T
    return 0.4 * matrix + 0.6 * np.eye(k) if mild else matrix


def probabilities_of(X: Array, labels: Array) -> Array:
    """In-sample probabilities, which is enough to compare."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(X, labels).predict_proba(X)
