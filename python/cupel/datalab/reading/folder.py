"""Folders of pictures: one folder per class, or a table of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from cupel.datalab.reading.columns import Column, column_of_list, object_array
from cupel.datalab.reading.errors import DataFormatError, DatasetLoadError, printable
from cupel.datalab.reading.files import read_file
from cupel.datalab.reading.source import Source

__all__ = ["read_folder", "read_path", "with_pictures"]

_PICTURES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"}
_TABLES = ("metadata.csv", "metadata.jsonl", "metadata.parquet", "metadata.tsv")
_SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev"}
_FILE_NAME = "file_name"


def read_path(path: Path) -> Source:
    """Read a file, or a folder of pictures."""
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except ValueError as error:  # a name that holds what no name can
        msg = f"{printable(path)} is no name of a file: {printable(error)}"
        raise DataFormatError(msg) from error
    if is_folder:
        return read_folder(path)
    if not is_file:
        there = path.exists()
        msg = f"{printable(path)} is {'no regular file' if there else 'not there'}"
        hint = "" if there else "; data on the Hugging Face Hub must be loaded first"
        raise DataFormatError(msg + hint)
    source = read_file(path)
    return with_pictures(source, path.parent, printable(path)) if path.name in _TABLES else source


def read_folder(folder: Path) -> Source:
    """Read ``folder/class/picture.png`` as columns ``image`` and ``label``.

    Folders named as splits may come first: ``folder/train/class/picture.png`` has a column
    ``split`` too. If there is a ``metadata.csv`` (or .jsonl, .parquet, .tsv), the rows are its
    rows, and its column ``file_name`` says which pictures they are.
    """
    where = printable(folder)
    tables = [folder / name for name in _TABLES if (folder / name).is_file()]
    if tables:
        return with_pictures(read_file(tables[0]), folder, printable(tables[0]))
    pictures, others = _files_of(folder)
    if not pictures:
        msg = (
            f"{where} holds no pictures and no metadata.csv; expected one folder per class, as in "
            f"{where}/cat/1.png"
        )
        raise DatasetLoadError(msg)
    notes = (f"left out files that are no pictures: {others}",) if others else ()
    columns: list[tuple[str, Column]] = [("image", _as_images(pictures))]
    top = {parts[0] for parts in pictures if len(parts) > 1}
    by_split = bool(top) and top <= _SPLITS and any(len(parts) > 2 for parts in pictures)
    depth = 1 + by_split
    loose = [parts for parts in pictures if len(parts) <= depth]
    if len(loose) == len(pictures):
        return Source.of(columns, where, folder=folder, image_key="image", notes=notes)
    if loose:
        msg = (
            f"{where}: {printable('/'.join(loose[0]))} is in no folder of a class; move it into "
            "one, or all pictures out of theirs"
        )
        raise DatasetLoadError(msg)
    columns.append(("label", column_of_list([parts[depth - 1] for parts in pictures])))
    if by_split:
        columns.append(("split", column_of_list([parts[0] for parts in pictures])))
    told: dict[str, Any] = {"label_name": "label", "image_key": "image"}
    return Source.of(columns, where, folder=folder, notes=notes, **told)


def with_pictures(source: Source, folder: Path, where: str) -> Source:
    """Add the pictures that the column ``file_name`` names, as a column ``image`` in front."""
    names = source.columns.get(_FILE_NAME)
    if names is None or names.kind != "text":
        found = printable(", ".join(source.columns))
        msg = f"{where} has no column {_FILE_NAME!r} with names of pictures; its columns: {found}"
        raise DatasetLoadError(msg)
    if "image" in source.columns:
        msg = f"{where} has a column 'image' beside {_FILE_NAME!r}; rename it"
        raise DatasetLoadError(msg)
    root = folder.resolve()
    for row, name in enumerate(names.values):
        if name is None:
            continue
        path = (folder / name).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            why = "there is no such file" if path.is_relative_to(root) else "outside the folder"
            msg = f"{where}: {_FILE_NAME} of row {row} is {printable(name)!r}, {why}"
            raise DatasetLoadError(msg)
    images = Column(names.values, "image")
    return Source.of(
        [("image", images), *source.columns.items()],
        where,
        folder=folder,
        image_key="image",
        notes=source.notes,
    )


def _files_of(folder: Path) -> tuple[list[tuple[str, ...]], int]:
    """Names of all pictures below, as their parts in order; how many other files there are."""
    pictures, others = [], 0
    for current, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        here = Path(current).relative_to(folder).parts
        for name in files:
            if name.startswith(".") or name == "Thumbs.db":
                continue
            if Path(name).suffix.lower() in _PICTURES:
                pictures.append((*here, name))
            else:
                others += 1
    return sorted(pictures), others


def _as_images(pictures: list[tuple[str, ...]]) -> Column:
    names = object_array(["/".join(parts) for parts in pictures])
    names.flags.writeable = False
    return Column(names, "image")
