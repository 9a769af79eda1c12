"""Features that favour the awkward, and what "the same neighbours" means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import hypothesis.strategies as st
import numpy as np
from numpy.typing import NDArray

from cupel import reference
from strategies import LAYOUTS

Array = NDArray[Any]
Rng = np.random.Generator

METRICS = ("euclidean", "cosine")
DTYPES = ("float16", "float32", "float64")
K_MOST = 40
COLUMNS = (1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 31, 40)


def lattice(rng: Rng, n: int, d: int, dtype: str) -> Array:
    """Small integers: squared distances are exact, and very many of them tie."""
    return rng.integers(-2, 3, (n, d)).astype(dtype)


def plain(rng: Rng, n: int, d: int, dtype: str) -> Array:
    return rng.normal(size=(n, d)).astype(dtype)


def few_values(rng: Rng, n: int, d: int, dtype: str) -> Array:
    """Groups of equal rows, larger than any list of spare candidates."""
    return plain(rng, max(1, n // 12), d, dtype)[rng.integers(0, max(1, n // 12), n)]


def near_duplicates(rng: Rng, n: int, d: int, dtype: str) -> Array:
    """Far from the origin, in groups whose rows differ in their last digits."""
    eps = float(np.finfo(dtype).eps)
    base = 8 + plain(rng, 1 + n // 4, d, "float64")[rng.integers(0, 1 + n // 4, n)]
    return (base * (1 + 2 * eps * rng.integers(-2, 3, (n, d)))).astype(dtype)


def zeros_among(rng: Rng, n: int, d: int, dtype: str) -> Array:
    x = plain(rng, n, d, dtype)
    x[rng.random(n) < 0.4] = 0.0
    x[rng.random((n, d)) < 0.3] = -0.0
    return x


def constant_columns(rng: Rng, n: int, d: int, dtype: str) -> Array:
    x = plain(rng, n, d, dtype)
    x[:, rng.random(d) < 0.7] = np.asarray(1000.5, dtype=dtype)
    return x


def denormal(rng: Rng, n: int, d: int, dtype: str) -> Array:
    smallest = 1e-150 if dtype == "float64" else float(np.finfo(dtype).smallest_subnormal)
    return (rng.integers(-5, 6, (n, d)) * smallest).astype(dtype)


def huge(rng: Rng, n: int, d: int, dtype: str) -> Array:
    largest = 1e150 if dtype == "float64" else float(np.finfo(dtype).max)
    return (rng.choice([-1.0, -0.75, 0.5, 0.88, 1.0], (n, d)) * largest).astype(dtype)


def mixed_scales(rng: Rng, n: int, d: int, dtype: str) -> Array:
    """Rows of very different lengths, some beyond the others' float32 resolution."""
    low, high = {"float16": (-6, 4), "float32": (-40, 38), "float64": (-120, 120)}[dtype]
    scales = 10.0 ** rng.uniform(low, high, (n, 1))
    return (rng.uniform(-1, 1, (n, d)) * scales).astype(dtype)


KINDS: dict[str, Callable[[Rng, int, int, str], Array]] = {
    f.__name__: f
    for f in (
        lattice,
        plain,
        few_values,
        near_duplicates,
        zeros_among,
        constant_columns,
        denormal,
        huge,
        mixed_scales,
    )
}


def make_features(kind: str, n: int, d: int, seed: int = 0, dtype: str = "float32") -> Array:
    """Seeded features of a kind."""
    return KINDS[kind](np.random.default_rng(seed), n, d, dtype)


@st.composite
def features(
    draw: st.DrawFn,
    *,
    kinds: Sequence[str] = tuple(KINDS),
    dtypes: Sequence[str] = DTYPES,
    min_rows: int = 2,
    max_rows: int = 60,
) -> Array:
    """Draw a matrix of any kind, type and layout."""
    x = make_features(
        draw(st.sampled_from(kinds)),
        draw(st.integers(min_rows, max_rows)),
        draw(st.sampled_from(COLUMNS)),
        draw(st.integers(0, 2**32)),
        draw(st.sampled_from(dtypes)),
    )
    return LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))](x)


def close(actual: Array, expected: Array, metric: str) -> NDArray[np.bool_]:
    """Whether float64 distances agree to rounding.

    Cosines are compared as chords of the unit sphere: a chord's error is a few ulps of 1.
    """
    if metric == "cosine":
        actual, expected = np.sqrt(2 * actual), np.sqrt(2 * expected)
        return np.abs(actual - expected) <= 1e-12 * expected + 4e-15
    return np.abs(actual - expected) <= 1e-12 * expected


def assert_neighbors(
    distances: Array, indices: Array, every_distance: Array, metric: str, *, of_itself: bool
) -> None:
    """Lists of neighbours that are right except for the order of distances that tie to rounding.

    `every_distance` is the reference's, of every row (or query) from every row.
    """
    m, k = indices.shape
    n = every_distance.shape[1]
    assert distances.shape == (m, k)
    assert (distances.dtype, indices.dtype) == (np.float64, np.int64)
    assert ((indices >= 0) & (indices < n)).all()
    if of_itself:
        assert (indices != np.arange(m)[:, None]).all()
        every_distance = every_distance.copy()
        np.fill_diagonal(every_distance, np.inf)
    ordered = np.sort(indices, axis=1)
    assert (ordered[:, 1:] != ordered[:, :-1]).all()
    before, after = distances[:, :-1], distances[:, 1:]
    in_order = (before < after) | ((before == after) & (indices[:, :-1] < indices[:, 1:]))
    assert in_order.all()
    assert close(distances, np.take_along_axis(every_distance, indices, 1), metric).all()
    assert close(distances, np.sort(every_distance, axis=1)[:, :k], metric).all()


def every_distance(x: Array, y: Array, metric: str) -> Array:
    return reference.neighbors.pairwise_distances(x, y, metric=metric)
