"""What the page says of each issue type: figures, scores, the worst examples and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cupel.datalab.report._classes import suggested_codes
from cupel.datalab.report._examples import (
    Preview,
    Previews,
    code_text,
    label_text,
    row_name,
    value_text,
)
from cupel.datalab.report._histogram import Histogram, histogram
from cupel.datalab.report._summary import description_of, meaning_of, reasons_of
from cupel.datalab.report._wording import clean, count, number, plural, score, title_of

if TYPE_CHECKING:
    from cupel.datalab._finding import Finding
    from cupel.datalab._record import AuditRecord

__all__ = ["Example", "Section", "section_of", "suggestion_text"]

_REASON = 500
_TOLD_BY_LABELS = {"given_label", "predicted_label"}


@dataclass(frozen=True)
class Example:
    """A row among the worst."""

    name: str
    row: int
    preview: Preview
    score: str
    flagged: bool
    given: str
    suggested: str
    details: list[tuple[str, str]]
    reason: str


@dataclass(frozen=True)
class Section:
    """An issue type."""

    anchor: str
    issue_type: str
    title: str
    meaning: str
    description: str
    found: int
    share: float
    quality: str
    figures: list[tuple[str, str]]
    picture: Histogram | None
    examples: list[Example] = field(default_factory=list)


def section_of(
    record: AuditRecord, finding: Finding, previews: Previews, num_examples: int, anchor: str
) -> Section:
    """Return what there is to say of an issue type."""
    rows = finding.worst_rows(num_examples)
    if finding.num_issues:
        rows = finding.flagged_rows()[:num_examples]
    return Section(
        anchor,
        clean(finding.name, 60),
        title_of(finding.name),
        meaning_of(record, finding.name),
        clean(description_of(record, finding.name), 800),
        finding.num_issues,
        finding.num_issues / max(record.n_rows, 1),
        score(finding.summary_score),
        _figures(finding),
        histogram(finding.scores, finding.is_issue),
        _examples(record, finding, previews, rows),
    )


def _figures(finding: Finding) -> list[tuple[str, str]]:
    """Return further figures of the whole data set."""
    info = finding.info
    out = []
    if "p-value" in info:
        out.append(("p-value", number(info["p-value"])))
    if "Rarest Class" in info and finding.num_issues:
        out.append(("rarest class", clean(info["Rarest Class"], 60)))
    groups = finding.evidence.get("cluster_id")
    if groups is not None and (groups >= 0).any():
        sizes = np.unique(groups[groups >= 0], return_counts=True)[1]
        out.append(("groups", f"{count(len(sizes))}, the largest of {plural(sizes.max(), 'row')}"))
    return out


def _examples(
    record: AuditRecord, finding: Finding, previews: Previews, rows: NDArray[np.int64]
) -> list[Example]:
    told = reasons_of(record, finding, rows)
    return [
        Example(
            row_name(record, row),
            row,
            previews.of(row),
            score(finding.scores[row]),
            bool(finding.is_issue[row]),
            label_text(record, row),
            suggestion_text(record, finding, row),
            _details(finding, row),
            clean(reason, _REASON),
        )
        for row, reason in zip(rows.tolist(), told, strict=True)
    ]


def suggestion_text(record: AuditRecord, finding: Finding, row: int) -> str:
    """Return the label suggested for a row by the label check; empty where there is none."""
    if finding.name != "label":
        return ""
    codes = suggested_codes(finding) if record.task == "classification" else None
    if codes is not None:
        known = 0 <= codes[row] < len(record.labels.class_names)
        return code_text(record, codes[row]) if known else ""
    predicted = finding.columns.get("predicted_label")
    return "" if predicted is None else value_text(predicted[row])


def _details(finding: Finding, row: int) -> list[tuple[str, str]]:
    return [
        (clean(name.replace("_", " "), 60), value_text(values[row]))
        for name, values in finding.columns.items()
        if name not in _TOLD_BY_LABELS
    ]
