"""What a check is, and what it finds: plain arrays, which tables and reports are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cupel.datalab._record import AuditRecord

__all__ = ["TASKS", "Check", "Finding"]

TASKS = ("classification", "regression", "multilabel")


@dataclass(frozen=True, eq=False)
class Finding:
    """What one check found about every example.

    Attributes
    ----------
    name : str
        The issue type: ``"label"``, ``"outlier"``.
    is_issue : ndarray of bool, shape (n,)
        Whether the example has this issue.
    scores : ndarray of float64, shape (n,)
        In [0, 1], lower is worse.
    summary_score : float
        In [0, 1], lower is worse: how the whole data set does.
    info : dict
        What else was found about the data set, under cleanlab's keys.
    columns : dict of str to array_like, shape (n,)
        What else was found about every example, for the table of this issue type.
    evidence : dict of str to ndarray, shape (n,)
        Numbers behind the reasons; saved with the audit.
    """

    name: str
    is_issue: NDArray[np.bool_]
    scores: NDArray[np.float64]
    summary_score: float
    info: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def num_issues(self) -> int:
        """Number of examples that have this issue."""
        return int(np.count_nonzero(self.is_issue))

    def worst_rows(self, top: int | None = None) -> NDArray[np.int64]:
        """Rows with the lowest scores first, flagged or not; equal ones in the order of rows."""
        return np.argsort(self.scores, kind="stable")[:top].astype(np.int64, copy=False)

    def flagged_rows(self) -> NDArray[np.int64]:
        """Rows that have this issue, the worst first."""
        rows = np.flatnonzero(self.is_issue)
        return rows[np.argsort(self.scores[rows], kind="stable")]


@dataclass(frozen=True)
class Check:
    """One issue type: what it needs, how it is found, and how it is told.

    Attributes
    ----------
    name : str
        The issue type.
    description : str
        What it means, in one or two sentences for people who see the report.
    needs : dict of str to tuple of frozenset of str
        By task, the sets of inputs any one of which suffices, out of ``"labels"``,
        ``"pred_probs"``, ``"features"``, ``"knn_graph"``, ``"table"`` (columns besides the labels)
        and ``"images"``; an empty set where nothing is needed.
    find : callable
        ``find(context, **parameters)`` returns a `Finding`, or a list of them where one look finds
        several issue types.
    explain : callable
        ``explain(record, finding, row)`` says in a sentence why the row is listed.
    is_default : bool
        Whether it runs when nobody asked for certain issue types.
    parameters : tuple of str
        Names of the keyword arguments that `find` takes.
    """

    name: str
    description: str
    needs: Mapping[str, tuple[frozenset[str], ...]]
    find: Callable[..., Finding | list[Finding]]
    explain: Callable[[AuditRecord, Finding, int], str]
    is_default: bool = True
    parameters: tuple[str, ...] = ()

    def can_run(self, task: str, available: frozenset[str]) -> bool:
        """Whether the inputs that are there suffice."""
        return any(needed <= available for needed in self.needs.get(task, ()))
