"""Pooling probabilities of several sources, weighted by how well they predict the given labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._loglinear import Float64s, block_rows, fit_weights, sample_rows, softmax
from cupel._problem import Problem

__all__ = ["pool_pred_probs"]

_EVEN = 0.01  # share of an even distribution mixed into each source, so that none can forbid


def pool_pred_probs(
    labels: Any,
    pred_probs_list: Sequence[Any],
    *,
    classes: Sequence[Any] | None = None,
    nan: str = "raise",
    n_jobs: int | None = None,
) -> NDArray[np.float64]:
    r"""Pool several matrices of probabilities into one, by a weighted geometric mean.

    .. math:: p_z \propto \prod_m \left(0.99 \, p^{(m)}_z + 0.01 / k\right)^{w_m}

    with the weights in [0, 4] under which the given labels are likeliest. Made for a classifier
    and the votes of neighbours (:func:`cupel.neighbors.get_label_votes`): the noise posterior of
    the pool is that of both. Works for the models of an ensemble in the same way.

    Parameters
    ----------
    labels : array_like of int or str, shape (n,)
        Given class of each example.
    pred_probs_list : sequence of array_like of float, each of shape (n, k)
        Out-of-sample probabilities of each source: a source that has seen a row's own label gets
        too much weight.
    classes : sequence, optional
        Class names in the order of the columns, if labels are names.
    nan : {"raise", "drop"}
        What to do with rows where some source holds a nan or an infinity.
    n_jobs : int, optional
        Threads that check values; -1 for all. The result does not depend on it.

    Returns
    -------
    ndarray of float64, shape (n, k)
        Rows sum to 1; nan in rows left out by ``nan="drop"``, which the functions that take the
        result leave out by the same argument.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n k) time per source, no memory besides the result and a sample: weights are fitted to at
    most max(2048, 2^22 / k) rows, spread evenly. Logarithmic pools: Genest, Zidek, "Combining
    Probability Distributions", Statistical Science 1 (1986), section 3.

    Examples
    --------
    >>> import cupel
    >>> labels = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> good = [[0.9, 0.1]] * 3 + [[0.2, 0.8]] * 4 + [[0.9, 0.1]]
    >>> blind = [[0.9, 0.1], [0.1, 0.9]] * 4
    >>> cupel.posterior.pool_pred_probs(labels, [good, blind]).round(2)[2:4]
    array([[0.79, 0.21],
           [0.31, 0.69]])
    """
    sources = _loaded(labels, pred_probs_list, classes=classes, nan=nan, n_jobs=n_jobs)
    rows = _common_rows(sources)
    given = sources[0].expand_labels(sources[0].checked_labels())[rows]
    k = sources[0].n_classes
    matrices = [_of_rows(source, rows) for source in sources]
    sample = sample_rows(len(rows), k)
    weights = fit_weights([_logs(p[sample]) for p in matrices], given[sample])
    pooled = np.empty((len(rows), k))
    size = block_rows(k)
    for start in range(0, len(rows), size):
        part = slice(start, start + size)
        logits = np.zeros_like(pooled[part])
        for weight, p in zip(weights, matrices, strict=True):
            logits += weight * _logs(p[part])
        pooled[part] = softmax(logits)
    if len(rows) == sources[0].n_rows:
        return pooled
    out = np.full((sources[0].n_rows, k), np.nan)
    out[rows] = pooled
    return out


def _loaded(labels: Any, pred_probs_list: Any, **how: Any) -> list[Problem]:
    """Check every source."""
    if not isinstance(pred_probs_list, (list, tuple)):
        kind = type(pred_probs_list).__name__
        msg = f"pred_probs_list must be a list with one matrix per source, got {kind}"
        raise TypeError(msg)
    if not pred_probs_list:
        msg = "pred_probs_list is empty, expected one matrix per source"
        raise ValueError(msg)
    sources = [
        Problem.load(labels, probs, probs_name=f"pred_probs_list[{m}]", **how)
        for m, probs in enumerate(pred_probs_list)
    ]
    for m, source in enumerate(sources):
        if source.n_classes != sources[0].n_classes:
            msg = (
                f"pred_probs_list[{m}] has {source.n_classes} columns, pred_probs_list[0] has "
                f"{sources[0].n_classes}; they must be of the same classes"
            )
            raise ValueError(msg)
    return sources


def _common_rows(sources: list[Problem]) -> NDArray[np.int64]:
    """Rows that no source leaves out."""
    whole = np.ones(sources[0].n_rows, dtype=np.bool_)
    for source in sources:
        whole &= source.expand_mask(np.ones(len(source.labels), dtype=np.bool_))
    if not whole.any():
        msg = "pred_probs_list has no row without a nan or an infinity in some source"
        raise ValueError(msg)
    return np.flatnonzero(whole)


def _of_rows(source: Problem, rows: NDArray[np.int64]) -> NDArray[Any]:
    """Probabilities of some of the caller's rows, all of them kept; no copy if these are all."""
    if len(rows) == len(source.pred_probs):
        return source.pred_probs
    return source.pred_probs[rows if source.kept is None else np.searchsorted(source.kept, rows)]


def _logs(probs: NDArray[Any]) -> Float64s:
    """Log probabilities of rows that need not sum to 1, bounded from below."""
    p = np.maximum(probs, 0.0).astype(np.float64, copy=False)
    total = p.sum(axis=1, keepdims=True)
    even = 1.0 / p.shape[1]
    p = np.where(total > 0, p / np.where(total > 0, total, 1.0), even)
    return np.asarray(np.log((1.0 - _EVEN) * p + _EVEN * even))
