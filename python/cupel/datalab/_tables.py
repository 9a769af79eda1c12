"""Findings as data frames, with cleanlab's columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cupel._extras import require

if TYPE_CHECKING:
    from cupel.datalab._finding import Finding
    from cupel.datalab._record import AuditRecord
    from cupel.datalab._worklist import Worklist

__all__ = ["issue_table", "issues_table", "summary_table", "worklist_table"]


def issues_table(record: AuditRecord) -> Any:
    """Every issue type's flag and score, one row per example."""
    pandas = require("pandas", "Datalab.issues")
    columns: dict[str, Any] = {}
    for finding in record.findings.values():
        columns |= _flag_and_score(finding)
    return pandas.DataFrame(columns, index=pandas.RangeIndex(record.n_rows))


def issue_table(record: AuditRecord, name: str) -> Any:
    """Flag, score and whatever else one issue type has for each example."""
    pandas = require("pandas", "Datalab.get_issues")
    finding = record.findings[name]
    columns = _flag_and_score(finding) | {
        column: list(values) if isinstance(values, np.ndarray) and values.ndim > 1 else values
        for column, values in finding.columns.items()
    }
    return pandas.DataFrame(columns, index=pandas.RangeIndex(record.n_rows))


def summary_table(record: AuditRecord) -> Any:
    """One row per issue type: its overall score and number of issues.

    Image properties that most images share are no issue of the data set, as in cleanlab.
    """
    pandas = require("pandas", "Datalab.issue_summary")
    found = record.listed
    return pandas.DataFrame(
        {
            "issue_type": [finding.name for finding in found],
            "score": np.array([finding.summary_score for finding in found], dtype=np.float64),
            "num_issues": np.array([finding.num_issues for finding in found], dtype=np.int64),
        }
    )


def worklist_table(worklist: Worklist) -> Any:
    """Return the examples to look at, the most valuable first."""
    pandas = require("pandas", "Datalab.get_worklist")
    return pandas.DataFrame(
        {
            "row": worklist.rows,
            "row_id": worklist.row_ids,
            "issue_types": [", ".join(types) for types in worklist.issue_types],
            "value": worklist.values,
            "given_label": worklist.given_labels,
            "suggested_label": worklist.suggested_labels,
            "suggested_confidence": worklist.suggested_confidences,
            "reason": worklist.reasons,
        }
    )


def _flag_and_score(finding: Finding) -> dict[str, Any]:
    return {f"is_{finding.name}_issue": finding.is_issue, f"{finding.name}_score": finding.scores}
