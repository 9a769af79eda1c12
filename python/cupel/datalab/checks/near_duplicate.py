"""Examples that are the same as another one, or nearly so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cupel import _core
from cupel._features import as_real
from cupel.datalab._finding import Check, Finding
from cupel.datalab.checks._neighbors import BY_GRAPH, Neighbors

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord

__all__ = ["CHECK"]

_LEAST_SCALE = 1e-6
_NONE = 1e-8  # distances up to this score 0


def find(
    context: Context, *, metric: str | None = None, threshold: float = 0.13, k: int = 10
) -> Finding:
    """Find examples that have another one much nearer than is usual.

    Parameters
    ----------
    context : Context
        Features or a graph of neighbours.
    metric : str, optional
        For features.
    threshold : float, default 0.13
        Rows are near-duplicates if less than this share of the median distance to the nearest
        neighbour apart.
    k : int, default 10
        Neighbours to look at; of the caller's graph, all are.
    """
    share = as_real(threshold, name="threshold")
    near = Neighbors(context, k, metric)
    nearest = near.nearest_distances
    median = float(np.median(nearest))
    scale = max(median, _LEAST_SCALE)
    sets, groups = _core.near_duplicates(near.distances, near.indices, near.k, share * scale)
    # As cupel.duplicates.near_duplicate_scores, for the median that is known.
    scores = np.where(nearest <= _NONE, 0.0, -np.expm1(-(nearest / scale)))
    rows = near.nearest_rows
    return Finding(
        "near_duplicate",
        groups >= 0,  # in a group means with a set that is not empty
        scores,
        float(scores.mean()),
        info={
            "average_near_duplicate_score": float(scores.mean()),
            "near_duplicate_sets": sets,
            "metric": near.metric,
            "k": near.asked,
            "threshold": share,
            "nearest_neighbor": rows,
            "distance_to_nearest_neighbor": nearest,
            "median_distance_to_nearest_neighbor": median,
        },
        columns={
            "near_duplicate_sets": np.fromiter(sets, dtype=object, count=len(sets)),
            "distance_to_nearest_neighbor": nearest,
        },
        evidence={"nearest_row": rows, "nearest_distance": nearest, "cluster_id": groups},
    )


def explain(record: AuditRecord, finding: Finding, row: int) -> str:
    """Say which row it is like, and in how large a group it is."""
    evidence = finding.evidence
    other = record.dataset.row_ids()[evidence["nearest_row"][row]]
    distance = float(evidence["nearest_distance"][row])
    how = "The same as" if distance == 0 else "Nearly the same as"
    group = evidence["cluster_id"][row]
    if group < 0:
        return f"Nearest to row {other}, at a distance of {distance:.3g}; no duplicate of it."
    size = int(np.count_nonzero(evidence["cluster_id"] == group))
    text = f"{how} row {other} (distance {distance:.3g})"
    return f"{text}, in a group of {size} such examples." if size > 2 else f"{text}."


CHECK = Check(
    name="near_duplicate",
    description=(
        "Examples that are the same as another one, or nearly so. They count twice in training, and "
        "make a test set too easy where they are on both sides of the split."
    ),
    needs=dict.fromkeys(("classification", "regression", "multilabel"), BY_GRAPH),
    find=find,
    explain=explain,
    parameters=("metric", "threshold", "k"),
)
