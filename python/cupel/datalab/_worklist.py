"""What to review first: one list over all issue types, the most valuable look first."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel._features import as_integer
from cupel.datalab._names import labels_or_none
from cupel.datalab._reasons import explainer, without_repetition
from cupel.datalab._worklist_values import (
    group_ids,
    is_of_rows,
    listed_by,
    suggest,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Hashable

    from cupel.datalab._dataset import Dataset
    from cupel.datalab._finding import Finding
    from cupel.datalab._record import AuditRecord

__all__ = ["Worklist", "compare_worklists", "worklist"]

_NEAR_THE_FIRST = 0.5  # share of the value of a group's first row, from which on rows follow it


@dataclass(frozen=True, eq=False)
class Worklist:
    """Examples to look at, the most valuable first.

    Attributes
    ----------
    rows : ndarray of int64, shape (m,)
        Rows of the data set, each once.
    row_ids : ndarray, shape (m,)
        Their ids: the column of ids, or row numbers.
    issue_types : list of tuple of str
        All issue types that each has, in the order in which they were found.
    values : ndarray of float64, shape (m,)
        Expected number of examples put right by a look, in [0, 1].
    given_labels, suggested_labels : ndarray of object, shape (m,)
        The caller's own labels; None where nothing is known or suggested.
    suggested_confidences : ndarray of float64, shape (m,)
        Probability of the suggested label; nan where there is none.
    group_sizes : ndarray of int64, shape (m,)
        Of examples that stand for a group of near-duplicates, its size; else 1.
    """

    rows: NDArray[np.int64]
    row_ids: NDArray[Any]
    issue_types: list[tuple[str, ...]]
    values: NDArray[np.float64]
    given_labels: NDArray[np.object_]
    suggested_labels: NDArray[np.object_]
    suggested_confidences: NDArray[np.float64]
    group_sizes: NDArray[np.int64]
    _record: AuditRecord

    @cached_property
    def reasons(self) -> NDArray[np.object_]:
        """Why each is listed, in a sentence for each issue type; written when asked for."""
        explain = {f.name: explainer(self._record, f) for f in self._record.findings.values()}
        out = np.empty(len(self.rows), dtype=np.object_)
        for at, row in enumerate(self.rows.tolist()):
            told = [explain[name](row) for name in without_repetition(self.issue_types[at])]
            if self.group_sizes[at] > 1:
                told.append(f"Stands for {self.group_sizes[at]} near-duplicates.")
            out[at] = " ".join(told)
        return out


def worklist(record: AuditRecord, top: int | None = None) -> Worklist:
    """List what to review first, over all issue types.

    Parameters
    ----------
    record : AuditRecord
        The audit.
    top : int, optional
        How many examples at most.

    Returns
    -------
    Worklist
        Every example that has an issue of its own, once; of near-duplicates without any other
        issue, one for each group.

    Raises
    ------
    TypeError, ValueError
        If `top` is no number of examples.

    Notes
    -----
    ``docs/review.md`` says what the value is. A function of the findings alone; equal values are in
    the order of rows. O(n t) for t issue types, and sorting of the examples listed.
    """
    if top is not None:
        top = as_integer(top, name="top", least=0)
    found = [finding for finding in record.listed if is_of_rows(finding)]
    listed = [listed_by(finding) for finding in found]
    values = _values(record, found, listed)
    rows, sizes = _representatives(record, found, listed, values)
    order = _in_order(values[rows], rows, group_ids(record))[:top]
    rows, sizes = rows[order], sizes[order]
    suggested = suggest(record, rows)
    return Worklist(
        rows=rows,
        row_ids=np.asarray(record.dataset.row_ids())[rows],
        issue_types=_types(found, listed, rows),
        values=values[rows],
        given_labels=labels_or_none(record.labels, rows),
        suggested_labels=suggested.labels,
        suggested_confidences=suggested.confidences,
        group_sizes=sizes,
        _record=record,
    )


def _values(
    record: AuditRecord, found: list[Finding], listed: list[NDArray[np.bool_]]
) -> NDArray[np.float64]:
    """Return the chance that something is put right, issue types taken as independent."""
    nothing = np.ones(record.n_rows)
    for finding, is_listed in zip(found, listed, strict=True):
        value = values_of(record, finding)
        # That the label may be wrong counts whatever brought the example onto the list.
        nothing *= 1.0 - (value if finding.name == "label" else np.where(is_listed, value, 0.0))
    return 1.0 - nothing


def _representatives(
    record: AuditRecord,
    found: list[Finding],
    listed: list[NDArray[np.bool_]],
    values: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows to list, and how many near-duplicates each stands for."""
    others = np.zeros(record.n_rows, dtype=np.bool_)
    alike = others.copy()
    for finding, is_listed in zip(found, listed, strict=True):
        into = alike if finding.name == "near_duplicate" else others
        into |= is_listed
    groups = group_ids(record)
    sizes = np.ones(record.n_rows, dtype=np.int64)
    if groups is not None:
        only_alike = np.flatnonzero(alike & ~others & (groups >= 0))
        alike[only_alike] = False
        rows = only_alike[~np.isin(groups[only_alike], groups[others])]  # others speak for theirs
        rows = rows[np.argsort(-values[rows], kind="stable")]
        _, first = np.unique(groups[rows], return_index=True)
        alike[rows[first]] = True
        sizes[rows[first]] = np.bincount(groups + 1)[groups[rows[first]] + 1]
    chosen = np.flatnonzero(alike | others)
    return chosen, sizes[chosen]


def _in_order(
    values: NDArray[np.float64], rows: NDArray[np.int64], groups: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """Order by value; near-duplicates of about the same value follow their group's first."""
    place, leader = values.copy(), rows.copy()
    if groups is not None:
        at = np.flatnonzero(groups[rows] >= 0)
        at = at[np.argsort(-values[at], kind="stable")]
        _, first, of_group = np.unique(groups[rows[at]], return_index=True, return_inverse=True)
        lead = at[first][of_group]
        follows = values[at] >= _NEAR_THE_FIRST * values[lead]
        place[at[follows]] = values[lead[follows]]
        leader[at[follows]] = rows[lead[follows]]
    return np.lexsort((rows, -values, leader, -place))


def _types(
    found: list[Finding], listed: list[NDArray[np.bool_]], rows: NDArray[np.int64]
) -> list[tuple[str, ...]]:
    codes = np.zeros(len(rows), dtype=np.int64)
    known: list[tuple[str, ...]] = [()]
    for finding, is_listed in zip(found, listed, strict=True):
        pairs = codes * 2 + is_listed[rows]
        used, codes = np.unique(pairs, return_inverse=True)
        known = [known[pair // 2] + ((finding.name,) if pair % 2 else ()) for pair in used.tolist()]
    return [known[code] for code in codes.tolist()]


# ---- two lists ---------------------------------------------------------------------------------


def compare_worklists(old: AuditRecord, new: AuditRecord) -> dict[str, NDArray[Any]]:
    """Say which examples of two audits' lists are new, still there, or resolved.

    Parameters
    ----------
    old, new : AuditRecord
        Audits of the same data set in two states.

    Returns
    -------
    dict of str to ndarray
        ``"row_id"``; ``"status"``: new, persisting or resolved (on the old list only);
        ``"issue_types"``, joined by commas, of the new list, or of the old one where resolved;
        ``"is_changed"``: whether the content of an example that persists is another. Those of the
        new list in its order, then the resolved in the old one's.

    Notes
    -----
    Examples are the same if they have the same id, where both data sets have a column of ids; else
    if their columns other than the label (or features) hold the same, equal ones paired in the
    order of the lists; else, where one audit has neither, if their row numbers are the same.
    """
    before, after = worklist(old), worklist(new)
    contents = _contents(before, after)
    if old.dataset.id_name is not None and new.dataset.id_name is not None:
        old_keys, new_keys = _keys(before.row_ids.tolist()), _keys(after.row_ids.tolist())
    elif contents is not None:
        old_keys, new_keys = map(_keys, contents)
    else:
        old_keys, new_keys = _keys(before.rows.tolist()), _keys(after.rows.tolist())
    place = {key: at for at, key in enumerate(old_keys)}
    twins = [place.get(key) for key in new_keys]
    now = set(new_keys)
    resolved = [at for at, key in enumerate(old_keys) if key not in now]
    status = ["new" if twin is None else "persisting" for twin in twins]
    changed = [
        contents is not None and twin is not None and contents[0][twin] != contents[1][at]
        for at, twin in enumerate(twins)
    ]
    types = [", ".join(names) for names in after.issue_types]
    types += [", ".join(before.issue_types[at]) for at in resolved]
    return {
        "row_id": _column([*after.row_ids.tolist(), *before.row_ids[resolved].tolist()]),
        "status": _column([*status, *["resolved"] * len(resolved)]),
        "issue_types": _column(types),
        "is_changed": np.array([*changed, *[False] * len(resolved)], dtype=np.bool_),
    }


def _keys(names: list[Any]) -> list[Hashable]:
    """Tell apart names that occur more than once, by numbers."""
    seen: dict[Hashable, int] = {}
    keys: list[Hashable] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        keys.append((name, seen[name]))
    return keys


def _contents(*lists: Worklist) -> list[list[bytes]] | None:
    """Return hashes of what examples are, labels aside; None where that is not known of both."""
    records = [found._record for found in lists]
    shared = set.intersection(*(_columns_of(record.dataset) for record in records))
    if shared:
        return [_hashes_of_cells(found, sorted(shared)) for found in lists]
    if any(record.features is None for record in records):
        return None
    return [_hashes_of_features(found) for found in lists]


def _columns_of(dataset: Dataset) -> set[str]:
    there = set(dataset.feature_names) - set(dataset.omitted)
    return {name for name in there if dataset.kind(name) in ("number", "text")}


def _hashes_of_cells(found: Worklist, names: list[str]) -> list[bytes]:
    cell = found._record.dataset.cell
    rows = (repr([cell(name, row) for name in names]) for row in found.rows.tolist())
    return [hashlib.sha256(row.encode("utf-8", "surrogatepass")).digest() for row in rows]


def _hashes_of_features(found: Worklist) -> list[bytes]:
    rows = np.ascontiguousarray(np.asarray(found._record.features)[found.rows], dtype=np.float64)
    return [hashlib.sha256(row.tobytes()).digest() for row in rows]


def _column(values: list[Any]) -> NDArray[np.object_]:
    out = np.empty(len(values), dtype=np.object_)
    out[:] = values
    return out
