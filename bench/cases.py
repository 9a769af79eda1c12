"""What is measured: seeded inputs, tasks, and how large a run is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]

CUPEL = "cupel"
CLEANLAB = "cleanlab"
CLEANLAB_DEFAULT = "cleanlab, default n_jobs"
REFERENCE = "reference"
MEMORY_PASS = "memory pass"

KINDS = ("softmax", "diffuse")
DTYPES = ("float64", "float32")

FILTERS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)
SCORES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
RANKED = "return_indices_ranked_by"


class Task(NamedTuple):
    """One call, by the name that it has in cupel, in cleanlab and in the reference."""

    module: str
    function: str
    filter_by: str = ""
    method: str = ""

    @property
    def name(self) -> str:
        """Short and unique."""
        short = self.function.removeprefix("get_").removeprefix("compute_")
        return self.filter_by or self.method or short

    @property
    def options(self) -> dict[str, Any]:
        """Keyword arguments, the same for every contestant."""
        if self.filter_by:
            return {"filter_by": self.filter_by, RANKED: "self_confidence"}
        return {"method": self.method} if self.method else {}


FILTER_TASKS = tuple(Task("filter", "find_label_issues", name) for name in FILTERS)
OTHER_TASKS = (
    Task("count", "get_confident_thresholds"),
    Task("count", "compute_confident_joint"),
    *(Task("rank", "get_label_quality_scores", method=name) for name in SCORES),
)
TASKS = FILTER_TASKS + OTHER_TASKS


class Cell(NamedTuple):
    """One task on one input."""

    task: Task
    kind: str
    shape: tuple[int, int]
    dtype: str

    def __str__(self) -> str:
        rows, classes = self.shape
        return f"{self.task.name}, {self.kind} {rows} x {classes} {self.dtype}"

    def as_dict(self) -> dict[str, Any]:
        """For the results file and for pytest-benchmark's extra_info."""
        return {
            "task": self.task.name,
            "kind": self.kind,
            "rows": self.shape[0],
            "classes": self.shape[1],
            "dtype": self.dtype,
        }


@dataclass(frozen=True)
class Plan:
    """How large a run is.

    Of the runs of a contestant in a cell, those that would take it over ``patience`` seconds are
    left out, but two are always made.
    """

    name: str
    shapes: tuple[tuple[int, int], ...]
    row_counts: tuple[int, ...]
    patience: float
    tasks: tuple[Task, ...] = TASKS
    kinds: tuple[str, ...] = KINDS
    dtypes: tuple[str, ...] = DTYPES
    runs: dict[str, int] = field(
        default_factory=lambda: {
            CUPEL: 7,
            MEMORY_PASS: 7,
            CLEANLAB: 3,
            CLEANLAB_DEFAULT: 3,
            REFERENCE: 3,
        }
    )

    def cells(self, tasks: tuple[Task, ...] = TASKS) -> Iterator[Cell]:
        """Yield the cells of those tasks that are in the plan, input by input."""
        for shape in self.shapes:
            for kind in self.kinds:
                for dtype in self.dtypes:
                    for task in filter(self.tasks.__contains__, tasks):
                        yield Cell(task, kind, shape, dtype)


FULL = Plan(
    name="full",
    shapes=((1_000_000, 10), (200_000, 100), (50_000, 1000)),
    row_counts=(10_000, 100_000, 1_000_000, 10_000_000),
    patience=7.0,
)
QUICK = Plan(
    name="quick",
    shapes=((100_000, 10), (20_000, 100), (10_000, 1000)),
    row_counts=(10_000, 100_000, 1_000_000),
    patience=1.0,
)

_BLOCK_VALUES = 2_000_000


def make_input(kind: str, n: int, k: int) -> tuple[Labels, NDArray[np.float64]]:
    """Labels, and the probabilities that a model gives them; the same for every call.

    ``"softmax"``: a good model, and labels of which about a tenth are wrong, more in some classes
    than in others and mostly towards one particular other class.
    ``"diffuse"``: rows drawn from a Dirichlet distribution and labels drawn from the rows, so that
    a third or more of them are not the most probable class.
    """
    labels = np.empty(n, dtype=np.int64)
    probs = np.empty((n, k))
    block = max(1, _BLOCK_VALUES // k)
    fill = {"softmax": _fill_softmax, "diffuse": _fill_diffuse}[kind]
    for start in range(0, n, block):
        rng = np.random.default_rng([20, k, start])
        fill(rng, labels[start : start + block], probs[start : start + block])
    return labels, probs


def _fill_softmax(rng: np.random.Generator, labels: Labels, probs: NDArray[np.float64]) -> None:
    n, k = probs.shape
    of_classes = np.random.default_rng([21, k])
    share = of_classes.dirichlet(np.full(k, 8.0))
    similar = (np.arange(k) + of_classes.integers(1, k, k)) % k
    noise = 0.02 + 0.16 * of_classes.random(k)

    rows = np.arange(n)
    true = rng.choice(k, n, p=share)
    rng.standard_normal(out=probs)
    probs[rows, true] += rng.normal(4.0 + 0.6 * np.log(k), 1.5, n)
    probs[rows, similar[true]] += rng.normal(1.5 + 0.3 * np.log(k), 1.0, n)
    np.exp(probs, out=probs)
    probs /= probs.sum(axis=1, keepdims=True)

    wrong = np.where(rng.random(n) < 0.7, similar[true], rng.integers(0, k, n))
    labels[:] = np.where(rng.random(n) < noise[true], wrong, true)


def _fill_diffuse(rng: np.random.Generator, labels: Labels, probs: NDArray[np.float64]) -> None:
    n, k = probs.shape
    rng.standard_gamma(0.3 if k <= 10 else 0.1, out=probs)
    probs /= probs.sum(axis=1, keepdims=True)
    drawn = np.cumsum(probs, axis=1) < rng.random((n, 1))
    np.minimum(drawn.sum(axis=1), k - 1, out=labels)
