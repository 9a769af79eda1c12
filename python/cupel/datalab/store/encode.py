"""Values as JSON and arrays. The other way round: `decode`.

What JSON has no word for is an object with one key that begins with ``$``.
"""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
import math
from typing import Any

import numpy as np

from cupel._graph import KnnGraph

__all__ = ["LEFT_OUT", "Encoder"]

LEFT_OUT = object()  # what cannot be saved
_DEEPEST = 60
_INLINE = 128  # bytes of an array that has no member of its own
_ARRAY_KINDS = "biufcSMm"


class Encoder:
    """Turns values into trees for JSON, and their arrays into members of a file.

    Attributes
    ----------
    members : dict of str to bytes
        Arrays, in the format of NumPy.
    left_out : list of str
        What could not be saved: where it was, and what.
    """

    def __init__(self) -> None:
        self.members: dict[str, bytes] = {}
        self.left_out: list[str] = []
        self._known: dict[int, tuple[Any, Any]] = {}  # by identity; keeps the array alive

    def encode(self, value: Any, where: str, depth: int = 0) -> Any:
        """Return the tree of a value, or LEFT_OUT if it is none that can be saved.

        Of a dict, entries that cannot be saved are left out; a list is left out as a whole.
        """
        found = LEFT_OUT if depth > _DEEPEST else self._encode(value, where, depth)
        if found is LEFT_OUT:
            kind = type(value)
            self.left_out.append(f"{where}: {kind.__module__}.{kind.__qualname__}")
        return found

    def _encode(self, value: Any, where: str, depth: int) -> Any:
        if isinstance(value, np.generic):
            return _scalar(value)
        if value is None or isinstance(value, (bool, int, float, str)):
            return _plain(value)
        if isinstance(value, np.ndarray):
            return self._array(value, where, depth)
        if isinstance(value, dict):
            return self._dict(value, where, depth)
        if isinstance(value, list):
            return self._list(value, where, depth)
        for kind in (tuple, set, frozenset):
            if isinstance(value, kind):
                items = list(value) if kind is tuple else sorted(value, key=repr)
                tree = self._list(items, where, depth)
                return LEFT_OUT if tree is LEFT_OUT else {f"${kind.__name__}": tree}
        if isinstance(value, KnnGraph):
            return self._graph(value, where)
        if isinstance(value, (bytes, bytearray)):
            return {"$bytes": base64.b64encode(value).decode()}
        if type(value).__module__.partition(".")[0] == "pandas":
            return self._pandas(value, where, depth)
        if isinstance(value, (dt.date, dt.time)):
            return _date(value)
        if hasattr(value, "tocsr"):
            return self._sparse(value.tocsr(), where, depth)
        return LEFT_OUT

    def _dict(self, value: dict[Any, Any], where: str, depth: int) -> Any:
        pairs = []
        for key, item in value.items():
            coded = self.encode(key, f"{where}, key {key!r:.50}", depth + 1)
            content = self.encode(item, f"{where}[{key!r:.50}]", depth + 1)
            if coded is not LEFT_OUT and content is not LEFT_OUT:
                pairs.append([coded, content])
        if all(isinstance(key, str) and not key.startswith("$") for key, _ in pairs):
            return dict(pairs)
        return {"$dict": pairs}

    def _list(self, value: list[Any], where: str, depth: int) -> Any:
        if len(value) > 1 and _is_ragged(value):
            return {"$list": self._ragged(value, where, depth)}
        if set(map(type, value)) <= {str, int, bool, type(None)}:
            items = [_plain(item) for item in value]
        else:
            items = [
                self.encode(item, f"{where}[{at}]", depth + 1) for at, item in enumerate(value)
            ]
        return LEFT_OUT if any(item is LEFT_OUT for item in items) else items

    def _array(self, a: np.ndarray[Any, Any], where: str, depth: int) -> Any:
        if id(a) in self._known:
            return self._known[id(a)][1]
        if isinstance(a, np.ma.MaskedArray):
            return LEFT_OUT
        if a.dtype.kind in "OUT":
            tree = self._objects(a, where, depth)
        elif a.dtype.kind not in _ARRAY_KINDS:
            return LEFT_OUT
        elif a.nbytes <= _INLINE:
            tree = {"$small": [a.dtype.str, list(a.shape), a.tobytes().hex()]}
        else:
            stream = io.BytesIO()
            np.lib.format.write_array(stream, np.asarray(a, order="C"), allow_pickle=False)
            name = f"arrays/{len(self.members)}.npy"
            self.members[name] = stream.getvalue()
            tree = {"$array": name}
        self._known[id(a)] = (a, tree)
        return tree

    def _objects(self, a: np.ndarray[Any, Any], where: str, depth: int) -> Any:
        values = a.reshape(-1).tolist() if a.dtype.kind != "O" else list(a.flat)
        shape = list(a.shape)
        kinds = set(map(type, values))
        if kinds <= {str, type(None)}:
            return {"$texts": [self._texts(values, where, depth), shape, a.dtype.str]}
        if _is_ragged(values):
            return {"$ragged": [self._ragged(values, where, depth), shape]}
        items = [self.encode(value, f"{where}[{i}]", depth + 1) for i, value in enumerate(values)]
        return LEFT_OUT if any(i is LEFT_OUT for i in items) else {"$objects": [items, shape]}

    def _texts(self, values: list[str | None], where: str, depth: int) -> Any:
        """Return all text in one, and the lengths; -1 where there is none."""
        lengths = np.array([-1 if v is None else len(v) for v in values], dtype=np.int64)
        joined = "".join(v for v in values if v is not None).encode("utf-8", "surrogatepass")
        parts = (np.frombuffer(joined, dtype=np.uint8), lengths)
        return [self._array(part, where, depth) for part in parts]

    def _ragged(self, values: list[Any], where: str, depth: int) -> Any:
        lengths = np.array([len(v) for v in values], dtype=np.int64)
        return [self._array(part, where, depth) for part in (np.concatenate(values), lengths)]

    def _graph(self, graph: KnnGraph, where: str) -> Any:
        told = [graph.metric, graph.exact, graph.recall, graph.recall_interval]
        tree = self.encode(told, where)
        arrays = [self._array(part, where, 0) for part in (graph.distances, graph.indices)]
        return {"$graph": [*arrays, tree]}

    def _sparse(self, csr: Any, where: str, depth: int) -> Any:
        parts = [self._array(part, where, depth) for part in (csr.data, csr.indices, csr.indptr)]
        if any(part is LEFT_OUT for part in parts):
            return LEFT_OUT
        return {"$csr": [*parts, list(csr.shape)]}

    def _pandas(self, value: Any, where: str, depth: int) -> Any:
        kind = type(value).__name__
        if kind == "Timestamp":
            return _date(value.to_pydatetime(warn=False))
        if kind in ("NAType", "NaTType"):
            return {"$missing": kind}
        if kind not in ("DataFrame", "Series"):
            return LEFT_OUT
        index = self._index(value.index, where, depth)
        if kind == "Series":
            parts = [self._series(value, where, depth), self.encode(value.name, where, depth + 1)]
            tag = "$series"
        else:
            names = self._index(value.columns, where, depth)
            cells = [
                self._series(value.iloc[:, j], f"{where}, column {j}", depth)
                for j in range(value.shape[1])
            ]
            tag, parts = "$frame", [cells, names]
            if any(cell is LEFT_OUT for cell in cells):
                return LEFT_OUT
        if index is LEFT_OUT or any(part is LEFT_OUT for part in parts):
            return LEFT_OUT
        return {tag: [*parts, index]}

    def _index(self, index: Any, where: str, depth: int) -> Any:
        name = self.encode(index.name, where, depth + 1)
        if type(index).__name__ == "RangeIndex":
            return [[index.start, index.stop, index.step], None, name]
        if type(index).__name__ == "MultiIndex":
            return LEFT_OUT
        cells = self._series(index.to_series(), where, depth)
        return LEFT_OUT if LEFT_OUT in (cells, name) else [None, cells, name]

    def _series(self, series: Any, where: str, depth: int) -> Any:
        dtype = str(series.dtype)
        if dtype == "category":
            accessor = series.cat
            parts = [
                self._array(accessor.codes.to_numpy(), where, depth),
                self._series(accessor.categories.to_series(), where, depth),
            ]
            if any(part is LEFT_OUT for part in parts):
                return LEFT_OUT
            return [*parts, bool(accessor.ordered), dtype]
        plain = isinstance(series.dtype, np.dtype)
        values = series.to_numpy() if plain else series.to_numpy(dtype=object)
        tree = self._array(values, where, depth)
        return LEFT_OUT if tree is LEFT_OUT else [tree, dtype]


def _plain(value: Any) -> Any:
    """Return what JSON has a word for; not numbers that Python would not read or write there."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 1 << 1000 else {"$int": f"{int(value):x}"}
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
    return str(value)


def _scalar(value: Any) -> Any:
    a = np.asarray(value)
    if a.dtype.kind == "U":
        return str(value)
    if a.dtype.kind not in _ARRAY_KINDS:
        return LEFT_OUT
    return {"$scalar": [a.dtype.str, a.tobytes().hex()]}


def _date(value: Any) -> Any:
    for kind in (dt.datetime, dt.date, dt.time):
        if isinstance(value, kind):
            return {f"${kind.__name__}": value.isoformat()}
    return LEFT_OUT


def _is_ragged(values: list[Any]) -> bool:
    """Whether these are vectors of one dtype of numbers."""
    if set(map(type, values)) != {np.ndarray}:
        return False
    dtypes = {v.dtype for v in values}
    return len(dtypes) == 1 and values[0].dtype.kind in "biuf" and {v.ndim for v in values} == {1}


def to_json(tree: Any) -> bytes:
    """Write a tree; equal trees give equal bytes."""
    return json.dumps(tree, allow_nan=False, separators=(",", ":")).encode()
