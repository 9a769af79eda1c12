"""What a look at an example is worth, and what its label should be; ``docs/review.md`` says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cupel.datalab._names import labels_or_none, names_or_none

if TYPE_CHECKING:
    from collections.abc import Callable

    from cupel.datalab._finding import Finding
    from cupel.datalab._record import AuditRecord

__all__ = ["Suggestions", "group_ids", "is_of_rows", "listed_by", "suggest", "values_of"]

# They are about the data set or a group of it: no look at one example puts them right.
_OF_THE_WHOLE = frozenset(
    {
        "preflight",
        "non_iid",
        "class_imbalance",
        "underperforming_group",
        "spurious_correlations",
        "identifier_column",
    }
)
# Expected examples put right by a look at the most extreme one; others in proportion.
_WEIGHTS = {"null": 0.5, "outlier": 0.1, "ambiguous": 0.1, "near_duplicate": 0.05}
_OTHER_WEIGHT = 0.1
_LABEL_WEIGHT = 0.5  # where the check knows no probability
_LEAKAGE_WEIGHT = 0.5
_LEAKAGE = 1  # of duplicate_conflict's kinds, the one that says nothing of labels
_LEAST_CONFIDENCE = 0.25  # of a label worth suggesting
_LEAST_TRUST = 0.01  # in a label that is surely wrong, as a vote on its duplicates


class Suggestions(NamedTuple):
    """Labels that examples should rather have."""

    labels: NDArray[np.object_]  # the caller's own; None where there is no suggestion
    confidences: NDArray[np.float64]  # nan where there is none, or its confidence is not known


class _Votes(NamedTuple):
    """What the labels of contradicting duplicates say about each other."""

    own_share: NDArray[np.float64]
    other: NDArray[np.int64]  # the class most voted for besides the row's own
    other_share: NDArray[np.float64]


def is_of_rows(finding: Finding) -> bool:
    """Whether single examples can be put right: not where the issue is how the data set is."""
    usual = finding.info.get("exceeds_max_prevalence", False)  # as most images are
    return finding.name not in _OF_THE_WHOLE and not usual


def listed_by(finding: Finding) -> NDArray[np.bool_]:
    """Which examples a finding puts on the list: those flagged, and labels that are likelier wrong."""
    wrong = finding.evidence.get("error_probability") if finding.name == "label" else None
    return finding.is_issue if wrong is None else finding.is_issue | (wrong > 0.5)


def values_of(record: AuditRecord, finding: Finding) -> NDArray[np.float64]:
    """Return the expected number of examples put right by a look, of every example."""
    known = _VALUES.get(finding.name)
    return _by_extremity(finding) if known is None else known(record, finding)


def group_ids(record: AuditRecord) -> NDArray[np.int64] | None:
    """Return numbers for the groups of near-duplicates, -1 for an example alone."""
    for name, key in (("near_duplicate", "cluster_id"), ("duplicate_conflict", "group")):
        finding = record.findings.get(name)
        if finding is not None and key in finding.evidence:
            return finding.evidence[key]
    return None


def suggest(record: AuditRecord, rows: NDArray[np.int64]) -> Suggestions:
    """Suggest labels for examples on the list, each by the finding that is surest."""
    labels, best = _no_suggestions(len(rows))
    for name, suggest_by in _SUGGESTIONS.items():
        finding = record.findings.get(name)
        if finding is None:
            continue
        at = np.flatnonzero(listed_by(finding)[rows])
        found = suggest_by(record, finding, rows[at])
        better = _is_there(found.labels) & ~(found.confidences <= best[at])
        better &= ~_is_there(labels[at]) | ~np.isnan(found.confidences)
        labels[at[better]] = found.labels[better]
        best[at[better]] = found.confidences[better]
    unlikely = best < _LEAST_CONFIDENCE
    labels[unlikely], best[unlikely] = None, np.nan
    return Suggestions(labels, best)


def _is_there(labels: NDArray[np.object_]) -> NDArray[np.bool_]:
    return np.array([label is not None for label in labels], dtype=np.bool_)


# ---- values ------------------------------------------------------------------------------------


def _by_extremity(finding: Finding) -> NDArray[np.float64]:
    weight = _WEIGHTS.get(finding.name, _OTHER_WEIGHT)
    return weight * (1.0 - np.clip(_finite(finding.scores, 1.0), 0.0, 1.0))


def _of_label(_record: AuditRecord, finding: Finding) -> NDArray[np.float64]:
    """Count a wrong label whole if the suggestion is right, half if the reviewer must find it."""
    wrong = finding.evidence.get("error_probability")
    if wrong is None:
        values = _LABEL_WEIGHT * (1.0 - np.clip(_finite(finding.scores, 1.0), 0.0, 1.0))
        return np.where(finding.is_issue, values, 0.0)
    return _finite(0.5 * (wrong + finding.evidence["suggested_label_probability"]), 0.0)


def _of_near_duplicate(_record: AuditRecord, finding: Finding) -> NDArray[np.float64]:
    """Count m - 1 of m near-duplicates: so many are too many."""
    values = _by_extremity(finding)
    groups = finding.evidence.get("cluster_id")
    if groups is None:
        return values
    sizes = np.bincount(groups + 1)
    sizes[0] = 2  # of a near-duplicate whose group is not known
    surplus: NDArray[np.float64] = 1.0 - 1.0 / np.maximum(sizes[groups + 1], 1)
    return values * surplus


def _of_conflict(record: AuditRecord, finding: Finding) -> NDArray[np.float64]:
    evidence = finding.evidence
    if "same_label_share" not in evidence:
        return _by_extremity(finding)
    votes = _votes(record, finding)
    agreeing = evidence["same_label_share"] if votes is None else votes.own_share
    leaking = _LEAKAGE_WEIGHT * (1.0 - evidence["same_split_share"])
    return 1.0 - agreeing * (1.0 - leaking)


def _finite(a: NDArray[Any], otherwise: float) -> NDArray[np.float64]:
    return np.where(np.isnan(a), otherwise, a)


_VALUES: dict[str, Callable[[AuditRecord, Finding], NDArray[np.float64]]] = {
    "label": _of_label,
    "near_duplicate": _of_near_duplicate,
    "duplicate_conflict": _of_conflict,
}


# ---- duplicates that contradict each other -----------------------------------------------------


def _votes(record: AuditRecord, finding: Finding) -> _Votes | None:
    """Let labels vote within each group of contradicting duplicates, weighed by trust in them."""
    if record.task != "classification":
        return None
    n = record.n_rows
    votes = _Votes(np.ones(n), np.full(n, -1), np.zeros(n))
    labels = np.asarray(record.labels.values, dtype=np.int64)
    rows = np.flatnonzero(finding.is_issue & (finding.evidence["kind"] != _LEAKAGE))
    if not rows.size:
        return votes
    k = int(labels.max()) + 1
    groups = finding.evidence["group"][rows]
    cells, cell = np.unique(groups * k + labels[rows], return_inverse=True)
    support = np.bincount(cell, weights=_trust(record)[rows])
    of_group, class_of = cells // k, cells % k
    ordered = np.lexsort((class_of, -support, of_group))  # of each group, the most votes first
    starts = np.flatnonzero(np.diff(of_group[ordered], prepend=-1))
    total = np.add.reduceat(support[ordered], starts)
    group = np.searchsorted(of_group[ordered][starts], groups)
    first, own = ordered[starts[group]], cell
    second = ordered[np.minimum(starts[group] + 1, len(cells) - 1)]
    other = np.where(first == own, second, first)
    there = (of_group[other] == groups) & (other != own)
    votes.own_share[rows] = support[own] / total[group]
    votes.other[rows] = np.where(there, class_of[other], -1)
    votes.other_share[rows] = np.where(there, support[other] / total[group], 0.0)
    return votes


def _trust(record: AuditRecord) -> NDArray[np.float64]:
    """Return how likely each label is right, as far as the label check knows."""
    label = record.findings.get("label")
    wrong = None if label is None else label.evidence.get("error_probability")
    if wrong is None:
        return np.ones(record.n_rows)
    return np.maximum(1.0 - _finite(wrong, 0.5), _LEAST_TRUST)


# ---- suggestions -------------------------------------------------------------------------------


def _label_suggestion(
    record: AuditRecord, finding: Finding, rows: NDArray[np.int64]
) -> Suggestions:
    codes = finding.evidence.get("suggested_label")
    if record.task == "classification" and codes is not None:
        found = finding.evidence["suggested_label_probability"][rows]
        return Suggestions(names_or_none(record.labels, codes[rows]), found.astype(np.float64))
    suggested = _no_suggestions(len(rows))
    predicted = finding.columns.get("predicted_label")
    if predicted is not None:
        for at, row in enumerate(rows.tolist()):
            suggested.labels[at] = predicted[row]
    return suggested


def _conflict_suggestion(
    record: AuditRecord, finding: Finding, rows: NDArray[np.int64]
) -> Suggestions:
    if "same_label_share" not in finding.evidence:  # found by a check of the user's
        return _no_suggestions(len(rows))
    votes = _votes(record, finding)
    if votes is not None:
        return Suggestions(names_or_none(record.labels, votes.other[rows]), votes.other_share[rows])
    is_told = finding.evidence["kind"][rows] != _LEAKAGE
    other = np.where(is_told, finding.evidence["conflicting_row"][rows], -1)
    share = 1.0 - finding.evidence["same_label_share"][rows]
    return Suggestions(labels_or_none(record.labels, other), np.where(is_told, share, np.nan))


def _ambiguous_suggestion(
    record: AuditRecord, finding: Finding, rows: NDArray[np.int64]
) -> Suggestions:
    """Suggest the other of the two plausible classes."""
    if record.task != "classification" or "first_class" not in finding.evidence:
        return _no_suggestions(len(rows))
    evidence = {name: values[rows] for name, values in finding.evidence.items()}
    is_first = evidence["first_class"] == np.asarray(record.labels.values)[rows]
    codes = np.where(is_first, evidence["second_class"], evidence["first_class"])
    share = np.where(is_first, evidence["second_probability"], evidence["first_probability"])
    return Suggestions(names_or_none(record.labels, codes), share)


def _no_suggestions(n: int) -> Suggestions:
    return Suggestions(np.full(n, None, dtype=np.object_), np.full(n, np.nan))


_SUGGESTIONS: dict[str, Callable[[AuditRecord, Finding, NDArray[np.int64]], Suggestions]] = {
    "label": _label_suggestion,
    "duplicate_conflict": _conflict_suggestion,
    "ambiguous": _ambiguous_suggestion,
}
