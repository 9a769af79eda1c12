"""Tables from files, for people and the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cupel.datalab._dataset import Dataset

if TYPE_CHECKING:
    import os

__all__ = ["read_table"]


def read_table(
    path: str | os.PathLike[str],
    *,
    label_name: str | None = None,
    image_key: str | None = None,
    id_name: str | None = None,
    split_name: str | None = None,
) -> Dataset:
    r"""Read a table from a file, or a folder of pictures.

    Parameters
    ----------
    path : str or Path
        A file (.csv, .tsv, .json, .jsonl, .parquet, .xlsx, .txt), or a folder of pictures with one
        folder per class or a ``metadata.csv``.
    label_name, image_key, id_name, split_name : str, optional
        The columns of labels, pictures, names of rows, and splits or folds.

    Returns
    -------
    Dataset
        Its columns, by `Dataset.column`, `Dataset.kind` and `Dataset.cell`.

    Raises
    ------
    ValueError
        If it cannot be read, or there is no such column; the message names file, line and remedy.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "pets.csv")
    >>> _ = path.write_text("weight;kind\n4,2;cat\n;dog\n")
    >>> table = read_table(path, label_name="kind")
    >>> table.column_names, table.column("weight").tolist(), table.notes
    (('weight', 'kind'), [4.2, nan], ('cells are separated by semicolons',))
    """
    return Dataset.load(
        Path(path),
        label_name=label_name,
        image_key=image_key,
        id_name=id_name,
        split_name=split_name,
    )
