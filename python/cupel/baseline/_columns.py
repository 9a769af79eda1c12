"""Which columns of a table a model is trained on, and as what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import nearest_hint
from cupel.baseline._dates import date_numbers

__all__ = ["Columns", "left_out_note", "plan_columns"]

_MOST_CATEGORIES = 1_000
_FEW_CATEGORIES = 30
_NEARLY_ALL = 0.98  # of the cells that say what kind a column is
_MOST_NAMED = 5
_HUGE = 1e30  # beyond, squares would leave the range of numbers
_NO_NUMBER = {"?", "-", "--", ".", "n/a", "na", "nan", "none", "null", "unknown"}
_ID_NAME = re.compile(r"(?:.*[_\s.-])?(?:id|idx|index|uuid|guid|key)|unnamed: \d+|", re.IGNORECASE)


@dataclass
class Columns:
    """Columns by what they hold, and what was left out.

    Attributes
    ----------
    numbers : dict of str to ndarray of float64
        Numbers, nan where missing; several for a date.
    categories : dict of str to ndarray of object
        Strings, empty where missing.
    texts : dict of str to list of str
        Texts, empty where missing.
    vectors : dict of str to ndarray of float32, shape (n, d)
        Embeddings.
    names : list of str
        The table's columns that take part.
    notes : list of str
        What was left out, and why.
    """

    numbers: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    categories: dict[str, NDArray[np.object_]] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def has_table(self) -> bool:
        """Whether there are numbers or categories."""
        return bool(self.numbers or self.categories)


def plan_columns(
    columns: Iterable[tuple[str, NDArray[Any]]],
    codes: NDArray[np.int64] | None,
    text: Sequence[str],
) -> Columns:
    """Sort columns by what they hold.

    Parameters
    ----------
    columns : iterable of (str, ndarray)
        Names and values: native numbers, or objects with None where missing.
    codes : ndarray of int64, shape (n,), or None
        Classes of the rows, -1 where missing: a column that repeats them is left out.
    text : sequence of str
        Columns that are texts whatever they look like.
    """
    plan = Columns()
    seen = []
    left_out: dict[str, list[str]] = {}
    for name, values in columns:
        seen.append(name)
        reason = _place(plan, name, values, codes, is_text=name in text)
        if reason is None:
            plan.names.append(name)
        else:
            left_out.setdefault(reason, []).append(name)
    for name in text:
        if name not in seen:
            msg = f"there is no column {name!r} for text{nearest_hint(name, seen)}"
            raise ValueError(msg)
    plan.notes += [left_out_note(names, reason) for reason, names in left_out.items()]
    return plan


def left_out_note(names: Sequence[str], reason: str) -> str:
    """Say that columns were left out, and why.

    Examples
    --------
    >>> left_out_note(["a", "b"], "no value in any row")
    "columns 'a' and 'b' left out: no value in any row"
    """
    shown_names = [repr(name) for name in names[:_MOST_NAMED]]
    more = len(names) - len(shown_names)
    if more:
        shown_names.append(f"{more:,} more")
    *firsts, last = shown_names
    told = f"{', '.join(firsts)} and {last}" if firsts else last
    return f"column{'s' if len(names) > 1 else ''} {told} left out: {reason}"


def _place(
    plan: Columns, name: str, values: NDArray[Any], codes: Any, *, is_text: bool
) -> str | None:
    """Put a column where it belongs, or say why it is left out."""
    if is_text:
        plan.texts[name] = _strings(values)
        return None if any(plan.texts[name]) else "no value in any row"
    if values.dtype.kind == "M":
        return _place_dates(plan, name, values)
    if values.dtype.kind in "biuf":
        return _place_numbers(plan, name, values, codes)
    present = [value for value in values if not _is_blank(value)]
    if not present:
        return "no value in any row"
    if all(isinstance(value, (list, tuple, np.ndarray)) for value in present):
        return _place_vectors(plan, name, values)
    if not all(isinstance(value, (str, int, float, np.generic)) for value in present):
        dates = date_numbers(values)
        if dates is not None:
            return _add_dates(plan, name, dates)
        return f"holds values of type {type(present[0]).__name__}"
    numbers = _as_numbers(values, len(present))
    if numbers is not None:
        return _place_numbers(plan, name, numbers, codes)
    dates = date_numbers(values) if all(isinstance(value, str) for value in present) else None
    if dates is not None:
        return _add_dates(plan, name, dates)
    return _place_strings(plan, name, _strings(values), codes)


def _place_numbers(plan: Columns, name: str, values: NDArray[Any], codes: Any) -> str | None:
    numbers = values.astype(np.float64)
    numbers[~np.isfinite(numbers)] = np.nan
    known = numbers[~np.isnan(numbers)]
    if not known.size:
        return "no value in any row"
    distinct = np.unique(known)
    if len(distinct) == 1 and len(known) == len(numbers):
        return "the same value in every row"
    if _is_identifier(name, numbers, distinct):
        return "a different whole number in every row, like an identifier"
    if _repeats_labels(numbers, codes):
        return "it repeats the labels, one value for each"
    plan.numbers[name] = np.clip(numbers, -_HUGE, _HUGE)
    return None


def _place_strings(plan: Columns, name: str, strings: list[str], codes: Any) -> str | None:
    counts = Counter(strings)
    counts.pop("", None)
    n_known, n_distinct = counts.total(), len(counts)
    if n_distinct == 1 and n_known == len(strings):
        return "the same value in every row"
    words = sum(len(value.split()) * count for value, count in counts.items()) / n_known
    if words >= 3 and (n_distinct > _FEW_CATEGORIES or n_distinct > 0.5 * n_known):
        plan.texts[name] = strings
        return None
    if n_distinct == n_known and n_known > _FEW_CATEGORIES:
        return "a different value in every row, like an identifier or a name"
    if n_distinct > min(_MOST_CATEGORIES, max(_FEW_CATEGORIES, 0.5 * n_known)):
        return f"{n_distinct:,} different values are too many for categories"
    values = np.array(strings, dtype=object)
    if _repeats_labels(values, codes):
        return "it repeats the labels, one value for each"
    plan.categories[name] = values
    return None


def _place_vectors(plan: Columns, name: str, values: NDArray[Any]) -> str | None:
    if any(value is None for value in values) or len({len(value) for value in values}) > 1:
        return "lists of different lengths"
    try:
        vectors = np.array([np.asarray(value, np.float32) for value in values])
    except (TypeError, ValueError):
        return "lists of something else than numbers"
    if vectors.ndim != 2 or not vectors.size:
        return "lists of something else than numbers"
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if bad.size:
        return f"row {bad[0]} holds a number that is missing or infinite"
    plan.vectors[name] = vectors
    return None


def _place_dates(plan: Columns, name: str, values: NDArray[Any]) -> str | None:
    dates = date_numbers(values)
    return "no value in any row" if dates is None else _add_dates(plan, name, dates)


def _add_dates(plan: Columns, name: str, dates: dict[str, NDArray[np.float64]]) -> str | None:
    varying = {part: v for part, v in dates.items() if len(np.unique(v[~np.isnan(v)])) > 1}
    if not varying:
        return "the same date in every row"
    plan.numbers |= {f"{name} ({part})": values for part, values in varying.items()}
    return None


def _is_identifier(name: str, numbers: NDArray[Any], distinct: NDArray[Any]) -> bool:
    """Whether whole numbers count rows, or are all different under a name that says id."""
    if len(distinct) < len(numbers) or (distinct != np.floor(distinct)).any():
        return False
    consecutive = distinct[-1] - distinct[0] == len(distinct) - 1
    return bool(len(distinct) > 10 and (consecutive or _ID_NAME.fullmatch(name.strip())))


def _repeats_labels(values: NDArray[Any], codes: NDArray[np.int64] | None) -> bool:
    """Whether every class has its own value and every value its own class."""
    if codes is None:
        return False
    known = codes >= 0
    pairs = set(zip(values[known].tolist(), codes[known].tolist(), strict=True))
    n_classes = len(np.unique(codes[known]))
    if len(pairs) != n_classes or len({value for value, _ in pairs}) != n_classes:
        return False
    return len({code for _, code in pairs}) == n_classes


def _as_numbers(values: NDArray[Any], n_present: int) -> NDArray[np.float64] | None:
    """Numbers written as strings, if nearly all are; the others count as missing."""
    numbers = np.full(len(values), np.nan)
    failed = 0
    for row, value in enumerate(values):
        if _is_blank(value) or (isinstance(value, str) and value.strip().lower() in _NO_NUMBER):
            continue
        try:
            numbers[row] = float(value)
        except ValueError:
            failed += 1
            if failed > (1 - _NEARLY_ALL) * n_present:
                return None
    return numbers


def _strings(values: NDArray[Any]) -> list[str]:
    return ["" if _is_blank(value) else str(value) for value in values]


def _is_blank(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))
