"""What everybody says of labels and probabilities: lists, flagged sets, suggestions, counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cleanlab.count
import cleanlab.filter
import cleanlab.rank
import numpy as np
from numpy.typing import NDArray

import cupel.count
import cupel.filter
import cupel.posterior
from bench.cases import FILTERS, SCORES

from .cases import (
    ARGMAX,
    CLEANLAB,
    ONE_SHOT,
    ONE_SHOT_AVERAGED,
    OTHER_ARGMAX,
    OURS,
    RANDOM,
    Floats,
    Labels,
    Mask,
)

ADJUSTABLE = SCORES[:2]
ADJUSTED_MARGIN = f"{CLEANLAB} {SCORES[1]}, adjusted"


@dataclass(frozen=True)
class Answers:
    """By contestant: scores (lower is worse), flagged rows, labels, and parts of a count.

    The parts of a count are a figure per row; their sum is the estimated number of errors, of
    which ``standard_errors`` has what the contestant says of its accuracy.
    """

    scores: dict[str, NDArray[Any]] = field(default_factory=dict)
    flagged: dict[str, Mask] = field(default_factory=dict)
    suggested: dict[str, Labels] = field(default_factory=dict)
    counted: dict[str, Floats] = field(default_factory=dict)
    standard_errors: dict[str, float] = field(default_factory=dict)

    def __or__(self, other: Answers) -> Answers:
        """Both."""
        return Answers(
            self.scores | other.scores,
            self.flagged | other.flagged,
            self.suggested | other.suggested,
            self.counted | other.counted,
            self.standard_errors | other.standard_errors,
        )


def everybodys(labels: Labels, probs: Floats) -> Answers:
    """Answers of all contestants."""
    answers = ours(labels, probs) | cleanlabs(labels, probs) | one_shot(labels, probs)
    margin = answers.scores[ADJUSTED_MARGIN]
    averaged = Answers({ONE_SHOT_AVERAGED: (answers.scores[ONE_SHOT] + margin) / 2})
    return answers | averaged | simple(labels, probs)


def ours(labels: Labels, probs: Floats) -> Answers:
    """The noise posterior."""
    model = cupel.posterior.fit_noise_model(labels, probs)
    found = cupel.posterior.get_label_posteriors(labels, probs, noise_model=model)
    flagged = cupel.filter.find_label_issues(labels, probs, filter_by="noise_posterior")
    expected = cupel.posterior.estimate_label_errors(labels, probs, noise_model=model)
    return Answers(
        {OURS: found.scores},
        {OURS: flagged},
        {OURS: found.suggested_label},
        {OURS: found.error_probability},
        {OURS: expected.standard_error},
    )


def cleanlabs(labels: Labels, probs: Floats) -> Answers:
    """cleanlab's scores and filters. What it suggests is the argmax."""
    scores, flagged = {}, {}
    for method in SCORES:
        score = cleanlab.rank.get_label_quality_scores
        scores[f"{CLEANLAB} {method}"] = score(labels, probs, method=method)
        if method in ADJUSTABLE:
            adjusted = score(labels, probs, method=method, adjust_pred_probs=True)
            scores[f"{CLEANLAB} {method}, adjusted"] = adjusted
    for name in FILTERS:
        find = cleanlab.filter.find_label_issues
        flagged[f"{CLEANLAB} {name}"] = find(labels, probs, filter_by=name, n_jobs=1)
    return Answers(
        scores,
        flagged,
        {f"{CLEANLAB} argmax": probs.argmax(axis=1)},
        {
            # The rows that num_label_issues counts are those of this filter.
            f"{CLEANLAB} num_label_issues": flagged[f"{CLEANLAB} confident_learning"].astype(float),
            f"{CLEANLAB} off-diagonal of the joint": _off_diagonal_rates(labels, probs)[labels],
        },
    )


def _off_diagonal_rates(labels: Labels, probs: Floats) -> Floats:
    """By given label, the share of cleanlab's calibrated confident joint that is elsewhere."""
    joint = cleanlab.count.compute_confident_joint(labels, probs)
    return np.asarray(1 - np.diag(joint) / np.maximum(joint.sum(axis=1), 1))


def one_shot(labels: Labels, probs: Floats) -> Answers:
    """The first experiment: thresholds and the confident joint's own noise, once through Bayes."""
    thresholds = cupel.count.get_confident_thresholds(labels, probs)
    joint = cupel.count.compute_confident_joint(labels, probs).astype(np.float64)
    noise = joint / np.maximum(joint.sum(axis=0), 1e-12)
    posterior = np.maximum(probs, 0) / thresholds * noise[labels]
    rows = np.arange(len(labels))
    posterior[rows, labels] += 1e-300 * (posterior.sum(axis=1) <= 0)
    posterior /= posterior.sum(axis=1, keepdims=True)
    of_given = posterior[rows, labels]
    posterior[rows, labels] = -1
    return Answers(
        {ONE_SHOT: (of_given - posterior.max(axis=1) + 1) / 2},
        {ONE_SHOT: of_given < 0.5},
        {ONE_SHOT: posterior.argmax(axis=1)},
        {ONE_SHOT: 1 - of_given},
    )


def simple(labels: Labels, probs: Floats) -> Answers:
    """Disagreement with the prediction, and chance."""
    rows = np.arange(len(labels))
    agrees = probs.argmax(axis=1) == labels
    others = probs.copy()
    others[rows, labels] = -1
    chance = np.random.default_rng(41).random(len(labels))
    return Answers(
        {ARGMAX: probs[rows, labels] + 2 * agrees, RANDOM: chance},
        {ARGMAX: ~agrees},
        {OTHER_ARGMAX: others.argmax(axis=1)},
        {ARGMAX: (~agrees).astype(np.float64)},
    )
