"""Class names, and labels written as integers or text turned into class positions."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cupel.cli.errors import CliError, printable
from cupel.cli.files import check_regular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["check_class_names", "encode_labels", "is_label", "parse_classes"]

_LARGEST_CLASSES_FILE = 64 * 2**20
_LONG = 64  # characters up to which names are compared for "did you mean"


def parse_classes(text: str) -> list[str]:
    """Class names from ``a,b,c`` or from a file that has one name a line."""
    try:
        is_file = Path(text).is_file()
    except (OSError, ValueError):  # too long, or a zero byte: not a file's name
        is_file = False
    if not is_file:
        return [name.strip() for name in text.split(",")]
    path = Path(text)
    if check_regular(path) > _LARGEST_CLASSES_FILE:
        msg = f"--classes {printable(text)}: the file is too large to be a list of names"
        raise CliError(msg)
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"--classes {printable(text)}: cannot be read as UTF-8 text ({error})"
        raise CliError(msg) from error


def check_class_names(names: Sequence[str], n_classes: int, origin: str) -> None:
    """Refuse class names that are not as many as the columns, empty, or there twice."""
    if len(names) != n_classes:
        msg = f"{origin}: {len(names):,} class names for {n_classes:,} columns of PRED_PROBS"
        raise CliError(msg)
    seen: set[str] = set()
    for position, name in enumerate(names):
        if not name or name in seen:
            problem = f"'{printable(name)}' is there twice" if name else "the name is empty"
            msg = f"{origin}: class {position}: {problem}; name the classes with --classes"
            raise CliError(msg)
        seen.add(name)


def is_label(text: str, names: Sequence[str] | None) -> bool:
    """Whether the text can be a label: a class name or an integer."""
    return (names is not None and text in names) or text.strip().lstrip("+-").isdecimal()


def encode_labels(
    values: Any, names: Sequence[str] | None, n_classes: int, source: str
) -> NDArray[np.int64]:
    """Class positions of labels that are class names or positions.

    Parameters
    ----------
    values : ndarray or pyarrow array, shape (n,)
        Integers or texts. Where all are class names they are read as names, even if they look like
        integers; where none is, they must be the classes' positions, counted from 0.
    names : sequence of str or None
        Class names in column order, if known.
    n_classes : int
        Number of columns of the probabilities.
    source : str
        Name of the file, for messages.

    Returns
    -------
    ndarray of int64, shape (n,)
        Positions in ``[0, n_classes)``.

    Raises
    ------
    CliError
        For the first label that is missing, no class name and no position.

    Examples
    --------
    >>> encode_labels(np.array(["dog", "cat"]), ["cat", "dog"], 2, "labels.npy")
    array([1, 0])
    """
    if names is None and isinstance(values, np.ndarray) and values.dtype.kind in "iu":
        return _checked_positions(values, n_classes, source)
    # All work on texts is done once for each different label.
    encoded = _as_dictionary(values, source)
    if encoded.null_count:
        row = int(np.flatnonzero(encoded.is_null().to_numpy(zero_copy_only=False))[0])
        msg = f"{source}: row {row} has no label; fill it in, or remove the row from both files"
        raise CliError(msg)
    as_names = _name_positions(encoded.dictionary, names)
    positions = as_names if (as_names >= 0).any() else _numbers(encoded.dictionary)
    indices = encoded.indices.to_numpy()
    codes: NDArray[np.int64] = positions[indices]
    bad = (codes < 0) | (codes >= n_classes)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        label = encoded.dictionary[int(indices[row])].as_py()
        msg = f"{source}: row {row}: {_complaint(label, names, n_classes)}"
        raise CliError(msg)
    return codes


def _checked_positions(values: NDArray[Any], n_classes: int, source: str) -> NDArray[np.int64]:
    bad = (values < 0) | (values >= n_classes)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        msg = f"{source}: row {row}: {_complaint(str(values[row]), None, n_classes)}"
        raise CliError(msg)
    return values.astype(np.int64, copy=False)


def _as_dictionary(values: Any, source: str) -> Any:
    """Any array of labels as an Arrow dictionary array of strings."""
    try:
        if isinstance(values, np.ndarray):
            values = pa.array(values)
        if isinstance(values, pa.ChunkedArray):
            values = values.unify_dictionaries().combine_chunks()
        if pa.types.is_dictionary(values.type):  # decoded, one long text could fill the memory
            texts = values.dictionary.cast(pa.large_string())
            return pa.DictionaryArray.from_arrays(values.indices, texts)
        if pa.types.is_boolean(values.type):
            values = values.cast(pa.int8())
        if pa.types.is_floating(values.type):
            values = _integral(values, source)
        return values.cast(pa.large_string()).dictionary_encode()
    except (pa.ArrowException, TypeError, ValueError) as error:
        msg = f"{source}: the labels are not integers or text ({printable(str(error))})"
        raise CliError(msg) from error


def _integral(values: Any, source: str) -> Any:
    """Floats as integers where nothing is lost: many tools write integer labels as 3.0."""
    floats = values.cast(pa.float64()).to_numpy(zero_copy_only=False)  # null becomes nan
    missing = np.isnan(floats)
    good = missing | ((np.abs(floats) < 2.0**53) & (floats == np.trunc(floats)))
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        msg = f"{source}: row {row}: label {floats[row]} is not an integer or a class name"
        raise CliError(msg)
    return pa.array(np.where(missing, 0, floats).astype(np.int64), mask=missing)


def _name_positions(different: Any, names: Sequence[str] | None) -> NDArray[np.int64]:
    if names is None:
        return np.full(len(different), -1)
    found = pc.index_in(different, value_set=pa.array(names, type=pa.large_string()))
    positions: NDArray[np.int64] = found.fill_null(-1).to_numpy().astype(np.int64)
    return positions


def _numbers(different: Any) -> NDArray[np.int64]:
    """Texts as integers, -1 where they are not; a label column may hold millions of texts."""
    trimmed = pc.utf8_trim_whitespace(different)
    is_number = pc.match_substring_regex(trimmed, r"^\+?[0-9]{1,18}(\.0*)?$")
    digits = pc.replace_substring_regex(trimmed, r"^\+|\.0*$", "")
    numbers: NDArray[np.int64] = (
        pc.if_else(is_number, digits, "-1").cast(pa.int64()).to_numpy().copy()
    )
    return numbers


def _complaint(label: str, names: Sequence[str] | None, n_classes: int) -> str:
    shown = f"label '{printable(label)}'"
    if names is None:
        if is_label(label, None):
            return f"{shown} is outside 0..{n_classes - 1}, the columns of PRED_PROBS"
        return f"{shown} is text but the classes have no names; give them with --classes"
    near = difflib.get_close_matches(label[:_LONG], [n for n in names if len(n) < _LONG], 1)
    hint = f"; did you mean '{printable(near[0])}'?" if near else f": {_listed(names)}"
    return f"{shown} is not one of the {n_classes:,} classes{hint}"


def _listed(names: Sequence[str]) -> str:
    return printable(", ".join(names[:10])) + (", …" if len(names) > 10 else "")
