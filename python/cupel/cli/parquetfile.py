"""Columns from Parquet files."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet

from cupel.cli.errors import CliError, printable
from cupel.cli.files import check_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["ParquetFile"]

_BATCH_ROWS = 16_384


class ParquetFile:
    """A table in a Parquet file: its column names now, its columns on request."""

    has_header = True

    def __init__(self, path: Path) -> None:
        self.path = path
        check_regular(path)
        with self._open() as file:
            self.n_rows: int = file.metadata.num_rows
            schema = file.schema_arrow
        if self.n_rows < 0:
            raise self._damaged(ValueError(f"it claims {self.n_rows} rows"))
        self.names = [str(name) for name in schema.names]
        twice = [name for name, count in Counter(self.names).items() if count > 1]
        if twice:
            msg = f"{printable(str(path))}: more than one column is called '{printable(twice[0])}'"
            raise CliError(msg)
        self.numeric = [_is_numeric(kind) for kind in schema.types]

    def numbers(self, columns: Sequence[int]) -> tuple[int, Iterable[Any]]:
        """Tell the number of rows that the file claims, and read batches of the columns."""
        return self.n_rows, self._batches(columns)

    def texts(self, columns: Sequence[int]) -> list[Any]:
        """Read the columns in their own types, one chunked array each."""
        # Kept as dictionaries, so that one long text that repeats costs its length once.
        names = [self.names[j] for j in columns]
        batches = list(self._batches(columns, read_dictionary=names))
        if not batches:
            return [pa.chunked_array([], type=pa.string()) for _ in columns]
        table = pa.Table.from_batches(batches)
        try:
            table.validate(full=True)  # text may be no text
        except pa.ArrowException as error:
            raise self._damaged(error) from error
        return [table.column(name) for name in names]

    def _batches(self, columns: Sequence[int], **options: Any) -> Iterator[Any]:
        names = [self.names[j] for j in columns]
        with self._open(**options) as file:
            try:
                for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=names):
                    yield batch.select(names)  # the file's order need not be the asked one
            except Exception as error:  # a damaged file can make pyarrow raise almost anything
                raise self._damaged(error) from error

    def _open(self, **options: Any) -> Any:
        try:
            return parquet.ParquetFile(self.path, **options)
        except Exception as error:  # as above
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> CliError:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        return CliError(f"{printable(str(self.path))}: cannot be read ({printable(text)})")


def _is_numeric(kind: Any) -> bool:
    types = pa.types
    return bool(types.is_floating(kind) or types.is_integer(kind) or types.is_decimal(kind))
