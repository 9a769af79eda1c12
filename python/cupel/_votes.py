"""What the labels of an example's neighbours say of its own label, as probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._features import as_integer
from cupel._labels import as_labels, check_classes
from cupel._loglinear import Float64s, block_rows, fit_weights, sample_rows, softmax

__all__ = ["label_votes", "labels_of_rows"]

Ints = NDArray[np.int64]


def labels_of_rows(
    labels: Any, n_rows: int, *, of: str, classes: Any = None, n_classes: Any = None
) -> tuple[Ints, int]:
    """Return labels as int64 in [0, k), and k; there must be as many as rows `of` something."""
    if classes is not None and n_classes is not None:
        msg = "pass either classes or n_classes"
        raise ValueError(msg)
    given = as_labels(labels, None, classes=classes).astype(np.int64)
    if len(given) != n_rows:
        msg = f"labels has {len(given)} rows, {of} has {n_rows}; they must describe the same rows"
        raise ValueError(msg)
    if classes is not None:
        k = len(classes)
    elif n_classes is not None:
        k = as_integer(n_classes, name="n_classes", least=1)
    else:
        k = max(int(given.max()), 0) + 1
    check_classes(given, k)
    return given, k


def label_votes(labels: Ints, neighbors: Ints, n_classes: int) -> Float64s:
    """Probabilities of each row's label, from those of its neighbours; see `get_label_votes`.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        In [0, n_classes).
    neighbors : ndarray of int64, shape (n, k)
        Other rows.
    n_classes : int
        Number of columns of the result.
    """
    share = np.bincount(labels, minlength=n_classes) / len(labels)
    evidence = _evidence(labels, neighbors, share)
    log_share = np.log(share, where=share > 0, out=np.full_like(share, -np.inf))
    sample = sample_rows(len(labels), n_classes)
    (weight,) = fit_weights(
        [_log_likelihoods(labels[neighbors[sample]], evidence)], labels[sample], log_share
    )
    out = np.empty((len(labels), n_classes))
    rows = block_rows(n_classes)
    for start in range(0, len(out), rows):
        near = labels[neighbors[start : start + rows]]
        out[start : start + rows] = softmax(log_share + weight * _log_likelihoods(near, evidence))
    return out


def _evidence(labels: Ints, neighbors: Ints, share: Float64s) -> Float64s:
    """Log probability of a neighbour's label (first axis) beside rows of each class (second).

    What a row's class is, is decided by plurality. One more row of each class, whose neighbours
    have labels in the proportions of all, keeps every probability above 0.
    """
    n_classes, k = len(share), neighbors.shape[1]
    counts = np.zeros(n_classes * n_classes, dtype=np.int64)
    rows_of = np.zeros(n_classes, dtype=np.int64)
    rows = block_rows(n_classes)
    for start in range(0, len(labels), rows):
        part = slice(start, start + rows)
        near = labels[neighbors[part]]
        found = _plurality(labels[part], near, n_classes)
        rows_of += np.bincount(found, minlength=n_classes)
        cells = near * n_classes + found[:, np.newaxis]
        counts += np.bincount(cells.ravel(), minlength=counts.size)
    seen = counts.reshape(n_classes, n_classes) + k * share[:, np.newaxis]
    shares = seen / (k * (rows_of + 1))
    # A label that no row has is never looked up.
    return np.asarray(np.log(shares, where=shares > 0, out=np.zeros_like(shares)))


def _plurality(labels: Ints, near: Ints, n_classes: int) -> Ints:
    """Commonest label of each row and its neighbours; of equals its own, then the lowest."""
    n = len(labels)
    row = np.arange(n)
    cells = row[:, np.newaxis] * n_classes + near
    counts = 2 * np.bincount(cells.ravel(), minlength=n * n_classes).reshape(n, n_classes)
    counts[row, labels] += 3  # its own vote, and half of one to win ties
    return np.asarray(counts.argmax(axis=1))


def _log_likelihoods(near: Ints, evidence: Float64s) -> Float64s:
    """Sum the evidence of all neighbours of some rows, in their order."""
    total = np.zeros((len(near), evidence.shape[1]))
    for of_rank in near.T:
        total += evidence[of_rank]
    return total
