"""Seeded feature matrices, float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Features = NDArray[np.float32]

CLUSTERED = "clustered"
STRUCTURELESS = "structureless"
KINDS = (CLUSTERED, STRUCTURELESS)

_BLOCK_ROWS = 50_000


def make_features(kind: str, n: int, d: int) -> Features:
    """Features in the manner of embeddings; the same for every call.

    ``"clustered"``: 100 to 1000 Gaussian clusters of uneven size and width, which overlap.
    ``"structureless"``: one Gaussian.

    The i-th column is scaled by i**-0.5 (in 128 columns as much spread as about 18 equal ones
    would have), then all are rotated, so that no column is special, and shifted away from the
    origin.
    """
    of_kind = np.random.default_rng([30, d, KINDS.index(kind)])
    scale = np.arange(1, d + 1) ** -0.5
    rotation = np.linalg.qr(of_kind.standard_normal((d, d)))[0]
    to_columns = (scale[:, None] * rotation).astype(np.float32)
    shift = (0.5 * np.linalg.norm(scale) / np.sqrt(d) * of_kind.standard_normal(d)).astype("f4")

    n_clusters = min(1000, max(100, n // 200)) if kind == CLUSTERED else 1
    centres = of_kind.standard_normal((n_clusters, d), dtype=np.float32)
    share = of_kind.dirichlet(np.full(n_clusters, 2.0))
    width = (0.85 * np.exp(0.25 * of_kind.standard_normal(n_clusters))).astype(np.float32)

    features = np.empty((n, d), dtype=np.float32)
    for start in range(0, n, _BLOCK_ROWS):
        rng = np.random.default_rng([31, d, KINDS.index(kind), start])
        block = rng.standard_normal((min(_BLOCK_ROWS, n - start), d), dtype=np.float32)
        if kind == CLUSTERED:
            cluster = rng.choice(n_clusters, len(block), p=share)
            block *= width[cluster, None]
            block += centres[cluster]
        np.matmul(block, to_columns, out=features[start : start + len(block)])
    features += shift
    return features


def make_near_duplicates(n: int, d: int, distance: float = 0.0020) -> Features:
    """Non-negative features, the second half of which are the first half moved by `distance`."""
    rng = np.random.default_rng([32, d])
    half = np.abs(rng.standard_normal((n // 2, d)))
    step = rng.standard_normal(half.shape)
    step *= distance / np.linalg.norm(step, axis=1, keepdims=True)
    return np.concatenate([half, half + step]).astype(np.float32)
