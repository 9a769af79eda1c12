"""Two directions in which features vary most, for the map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Projection", "project"]

_SPARE, _ROUNDS = 8, 8


@dataclass(frozen=True)
class Projection:
    """Positions of rows, and the share of the variance that each direction has."""

    points: NDArray[np.float64]
    shares: tuple[float, float]


def project(features: Any, fitted: NDArray[np.int64], rows: NDArray[np.int64]) -> Projection | None:
    """Return the first two principal components of `rows`, found in the rows `fitted`.

    By subspace iteration from fixed random directions: a few passes over the rows, whatever the
    number of columns. None where features are no table of numbers, or do not vary.
    """
    table = _as_table(features)
    if table is None or len(fitted) < 3:
        return None
    sample = _as_floats(table, fitted)
    with np.errstate(over="ignore", invalid="ignore"):
        centre = sample.mean(axis=0)
        sample -= centre
        total = float(np.einsum("ij,ij->", sample, sample))
    if not np.isfinite(total) or total <= 0:
        return None
    axes = _axes(sample)
    variances = np.square(sample @ axes).sum(axis=0)
    points = (_as_floats(table, rows) - centre) @ axes
    return Projection(
        points.astype(np.float64), (float(variances[0]) / total, float(variances[1]) / total)
    )


def _as_table(features: Any) -> NDArray[Any] | None:
    if features is None or hasattr(features, "toarray"):
        return None
    table = np.asarray(features)
    usable = table.ndim == 2 and table.shape[1] > 0 and table.dtype.kind in "fiub"
    return table if usable else None


def _as_floats(table: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return some rows; what is missing or infinite is the mean of its column in them."""
    part = table[rows].astype(np.float64)
    bad = ~np.isfinite(part)
    if bad.any():
        part[bad] = 0.0
        known = np.maximum((~bad).sum(axis=0), 1)
        part = np.where(bad, part.sum(axis=0) / known, part)
    return part


def _axes(sample: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an orthonormal pair, the first with the larger variance; signs by the largest entry."""
    wide = min(2 + _SPARE, *sample.shape)
    axes = np.random.default_rng(0).normal(size=(sample.shape[1], max(wide, 2)))
    axes = np.linalg.qr(axes)[0]
    for _ in range(_ROUNDS):
        axes = np.linalg.qr(sample.T @ (sample @ axes))[0]
    seen = sample @ axes
    turned = np.linalg.eigh(seen.T @ seen)[1][:, ::-1][:, :2]
    out = axes @ turned
    if out.shape[1] < 2:
        out = np.column_stack([out, np.zeros(len(out))])
    signs = np.sign(out[np.abs(out).argmax(axis=0), [0, 1]])
    result: NDArray[np.float64] = out * np.where(signs == 0, 1.0, signs)
    return result
