"""The front door for labels: integers, names with `classes`, and lists of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from itertools import chain, repeat
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import (
    INTEGERS,
    NUMBERS,
    REMEDY,
    TEXT,
    as_array,
    check_length,
    copied,
    is_missing,
    kind_of,
    nearest_hint,
    readable_in_place,
    shown,
)
from cupel._errors import WrongKindError

Where: TypeAlias = Callable[[int], str]  # position -> "labels[7] is"
_LISTS = (list, tuple, AbstractSet)
_HINT = "classes=[...], the class names in the order of pred_probs' columns"
_NEED_LISTS = "multi_label=True needs a list of classes per row, e.g. [[0, 2], [], [1]]"
_SEVERAL = "for several labels per row use multi_label=True"
_NO_LABEL = "the row has no label; drop it (here and in pred_probs) or give it one"


def as_labels(
    labels: Any,
    n_rows: int | None,
    *,
    classes: Any = None,
    name: str = "labels",
    n_classes: int | None = None,
) -> NDArray[Any]:
    """Return `labels` as a contiguous, native vector of integers; the core checks their range.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Integers, bools, whole floats, or (with `classes`) strings or categoricals.
    n_rows : int or None
        Length expected; None where nothing else gives it.
    classes : sequence, optional
        Class names in the order of pred_probs' columns. If they are numbers, labels are looked up
        by value; if they are strings, integer labels are positions.
    name : str
        The argument's name, for messages.
    n_classes : int, optional
        Length expected of `classes`.

    Returns
    -------
    ndarray of any integer dtype, shape (n,)
        The same memory if it was a contiguous, aligned, native vector of integers or bools.
    """
    if (
        classes is None
        and type(labels) is np.ndarray
        and labels.dtype.kind in "iu"
        and labels.shape == (n_rows,)
        and readable_in_place(labels)
    ):
        return labels
    index = None if classes is None else _class_index(classes, n_classes)
    if isinstance(labels, (list, tuple, range)) and n_rows is not None:
        check_length(len(labels), n_rows, name)
    a = _label_vector(labels, name)
    check_length(len(a), n_rows, name)
    hint = _HINT
    if getattr(getattr(labels, "dtype", None), "name", None) == "category":
        categories = "cat.categories" if hasattr(labels, "cat") else "categories"
        hint = f"classes=list({name}.{categories}), if that is the order of pred_probs' columns"
    return _codes(a, index, lambda row: f"{name}[{row}] is", hint, name)


def as_multilabels(
    labels: Any, n_rows: int | None, n_classes: int, *, classes: Any = None, name: str = "labels"
) -> NDArray[np.uint8]:
    """Return the 0/1 matrix of `labels`, a list with the classes of each example.

    Parameters
    ----------
    labels : sequence of sequences, length n
        The classes that apply to each example, as integers or (with `classes`) names; may be empty.
    n_rows : int or None
        Length expected; None where nothing else gives it.
    n_classes : int
        Number of classes, k.
    classes : sequence, optional
        Class names in the order of pred_probs' columns.
    name : str
        The argument's name, for messages.

    Returns
    -------
    ndarray of uint8, shape (n, k)
        C-contiguous, 1 where the class applies.
    """
    index = None if classes is None else _class_index(classes, n_classes)
    rows = _label_lists(labels, name)
    check_length(len(rows), n_rows, name)
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    row_of = np.repeat(np.arange(len(rows)), lengths)
    flat = np.fromiter(chain.from_iterable(rows), dtype=object, count=len(row_of))

    def where(position: int) -> str:
        return f"{name}[{row_of[position]}] contains"

    codes = _codes(flat, index, where, _HINT, name) if flat.size else np.empty(0, np.int64)
    bad = (codes < 0) | (codes >= n_classes)
    if bad.any():
        at = int(bad.argmax())
        msg = f"{where(at)} {codes[at]}, expected classes in [0, {n_classes})"
        raise ValueError(msg)
    # With over two classes, rows of k zeros and ones would have to repeat a class: not class lists.
    if n_classes > 2 and (lengths == n_classes).all() and codes.max() <= 1:
        msg = f"{name} looks like 0/1 rows; pass [numpy.flatnonzero(row) for row in {name}]"
        raise ValueError(msg)
    out = np.zeros((len(rows), n_classes), dtype=np.uint8)
    out[row_of, codes] = 1
    return out


def check_classes(given: NDArray[Any], n_classes: int, *, hint: str = "") -> None:
    """Refuse the first label that is no class in [0, `n_classes`)."""
    bad = (given < 0) | (given >= n_classes)
    if bad.any():
        row = int(bad.argmax())
        msg = f"labels[{row}] is {given[row]}, expected a class in [0, {n_classes}){hint}"
        raise ValueError(msg)


def _label_vector(labels: Any, name: str) -> NDArray[Any]:
    """Return single labels as a 1-D array of any dtype."""
    if isinstance(labels, (*TEXT, Mapping, AbstractSet)):
        msg = f"{name} must be a sequence with one class per row, got {type(labels).__name__}"
        raise TypeError(msg)
    kinds = set(map(type, labels)) if isinstance(labels, (list, tuple)) else set()
    if any(issubclass(kind, _LISTS) for kind in kinds):
        at = next(i for i, row in enumerate(labels) if isinstance(row, _LISTS))
        msg = f"{name}[{at}] is {shown(labels[at])}, expected one class; {_SEVERAL}"
        raise ValueError(msg)
    if any(issubclass(kind, TEXT) for kind in kinds):
        # NumPy would turn [1, "a"] into strings, and pad every one to the length of the longest.
        return np.fromiter(labels, dtype=object, count=len(labels))
    a = as_array(labels, name)
    if a.ndim == 2 and a.shape[1] == 1 and hasattr(labels, "columns"):
        return a[:, 0]
    if a.ndim == 0 and a.dtype.kind == "O":
        msg = f"{name} must be a sequence with one class per row, got {kind_of(labels, a)}"
        raise TypeError(msg)
    if a.ndim != 1:
        msg = f"{name} must have shape (n,), got {a.shape}"
        if a.ndim == 2 and a.shape[1] == 1:
            msg += f"; use numpy.asarray({name}).ravel()"
        elif a.ndim == 2 and _looks_one_hot(a):
            msg += f"; for one-hot rows use numpy.asarray({name}).argmax(axis=1)"
        elif a.ndim == 2:
            msg += f"; {_SEVERAL}"
        raise ValueError(msg)
    return a


def _looks_one_hot(a: NDArray[Any]) -> bool:
    head = a[:100, :10_000]  # enough for a hint, however large the matrix
    return a.dtype.kind in "iufb" and bool(((head == 1).sum(axis=1) == 1).all())


def _label_lists(labels: Any, name: str) -> Any:
    """Return multi-label `labels` as a list or tuple of collections."""
    if hasattr(labels, "to_list"):
        labels = labels.to_list()
    elif isinstance(labels, np.ndarray) and labels.dtype.kind == "O" and labels.ndim == 1:
        labels = labels.tolist()
    if not isinstance(labels, (list, tuple)):
        msg = f"{name} must be a list of lists, got {type(labels).__name__}; {_NEED_LISTS}"
        raise WrongKindError(msg)
    kinds = set(map(type, labels))
    if any(issubclass(kind, np.ndarray) for kind in kinds):
        labels = [row.tolist() if isinstance(row, np.ndarray) else row for row in labels]
        kinds = set(map(type, labels))
    if not all(issubclass(kind, _LISTS) for kind in kinds):
        at = next(i for i, row in enumerate(labels) if not isinstance(row, _LISTS))
        msg = f"{name}[{at}] is {shown(labels[at])}; {_NEED_LISTS}"
        raise WrongKindError(msg)
    return labels


def _class_index(classes: Any, n_classes: int | None) -> dict[Any, int]:
    """Return the position of each class name."""
    iterable = isinstance(classes, Iterable) and getattr(classes, "ndim", 1) == 1
    if not iterable or isinstance(classes, (*TEXT, Mapping, AbstractSet)):
        msg = f"classes must be a sequence of class names, got {type(classes).__name__}"
        raise TypeError(msg)
    names = classes.tolist() if isinstance(classes, np.ndarray) else list(classes)
    kind = TEXT if names and isinstance(names[0], TEXT) else NUMBERS
    index: dict[Any, int] = {}
    for position, name in enumerate(names):
        if not isinstance(name, kind) or (kind is NUMBERS and is_missing(name)):
            msg = f"classes[{position}] is {shown(name)}; give all strings or all integers"
            raise TypeError(msg)
        if index.setdefault(name, position) != position:
            msg = f"classes[{position}] repeats {shown(name)}, as classes[{index[name]}]"
            raise ValueError(msg)
    if n_classes is not None and len(index) != n_classes:
        msg = f"classes has {len(index)} names, pred_probs has {n_classes} columns"
        raise ValueError(msg)
    return index


def _codes(
    a: NDArray[Any], index: dict[Any, int] | None, where: Where, hint: str, name: str
) -> NDArray[Any]:
    """Return the class of each value of a 1-D array, as contiguous native integers."""
    if a.dtype.kind == "O":
        kinds = set(map(type, a))
        a = _numbers(a, kinds)
        names = index is not None and any(issubclass(kind, TEXT) for kind in kinds)
        if a.dtype.kind == "O" and not names:
            raise _unusable(a.tolist(), where, hint)
    kind = a.dtype.kind
    if kind not in "iubfOUST" or a.dtype.char == "g":
        expected = "integers" if index is None else "integers or names from classes"
        msg = f"{name} must hold {expected}, got dtype {a.dtype}; {REMEDY[kind]}"
        raise TypeError(msg)
    if index is not None and (kind in "OUST" or isinstance(next(iter(index), ""), NUMBERS)):
        return _look_up(a.tolist(), index, where)
    if kind in "UST":
        raise _unusable(a.tolist(), where, hint)
    if kind == "f":
        return _whole(a, where)
    if kind == "b":
        a = a.view(np.uint8)
    return a if readable_in_place(a) else copied(a, a.dtype, name)


def _numbers(a: NDArray[Any], kinds: set[type]) -> NDArray[Any]:
    """Return an object vector, which holds values of these `kinds`, as numbers if it can be."""
    if not all(issubclass(kind, NUMBERS) for kind in kinds):
        return a
    whole = all(issubclass(kind, INTEGERS) for kind in kinds)
    try:
        return a.astype(np.int64 if whole else np.float64)
    except OverflowError:
        return a


def _whole(a: NDArray[Any], where: Where) -> NDArray[np.int64]:
    with np.errstate(invalid="ignore"):
        whole = a.astype(np.int64)
    bad = whole != a
    if bad.any():
        at = int(bad.argmax())
        value = a[at].item()
        expected = _NO_LABEL if is_missing(value) else "expected a class index, a whole number"
        msg = f"{where(at)} {value}, {expected}"
        raise ValueError(msg)
    return whole


def _look_up(values: list[Any], index: dict[Any, int], where: Where) -> NDArray[np.int64]:
    try:
        codes = np.fromiter(map(index.get, values, repeat(-1)), np.int64, len(values))
        at = int(codes.argmin())
        if codes[at] >= 0:
            return codes
        value = values[at]
        expected = f"which is not in classes{nearest_hint(value, index)}"
    except (TypeError, ValueError):  # not hashable, so no name
        at = next(i for i, value in enumerate(values) if not _hashable(value))
        value, expected = values[at], "expected a class name"
    msg = f"{where(at)} {shown(value)}, {_NO_LABEL if is_missing(value) else expected}"
    raise ValueError(msg)


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except (TypeError, ValueError):  # the latter by numpy.timedelta64 without a unit
        return False
    return True


def _unusable(values: list[Any], where: Where, hint: str) -> Exception:
    """Return the error for the first of `values` that is no class index."""
    at = next(i for i, value in enumerate(values) if not _is_index(value))
    value = values[at]
    if is_missing(value):
        return ValueError(f"{where(at)} {shown(value)}, {_NO_LABEL}")
    if isinstance(value, TEXT):
        return WrongKindError(f"{where(at)} {shown(value)}, a string; pass {hint}")
    kind = ValueError if isinstance(value, NUMBERS) else TypeError
    return kind(f"{where(at)} {shown(value)}, expected a class index, a whole number")


def _is_index(value: Any) -> bool:
    if isinstance(value, INTEGERS):
        return abs(int(value)) < 1 << 63
    return isinstance(value, NUMBERS) and not is_missing(value)
