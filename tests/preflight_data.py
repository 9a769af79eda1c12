"""Labels, probabilities and features that belong together, for the tests of preflight."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def honest(
    seed: int = 0,
    n: int = 600,
    k: int = 4,
    *,
    noise: float = 0.2,
    strength: float = 3.0,
    dtype: str = "float64",
) -> tuple[Array, Array, Array]:
    """Labels some of which are wrong, calibrated probabilities of the given ones, and features.

    Labels are in random order; features are points around the centres of the true classes.
    """
    rng = np.random.default_rng(seed)
    true = rng.integers(k, size=n)
    scores = rng.normal(size=(n, k))
    scores[np.arange(n), true] += strength
    probs = np.exp(strength * (scores - scores.max(axis=1, keepdims=True)))
    probs /= probs.sum(axis=1, keepdims=True)
    probs = (1 - noise) * probs + noise * (1 - probs) / (k - 1)
    flipped = rng.random(n) < noise
    labels = np.where(flipped, (true + rng.integers(1, k, n)) % k, true)
    centres = 4 * rng.normal(size=(k, 6))
    features = centres[true] + rng.normal(size=(n, 6))
    return labels, probs.astype(dtype), features


def sets(seed: int = 0, n: int = 600, k: int = 5) -> tuple[list[list[int]], Array]:
    """Multi-label data: some classes of each example, and probabilities of them."""
    rng = np.random.default_rng(seed)
    given = rng.random((n, k)) < rng.uniform(0.1, 0.6, k)
    probs = 1 / (1 + np.exp(-(rng.normal(size=(n, k)) + 4 * given - 2)))
    return [np.flatnonzero(row).tolist() for row in given], probs


def numbers(seed: int = 0, n: int = 500, noise: float = 0.7) -> tuple[Array, Array, Array]:
    """Numbers, their predictions, and the features these are made from."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 2))
    predicted = 20 + 3 * features[:, 0] - features[:, 1]
    return predicted + noise * 3 * rng.normal(size=n), predicted, features
