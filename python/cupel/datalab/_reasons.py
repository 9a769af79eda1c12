"""Why examples are listed: the numbers behind it, and a sentence for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel.datalab._registry import checks_of, custom_managers
from cupel.datalab.checks.image import CHECK as OF_IMAGES
from cupel.datalab.checks.image import IMAGE_ISSUES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cupel.datalab._finding import Check, Finding
    from cupel.datalab._record import AuditRecord

__all__ = ["explainer", "reasons", "without_repetition"]


def reasons(
    record: AuditRecord, issue_type: str | None, rows: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Say why examples are listed.

    Parameters
    ----------
    record : AuditRecord
        The audit.
    issue_type : str, optional
        One that was looked for; None for all that each example has.
    rows : array_like of int, shape (m,)
        Which examples.

    Returns
    -------
    dict of str to ndarray, shape (m,)
        Of one issue type: its evidence, then ``"reason"``. Of all: ``"issue_types"``, joined by
        commas in the order in which they were found, then ``"reason"``, a sentence for each.
    """
    chosen = np.asarray(rows, dtype=np.int64)
    if issue_type is not None:
        finding = record.findings[issue_type]
        explain = explainer(record, finding)
        evidence = {name: values[chosen] for name, values in finding.evidence.items()}
        return evidence | {"reason": _objects([explain(row) for row in chosen.tolist()])}
    types: list[list[str]] = [[] for _ in chosen]
    for finding in record.listed:
        for at in np.flatnonzero(finding.is_issue[chosen]).tolist():
            types[at].append(finding.name)
    explain_by = {f.name: explainer(record, f) for f in record.findings.values()}
    told = [
        " ".join(explain_by[name](row) for name in without_repetition(names))
        for row, names in zip(chosen.tolist(), types, strict=True)
    ]
    return {
        "issue_types": _objects([", ".join(names) for names in types]),
        "reason": _objects(told),
    }


def without_repetition(issue_types: Sequence[str]) -> list[str]:
    """Leave out the issue types of an example that another one's sentence tells as well."""
    conflict = "duplicate_conflict" in issue_types
    return [name for name in issue_types if not (conflict and name == "near_duplicate")]


def explainer(record: AuditRecord, finding: Finding) -> Callable[[int], str]:
    """Return what says why a row is listed: the check's own words, or general ones."""
    check: Check | None = None
    if finding.name in IMAGE_ISSUES:
        check = OF_IMAGES
    elif finding.name not in custom_managers(record.task):
        check = checks_of(record.task).get(finding.name)
    if check is None:
        return lambda row: _in_general(finding, row)
    explain = check.explain
    return lambda row: explain(record, finding, row)


def _in_general(finding: Finding, row: int) -> str:
    what = "Has" if finding.is_issue[row] else "Does not have"
    return f"{what} the issue {finding.name}: its score is {finding.scores[row]:.3g} (1 is best)."


def _objects(texts: list[str]) -> NDArray[np.object_]:
    out = np.empty(len(texts), dtype=np.object_)
    out[:] = texts
    return out
