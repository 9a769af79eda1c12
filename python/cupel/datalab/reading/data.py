"""What users pass as data, read into columns; told apart by what it can do."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from cupel.datalab.reading.columns import as_column
from cupel.datalab.reading.files import columns_of_rows
from cupel.datalab.reading.folder import read_path
from cupel.datalab.reading.frames import (
    columns_of_arrow,
    columns_of_frame,
    columns_of_hugging_face,
    refuse_splits,
)
from cupel.datalab.reading.source import Source

__all__ = ["read_data"]


def read_data(data: Any) -> Source:
    """Read the columns of anything that can be audited."""
    if isinstance(data, (str, PathLike)):
        return read_path(Path(data))
    refuse_splits(data)
    if isinstance(data, Mapping):
        return Source.of([(name, as_column(values, name)) for name, values in data.items()])
    if isinstance(data, list):
        return Source.of(columns_of_rows(data))
    if hasattr(data, "to_pydict") and hasattr(data, "schema"):
        return Source.of(columns_of_arrow(data))
    if hasattr(data, "features") and hasattr(data, "column_names"):
        return Source.of(columns_of_hugging_face(data))
    return Source.of(columns_of_frame(data))
