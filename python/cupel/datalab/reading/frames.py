"""Columns from data frames, tables of Arrow, and data sets of Hugging Face."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cupel._extras import require
from cupel.datalab.reading.columns import (
    ArrowColumn,
    Column,
    as_column,
    column_of_list,
)
from cupel.datalab.reading.errors import DataFormatError, DatasetDictError, DatasetLoadError

__all__ = ["columns_of_arrow", "columns_of_frame", "columns_of_hugging_face", "refuse_splits"]

_KNOWN = (
    "a dict of columns, a list of dicts, a data frame (pandas, polars, pyarrow or any other that "
    "narwhals knows), a Dataset of Hugging Face, or the path of a file or a folder of images"
)
_IMAGE_FIELDS = {"bytes", "path"}


def columns_of_frame(data: Any) -> list[tuple[Any, Column]]:
    """Read a data frame of any library; lazy ones are collected."""
    if isinstance(data, np.ndarray) or not hasattr(type(data), "columns"):
        msg = f"data is of type {type(data).__name__}, expected {_KNOWN}"
        raise DataFormatError(msg)
    narwhals = require("narwhals", "a data frame")
    names = list(data.columns) if _is_of_pandas(data) else []
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        msg = f"data has more than one column called {twice!r}; rename or drop all but one"
        raise DatasetLoadError(msg)
    try:
        frame = narwhals.from_native(data, pass_through=False)
    except TypeError as error:
        msg = f"data is of type {type(data).__name__}, expected {_KNOWN}"
        raise DataFormatError(msg) from error
    if isinstance(frame, narwhals.LazyFrame):
        frame = frame.collect()
    return [(series.name, _column_of_series(series)) for series in frame.iter_columns()]


def columns_of_arrow(table: Any) -> list[tuple[Any, Column]]:
    """Read a table or batch of Arrow."""
    return [
        (name, _column_of_arrow(chunks))
        for name, chunks in zip(table.schema.names, table.columns, strict=True)
    ]


def columns_of_hugging_face(data: Any) -> list[tuple[Any, Column]]:
    """Read a Dataset of the package `datasets`, without importing it; pictures stay encoded."""
    if not hasattr(data, "with_format") or not hasattr(data, "__len__"):
        msg = (
            f"data is of type {type(data).__name__}, which has no rows to count; load it without "
            "streaming"
        )
        raise DataFormatError(msg)
    columns = columns_of_arrow(data.with_format("arrow")[:])
    return [(name, _with_classes(column, data.features[name])) for name, column in columns]


def _is_of_pandas(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == "pandas"


def refuse_splits(data: Any) -> None:
    """Refuse a dictionary of data sets, one for each split."""
    several = isinstance(data, Mapping) and data
    if several and all(hasattr(part, "features") for part in data.values()):
        names = [repr(name) for name in data]
        msg = (
            f"data holds several data sets ({', '.join(names)}); pass one of them, e.g. "
            f"data[{names[0]}], or join them with a column that names the split"
        )
        raise DatasetDictError(msg)


def _column_of_series(series: Any) -> Column:
    if series.dtype.is_numeric() and not series.null_count():
        return as_column(np.array(series.to_numpy()), series.name)
    return as_column(series.to_native(), series.name)


def _column_of_arrow(chunks: Any) -> Column:
    kind = chunks.type
    if hasattr(kind, "storage_type"):
        kind = kind.storage_type
    text = str(kind)
    if text.startswith("struct") and {kind.field(i).name for i in range(kind.num_fields)} == (
        _IMAGE_FIELDS
    ):
        return ArrowColumn(chunks, "image")
    if "list<" in text or text.startswith("fixed_size_list"):
        return ArrowColumn(chunks, "other")
    number = text in ("float", "double", "halffloat") or text.lstrip("u").startswith("int")
    if number and not chunks.null_count:
        return as_column(np.array(chunks.to_numpy(**_copying(chunks))), "")
    if text in ("string", "large_string", "string_view"):
        texts = chunks.to_numpy(**_copying(chunks))
        texts = texts if texts.flags.writeable else texts.copy()
        texts.flags.writeable = False
        return Column(texts, "text")
    return column_of_list(chunks.to_pylist())


def _copying(chunks: Any) -> dict[str, bool]:
    """Arguments of `to_numpy`, which chunked arrays and others take in their own ways."""
    return {} if hasattr(chunks, "chunks") else {"zero_copy_only": False}


def _with_classes(column: Column, feature: Any) -> Column:
    """Add the names of classes that `datasets` keeps beside the numbers."""
    while hasattr(feature, "feature"):  # lists of classes
        feature = feature.feature
    if type(feature).__name__ == "Image" and column.kind != "image":
        return Column(column.values, "image")
    if type(feature).__name__ != "ClassLabel":
        return column
    return column.with_classes(tuple(feature.names))
