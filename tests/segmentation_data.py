"""Segmented images for the tests: random ones, ties, and every layout that is read in place."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Images = tuple[Array, Array]

FLOATS = ("float64", "float32", "float16")
INTEGERS = ("int64", "int32", "uint8", "int16", "uint64")


def make_images(
    n: int,
    k: int,
    h: int,
    w: int,
    seed: int,
    dtype: str = "float64",
    *,
    noise: float = 0.2,
    levels: int | None = None,
    patch: int = 1,
) -> Images:
    """Labels drawn from the probabilities, a part of them at random.

    `levels` makes probabilities multiples of 1 / levels (before the sum is made 1), for ties;
    `patch` makes squares of pixels alike.
    """
    rng = np.random.default_rng(seed)
    rows, cols = -(-h // patch), -(-w // patch)
    probs = rng.dirichlet(np.full(k, 0.4), (n, rows, cols))
    if levels is not None:
        probs = (probs * levels).round() + 1 / 8
        probs /= probs.sum(axis=-1, keepdims=True)
        probs = (probs * 64).round() / 64
    draws = rng.random((n, rows, cols, 1))
    labels = (probs.cumsum(axis=-1) > draws).argmax(axis=-1)
    random = rng.random(labels.shape) < noise
    labels = np.where(random, rng.integers(0, k, labels.shape), labels)
    labels = labels.repeat(patch, 1).repeat(patch, 2)[:, :h, :w]
    probs = np.moveaxis(probs, -1, 1).repeat(patch, 2).repeat(patch, 3)[:, :, :h, :w]
    return np.ascontiguousarray(labels), np.ascontiguousarray(probs).astype(dtype)


def laid_out(probs: Array, layout: str) -> Array:
    """The same numbers elsewhere in memory."""
    n, k, h, w = probs.shape
    if layout == "planes last":
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(probs, 1, -1)), -1, 1)
    if layout == "crop":
        larger = np.full((n, k, h + 3, w + 5), 0.5, dtype=probs.dtype)
        larger[:, :, 1:-2, 2:-3] = probs
        return larger[:, :, 1:-2, 2:-3]
    if layout == "reversed":
        return np.ascontiguousarray(probs[::-1, ::-1, ::-1, ::-1])[::-1, ::-1, ::-1, ::-1]
    if layout == "every other":
        return probs.repeat(2, axis=0)[::2]
    if layout == "fortran":
        return np.asfortranarray(probs)
    if layout == "other byte order":
        return probs.astype(probs.dtype.newbyteorder())
    return probs


LAYOUTS = ("plain", "planes last", "crop", "reversed", "every other", "fortran", "other byte order")


@st.composite
def images(draw: Any, side: int = 1) -> Images:
    """Few small images of any dtype and layout; height and width are multiples of `side`."""
    labels, probs = make_images(
        draw(st.integers(1, 4)),
        draw(st.integers(1, 6)),
        side * draw(st.integers(1, 6)),
        side * draw(st.integers(1, 6)),
        draw(st.integers(0, 10_000)),
        draw(st.sampled_from(FLOATS)),
        noise=draw(st.sampled_from((0.0, 0.3, 1.0))),
        levels=draw(st.sampled_from((None, 3, 8))),
        patch=draw(st.integers(1, 3)),
    )
    return labels.astype(draw(st.sampled_from(INTEGERS))), laid_out(
        probs, draw(st.sampled_from(LAYOUTS))
    )
