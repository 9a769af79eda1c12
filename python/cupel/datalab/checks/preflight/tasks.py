"""The tests of preflight in order, by task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._graph import KnnGraph
from cupel.datalab.checks.preflight.columns import check_classes, check_permutation
from cupel.datalab.checks.preflight.features import (
    Relations,
    check_related,
    class_relations,
    length_warning,
)
from cupel.datalab.checks.preflight.insample import check_in_sample, count_votes
from cupel.datalab.checks.preflight.rows import Windows, check_lags, check_order, class_signals
from cupel.datalab.checks.preflight.sample import Sample
from cupel.datalab.checks.preflight.values import read_values
from cupel.datalab.checks.preflight.warning import (
    Floats,
    Ints,
    PreflightWarning,
    quantile,
)

__all__ = ["check_classification", "check_multilabel"]

_FEWEST_ROWS = 10
_CONSTANT = 1e-6


def check_classification(
    labels: Ints, pred_probs: Any, names: Sequence[str], graph: KnnGraph | None
) -> list[PreflightWarning]:
    """Look at labels and probabilities of single-label data.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        Given classes; negative where there is none.
    pred_probs : array_like
        Whatever the caller passed for probabilities.
    names : sequence of str
        Names of the classes.
    graph : KnnGraph or None
        Neighbours of the same n rows.
    """
    values = read_values(pred_probs, sums_to_one=True)
    found = values.warnings
    if values.matrix is None:
        return found
    n_labels = len(labels)
    labels, matrix, usable = _same_length(labels, values.matrix, values.is_usable, found)
    counts = np.bincount(labels[labels >= 0], minlength=max(len(names), 1))
    found += check_classes(counts, matrix.shape[1], labels, names)
    sample = Sample.of_labels(labels, matrix, usable)
    if len(sample.rows) < _FEWEST_ROWS:
        return found
    fits = graph is not None and graph.n_rows == n_labels == len(labels)
    relations = class_relations(sample, labels, matrix, graph) if graph and fits else None
    signals = class_signals(labels, matrix, usable, sample)
    misplaced = _misplaced(sample, signals, names, len(matrix))
    return found + _last(sample, misplaced, labels, relations, graph if fits else None)


def check_multilabel(
    given: Floats, pred_probs: Any, names: Sequence[str]
) -> list[PreflightWarning]:
    """Look at labels, 0 or 1 for each class, and probabilities of multi-label data."""
    values = read_values(pred_probs, sums_to_one=False)
    found = values.warnings
    if values.matrix is None:
        return found
    given, matrix, usable = _same_length(given, values.matrix, values.is_usable, found)
    k = matrix.shape[1]
    found += check_classes(given.sum(axis=0).astype(np.int64), k, None, names)
    wide = np.zeros((len(given), k), dtype=np.float32)
    wide[:, : given.shape[1]] = given[:, :k]
    sample = Sample.of_sets(wide, matrix, usable)
    if len(sample.rows) < _FEWEST_ROWS:
        return found
    signals = class_signals(wide, matrix, usable, sample)
    misplaced = _misplaced(sample, signals, names, len(matrix))
    return found + _last(sample, misplaced, None, None, None)


def _misplaced(
    sample: Sample,
    signals: tuple[Windows, Floats, Floats],
    names: Sequence[str],
    n: int,
) -> PreflightWarning | None:
    """Look for columns or rows in other places: what makes labels agree better, if both do.

    Where classes follow each other in a fixed order, a shift looks like an order of columns.
    """
    constant = _check_constant(sample)
    if constant is not None:
        return constant
    permuted, shifted = check_permutation(sample, names), check_lags(*signals, n)
    if permuted is None or shifted is None:
        return permuted or shifted
    by_columns = permuted.figures["slope_permuted"]
    return permuted if by_columns >= shifted.figures["slope_at_lag"] else shifted


def _last(
    sample: Sample,
    misplaced: PreflightWarning | None,
    labels: Ints | None,
    relations: Relations | None,
    graph: KnnGraph | None,
) -> list[PreflightWarning]:
    """Look at what can only be asked where columns and rows are in place."""
    if misplaced is not None:
        return [misplaced]
    slope, deviation, claimed = sample.agreement()
    shuffled = check_order(slope, deviation, claimed, len(sample.rows), relations)
    if shuffled is not None:
        return [shuffled]
    found = []
    if relations is not None and graph is not None and labels is not None:
        is_borne_out = slope >= quantile(1) * deviation
        related = check_related(relations, is_borne_out, labels, graph)
        if related is not None:
            found.append(related)
            graph = None  # its votes mean nothing
    votes = None if graph is None or labels is None else count_votes(graph, labels, sample)
    in_sample = check_in_sample(sample, votes)
    return [*found, in_sample] if in_sample is not None else found


def _same_length(
    labels: NDArray[Any],
    matrix: Floats,
    usable: NDArray[np.bool_],
    found: list[PreflightWarning],
) -> tuple[NDArray[Any], Floats, NDArray[np.bool_]]:
    """Cut off what has no counterpart, and say so."""
    if len(matrix) == len(labels):
        return labels, matrix, usable
    found.append(length_warning("pred_probs", len(matrix), len(labels)))
    n = min(len(matrix), len(labels))
    return labels[:n], matrix[:n], usable[:n]


def _check_constant(sample: Sample) -> PreflightWarning | None:
    spread = float(np.ptp(sample.probs, axis=0).max())
    if spread > _CONSTANT:
        return None
    message = (
        f"pred_probs are the same in all {len(sample.rows):,} rows looked at (greatest difference "
        f"{spread:.1g}): a model that learnt nothing; no label error can be found with them"
    )
    figures = {"greatest_difference": spread, "num_sampled": len(sample.rows)}
    return PreflightWarning("constant_probabilities", message, "error", figures=figures)
