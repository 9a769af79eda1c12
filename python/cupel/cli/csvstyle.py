"""A .csv file that looks like another one."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import IO, Any

__all__ = ["CsvStyle"]

_ROWS = 4_096  # turned into Python objects at a time


@dataclass(frozen=True)
class CsvStyle:
    """How a .csv file is written that is to look like another.

    Attributes
    ----------
    delimiter : str
        What separates cells.
    line_end : str
        What ends a row.
    is_marked : bool
        Whether it begins with a byte order mark, which tells spreadsheets that it is UTF-8.
    """

    delimiter: str = ","
    line_end: str = "\n"
    is_marked: bool = False

    def write(self, table: Any, stream: IO[bytes]) -> None:
        """Write the table, quotes only around cells that need them."""
        text = io.TextIOWrapper(
            stream, encoding="utf-8-sig" if self.is_marked else "utf-8", newline=""
        )
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator=self.line_end)
        writer.writerow(table.column_names)
        for start in range(0, table.num_rows, _ROWS):
            part = table.slice(start, _ROWS)
            writer.writerows(zip(*(column.to_pylist() for column in part.columns), strict=True))
        text.flush()
        text.detach()
