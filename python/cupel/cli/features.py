"""A table of numbers, one row per example, read from any of the supported files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cupel.cli.errors import CliError, printable
from cupel.cli.files import split_spec
from cupel.cli.inputs import Inputs, ReadOptions, read_array, read_ids, same_file
from cupel.cli.tables import feature_columns, features_have_header, open_table, read_matrix

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

__all__ = ["Features", "read_audit_features", "read_features"]

_NAMES = ("features", "embeddings", "X", "data")
_BLOCK_CELLS = 2**22


@dataclass(frozen=True, eq=False)
class Features:
    """Rows of numbers, and where they come from."""

    source: str  # as the user wrote it
    matrix: NDArray[Any]  # (m, d): the rows that take part
    n_rows: int  # of the file
    kept: NDArray[np.int64] | None = None  # (m,) rows of the file; None: all of them
    ids: Any = None  # pyarrow array of n_rows ids, or None
    columns: list[str] | None = None  # where they are in a table
    notes: list[str] = field(default_factory=list)

    @property
    def n_dropped(self) -> int:
        """Rows of the file that do not take part."""
        return self.n_rows - len(self.matrix)

    def file_rows(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of the file that are these rows of the matrix."""
        return rows if self.kept is None else self.kept[rows]


def read_features(
    spec: str,
    options: ReadOptions | None = None,
    *,
    nan: str = "raise",
    other_columns: Collection[str] = (),
) -> Features:
    """Read a matrix of features from a .npy, .npz, .csv, .tsv or .parquet file.

    Parameters
    ----------
    spec : str
        Name of the file; ``FILE.npz:array`` picks an array.
    options : ReadOptions, optional
        Columns and limits.
    nan : {"raise", "drop"}
        "drop" leaves out rows with a number that is missing or infinite; "raise" leaves it to the
        search to refuse them.
    other_columns : collection of str
        Columns of the file that are known to be something else.

    Returns
    -------
    Features
        Arrays with more than two axes, such as images, are taken row by row as one vector of
        numbers, and a note says so.

    Raises
    ------
    CliError
        If the file cannot be read or holds no such matrix.
    """
    options = options or ReadOptions()
    path, array = split_spec(spec)
    name = printable(spec)
    notes: list[str] = []
    columns = ids = None
    table = open_table(path, lambda rows: features_have_header(rows, options))
    if table is None:
        matrix = read_array(path, array, _NAMES, options)
    else:
        positions = feature_columns(table, other=other_columns, options=options, notes=notes)
        columns = [table.names[j] for j in positions]
        matrix = read_matrix(table, positions, options)
    matrix = _as_matrix(matrix, name, notes)
    if options.id_column is not None:
        ids = read_ids([] if table is None else [table], len(matrix), options)
    kept = _finite_rows(matrix) if nan == "drop" else None
    n_rows = len(matrix)
    if kept is not None:
        matrix = matrix[kept]
        dropped = n_rows - len(matrix)
        notes.append(f"{name}: {dropped:,} rows with missing or infinite numbers left out")
    return Features(spec, matrix, n_rows, kept, ids, columns, notes)


def read_audit_features(
    spec: str, labels: str, pred_probs: str, inputs: Inputs, options: ReadOptions, nan: str
) -> Features:
    """Read the features that belong to the inputs of an audit.

    Columns that are the labels or the probabilities, in one table for all, are no features.

    Raises
    ------
    CliError
        As :func:`read_features`, and if there are not as many rows as labels.
    """
    path = split_spec(spec)[0]
    taken = set() if options.id_column is None else {options.id_column}
    if inputs.label_column is not None and same_file(path, split_spec(labels)[0]):
        taken.add(inputs.label_column)
    if inputs.columns is not None and same_file(path, split_spec(pred_probs)[0]):
        taken.update(inputs.columns)
    # The ids, if any, were read with the labels.
    options = replace(options, id_column=None)
    features = read_features(spec, options, nan=nan, other_columns=taken)
    if features.n_rows != len(inputs.labels):
        msg = (
            f"{printable(labels)} has {len(inputs.labels):,} labels "
            f"but {printable(spec)} has {features.n_rows:,} rows"
        )
        raise CliError(msg)
    return features


def _as_matrix(array: NDArray[Any], name: str, notes: list[str]) -> NDArray[Any]:
    if array.dtype.kind in "US":
        msg = f"{name}: holds text, expected numbers"
        raise CliError(msg)
    if array.ndim < 2 or not array.size:
        msg = f"{name}: has shape {array.shape}, expected one row of numbers per example"
        raise CliError(msg)
    if array.ndim > 2:
        n_numbers = array[0].size
        notes.append(f"{name}: has shape {array.shape}; each row is {n_numbers:,} numbers")
        array = array.reshape(len(array), n_numbers)
    return array


def _finite_rows(matrix: NDArray[Any]) -> NDArray[np.int64] | None:
    """Rows whose numbers are all finite; None where that is every row."""
    finite = np.empty(len(matrix), np.bool_)
    step = max(1, _BLOCK_CELLS // matrix.shape[1])
    for start in range(0, len(matrix), step):
        part = slice(start, start + step)
        np.isfinite(matrix[part]).all(axis=1, out=finite[part])
    return None if finite.all() else np.flatnonzero(finite)
