"""The examples of an audit: columns of numbers, text and pictures, whatever they came as."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cupel._arrays import is_missing, nearest_hint, shown
from cupel.datalab._labels import Labels
from cupel.datalab.reading.columns import Column
from cupel.datalab.reading.data import read_data
from cupel.datalab.reading.errors import (
    DataFormatError,
    DatasetDictError,
    DatasetLoadError,
    printable,
)
from cupel.datalab.reading.images import open_image
from cupel.datalab.reading.source import Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "DataFormatError",
    "Dataset",
    "DatasetDictError",
    "DatasetLoadError",
    "Labels",
]

_EXACT = 1e15  # whole numbers below it are written without a point
_ROLES = ("label_name", "image_key", "id_name", "split_name")


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table, one example per row. Immutable; made by `load`.

    Attributes
    ----------
    original : object
        What the caller passed.
    source : Source
        What was read from it.
    label_name, image_key, id_name, split_name : str or None
        The columns of labels, pictures, names of rows, and splits or folds.
    omitted : tuple of str
        Columns that were left out of the file of an audit.
    """

    original: Any
    source: Source
    label_name: str | None = None
    image_key: str | None = None
    id_name: str | None = None
    split_name: str | None = None
    omitted: tuple[str, ...] = ()

    @classmethod
    def load(
        cls,
        data: Any,
        *,
        label_name: str | None = None,
        image_key: str | None = None,
        id_name: str | None = None,
        split_name: str | None = None,
    ) -> Dataset:
        """Read a data set.

        Parameters
        ----------
        data : dict, list of dict, data frame, Arrow table, Hugging Face Dataset, str or Path
            A dict of columns, rows, a frame of any library that narwhals knows, the path of a file
            (.csv, .tsv, .json, .jsonl, .parquet, .xlsx, or .txt with one text per line), or of a
            folder of pictures: one folder per class, or a ``metadata.csv`` with a column
            ``file_name``. Or a Dataset, to give its columns other roles.
        label_name : str, optional
            The column of labels. A folder with one folder per class has one: ``label``.
        image_key : str, optional
            The column of pictures: Pillow's, arrays, bytes, names of files, or as `datasets` stores
            them. A folder of pictures has one: ``image``.
        id_name, split_name : str, optional
            The columns of names of rows, and of splits or folds.

        Returns
        -------
        Dataset
            Its columns of numbers and text are copies.

        Raises
        ------
        DataFormatError
            If it is none of these.
        DatasetDictError
            If it is a dict of data sets.
        DatasetLoadError
            If something in it is wrong; the message names the column and the row or line.
        ValueError
            If there is no such column. (The errors above are ValueErrors too.)
        """
        source = data.source if isinstance(data, Dataset) else read_data(data)
        original = data.original if isinstance(data, Dataset) else data
        if isinstance(data, Dataset):
            label_name = data.label_name if label_name is None else label_name
            image_key = data.image_key if image_key is None else image_key
            id_name = data.id_name if id_name is None else id_name
            split_name = data.split_name if split_name is None else split_name
        label_name = source.label_name if label_name is None else label_name
        image_key = source.image_key if image_key is None else image_key
        dataset = cls(original, source, label_name, image_key, id_name, split_name)
        _check_roles(dataset)
        return dataset

    @cached_property
    def n_rows(self) -> int:
        """Number of examples, n."""
        return len(next(iter(self.source.columns.values())))

    @property
    def column_names(self) -> tuple[str, ...]:
        """All columns, in their order."""
        return tuple(self.source.columns)

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The columns that are neither labels, names of rows, splits nor pictures."""
        roles = {self.label_name, self.id_name, self.split_name, self.image_key}
        return tuple(name for name in self.source.columns if name not in roles)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided in reading, in words: what separates cells, what was left out."""
        return self.source.notes

    def column(self, name: str) -> NDArray[Any]:
        """Return a column, read-only: numbers or bools (missing ones nan), or objects (or None)."""
        return self._column(name).values

    def kind(self, name: str) -> str:
        """Tell what a column holds: ``"number"``, ``"text"``, ``"image"`` or ``"other"``."""
        return "image" if name == self.image_key else self._column(name).kind

    def class_names_of(self, name: str) -> tuple[str, ...] | None:
        """Return the names of the classes that a column holds the numbers of, where it has them."""
        return self._column(name).class_names

    def cell(self, name: str, row: int) -> str:
        """Return one value in words, the empty string where it is missing."""
        value = self._column(name).cell(row)
        if value is None:
            return ""
        if self.kind(name) == "image":
            return _name_of_image(value)
        if isinstance(value, (float, np.floating)) and float(value).is_integer():
            return str(int(value)) if abs(float(value)) < _EXACT else str(value)
        return str(value)

    def row_ids(self) -> NDArray[Any]:
        """Return the names of the rows, or their numbers."""
        return np.arange(self.n_rows) if self.id_name is None else self.column(self.id_name)

    def image(self, row: int, *, strict: bool = False) -> Any:
        """Return the picture of a row as one of Pillow's.

        Parameters
        ----------
        row : int
            Which one.
        strict : bool, default False
            Whether to raise ValueError, which says why, where there is one that cannot be read.

        Returns
        -------
        PIL.Image.Image or None
            None where there is none, or it cannot be read.
        """
        if self.image_key is None or self.image_key in self.omitted:
            return None
        value = self._column(self.image_key).cell(row)
        if value is None:
            return None
        try:
            return open_image(value, self.source.folder)
        except ValueError as error:
            if not strict:
                return None
            msg = f"column {shown(self.image_key)}, row {row}: no picture can be read: {error}"
            raise ValueError(msg) from error

    def _column(self, name: str) -> Column:
        column = self.source.columns.get(name)
        if column is None:
            raise _unknown(name, "the name", self.column_names)
        return column


def _check_roles(dataset: Dataset) -> None:
    seen: dict[str, str] = {}
    for role in _ROLES:
        name = getattr(dataset, role)
        if name is None:
            continue
        if not isinstance(name, str):
            msg = f"{role} must be the name of a column, got {type(name).__name__}"
            raise TypeError(msg)
        if name not in dataset.source.columns:
            raise _unknown(name, role, dataset.column_names)
        if name in seen:
            msg = f"{role} and {seen[name]} are both {shown(name)}; a column has one role"
            raise ValueError(msg)
        seen[name] = role
    key = dataset.image_key
    if key is not None and dataset.source.columns[key].kind == "number":
        msg = f"image_key is {shown(key)}, a column of numbers; expected pictures or their files"
        raise ValueError(msg)


def _unknown(name: Any, role: str, names: tuple[str, ...]) -> ValueError:
    hint = nearest_hint(name, names)
    told = printable(", ".join(names))
    return ValueError(f"{role} is {shown(name)}, but data has no such column{hint}; it has: {told}")


def _name_of_image(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("path") or "image"
    named = getattr(value, "filename", value)
    return str(named) if isinstance(named, (str, Path)) and not is_missing(named) else "image"
