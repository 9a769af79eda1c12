"""Turning what users pass into plain arrays, and saying what it was; for the front door only."""

from __future__ import annotations

import difflib
import math
import reprlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Not np.signedinteger as a whole: numpy.timedelta64 is one.
INTEGERS = (int, np.byte, np.short, np.intc, np.int_, np.longlong, np.unsignedinteger, np.bool_)
NUMBERS = (*INTEGERS, float, np.floating)
TEXT = (str, bytes)
_HOST_DEVICES = (1, 3, 11)  # DLPack: CPU, CUDA-pinned and ROCm-pinned host memory
MAX_COPY = 1 << 47  # bytes; more than any process can address, so refuse before trying
REMEDY = {
    "c": "take its real part",
    "f": "convert it with .astype(numpy.float64)",
    "M": "pass numbers, not dates",
    "m": "pass numbers, not durations",
    "O": "convert it with .astype(numpy.float64)",
    "V": "convert it with .astype(numpy.float32); a structured array, field by field",
}


def readable_in_place(a: NDArray[Any]) -> bool:
    size = a.itemsize
    strides = a.strides
    return bool(
        strides[-1] == size
        and (len(strides) == 1 or not any(s % size for s in strides))
        and a.dtype.byteorder in "=|"  # isnative is also true of "<", which the core does not know
        and a.flags.aligned
    )


def copied(a: NDArray[Any], dtype: Any, name: str) -> NDArray[Any]:
    dtype = np.dtype(np.dtype(dtype).char)  # native
    if a.size * dtype.itemsize > MAX_COPY:
        msg = f"{name} of shape {a.shape} is too large: its layout or dtype needs a copy in memory"
        raise ValueError(msg)
    return a.astype(dtype, order="C")  # np.array() would keep a byte order of "<"


def as_array(x: Any, name: str) -> NDArray[Any]:
    """Return `x` as a plain ndarray of any dtype and shape, refusing what NumPy would garble."""
    kinds = set(map(type, x)) if isinstance(x, (list, tuple)) else {type(x)}
    if any(issubclass(kind, np.ma.MaskedArray) for kind in kinds):
        msg = f"{name} must not be a masked array; .filled() it, or drop the masked rows"
        raise TypeError(msg)
    if kinds <= {list, tuple} and len(set(map(len, x))) > 1:
        row = next(i for i, values in enumerate(x) if len(values) != len(x[0]))
        msg = f"{name}[{row}] has {len(x[row])} values, {name}[0] has {len(x[0])}"
        raise ValueError(msg)
    if isinstance(x, np.ndarray):
        return np.asarray(x)
    try:
        device = x.__dlpack_device__()[0] if hasattr(x, "__dlpack_device__") else 1
        if device not in _HOST_DEVICES:
            reason = "it is on another device; move it to the CPU first, e.g. with .cpu()"
            raise TypeError(reason)
        from_dlpack = hasattr(x, "__dlpack__") and not hasattr(x, "__array__")
        a = np.from_dlpack(x) if from_dlpack else np.asanyarray(x)
    except MemoryError:
        raise
    except Exception as exc:
        kind = ValueError if isinstance(exc, ValueError) else TypeError
        msg = f"{name} ({type(x).__name__}) cannot be read as an array: {exc}"
        raise kind(msg) from exc
    return a if type(a) is np.ndarray else as_array(a, name)


def as_numbers(x: Any, name: str) -> NDArray[Any]:
    """Return `x` as an array of float16, float32, float64, integers or bools of any shape.

    A frame of nullable or mixed numbers becomes float64, its missing cells nan.
    """
    a = as_array(x, name)
    if a.dtype.kind == "O" and a.ndim:
        a = _from_objects(x, a, name)
    if a.dtype.char not in "efd" and a.dtype.kind not in "iub":
        remedy = REMEDY.get(a.dtype.kind, "parse the numbers first")
        msg = f"{name} must hold float16, float32 or float64, got {kind_of(x, a)}; {remedy}"
        raise TypeError(msg)
    return a


def _from_objects(x: Any, a: NDArray[Any], name: str) -> NDArray[Any]:
    """Return a frame of nullable or mixed numbers as float64; name the first cell that is none."""
    frame = hasattr(x, "to_numpy")
    if not all(issubclass(kind, NUMBERS) for kind in set(map(type, a.flat))):
        for position, cell in np.ndenumerate(a):
            if not (isinstance(cell, NUMBERS) or (frame and is_missing(cell))):
                msg = f"{name}{at_position(position)} is {shown(cell)}, expected a float"
                raise TypeError(msg)
    if not frame:
        return a
    return np.where(np.frompyfunc(is_missing, 1, 1)(a).astype(bool), np.nan, a).astype(np.float64)


def kind_of(x: Any, a: NDArray[Any]) -> str:
    """Say what the user passed: its dtype, or its type where NumPy made nothing of it."""
    if a.ndim:
        return f"dtype {a.dtype}"
    sparse = " (sparse? use .toarray())" if hasattr(x, "toarray") else ""
    return f"{type(x).__name__}{sparse}"


def has_length(x: Any) -> bool:
    """Whether ``len(x)`` works: arrays of no dimension have the method, and no length."""
    return hasattr(x, "__len__") and getattr(x, "shape", None) != ()


def check_length(length: int, n_rows: int | None, name: str) -> None:
    if n_rows is not None and length != n_rows:
        msg = f"{name} has {length} rows, pred_probs has {n_rows}; they must describe the same rows"
        raise ValueError(msg)
    if not length:
        msg = f"{name} is empty, expected at least one row"
        raise ValueError(msg)


def at_position(position: tuple[Any, ...]) -> str:
    return f"[{', '.join(map(str, position))}]"


def is_missing(value: Any) -> bool:
    if isinstance(value, (float, np.floating)):
        return math.isnan(value)
    # By name, so that pandas' markers are known without importing pandas.
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def shown(value: Any) -> str:
    try:
        return reprlib.repr(value.item() if isinstance(value, np.generic) else value)
    except ValueError:  # an int of too many digits to print
        return f"a {type(value).__name__}"


def nearest_hint(value: Any, names: Iterable[Any]) -> str:
    texts = [name for name in names if isinstance(name, str)]
    close = difflib.get_close_matches(value, texts, 1) if isinstance(value, str) else []
    return f"; did you mean {close[0]!r}?" if close else ""
