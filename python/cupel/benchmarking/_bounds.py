"""Random numbers moved until all lie within bounds, their sum kept."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

__all__ = ["TOLERANCE", "uniform", "within_bounds"]

TOLERANCE = 1e-6


def uniform() -> float:
    """Draw one number from NumPy's global generator."""
    return float(np.random.random_sample())  # noqa: NPY002 - the generator that users seed


def within_bounds(values: list[float], highest: float, lowest: float) -> NDArray[np.float64]:
    """Move what is over `highest`, then what is under `lowest`, to the other end of `values`."""
    extremes = _Extremes(values)
    low, high = extremes.positions()
    while values[high] > highest + TOLERANCE:
        raised = values[low] + (values[high] - highest)
        more = (highest - raised) * uniform()
        extremes.replace(low, raised + more, high, highest - more)
        low, high = extremes.positions()
    while values[low] < lowest - TOLERANCE:
        lowered = values[high] - (lowest - values[low])
        less = (lowered - lowest) * uniform()
        extremes.replace(low, lowest + less, high, lowered - less)
        low, high = extremes.positions()
    return np.array(values)


class _Extremes:
    """Positions of the lowest and the highest of some numbers while these change; ties: the first.

    Entries of the heaps whose number has changed since are skipped when they come up.
    """

    def __init__(self, values: list[float]) -> None:
        self.values = values
        self.lowest = [(value, i) for i, value in enumerate(values)]
        self.highest = [(-value, i) for i, value in enumerate(values)]
        heapify(self.lowest)
        heapify(self.highest)

    def positions(self) -> tuple[int, int]:
        while self.lowest[0][0] != self.values[self.lowest[0][1]]:
            heappop(self.lowest)
        while -self.highest[0][0] != self.values[self.highest[0][1]]:
            heappop(self.highest)
        return self.lowest[0][1], self.highest[0][1]

    def replace(self, low: int, new_low: float, high: int, new_high: float) -> None:
        for i, value in ((low, new_low), (high, new_high)):
            self.values[i] = value
            heappush(self.lowest, (value, i))
            heappush(self.highest, (-value, i))
