"""Names, what is measured, and how large a run is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Contestants.
OURS = "cupel noise_posterior"
CLEANLAB = "cleanlab"
ONE_SHOT = "first experiment"
ONE_SHOT_AVERAGED = "first experiment, averaged with adjusted margin"
ARGMAX = "argmax is another class"
OTHER_ARGMAX = "argmax of the other classes"
RANDOM = "random"
DEFAULT_SCORE = f"{CLEANLAB} self_confidence"
DEFAULT_FILTER = f"{CLEANLAB} prune_by_noise_rate"


class Metric(NamedTuple):
    """A figure: whether more is better, and whether its sign is dropped before it is averaged."""

    name: str
    more_is_better: bool = True
    signed: bool = False


AVERAGE_PRECISION = Metric("average precision")
AVERAGE_PRECISION_REVIEWED = Metric("average precision, reviewed only")
F1 = Metric("F1 of the flagged set")
FLAGGED = Metric("share flagged", more_is_better=False)
SUGGESTION = Metric("suggested label right")
COUNT_ERROR = Metric("relative error of the count", more_is_better=False, signed=True)
COUNTED = Metric("share counted as errors", more_is_better=False)
LENGTHS = (100, 1000)


def precision_of_first(length: int) -> Metric:
    """Precision of the first so many of the list."""
    return Metric(f"precision of the first {length}")


METRICS = {
    metric.name: metric
    for metric in (
        AVERAGE_PRECISION,
        AVERAGE_PRECISION_REVIEWED,
        *map(precision_of_first, LENGTHS),
        F1,
        FLAGGED,
        SUGGESTION,
        COUNT_ERROR,
        COUNTED,
    )
}

# What the authors of the noise posterior had seen of a data set when they settled on it.
CHOSEN = "used to choose"
LOOKED = "looked at"
NEW = "not used to choose"

# Sections of the report.
NOISY = "noisy CIFAR-10"
REVIEWED = "test sets with human votes"
SMALL_LOOKED = "bundled data, looked at"
SMALL_NEW = "data that was not used to choose"
CLEAN = "clean data"
SECTIONS = (NOISY, REVIEWED, SMALL_LOOKED, SMALL_NEW, CLEAN)

FILES, SMALL, COST = "files", "small", "cost"
PARTS = (FILES, SMALL, COST)


@dataclass(frozen=True)
class LabelledSet:
    """Labels, probabilities, and what is known about the errors.

    ``true`` is None where only some suspects were reviewed, and ``reviewed`` None where the truth
    is known for every row. ``traits`` are what sets are averaged over, such as the model.
    """

    name: str
    section: str
    used: str
    labels: Labels
    probs: Floats
    errors: Mask
    true: Labels | None = None
    reviewed: Mask | None = None
    traits: dict[str, str] = field(default_factory=dict)

    @property
    def groups(self) -> list[tuple[str, str, str]]:
        """The groups of sets that it is averaged in: section, by what, and which."""
        return [(self.section, "all", "all"), *((self.section, *it) for it in self.traits.items())]


@dataclass(frozen=True)
class Plan:
    """How large a run is. Of slow calls, as many runs are timed as fit into ``patience`` seconds.

    ``sources``, ``shapes`` and ``models`` cut the small data sets down to those named. ``draw``
    is the seed of the noise and of the generated data among those that were not used to choose.
    """

    name: str
    resamples: int = 200
    seed: int = 40
    draw: int = 2
    costs: tuple[tuple[int, int], ...] = ()
    runs: int = 7
    patience: float = 12.0
    sources: tuple[str, ...] | None = None
    shapes: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None


FULL = Plan("full", costs=((50_000, 10), (1_000_000, 10), (50_000, 100), (50_000, 1000)))
QUICK = Plan(
    "quick",
    resamples=40,
    costs=((50_000, 10), (10_000, 100), (5_000, 1000)),
    runs=3,
    patience=2.0,
    sources=("digits", "wine", "iris", "three uneven classes"),
    models=("logistic regression", "naive Bayes", "linear discriminant", "extra trees"),
)
