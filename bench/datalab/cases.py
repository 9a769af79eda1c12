"""What is measured, how large a run is, and its inputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.results import short

CLEANLAB = "cleanlab"
CUPEL = "cupel"
CUPEL_ALL = "cupel, all its checks"
CONTESTANTS = (CUPEL, CUPEL_ALL, CLEANLAB)
PARTS = ("import", "graph", "report", "memory", "cells")

# What cleanlab looks for by default where probabilities and features are there.
SHARED = (
    *("null", "label", "outlier", "near_duplicate", "non_iid"),
    *("class_imbalance", "underperforming_group"),
)
# Checks that need no more of the features than the graph of neighbours.
GRAPH_DEFAULTS = ("outlier", "near_duplicate", "non_iid", "underperforming_group")
VALUATION = "data_valuation"
K = 10

CLUSTERED, FLAT = "clustered", "flat"
_CLUSTERS = 10  # of each class
_WRONG_LABELS = 0.05
_NEAR_DUPLICATES = 0.01
_OUTLIERS = 0.004


class Cell(NamedTuple):
    """Shape and kind of an input."""

    rows: int
    columns: int
    classes: int
    dtype: str = "float64"
    kind: str = CLUSTERED

    def __str__(self) -> str:
        usual = Cell(*self[:3])
        unusual = [a for a, b in zip(self[3:], usual[3:], strict=True) if a != b]
        return ", ".join([f"{short(self.rows)} x {self.columns}, {self.classes} classes", *unusual])


@dataclass(frozen=True)
class Plan:
    """How large a run is.

    Contestants run up to `most_runs` times, as often as fits in `patience` seconds; at least once.
    """

    name: str
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    classes: tuple[int, ...]
    further: tuple[Cell, ...]
    headline: Cell
    graph: Cell
    valuation: Cell  # cleanlab's takes 16 bytes for each pair of rows
    most_runs: int
    patience: float
    imports: int

    def cells(self) -> Iterator[Cell]:
        """Yield small ones first, then the further ones."""
        for n in self.rows:
            for d in self.columns:
                for k in self.classes:
                    yield Cell(n, d, k)
        yield from self.further


FULL = Plan(
    name="full",
    rows=(10_000, 50_000),
    columns=(64, 512),
    classes=(10, 100),
    further=(Cell(50_000, 512, 10, "float32"), Cell(50_000, 512, 10, kind=FLAT)),
    headline=Cell(50_000, 512, 10),
    graph=Cell(50_000, 64, 10),
    valuation=Cell(10_000, 64, 10),
    most_runs=5,
    patience=15.0,
    imports=21,
)
QUICK = Plan(
    name="quick",
    rows=(2_000, 5_000),
    columns=(64,),
    classes=(10,),
    further=(Cell(5_000, 64, 10, "float32"), Cell(5_000, 64, 10, kind=FLAT)),
    headline=Cell(5_000, 64, 10),
    graph=Cell(5_000, 64, 10),
    valuation=Cell(2_000, 64, 10),
    most_runs=3,
    patience=3.0,
    imports=5,
)


class Inputs(NamedTuple):
    """What both packages are given."""

    labels: NDArray[np.int64]
    pred_probs: NDArray[np.float64]
    features: NDArray[np.floating[Any]]

    @property
    def n_bytes(self) -> int:
        """Size of all of them."""
        return sum(array.nbytes for array in self)


def make_inputs(cell: Cell) -> Inputs:
    """Make the same classes of embeddings every time, with a good model's probabilities.

    "clustered": ten overlapping clusters a class; as with real embeddings, some directions matter
    more than others: the i-th of them is scaled by i**-0.5. "flat": all matter the same.
    A twentieth of the labels are wrong. One row in a hundred nearly repeats another; some are far
    from all others. No rows are equally far from a third, so that neighbours do not tie.
    """
    n, d, k = cell[:3]
    rng = np.random.default_rng([n, d, k])
    truth = rng.integers(0, k, n)
    features = _features(rng, cell, truth + k * rng.integers(0, _CLUSTERS, n))
    logits = 1.2 * rng.standard_normal((n, k))
    logits[np.arange(n), truth] += 5.0
    pred_probs = np.exp(logits)
    pred_probs /= pred_probs.sum(axis=1, keepdims=True)
    labels = np.where(rng.random(n) < _WRONG_LABELS, rng.integers(0, k, n), truth)
    return Inputs(labels.astype(np.int64), pred_probs, features.astype(cell.dtype, copy=False))


def _features(rng: np.random.Generator, cell: Cell, cluster: NDArray[np.int64]) -> Any:
    n, d, k = cell[:3]
    scale = np.arange(1, d + 1) ** (-0.5 if cell.kind == CLUSTERED else 0.0)
    mix = scale[:, None] * np.linalg.qr(rng.standard_normal((d, d)))[0]
    rows = rng.standard_normal((k * _CLUSTERS, d))[cluster]
    rows += 0.85 * rng.standard_normal((n, d))
    chosen = rng.permutation(n)
    copies, originals = chosen[: 2 * int(_NEAR_DUPLICATES * n)].reshape(2, -1)
    rows[copies] = rows[originals] * (1 + 1e-3 * rng.standard_normal((len(copies), d)))
    rows[chosen[n - int(_OUTLIERS * n) :]] *= -3.0
    return rows @ mix


def table_of(inputs: Inputs) -> dict[str, Any]:
    """Columns of a data set with these labels."""
    return {"label": inputs.labels}
