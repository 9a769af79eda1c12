r"""Labels by several annotators: CROWDLAB and ActiveLab as arrays.

Goh, Tkachenko, Mueller, "CROWDLAB: Supervised learning to infer consensus labels and quality scores
for data with multiple annotators" (2022); Goh, Mueller, "ActiveLab: Active Learning with
Re-Labeling by Multiple Annotators" (2023). Labels are a float matrix, examples by annotators, nan
where there is none; models are probabilities of shape (models, examples, classes). S stands for the
examples that do not have exactly one label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cupel.reference._common import TOLERANCE, Bools, Float64s, Ints

COARSE_TEMPERATURES = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0, 3.0, 5.0, 8.0)
FINE_STEPS = 4
LEAST_PROBABILITY = 1e-30


def class_counts(labels: Float64s, n_classes: int) -> Ints:
    """How often each class was given to each example."""
    return np.stack([(labels == k).sum(axis=1) for k in range(n_classes)], axis=1)


def label_counts(labels: Float64s) -> Ints:
    """Count the labels of each example."""
    return np.asarray((~np.isnan(labels)).sum(axis=1))


# ---- majority vote -----------------------------------------------------------------------------


def majority_vote(
    labels: Float64s, n_classes: int, probs: Float64s | None = None
) -> tuple[Ints, dict[int, Ints]]:
    """Find the commonest class of each example; -1 and the classes tied where no rule breaks a tie.

    Rules, in order: the larger probability; the class given least often overall; the class whose
    supporters agree more with the majority where that is clear.
    """
    counts = class_counts(labels, n_classes)
    tied = [_best(np.arange(n_classes), row) for row in counts]
    clear = np.array([len(classes) == 1 for classes in tied])
    if probs is not None:
        tied = [_best(classes, row) for classes, row in zip(tied, probs, strict=True)]
    tied = [_best(classes, -counts.sum(axis=0)) for classes in tied]
    majority = np.array([classes[0] if len(classes) == 1 else -1 for classes in tied])
    shares = _reliability(labels, majority, clear)
    open_votes = {}
    for i in np.flatnonzero(majority < 0):
        support = np.full(n_classes, np.nan)
        for k in tied[i]:
            support[k] = shares[labels[i] == k].mean()
        best = tied[i] if np.isnan(support[tied[i]]).any() else _best(tied[i], support)
        if len(best) == 1:
            majority[i] = best[0]
        else:
            open_votes[int(i)] = best
    return majority, open_votes


def _best(classes: Ints, scores: ArrayLike) -> Ints:
    """Those of the classes with the highest score."""
    of_classes = np.asarray(scores)[classes]
    return np.asarray(classes[of_classes == of_classes.max()])


def _reliability(labels: Float64s, majority: Ints, clear: Bools) -> Float64s:
    """Each annotator's agreement with clear majorities; the mean of the others' where unknown."""
    given = ~np.isnan(labels[clear])
    same = labels[clear] == majority[clear][:, None]
    return _fill_with_mean(same.sum(axis=0), given.sum(axis=0))


def _fill_with_mean(part: Ints, whole: Ints) -> Float64s:
    known = whole > 0
    shares = np.divide(part, whole, out=np.full(len(whole), np.nan), where=known)
    if known.any():
        shares[~known] = np.nanmean(shares)
    return np.asarray(shares)


# ---- CROWDLAB ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weighed:
    """Annotators and models weighed by a consensus."""

    agreement: Float64s
    annotators: Float64s
    models: Float64s
    posterior: Float64s


def peer_agreement(labels: Float64s, n_classes: int) -> Float64s:
    """Share of the other labels of an annotator's examples that are the annotator's.

    For annotators without such labels the mean of the others.
    """
    counts, others = class_counts(labels, n_classes), label_counts(labels) - 1
    same, all_others = [], []
    for column in labels.T:
        rows = np.flatnonzero(~np.isnan(column))
        same.append((counts[rows, column[rows].astype(int)] - 1).sum())
        all_others.append(others[rows].sum())
    return _fill_with_mean(np.array(same), np.array(all_others))


def weigh(labels: Float64s, models: Float64s, consensus: Ints) -> Weighed:
    r"""Weights and posterior, with :math:`\mu` the mean agreement with the consensus on S.

    .. math:: E = \max(10^{-6}, error(mode)), \quad w_j = \max(10^{-6}, 1 - (1 - A_j) / E), \quad
              w_M = \sqrt{\bar n}\, \max(10^{-6}, 1 - error(M) / E)
    """
    n_classes = models.shape[2]
    n_labels = label_counts(labels)
    shared = n_labels != 1
    agreement = (labels == consensus[:, None]).sum(axis=1) / n_labels
    right = agreement[shared].mean()
    wrong = (1 - right) / (n_classes - 1) if n_classes > 1 else 0.0
    commonest = np.bincount(consensus[shared]).argmax()
    base_error = max(TOLERANCE, (consensus[shared] != commonest).mean())
    peers = peer_agreement(labels, n_classes)
    annotators = np.maximum(TOLERANCE, 1 - (1 - peers) / base_error)
    errors = np.array([(p.argmax(axis=1) != consensus)[shared].mean() for p in models])
    of_models = np.maximum(TOLERANCE, 1 - errors / base_error) * np.sqrt(n_labels.mean())
    total = np.full(len(labels), of_models.sum())
    mixed = np.zeros(models.shape[1:])
    for weight, probs in zip(of_models, models, strict=True):
        mixed += weight * probs
    for weight, column in zip(annotators, labels.T, strict=True):
        given = ~np.isnan(column)
        is_label = column[given][:, None] == np.arange(n_classes)
        mixed[given] += weight * np.where(is_label, right, wrong)
        total[given] += weight
    return Weighed(agreement, annotators, of_models, mixed / total[:, None])


def leading_classes(probs: Float64s, fallback: Ints) -> Ints:
    """Find the likeliest class of each example, `fallback` where several are."""
    several = (probs == probs.max(axis=1, keepdims=True)).sum(axis=1) > 1
    return np.where(several, fallback, probs.argmax(axis=1))


def label_shares(labels: Float64s, n_classes: int, *, packed: bool) -> Float64s:
    """Share of each class among an example's labels.

    ``packed``: the shares above 0 fill the first columns, in the order of their classes.
    """
    shares = class_counts(labels, n_classes) / label_counts(labels)[:, None]
    if packed:
        for row in shares:
            given = row[row > 0]
            row[:] = 0.0
            row[: len(given)] = given
    return np.asarray(shares)


# ---- calibration -------------------------------------------------------------------------------


def temper(probs: Float64s, temperature: float) -> Float64s:
    """softmax(log(p) / T)."""
    clipped = np.maximum(probs, LEAST_PROBABILITY)
    powers = np.exp(np.log(clipped / clipped.sum(axis=1, keepdims=True)) / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def cross_entropy(shares: Float64s, probs: Float64s, temperature: float) -> float:
    """Mean over examples of the cross entropy of tempered probabilities to shares of labels."""
    logs = np.log(np.maximum(temper(probs, temperature), LEAST_PROBABILITY))
    return float(-(shares * logs).sum(axis=1).mean())


def fine_temperatures(coarse: float) -> Float64s:
    """Make the grid around one of the coarse temperatures; the largest of those is not in its own."""
    at = COARSE_TEMPERATURES.index(coarse)
    below, above = COARSE_TEMPERATURES[max(at - 1, 0)], COARSE_TEMPERATURES[at + 1 : at + 2]
    grids = [np.linspace(below, coarse, FINE_STEPS, endpoint=False)] if below < coarse else []
    grids += [np.linspace(coarse, after, FINE_STEPS + 1) for after in above]
    return np.concatenate(grids)


def best_temperature(labels: Float64s, probs: Float64s, *, packed: bool) -> float:
    """Find the temperature with the least cross entropy, on the coarse grid, then on a fine one."""
    shares = label_shares(labels, probs.shape[1], packed=packed)

    def loss(temperature: float) -> float:
        return cross_entropy(shares, probs, temperature)

    return float(min(fine_temperatures(min(COARSE_TEMPERATURES, key=loss)), key=loss))


# ---- annotators --------------------------------------------------------------------------------


@dataclass(frozen=True)
class AnnotatorSummary:
    """What is said of each annotator."""

    mean_score: Float64s
    agreement: Float64s
    shared_agreement: Float64s
    worst_class: Ints


def summarize_annotators(
    labels: Float64s, consensus: Ints, quality: Float64s, scores: Float64s, n_classes: int
) -> AnnotatorSummary:
    """Mean score of labels, agreement with the consensus (on all examples, on S), worst class."""
    given, shared = ~np.isnan(labels), (label_counts(labels) != 1)[:, None]
    same = labels == consensus[:, None]
    with np.errstate(invalid="ignore"):
        on_shared = (same & shared).sum(axis=0) / (given & shared).sum(axis=0)
    return AnnotatorSummary(
        np.array([column[~np.isnan(column)].mean() for column in scores.T]),
        same.sum(axis=0) / given.sum(axis=0),
        on_shared,
        np.array([_worst_class(column, consensus, quality, n_classes) for column in labels.T]),
    )


def _worst_class(column: Float64s, consensus: Ints, quality: Float64s, n_classes: int) -> int:
    """Least agreement, then most labels, then highest quality of consensus, then lowest class."""
    keys = []
    for k in range(n_classes):
        rows = column == k
        if rows.any():
            keys.append(((consensus[rows] == k).mean(), -rows.sum(), -quality[rows].mean(), k))
    return int(min(keys)[3])


def annotator_quality(labels: Float64s, weighed: Weighed, summary: AnnotatorSummary) -> Float64s:
    """Mean score and agreement on S, weighed as the models are next to an example's annotators."""
    of_models = weighed.models.mean()
    of_labels = weighed.annotators.sum() * label_counts(labels).mean() / labels.shape[1]
    share = of_models / (of_models + of_labels)
    return np.asarray(share * summary.mean_score + (1 - share) * summary.shared_agreement)


# ---- ActiveLab ---------------------------------------------------------------------------------


def active_learning_scores(
    probability: Float64s, sources: Float64s | float, annotator: float, n_classes: int
) -> Float64s:
    """Mix a class's probability with the uniform one: sources' weight against a new annotator's."""
    mixed = probability * sources + annotator / n_classes
    return np.asarray(mixed / (sources + annotator))
