"""Data read in batches of rows, and the counts of label issues that are kept of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._naming import rows_named
from cupel._problem import Problem
from cupel._validate import as_labels, as_pred_probs

__all__ = ["Batches", "IssueCounts", "Predictions", "as_count", "as_source"]

_TOLERANCE = 1e-6


def as_count(value: Any, name: str) -> int:
    """Return `value` if it is an integer of at least 1."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        msg = f"{name} must be an integer, got {value!r}"
        raise TypeError(msg)
    count: int = value.__index__()
    if count < 1:
        msg = f"{name} must be at least 1, got {count}"
        raise ValueError(msg)
    return count


def as_source(x: Any, path: Any, name: str) -> Any:
    """Return what slices of rows can be taken of: `x`, or the file at `path`, mapped.

    Lists, series and frames become arrays; whatever else has a ``shape`` stays as it is.
    """
    if (x is None) == (path is None):
        msg = f"pass either {name} or {name}_file" + ("" if x is None else ", not both")
        raise ValueError(msg)
    if path is not None:
        if not isinstance(path, str):
            msg = f"{name}_file must be the path of a .npy file, got {type(path).__name__}"
            raise ValueError(msg)
        x = np.load(path, mmap_mode="r")
    sliceable = hasattr(x, "shape") and hasattr(x, "__getitem__") and not hasattr(x, "iloc")
    if sliceable:
        return x
    return as_labels(x, None) if name == "labels" else as_pred_probs(x)


class Batches:
    """Labels and probabilities of `size` rows at a time, as often as they are iterated over."""

    def __init__(self, labels: Any, pred_probs: Any, size: Any) -> None:
        self._labels = labels
        self._pred_probs = pred_probs
        self._size = as_count(size, "batch_size")
        if len(pred_probs.shape) != 2:
            msg = f"pred_probs must have shape (n, k), got {tuple(pred_probs.shape)}"
            raise ValueError(msg)
        self.n_rows, self.n_classes = map(int, pred_probs.shape)
        if not self.n_classes:
            msg = f"pred_probs has no columns, got shape {tuple(pred_probs.shape)}"
            raise ValueError(msg)
        if labels.shape[:1] != (self.n_rows,):
            msg = f"labels has shape {tuple(labels.shape)}, pred_probs has {self.n_rows} rows"
            raise ValueError(msg)
        if not self.n_rows:
            msg = "labels and pred_probs have no rows, expected at least one"
            raise ValueError(msg)

    def __iter__(self) -> Iterator[tuple[slice, Any, Any]]:
        """Yield (rows, their labels, their probabilities)."""
        for begin in range(0, self.n_rows, self._size):
            rows = slice(begin, min(begin + self._size, self.n_rows))
            yield rows, self._labels[rows], self._pred_probs[rows]

    def named(self, rows: slice) -> AbstractContextManager[None]:
        """Return a context in which errors name rows by their number in all batches."""
        return rows_named(lambda row: str(rows.start + row))


@dataclass(frozen=True, slots=True)
class Predictions:
    """The most probable class of each row of a batch, next to the given one.

    Attributes
    ----------
    given, predicted : ndarray of int64, shape (m,)
        Classes.
    given_probs, predicted_probs : ndarray of float, shape (m,)
        Their probabilities.
    """

    given: NDArray[np.int64]
    predicted: NDArray[np.int64]
    given_probs: NDArray[Any]
    predicted_probs: NDArray[Any]

    @classmethod
    def of(cls, batch: Problem) -> Predictions:
        """Read a checked batch, in one pass of the core and two look-ups."""
        given = batch.checked_labels()
        predicted = _core.argmax(batch.pred_probs, batch.threads)
        rows = np.arange(len(given))
        probs = batch.pred_probs
        return cls(given, predicted, probs[rows, given], probs[rows, predicted])

    def other(self) -> NDArray[np.bool_]:
        """Where the predicted class is another, even with 1e-6 added to the given one's share."""
        lead = self.given_probs + self.given_probs.dtype.type(_TOLERANCE)
        first = (self.predicted_probs == lead) & (self.predicted < self.given)
        return np.asarray((self.predicted != self.given) & ((self.predicted_probs > lead) | first))


class IssueCounts:
    """Counts, for each given class, of confident predictions and of those of another class."""

    def __init__(self, n_classes: int) -> None:
        self._examples = np.zeros(n_classes, dtype=np.int64)
        self._confident = np.zeros(n_classes, dtype=np.int64)
        self._other = np.zeros(n_classes, dtype=np.int64)

    def update(self, predictions: Predictions, thresholds: NDArray[np.float64]) -> None:
        """Add a batch. Thresholds are compared in float64, whatever the probabilities are."""
        given, predicted = predictions.given, predictions.predicted
        k = len(self._examples)
        confident = predictions.predicted_probs >= thresholds[predicted] - _TOLERANCE
        self._examples += np.bincount(given, minlength=k)
        self._confident += np.bincount(given[confident], minlength=k)
        self._other += np.bincount(given[confident & (predicted != given)], minlength=k)

    def plain(self) -> np.int64:
        """Return the number of confident predictions of another class."""
        return np.int64(self._other.sum())

    def calibrated(self) -> np.int64:
        """Return the same with each class scaled to its number of examples."""
        share = self._other / np.maximum(self._confident, _TOLERANCE)
        return np.int64(np.rint((share * self._examples).sum()))
