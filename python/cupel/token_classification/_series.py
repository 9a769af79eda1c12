"""Many short pandas series over one array, and back; pandas is only imported when called.

`pandas.Series(...)` spends ten times longer on working out what it was given than on the object. A
sentence's series is always the same: a block of numbers and an index. So it is put together from
the parts that pandas makes a series of, which are taken from one that pandas made; where that does
not give an equal series (pandas promises nothing about its parts), the constructor does it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._collector import collector_paused
from cupel._extras import require

__all__ = ["arrays_of", "split_series"]

_Maker = Callable[[NDArray[Any], Any], Any]


def split_series(
    values: NDArray[Any],
    offsets: NDArray[np.int64],
    tokens: Sequence[Any] | None,
    purpose: str,
) -> list[Any]:
    """Cut `values` into one series per sentence, indexed from 0 or by its `tokens`.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Becomes the memory of the series: no one else may keep it.
    offsets : ndarray of int64, shape (s + 1,)
        Where sentences begin.
    tokens : sequence of sequences, length s, optional
        Labels of the indices; as many in each sentence as it has values.
    purpose : str
        The public function, for the message if pandas is missing.
    """
    pandas = require("pandas", purpose)
    ends = list(pairwise(offsets.tolist()))
    with collector_paused():
        if tokens is None:
            return _numbered(pandas, values, ends)
        if set(map(type, chain.from_iterable(tokens))) == {str}:
            index = pandas.Index(list(chain.from_iterable(tokens)))
            make = _maker(pandas, values[:1], index[:1])
            return [make(values[begin:end], index[begin:end]) for begin, end in ends]
        # Mixed tokens: what kind of index a sentence has depends on its own tokens.
        return [
            pandas.Series(values[begin:end], index=words, copy=False)
            for (begin, end), words in zip(ends, tokens, strict=True)
        ]


def arrays_of(series: Sequence[Any]) -> list[NDArray[Any]]:
    """Return the values of each of many series (or of arrays, or lists)."""
    try:
        return [one._values for one in series]  # `to_numpy` takes five times as long
    except AttributeError:
        return [np.asarray(one) for one in series]


def _numbered(pandas: Any, values: NDArray[Any], ends: list[tuple[int, int]]) -> list[Any]:
    make = _maker(pandas, values[:1], pandas.RangeIndex(1))
    # An index each, because naming the index of one series must not name the others'.
    new_index = pandas.RangeIndex.from_range
    return [make(values[begin:end], new_index(range(end - begin))) for begin, end in ends]


def _maker(pandas: Any, values: NDArray[Any], index: Any) -> _Maker:
    """Return what makes series like that of `values` and `index`, as fast as it can be done."""

    def construct(values: NDArray[Any], index: Any) -> Any:
        return pandas.Series(values, index=index, copy=False)

    sample = construct(values, index)
    try:
        assemble = _assembler(pandas.Series, sample)
        copy = assemble(values, index)
        same = vars(copy).keys() == vars(sample).keys() and copy.name is None
        if same and copy.equals(sample) and copy.index.equals(sample.index):
            return assemble
    except (AttributeError, TypeError, ValueError):
        pass
    return construct


def _assembler(series_type: Any, sample: Any) -> _Maker:
    """Return what makes series of the same parts as `sample`."""
    manager = sample._mgr
    block = manager.blocks[0]
    make_manager, make_block, place = type(manager), type(block), block.mgr_locs
    from_manager, set_attribute = series_type._from_mgr, object.__setattr__

    def assemble(values: NDArray[Any], index: Any) -> Any:
        series = from_manager(make_manager(make_block(values, place, 1), index), None)
        set_attribute(series, "_name", None)
        return series

    return assemble
