"""The columns of an input as they were, to be written again beside what was found."""

from __future__ import annotations

import codecs
import csv
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from cupel.cli.csvstyle import CsvStyle

__all__ = ["Original", "like_formulas", "read_original"]

_FORMULA = r"^([=@\t\r]|[+-][^0-9.,\s])"  # signed numbers and dashes before text are none
_MOST_NAMED = 5
_DELIMITERS = ",;\t|"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BLOCK = 8 << 20
_LARGEST_BLOCK = (1 << 31) - 1


@dataclass(frozen=True, eq=False)
class Original:
    """Columns of the input.

    Attributes
    ----------
    table : pyarrow.Table
        All columns, in their order: of a text file the cells' own text.
    style : CsvStyle
        How a .csv file looks like the input.
    """

    table: Any
    style: CsvStyle = field(default_factory=CsvStyle)


def read_original(path: Path, dataset: Any) -> Original:
    """Read the input's columns again, untouched; of other files, what was read of them.

    Parameters
    ----------
    path : Path
        The file or folder.
    dataset : Dataset
        What was read of it; tells which columns and how many rows there are.
    """
    table_file = path / "metadata.csv" if path.is_dir() else path
    suffix = table_file.suffix.lower()
    if suffix in (".csv", ".tsv") and table_file.is_file():
        found = _texts(table_file, suffix, dataset)
        if found is not None:
            return found
    if suffix == ".parquet":
        table = parquet.read_table(path)
        if table.num_rows == dataset.n_rows:
            return Original(table)
    columns = {name: _array(dataset, name) for name in dataset.column_names}
    return Original(pa.table(columns), CsvStyle(is_marked=suffix == ".xlsx"))


def like_formulas(table: Any) -> list[str]:
    """Tell of columns with text that a spreadsheet could take for formulas."""
    risky = [
        name
        for name, column in zip(table.column_names, table.columns, strict=True)
        if pa.types.is_string(column.type)
        and pc.any(pc.match_substring_regex(column, _FORMULA)).as_py()
    ]
    if not risky:
        return []
    named = ", ".join(map(repr, risky[:_MOST_NAMED])) + (", …" if len(risky) > _MOST_NAMED else "")
    told = f"cells that begin with = + - or @ (column {named}) are written as they are"
    return [f"{told}; a spreadsheet may take them for formulas: import the file as text"]


def _texts(path: Path, suffix: str, dataset: Any) -> Original | None:
    """Cells of a text file; None if they do not fit what was read of it."""
    data = path.read_bytes()
    is_marked = data.startswith((codecs.BOM_UTF8, *_UTF_16))
    if data.startswith(_UTF_16):
        data = data.decode("utf-16").encode()
    data = data.removeprefix(codecs.BOM_UTF8)
    for delimiter in "\t" if suffix == ".tsv" else _DELIMITERS:
        header = _header(data, delimiter)
        if _names(header) >= set(dataset.column_names) - {dataset.image_key}:
            table = _parsed(data, delimiter, header)
            if table is not None and table.num_rows == dataset.n_rows:
                line_end = "\r\n" if b"\r\n" in data[: 1 << 20] else "\n"
                return Original(table, CsvStyle(delimiter.replace("\t", ","), line_end, is_marked))
    return None


def _header(data: bytes, delimiter: str) -> list[str]:
    lines = io.StringIO(data.decode(errors="replace"), newline="")
    rows = csv.reader((line for line in lines if line.strip("\r\n")), delimiter=delimiter)
    return next(rows, [])


def _names(header: list[str]) -> set[str]:
    return {name.strip() or f"Unnamed: {j}" for j, name in enumerate(header)}


def _parsed(data: bytes, delimiter: str, header: list[str]) -> Any:
    numbered = [str(j) for j in range(len(header))]
    for block in (_BLOCK, min(len(data) + 1, _LARGEST_BLOCK)):
        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(data),
                read_options=arrow_csv.ReadOptions(
                    column_names=numbered, skip_rows_after_names=1, block_size=block
                ),
                parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(numbered, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid:  # a row longer than a block
            continue
        return table.rename_columns(header)
    return None


def _array(dataset: Any, name: str) -> Any:
    """Return a column as Arrow has it, or as text where it cannot."""
    values = dataset.column(name)
    if dataset.kind(name) == "image":
        return pa.array([dataset.cell(name, row) for row in range(dataset.n_rows)], pa.string())
    if values.dtype.kind in "biuf":
        return pa.array(values, mask=np.isnan(values) if values.dtype.kind == "f" else None)
    try:
        array = pa.array(values.tolist())
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        array = None
    if array is None or pa.types.is_nested(array.type) or pa.types.is_binary(array.type):
        return pa.array([None if value is None else _as_text(value) for value in values])
    return array


def _as_text(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError):
        return str(value)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
