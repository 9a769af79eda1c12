"""A table as it is audited: which column holds labels, what they are, which rows have one."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cupel.cli.errors import CliError, printable
from cupel.cli.table_labels import as_labels, label_notes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["TableInput", "read_input"]

_OBVIOUS = ("label", "labels", "target", "class", "y", "category", "given_label")
_MOST_CLASSES_OF_A_HINT = 50
_MOST_NAMED = 30


@dataclass(frozen=True, eq=False)
class TableInput:
    """A data set, its labels and its task.

    Attributes
    ----------
    path : Path
        The file or folder.
    dataset : Dataset
        All rows, and which column is what.
    task : str
        ``"classification"``, ``"regression"`` or ``"multilabel"``.
    labels : ndarray of object, shape (n,)
        Labels as the task has them, None where missing.
    notes : list of str
        What was decided, in words.
    """

    path: Path
    dataset: Any
    task: str
    labels: NDArray[np.object_]
    notes: list[str]

    @property
    def label_name(self) -> str:
        """Column of labels."""
        return str(self.dataset.label_name)

    @property
    def labelled(self) -> NDArray[np.int64]:
        """Rows that have a label."""
        return np.flatnonzero([label is not None for label in self.labels])

    def audited(self) -> tuple[Any, dict[str, str | None]]:
        """Return the rows that have a label, as `Datalab` takes them, and which column is what.

        Where rows are left out and have no ids, their numbers in the file become ids.
        """
        dataset, rows = self.dataset, self.labelled
        roles = {
            "label_name": dataset.label_name,
            "id_name": dataset.id_name,
            "split_name": dataset.split_name,
            "image_key": dataset.image_key,
        }
        given = dataset.column(self.label_name)
        if len(rows) == dataset.n_rows and _are_same(given, self.labels):
            return dataset, roles
        columns = {name: dataset.column(name)[rows] for name in dataset.column_names}
        columns[self.label_name] = self.labels[rows].tolist()
        if dataset.image_key is not None:
            columns[dataset.image_key] = _absolute(columns[dataset.image_key], self.folder)
        if dataset.id_name is None and len(rows) < dataset.n_rows:
            roles["id_name"] = _unused("row", dataset.column_names)
            columns[roles["id_name"]] = rows
        return columns, roles

    @property
    def folder(self) -> Path:
        """Where names of image files start from."""
        return self.path if self.path.is_dir() else self.path.parent


def read_input(path: Path, options: dict[str, Any]) -> TableInput:
    """Read the table and decide what its labels are.

    Parameters
    ----------
    path : Path
        The file or folder.
    options : dict
        ``label``, ``task``, ``image_column``, ``id_column``, ``split_column`` of the command.

    Raises
    ------
    CliError
        If it cannot be read, there is no such column, or nothing can be learned from its labels.
    """
    from cupel.datalab import read_table

    try:
        dataset = read_table(path)
    except (ImportError, OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        named = "" if str(path) in reason else f"{printable(str(path))}: "
        msg = f"{named}{_with_extra(reason)}"
        raise CliError(msg) from error
    notes = list(dataset.notes)
    label = _label_column(dataset, options["label"], notes)
    roles = {
        role: _existing(dataset.column_names, options[option], option)
        for role, option in (
            ("id_name", "id_column"),
            ("split_name", "split_column"),
            ("image_key", "image_column"),
        )
    }
    try:
        dataset = dataset.load(dataset, label_name=label, **roles)
    except ValueError as error:
        raise CliError(_in_options(str(error))) from error
    values = dataset.column(label)
    task, labels = as_labels(values, label, options["task"], notes)
    table = TableInput(path, dataset, task, labels, notes)
    notes += label_notes(table.labels, label, task)
    return table


def _label_column(dataset: Any, asked: str | None, notes: list[str]) -> str:
    if asked is not None:
        return str(_existing(dataset.column_names, asked, "label"))
    if dataset.label_name is not None:
        return str(dataset.label_name)
    obvious = [name for name in dataset.column_names if name.strip().lower() in _OBVIOUS]
    if len(obvious) == 1:
        notes.append(f"labels are in the column {obvious[0]!r}; --label chooses another")
        return str(obvious[0])
    hints = _possible_labels(dataset)
    what = "say which column holds the labels: --label COLUMN"
    if hints:
        what += f"\n  columns with few different values: {'; '.join(hints)}"
    what += f"\n  all columns: {_listed(dataset.column_names)}"
    raise CliError(what)


def _possible_labels(dataset: Any) -> list[str]:
    """Columns whose values could be classes, with how many there are, the last column first."""
    hints = []
    for name in reversed(dataset.column_names):
        values = dataset.column(name)
        if dataset.kind(name) not in ("number", "text"):
            continue
        if values.dtype.kind == "f":
            values = values[~np.isnan(values)]
        distinct = len(set(values.tolist()) - {None})
        if 2 <= distinct <= min(_MOST_CLASSES_OF_A_HINT, dataset.n_rows // 5):
            hints.append(f"{printable(name)} ({distinct})")
    return hints[:_MOST_NAMED]


def _existing(names: Sequence[str], asked: str | None, option: str) -> str | None:
    """Return the column's name, or say which one may be meant."""
    if asked is None or asked in names:
        return asked
    close = difflib.get_close_matches(asked, names, 1)
    alike = [name for name in names if name.strip().lower() == asked.strip().lower()] or close
    hint = f"; did you mean {printable(alike[0])!r}?" if alike else ""
    msg = f"--{option.replace('_', '-')}: there is no column {printable(asked)!r}{hint}"
    msg += f"\n  all columns: {_listed(names)}"
    raise CliError(msg)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(printable(name, 60) for name in names[:_MOST_NAMED]) + more


def _in_options(text: str) -> str:
    """Put the command's words for the library's."""
    for word, option in (
        ("label_name", "--label"),
        ("id_name", "--id-column"),
        ("split_name", "--split-column"),
        ("image_key", "--image-column"),
    ):
        text = text.replace(word, option)
    return text


def _with_extra(reason: str) -> str:
    """Name the extra that brings all the audit of tables needs, where a package is missing."""
    return (
        reason.split(": pip install")[0] + ': pip install "cupel[audit]"'
        if ("pip install" in reason)
        else reason
    )


def _are_same(given: NDArray[Any], labels: NDArray[np.object_]) -> bool:
    if given.dtype.kind == "O":
        return all(a is b for a, b in zip(given, labels, strict=True))
    return given.dtype.kind in "bi" or (given.dtype.kind == "f" and isinstance(labels[0], float))


def _absolute(names: NDArray[Any], folder: Path) -> list[Any]:
    return [str(folder / name) if isinstance(name, str) else name for name in names]


def _unused(name: str, names: Sequence[str]) -> str:
    while name in names:
        name += "_"
    return name
