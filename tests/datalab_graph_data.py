"""Data sets for the checks that look at a graph of neighbours, and a context to run them in."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._graph import as_graph
from cupel.datalab._context import Context
from cupel.datalab._finding import Finding
from cupel.datalab._record import AuditRecord
from cupel.datalab.checks import (
    data_valuation,
    near_duplicate,
    non_iid,
    outlier,
    underperforming_group,
)

CHECKS = {
    module.CHECK.name: module.CHECK
    for module in (outlier, near_duplicate, non_iid, underperforming_group, data_valuation)
}


@dataclass
class Problem:
    """Examples of a classification task."""

    labels: NDArray[np.int64]
    pred_probs: NDArray[np.float64]
    features: NDArray[Any]


def context_of(
    labels: Any = None, *, task: str = "classification", n_rows: int | None = None, **inputs: Any
) -> Context:
    """Return the context in which `Datalab` would run checks on these inputs."""
    n = len(labels) if n_rows is None else n_rows
    graph = inputs.pop("knn_graph", None)
    ids = np.arange(n)
    return Context(
        task,
        SimpleNamespace(n_rows=n, row_ids=lambda: ids),  # type: ignore[arg-type]
        SimpleNamespace(values=labels, is_available=labels is not None),  # type: ignore[arg-type]
        given_graph=None if graph is None else as_graph(graph),
        **inputs,
    )


def find(name: str, context: Context, **parameters: Any) -> Finding:
    """Run one check."""
    found = CHECKS[name].find(context, **parameters)
    assert isinstance(found, Finding)
    return found


def record_of(context: Context) -> AuditRecord:
    return AuditRecord(context.task, context.dataset, context.labels)


def random_problem(seed: int) -> Problem:
    """Clustered points of 1 to 6 columns in an order that may tell, some identical or nearly so.

    Identical rows come in two groups far from the others on either side, so that no row has some
    of a group among its neighbours and misses others at the same distance; one may have more rows
    than neighbours are looked at. No two distances are equal besides.
    """
    rng = np.random.default_rng(seed)
    n, d, classes = int(rng.integers(45, 260)), 1 + seed % 6, int(rng.integers(2, 5))
    centers = rng.normal(0, 3, (classes, d))
    truth = rng.integers(0, classes, n)
    if seed % 3 == 0:
        truth.sort()
    features = centers[truth] + rng.normal(0, rng.choice([0.1, 0.6]), (n, d))
    if d > 1:
        features[:, 0] *= 0.1  # far from the two groups in direction too
    order = rng.permutation(n)
    near = order[20 : 20 + n // 8]
    features[near] = features[near[0]] + 1e-3 * rng.normal(size=(len(near), d))
    size = 14 if seed % 2 else 4
    for side, rows in ((1, order[:2]), (-1, order[2:size])):
        features[rows] = features[rows[0]]
        features[rows, 0] = side * 100.0
    labels = np.where(rng.random(n) < 0.2, rng.integers(0, classes, n), truth)
    labels[:classes] = np.arange(classes)
    pred_probs = rng.dirichlet(np.full(classes, 0.4), n) + np.eye(classes)[truth]
    if seed % 4 == 0:
        pred_probs[truth == 0] = np.eye(classes)[-1] + 0.01
    pred_probs /= pred_probs.sum(axis=1, keepdims=True)
    return Problem(labels, pred_probs, features)
