"""What preflight costs, beside the label check."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from cupel.datalab._context import Context
from cupel.datalab._dataset import Dataset
from cupel.datalab._labels import Labels
from cupel.datalab.checks import label
from cupel.datalab.checks.preflight import preflight

_SIZES = ((10_000, 10), (50_000, 10), (50_000, 100))
_ROUNDS = 7


def cost_rows() -> list[dict[str, Any]]:
    """Seconds of both, medians of rounds that take turns."""
    return [_measured(n, k) for n, k in _SIZES]


def _measured(n: int, k: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    labels = rng.integers(k, size=n)
    scores = rng.normal(size=(n, k))
    scores[np.arange(n), labels] += 5
    probs = np.exp(scores)
    probs /= probs.sum(axis=1, keepdims=True)
    labels = np.where(rng.random(n) < 0.2, rng.integers(k, size=n), labels)
    labels[:k] = np.arange(k)
    dataset = Dataset.load({"label": labels}, label_name="label")
    given = Labels.load(dataset, "classification")
    context = Context("classification", dataset, given, pred_probs=probs)
    calls = (lambda: preflight(labels, probs), lambda: label.CHECK.find(context))
    ours, whole = _medians(calls)
    return {"rows": n, "classes": k, "preflight": ours, "label": whole}


def _medians(calls: tuple[Callable[[], Any], ...]) -> list[float]:
    seconds: list[list[float]] = [[] for _ in calls]
    for _ in range(_ROUNDS):
        for call, spent in zip(calls, seconds, strict=True):
            start = time.perf_counter()
            call()
            spent.append(time.perf_counter() - start)
    return [statistics.median(spent) for spent in seconds]
