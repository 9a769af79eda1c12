"""Tables in files of other kinds than CSV: JSON, Parquet, Excel, lines of text."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path
from typing import Any

from cupel._arrays import shown
from cupel._extras import require
from cupel.datalab.reading.columns import Column, as_column, column_of_list
from cupel.datalab.reading.csv import decoded, named_columns, read_bytes, read_csv
from cupel.datalab.reading.errors import DataFormatError, DatasetLoadError, printable
from cupel.datalab.reading.frames import columns_of_arrow
from cupel.datalab.reading.source import Source

__all__ = ["columns_of_rows", "read_file"]

_MOST_UNPACKED = 1 << 30  # bytes of a workbook that is hardly larger than its file would suggest
_MOST_RATIO = 200


def read_file(path: Path) -> Source:
    """Read a table, in the way that the ending of its name tells."""
    readers = {
        ".csv": read_csv,
        ".tsv": read_csv,
        ".json": _read_json,
        ".jsonl": _read_json_lines,
        ".ndjson": _read_json_lines,
        ".parquet": _read_parquet,
        ".pq": _read_parquet,
        ".txt": _read_lines,
        ".xlsx": _read_workbook,
        ".xlsm": _read_workbook,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        hint = "; save the old workbook as .xlsx" if path.suffix.lower() == ".xls" else ""
        msg = (
            f"{printable(path)}: cannot tell its format from its ending, expected "
            f"{', '.join(readers)}{hint}"
        )
        raise DataFormatError(msg)
    return reader(path)


def columns_of_rows(rows: list[Any], where: str = "data") -> list[tuple[Any, Column]]:
    """Read rows that are dicts; a key that a row lacks is missing there."""
    names: dict[Any, None] = {}
    for at, row in enumerate(rows):
        if not isinstance(row, dict):
            msg = f"{where}[{at}] is {shown(row)}, expected a dict with the cells of a row"
            raise DatasetLoadError(msg)
        names.update(dict.fromkeys(row))
    return [(name, column_of_list([row.get(name) for row in rows])) for name in names]


def _read_json(path: Path) -> Source:
    """Read an array of objects, an object of arrays, or one object per line."""
    data, where = read_bytes(path), printable(path)
    text = decoded(data, where)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        if "Extra data" in str(error):
            return _json_lines(text, where, path.parent)
        line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        msg = f"{where}{line}: not JSON: {printable(error)}"
        raise DatasetLoadError(msg) from error
    if isinstance(found, dict) and found and all(isinstance(v, list) for v in found.values()):
        columns = [(name, as_column(values, name)) for name, values in found.items()]
        return Source.of(columns, where, folder=path.parent)
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list):
        msg = f"{where} holds {shown(found)}, expected an array with one object per row"
        raise DatasetLoadError(msg)
    return Source.of(columns_of_rows(found, where), where, folder=path.parent)


def _read_json_lines(path: Path) -> Source:
    where = printable(path)
    return _json_lines(decoded(read_bytes(path), where), where, path.parent)


def _json_lines(text: str, where: str, folder: Path) -> Source:
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            msg = f"{where}, line {number}: not JSON: {printable(error)}"
            raise DatasetLoadError(msg) from error
        if not isinstance(row, dict):
            msg = f"{where}, line {number} is {shown(row)}, expected an object with a row's cells"
            raise DatasetLoadError(msg)
        rows.append(row)
    return Source.of(columns_of_rows(rows, where), where, folder=folder)


def _read_lines(path: Path) -> Source:
    """Read one row per line, its text in a column called ``text``."""
    where = printable(path)
    lines = decoded(read_bytes(path), where).replace("\r\n", "\n").removesuffix("\n").split("\n")
    return Source.of([("text", column_of_list(lines))], where, folder=path.parent)


def _read_parquet(path: Path) -> Source:
    arrow = require("pyarrow", "a table in Parquet")
    parquet = require("pyarrow.parquet", "a table in Parquet")
    where = printable(path)
    try:
        with path.open("rb") as stream:
            table = parquet.read_table(stream)
        table.validate(full=True)  # text may be no text
        columns = columns_of_arrow(table)
    except (arrow.ArrowException, OSError, ValueError) as error:
        msg = f"{where} cannot be read as Parquet: {printable(error)}"
        raise DatasetLoadError(msg) from error
    return Source.of(columns, where, folder=path.parent)


def _read_workbook(path: Path) -> Source:
    """Read the first sheet that shows; formulas by the values that Excel last saved."""
    openpyxl = require("openpyxl", "a table in XLSX")
    where = printable(path)
    _check_size(path, where)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            sheets = [s for s in book.worksheets if s.sheet_state == "visible"]
            cells = _cells_of(sheets[0]) if sheets else []
        finally:
            book.close()
    except Exception as error:  # a damaged workbook can make openpyxl raise almost anything
        msg = f"{where} cannot be read as XLSX: {printable(error)}"
        raise DatasetLoadError(msg) from error
    if not cells:
        msg = f"{where}: its first sheet is empty"
        raise DatasetLoadError(msg)
    width = max(map(len, cells))
    header, *rows = ([*row, *[None] * (width - len(row))] for row in cells)
    columns = [_column_of_cells([row[j] for row in rows]) for j in range(width)]
    names = ["" if name is None else str(name) for name in header]
    notes: tuple[str, ...] = ()
    if len(sheets) > 1:
        notes = (f"only the first of {len(sheets)} sheets was read: {sheets[0].title!r}",)
    return Source.of(named_columns(names, columns), where, folder=path.parent, notes=notes)


def _check_size(path: Path, where: str) -> None:
    """Refuse a file that would unpack out of proportion."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        msg = f"{where} is no XLSX workbook; save it as .xlsx or .csv"
        raise DatasetLoadError(msg) from error
    if unpacked > max(_MOST_UNPACKED, _MOST_RATIO * path.stat().st_size):
        msg = f"{where} would unpack to {unpacked >> 20:,} MB; save it as .csv or .parquet"
        raise DatasetLoadError(msg)


def _cells_of(sheet: Any) -> list[list[Any]]:
    """Return the values of all rows up to the last that has one, without empty cells at the end."""
    sheet.reset_dimensions()  # what the file claims may be wrong
    rows, last = [], 0
    for cells in sheet.iter_rows():
        row = [None if cell.data_type == "e" else cell.value for cell in cells]
        while row and row[-1] is None:
            row.pop()
        rows.append(row)
        last = len(rows) if row else last
    return rows[:last]


def _column_of_cells(values: list[Any]) -> Column:
    """Read a column; where text and numbers mix, all of it is text, as in a CSV of the sheet."""
    values = [None if value == "" else value for value in values]
    column = column_of_list(values)
    if column.kind != "other" or not any(isinstance(value, str) for value in values):
        return column
    return column_of_list([None if v is None else _written(v) for v in values])


def _written(value: Any) -> str:
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return str(int(value))
    return str(value)
