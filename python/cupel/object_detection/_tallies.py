"""Boxes by class."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from cupel.object_detection._boxes import Ints, Side
from cupel.object_detection._names import ClassNames, name_of

__all__ = ["areas", "longest_first", "most_first", "shares"]

_EPSILON = 1e-6


def _classes_by_appearance(side: Side) -> tuple[Ints, Ints, list[int]]:
    """Return the classes in order of appearance, each one's number of boxes, and the ranks."""
    classes, first, counts = np.unique(side.classes, return_index=True, return_counts=True)
    order = np.argsort(first, kind="stable").tolist()
    return classes, counts, order


def areas(side: Side, class_names: ClassNames | None) -> dict[Any, list[Any]]:
    boxes = side.values
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    if side.whole:
        areas = areas.astype(np.int64)
    classes, counts, order = _classes_by_appearance(side)
    by_class = np.split(np.argsort(side.classes, kind="stable"), np.cumsum(counts)[:-1])
    members: dict[Any, list[Ints]] = defaultdict(list)
    for at in order:
        try:
            name = name_of(classes[at], class_names)
        except KeyError:
            continue
        members[name].append(by_class[at])
    sizes: dict[Any, list[Any]] = defaultdict(list)
    for name, parts in members.items():
        sizes[name] = list(areas[np.sort(np.concatenate(parts))])
    return sizes


def longest_first(sizes: dict[Any, list[Any]]) -> dict[Any, list[Any]]:
    return dict(sorted(sizes.items(), key=lambda item: -len(item[1])))


def shares(side: Side, class_names: ClassNames | None) -> dict[Any, float]:
    classes, counts, order = _classes_by_appearance(side)
    totals: dict[Any, int] = {}
    for at in order:
        name = name_of(classes[at], class_names)
        totals[name] = totals.get(name, 0) + int(counts[at])
    total = len(side.classes) + _EPSILON  # as in cleanlab: halves of a percent are rounded down
    return {name: round(count / total, 2) for name, count in totals.items()}


def most_first(counts: Ints) -> list[tuple[int, int]]:
    order = np.argsort(-counts, kind="stable")
    return list(zip(order.tolist(), counts[order].tolist(), strict=True))
