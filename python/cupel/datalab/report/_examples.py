"""How a row of the data is told: its name, its label, and what to know it by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cupel.datalab.report._thumbnails import TINY, Thumbnails
from cupel.datalab.report._wording import clean, listed, number

if TYPE_CHECKING:
    from cupel.datalab._dataset import Dataset
    from cupel.datalab._record import AuditRecord

__all__ = ["Preview", "Previews", "code_text", "label_text", "row_name", "value_text"]

_NAME, _TEXT, _VALUE = 60, 240, 48
_COLUMNS = 5
_LONG, _PROBED = 28, 100  # from this mean length on, text speaks for itself
_LABELS = 8


@dataclass(frozen=True)
class Preview:
    """What a row is known by: an image, a text, or a few of its values."""

    image: str = ""
    alt: str = ""
    is_tiny: bool = False
    text: str = ""
    values: list[tuple[str, str]] = field(default_factory=list)


class Previews:
    """Shows rows in the way that fits the columns of the data.

    Parameters
    ----------
    record : AuditRecord
        The audit.
    thumbnails : Thumbnails
        Where images come from.
    """

    def __init__(self, record: AuditRecord, thumbnails: Thumbnails) -> None:
        self._record, self._thumbnails = record, thumbnails
        self._text = _text_column(record.dataset)
        names = [name for name in record.dataset.feature_names if name != self._text]
        self._names = names[:_COLUMNS]

    def of(self, row: int) -> Preview:
        """Return what the row is known by."""
        data = self._record.dataset
        image = self._thumbnails.of(row)
        if image:
            label = label_text(self._record, row)
            name = row_name(self._record, row)
            alt = f"{name}, labelled {label}" if label else name
            return Preview(image, alt, image.startswith(TINY))
        if self._text is not None:
            return Preview(text=clean(data.cell(self._text, row), _TEXT))
        cells = ((name, _short(data, name, row)) for name in self._names)
        return Preview(values=[(clean(name, 40), cell) for name, cell in cells if cell])


def _short(data: Dataset, name: str, row: int) -> str:
    cell = data.cell(name, row)
    has_digits = data.kind(name) == "number" and "." in cell
    return number(cell) if has_digits else clean(cell, _VALUE)


def _text_column(data: Dataset) -> str | None:
    """Return the column of the longest texts, if they are sentences rather than words."""
    probed = np.linspace(0, data.n_rows - 1, min(data.n_rows, _PROBED)).astype(int).tolist()
    best, longest = None, float(_LONG)
    for name in data.feature_names:
        if data.kind(name) == "text" and probed:
            mean = sum(min(len(data.cell(name, row)), 1000) for row in probed) / len(probed)
            if mean > longest:
                best, longest = name, mean
    return best


def row_name(record: AuditRecord, row: int) -> str:
    """Return what the row is called: its id, or its number."""
    if record.dataset.id_name is None:
        return f"Row {row}"
    return clean(record.dataset.row_ids()[row], _NAME) or f"Row {row}"


def label_text(record: AuditRecord, row: int) -> str:
    """Return the given label of a row; empty where there are none."""
    if not record.labels.is_available:
        return ""
    return code_text(record, record.labels.values[row])


def code_text(record: AuditRecord, value: Any) -> str:
    """Return a label as it is written: a class by its name, a number, a list of classes."""
    if record.task == "regression":
        return number(value)
    if record.task == "multilabel":
        names = [clean(record.labels.name(code), _VALUE) for code in value]
        return listed(names, _LABELS) if names else "(none)"
    return clean(record.labels.name(int(value)), _NAME) or "(empty)"


def value_text(value: Any) -> str:
    """Return the value of a column of a finding."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)):
        return number(value)
    if isinstance(value, (list, tuple, np.ndarray)):
        shown = ", ".join(str(item) for item in value[:_LABELS])
        more = len(value) - _LABELS
        return clean(f"{shown} and {more} more" if more > 0 else shown) or "none"
    return clean(value, _NAME)
