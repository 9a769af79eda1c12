"""What preflight says, and the few statistics that it says it with."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ALPHA",
    "Floats",
    "Ints",
    "PreflightWarning",
    "Severity",
    "binomial_tail",
    "even_rows",
    "plural",
    "quantile",
    "rows_in_words",
]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
Severity = Literal["error", "warning", "suspicion"]

# Probability with which a test may fire on data that are as they should be, all lags, classes and
# places it looks at together.
ALPHA = 1e-3


@dataclass(frozen=True, eq=False)
class PreflightWarning:
    """One reason not to trust the inputs.

    Attributes
    ----------
    name : str
        What is wrong: ``"permuted_columns"``.
    message : str
        What was seen, in numbers, and what to do.
    severity : {"error", "warning", "suspicion"}
        An error makes every list of issues wrong; a warning may; a suspicion has another, honest
        explanation, too.
    rows : ndarray of int64
        The rows concerned, ascending; empty where it is most of them or the data set as a whole.
    figures : dict
        The numbers of the message: int, float, str, or lists of them.
    """

    name: str
    message: str
    severity: Severity
    rows: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    figures: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return {
            "name": self.name,
            "severity": self.severity,
            "message": self.message,
            "num_rows": len(self.rows),
            "figures": self.figures,
        }


def quantile(n_tests: int, alpha: float = ALPHA) -> float:
    """Return the z value that the largest of so many normal variables exceeds with `alpha`."""
    return -NormalDist().inv_cdf(alpha / max(n_tests, 1))


def even_rows(n: int, limit: int) -> Ints:
    """Return at most `limit` of n rows, evenly spaced."""
    if n <= limit:
        return np.arange(n)
    return (np.arange(limit) * n) // limit


def rows_in_words(rows: Ints, n: int) -> str:
    """Say how many rows, and which is the first."""
    share = f" ({len(rows) / n:.3g} of all)" if len(rows) < n else ""
    return f"{plural(len(rows), 'row')}{share}, the first is row {int(rows[0])}"


def plural(count: int, noun: str, ending: str = "s") -> str:
    """Count things."""
    return f"{count:,} {noun}{'' if count == 1 else ending}"


def binomial_tail(successes: int, n: int, rate: float) -> float:
    """Return the probability of at least so many successes in n trials."""
    if successes <= 0:
        return 1.0
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    k = np.arange(successes, n + 1)
    terms = logs[n] - logs[k] - logs[n - k] + k * np.log(rate) + (n - k) * np.log1p(-rate)
    return float(min(1.0, np.exp(terms).sum()))
