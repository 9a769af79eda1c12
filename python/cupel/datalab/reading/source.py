"""A table that was read: its columns, and what its source says about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cupel._arrays import shown
from cupel.datalab.reading.columns import Column
from cupel.datalab.reading.errors import DatasetLoadError

__all__ = ["Source"]


@dataclass(frozen=True, eq=False)
class Source:
    """Columns of as many rows each, under names that differ.

    Attributes
    ----------
    columns : dict of str to Column
        In their order.
    folder : Path or None
        Where names of files in the columns start from.
    label_name, image_key : str or None
        The columns of labels and pictures, where the source leaves no doubt.
    notes : tuple of str
        What was decided in reading, for people.
    """

    columns: dict[str, Column]
    folder: Path | None = None
    label_name: str | None = None
    image_key: str | None = None
    notes: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, columns: Sequence[tuple[Any, Column]], where: str = "data", **told: Any) -> Source:
        """Check the columns against each other; names that are no strings become such."""
        if not columns:
            msg = f"{where} has no columns"
            raise DatasetLoadError(msg)
        first: dict[str, Column] = {}
        first_name, first_column = columns[0]
        for name, column in columns:
            if first.setdefault(str(name), column) is not column:
                msg = f"{where} has more than one column called {shown(str(name))}; rename one"
                raise DatasetLoadError(msg)
            if len(column) != len(first_column):
                msg = (
                    f"{where} has {len(column)} values in column {shown(name)} and "
                    f"{len(first_column)} in column {shown(first_name)}; every column needs one "
                    "value per row, None where it is missing"
                )
                raise DatasetLoadError(msg)
        if not len(first_column):
            msg = f"{where} has no rows, nothing to audit"
            raise DatasetLoadError(msg)
        return cls(first, **told)
