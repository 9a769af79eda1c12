"""The audit behind the command line: suspects, what their labels should be, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cupel.cli.estimates import JointEstimates, PosteriorEstimates
from cupel.cli.methods import Methods, choose_methods
from cupel.cli.wording import reason
from cupel.rank import find_top_issues

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cupel.cli.estimates import Posterior

__all__ = ["Audit", "ConfusedPair", "run_audit"]


class ConfusedPair(NamedTuple):
    """How many suspects with one given label have one suggested label."""

    given: int
    suggested: int
    n_suspects: int


@dataclass(frozen=True, eq=False)
class Audit:
    """Result of an audit; per-suspect arrays are in ranked order, the worst label first.

    Attributes
    ----------
    methods : Methods
        How suspects were chosen and ranked, and what the estimates are of.
    n_rows, n_dropped, n_classes : int
        Rows in the input, rows left out because a probability is not finite, classes.
    class_names : list of str or None
        Names in column order, where they are known.
    rows, given, suggested : ndarray of int64, shape (m,)
        Row, given class and suggested class of each suspect.
    scores : ndarray of float, shape (m,)
        Label quality, lower is worse.
    given_probs, suggested_probs : ndarray of float64, shape (m,)
        The model's own probabilities of the given and the suggested class.
    thresholds : ndarray of float64, shape (k,)
        Mean self-confidence of each class; ``nan`` for a class without examples.
    class_counts, class_suspects : ndarray of int64, shape (k,)
        Rows, and suspects, by given class.
    class_noise : ndarray of float64, shape (k,)
        Estimated share of wrong labels by given class; ``nan`` for a class without examples.
    estimated_errors : float
        Estimated number of wrong labels: expected by the posterior, or the rows off the diagonal of
        the calibrated confident joint.
    posterior : Posterior or None
        What the noise posterior says; None where the estimates are by the confident joint.
    remarks : mapping of int to str
        What else is known about rows, to be told with the reasons.
    """

    methods: Methods
    n_rows: int
    n_dropped: int
    n_classes: int
    class_names: list[str] | None
    rows: NDArray[np.int64]
    given: NDArray[np.int64]
    suggested: NDArray[np.int64]
    scores: NDArray[Any]
    given_probs: NDArray[np.float64]
    suggested_probs: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    class_counts: NDArray[np.int64]
    class_suspects: NDArray[np.int64]
    class_noise: NDArray[np.float64]
    estimated_errors: float
    posterior: Posterior | None = None
    remarks: Mapping[int, str] = field(default_factory=dict)

    @property
    def n_used(self) -> int:
        """Rows that took part."""
        return self.n_rows - self.n_dropped

    @property
    def n_suspects(self) -> int:
        """Number of suspects."""
        return len(self.rows)

    @property
    def share(self) -> float:
        """Suspects as a share of the rows that took part."""
        return self.n_suspects / self.n_used if self.n_used else 0.0

    def name(self, k: int) -> str:
        """Name of class `k`, or its position where the classes have no names."""
        return self.class_names[k] if self.class_names is not None else str(k)

    def confused_pairs(self, limit: int | None = None) -> list[ConfusedPair]:
        """Pairs of given and suggested class by number of suspects; ties in class order."""
        pairs, counts = np.unique(self.given * self.n_classes + self.suggested, return_counts=True)
        order = np.argsort(-counts, kind="stable")[:limit]
        return [ConfusedPair(*divmod(int(pairs[i]), self.n_classes), int(counts[i])) for i in order]

    def reason(self, i: int) -> str:
        """Why the suspect at position `i` of the list is there, in words."""
        return reason(self, i)


def run_audit(
    labels: NDArray[np.int64],
    pred_probs: NDArray[Any],
    *,
    class_names: Sequence[str] | None = None,
    compat: bool = False,
    filter_by: str | None = None,
    rank_by: str | None = None,
    min_examples_per_class: int = 1,
    frac_noise: float = 1.0,
    collision: str = "argmax",
    nan: str = "raise",
    n_jobs: int | None = None,
) -> Audit:
    """Find the suspects of a data set and gather what a reader wants to know about them.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        Given class of each row, in ``[0, k)``.
    pred_probs : ndarray of float, shape (n, k)
        Out-of-sample probabilities, read in place.
    class_names : sequence of str, optional
        Names of the classes in column order, for texts only.
    compat, filter_by, rank_by
        As in :func:`cupel.cli.methods.choose_methods`.
    min_examples_per_class, frac_noise, collision, nan, n_jobs
        As in :func:`cupel.filter.find_label_issues`.

    Returns
    -------
    Audit
        The ranked list and the figures about classes.

    Raises
    ------
    TypeError, ValueError
        As the functions above; ValueError if there are fewer than two classes.

    Notes
    -----
    The suggested label is the most probable class apart from the given one, the first of equals:
    by the noise posterior, or with `compat` by `pred_probs` alone. Where the filter lists a row
    whose given label is itself the most probable, the suggestion is therefore the runner-up.

    O(n k) time in a few passes over `pred_probs`, with the posterior once in all; beside the input
    O(n + k^2) memory.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.95, 0.05]])
    >>> audit = run_audit(np.array([0, 0, 1, 1, 1]), probs, class_names=["cat", "dog"], compat=True)
    >>> audit.rows, audit.reason(0)
    (array([4]), "given label 5% likely; 'cat' at 0.95, above its threshold 0.85")
    """
    if pred_probs.ndim != 2 or pred_probs.shape[1] < 2:
        msg = f"pred_probs must have shape (n, k) with at least two classes, got {pred_probs.shape}"
        raise ValueError(msg)
    methods = choose_methods(compat=compat, filter_by=filter_by, rank_by=rank_by)
    by = JointEstimates if methods.compat else PosteriorEstimates
    estimates = by(labels, pred_probs, collision=collision, nan=nan, n_jobs=n_jobs)
    mask = estimates.mask(
        methods.filter_by, frac_noise=frac_noise, min_examples_per_class=min_examples_per_class
    )
    scores = estimates.scores(methods.rank_by)
    rows = np.flatnonzero(mask)
    rows = rows[find_top_issues(scores[rows], top=None)]

    n_classes = pred_probs.shape[1]
    used = ~np.isnan(scores)
    counts = np.bincount(labels[used], minlength=n_classes)
    given = labels[rows]
    suggestions = estimates.suggestions(rows)
    errors, class_noise = estimates.errors(counts)
    return Audit(
        methods=methods,
        n_rows=len(labels),
        n_dropped=len(labels) - int(np.count_nonzero(used)),
        n_classes=n_classes,
        class_names=None if class_names is None else list(class_names),
        rows=rows,
        given=given,
        suggested=suggestions.labels,
        scores=scores[rows],
        given_probs=suggestions.given_probs,
        suggested_probs=suggestions.suggested_probs,
        thresholds=np.where(counts > 0, estimates.thresholds(), np.nan),
        class_counts=counts,
        class_suspects=np.bincount(given, minlength=n_classes),
        class_noise=class_noise,
        estimated_errors=errors,
        posterior=estimates.posterior(rows),
    )
