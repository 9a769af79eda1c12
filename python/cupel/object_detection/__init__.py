"""Label errors in object detection data: boxes overlooked, badly placed or given a wrong class.

The functions of cleanlab 2.9.0's package of this name, with its signatures, defaults and results.
Labels are a list with one dict per image: ``"bboxes"``, an array (b, 4) with a row ``x1, y1, x2,
y2`` per box, and ``"labels"``, the classes (b,). Predictions are a list with one item per image
that holds an array (l, 5) per class: ``x1, y1, x2, y2, probability``.
"""

from __future__ import annotations

from cupel.object_detection import filter, rank, summary

__all__ = ["filter", "rank", "summary"]
