"""Labels and predictions of boxes, checked and laid out for the core; for the front door only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import as_numbers, at_position

__all__ = ["Boxes", "Floats", "Ints", "Side", "as_images"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
NameOf: TypeAlias = Callable[[int], str]

_ROWS = {4: "[x1, y1, x2, y2]", 5: "[x1, y1, x2, y2, probability]"}


@dataclass(frozen=True, slots=True)
class Side:
    """The labels, or the predictions, of all images: one after the other.

    Attributes
    ----------
    values : ndarray of float64, shape (n, 4) or (n, 5)
        A row per box; for predictions with the probability.
    classes : ndarray of int64, shape (n,)
        Class of each box.
    offsets : ndarray of int64, shape (images + 1,)
        Image i has the boxes offsets[i]:offsets[i + 1].
    whole : bool
        Whether the caller's numbers were integers.
    """

    values: Floats
    classes: Ints
    offsets: Ints
    whole: bool

    @classmethod
    def of_images(
        cls, boxes: Sequence[Any], classes: Sequence[Any], width: int, box_name: str, name: str
    ) -> Side:
        """Check and join arrays of boxes and of their classes, one of each per image."""
        values, lengths, whole = _tables(boxes, width, box_name.format)
        vectors = [
            _class_vector(x, length, name.format(i))
            for i, (x, length) in enumerate(zip(classes, lengths.tolist(), strict=True))
        ]
        joined = np.concatenate([np.empty(0, np.int64), *vectors], dtype=np.int64)
        return cls(values, joined, _offsets(lengths), whole)

    def counts(self) -> Ints:
        """Return the number of boxes of each image."""
        return np.diff(self.offsets)

    def images(self) -> Ints:
        """Return the image of each box."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.counts())

    def split(self, scores: Floats) -> list[Floats]:
        """Return the scores of boxes, one array per image."""
        ends = self.offsets.tolist()
        return [scores[a:b] for a, b in pairwise(ends)]

    def only(self, keep: NDArray[np.bool_]) -> Side:
        """Return the boxes that `keep` is true for."""
        kept_before = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)
        return Side(self.values[keep], self.classes[keep], kept_before[self.offsets], self.whole)


@dataclass(frozen=True, slots=True)
class Boxes:
    """Both sides, image by image.

    Attributes
    ----------
    given, predicted : Side
        Labels and predictions.
    class_counts : ndarray of int64, shape (images,)
        For how many classes each image has an array of predictions.
    """

    given: Side
    predicted: Side
    class_counts: Ints

    @classmethod
    def load(cls, labels: Any, predictions: Any, *, at_least_one: bool = False) -> Boxes:
        """Check and convert what the caller passed."""
        for name, x in (("labels", labels), ("predictions", predictions)):
            if x is None:
                msg = f"{name} is None; pass both labels and predictions"
                raise ValueError(msg)
        labels = as_images(labels, "labels")
        predictions = as_images(predictions, "predictions")
        if len(labels) != len(predictions):
            msg = (
                f"labels has {len(labels)} images, predictions has {len(predictions)}; "
                "they must describe the same images"
            )
            raise ValueError(msg)
        if at_least_one and not labels:
            msg = "labels is empty, expected at least one image"
            raise ValueError(msg)
        predicted, class_counts = _predicted(predictions)
        return cls(_given(labels), predicted, class_counts)

    @property
    def arrays(self) -> tuple[Floats, Ints, Ints, Floats, Ints, Ints]:
        """What the core takes."""
        g, p = self.given, self.predicted
        return g.values, g.classes, g.offsets, p.values, p.classes, p.offsets

    def n_classes(self) -> int:
        """Return the number of classes, which all images must agree on."""
        first = int(self.class_counts[0])
        other = np.flatnonzero(self.class_counts != first)
        if other.size:
            msg = (
                f"predictions[{other[0]}] has arrays for {self.class_counts[other[0]]} classes, "
                f"predictions[0] for {first}; expected an array per class in every image, "
                "without rows where nothing was found"
            )
            raise ValueError(msg)
        return first

    def check_given_classes(self, n_classes: int) -> None:
        """Refuse labels of classes that predictions have no array for."""
        classes = self.given.classes
        bad = np.flatnonzero((classes < 0) | (classes >= n_classes))
        if bad.size:
            image = int(self.given.images()[bad[0]])
            at = bad[0] - self.given.offsets[image]
            msg = (
                f"labels[{image}]['labels'][{at}] is {classes[bad[0]]}, expected a class from 0 "
                f"to {n_classes - 1}: every item of predictions has {n_classes} arrays"
            )
            raise ValueError(msg)

    def without_predictions_below(self, probability: float) -> Boxes:
        """Return the boxes without predictions that are less likely."""
        keep = self.predicted.values[:, 4] >= probability
        return self if keep.all() else replace(self, predicted=self.predicted.only(keep))


def as_images(x: Any, name: str) -> list[Any]:
    """Return the items of `x`, one per image."""
    single = isinstance(x, (str, bytes, Mapping)) or getattr(x, "ndim", 1) == 0
    if single or not (hasattr(x, "__len__") and hasattr(x, "__iter__")):
        msg = f"{name} must be a list with one item per image, got {type(x).__name__}"
        raise TypeError(msg)
    return list(x)


def _given(labels: list[Any]) -> Side:
    for i, label in enumerate(labels):
        if not isinstance(label, Mapping):
            msg = f"labels[{i}] must be a dict with bboxes and labels, got {type(label).__name__}"
            raise ValueError(msg)  # noqa: TRY004 - what cleanlab raises
        for key in ("bboxes", "labels"):
            if key not in label:
                msg = f"labels[{i}] has no {key!r}, only {', '.join(map(repr, label))}"
                raise KeyError(msg)
    return Side.of_images(
        [label["bboxes"] for label in labels],
        [label["labels"] for label in labels],
        4,
        "labels[{}]['bboxes']",
        "labels[{}]['labels']",
    )


def _predicted(predictions: list[Any]) -> tuple[Side, Ints]:
    for i, of_image in enumerate(predictions):
        if not isinstance(of_image, (list, tuple, np.ndarray)) or getattr(of_image, "ndim", 1) == 0:
            msg = f"predictions[{i}] must hold one array per class, got {type(of_image).__name__}"
            raise TypeError(msg)
    class_counts = np.fromiter(map(len, predictions), np.int64, len(predictions))
    firsts = _offsets(class_counts)

    def name_of(at: int) -> str:
        image = int(np.searchsorted(firsts, at, side="right")) - 1
        return f"predictions[{image}][{at - firsts[image]}]"

    by_class = [of_class for of_image in predictions for of_class in of_image]
    values, lengths, whole = _tables(by_class, 5, name_of)
    numbers = np.arange(len(by_class)) - np.repeat(firsts[:-1], class_counts)
    offsets = _offsets(lengths)[firsts]
    return Side(values, np.repeat(numbers, lengths), offsets, whole), class_counts


def _tables(items: Sequence[Any], width: int, name_of: NameOf) -> tuple[Floats, Ints, bool]:
    """Return all rows, the number of rows of each item, and whether all are integers."""
    checked = [
        a
        if type(a) is np.ndarray and a.ndim == 2 and a.shape[1] == width and a.dtype.char in "df"
        else _table(a, width, name_of(at))
        for at, a in enumerate(items)
    ]
    lengths = np.fromiter(map(len, checked), np.int64, len(checked))
    whole = bool(lengths.any()) and all(a.dtype.kind in "iu" for a in checked if len(a))
    values = np.concatenate([np.empty((0, width)), *checked], dtype=np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        row, column = np.unravel_index(int(finite.argmin()), finite.shape)
        offsets = _offsets(lengths)
        item = int(np.searchsorted(offsets, row, side="right")) - 1
        at = at_position((row - offsets[item], column))
        msg = f"{name_of(item)}{at} is {values[row, column]}, expected a finite number"
        raise ValueError(msg)
    return values, lengths, whole


def _table(x: Any, width: int, name: str) -> NDArray[Any]:
    """Return `x` as numbers of shape (n, width); whatever is empty has no rows."""
    a = as_numbers(x, name)
    if not a.size:
        return np.empty((0, width))
    if a.ndim != 2 or a.shape[1] != width:
        msg = f"{name} must have a row {_ROWS[width]} per box, shape (n, {width}), got {a.shape}"
        raise ValueError(msg)
    return a


def _class_vector(x: Any, length: int, name: str) -> NDArray[Any]:
    """Return `x`, the classes of `length` boxes, as integers."""
    if (
        type(x) is np.ndarray
        and x.dtype.kind in "iu"
        and x.dtype != np.uint64
        and x.shape == (length,)
    ):
        return x
    a = as_numbers(x, name)
    if not a.size and not length:
        return np.empty(0, dtype=np.int64)
    if a.shape != (length,):
        msg = f"{name} must have one class per box, shape ({length},), got {a.shape}"
        raise ValueError(msg)
    with np.errstate(invalid="ignore"):
        classes = a.astype(np.int64)
        whole = (classes == a) & ((classes < 0) == (a < 0))  # numbers over 2**63 become negative
    if not whole.all():
        at = int(whole.argmin())
        msg = f"{name}[{at}] is {a[at]}, expected the whole number of a class"
        raise ValueError(msg)
    return classes


def _offsets(lengths: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
