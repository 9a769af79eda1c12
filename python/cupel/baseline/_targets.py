"""Labels as the models take them: which rows have one, and how rows are split into folds."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel._arrays import shown
from cupel._extras import require

__all__ = ["Targets"]

_PURPOSE = "fit_baseline"
_MOST_NAMED = 5


@dataclass(frozen=True, eq=False)
class Targets:
    """Labels of one task.

    Attributes
    ----------
    task : str
        ``"classification"``, ``"regression"`` or ``"multilabel"``.
    values : ndarray
        Classes as int64 (-1 missing), numbers as float64 (nan missing), or a matrix (n, k) of 0
        and 1, by task.
    known : ndarray of bool, shape (n,)
        Rows that have a label.
    classes : list
        The classes in order; empty for regression.
    """

    task: str
    values: NDArray[Any]
    known: NDArray[np.bool_]
    classes: list[Any]

    @classmethod
    def load(cls, labels: ArrayLike, task: str, n_rows: int) -> Targets:
        """Read labels of the task; None and nan are missing ones.

        Raises
        ------
        ValueError
            If their number is not that of the rows, there are too few, or all are the same.
        """
        makers = {
            "classification": _classes,
            "regression": _numbers,
            "multilabel": _sets,
        }
        if task not in makers:
            msg = f"task must be one of {', '.join(map(repr, makers))}, got {task!r}"
            raise ValueError(msg)
        given = list(labels)  # type: ignore[arg-type] # any iterable
        if len(given) != n_rows:
            msg = f"labels has {len(given)} values, the data {n_rows} rows; pass one for each row"
            raise ValueError(msg)
        targets = makers[task](given)
        targets._check()
        return targets

    def _check(self) -> None:
        n_known = int(self.known.sum())
        if n_known < 4:
            msg = f"labels has {n_known} values that are not missing, cross-validation needs 4"
            raise ValueError(msg)
        if self.task == "classification" and len(self.classes) < 2:
            msg = f"labels has one class only, {shown(self.classes[0])}; two or more are needed"
            raise ValueError(msg)
        if self.task == "classification" and self.counts.max() < 2:
            msg = "every label occurs once; a model can only learn classes that have examples"
            raise ValueError(msg)
        if self.task == "regression" and np.ptp(self.values[self.known]) == 0:
            msg = "all labels are the same number; there is nothing to predict"
            raise ValueError(msg)

    @property
    def n_outputs(self) -> int:
        """Number of columns of a prediction."""
        return max(len(self.classes), 1)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Labelled rows by class."""
        if self.task == "multilabel":
            sums: NDArray[np.int64] = self.values[self.known].sum(axis=0)
            return sums
        return np.bincount(self.values[self.known], minlength=len(self.classes))

    def priors(self) -> NDArray[np.float64]:
        """Share of each class, counted with one row more than there are."""
        extra = self.counts + 1.0
        return np.asarray(extra / extra.sum(), np.float64)

    def split(
        self, folds: int, seed: int, rows: NDArray[np.int64] | None = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield training and held-out rows of each fold, among those that have a label."""
        selection = require("sklearn.model_selection", _PURPOSE)
        rows = np.flatnonzero(self.known) if rows is None else rows
        stratified = self.task == "classification"
        kind = selection.StratifiedKFold if stratified else selection.KFold
        splitter = kind(folds, shuffle=True, random_state=seed)
        with warnings.catch_warnings():  # classes rarer than folds: told by `rare_classes`
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            for train, held_out in splitter.split(rows, self.values[rows]):
                yield rows[train], rows[held_out]

    def folds(self, wanted: int) -> int:
        """Return the number of folds that the labels allow, at least 2."""
        most = int(self.known.sum()) // 2
        if self.task == "classification":
            most = min(most, int(self.counts.max()))
        return max(2, min(wanted, most))

    def rare_classes(self, folds: int) -> list[str]:
        """Tell of classes that have fewer examples than there are folds."""
        if self.task != "classification":
            return []
        counts = self.counts
        single = [shown(self.classes[k]) for k in np.flatnonzero(counts == 1)]
        few = [shown(self.classes[k]) for k in np.flatnonzero((counts > 1) & (counts < folds))]
        notes = []
        if single:
            notes.append(
                f"{_listed(single)} with one example only: no model can be trained without it and "
                "know the class, so these rows got the frequencies of the classes as probabilities"
            )
        if few:
            notes.append(
                f"{_listed(few)} with fewer than {folds} examples: trained on very few, so the "
                "probabilities of these rows say little"
            )
        return notes


def _listed(names: list[str]) -> str:
    named = ", ".join(names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return f"{'class' if len(names) == 1 else 'classes'} {named}{more}"


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, (float, np.floating)) and bool(np.isnan(value)))


def _classes(given: list[Any]) -> Targets:
    known = np.array([not _is_missing(value) for value in given], np.bool_)
    present = {value for value, is_known in zip(given, known, strict=True) if is_known}
    try:
        classes = sorted(present)
    except TypeError:  # numbers beside strings
        classes = sorted(present, key=lambda value: (type(value).__name__, str(value)))
    code = {value: k for k, value in enumerate(classes)}
    values = np.array([code.get(value, -1) for value in given], np.int64)
    values[~known] = -1
    return Targets("classification", values, known, [_plain(value) for value in classes])


def _numbers(given: list[Any]) -> Targets:
    values = np.array([np.nan if value is None else value for value in given], np.float64)
    return Targets("regression", values, np.isfinite(values), [])


def _sets(given: list[Any]) -> Targets:
    known = np.array([not _is_missing(value) for value in given], np.bool_)
    sets = [set() if _is_missing(value) else {int(k) for k in value} for value in given]
    lowest = min((min(classes) for classes in sets if classes), default=0)
    if lowest < 0:
        msg = f"labels has a class {lowest}, expected classes from 0 on"
        raise ValueError(msg)
    n_classes = 1 + max((max(classes) for classes in sets if classes), default=0)
    values = np.zeros((len(given), n_classes), np.int64)
    for row, classes in enumerate(sets):
        values[row, sorted(classes)] = 1
    return Targets("multilabel", values, known, list(range(n_classes)))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
