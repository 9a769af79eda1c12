"""Which labels to doubt: pruning by the confident joint, and simpler rules.

Section 3.2 of Northcutt, Jiang, Chuang, JAIR 70 (2021). Matrices of counts are indexed
``[given label, true label]``, as the confident joint is.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cupel.reference._common import (
    TINY,
    Bools,
    Collision,
    Floats,
    Ints,
    Labels,
    as_labels,
    as_probs,
    given_label_wins,
    one_vs_rest,
    row_sums,
)
from cupel.reference.count import (
    calibrate_confident_joint,
    confident_joint_of,
    num_label_issues,
    off_diagonal_issues,
    round_preserving_row_totals,
)
from cupel.reference.rank import (
    get_label_quality_scores,
    multilabel_quality_scores,
    order_label_issues,
)

PRUNE_METHODS = ("prune_by_noise_rate", "prune_by_class", "both")
LOW_SCORE_METHODS = {
    "low_normalized_margin": "normalized_margin",
    "low_self_confidence": "self_confidence",
}
METHODS = (*PRUNE_METHODS, *LOW_SCORE_METHODS, "confident_learning", "predicted_neq_given")


def find_label_issues(
    labels: Labels,
    pred_probs: ArrayLike,
    *,
    return_indices_ranked_by: str | None = None,
    rank_by_kwargs: Mapping[str, Any] | None = None,
    filter_by: str = "prune_by_noise_rate",
    frac_noise: float = 1.0,
    num_to_remove_per_class: int | Sequence[int] | None = None,
    min_examples_per_class: int = 1,
    confident_joint: ArrayLike | None = None,
    multi_label: bool = False,
    collision: Collision = "argmax",
) -> Bools | Ints:
    """Mask of the labels to doubt, or their indices with the worst score first.

    ``"confident_learning"``: the rows off the diagonal of the confident joint (Method 2).
    ``"prune_by_class"`` (3), ``"prune_by_noise_rate"`` (4), ``"both"`` of them (5).
    ``"predicted_neq_given"`` (baseline 1). None of these doubts a label that is the predicted one
    once its probability is raised by 1e-6. ``"low_self_confidence"``, ``"low_normalized_margin"``:
    as many of the lowest scores as `num_label_issues` estimates.

    ``multi_label`` asks for each class whether it is rightly given or not given, and doubts an
    example for any of them.
    """
    if filter_by not in METHODS:
        msg = f"filter_by must be one of {list(METHODS)}, got {filter_by!r}"
        raise ValueError(msg)
    if num_to_remove_per_class is not None and filter_by not in PRUNE_METHODS:
        msg = f"num_to_remove_per_class is not defined for filter_by={filter_by!r}"
        raise ValueError(msg)
    options: dict[str, Any] = {
        "filter_by": filter_by,
        "frac_noise": frac_noise,
        "num_to_remove": num_to_remove_per_class,
        "min_examples": min_examples_per_class,
        "joint": confident_joint,
        "collision": collision,
    }
    probs, kwargs = as_probs(pred_probs), dict(rank_by_kwargs or {})
    method = return_indices_ranked_by
    if multi_label:
        mask = _issues_of_any_class(labels, probs, options)
        if method is None:
            return mask
        scores = multilabel_quality_scores(labels, probs, method, **kwargs)
        flagged = np.flatnonzero(mask)
        return flagged[np.argsort(scores[flagged], kind="stable")]
    y = as_labels(labels)
    mask = _issues(y, probs, **options)
    if method is None:
        return mask
    return order_label_issues(mask, y, probs, rank_by=method, rank_by_kwargs=kwargs)


def _issues_of_any_class(labels: Labels, probs: Floats, options: dict[str, Any]) -> Bools:
    if options["filter_by"] in LOW_SCORE_METHODS:
        count = num_label_issues(labels, probs, multi_label=True, collision=options["collision"])
        return _lowest(multilabel_quality_scores(labels, probs, "self_confidence"), count)
    num_to_remove, joint = options["num_to_remove"], options["joint"]
    masks = []
    for k, (y, binary) in enumerate(one_vs_rest(labels, probs)):
        of_class = {
            **options,
            "num_to_remove": None if num_to_remove is None else [num_to_remove[k], 0],
            "joint": None if joint is None else np.asarray(joint)[k],
        }
        masks.append(_issues(y, binary, **of_class))
    return np.asarray(np.any(masks, axis=0))


def _issues(
    y: Ints,
    probs: Floats,
    *,
    filter_by: str,
    frac_noise: float,
    num_to_remove: int | Sequence[int] | None,
    min_examples: int,
    joint: ArrayLike | None,
    collision: Collision,
) -> Bools:
    if filter_by in LOW_SCORE_METHODS:
        count = num_label_issues(y, probs, collision=collision)
        scores = get_label_quality_scores(y, probs, method=LOW_SCORE_METHODS[filter_by])
        return _lowest(scores, count)
    if filter_by == "confident_learning":
        return off_diagonal_issues(y, probs, collision)
    mask = ~given_label_wins(y, probs)
    if filter_by == "predicted_neq_given":
        return mask & find_predicted_neq_given(y, probs)
    if joint is None:
        joint, _ = confident_joint_of(y, probs, None, True, collision)
    counts = keep_at_least(np.asarray(joint), min_examples, frac_noise)
    sizes = np.bincount(y, minlength=len(counts))
    if num_to_remove is not None:
        counts = remove_per_class(counts, np.asarray(num_to_remove), sizes)
    classes = _prunable_classes(sizes, min_examples)
    if filter_by in ("prune_by_class", "both"):
        mask &= prune_by_class(y, probs, counts, classes)
    if filter_by in ("prune_by_noise_rate", "both"):
        mask &= prune_by_noise_rate(y, probs, counts, classes)
    return mask


def _lowest(scores: Floats, count: np.int64) -> Bools:
    mask = np.zeros(len(scores), dtype=bool)
    mask[np.argsort(scores, kind="stable")[:count]] = True
    return mask


def _prunable_classes(sizes: Ints, min_examples: int) -> Ints:
    """Classes with more than ``min_examples`` examples, and more than one."""
    small = np.flatnonzero((sizes > 0) & (sizes <= min_examples))
    if len(small) > 0:
        warnings.warn(
            f"classes {small.tolist()} have at most min_examples_per_class={min_examples} examples:"
            " none of their labels is doubted",
            UserWarning,
            stacklevel=4,
        )
    return np.flatnonzero(sizes > max(min_examples, 1))


def keep_at_least(joint: Ints, n: int, frac_noise: float) -> Ints:
    """How many labels of each class to keep (diagonal), at least ``n``, and to remove (the rest).

    What the diagonal gains to reach ``n`` is taken in equal parts from the rest of its row, and
    ``1 - frac_noise`` of the rest is given back to the diagonal. Fractions are cut off.
    """
    kept = np.maximum(np.diag(joint), n)
    donors = np.maximum(np.count_nonzero(joint, axis=1) - 1, 1)
    removed = np.maximum(joint - ((kept - np.diag(joint)) / donors)[:, np.newaxis], 0)
    np.fill_diagonal(removed, 0)
    counts = removed * frac_noise
    np.fill_diagonal(counts, kept + row_sums(removed - counts))
    return np.asarray(counts.astype(np.int64))


def remove_per_class(counts: Ints, num_to_remove: Ints, sizes: Ints) -> Ints:
    """Scale the counts so that the off-diagonal of column j sums to ``num_to_remove[j]``.

    Two peculiarities are cleanlab's: the numbers are of *true* classes, except on the diagonal, so
    that only ``"prune_by_class"`` removes that many of each given class; and the counts of row k
    are weighted by the total of column k, where the total of their own column is meant.
    """
    shares = counts / np.maximum(counts.sum(axis=0), TINY)[:, np.newaxis]
    rest = np.maximum(row_sums(shares.T) - np.diag(shares), TINY)
    scaled = shares * num_to_remove / rest
    np.fill_diagonal(scaled, sizes - num_to_remove)
    return round_preserving_row_totals(scaled.T, kind="stable").T


def prune_by_class(y: Ints, probs: Floats, counts: Ints, classes: Ints) -> Bools:
    """Flag, of each class, all but the kept number: the lowest self-confidences (Method 3)."""
    mask = np.zeros(len(y), dtype=bool)
    for k in classes:
        rows = np.flatnonzero(y == k)
        n_removed = max(len(rows) - counts[k, k], 0)
        mask[rows[np.argsort(probs[rows, k], kind="stable")[:n_removed]]] = True
    return mask


def prune_by_noise_rate(y: Ints, probs: Floats, counts: Ints, classes: Ints) -> Bools:
    r"""Flag, for each cell [k, j], its count of rows with the largest margins (Method 4).

    The margin is :math:`\hat p_{ij} - \hat p_{ik}`, in the dtype of the probabilities.
    """
    mask = np.zeros(len(y), dtype=bool)
    for k in classes:
        rows = np.flatnonzero(y == k)
        for j in np.flatnonzero(counts[k] > 0):
            if j != k:
                margin = probs[rows, j] - probs[rows, k]
                mask[rows[np.argsort(-margin, kind="stable")[: counts[k, j]]]] = True
    return mask


def find_predicted_neq_given(
    labels: Labels, pred_probs: ArrayLike, *, multi_label: bool = False
) -> Bools:
    """Where the most probable class is not the given one; with ``multi_label``, for any class."""
    if multi_label:
        binary = one_vs_rest(labels, pred_probs)
        masks = [find_predicted_neq_given(y, p) for y, p in binary]
        return np.asarray(np.any(masks, axis=0))
    return np.asarray(as_probs(pred_probs).argmax(axis=1) != as_labels(labels))


def find_label_issues_using_argmax_confusion_matrix(
    labels: Labels,
    pred_probs: ArrayLike,
    *,
    calibrate: bool = True,
    filter_by: str = "prune_by_noise_rate",
) -> Bools:
    """`find_label_issues` with the counts of (given label, predicted class) as confident joint."""
    y, probs = as_labels(labels), as_probs(pred_probs)
    joint = np.zeros((probs.shape[1], probs.shape[1]), dtype=np.int64)
    np.add.at(joint, (y, probs.argmax(axis=1)), 1)
    if calibrate:
        joint = calibrate_confident_joint(joint, y)
    mask = find_label_issues(y, probs, confident_joint=joint, filter_by=filter_by)
    return mask.astype(np.bool_)
