"""What the reference modules share: reading inputs, one-vs-rest problems, the favoured label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.floating[Any]]
Float64s: TypeAlias = NDArray[np.float64]
Labels: TypeAlias = ArrayLike | Sequence[Sequence[int]]
Collision: TypeAlias = Literal["argmax", "confident"]

TOLERANCE = 1e-6  # a Python float on purpose: added to an array, it stays in the array's dtype
TINY = 1e-100  # keeps a division by an empty sum at zero


def as_labels(labels: Labels) -> Ints:
    """Single labels as int64."""
    return np.asarray(labels).astype(np.int64)


def as_probs(pred_probs: ArrayLike) -> Floats:
    """Probabilities in their own float dtype and native byte order; anything else as float64."""
    probs = np.asarray(pred_probs)
    native = probs.dtype.newbyteorder("=")
    return probs.astype(native if native in (np.float16, np.float32) else np.float64)


def label_matrix(labels: Labels, n_classes: int) -> Ints:
    """Turn lists of labels into a 0/1 matrix with a column per class."""
    rows: Any = labels
    matrix = np.zeros((len(rows), n_classes), dtype=np.int64)
    for row, given in zip(matrix, rows, strict=True):
        row[list(given)] = 1
    return matrix


def one_vs_rest(labels: Labels, pred_probs: ArrayLike) -> Iterator[tuple[Ints, Floats]]:
    """Yield the binary problem of each class: labels 0 or 1, and probabilities ``(1 - p, p)``."""
    probs = as_probs(pred_probs)
    given = label_matrix(labels, probs.shape[1])
    for y, p in zip(given.T, probs.T, strict=True):
        yield y, np.stack([1 - p, p], axis=1)


def of_given_label(labels: Ints, probs: Floats) -> Floats:
    """Pick the probability of each example's given label."""
    return probs[np.arange(len(labels)), labels]


def given_label_wins(labels: Ints, probs: Floats) -> Bools:
    """Where the given label is the predicted one once its probability is raised by 1e-6."""
    favoured = probs.copy()
    favoured[np.arange(len(labels)), labels] += TOLERANCE
    return np.asarray(favoured.argmax(axis=1) == labels)


def row_sums(matrix: Float64s) -> Float64s:
    """Each row's sum by NumPy's pairwise summation, whatever the memory layout.

    ``matrix.sum(axis=1)`` adds in another order where rows are not contiguous, and then fractions
    that tie in exact arithmetic are rounded differently.
    """
    return np.array([row.sum() for row in matrix])
