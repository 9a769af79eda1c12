"""Outliers and duplicates as tables and as parts of a JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cupel.cli.output import id_array, json_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from cupel.cli.neighbors import Duplicates, Outliers, Search

__all__ = [
    "duplicates_summary",
    "duplicates_table",
    "group_documents",
    "outliers_summary",
    "outliers_table",
    "search_summary",
]


def outliers_table(outliers: Outliers, ids: Any = None) -> Any:
    """Build the ranked list as a pyarrow table.

    Returns
    -------
    pyarrow.Table
        Columns row, [id,] is_outlier, score, mean_distance, nearest_row, nearest_distance.
    """
    return pa.table(
        _first_columns(outliers.rows, ids)
        | {
            "is_outlier": pa.array(outliers.flagged),
            "score": _floats(outliers.scores),
            "mean_distance": _floats(outliers.mean_distances),
            "nearest_row": pa.array(outliers.nearest_rows),
            "nearest_distance": _floats(outliers.nearest_distances),
        }
    )


def duplicates_table(duplicates: Duplicates, ids: Any = None) -> Any:
    """Build the list of rows in groups, group by group, as a pyarrow table.

    Returns
    -------
    pyarrow.Table
        Columns row, [id,] cluster_id, kind, nearest_row, nearest_distance, score.
    """
    kinds = pa.array(np.where(duplicates.copies >= 0, "exact", "near"), type=pa.string())
    return pa.table(
        _first_columns(duplicates.rows, ids)
        | {
            "cluster_id": pa.array(duplicates.cluster_ids),
            "kind": kinds,
            "nearest_row": pa.array(duplicates.nearest_rows),
            "nearest_distance": _floats(duplicates.nearest_distances),
            "score": _floats(duplicates.scores),
        }
    )


def group_documents(
    duplicates: Duplicates, table: Any, limit: int | None = None, *, labelled: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield the first groups as dictionaries for JSON, each with its rows of the table."""
    rows = json_rows(table)
    for group in duplicates.groups[:limit]:
        document: dict[str, Any] = {
            "cluster_id": group.cluster_id,
            "size": group.size,
            "kind": group.kind,
            "largest_distance": group.largest_distance,
        }
        if labelled:
            document["labels_conflict"] = group.labels_conflict
        yield document | {"rows": [next(rows) for _ in range(group.size)]}


def search_summary(search: Search) -> dict[str, Any]:
    """Tell what was compared, for JSON."""
    graph, interval = search.graph, search.graph.recall_interval
    return {
        "rows": search.features.n_rows,
        "rows_left_out": search.features.n_dropped,
        "features": search.features.matrix.shape[1],
        "metric": graph.metric,
        "k": graph.k,
        "exact": graph.exact,
        "recall": graph.recall,
        "recall_interval": None if interval is None else [float(end) for end in interval],
    }


def outliers_summary(outliers: Outliers) -> dict[str, Any]:
    """Tell how many outliers there are and by which rule, for JSON."""
    return {
        "outliers": outliers.n_flagged,
        "share_of_outliers": outliers.share,
        "median_mean_distance": outliers.median,
        "outlier_above": outliers.cut,
        "rule": outliers.rule,
    }


def duplicates_summary(duplicates: Duplicates) -> dict[str, Any]:
    """Tell how many groups there are and by which rule, for JSON."""
    return {
        "groups": len(duplicates.groups),
        "rows_in_groups": len(duplicates.rows),
        "share_in_groups": duplicates.share,
        "rows_with_an_identical_one": duplicates.n_exact,
        "median_nearest_distance": duplicates.median,
        "radius": duplicates.radius,
        "all_pairs_within_radius": duplicates.complete,
        "rule": duplicates.rule,
    }


def _first_columns(rows: NDArray[np.int64], ids: Any) -> dict[str, Any]:
    columns = {"row": pa.array(rows)}
    return columns if ids is None else columns | {"id": id_array(ids, rows)}


def _floats(values: NDArray[Any]) -> Any:
    return pa.array(values.astype(np.float64))
