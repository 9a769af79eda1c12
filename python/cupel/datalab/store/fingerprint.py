"""SHA-256 of values: the same for equal values in whatever layout of memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cupel._arrays import as_array
from cupel._graph import KnnGraph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cupel.datalab._dataset import Dataset

__all__ = ["fingerprint", "fingerprint_columns"]

_BLOCK = 1 << 15  # elements copied at a time where the layout needs it


def fingerprint(values: Any) -> str:
    """Return the SHA-256 of an array: of its kind of values, its shape, and its bytes in C order.

    Parameters
    ----------
    values : array_like, sparse matrix, KnnGraph, or list of lists
        Numbers, text, or lists of them.

    Returns
    -------
    str
        64 hexadecimal digits. The same for equal values of one dtype, whatever their strides and
        byte order, and however wide text is stored.

    Notes
    -----
    O(size); no copy of the array is made.
    """
    digest = hashlib.sha256()
    _add(digest, values)
    return digest.hexdigest()


def fingerprint_columns(dataset: Dataset) -> dict[str, str]:
    """Return the fingerprint of every column of numbers or text, and of the labels."""
    wanted = ("number", "text")
    return {
        name: fingerprint(dataset.column(name))
        for name in dataset.column_names
        if dataset.kind(name) in wanted or name == dataset.label_name
    }


def _add(digest: Any, values: Any) -> None:
    if isinstance(values, KnnGraph):
        for part in (values.metric, values.distances, values.indices):
            _add(digest, np.asarray(part))
        return
    if hasattr(values, "tocsr"):
        matrix = values.tocsr()
        for part in (np.asarray(matrix.shape), matrix.indptr, matrix.indices, matrix.data):
            _add(digest, part)
        return
    if isinstance(values, (list, tuple)) and not _is_even(values):
        a = np.fromiter(values, object, len(values))
    else:
        a = as_array(values, "values")
    if a.dtype.kind in "biufcmM":
        _add_numbers(digest, a)
    elif a.dtype.kind in "OUT":
        _add_objects(digest, a)
    else:
        digest.update(f"{a.dtype.str}{a.shape}".encode())
        digest.update(np.ascontiguousarray(a).tobytes())


def _is_even(values: Sequence[Any]) -> bool:
    """Whether NumPy takes these as one array: neither text beside numbers nor rows that differ."""
    kinds = set(map(type, values))
    listed = {len(v) if isinstance(v, (list, tuple, np.ndarray)) else -1 for v in values}
    mixed = (str in kinds and len(kinds) > 1) or bool(kinds & {set, frozenset})
    return len(listed) <= 1 and not mixed


def _add_numbers(digest: Any, a: NDArray[Any]) -> None:
    stored = a.dtype.newbyteorder("<")
    digest.update(f"{stored.str}{a.shape}".encode())
    if a.flags.c_contiguous and a.dtype == stored:
        digest.update(a.view(np.uint8).data if a.size and a.ndim else a.tobytes())
        return
    blocks = np.nditer(
        a,
        flags=["external_loop", "buffered", "zerosize_ok"],
        op_dtypes=[stored],
        order="C",
        casting="equiv",
        buffersize=_BLOCK,
    )
    for block in blocks:
        digest.update(np.asarray(block).tobytes())


def _add_objects(digest: Any, a: NDArray[Any]) -> None:
    """Add text, or other values by how JSON writes them."""
    digest.update(f"text{a.shape}".encode())
    values = a.reshape(-1).tolist()
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        digest.update(json.dumps(block, default=_as_plain, separators=(",", ":")).encode())


def _as_plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)
    return f"{type(value).__name__}: {value!s}"
