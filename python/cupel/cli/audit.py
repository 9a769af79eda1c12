"""The audit behind the command line: suspects, what their labels should be, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cupel.count import compute_confident_joint, get_confident_thresholds
from cupel.filter import find_label_issues
from cupel.rank import get_label_quality_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["Audit", "ConfusedPair", "percent", "run_audit", "suggest_labels"]

_BLOCK_CELLS = 2**20  # probabilities gathered at a time


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
    n_rows, n_dropped, n_classes : int
        Rows in the input, rows left out because a probability is not finite, classes.
    class_names : list of str or None
        Names in column order, where they are known.
    rows, given, suggested : ndarray of int64, shape (m,)
        Row, given class and suggested class of each suspect.
    scores : ndarray of float, shape (m,)
        Label quality, lower is worse.
    given_probs, suggested_probs : ndarray of float64, shape (m,)
        Probabilities of the given and the suggested class.
    thresholds : ndarray of float64, shape (k,)
        Mean self-confidence of each class; ``nan`` for a class without examples.
    class_counts, class_suspects : ndarray of int64, shape (k,)
        Rows, and suspects, by given class.
    class_noise : ndarray of float64, shape (k,)
        Estimated share of wrong labels by given class; ``nan`` for a class without examples.
    estimated_errors : int
        Estimated number of wrong labels: rows off the diagonal of the calibrated confident joint.
    remarks : mapping of int to str
        What else is known about rows, to be told with the reasons.
    """

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
    estimated_errors: int
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
        """Why the suspect at position `i` of the list is there, in words.

        The two usual forms: ``given label 3% likely; 'cat' at 0.94, above its threshold 0.81`` and
        ``given label 0.2% likely; 'cat' at 0.52, below its threshold 0.81``. Remarks follow.
        """
        remark = self.remarks.get(int(self.rows[i]))
        return self._judgement(i) + (f"; {remark}" if remark else "")

    def _judgement(self, i: int) -> str:
        given, other = float(self.given_probs[i]), float(self.suggested_probs[i])
        likely = f"given label {percent(given)} likely"
        if given >= other:
            likely += ", still the likeliest; next"
        else:
            likely += ";"
        k = int(self.suggested[i])
        name = f"class {k}" if self.class_names is None else f"'{self.class_names[k]}'"
        threshold = float(self.thresholds[k])
        if np.isnan(threshold):
            return f"{likely} {name} at {other:.2f}, a class that no row is labelled with"
        shown, shown_threshold = _told_apart(other, threshold)
        side = "above" if other > threshold else "at" if other == threshold else "below"
        return f"{likely} {name} at {shown}, {side} its threshold {shown_threshold}"


def run_audit(
    labels: NDArray[np.int64],
    pred_probs: NDArray[Any],
    *,
    class_names: Sequence[str] | None = None,
    filter_by: str = "prune_by_noise_rate",
    rank_by: str = "self_confidence",
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
    filter_by, min_examples_per_class, frac_noise, collision, nan, n_jobs
        As in :func:`cupel.filter.find_label_issues`.
    rank_by : str, default "self_confidence"
        Score by which the list is ordered, a method of
        :func:`cupel.rank.get_label_quality_scores`.

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
    The suggested label is the class with the largest probability apart from the given one, the
    first of equals. Where the filter lists a row whose given label is itself the likeliest, the
    suggestion is therefore the runner-up.

    Four passes over `pred_probs`, O(n k) time; beside the input O(n + k^2) memory.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.95, 0.05]])
    >>> audit = run_audit(np.array([0, 0, 1, 1, 1]), probs, class_names=["cat", "dog"])
    >>> audit.rows, audit.reason(0)
    (array([4]), "given label 5% likely; 'cat' at 0.95, above its threshold 0.85")
    """
    if pred_probs.ndim != 2 or pred_probs.shape[1] < 2:
        msg = f"pred_probs must have shape (n, k) with at least two classes, got {pred_probs.shape}"
        raise ValueError(msg)
    shared: dict[str, Any] = {"nan": nan, "n_jobs": n_jobs}
    rows = find_label_issues(
        labels,
        pred_probs,
        return_indices_ranked_by=rank_by,
        filter_by=filter_by,
        frac_noise=frac_noise,
        min_examples_per_class=min_examples_per_class,
        collision=collision,
        **shared,
    )
    joint = compute_confident_joint(labels, pred_probs, collision=collision, **shared)
    scores = get_label_quality_scores(labels, pred_probs, method=rank_by, **shared)
    thresholds = get_confident_thresholds(labels, pred_probs, **shared).astype(np.float64)

    n_classes = pred_probs.shape[1]
    used = ~np.isnan(scores)
    counts = np.bincount(labels[used], minlength=n_classes)
    given = labels[rows]
    suggested, given_probs, suggested_probs = suggest_labels(given, pred_probs, rows)
    return Audit(
        n_rows=len(labels),
        n_dropped=len(labels) - int(np.count_nonzero(used)),
        n_classes=n_classes,
        class_names=None if class_names is None else list(class_names),
        rows=rows,
        given=given,
        suggested=suggested,
        scores=scores[rows],
        given_probs=given_probs,
        suggested_probs=suggested_probs,
        thresholds=np.where(counts > 0, thresholds, np.nan),
        class_counts=counts,
        class_suspects=np.bincount(given, minlength=n_classes),
        class_noise=_noise_by_class(joint, counts),
        estimated_errors=int(joint.sum() - np.trace(joint)),
    )


def suggest_labels(
    given: NDArray[np.int64], pred_probs: NDArray[Any], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Suggested class of some rows, and the probabilities of the given and the suggested one.

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
    tuple of ndarray, shape (m,)
        Class with the largest probability apart from the given one (the first of equals); the
        probability of the given class; the probability of the suggested class.

    Examples
    --------
    >>> probs = np.array([[0.5, 0.2, 0.3]])
    >>> suggest_labels(np.array([0]), probs, np.array([0]))
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
    return suggested, given_probs, suggested_probs


def percent(share: float) -> str:
    """Share as a percentage with the digits that matter.

    Examples
    --------
    >>> [percent(p) for p in (0.0, 0.00001, 0.004, 0.031, 0.94, 0.9999, 1.0)]
    ['0%', '<0.1%', '0.4%', '3.1%', '94%', '>99.9%', '100%']
    """
    value = 100 * share
    if value in (0, 100):
        return f"{value:.0f}%"
    if value < 0.1:
        return "<0.1%"
    if value > 99.9:
        return ">99.9%"
    return f"{value:.1f}%".replace(".0%", "%") if value < 10 or value > 99 else f"{value:.0f}%"


def _told_apart(a: float, b: float) -> tuple[str, str]:
    """Both numbers with the fewest decimals, two or more, that show them different."""
    for decimals in range(2, 7):
        texts = f"{a:.{decimals}f}", f"{b:.{decimals}f}"
        if texts[0] != texts[1]:
            break
    return texts


def _noise_by_class(joint: NDArray[Any], counts: NDArray[Any]) -> NDArray[np.float64]:
    kept = np.diagonal(joint)
    totals = joint.sum(axis=1)
    noise = np.full(len(joint), np.nan)
    np.divide(totals - kept, totals, out=noise, where=(totals > 0) & (counts > 0))
    return noise
