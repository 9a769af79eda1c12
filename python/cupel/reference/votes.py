r"""Neighbours' labels as probabilities, and the pooling of probabilities.

A vote: with the share :math:`f_z` of examples labelled z and the share :math:`M_{zl}` of label l
among the neighbours of examples of class z, by Bayes' rule and as if the k neighbours counted for
:math:`b k` independent ones,

.. math:: p_z \propto f_z \prod_{j=1}^{k} M_{z, g_j}^b

The pool of several sources is :math:`\prod_m p^{(m)}_z{}^{w_m}`, normalised. All weights (b, and
each w) are those in [0, 4] under which the given labels are likeliest. That is a concave problem;
here it is solved one weight at a time, by bisection of the derivative, which for several sources
that are nearly alike ends a little below the maximum.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel.reference._common import Float64s, Ints, Labels, as_labels, as_probs

__all__ = [
    "get_label_votes",
    "label_evidence",
    "log_likelihood",
    "log_probs",
    "plurality",
    "pool_pred_probs",
    "pooled",
    "slope",
    "source_weights",
]

MOST = 4.0
EVEN = 0.01
_ROUNDS, _HALVINGS = 300, 60


def get_label_votes(labels: Labels, neighbors: ArrayLike, n_classes: int) -> Float64s:
    """Votes of shape (n, n_classes); row i of `neighbors` lists other rows than i."""
    given, near = as_labels(labels), as_labels(labels)[np.asarray(neighbors)]
    share = np.bincount(given, minlength=n_classes) / len(given)
    evidence = label_evidence(given, near, n_classes)
    scores = np.array([sum(evidence[:, label] for label in row) for row in near])
    with np.errstate(divide="ignore"):
        log_share = np.log(share)
    (weight,) = source_weights([scores], given, log_share)
    return _softmax(log_share + weight * scores)


def plurality(label: int, near: Sequence[int]) -> int:
    """Commonest of a row's label and its neighbours'; of equals its own, then the lowest."""
    votes = [label, *near]
    return min(set(votes), key=lambda z: (-votes.count(z), z != label, z))


def label_evidence(labels: Ints, near: Ints, n_classes: int) -> Float64s:
    r"""Logarithms of :math:`M_{zl}`, where each class has one more row: the share of all labels."""
    k = near.shape[1]
    share = np.bincount(labels, minlength=n_classes) / len(labels)
    counts = np.tile(k * share, (n_classes, 1))
    for label, row in zip(labels.tolist(), near.tolist(), strict=True):
        z = plurality(label, row)
        for neighbor in row:
            counts[z, neighbor] += 1
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(counts / counts.sum(axis=1, keepdims=True)))


def pool_pred_probs(labels: Labels, pred_probs_list: Sequence[ArrayLike]) -> Float64s:
    """Pool with the weights that make the labels likeliest, shape (n, k)."""
    scores = [log_probs(p) for p in pred_probs_list]
    return pooled(pred_probs_list, source_weights(scores, as_labels(labels)))


def pooled(pred_probs_list: Sequence[ArrayLike], weights: Float64s) -> Float64s:
    """Pool with these weights."""
    return _softmax(np.tensordot(weights, [log_probs(p) for p in pred_probs_list], 1))


def log_probs(pred_probs: ArrayLike) -> Float64s:
    """Logarithms of rows scaled to sum to 1, after a hundredth of an even row is mixed in."""
    p = np.maximum(as_probs(pred_probs).astype(np.float64), 0)
    k = p.shape[1]
    p[p.sum(axis=1) == 0] = 1
    return np.asarray(np.log((1 - EVEN) * p / p.sum(axis=1, keepdims=True) + EVEN / k))


def source_weights(
    scores: Sequence[Float64s], labels: Ints, offset: Float64s | float = 0.0
) -> Float64s:
    """Weights in [0, 4] of sources of log probabilities, by maximum likelihood."""
    weights = np.zeros(len(scores))
    for _ in range(_ROUNDS):
        before = weights.copy()
        for m in range(len(scores)):
            low, high = 0.0, MOST
            for _ in range(_HALVINGS):
                weights[m] = (low + high) / 2
                if slope(m, weights, scores, labels, offset) > 0:
                    low = weights[m]
                else:
                    high = weights[m]
        if np.abs(weights - before).max() < 1e-9:
            break
    return weights


def log_likelihood(
    weights: Float64s, scores: Sequence[Float64s], labels: Ints, offset: Float64s | float = 0.0
) -> float:
    """Take the mean log probability of the labels: what the weights are chosen to raise."""
    p = _softmax(offset + np.tensordot(weights, scores, 1))
    return float(np.log(p[np.arange(len(labels)), labels]).mean())


def slope(
    m: int,
    weights: Float64s,
    scores: Sequence[Float64s],
    labels: Ints,
    offset: Float64s | float = 0.0,
) -> float:
    """Differentiate the mean log probability of the labels by the m-th weight."""
    p = _softmax(offset + np.tensordot(weights, scores, 1))
    own = scores[m][np.arange(len(labels)), labels]
    return float((own - (p * scores[m]).sum(axis=1)).mean())


def _softmax(logits: NDArray[np.float64]) -> Float64s:
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(p / p.sum(axis=1, keepdims=True))
