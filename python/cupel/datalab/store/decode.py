"""Values from JSON and arrays, as `encode` writes them; nothing is trusted."""

from __future__ import annotations

import base64
import datetime as dt
import io
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._extras import require
from cupel._graph import KnnGraph, graph_of_core

__all__ = ["Decoder"]

_ARRAY_KINDS = "biufcSMm"


class Decoder:
    """Turns trees and members of a file back into values.

    Parameters
    ----------
    members : dict of str to bytes
        Arrays, in the format of NumPy.
    """

    def __init__(self, members: dict[str, bytes]) -> None:
        self._members = members
        self._arrays: dict[str, NDArray[Any]] = {}
        self._readers: dict[str, Callable[[Any], Any]] = {
            "$array": self._array,
            "$bytes": base64.b64decode,
            "$csr": self._csr,
            "$date": dt.date.fromisoformat,
            "$datetime": dt.datetime.fromisoformat,
            "$dict": lambda pairs: {self.decode(k): self.decode(v) for k, v in pairs},
            "$float": float,
            "$frame": self._frame,
            "$frozenset": lambda items: frozenset(map(self.decode, items)),
            "$graph": self._graph,
            "$int": lambda digits: int(digits, 16),
            "$list": lambda parts: list(self._ragged(parts)),
            "$missing": _missing,
            "$objects": self._objects,
            "$ragged": lambda parts: self._ragged(parts[0]).reshape(parts[1]),
            "$scalar": lambda parts: _small(parts[0], [], parts[1])[()],
            "$series": self._series,
            "$set": lambda items: set(map(self.decode, items)),
            "$small": lambda parts: _small(*parts),
            "$texts": self._texts,
            "$time": dt.time.fromisoformat,
            "$tuple": lambda items: tuple(map(self.decode, items)),
        }

    def decode(self, tree: Any) -> Any:
        """Return the value of a tree."""
        if isinstance(tree, list):
            return [self.decode(item) for item in tree]
        if not isinstance(tree, dict):
            return tree
        if len(tree) == 1:
            ((tag, content),) = tree.items()
            if tag.startswith("$"):
                return self._readers[tag](content)
        return {key: self.decode(item) for key, item in tree.items()}

    def _array(self, name: str) -> NDArray[Any]:
        if name not in self._arrays:
            self._arrays[name] = _read_array(self._members[name], name)
        return self._arrays[name]

    def _texts(self, content: Any) -> NDArray[Any]:
        key = str(content)
        if key not in self._arrays:
            self._arrays[key] = self._read_texts(content)
        return self._arrays[key]

    def _read_texts(self, content: Any) -> NDArray[Any]:
        (joined_tree, lengths_tree), shape, dtype = content
        joined = self.decode(joined_tree).tobytes().decode("utf-8", "surrogatepass")
        lengths = self.decode(lengths_tree)
        ends = np.cumsum(np.maximum(lengths, 0))
        if len(ends) and ends[-1] != len(joined):
            msg = "lengths of texts do not fit"
            raise ValueError(msg)
        bounds = itertools.pairwise([0, *ends.tolist()])
        values = [
            None if length < 0 else joined[start:stop]
            for length, (start, stop) in zip(lengths.tolist(), bounds, strict=True)
        ]
        found = np.fromiter(values, dtype=object, count=len(values)).reshape(shape)
        if np.dtype(dtype).kind == "U":
            widest = max((len(v) for v in values if v), default=1)
            return found.astype(f"<U{max(widest, min(np.dtype(dtype).itemsize // 4, 64))}")
        return found

    def _ragged(self, parts: Any) -> NDArray[Any]:
        flat, lengths = map(self.decode, parts)
        if (lengths < 0).any() or lengths.sum() != len(flat):
            msg = "lengths of vectors do not fit"
            raise ValueError(msg)
        rows = np.split(flat, np.cumsum(lengths)[:-1]) if len(lengths) else []
        return np.fromiter(rows, dtype=object, count=len(rows))

    def _objects(self, content: Any) -> NDArray[Any]:
        items, shape = content
        values = [self.decode(item) for item in items]
        return np.fromiter(values, dtype=object, count=len(values)).reshape(shape)

    def _graph(self, content: Any) -> KnnGraph:
        distances, indices, told = map(self.decode, content)
        metric, exact, recall, interval = told
        sound = (
            distances.ndim == 2
            and distances.shape == indices.shape
            and distances.dtype == np.float64
            and indices.dtype == np.int64
            and distances.size
            and np.isfinite(distances).all()
            and distances.min() >= 0
            and indices.min() >= 0
            and indices.max() < len(indices)
            and (indices != np.arange(len(indices))[:, None]).all()
            and isinstance(metric, str)
        )
        if not sound:
            msg = "the graph of neighbours is none"
            raise ValueError(msg)
        graph = graph_of_core(distances, indices, metric, recall=recall, recall_interval=interval)
        object.__setattr__(graph, "exact", bool(exact))
        return graph

    def _csr(self, content: Any) -> Any:
        *parts, shape = content
        sparse = require("scipy.sparse", "a sparse matrix in an audit")
        matrix = sparse.csr_matrix(tuple(map(self.decode, parts)), shape=tuple(shape))
        matrix.check_format(full_check=True)
        return matrix

    def _frame(self, content: Any) -> Any:
        pandas = require("pandas", "a table in an audit")
        cells, names, index = content
        rows = self._index(index)
        columns = [self._values(cell, rows) for cell in cells]
        frame = pandas.DataFrame(dict(enumerate(columns)), index=rows)
        frame.columns = self._index(names)
        return frame

    def _series(self, content: Any) -> Any:
        cells, name, index = content
        series = self._values(cells, self._index(index))
        series.name = self.decode(name)
        return series

    def _index(self, content: Any) -> Any:
        pandas = require("pandas", "a table in an audit")
        bounds, cells, name = content
        if bounds is not None:
            return pandas.RangeIndex(*bounds, name=self.decode(name))
        return pandas.Index(self._values(cells, None), name=self.decode(name))

    def _values(self, content: Any, index: Any) -> Any:
        """Return a series of pandas."""
        pandas = require("pandas", "a table in an audit")
        if len(content) == 4:
            codes, categories, ordered, _ = content
            names = pandas.Index(self._values(categories, None))
            values = pandas.Categorical.from_codes(self.decode(codes), names, ordered=ordered)
            return pandas.Series(values, index=index)
        values, dtype = content
        return pandas.Series(self.decode(values), index=index, dtype=dtype)


def _read_array(content: bytes, name: str) -> NDArray[Any]:
    """Read an array of NumPy's format whose header claims no more than there is."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        msg = f"{name} is of another format"
        raise ValueError(msg)
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    start = stream.tell()
    sound = dtype.kind in _ARRAY_KINDS and not fortran and not dtype.hasobject
    if not sound or math.prod(shape) * dtype.itemsize != len(content) - start:
        msg = f"{name} is not as long as it claims"
        raise ValueError(msg)
    return np.frombuffer(content, dtype=dtype, offset=start).reshape(shape).copy()


def _small(kind: str, shape: list[int], digits: str) -> NDArray[Any]:
    dtype = np.dtype(kind)
    if dtype.kind not in _ARRAY_KINDS:
        msg = f"{kind} is no kind of number"
        raise ValueError(msg)
    return np.frombuffer(bytes.fromhex(digits), dtype=dtype).reshape(shape).copy()


def _missing(kind: str) -> Any:
    pandas = require("pandas", "a missing value in an audit")
    return {"NAType": pandas.NA, "NaTType": pandas.NaT}[kind]
