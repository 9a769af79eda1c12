"""Tables in text files: .csv and .tsv."""

from __future__ import annotations

import codecs
import csv
import io
from itertools import islice
from pathlib import Path
from typing import Any

from cupel._extras import require
from cupel.datalab.reading.columns import Column, as_column, column_of_list
from cupel.datalab.reading.errors import DatasetLoadError, printable
from cupel.datalab.reading.source import Source

__all__ = ["decoded", "named_columns", "read_bytes", "read_csv"]

_PEEK = 1 << 20  # bytes whose rows tell what separates the cells
_PEEK_ROWS = 50
_BLOCK = 8 << 20
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_MISSING = ("NA", "N/A", "n/a", "NaN", "nan", "-nan", "NULL", "null", "None", "#N/A", "<NA>")
_BOOLS = ({"True", "False"}, {"true", "false"}, {"TRUE", "FALSE"})
_TRUE = {"True", "true", "TRUE"}
_EXACT = 1 << 53  # whole numbers beyond it are no longer exact in float64
_LARGEST_BLOCK = (1 << 31) - 1
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_csv(path: Path) -> Source:
    """Read a table with names in its first line, cells separated as that line shows.

    A column is numbers if every cell is one, up to those that are empty or say NA, nan, null and
    the like. Whole numbers that begin with zeros, or with more digits than 64 bits hold, are text:
    they are names. In columns of text only empty cells are missing.
    """
    where = printable(path)
    data = read_bytes(path)
    rows = _first_rows(data, where)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(rows)
    header = next(csv.reader(rows, delimiter=delimiter))
    texts = _parse(data, delimiter, header, where)
    columns = [_typed(column, decimal_comma=delimiter == ";") for column in texts]
    notes: tuple[str, ...] = ()
    if delimiter not in (",", "\t"):
        notes = (f"cells are separated by {_DELIMITERS[delimiter]}",)
    return Source.of(named_columns(header, columns), where, folder=path.parent, notes=notes)


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a text file in UTF-8, without a byte order mark.

    UTF-16 is converted where it is marked; what is no UTF-8 is found where it is decoded.
    """
    data = path.read_bytes()
    where = printable(path)
    if data.startswith(_UTF_16):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeError as error:
            msg = f"{where} starts as UTF-16 text but is none; save it as UTF-8"
            raise DatasetLoadError(msg) from error
    data = data.removeprefix(codecs.BOM_UTF8)
    if not data or data.isspace():
        msg = f"{where} is empty"
        raise DatasetLoadError(msg)
    return data


def decoded(data: bytes, where: str) -> str:
    """Decode UTF-8, or name the line that is none."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        msg = (
            f"{where}, line {line}: byte 0x{data[error.start]:02x} is not UTF-8 text; save the "
            "file as UTF-8 (in Excel: CSV UTF-8), or read it with its own encoding and pass the "
            "data frame"
        )
        raise DatasetLoadError(msg) from error


def named_columns(header: list[str], columns: list[Column]) -> list[tuple[str, Column]]:
    """Pair names and columns; name those without a name, and leave them out if they are empty."""
    found = []
    for j, (name, column) in enumerate(zip(header, columns, strict=True)):
        if name.strip():
            found.append((name.strip(), column))
        elif column.kind != "text" or any(value is not None for value in column.values):
            found.append((f"Unnamed: {j}", column))
    return found


def _first_rows(data: bytes, where: str) -> list[str]:
    """Return the first lines, the last of which may be cut off, with their line ends."""
    peek = data[:_PEEK]
    if len(data) > _PEEK:
        peek = peek[: peek.rfind(b"\n") + 1] or peek
    lines = io.StringIO(decoded(peek, where), newline="")
    return [line for line in lines if line.strip("\r\n")]


def _delimiter(rows: list[str]) -> str:
    """Choose what separates the first rows into most cells, as many in each."""
    best, most = ",", 1
    for delimiter in _DELIMITERS:
        try:
            parsed = islice(csv.reader(rows, delimiter=delimiter), _PEEK_ROWS)
            widths = {len(row) for row in parsed}
        except csv.Error:  # a cell too long for this module
            continue
        if len(widths) == 1 and max(widths) > most:
            best, most = delimiter, max(widths)
    return best


def _parse(data: bytes, delimiter: str, header: list[str], where: str) -> list[Any]:
    """Return the cells as text, one chunked array of Arrow per column; empty ones are null."""
    arrow = require("pyarrow", "a table in CSV")
    arrow_csv = require("pyarrow.csv", "a table in CSV")
    names = [str(j) for j in range(len(header))]
    if data.count(b'"') % 2:  # Arrow would read on to the end of the file
        _check_rows(data, delimiter, len(header), where)

    def parsed(block: int) -> Any:
        return arrow_csv.read_csv(
            arrow.BufferReader(data),
            read_options=arrow_csv.ReadOptions(
                column_names=names, skip_rows_after_names=1, block_size=block
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, arrow.string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )

    try:
        try:
            table = parsed(_BLOCK)
        except arrow.ArrowInvalid as error:
            if "straddling" not in str(error):
                raise
            table = parsed(min(len(data), _LARGEST_BLOCK))  # a row is longer than a block
    except arrow.ArrowException as error:
        decoded(data, where)
        _check_rows(data, delimiter, len(header), where)
        msg = f"{where} cannot be read as CSV: {printable(error)}"
        raise DatasetLoadError(msg) from error
    return list(table.columns)


def _check_rows(data: bytes, delimiter: str, width: int, where: str) -> None:
    """Name the first line whose row has too many or too few cells, or opens a quote for good."""
    reader = csv.reader(
        io.StringIO(decoded(data, where), newline=""), delimiter=delimiter, strict=True
    )
    start, row = 1, -1
    try:
        for cells in reader:
            row += bool(cells)
            if cells and len(cells) != width:
                msg = (
                    f"{where}, line {start}: row {row - 1} has {len(cells)} cells, the first line "
                    f"has {width}; quote cells that contain {_DELIMITERS[delimiter]}"
                )
                raise DatasetLoadError(msg)
            start = reader.line_num + 1
    except csv.Error as error:
        if "field larger" in str(error):
            return
        why = "a quote is opened here and never closed"
        if "unexpected end" not in str(error):
            why = f"{printable(error)}"
        msg = f"{where}, line {start}: {why}; write a quote inside a quoted cell twice"
        raise DatasetLoadError(msg) from error


def _typed(texts: Any, *, decimal_comma: bool) -> Column:
    """Read a column of text as numbers or bools, if all of it is that."""
    compute = require("pyarrow.compute", "a table in CSV")
    sample = [value for value in texts.slice(0, _PEEK_ROWS).to_pylist() if value is not None]
    if any(set(sample) <= words for words in _BOOLS):
        found = set(compute.unique(texts.drop_null()).to_pylist())
        if found and any(found <= words for words in _BOOLS):
            return column_of_list([v if v is None else v in _TRUE for v in texts.to_pylist()])
    if all(map(_may_be_number, sample)):
        numbers = _numbers(texts, decimal_comma=decimal_comma)
        if numbers is not None:
            return as_column(numbers.to_numpy(), "")
    text = texts.to_numpy().copy()
    text.flags.writeable = False
    return Column(text, "text")


def _may_be_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return text.strip() in _MISSING
    return True


def _numbers(texts: Any, *, decimal_comma: bool) -> Any:
    """Return the column as int64, or float64 with nulls, or None if it is text."""
    arrow = require("pyarrow", "a table in CSV")
    compute = require("pyarrow.compute", "a table in CSV")
    trimmed = compute.utf8_trim_whitespace(texts)
    missing = compute.is_in(trimmed, value_set=arrow.array(["", *_MISSING]))
    cells = compute.if_else(missing, arrow.scalar(None, arrow.string()), trimmed)
    if cells.null_count == len(cells) or _any_match(cells, "^[+-]?0[0-9]"):
        return None
    whole = not _any_match(cells, "[^0-9+-]")
    try:
        numbers = cells.cast(arrow.int64() if whole else arrow.float64())
    except arrow.ArrowInvalid:
        if not decimal_comma or _any_match(cells, "[.]"):
            return None
        return _numbers(compute.replace_substring(cells, ",", "."), decimal_comma=False)
    if whole and cells.null_count:  # nulls need floats, and these must hold every number
        largest = compute.max(compute.abs_checked(numbers)).as_py()
        return numbers.cast(arrow.float64()) if largest < _EXACT else None
    return numbers


def _any_match(cells: Any, pattern: str) -> bool:
    compute = require("pyarrow.compute", "a table in CSV")
    return bool(compute.any(compute.match_substring_regex(cells, pattern)).as_py())
