"""What features add to an audit: outliers, duplicates, and what they say about the suspects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cupel.cli.errors import printable
from cupel.cli.neighbor_output import (
    duplicates_table,
    group_documents,
    outliers_table,
    search_summary,
)
from cupel.cli.neighbor_render import (
    duplicate_figures,
    duplicate_parts,
    outlier_figures,
    outlier_parts,
)
from cupel.cli.neighbors import group_duplicates, rank_outliers
from cupel.cli.options import DUPLICATE_THRESHOLD, OUTLIER_THRESHOLD
from cupel.cli.output import json_rows, label_array
from cupel.cli.render import LONGEST_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from rich.console import RenderableType

    from cupel.cli.audit import Audit
    from cupel.cli.neighbors import Duplicates, Group, Outliers, Search

__all__ = ["Findings", "find_by_features"]


@dataclass(frozen=True, eq=False)
class Findings:
    """Outliers and duplicates among the rows of an audit.

    Attributes
    ----------
    labels : ndarray of int64, shape (n,)
        Given class of each row.
    class_names : list of str or None
        Names in class order, where they are known.
    outliers : Outliers
        The outliers.
    duplicates : Duplicates
        The groups, those whose labels conflict first.
    """

    labels: NDArray[np.int64]
    class_names: list[str] | None
    outliers: Outliers
    duplicates: Duplicates

    @property
    def figures(self) -> list[tuple[str, str]]:
        """Numbers for the summary, and what they count."""
        return [*outlier_figures(self.outliers), *duplicate_figures(self.duplicates)]

    def parts(self, *, top: int, remedy: str, ids: Any = None) -> list[RenderableType]:
        """Lay out both lists for a terminal."""
        shared: dict[str, Any] = {
            "top": top,
            "remedy": remedy,
            "ids": ids,
            "label_of": lambda row: printable(self._name(row), LONGEST_NAME),
        }
        return [
            *outlier_parts(self.outliers, **shared),
            *duplicate_parts(self.duplicates, **shared),
        ]

    def remarks(self, rows: Sequence[int] | NDArray[np.int64]) -> dict[int, str]:
        """Tell what the features say about the labels of some rows, in words."""
        wanted = set(map(int, rows))
        texts: dict[int, list[str]] = {row: [] for row in wanted}
        for row in wanted.intersection(self.outliers.rows.tolist()):
            texts[row].append("also an outlier")
        for group in self.duplicates.groups:
            if not group.labels_conflict:
                break  # they come first
            for row, told in self._contradictions(group, wanted):
                texts[row].append(told)
        return {row: ", ".join(told) for row, told in texts.items() if told}

    def table(self, suspects: Any, ids: Any = None) -> Any:
        """Append both lists to that of the suspects: one row per finding, with a column issue.

        Returns
        -------
        pyarrow.Table
            The columns of the suspects' table with ``issue`` ("label", "outlier" or
            "near_duplicate") before the given label, then those of the other lists; what does
            not apply is null.
        """
        parts = [_with_issue(suspects, "label", ids)]
        parts += [
            _with_issue(self._labelled(table, rows), issue, ids)
            for issue, table, rows in (
                ("outlier", self._outliers_table(ids), self.outliers.rows),
                ("near_duplicate", self._duplicates_table(ids), self.duplicates.rows),
            )
        ]
        return pa.concat_tables(parts, promote_options="default")

    def summary(self) -> dict[str, Any]:
        """Numbers and rules for the summary of a JSON document."""
        return {
            "outliers": self.outliers.n_flagged,
            "duplicate_groups": len(self.duplicates.groups),
            "duplicate_groups_with_conflicting_labels": self.duplicates.n_conflicts,
            "rows_in_duplicate_groups": len(self.duplicates.rows),
            "rows_with_an_identical_one": self.duplicates.n_exact,
            "outlier_rule": self.outliers.rule,
            "duplicate_rule": self.duplicates.rule,
            "neighbours": search_summary(self.outliers.search),
        }

    def lists(self, limit: int | None, ids: Any = None) -> dict[str, Iterable[dict[str, Any]]]:
        """Both lists for a JSON document."""
        outliers = self._labelled(self._outliers_table(ids), self.outliers.rows)
        duplicates = self._labelled(self._duplicates_table(ids), self.duplicates.rows)
        groups = group_documents(self.duplicates, duplicates, limit, labelled=True)
        return {
            "outliers": json_rows(outliers.slice(0, limit)),
            "duplicate_groups": groups,
        }

    def _name(self, row: int) -> str:
        k = int(self.labels[row])
        return str(k) if self.class_names is None else self.class_names[k]

    def _contradictions(self, group: Group, wanted: set[int]) -> Iterator[tuple[int, str]]:
        """Tell, for wanted rows of the group, of a row like it that has another label.

        An identical one if there is one, else the nearest row, else any of the group.
        """
        part = slice(group.start, group.stop)
        rows, copies = self.duplicates.rows[part], self.duplicates.copies[part]
        nearest = self.duplicates.nearest_rows[part]
        labels = self.labels[rows]
        of_all = _two_of(rows, labels)
        of_copies: dict[int, list[int]] = {}  # by what identical rows share
        for i in np.flatnonzero(np.isin(rows, list(wanted))):
            row, same = int(rows[i]), int(copies[i])
            if same >= 0 and same not in of_copies:
                of_copies[same] = _two_of(rows[copies == same], labels[copies == same])
            others = [*of_copies.get(same, []), int(nearest[i]), *of_all]
            other = next(r for r in others if self.labels[r] != labels[i])
            how = "the same as" if other in of_copies.get(same, []) else "close to"
            name = self._name(other)
            label = name if self.class_names is None else f"'{name}'"
            yield row, f"{how} row {other}, labelled {label}"

    def _labelled(self, table: Any, rows: NDArray[np.int64]) -> Any:
        """Add the given label behind the row and the id."""
        at = 1 + ("id" in table.column_names)
        return table.add_column(at, "given_label", label_array(self.labels[rows], self.class_names))

    def _outliers_table(self, ids: Any) -> Any:
        return outliers_table(self.outliers, ids).drop_columns(["is_outlier"])

    def _duplicates_table(self, ids: Any) -> Any:
        conflicts = [group.labels_conflict for group in self.duplicates.groups]
        sizes = [group.size for group in self.duplicates.groups]
        per_row = np.repeat(np.asarray(conflicts, np.bool_), sizes)
        return duplicates_table(self.duplicates, ids).append_column(
            "labels_conflict", pa.array(per_row)
        )


def find_by_features(
    audit: Audit,
    labels: NDArray[np.int64],
    search: Search,
    *,
    progress: Callable[[float], None] | None = None,
    n_jobs: int | None = None,
) -> Findings:
    """List outliers and duplicates among the rows of an audit, by the usual rules.

    Parameters
    ----------
    audit : Audit
        The audit.
    labels : ndarray of int64, shape (n,)
        Given class of each row.
    search : Search
        Neighbours by features.
    progress, n_jobs
        As in :func:`cupel.duplicates.find_near_duplicates`.
    """
    return Findings(
        labels=labels,
        class_names=audit.class_names,
        outliers=rank_outliers(search, threshold=OUTLIER_THRESHOLD),
        duplicates=group_duplicates(
            search,
            threshold=DUPLICATE_THRESHOLD,
            labels=labels,
            progress=progress,
            n_jobs=n_jobs,
        ),
    )


def _two_of(rows: NDArray[np.int64], labels: NDArray[np.int64]) -> list[int]:
    """Return the first row and the first with another label, if there is one."""
    others = np.flatnonzero(labels != labels[0])[:1]
    return [int(row) for row in (rows[0], *rows[others])]


def _with_issue(table: Any, issue: str, ids: Any) -> Any:
    column = pa.array([issue] * table.num_rows, type=pa.string())
    return table.add_column(1 if ids is None else 2, "issue", column)
