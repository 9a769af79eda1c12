"""Labels by class: how many are suspected, and which are taken for which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel.datalab.report._wording import clean

if TYPE_CHECKING:
    from cupel.datalab._finding import Finding
    from cupel.datalab._record import AuditRecord

__all__ = ["ClassHealth", "Confusion", "class_health", "confusion", "suggested_codes"]

_NAME = 80
_MATRIX = 20  # the most classes that a table of pairs has room for
_PAIRS, _PAIRS_BESIDE = 15, 8
_ROWS = 200
_SHOWN = 20


@dataclass(frozen=True)
class ClassRow:
    """A class and how its labels do."""

    name: str
    count: int
    suspected: int
    share: float


@dataclass(frozen=True)
class ClassHealth:
    """Classes, those with the largest share of suspected labels first."""

    rows: list[ClassRow]
    further: list[ClassRow]
    left_out: int
    largest_share: float
    largest_count: int
    has_suspects: bool


@dataclass(frozen=True)
class Cell:
    """Rows with one given label and one suggested."""

    given: str
    suggested: str
    count: int
    weight: float


@dataclass(frozen=True)
class Confusion:
    """Suspected labels, given against suggested: a matrix of few classes, and the top pairs."""

    names: list[str]
    matrix: list[list[Cell]]
    pairs: list[Cell]
    total: int


def class_health(record: AuditRecord) -> ClassHealth | None:
    """Return how the labels of each class do; None where there are no classes."""
    if record.task != "classification" or not record.labels.is_available or not record.n_rows:
        return None
    codes = np.asarray(record.labels.values)
    n_classes = len(record.labels.class_names)
    counts = np.bincount(codes, minlength=n_classes)
    finding = record.findings.get("label")
    flagged = codes[finding.is_issue] if finding is not None else codes[:0]
    suspected = np.bincount(flagged, minlength=n_classes)
    shares = suspected / np.maximum(counts, 1)
    order = np.lexsort((-counts, -shares))
    rows = [
        ClassRow(_name(record, code), int(counts[code]), int(suspected[code]), float(shares[code]))
        for code in order[:_ROWS].tolist()
    ]
    return ClassHealth(
        rows[:_SHOWN],
        rows[_SHOWN:],
        max(0, n_classes - _ROWS),
        float(shares.max()),
        int(counts.max()),
        finding is not None,
    )


def suggested_codes(finding: Finding) -> NDArray[np.int64] | None:
    """Return the suggested class of each row, or the predicted one; None if neither is there."""
    for key in ("suggested_label", "predicted_label"):
        values = finding.evidence.get(key)
        if values is not None and values.dtype.kind in "iu":
            return values.astype(np.int64, copy=False)
    return None


def confusion(record: AuditRecord) -> Confusion | None:
    """Return given against suggested labels of the suspects; None where that can't be said."""
    finding = record.findings.get("label")
    if finding is None or record.task != "classification" or not record.labels.is_available:
        return None
    suggested = suggested_codes(finding)
    if suggested is None:
        return None
    n_classes = len(record.labels.class_names)
    rows = finding.flagged_rows()
    given, other = np.asarray(record.labels.values)[rows], suggested[rows]
    told = (other != given) & (other >= 0) & (other < n_classes)
    codes, counts = np.unique(given[told] * n_classes + other[told], return_counts=True)
    if not codes.size:
        return None
    top = int(counts.max())
    cells = {
        divmod(code, n_classes): Cell(
            _name(record, code // n_classes), _name(record, code % n_classes), n, n / top
        )
        for code, n in zip(codes.tolist(), counts.tolist(), strict=True)
    }
    pairs = sorted(cells.values(), key=lambda cell: -cell.count)
    total = int(counts.sum())
    if n_classes > _MATRIX:
        return Confusion([], [], pairs[:_PAIRS], total)
    names = [_name(record, code) for code in range(n_classes)]
    matrix = [
        [cells.get((i, j)) or Cell(names[i], names[j], 0, 0.0) for j in range(n_classes)]
        for i in range(n_classes)
    ]
    return Confusion(names, matrix, pairs[:_PAIRS_BESIDE], total)


def _name(record: AuditRecord, code: int) -> str:
    name: Any = record.labels.name(code)
    return clean(name, _NAME) or "(empty)"
