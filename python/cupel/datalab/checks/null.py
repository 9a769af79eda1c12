"""Examples without any value, and how many values the others lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cupel.datalab._finding import TASKS, Check, Finding
from cupel.datalab.checks._missing import Missing, find_missing

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord

__all__ = ["CHECK"]


def find(context: Context) -> Finding:
    """Count the missing cells of every row of the features; rows that lack all are issues."""
    missing = find_missing(context.features, context.n_jobs)
    n, d = missing.shape
    if n != context.n_rows:
        msg = (
            f"features has {n} rows, the data set {context.n_rows}; they must describe the same "
            "examples"
        )
        raise ValueError(msg)
    counts = np.zeros(n, dtype=np.int64)
    counts[missing.rows] = np.count_nonzero(missing.cells, axis=1)
    scores = (d - counts) / d
    score = scores.mean()
    return Finding(
        "null",
        counts == d,
        scores,
        float(score),
        info={
            "average_null_score": score,
            "most_common_issue": _commonest_pattern(missing),
            "column_impact": (np.count_nonzero(missing.cells, axis=0) / n).tolist(),
        },
        evidence={"missing_count": counts},
    )


def _commonest_pattern(missing: Missing) -> dict[str, Any]:
    """Return the columns most often missing together; of equals those of the first row."""
    if not missing.rows.size:
        return {"pattern": "no_null", "rows_affected": [], "count": 0}
    packed = np.packbits(missing.cells, axis=1)
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, which, counts = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    best = np.flatnonzero(counts == counts.max())
    pattern = best[first[best].argmin()]
    return {
        "pattern": "".join("1" if lacking else "0" for lacking in missing.cells[first[pattern]]),
        "rows_affected": missing.rows[which == pattern].tolist(),
        "count": int(counts[pattern]),
    }


def explain(_record: AuditRecord, finding: Finding, row: int) -> str:
    """Say how many values the example lacks."""
    count, d = int(finding.evidence["missing_count"][row]), len(finding.info["column_impact"])
    if finding.is_issue[row]:
        return f"All {d} feature values are missing." if d > 1 else "The only feature is missing."
    return f"{count} of {d} feature values are missing." if count else "No feature is missing."


CHECK = Check(
    name="null",
    description="All feature values of the example are missing, so that nothing is known of it.",
    needs={task: (frozenset({"features"}),) for task in TASKS},
    find=find,
    explain=explain,
)
