"""Which columns of a table hold labels, probabilities, features and ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa

from cupel.cli.csvfile import CsvFile
from cupel.cli.errors import CliError, printable
from cupel.cli.files import check_decoded_size, check_regular
from cupel.cli.labels import is_label
from cupel.cli.parquetfile import ParquetFile

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "LABEL_NAMES",
    "ReadOptions",
    "Table",
    "feature_columns",
    "features_have_header",
    "find_column",
    "label_column",
    "labels_have_header",
    "matrix_has_header",
    "open_table",
    "probability_columns",
    "read_matrix",
]

Table: TypeAlias = CsvFile | ParquetFile

LABEL_NAMES = ("labels", "given_labels", "label", "given_label", "y", "target", "class")


@dataclass(frozen=True)
class ReadOptions:
    """How to find labels, probabilities, features, class names and ids in the files."""

    label_column: str | None = None
    prob_columns: str | None = None
    feature_columns: str | None = None
    id_column: str | None = None
    classes: str | None = None
    header: bool | None = None
    max_memory: int | None = None


def open_table(path: Path, has_header: Callable[[list[list[str]]], bool]) -> Table | None:
    """Open a .csv, .tsv or .parquet file; None for a file of arrays."""
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        return CsvFile(path, has_header)
    if suffix in (".parquet", ".pq"):
        return ParquetFile(path)
    if suffix not in (".npy", ".npz"):
        check_regular(path)
        msg = (
            f"{printable(str(path))}: cannot tell its format; use .npy, .npz, .csv, .tsv, .parquet"
        )
        raise CliError(msg)
    return None


def matrix_has_header(rows: list[list[str]], options: ReadOptions) -> bool:
    """Tell whether the first line of a table of probabilities holds names."""
    if options.header is not None:
        return options.header
    if any(map(_is_fraction, rows[0])):
        return False
    if any(map(_is_fraction, rows[min(1, len(rows) - 1)])):
        return True
    # Neither line has fractions: rows of zeros and ones are data, other integers are names.
    return not set(rows[0]) <= {"0", "1"}


def features_have_header(rows: list[list[str]], options: ReadOptions) -> bool:
    """Tell whether the first line of a table of features holds names.

    It does if no cell is a number, or if the numbers count the columns (pandas' own names).
    """
    if options.header is not None:
        return options.header
    numbers = [cell for cell in rows[0] if _is_number(cell)]
    if numbers != [str(j) for j in range(len(numbers))]:
        return False
    # A row of data may well begin with 0 and 1: believe names only above numbers unlike them.
    below = rows[min(1, len(rows) - 1)]
    return len(numbers) not in (1, 2) or any(_is_number(c) and not c.isdecimal() for c in below)


def labels_have_header(
    rows: list[list[str]], names: Sequence[str] | None, options: ReadOptions
) -> bool:
    """Tell whether the first line of a table of labels holds names."""
    if options.header is not None:
        return options.header
    return len(rows[0]) > 1 or not is_label(rows[0][0], names)


def find_column(table: Table, name: str, option: str) -> int:
    """Find the position of the column called `name`, which must be there once."""
    where = printable(str(table.path))
    if table.names.count(name) == 1:
        return table.names.index(name)
    found = printable(", ".join(table.names), 300)
    problem = "there is more than one" if name in table.names else "there is no"
    hint = "" if table.has_header else "; without a header columns are called 0, 1, ..."
    msg = f"{where}: {problem} column '{printable(name)}' ({option}); its columns: {found}{hint}"
    raise CliError(msg)


def label_column(table: Table, options: ReadOptions) -> int:
    """Find the column of the labels: the chosen one, one with a usual name, or the only one."""
    if options.label_column is not None:
        return find_column(table, options.label_column, "--label-column")
    for name in LABEL_NAMES:
        if name in table.names:
            return find_column(table, name, "the labels")
    # pandas writes its index as a first column without a name.
    others = [j for j, name in enumerate(table.names) if name not in ("", options.id_column)]
    if len(others) == 1:
        return others[0]
    found = printable(", ".join(table.names), 300)
    msg = f"{printable(str(table.path))}: which column holds the labels? Choose with --label-column"
    msg += f"; its columns: {found}"
    raise CliError(msg)


def probability_columns(
    table: Table, *, same: bool, options: ReadOptions, notes: list[str]
) -> list[int]:
    """Find the columns of probabilities: the chosen ones, or all that hold numbers.

    Columns without a name (the index that pandas writes), the ids, and columns that are named as
    labels usually are do not count; in the `same` table, neither does the column of the labels.
    What is left out is told in `notes`.
    """
    if options.prob_columns is not None:
        return _chosen_columns(table, options.prob_columns, "--prob-columns")
    other = {"", options.id_column, *LABEL_NAMES}
    if same:
        other.add(table.names[label_column(table, options)])
    return _numeric_columns(table, other, "probabilities", notes)


def feature_columns(
    table: Table, *, other: Collection[str], options: ReadOptions, notes: list[str]
) -> list[int]:
    """Find the columns of features: the chosen ones, or all that hold numbers.

    The same columns as for probabilities do not count, nor do those in `other`; but ``y`` beside
    ``x`` is a coordinate and no label. What is left out is told in `notes`.
    """
    if options.feature_columns is not None:
        return _chosen_columns(table, options.feature_columns, "--feature-columns")
    usual = set(LABEL_NAMES) - ({"y"} if "x" in table.names else set())
    return _numeric_columns(table, {"", options.id_column, *usual, *other}, "features", notes)


def _chosen_columns(table: Table, chosen: str, option: str) -> list[int]:
    return [find_column(table, name.strip(), option) for name in chosen.split(",")]


def _numeric_columns(
    table: Table, other: Collection[str | None], what: str, notes: list[str]
) -> list[int]:
    columns, left_out = [], []
    for j, (name, numeric) in enumerate(zip(table.names, table.numeric, strict=True)):
        if numeric and name not in other:
            columns.append(j)
        else:
            left_out.append(name or "(no name)")
    where = printable(str(table.path))
    if not columns:
        found = printable(", ".join(table.names), 300)
        msg = f"{where}: has no columns of numbers separated by commas; its columns: {found}"
        raise CliError(msg)
    if left_out:
        told = printable(", ".join(left_out))
        notes.append(f"{where}: {len(columns)} columns of {what}; left out: {told}")
    return columns


def read_matrix(table: Table, columns: Sequence[int], options: ReadOptions) -> NDArray[Any]:
    """Read the given columns as one matrix in their common dtype; an empty cell becomes nan."""
    where = printable(str(table.path))
    n_rows, batches = table.numbers(columns)
    n_bytes = n_rows * len(columns) * 8
    check_decoded_size(where, n_bytes, check_regular(table.path), options.max_memory)
    matrix: NDArray[Any] | None = None
    start = 0
    for batch in batches:
        values = [_column_values(column) for column in batch.columns]
        if matrix is None:
            matrix = np.empty((n_rows, len(columns)), np.result_type(*values))
        stop = start + batch.num_rows
        if stop > n_rows:
            break
        for j, column in enumerate(values):
            matrix[start:stop, j] = column
        start = stop
    if matrix is None or start != n_rows:
        msg = f"{where}: does not hold the {n_rows:,} rows that it claims"
        raise CliError(msg)
    return matrix


def _column_values(column: Any) -> NDArray[Any]:
    if not pa.types.is_floating(column.type):
        column = column.cast(pa.float64())
    values: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return values


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _is_fraction(cell: str) -> bool:
    try:
        return 0 <= float(cell) <= 1 and not cell.strip().isdigit()
    except ValueError:
        return False
