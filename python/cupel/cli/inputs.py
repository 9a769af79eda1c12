"""The two inputs of an audit, read from any of the supported files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cupel.cli.csvfile import CsvFile
from cupel.cli.errors import CliError, printable
from cupel.cli.files import split_spec
from cupel.cli.labels import check_class_names, encode_labels, parse_classes
from cupel.cli.npyfile import read_npy, read_npz
from cupel.cli.tables import (
    LABEL_NAMES,
    ReadOptions,
    Table,
    find_column,
    label_column,
    labels_have_header,
    matrix_has_header,
    open_table,
    probability_columns,
    read_matrix,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Inputs", "ReadOptions", "read_array", "read_ids", "read_inputs", "same_file"]

_PROBS_NAMES = ("pred_probs", "probs")


@dataclass(frozen=True)
class Inputs:
    """What an audit needs."""

    labels: NDArray[np.int64]  # (n,) class positions
    pred_probs: NDArray[Any]  # (n, k)
    class_names: list[str] | None = None
    ids: Any = None  # pyarrow array of n row ids, or None
    columns: list[str] | None = None  # of the probabilities, where they are in a table
    label_column: str | None = None  # where the labels are in a table
    notes: list[str] = field(default_factory=list)


def read_inputs(labels: str, pred_probs: str, options: ReadOptions | None = None) -> Inputs:
    """Read labels and probabilities from .npy, .npz, .csv, .tsv or .parquet files.

    Parameters
    ----------
    labels, pred_probs : str
        Names of the files; ``FILE.npz:array`` picks an array. Both may be the same .npz file or
        the same table.
    options : ReadOptions, optional
        Columns, class names, and limits.

    Returns
    -------
    Inputs
        Labels as class positions, the matrix (mapped from disk if it is a .npy file), class names
        where the files or the options tell them, and row ids if an id column was asked for.

    Raises
    ------
    CliError
        If a file cannot be read or the two do not fit; the message names file and row.
    """
    options = options or ReadOptions()
    labels_path, labels_array = split_spec(labels)
    probs_path, probs_array = split_spec(pred_probs)
    notes: list[str] = []
    label_name = None
    labels_name, probs_name = printable(labels), printable(pred_probs)

    table = open_table(probs_path, lambda rows: matrix_has_header(rows, options))
    same = table is not None and same_file(labels_path, probs_path)
    columns = None
    if table is None:
        matrix = read_array(probs_path, probs_array, _PROBS_NAMES, options)
    else:
        positions = probability_columns(table, same=same, options=options, notes=notes)
        columns = [table.names[j] for j in positions]
        matrix = read_matrix(table, positions, options)
    if matrix.ndim != 2 or not matrix.size:
        msg = f"{probs_name}: has shape {matrix.shape}, expected one row of probabilities per label"
        raise CliError(msg)
    names = _class_names(columns, matrix.shape[1], options, probs_name)

    label_table = (
        table
        if same
        else open_table(labels_path, lambda rows: labels_have_header(rows, names, options))
    )
    if label_table is None:
        values = _read_vector(labels_path, labels_array, labels_name, options)
    else:
        column = label_column(label_table, options)
        label_name = label_table.names[column]
        values = label_table.texts([column])[0]
    _check_lengths(values, matrix, (label_table, table), labels_name, probs_name)
    codes = encode_labels(values, names, matrix.shape[1], labels_name)
    ids = read_ids([t for t in (label_table, table) if t is not None], len(codes), options)
    return Inputs(codes, matrix, names, ids, columns, label_name, notes)


def same_file(a: Path, b: Path) -> bool:
    """Tell whether both names are of one file that is there."""
    try:
        return a.samefile(b)
    except (OSError, ValueError):  # told where the file is opened
        return False


def read_array(
    path: Path, array: str | None, defaults: Sequence[str], options: ReadOptions
) -> NDArray[Any]:
    """Read the array of a .npy file, or one of a .npz file: `array`, or one of `defaults`."""
    if path.suffix.lower() == ".npy":
        return read_npy(path)
    return read_npz(path, array, defaults, options.max_memory)


def _read_vector(path: Path, array: str | None, name: str, options: ReadOptions) -> NDArray[Any]:
    values = read_array(path, array, LABEL_NAMES, options)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        msg = f"{name}: has shape {values.shape}, expected one label per row"
        raise CliError(msg)
    return values


def _class_names(
    header: list[str] | None, n_classes: int, options: ReadOptions, where: str
) -> list[str] | None:
    """Names from the option, else from the header; None where they are just positions."""
    if header is None or header == [str(j) for j in range(n_classes)]:
        header = None
    if options.classes is None:
        if header is not None:
            check_class_names(header, n_classes, where)
        return header
    names = parse_classes(options.classes)
    check_class_names(names, n_classes, "--classes")
    if header is not None and names != header and sorted(names) == sorted(header):
        msg = f"--classes: names the columns of {where} in another order than its own header does"
        raise CliError(msg)
    return names


def _check_lengths(
    values: Any,
    matrix: NDArray[Any],
    tables: tuple[Table | None, Table | None],
    labels_name: str,
    probs_name: str,
) -> None:
    if len(values) == len(matrix):
        return
    msg = f"{labels_name} has {len(values):,} labels but {probs_name} has {len(matrix):,} rows"
    for table, name in zip(tables, (labels_name, probs_name), strict=True):
        if isinstance(table, CsvFile):
            used = "names" if table.has_header else "data"
            msg += f"; the first line of {name} was read as {used}"
    if any(isinstance(table, CsvFile) for table in tables):
        msg += " (change that with --header or --no-header)"
    raise CliError(msg)


def read_ids(tables: Sequence[Table], n_rows: int, options: ReadOptions) -> Any | None:
    """Read the column of ids, if one is asked for, from the first table that has it."""
    name = options.id_column
    if name is None:
        return None
    if not tables:
        msg = f"--id-column {printable(name)}: only tables (.csv, .tsv, .parquet) have columns"
        raise CliError(msg)
    table = next((table for table in tables if name in table.names), tables[0])
    ids = table.texts([find_column(table, name, "--id-column")])[0]
    if len(ids) != n_rows:
        msg = f"{printable(str(table.path))}: {len(ids):,} ids for {n_rows:,} rows"
        raise CliError(msg)
    return ids
