"""Audits in files: one file, no pickle, written as a whole or not at all."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cupel import _core
from cupel.datalab._dataset import Dataset
from cupel.datalab._files import write_atomically
from cupel.datalab._record import AuditRecord
from cupel.datalab.reading.errors import printable
from cupel.datalab.store.decode import Decoder
from cupel.datalab.store.encode import Encoder, to_json
from cupel.datalab.store.file import pack, unpack
from cupel.datalab.store.fingerprint import fingerprint, fingerprint_columns
from cupel.datalab.store.trees import ROLES, record_of, tree_of

if TYPE_CHECKING:
    import os

__all__ = ["fingerprint", "load_record", "save_record"]

_RECORD = "record.json"


def save_record(record: AuditRecord, path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Save an audit, without its `pred_probs` and `features`.

    Parameters
    ----------
    record : AuditRecord
        The audit. Pictures, and whatever else has no form in a file, are left out;
        ``statistics["not_saved"]`` of the audit that is loaded names them.
    path : str or Path
        The file; written beside it and then renamed, so that it is whole at any time.
    force : bool, default False
        Whether to replace a file that is there.

    Raises
    ------
    FileExistsError
        If the file is there, and `force` is false.
    OSError
        If it cannot be written; what was there before still is.
    """
    target = Path(path)
    if target.is_dir():
        msg = f"{printable(target)} is a folder; an audit is saved in a file: name one in it"
        raise IsADirectoryError(msg)
    if target.exists() and not force:
        msg = f"{printable(target)} is there already; pass force=True to replace it"
        raise FileExistsError(msg)
    if not target.parent.is_dir():
        msg = f"there is no folder {printable(target.parent)}; make it first"
        raise FileNotFoundError(msg)
    write_atomically(target, _content(record))


def load_record(path: str | os.PathLike[str], data: Any = None) -> AuditRecord:
    """Load an audit that `save_record` saved.

    Parameters
    ----------
    path : str or Path
        The file.
    data : object, optional
        The data set of the audit, for what is not in the file: pictures.

    Returns
    -------
    AuditRecord
        As it was saved; `pred_probs` and `features` are None.

    Raises
    ------
    ValueError
        If it is no such file, damaged, changed, of a newer version, or of other data.
    OSError
        If it cannot be read.
    """
    file = Path(path)
    manifest, members = unpack(file)
    try:
        tree = json.loads(members.pop(_RECORD))
        record = record_of(Decoder(members).decode(tree))
    except (ImportError, MemoryError):
        raise
    # What was changed on purpose can make NumPy and pandas raise almost anything.
    except Exception as error:
        msg = (
            f"{printable(file)} does not hold an audit that fits together ({printable(error)}); "
            "run the audit again"
        )
        raise ValueError(msg) from error
    if data is not None:
        record.dataset = _same_dataset(record.dataset, data, manifest.get("columns"))
    return record


def _content(record: AuditRecord) -> bytes:
    encoder = Encoder()
    tree = tree_of(record, encoder)
    told = {
        "cupel": _core.__version__,
        "date": dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
        "rows": record.n_rows,
        "columns": fingerprint_columns(record.dataset),
    }
    return pack({_RECORD: to_json(tree), **encoder.members}, told)


def _same_dataset(saved: Dataset, data: Any, hashes: Any) -> Dataset:
    """Load the data set that a saved audit is of, and make sure that it is that."""
    roles = {role: getattr(saved, role) for role in ROLES}
    dataset = Dataset.load(data, **roles)
    remedy = "load the audit without data, or with those it was made of"
    if dataset.n_rows != saved.n_rows or dataset.column_names != saved.column_names:
        msg = (
            f"data has {dataset.n_rows} rows of columns {printable(', '.join(dataset.column_names))};"
            f" the audit is of {saved.n_rows} rows of {printable(', '.join(saved.column_names))}: "
            f"{remedy}"
        )
        raise ValueError(msg)
    found = fingerprint_columns(dataset)
    if found != hashes:
        both = {*found, *hashes}
        name = next(n for n in dataset.column_names if n in both and found.get(n) != hashes.get(n))
        msg = f"data has other values in column {name!r} than the audit was made of; {remedy}"
        raise ValueError(msg)
    return dataset
