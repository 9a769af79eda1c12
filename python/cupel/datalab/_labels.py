"""The labels of a data set, as the task has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from cupel._arrays import NUMBERS, TEXT, is_missing, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cupel.datalab._dataset import Dataset

__all__ = ["Labels"]

_REMEDY = "give it a label, or drop the row"
_LISTS = (list, tuple, AbstractSet, np.ndarray)
Where: TypeAlias = Callable[[int], str]  # position -> "label_name='y': row 3"


@dataclass(frozen=True, eq=False)
class Labels:
    """What each example is labelled as.

    Attributes
    ----------
    task : str
        ``"classification"``, ``"regression"`` or ``"multilabel"``.
    values : ndarray of int64 or float64, shape (n,), or list of list of int
        Positions in `class_names`; the numbers themselves for regression; for multilabel the
        positions of each example, ascending. Empty where there are no labels.
    class_names : list
        The values that occur, in order; of numbers that come with names of classes, all of these.
    given : ndarray, shape (n,)
        The caller's own values.
    is_available : bool
        Whether there are labels.
    """

    task: str
    values: Any
    class_names: list[Any] = field(default_factory=list)
    given: NDArray[Any] = field(default_factory=lambda: np.empty(0))
    is_available: bool = False

    @classmethod
    def load(cls, dataset: Dataset, task: str) -> Labels:
        """Read the labels of a data set; it has none if no column was named.

        Parameters
        ----------
        dataset : Dataset
            The examples.
        task : {"classification", "regression", "multilabel"}
            What the labels are.

        Returns
        -------
        Labels
            Classes numbered in the order of their sorted values, as cleanlab 2.9.0 does.

        Raises
        ------
        ValueError
            If a label is missing, or none that the task has; the message names the row.
        """
        readers = {
            "classification": _read_classes,
            "regression": _read_numbers,
            "multilabel": _read_sets,
        }
        if task not in tuple(readers):
            msg = f"task is {shown(task)}, expected one of {', '.join(readers)}"
            raise ValueError(msg)
        name = dataset.label_name
        if name is None:
            return cls(task, [] if task == "multilabel" else np.empty(0))
        column = dataset.column(name)
        values, class_names = readers[task](column, dataset.class_names_of(name), name)
        return cls(task, values, class_names, column, is_available=True)

    def name(self, code: int) -> str:
        """Return the name of a class in words."""
        return str(self.class_names[code])

    def in_given_order(self) -> Any:
        """Return `values`, for multilabel each example's in the order in which they were given."""
        if self.task != "multilabel":
            return self.values
        index = {name: code for code, name in enumerate(self.class_names)}
        return [
            [index.get(v, v) for v in (row.tolist() if isinstance(row, np.ndarray) else row)]
            for row in self.given
        ]


def _read_classes(
    column: NDArray[Any], names: tuple[str, ...] | None, label_name: str
) -> tuple[NDArray[np.int64], list[Any]]:
    def where(row: int) -> str:
        return f"label_name={label_name!r}: row {row} is"

    if column.dtype.kind == "O":
        kinds = set(map(type, column))
        listed = next((kind for kind in kinds if issubclass(kind, _LISTS)), None)
        if listed is not None:
            row = next(i for i, value in enumerate(column) if isinstance(value, _LISTS))
            msg = f"{where(row)} {shown(column[row])}, expected one class; for several classes per "
            raise ValueError(msg + "row use task='multilabel'")
    if names is not None:
        return _named_codes(column, len(names), where), list(names)
    if column.dtype.kind == "f":
        _check_missing(np.isnan(column), where)
    if column.dtype.kind != "O":
        classes, codes = np.unique(column, return_inverse=True)
        return codes.reshape(-1).astype(np.int64, copy=False), classes.tolist()
    return _codes(column.tolist(), where)


def _named_codes(column: NDArray[Any], n_classes: int, where: Where) -> NDArray[np.int64]:
    """Return numbers of classes that come with names, as they are."""
    codes = column
    if codes.dtype.kind != "i":
        codes = np.array([-1 if is_missing(value) else int(value) for value in codes])
    bad = (codes < 0) | (codes >= n_classes)
    if bad.any():
        row = int(bad.argmax())
        # -1 is how `datasets` says that there is no label.
        msg = f"{where(row)} {shown(column[row])}, expected a class in [0, {n_classes}); {_REMEDY}"
        raise ValueError(msg)
    return codes.astype(np.int64)


def _codes(values: list[Any], where: Where) -> tuple[NDArray[np.int64], list[Any]]:
    """Return the positions of hashable values among their sorted unique ones, and these."""
    try:
        unique = set(values)
    except TypeError as error:
        row = next(i for i, value in enumerate(values) if not _is_hashable(value))
        msg = f"{where(row)} {shown(values[row])}, expected the name of a class"
        raise ValueError(msg) from error
    if any(map(is_missing, unique)):
        _check_missing(np.array([is_missing(value) for value in values]), where)
    _check_mixture(values, where)
    try:
        classes = sorted(unique)
    except TypeError as error:
        msg = f"{where(0)} {shown(values[0])}; classes of this type have no order, use their names"
        raise ValueError(msg) from error
    index = {value: code for code, value in enumerate(classes)}
    codes = np.fromiter(map(index.__getitem__, values), np.int64, len(values))
    return codes, [value.item() if isinstance(value, np.generic) else value for value in classes]


def _check_mixture(values: list[Any], where: Where) -> None:
    """Refuse labels some of which are text and some are not."""
    kinds = set(map(type, values))
    texts = {kind for kind in kinds if issubclass(kind, TEXT)}
    if texts and texts != kinds:
        first = isinstance(values[0], TEXT)
        row = next(i for i, value in enumerate(values) if isinstance(value, TEXT) != first)
        msg = (
            f"{where(row)} {shown(values[row])} of type {type(values[row]).__name__}, the first "
            f"label is {shown(values[0])} of type {type(values[0]).__name__}; labels must be of one "
            "type: convert all to text"
        )
        raise ValueError(msg)


def _read_numbers(
    column: NDArray[Any], names: tuple[str, ...] | None, label_name: str
) -> tuple[NDArray[np.float64], list[Any]]:
    def where(row: int) -> str:
        return f"label_name={label_name!r}: row {row} is"

    if names is not None:
        msg = f"label_name={label_name!r} is a column of classes; use task='classification'"
        raise ValueError(msg)
    if column.dtype.kind == "O":
        for row, value in enumerate(column):
            if not isinstance(value, NUMBERS) and not is_missing(value):
                hint = "use task='classification' for classes, or convert the column to numbers"
                msg = f"{where(row)} {shown(value)}, regression needs a number; {hint}"
                raise ValueError(msg)
        column = np.array([np.nan if is_missing(v) else _as_float(v) for v in column])
    values = column.astype(np.float64)
    _check_missing(np.isnan(values), where)
    finite = np.isfinite(values)
    if not finite.all():
        row = int(finite.argmin())
        msg = f"{where(row)} {values[row]}, regression needs a finite number; {_REMEDY}"
        raise ValueError(msg)
    return values, []


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number beyond the range of float64
        return np.inf


def _read_sets(
    column: NDArray[Any], names: tuple[str, ...] | None, label_name: str
) -> tuple[list[list[int]], list[Any]]:
    for row, value in enumerate(column):
        if not isinstance(value, _LISTS):
            problem = f"missing; {_REMEDY}" if is_missing(value) else f"{shown(value)}, expected "
            hint = "" if is_missing(value) else "a list of classes, e.g. ['cat', 'dog'], or []"
            msg = f"label_name={label_name!r}: row {row} is {problem}{hint}"
            raise ValueError(msg)  # noqa: TRY004 - cleanlab's type
    rows = [row.tolist() if isinstance(row, np.ndarray) else list(row) for row in column]
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    row_of = np.repeat(np.arange(len(rows)), lengths)

    def where(position: int) -> str:
        return f"label_name={label_name!r}: row {row_of[position]} contains"

    flat = list(chain.from_iterable(rows))
    if names is not None:
        codes, class_names = _named_codes(np.array(flat, dtype=object), len(names), where), [*names]
    elif flat:
        codes, class_names = _codes(flat, where)
    else:
        return [[] for _ in rows], []
    return _split_sorted(codes.tolist(), lengths), class_names


def _split_sorted(codes: list[int], lengths: Iterable[int]) -> list[list[int]]:
    start, found = 0, []
    for length in lengths:
        found.append(sorted(codes[start : start + length]))
        start += length
    return found


def _check_missing(missing: NDArray[np.bool_], where: Where) -> None:
    if missing.any():
        row, count = int(missing.argmax()), int(missing.sum())
        others = f" (and {count - 1} more)" if count > 1 else ""
        msg = f"{where(row)} None or nan{others}; {_REMEDY}"
        raise ValueError(msg)


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
