"""The checked (labels, pred_probs) pair behind every entry point.

`Problem.load` is the way in: it passes both through the front door and, if the caller asked for it,
leaves out rows that hold a nan or an infinity. The methods translate results on the rows that were
kept back to the caller's rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._runtime import resolve_threads
from cupel._validate import (
    as_choice,
    as_labels,
    as_multilabels,
    as_pred_probs,
    check_classes,
)

__all__ = ["COLLISIONS", "Problem"]

COLLISIONS = {"argmax": False, "confident": True}


def _label_matrix(labels: Any, rows: int, columns: int, classes: Any) -> NDArray[np.uint8]:
    """Return the 0/1 matrix of lists of classes; the core reads plain ones faster than NumPy."""
    matrix = _core.read_label_lists(labels, rows, columns) if classes is None else None
    if matrix is None:
        return as_multilabels(labels, rows, columns, classes=classes)
    return matrix


@dataclass(slots=True)
class Problem:
    """Labels and probabilities as the core takes them.

    Attributes
    ----------
    labels : ndarray of int, shape (n,)
        Given classes; for multi-label problems a 0/1 matrix of shape (n, k).
    pred_probs : ndarray of float, shape (n, k)
        Native, unit column stride.
    threads : int
        Threads a call may use.
    kept : ndarray of int64 or None
        The caller's row numbers, where some rows were left out.
    n_rows : int
        The caller's number of rows.
    """

    labels: NDArray[Any]
    pred_probs: NDArray[Any]
    threads: int
    kept: NDArray[np.int64] | None
    n_rows: int

    @classmethod
    def load(
        cls,
        labels: Any,
        pred_probs: Any,
        *,
        classes: Sequence[Any] | None = None,
        nan: str = "raise",
        n_jobs: int | None = None,
        multi_label: bool = False,
        probs_name: str = "pred_probs",
    ) -> Problem:
        """Check and convert what the caller passed."""
        threads = resolve_threads(n_jobs)
        probs = as_pred_probs(pred_probs, name=probs_name)
        rows, columns = probs.shape
        if multi_label:
            given = _label_matrix(labels, rows, columns, classes)
        else:
            given = as_labels(labels, rows, classes=classes, n_classes=columns)
        problem = cls(given, probs, threads, None, rows)
        if as_choice(nan, ("raise", "drop"), name="nan") == "drop":
            if not multi_label:  # errors must name the caller's rows
                problem.checked_labels()
            problem._drop_rows_that_are_not_finite()
        if probs_name != "pred_probs":  # the core calls every matrix pred_probs
            problem._check_under_name(probs_name)
        if multi_label:  # the core will see one column at a time, and could not name it
            _core.check_probabilities(problem.pred_probs, threads)
        return problem

    @property
    def n_classes(self) -> int:
        """Number of classes, k."""
        return int(self.pred_probs.shape[1])

    def _drop_rows_that_are_not_finite(self) -> None:
        finite = _core.finite_rows(self.pred_probs, self.threads)
        if finite.all():
            return
        self.kept = np.flatnonzero(finite)
        if not self.kept.size:
            msg = "pred_probs has no row without a nan or an infinity; nothing is left to analyse"
            raise ValueError(msg)
        self.labels = self.labels[self.kept]
        self.pred_probs = self.pred_probs[self.kept]

    def _check_under_name(self, probs_name: str) -> None:
        try:
            _core.check_probabilities(self.pred_probs, self.threads)
        except ValueError as error:
            msg = str(error).replace("pred_probs", probs_name, 1)
            raise ValueError(msg) from None

    def checked_labels(self) -> NDArray[np.int64]:
        """Return the given classes as int64, known to lie in [0, k)."""
        hint = ", one per column of pred_probs; pass classes=[...] if labels are names"
        labels = self.labels.copy()  # before the check: someone else may write to the caller's
        check_classes(labels, self.n_classes, hint=hint)
        return labels.astype(np.int64, copy=False)

    def one_vs_rest(self) -> Iterator[Problem]:
        """Yield the binary problem of each class of a multi-label problem."""
        for k in range(self.n_classes):
            column = self.pred_probs[:, k]
            probs = np.stack([1 - column, column], axis=1)
            labels = np.ascontiguousarray(self.labels[:, k])
            yield Problem(labels, probs, self.threads, None, len(labels))

    def expand_mask(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Mask over the caller's rows; False for rows that were left out."""
        if self.kept is None:
            return mask
        out = np.zeros(self.n_rows, dtype=np.bool_)
        out[self.kept] = mask
        return out

    def expand_scores(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Scores of the caller's rows; nan for rows that were left out."""
        if self.kept is None:
            return scores
        out = np.full(self.n_rows, np.nan, dtype=scores.dtype)
        out[self.kept] = scores
        return out

    def expand_labels(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Classes of the caller's rows; -1 for rows that were left out."""
        if self.kept is None:
            return labels
        out = np.full(self.n_rows, -1, dtype=np.int64)
        out[self.kept] = labels
        return out

    def original_rows(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the caller's numbers of rows given by their number among the kept ones."""
        return rows if self.kept is None else self.kept[rows]
