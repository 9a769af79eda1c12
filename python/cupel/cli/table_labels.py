"""Labels of a table: classes, numbers, or several classes a row; and what cannot be labels."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel.cli.errors import CliError, printable

__all__ = ["as_labels", "label_notes"]

_FEWEST_ROWS = 10
_MOST_CLASSES = 1_000
_FEW_NUMBERS = 20  # so few different ones are classes rather than measurements
_MOST_NAMED = 5
_NO_LABEL = {"na", "n/a", "nan", "null", "none", "unknown", "?", "-", "#n/a"}


def as_labels(
    values: NDArray[Any], name: str, asked: str, notes: list[str]
) -> tuple[str, NDArray[np.object_]]:
    """Decide on the task, and return the labels as it has them, None where missing.

    Parameters
    ----------
    values : ndarray, shape (n,)
        The column: native numbers, or objects.
    name : str
        Of the column.
    asked : str
        The task that was asked for, or ``"auto"``.
    notes : list of str
        What is decided is told here.

    Raises
    ------
    CliError
        If there are too few labels, one class, or as many as rows.
    """
    labels = _plain(values)
    present = [value for value in labels if value is not None]
    _check_number(len(present), len(labels), name)
    task = _task(present, name, notes) if asked == "auto" else asked
    if task == "multilabel":
        labels = _sets(labels, name)
    elif task == "regression":
        _check_numbers(labels, name)
    else:
        _check_classes(present, name)
    return task, labels


def label_notes(labels: NDArray[np.object_], name: str, task: str) -> list[str]:
    """Tell what is worth a look about the labels: missing ones, near-equal names."""
    notes = []
    missing = np.flatnonzero([label is None for label in labels])
    if missing.size:
        named = ", ".join(map(str, missing[:_MOST_NAMED]))
        more = ", …" if len(missing) > _MOST_NAMED else ""
        one = len(missing) == 1
        notes.append(
            f"{len(missing):,} {'row has' if one else 'rows have'} no label in {name!r} "
            f"({'row' if one else 'rows'} {named}{more}): left out of the audit; the list says "
            f"what the model thinks of {'it' if one else 'them'}"
        )
    if task == "classification":
        notes += _alike(labels)
    return notes


def _plain(values: NDArray[Any]) -> NDArray[np.object_]:
    """Python values, None where missing; whole numbers as int."""
    labels = np.empty(len(values), dtype=object)
    if values.dtype.kind == "f":
        known = np.isfinite(values)
        whole = bool((values[known] == np.floor(values[known])).all() and (~known).any())
        convert: Callable[[Any], Any] = int if whole else float
        labels[known] = [convert(value) for value in values[known]]
        return labels
    labels[:] = values.tolist()
    for row, value in enumerate(labels):
        if isinstance(value, str) and not value.strip():
            labels[row] = None
    return labels


def _check_number(n_present: int, n_rows: int, name: str) -> None:
    if not n_present:
        msg = f"column {name!r} has no label in any of the {n_rows:,} rows; choose another: --label"
        raise CliError(msg)
    if n_present < _FEWEST_ROWS:
        msg = (
            f"{n_present} rows have a label in {name!r}; the audit trains a model and needs at "
            f"least {_FEWEST_ROWS}"
        )
        raise CliError(msg)


def _task(present: list[Any], name: str, notes: list[str]) -> str:
    if all(isinstance(value, (list, tuple, set, np.ndarray)) for value in present):
        return "multilabel"
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in present):
        return "classification"
    numbers = np.array(present, dtype=np.float64)
    distinct = np.unique(numbers)
    if len(distinct) <= _FEW_NUMBERS or _are_codes(numbers, distinct):
        return "classification"
    if len(distinct) == len(numbers) and _count_rows(distinct):
        raise CliError(_like_ids(name))
    notes.append(
        f"{name!r} holds {len(distinct):,} different numbers: taken as amounts (regression); "
        "--task classification takes them as classes"
    )
    return "regression"


def _are_codes(numbers: NDArray[np.float64], distinct: NDArray[np.float64]) -> bool:
    """Whether numbers are classes 0..k-1 or 1..k, each with some examples."""
    consecutive = distinct[-1] - distinct[0] == len(distinct) - 1
    whole = bool((distinct == np.floor(distinct)).all())
    return whole and consecutive and distinct[0] in (0, 1) and len(numbers) >= 10 * len(distinct)


def _count_rows(distinct: NDArray[np.float64]) -> bool:
    return bool((distinct == np.floor(distinct)).all()) and bool(
        distinct[-1] - distinct[0] == len(distinct) - 1
    )


def _like_ids(name: str) -> str:
    return (
        f"column {name!r} has a different value in every row: it names rows and cannot be the "
        "label; choose another column with --label (and this one with --id-column)"
    )


def _check_classes(present: list[Any], name: str) -> None:
    try:
        counts = Counter(present)
    except TypeError as error:
        msg = f"column {name!r} holds {type(present[0]).__name__} values, which cannot be classes"
        raise CliError(msg) from error
    if len(counts) == 1:
        only = printable(str(present[0]), 60)
        msg = (
            f"column {name!r} has one class only, {only!r}: there is nothing to compare; put rows "
            "of all classes into one file"
        )
        raise CliError(msg)
    if len(counts) == len(present):
        raise CliError(_like_ids(name))
    if len(counts) > 0.5 * len(present):
        msg = (
            f"column {name!r} has {len(counts):,} different labels in {len(present):,} rows: too "
            "few examples of each to learn from; choose another column with --label"
        )
        raise CliError(msg)
    if len(counts) > _MOST_CLASSES:
        msg = (
            f"column {name!r} has {len(counts):,} classes, the most are {_MOST_CLASSES:,}; join "
            "classes, or train a model of your own: cupel audit LABELS PRED_PROBS"
        )
        raise CliError(msg)


def _check_numbers(labels: NDArray[np.object_], name: str) -> None:
    for row, value in enumerate(labels):
        if value is not None and not isinstance(value, (int, float)):
            msg = (
                f"column {name!r}, row {row}: {printable(repr(value), 60)} is no number; "
                "--task regression needs numbers, --task classification takes classes"
            )
            raise CliError(msg)
    if len({value for value in labels if value is not None}) == 1:
        msg = f"column {name!r} holds the same number in every row: there is nothing to predict"
        raise CliError(msg)


def _sets(labels: NDArray[np.object_], name: str) -> NDArray[np.object_]:
    """Return lists of classes, from lists or text: JSON, or names separated by ; | or ,."""
    separator = next((s for s in ";|," if any(isinstance(v, str) and s in v for v in labels)), ",")
    out = np.empty(len(labels), dtype=object)
    for row, value in enumerate(labels):
        if value is not None:
            out[row] = _set(value, separator, f"column {name!r}, row {row}")
    if len({label for value in out if value is not None for label in value}) < 2:
        msg = f"column {name!r} has fewer than two different labels: there is nothing to compare"
        raise CliError(msg)
    return out


def _set(value: Any, separator: str, where: str) -> list[Any]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError as error:
            msg = f"{where}: {printable(value, 60)!r} is no JSON list of labels ({error})"
            raise CliError(msg) from error
    elif isinstance(value, str):
        value = [part.strip() for part in value.split(separator)]
    elif not isinstance(value, (list, tuple, set, np.ndarray)):
        value = [value]
    return [label for label in value if label not in ("", None)]


def _alike(labels: NDArray[np.object_]) -> list[str]:
    """Tell of classes whose names differ in case or spaces only, or read like no label."""
    by_form: dict[str, list[str]] = {}
    for value in sorted({value for value in labels if isinstance(value, str)}):
        by_form.setdefault(re.sub(r"[\s_-]+", " ", value.strip().lower()), []).append(value)
    notes = [
        f"labels {' and '.join(map(repr, names))} differ in case or spaces only, and count as "
        f"{len(names)} classes"
        for names in by_form.values()
        if len(names) > 1
    ]
    notes += [
        f"label {names[0]!r} counts as a class; leave cells empty that have no label"
        for form, names in by_form.items()
        if form in _NO_LABEL
    ]
    return notes[:_MOST_NAMED]
