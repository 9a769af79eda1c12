"""What all forms of the report say alike: which findings in which order, what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel.datalab._reasons import explainer
from cupel.datalab._registry import checks_of, custom_managers
from cupel.datalab.report._wording import clean

if TYPE_CHECKING:
    from cupel.datalab._finding import Finding
    from cupel.datalab._record import AuditRecord

__all__ = [
    "PREFLIGHT",
    "Alert",
    "alerts_of",
    "any_issue",
    "by_count",
    "description_of",
    "meaning_of",
]

PREFLIGHT = "preflight"
# In a few words, for tables; the check's own description is longer.
_MEANINGS = {
    "preflight": "Inputs that are not what they should be",
    "label": "The given label is probably wrong",
    "outlier": "Far from everything else",
    "near_duplicate": "All but the same as another row",
    "non_iid": "Rows that are near each other in the file are alike",
    "class_imbalance": "In a class that has very few rows",
    "null": "All values are missing",
    "underperforming_group": "In a cluster where the model does badly",
    "ambiguous": "Two labels are plausible; people would disagree",
    "duplicate_conflict": "Copies with different labels, or on both sides of a split",
    "data_valuation": "Teaches a model little, or misleads it",
    "identifier_column": "A column that only counts rows",
    "spurious_correlations": "A property of the image alone gives the label away",
    "dark": "So dark that little can be seen",
    "light": "So bright that little can be seen",
    "low_information": "Next to nothing in the image",
    "odd_aspect_ratio": "Much wider or taller than the others",
    "odd_size": "Much larger or smaller than the others",
    "grayscale": "Without colours, unlike the others",
    "blurry": "Out of focus",
}


@dataclass(frozen=True)
class Alert:
    """A warning about the inputs."""

    title: str
    text: str
    severity: str

    @property
    def is_error(self) -> bool:
        """Whether nothing can be trusted until it is settled."""
        return self.severity == "error"


def by_count(record: AuditRecord, *, flagged_only: bool = False) -> list[Finding]:
    """Return the findings, those with the most issues first, else in the order of the checks."""
    found = sorted(record.listed, key=lambda finding: -finding.num_issues)
    return [f for f in found if f.num_issues] if flagged_only else found


def any_issue(record: AuditRecord) -> int:
    """Return the number of rows that have at least one issue."""
    flags = [finding.is_issue for finding in record.listed]
    return int(np.count_nonzero(np.any(flags, axis=0))) if flags else 0


def description_of(record: AuditRecord, issue_type: str) -> str:
    """Return what an issue type means, in the words of its check; empty if it has none."""
    manager = custom_managers(record.task).get(issue_type)
    if manager is not None:
        return str(manager.description).strip()
    check = checks_of(record.task).get(issue_type)
    return check.description if check is not None else ""


def meaning_of(record: AuditRecord, issue_type: str) -> str:
    """Return what an issue type means in a few words."""
    known = _MEANINGS.get(issue_type)
    if known is not None and issue_type not in custom_managers(record.task):
        return known
    return clean(description_of(record, issue_type), 120)


def alerts_of(record: AuditRecord) -> list[Alert]:
    """Return what preflight warns of."""
    finding = record.findings.get(PREFLIGHT)
    warnings = finding.info.get("warnings", ()) if finding is not None else ()
    return [_alert(warning) for warning in warnings]


def reasons_of(record: AuditRecord, finding: Finding, rows: NDArray[np.int64]) -> list[str]:
    """Return why each row is listed; empty where the evidence for it was not kept."""
    explain = explainer(record, finding)
    return [_told(explain, row) for row in rows.tolist()]


def _told(explain: Callable[[int], str], row: int) -> str:
    try:
        return explain(row)
    except KeyError:  # a finding of another version, or made by hand
        return ""


def _alert(warning: Any) -> Alert:
    if not isinstance(warning, Mapping):
        return Alert("", _sentence(warning), "warning")
    name = clean(warning.get("name", ""), 60).replace("_", " ")
    message = _sentence(warning.get("message", ""))
    return Alert(name[:1].upper() + name[1:], message, str(warning.get("severity", "warning")))


def _sentence(text: Any) -> str:
    said = clean(text, 1200)
    said = said[:1].upper() + said[1:]
    return said if said.endswith((".", "…", "!", "?")) or not said else f"{said}."
