"""Columns that number or name the examples: a model that sees them learns the examples by heart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import as_array
from cupel.datalab._finding import TASKS, Check, Finding

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord

__all__ = ["CHECK"]

_FEWEST_ROWS = 3  # two different numbers that follow each other are no numbering
_LONGEST = 64  # of a text that names an example
_UUID = re.compile(r"\{?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_SAMPLE = 1000  # rows that tell most other columns at once


def find(context: Context) -> Finding:
    """Look through the features and the columns of the data set besides label, id and split."""
    found = [name for name, values in _columns(context) if _identifies(values)]
    n = context.n_rows
    return Finding(
        "identifier_column",
        np.zeros(n, dtype=np.bool_),
        np.ones(n),
        0.0 if found else 1.0,
        info={"identifier_columns": found, "num_identifier_columns": len(found)},
    )


def _columns(context: Context) -> Iterator[tuple[Any, NDArray[Any]]]:
    seen = set()
    for name, values in _feature_columns(context.features):
        seen.add(name)
        yield name, values
    for name in context.dataset.feature_names:
        if name not in seen:
            yield name, context.dataset.column(name)


def _feature_columns(features: Any) -> Iterator[tuple[Any, NDArray[Any]]]:
    if features is None:
        return
    if isinstance(features, Mapping):
        for name, values in features.items():
            yield name, np.asarray(values)
    elif hasattr(features, "columns"):
        for name in getattr(features, "column_names", features.columns):
            yield name, np.asarray(features[name])
    elif not hasattr(features, "toarray"):
        a = as_array(features, "features")
        if a.ndim == 2:
            yield from enumerate(a.T)


def _identifies(values: NDArray[Any]) -> bool:
    if len(values) < _FEWEST_ROWS:
        return False
    if values.dtype.kind in "iuf":
        return _numbers_rows(values[:_SAMPLE], whole=False) and _numbers_rows(values, whole=True)
    return values.dtype.kind in "OUT" and _names_rows(values)


def _numbers_rows(values: NDArray[Any], *, whole: bool) -> bool:
    """Whether no number occurs twice and, in the `whole` column, none is left out between them."""
    if not np.isfinite(values).all():
        return False
    if values.dtype.kind == "f" and (values != np.rint(values)).any():
        return False
    if whole and int(values.max()) - int(values.min()) != len(values) - 1:
        return False
    return len(np.unique(values)) == len(values)


def _names_rows(values: NDArray[Any]) -> bool:
    """Whether all are different short texts that look like identifiers, not like words."""
    texts = values.tolist()
    if not all(isinstance(text, str) and _is_identifier(text) for text in texts):
        return False
    return len(set(texts)) == len(texts)


def _is_identifier(text: str) -> bool:
    if not 0 < len(text) <= _LONGEST:
        return False
    if _UUID.fullmatch(text):
        return True
    is_number = text.lstrip("+-").replace(".", "", 1).isdigit() and "." in text
    return not is_number and bool(_DIGIT.search(text)) and not any(c.isspace() for c in text)


def explain(_record: AuditRecord, finding: Finding, _row: int) -> str:
    """Name the columns; no single example has this issue."""
    names = finding.info["identifier_columns"]
    if not names:
        return "No column numbers or names the examples."
    listed = ", ".join(map(str, names))
    return f"Each example has a value of its own in {listed}, by which a model could tell it apart."


CHECK = Check(
    name="identifier_column",
    description=(
        "A column only numbers or names the examples (row numbers, keys). Leave it out of the "
        "features: what a model learns from it does not hold for new examples."
    ),
    needs={task: (frozenset({"features"}), frozenset({"table"})) for task in TASKS},
    find=find,
    explain=explain,
    is_default=False,
)
