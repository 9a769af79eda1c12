"""`data_valuation`: from features and from a graph of neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.dropin.case import Case

Inputs = tuple[tuple[Any, ...], dict[str, Any]]


def points(n: int, columns: int) -> tuple[Any, Any]:
    """Labels of ten classes, and features around one centre for each."""
    rng = np.random.default_rng(n)
    labels = rng.integers(0, 10, size=n)
    return labels, rng.normal(size=(10, columns))[labels] + rng.normal(size=(n, columns))


def of_features(n: int, columns: int) -> Inputs:
    """Labels and features."""
    labels, features = points(n, columns)
    return (labels,), {"features": features}


def of_graph(n: int) -> Inputs:
    """Labels and the ten nearest neighbours, which were searched before."""
    from cupel.neighbors import knn_graph

    labels, features = points(n, 3)
    return (labels,), {"knn_graph": knn_graph(features, 10).to_csr()}


CASES = [
    Case("data_valuation.data_shapley_knn", "5k x 32", lambda: of_features(5000, 32)),
    Case(
        "data_valuation.data_shapley_knn",
        "100k x 32 (cleanlab would need 160 GB)",
        lambda: of_features(100_000, 32),
        alone=True,
    ),
    Case(
        "data_valuation.data_shapley_knn",
        "5k, 10 neighbours",
        lambda: of_graph(5000),
        label="graph",
    ),
    Case(
        "data_valuation.data_shapley_knn",
        "100k, 10 neighbours (cleanlab would need 160 GB)",
        lambda: of_graph(100_000),
        label="graph",
        alone=True,
    ),
]
