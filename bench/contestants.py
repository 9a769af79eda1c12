"""Who competes, and whether their results agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any

import cleanlab.count
import cleanlab.filter
import cleanlab.rank
import numpy as np

import cupel
import cupel.reference

from .cases import (
    CLEANLAB,
    CLEANLAB_DEFAULT,
    CUPEL,
    MEMORY_PASS,
    REFERENCE,
    Floats,
    Labels,
    Task,
)

Call = Callable[[], Any]

# Rows on which cleanlab may differ: it leaves ties to the platform, and takes means in float32.
MAX_DIFFERENT = 1e-3


def contestants(task: Task, labels: Labels, probs: Floats) -> dict[str, Call]:
    """All calls of a cell, by contestant. cleanlab's filters run with one job, and by default."""

    def call(package: ModuleType, **options: Any) -> Call:
        function = getattr(getattr(package, task.module), task.function)
        return partial(function, labels, probs, **task.options, **options)

    calls: dict[str, Call] = {CUPEL: call(cupel), MEMORY_PASS: probs.sum}
    if task.filter_by:
        calls[CLEANLAB] = call(cleanlab, n_jobs=1)
        calls[CLEANLAB_DEFAULT] = call(cleanlab)
    else:
        calls[CLEANLAB] = call(cleanlab)
    calls[REFERENCE] = call(cupel.reference)
    return calls


def check(task: Task, n_rows: int, results: Mapping[str, Any]) -> int:
    """Assert that all found the same, and return on how many rows cleanlab does not quite."""
    ours = results[CUPEL]
    if REFERENCE in results:
        expected = results[REFERENCE]
        same = ours.dtype == expected.dtype and (
            np.allclose(ours, expected, rtol=1e-12, atol=0)
            if task.method == "confidence_weighted_entropy"
            else np.array_equal(ours, expected)
        )
        assert same, f"cupel and the reference differ in {task.name}"
    different = max(
        (_different(task, ours, results[c]) for c in (CLEANLAB, CLEANLAB_DEFAULT) if c in results),
        default=0,
    )
    assert different < max(1, MAX_DIFFERENT * n_rows), (
        f"cupel and cleanlab differ on {different} of {n_rows} rows in {task.name}"
    )
    return different


def _different(task: Task, ours: Any, theirs: Any) -> int:
    if task.filter_by:
        return len(np.setxor1d(ours, theirs))
    if task.function == "compute_confident_joint":
        return (int(np.abs(ours - theirs).sum()) + 1) // 2
    return int(np.count_nonzero(~np.isclose(ours, theirs, rtol=1e-4, atol=1e-6)))
