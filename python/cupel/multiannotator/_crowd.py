"""Consensus, weights and posteriors of labels by several annotators: the steps of CROWDLAB."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._problem import Problem
from cupel._scores import scores_of
from cupel.multiannotator._inputs import AnnotatedLabels

__all__ = [
    "Crowd",
    "Verdict",
    "majority_vote",
    "mean_model",
    "tell_lonely",
    "tell_lost_classes",
    "warn_if_none_agree",
]

_Models = Sequence[NDArray[np.float64]]

_LEAST = 1e-6  # of a weight, and of the error that weights are measured by


@dataclass(frozen=True, slots=True)
class Verdict:
    """A consensus, and how good it is.

    Attributes
    ----------
    consensus : ndarray of int64, shape (n,)
    quality : ndarray of float64, shape (n,)
        Score of each consensus label.
    agreement : ndarray of float64, shape (n,)
        Share of an example's labels that are its consensus.
    posterior : ndarray of float64, shape (n, k)
        Probability of each class.
    annotator_weights, model_weights : ndarray of float64
        One for each; empty where frequencies are all that counts.
    """

    consensus: NDArray[np.int64]
    quality: NDArray[np.float64]
    agreement: NDArray[np.float64]
    posterior: NDArray[np.float64]
    annotator_weights: NDArray[np.float64]
    model_weights: NDArray[np.float64]


@dataclass(slots=True)
class Crowd:
    """Labels by several annotators, the models next to them, and what all steps share."""

    labels: AnnotatedLabels
    models: _Models
    threads: int
    score_kwargs: dict[str, Any]
    packed: bool
    peer_agreement: NDArray[np.float64] = field(init=False)
    lonely: NDArray[np.int64] = field(init=False)  # annotators who share no example with others

    def __post_init__(self) -> None:
        same, others = self.labels.marks.peer_agreement(self.threads)
        with np.errstate(invalid="ignore"):
            agreement = same / others
        self.lonely = np.flatnonzero(others == 0)
        if len(self.lonely) < len(others):
            agreement[self.lonely] = np.nanmean(agreement)
        self.peer_agreement = agreement

    @property
    def n_classes(self) -> int:
        """Number of classes, k."""
        return int(self.models[0].shape[1])

    def calibrate(self) -> list[float]:
        """Soften or sharpen each model so that it fits the labels; return the temperatures."""
        temperatures = [
            self.labels.marks.best_temperature(probs, self.packed, self.threads)
            for probs in self.models
        ]
        self.models = [
            _core.temper(probs, at, self.threads)
            for probs, at in zip(self.models, temperatures, strict=True)
        ]
        return temperatures

    def vote(self, *, stacklevel: int) -> NDArray[np.int64]:
        """Return the majority's class of each example, ties to the models' mean."""
        mean = mean_model(self.models)
        return majority_vote(
            self.labels.marks, mean, self.n_classes, self.threads, stacklevel=stacklevel + 1
        )

    def judge(self, consensus: NDArray[np.int64]) -> Verdict:
        """Weigh annotators and models by a consensus, and say how good it is."""
        agreement, annotators, models, posterior = self._weighed(consensus)
        quality = self._scores(consensus, posterior)
        return Verdict(consensus, quality, agreement, posterior, annotators, models)

    def improve(self, majority: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the class that is likeliest when weighed by the majority's classes."""
        return _core.leading_classes(self._weighed(majority)[3], majority, self.threads)

    def judge_by_shares(self, consensus: NDArray[np.int64]) -> Verdict:
        """Take shares of labels for probabilities, and agreement with a consensus for quality."""
        marks, k = self.labels.marks, self.n_classes
        agreement = marks.fit_consensus([], consensus, k, self.threads)[0]
        shares = marks.label_shares(k, self.packed, self.threads)
        return Verdict(consensus, agreement, agreement, shares, np.empty(0), np.empty(0))

    def improve_by_shares(self, majority: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the class with the largest share, the majority's where there are several."""
        shares = self.labels.marks.label_shares(self.n_classes, self.packed, self.threads)
        return _core.leading_classes(shares, majority, self.threads)

    def label_scores(self, posterior: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score every label, ordered by annotator, then by example."""
        marks = self.labels.marks
        if self.score_kwargs == {"method": "self_confidence", "adjust_pred_probs": False}:
            return marks.label_scores(posterior, self.threads)
        scores = []
        for j in range(len(self.peer_agreement)):
            rows, given = marks.of_annotator(j)
            scores.append(self._scores(given, posterior[rows]))
        return np.concatenate(scores)

    def _scores(self, given: NDArray[np.int64], probs: NDArray[np.float64]) -> NDArray[np.float64]:
        problem = Problem(given, probs, self.threads, None, len(given))
        return scores_of(problem, **self.score_kwargs)

    def _weighed(
        self, consensus: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Agreement with a consensus, weights of annotators and of models, posterior."""
        marks, k = self.labels.marks, self.n_classes
        agreement, total, shared, classes, mismatches = marks.fit_consensus(
            self.models, consensus, k, self.threads
        )
        right = total / shared
        wrong = (1 - right) / (k - 1) if k > 1 else 0.0
        # What always naming the commonest class would get wrong.
        base_error = max(_LEAST, (shared - int(classes.max())) / shared)
        annotators = np.maximum(_LEAST, 1 - (1 - self.peer_agreement) / base_error)
        per_example = np.sqrt(self.labels.per_example.mean())
        models = np.maximum(1 - mismatches / shared / base_error, _LEAST) * per_example
        posterior = marks.posterior(self.models, annotators, models, right, wrong, self.threads)
        return agreement, annotators, models, posterior


def warn_if_none_agree(marks: _core.Annotations, threads: int, *, stacklevel: int) -> None:
    """Warn where no class was given twice to any example."""
    if not marks.peer_agreement(threads)[0].any():
        msg = (
            "labels_multiannotator: no two annotators agree on any example; are its rows and "
            "columns what they should be?"
        )
        warnings.warn(msg, UserWarning, stacklevel=stacklevel + 1)


def mean_model(models: _Models) -> NDArray[np.float64]:
    """Mean of the models' probabilities, of which there is at least one."""
    if len(models) == 1:
        return models[0]
    total = models[0] + models[1]
    for probs in models[2:]:
        total += probs
    total /= len(models)
    return total


def majority_vote(
    marks: _core.Annotations,
    probs: NDArray[np.float64] | None,
    n_classes: int,
    threads: int,
    *,
    stacklevel: int,
) -> NDArray[np.int64]:
    """Return the class most annotators gave; what no rule decides is drawn, with a warning.

    By NumPy's global generator and in the order of rows, as in cleanlab: scripts that seed it get
    the same classes.
    """
    votes, rows, begin, classes = marks.majority_vote(probs, n_classes, threads)
    if len(rows):
        msg = (
            f"the majority of rows {rows[:10].tolist()} is drawn at random ({len(rows)} in all), no "
            "rule breaks the tie; call numpy.random.seed before for the same classes again"
        )
        warnings.warn(msg, UserWarning, stacklevel=stacklevel + 1)
    for row, first, last in zip(rows, begin[:-1], begin[1:], strict=True):
        votes[row] = np.random.choice(classes[first:last])  # noqa: NPY002 - see above
    return votes


def tell_lost_classes(marks: _core.Annotations, consensus: NDArray[np.int64], method: str) -> None:
    """Print the classes that were given but are no consensus label."""
    given = np.flatnonzero(marks.class_totals())
    lost = np.setdiff1d(given, consensus).tolist()
    if lost:
        print(  # noqa: T201 - where cleanlab prints it
            f"CAUTION: the consensus by {method!r} lost classes, because they were given too seldom. "
            "A classifier trained on it will never see these, unless some consensus labels are set "
            f"by hand.\nClasses given but not in the consensus: {lost}"
        )


def tell_lonely(crowd: Crowd) -> None:
    """Print the annotators whose labels nobody else's can be compared with."""
    if len(crowd.lonely):
        names = crowd.labels.annotator_names()
        print(  # noqa: T201 - where cleanlab prints it
            f"Annotators {[names[j] for j in crowd.lonely]} share no example with others; for their "
            "agreement the mean of the other annotators is taken."
        )
