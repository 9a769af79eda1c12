"""Legal ways to hold the same numbers: memory layouts, and containers of other libraries."""

from __future__ import annotations

import array
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Layout = Callable[[NDArray[Any], Path], NDArray[Any]]

FLOATS = ("float16", "float32", "float64")
INTS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


class DLPack:
    """A tensor of another library that knows DLPack and nothing else."""

    def __init__(self, a: NDArray[Any], device: int = 1) -> None:
        self.a, self.device = a, device

    def __dlpack__(self, **options: Any) -> Any:
        return self.a.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device, 0


class Array:
    """An object that knows ``__array__`` and nothing else."""

    def __init__(self, a: Any) -> None:
        self.a = a

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if isinstance(self.a, Exception):
            raise self.a
        return self.a


class Subclass(np.ndarray[Any, Any]):
    """An ndarray of another type."""


def filled(out: NDArray[Any], a: NDArray[Any]) -> NDArray[Any]:
    out[...] = a
    return out


def misaligned(a: NDArray[Any]) -> NDArray[Any]:
    """Return a copy that starts one byte off."""
    raw = np.zeros(a.nbytes + 1, dtype=np.uint8)
    return filled(raw[1:].view(a.dtype).reshape(a.shape), a)


def packed(a: NDArray[Any]) -> NDArray[Any]:
    """Return a copy as a field of packed records: rows are no whole number of items apart."""
    return filled(np.zeros(len(a), dtype=[("id", "u1"), ("a", a.dtype, a.shape[1:])])["a"], a)


def read_only(a: NDArray[Any]) -> NDArray[Any]:
    a = a.copy()
    a.flags.writeable = False
    return a


def mapped(a: NDArray[Any], folder: Path) -> NDArray[Any]:
    path = folder / f"{a.dtype}.raw"
    path.write_bytes(a.tobytes())
    return np.memmap(path, a.dtype, "r", shape=a.shape)


# Each returns the same values in another layout.
LAYOUTS: dict[str, Layout] = {
    "contiguous": lambda a, _: a.copy(),
    "column-major": lambda a, _: np.array(a, order="F"),
    "every other row": lambda a, _: np.repeat(a, 2, axis=0)[::2],
    "every other column": lambda a, _: np.repeat(a, 2, axis=-1)[..., ::2],
    "some columns": lambda a, _: np.concatenate([a, a], axis=-1)[..., : a.shape[-1]],
    "reversed rows": lambda a, _: a[::-1].copy()[::-1],
    "reversed columns": lambda a, _: a[..., ::-1].copy()[..., ::-1],
    "reversed memory": lambda a, _: np.flip(np.flip(a).copy()),
    "misaligned": lambda a, _: misaligned(a),
    "packed records": lambda a, _: packed(a),
    "byte-swapped": lambda a, _: a.astype(a.dtype.newbyteorder()),
    "read-only": lambda a, _: read_only(a),
    "subclass": lambda a, _: a.copy().view(Subclass),
    "memory map": mapped,
}


def pandas(a: NDArray[Any]) -> Any:
    pd = pytest.importorskip("pandas")
    return pd.DataFrame(a) if a.ndim == 2 else pd.Series(a)


def polars(a: NDArray[Any]) -> Any:
    pl = pytest.importorskip("polars")
    return pl.DataFrame(a, schema=list("abcdefgh")[: a.shape[1]]) if a.ndim == 2 else pl.Series(a)


def matrix(a: NDArray[Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.matrix(a) if a.ndim == 2 else a


# Each returns the same values in another container; float16 has no code for `array.array`.
CONTAINERS: dict[str, Callable[[NDArray[Any]], Any]] = {
    "dlpack": DLPack,
    "pinned dlpack": lambda a: DLPack(a, device=3),
    "__array__": Array,
    "memoryview": memoryview,
    "array.array": lambda a: array.array(a.dtype.char, a) if a.ndim == 1 else memoryview(a),
    "matrix": matrix,
    "list": lambda a: a.tolist(),
    "tuple of rows": tuple,
    "pandas": pandas,
    "polars": polars,
}
