"""Columns from .csv and .tsv files."""

from __future__ import annotations

import csv
import io
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import csv as arrow_csv

from cupel.cli.errors import CliError, printable
from cupel.cli.files import check_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["CsvFile"]

_PEEK = 4 * 2**20  # bytes in which the first rows must fit
_PEEK_ROWS = 100
_BLOCK = 8 * 2**20  # also the longest row that is read
_MOST_COLUMNS = 100_000


class CsvFile:
    """A table in a text file: its column names now, its columns on request.

    Parameters
    ----------
    path : Path
        The file, UTF-8; columns are separated by tabs in a ``.tsv`` file, else by commas.
    has_header : callable
        Whether the first of the rows (lists of cells) that it is given holds the column names.
        Without names, columns are called ``0``, ``1``, ...
    """

    def __init__(self, path: Path, has_header: Callable[[list[list[str]]], bool]) -> None:
        self.path = path
        self.delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
        rows = self._peek()
        self.has_header = has_header(rows)
        self.names = rows[0] if self.has_header else [str(j) for j in range(len(rows[0]))]
        self.numeric = [
            _is_numeric(row[j] for row in rows[self.has_header :] if j < len(row))
            for j in range(len(self.names))
        ]

    def numbers(self, columns: Sequence[int]) -> tuple[int, Iterable[Any]]:
        """Count the rows and read the columns as float64 batches; empty cells are null."""
        table = self._read(columns, pa.float64())
        return table.num_rows, table.to_batches()

    def texts(self, columns: Sequence[int]) -> list[Any]:
        """Read the columns as they are written, one chunked array of strings each."""
        table = self._read(columns, pa.string())
        return [table.column(f"c{j}") for j in columns]

    def _peek(self) -> list[list[str]]:
        size = check_regular(self.path)
        name = printable(str(self.path))
        with self.path.open("rb") as stream:
            data = stream.read(_PEEK)
        if size > len(data):
            data = data[: data.rfind(b"\n") + 1]
        if not data.strip():
            msg = f"{name}: {'its first line is too long' if size > _PEEK else 'the file is empty'}"
            raise CliError(msg)
        try:
            lines = io.StringIO(data.decode("utf-8-sig"), newline="")
            reader = csv.reader(lines, delimiter=self.delimiter)
            rows = list(islice((row for row in reader if row), _PEEK_ROWS))
        except (UnicodeDecodeError, csv.Error) as error:
            msg = f"{name}: not UTF-8 text in CSV form ({printable(str(error))})"
            raise CliError(msg) from error
        if len(rows[0]) > _MOST_COLUMNS:
            msg = f"{name}: has {len(rows[0]):,} columns, more than {_MOST_COLUMNS:,}"
            raise CliError(msg)
        return rows

    def _read(self, columns: Sequence[int], kind: Any) -> Any:
        try:
            return self._parse(columns, kind, threads=True)
        except pa.ArrowInvalid:
            pass  # read again in order, because only then the message tells the line
        try:
            return self._parse(columns, kind, threads=False)
        except pa.ArrowInvalid as error:
            msg = f"{printable(str(self.path))}: {self._explain(str(error))}"
            raise CliError(msg) from error

    def _parse(self, columns: Sequence[int], kind: Any, *, threads: bool) -> Any:
        wanted = [f"c{j}" for j in columns]
        # Opened here: given a path, Arrow would unpack compressed files on its own.
        with self.path.open("rb") as stream:
            return arrow_csv.read_csv(
                stream,
                read_options=arrow_csv.ReadOptions(
                    use_threads=threads,
                    block_size=_BLOCK,
                    column_names=[f"c{j}" for j in range(len(self.names))],
                    skip_rows_after_names=int(self.has_header),
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self.delimiter, newlines_in_values=True
                ),
                convert_options=arrow_csv.ConvertOptions(
                    include_columns=wanted, column_types=dict.fromkeys(wanted, kind)
                ),
            )

    def _explain(self, message: str) -> str:
        """Turn Arrow's message into one that counts as the rest of the program does."""
        cell = re.search(
            r"column #(\d+): (?:Row #(\d+): )?CSV conversion error to \w+: (.*)", message
        )
        if cell:
            column = printable(self.names[int(cell[1])])
            line = f"line {cell[2]}, " if cell[2] else ""
            return f"{line}column '{column}': {printable(cell[3])}"
        message = re.sub(r"^CSV parse error: (?:Row #(\d+): )?", r"line \1: ", message)
        if "straddling" in message:
            return f"a row is longer than {_BLOCK:,} bytes, or a quote is never closed"
        return printable(message.replace("line : ", ""))


def _is_numeric(cells: Iterator[str]) -> bool:
    """Whether the first cell that is not empty is a number."""
    first = next((cell for cell in cells if cell.strip()), "")
    try:
        float(first)
    except ValueError:
        return False
    return True
