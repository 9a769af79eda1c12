"""What an audit asks of the library: by the noise posterior, or as is usual with cleanlab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cupel.cli.methods import POSTERIOR
from cupel.count import compute_confident_joint, get_confident_thresholds
from cupel.filter import find_label_issues
from cupel.posterior import ExpectedErrors, get_label_posteriors
from cupel.rank import get_label_quality_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["JointEstimates", "Posterior", "PosteriorEstimates", "Suggestions", "suggest_labels"]

_BLOCK_CELLS = 2**20  # probabilities gathered at a time


@dataclass(frozen=True, eq=False)
class Posterior:
    """What the noise posterior says.

    Attributes
    ----------
    error_probability : ndarray of float64, shape (m,)
        Probability that the given label of each suspect is wrong.
    suggested_probability : ndarray of float64, shape (m,)
        Probability that the suggested label of each suspect is the true one.
    expected : ExpectedErrors
        Expected number of wrong labels among all rows, and by given class.
    """

    error_probability: NDArray[np.float64]
    suggested_probability: NDArray[np.float64]
    expected: ExpectedErrors


class Suggestions(NamedTuple):
    """Suggested class of some rows, and the model's probabilities of the given and that class."""

    labels: NDArray[np.int64]
    given_probs: NDArray[np.float64]
    suggested_probs: NDArray[np.float64]


class JointEstimates:
    """Errors counted by the confident joint; the likeliest other class suggested.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        Given class of each row.
    pred_probs : ndarray of float, shape (n, k)
        Out-of-sample probabilities.
    collision, nan, n_jobs
        As in :func:`cupel.filter.find_label_issues`.
    """

    def __init__(
        self,
        labels: NDArray[np.int64],
        pred_probs: NDArray[Any],
        *,
        collision: str,
        nan: str,
        n_jobs: int | None,
    ) -> None:
        self._labels, self._pred_probs = labels, pred_probs
        self._collision = collision
        self._shared: dict[str, Any] = {"nan": nan, "n_jobs": n_jobs}

    def mask(self, filter_by: str, **options: Any) -> NDArray[np.bool_]:
        """Mask of the suspects."""
        return find_label_issues(
            self._labels,
            self._pred_probs,
            filter_by=filter_by,
            collision=self._collision,
            **options,
            **self._shared,
        )

    def scores(self, rank_by: str) -> NDArray[Any]:
        """Score of each row; ``nan`` for rows left out."""
        return get_label_quality_scores(
            self._labels, self._pred_probs, method=rank_by, **self._shared
        )

    def thresholds(self) -> NDArray[np.float64]:
        """Mean self-confidence of each class; anything for a class without rows."""
        thresholds = get_confident_thresholds(self._labels, self._pred_probs, **self._shared)
        return thresholds.astype(np.float64)

    def errors(self, counts: NDArray[np.int64]) -> tuple[float, NDArray[np.float64]]:
        """Estimate the number of errors, and their share of the `counts` rows of each class."""
        joint = compute_confident_joint(
            self._labels, self._pred_probs, collision=self._collision, **self._shared
        )
        totals = joint.sum(axis=1)
        wrong = totals - np.diagonal(joint)
        return int(wrong.sum()), _share(wrong, np.where(counts > 0, totals, 0))

    def suggestions(self, rows: NDArray[np.int64]) -> Suggestions:
        """Suggest a class for some rows."""
        return suggest_labels(self._labels[rows], self._pred_probs, rows)

    def posterior(self, rows: NDArray[np.int64]) -> Posterior | None:  # noqa: ARG002 - none here
        """Tell what the posterior says of some rows: nothing."""
        return None


class PosteriorEstimates(JointEstimates):
    """Errors and suggestions by the noise posterior, which is computed once for all questions."""

    def __init__(self, labels: NDArray[np.int64], pred_probs: NDArray[Any], **options: Any) -> None:
        super().__init__(labels, pred_probs, **options)
        self._posteriors = get_label_posteriors(labels, pred_probs, **self._shared)
        wrong = self._posteriors.error_probability
        self._expected = ExpectedErrors.of(labels, wrong, pred_probs.shape[1])

    def mask(self, filter_by: str, **options: Any) -> NDArray[np.bool_]:
        """Mask of the suspects."""
        if filter_by != POSTERIOR:
            return super().mask(filter_by, **options)
        return self._posteriors.likely_wrong()

    def scores(self, rank_by: str) -> NDArray[Any]:
        """Score of each row; ``nan`` for rows left out."""
        return self._posteriors.scores if rank_by == POSTERIOR else super().scores(rank_by)

    def errors(self, counts: NDArray[np.int64]) -> tuple[float, NDArray[np.float64]]:
        """Estimate the number of errors, and their share of the `counts` rows of each class."""
        return self._expected.total, _share(self._expected.per_class, counts)

    def suggestions(self, rows: NDArray[np.int64]) -> Suggestions:
        """Suggest a class for some rows."""
        suggested = self._posteriors.suggested_label[rows]
        own = (self._pred_probs[rows, k] for k in (self._labels[rows], suggested))
        return Suggestions(suggested, *(probs.astype(np.float64) for probs in own))

    def posterior(self, rows: NDArray[np.int64]) -> Posterior:
        """Tell what the posterior says of some rows."""
        return Posterior(
            self._posteriors.error_probability[rows],
            self._posteriors.suggested_probability[rows],
            self._expected,
        )


def suggest_labels(
    given: NDArray[np.int64], pred_probs: NDArray[Any], rows: NDArray[np.int64]
) -> Suggestions:
    """Suggest the class with the largest probability apart from the given one, for some rows.

    Parameters
    ----------
    given : ndarray of int64, shape (m,)
        Given class of each listed row.
    pred_probs : ndarray of float, shape (n, k)
        Probabilities; only the listed rows are read, a block at a time.
    rows : ndarray of int64, shape (m,)
        The listed rows.

    Returns
    -------
    Suggestions
        The first of equals.

    Examples
    --------
    >>> probs = np.array([[0.5, 0.2, 0.3]])
    >>> tuple(suggest_labels(np.array([0]), probs, np.array([0])))
    (array([2]), array([0.5]), array([0.3]))
    """
    suggested = np.empty(len(rows), np.int64)
    given_probs = np.empty(len(rows))
    suggested_probs = np.empty(len(rows))
    step = max(1, _BLOCK_CELLS // pred_probs.shape[1])
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        block = np.asarray(pred_probs[rows[part]], dtype=np.float64)
        at = np.arange(len(block))
        given_probs[part] = block[at, given[part]]
        block[at, given[part]] = -np.inf
        suggested[part] = block.argmax(axis=1)
        suggested_probs[part] = block[at, suggested[part]]
    return Suggestions(suggested, given_probs, suggested_probs)


def _share(wrong: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of wrong labels by class; ``nan`` where there are no rows."""
    share = np.full(len(rows), np.nan)
    np.divide(wrong, rows, out=share, where=rows > 0)
    return share
