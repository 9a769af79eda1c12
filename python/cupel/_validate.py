"""The front door: the only place where user input is checked for kind and shape, and converted.

A TypeError is the wrong kind of thing, a ValueError a wrong value; both name the argument, the
first bad position, what was expected and what to do. Values of float matrices and the range of
integer labels are left to the core, which checks them in passes that it makes anyway (and has to:
another thread may write to the array after any check made here).
"""

from __future__ import annotations

import difflib
import math
import reprlib
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from itertools import chain, repeat
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Where: TypeAlias = Callable[[int], str]  # position -> "labels[7] is"

# Not np.signedinteger as a whole: numpy.timedelta64 is one.
_INTEGERS = (int, np.byte, np.short, np.intc, np.int_, np.longlong, np.unsignedinteger, np.bool_)
_NUMBERS = (*_INTEGERS, float, np.floating)
_TEXT = (str, bytes)
_LISTS = (list, tuple, AbstractSet)
_HOST_DEVICES = (1, 3, 11)  # DLPack: CPU, CUDA-pinned and ROCm-pinned host memory
_MAX_COPY = 1 << 47  # bytes; more than any process can address, so refuse before trying
_REMEDY = {
    "c": "take its real part",
    "f": "convert it with .astype(numpy.float64)",
    "M": "pass numbers, not dates",
    "m": "pass numbers, not durations",
    "O": "convert it with .astype(numpy.float64)",
    "V": "convert it with .astype(numpy.float32); a structured array, field by field",
}
_HINT = "classes=[...], the class names in the order of pred_probs' columns"
_NEED_LISTS = "multi_label=True needs a list of classes per row, e.g. [[0, 2], [], [1]]"
_SEVERAL = "for several labels per row use multi_label=True"
_NO_LABEL = "the row has no label; drop it (here and in pred_probs) or give it one"


def as_pred_probs(pred_probs: Any, *, name: str = "pred_probs", ndim: int = 2) -> NDArray[Any]:
    """Return `pred_probs` as a float array that the core can read where it lies.

    Parameters
    ----------
    pred_probs : array_like, shape (n, k)
        float16, float32 or float64 in any layout; integers or bools that are all 0 or 1.
    name : str
        The argument's name, for messages.
    ndim : int
        Number of dimensions expected.

    Returns
    -------
    ndarray of float16, float32 or float64
        The same memory if the elements of a row lie side by side, aligned and in native byte
        order, with rows any (also negative) multiple of the item size apart; else one copy.
    """
    if (
        type(pred_probs) is np.ndarray
        and pred_probs.dtype.char in "efd"
        and pred_probs.ndim == ndim
        and pred_probs.size
        and _in_place(pred_probs)
    ):
        return pred_probs
    a = _as_array(pred_probs, name)
    if a.dtype.kind == "O" and a.ndim:
        a = _object_matrix(pred_probs, a, name)
    if a.dtype.char not in "efd" and a.dtype.kind not in "iub":
        remedy = _REMEDY.get(a.dtype.kind, "parse the numbers first")
        msg = f"{name} must hold float16, float32 or float64, got {_kind(pred_probs, a)}; {remedy}"
        raise TypeError(msg)
    _check_shape(a, ndim, name)
    if a.dtype.kind in "iub":
        return _one_hot(a, name)
    return a if _in_place(a) else _copy(a, a.dtype, name)


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
        and _in_place(labels)
    ):
        return labels
    index = None if classes is None else _class_index(classes, n_classes)
    if isinstance(labels, (list, tuple, range)) and n_rows is not None:
        _check_length(len(labels), n_rows, name)
    a = _label_vector(labels, name)
    _check_length(len(a), n_rows, name)
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
    _check_length(len(rows), n_rows, name)
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


def as_class_vector(x: Any, n_classes: int, *, name: str) -> NDArray[np.float64]:
    """Return `x`, one finite number per class, as float64 of shape (k,)."""
    a = _numeric(x, name)
    if a.shape != (n_classes,):
        msg = f"{name} must have one value per class, shape ({n_classes},), got shape {a.shape}"
        raise ValueError(msg)
    a = np.array(a, dtype=np.float64)
    _check_cells(a, np.isfinite(a), "a finite number", name)
    return a


def as_square(
    x: Any, *, name: str, n_classes: int | None = None, multi_label: bool = False
) -> NDArray[Any]:
    """Return a confident joint, (k, k) or (k, 2, 2) for multi-label, as int64 or float64."""
    a = _numeric(x, name)
    k = a.shape[0] if n_classes is None and a.ndim else n_classes
    shape = (k, 2, 2) if multi_label else (k, k)
    if a.shape != shape or not k:
        wanted = "(k, 2, 2)" if multi_label else "(k, k)"
        for_k = "" if n_classes is None else f" with k = {n_classes}"
        msg = f"{name} must have shape {wanted}{for_k}, got {a.shape}"
        raise ValueError(msg)
    out = np.array(a, dtype=np.float64 if a.dtype.kind == "f" else np.int64, order="C")
    _check_cells(a, np.isfinite(out) & (out >= 0), "a finite number of at least 0", name)
    return out


def as_mask(mask: Any, n_rows: int | None, *, name: str) -> NDArray[np.bool_]:
    """Return `mask` as a contiguous bool vector of length `n_rows`."""
    a = _as_array(mask, name)
    if a.dtype.kind == "O" and a.ndim == 1 and set(map(type, a)) <= {bool, np.bool_}:
        a = a.astype(np.bool_)
    if a.dtype.kind != "b":
        msg = f"{name} must be a bool mask, got {_kind(mask, a)}"
        if a.dtype.kind in "iu":
            msg += f"; make one of indices by numpy.isin(numpy.arange(n), {name})"
        raise TypeError(msg)
    if a.ndim != 1:
        msg = f"{name} must have shape (n,), got {a.shape}"
        raise ValueError(msg)
    _check_length(len(a), n_rows, name)
    return np.ascontiguousarray(a)


def as_scores(scores: Any, *, name: str) -> NDArray[Any]:
    """Return `scores` as a contiguous, native float vector of its own; integers become float64.

    A copy, because what is sorted must not change meanwhile.
    """
    a = _numeric(scores, name)
    if a.ndim != 1:
        msg = f"{name} must have shape (n,), got {a.shape}"
        raise ValueError(msg)
    return _copy(a, a.dtype if a.dtype.kind == "f" else np.float64, name)


def as_choice(value: Any, choices: Iterable[str], *, name: str) -> str:
    """Return `value` if it is one of `choices`."""
    choices = list(choices)
    listed = ", ".join(map(repr, choices))
    if not isinstance(value, str):
        msg = f"{name} must be one of {listed}, got {type(value).__name__}"
        raise TypeError(msg)
    if value not in choices:
        msg = f"{name} must be one of {listed}, got {_show(value)}{_nearest(value, choices)}"
        raise ValueError(msg)
    return value


def _in_place(a: NDArray[Any]) -> bool:
    size = a.itemsize
    strides = a.strides
    return bool(
        strides[-1] == size
        and (len(strides) == 1 or not any(s % size for s in strides))
        and a.dtype.byteorder in "=|"  # isnative is also true of "<", which the core does not know
        and a.flags.aligned
    )


def _copy(a: NDArray[Any], dtype: Any, name: str) -> NDArray[Any]:
    dtype = np.dtype(np.dtype(dtype).char)  # native
    if a.size * dtype.itemsize > _MAX_COPY:
        msg = f"{name} of shape {a.shape} is too large: its layout or dtype needs a copy in memory"
        raise ValueError(msg)
    return a.astype(dtype, order="C")  # np.array() would keep a byte order of "<"


def _as_array(x: Any, name: str) -> NDArray[Any]:
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
    return a if type(a) is np.ndarray else _as_array(a, name)


def _kind(x: Any, a: NDArray[Any]) -> str:
    """Say what the user passed: its dtype, or its type where NumPy made nothing of it."""
    if a.ndim:
        return f"dtype {a.dtype}"
    sparse = " (sparse? use .toarray())" if hasattr(x, "toarray") else ""
    return f"{type(x).__name__}{sparse}"


def _object_matrix(x: Any, a: NDArray[Any], name: str) -> NDArray[Any]:
    """Return a frame of nullable or mixed numbers as float64; name the first cell that is none."""
    frame = hasattr(x, "to_numpy")
    if not all(issubclass(kind, _NUMBERS) for kind in set(map(type, a.flat))):
        for position, cell in np.ndenumerate(a):
            if not (isinstance(cell, _NUMBERS) or (frame and _missing(cell))):
                msg = f"{name}{_at(position)} is {_show(cell)}, expected a float"
                raise TypeError(msg)
    if not frame:
        return a
    return np.where(np.frompyfunc(_missing, 1, 1)(a).astype(bool), np.nan, a).astype(np.float64)


def _check_shape(a: NDArray[Any], ndim: int, name: str) -> None:
    if a.ndim != ndim:
        wanted = {1: "(n,)", 2: "(n, k)"}.get(ndim, f"of {ndim} dimensions")
        msg = f"{name} must have shape {wanted}, got {a.shape}"
        if ndim == 2 and a.ndim == 1:
            msg += f"; for two classes pass numpy.column_stack([1 - {name}, {name}])"
        raise ValueError(msg)
    if not a.size:
        msg = f"{name} has no {'columns' if a.shape[0] else 'rows'}, got shape {a.shape}"
        raise ValueError(msg)


def _one_hot(a: NDArray[Any], name: str) -> NDArray[Any]:
    if a.size * 8 > _MAX_COPY:
        return _copy(a, np.float64, name)
    other = (a != 0) & (a != 1)
    if other.any():
        at = np.unravel_index(other.argmax(), a.shape)
        msg = f"{name}{_at(at)} is {a[at]}; integers must be 0 or 1, pass probabilities as floats"
        raise ValueError(msg)
    return _copy(a, np.float64, name)


def _check_length(length: int, n_rows: int | None, name: str) -> None:
    if n_rows is not None and length != n_rows:
        msg = f"{name} has {length} rows, pred_probs has {n_rows}; they must describe the same rows"
        raise ValueError(msg)
    if not length:
        msg = f"{name} is empty, expected at least one row"
        raise ValueError(msg)


def _label_vector(labels: Any, name: str) -> NDArray[Any]:
    """Return single labels as a 1-D array of any dtype."""
    if isinstance(labels, (*_TEXT, Mapping, AbstractSet)):
        msg = f"{name} must be a sequence with one class per row, got {type(labels).__name__}"
        raise TypeError(msg)
    kinds = set(map(type, labels)) if isinstance(labels, (list, tuple)) else set()
    if any(issubclass(kind, _LISTS) for kind in kinds):
        at = next(i for i, row in enumerate(labels) if isinstance(row, _LISTS))
        msg = f"{name}[{at}] is {_show(labels[at])}, expected one class; {_SEVERAL}"
        raise ValueError(msg)
    if any(issubclass(kind, _TEXT) for kind in kinds):
        # NumPy would turn [1, "a"] into strings, and pad every one to the length of the longest.
        return np.fromiter(labels, dtype=object, count=len(labels))
    a = _as_array(labels, name)
    if a.ndim == 2 and a.shape[1] == 1 and hasattr(labels, "columns"):
        return a[:, 0]
    if a.ndim == 0 and a.dtype.kind == "O":
        msg = f"{name} must be a sequence with one class per row, got {_kind(labels, a)}"
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
        raise TypeError(msg)
    kinds = set(map(type, labels))
    if any(issubclass(kind, np.ndarray) for kind in kinds):
        labels = [row.tolist() if isinstance(row, np.ndarray) else row for row in labels]
        kinds = set(map(type, labels))
    if not all(issubclass(kind, _LISTS) for kind in kinds):
        at = next(i for i, row in enumerate(labels) if not isinstance(row, _LISTS))
        msg = f"{name}[{at}] is {_show(labels[at])}; {_NEED_LISTS}"
        raise TypeError(msg)
    return labels


def _class_index(classes: Any, n_classes: int | None) -> dict[Any, int]:
    """Return the position of each class name."""
    iterable = isinstance(classes, Iterable) and getattr(classes, "ndim", 1) == 1
    if not iterable or isinstance(classes, (*_TEXT, Mapping, AbstractSet)):
        msg = f"classes must be a sequence of class names, got {type(classes).__name__}"
        raise TypeError(msg)
    names = classes.tolist() if isinstance(classes, np.ndarray) else list(classes)
    kind = _TEXT if names and isinstance(names[0], _TEXT) else _NUMBERS
    index: dict[Any, int] = {}
    for position, name in enumerate(names):
        if not isinstance(name, kind) or (kind is _NUMBERS and _missing(name)):
            msg = f"classes[{position}] is {_show(name)}; give all strings or all integers"
            raise TypeError(msg)
        if index.setdefault(name, position) != position:
            msg = f"classes[{position}] repeats {_show(name)}, as classes[{index[name]}]"
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
        names = index is not None and any(issubclass(kind, _TEXT) for kind in kinds)
        if a.dtype.kind == "O" and not names:
            raise _unusable(a.tolist(), where, hint)
    kind = a.dtype.kind
    if kind not in "iubfOUST" or a.dtype.char == "g":
        expected = "integers" if index is None else "integers or names from classes"
        msg = f"{name} must hold {expected}, got dtype {a.dtype}; {_REMEDY[kind]}"
        raise TypeError(msg)
    if index is not None and (kind in "OUST" or isinstance(next(iter(index), ""), _NUMBERS)):
        return _look_up(a.tolist(), index, where)
    if kind in "UST":
        raise _unusable(a.tolist(), where, hint)
    if kind == "f":
        return _whole(a, where)
    if kind == "b":
        a = a.view(np.uint8)
    return a if _in_place(a) else _copy(a, a.dtype, name)


def _numbers(a: NDArray[Any], kinds: set[type]) -> NDArray[Any]:
    """Return an object vector, which holds values of these `kinds`, as numbers if it can be."""
    if not all(issubclass(kind, _NUMBERS) for kind in kinds):
        return a
    whole = all(issubclass(kind, _INTEGERS) for kind in kinds)
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
        expected = _NO_LABEL if _missing(value) else "expected a class index, a whole number"
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
        expected = f"which is not in classes{_nearest(value, index)}"
    except (TypeError, ValueError):  # not hashable, so no name
        at = next(i for i, value in enumerate(values) if not _hashable(value))
        value, expected = values[at], "expected a class name"
    msg = f"{where(at)} {_show(value)}, {_NO_LABEL if _missing(value) else expected}"
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
    if _missing(value):
        return ValueError(f"{where(at)} {_show(value)}, {_NO_LABEL}")
    if isinstance(value, _TEXT):
        return TypeError(f"{where(at)} {_show(value)}, a string; pass {hint}")
    kind = ValueError if isinstance(value, _NUMBERS) else TypeError
    return kind(f"{where(at)} {_show(value)}, expected a class index, a whole number")


def _is_index(value: Any) -> bool:
    if isinstance(value, _INTEGERS):
        return abs(int(value)) < 1 << 63
    return isinstance(value, _NUMBERS) and not _missing(value)


def _numeric(x: Any, name: str) -> NDArray[Any]:
    a = _as_array(x, name)
    if a.dtype.char not in "efd" and a.dtype.kind not in "iu":
        msg = f"{name} must hold numbers, got {_kind(x, a)}"
        raise TypeError(msg)
    return a


def _check_cells(a: NDArray[Any], good: NDArray[np.bool_], expected: str, name: str) -> None:
    if not good.all():
        at = np.unravel_index(good.argmin(), a.shape)
        msg = f"{name}{_at(at)} is {a[at]}, expected {expected}"
        raise ValueError(msg)


def _at(position: tuple[Any, ...]) -> str:
    return f"[{', '.join(map(str, position))}]"


def _missing(value: Any) -> bool:
    if isinstance(value, (float, np.floating)):
        return math.isnan(value)
    # By name, so that pandas' markers are known without importing pandas.
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _show(value: Any) -> str:
    try:
        return reprlib.repr(value.item() if isinstance(value, np.generic) else value)
    except ValueError:  # an int of too many digits to print
        return f"a {type(value).__name__}"


def _nearest(value: Any, names: Iterable[Any]) -> str:
    texts = [name for name in names if isinstance(name, str)]
    close = difflib.get_close_matches(value, texts, 1) if isinstance(value, str) else []
    return f"; did you mean {close[0]!r}?" if close else ""
