"""Small data sets: those that scikit-learn bundles, and generated ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
)

from .cases import Floats, Labels

Examples = tuple[Floats, Labels]


def _bundled(_: int, load: Callable[..., Examples]) -> Examples:
    return load(return_X_y=True)


def _generated(
    seed: int,
    n: int,
    classes: int,
    columns: int,
    separation: float,
    weights: list[float] | None = None,
) -> Examples:
    features, labels = make_classification(
        n,
        columns,
        n_informative=columns // 2,
        n_redundant=columns // 4,
        n_classes=classes,
        n_clusters_per_class=1,
        class_sep=separation,
        flip_y=0.0,
        weights=weights,
        random_state=seed,
    )
    return features, labels


def _geometric(classes: int, ratio: float) -> list[float]:
    """Shares of classes, each so many times as large as the one before."""
    shares = ratio ** np.arange(classes)
    return [float(share) for share in shares / shares.sum()]


SOURCES: dict[str, Callable[[int], Examples]] = {
    "digits": partial(_bundled, load=load_digits),
    "wine": partial(_bundled, load=load_wine),
    "breast cancer": partial(_bundled, load=load_breast_cancer),
    "iris": partial(_bundled, load=load_iris),
    "10 classes": partial(_generated, n=4000, classes=10, columns=20, separation=1.5),
    "30 classes": partial(_generated, n=6000, classes=30, columns=32, separation=2.0),
    "100 classes": partial(_generated, n=6000, classes=100, columns=40, separation=2.5),
    "three uneven classes": partial(
        _generated, n=4000, classes=3, columns=12, separation=1.0, weights=[0.9, 0.08, 0.02]
    ),
    "10 uneven classes": partial(
        _generated, n=5000, classes=10, columns=20, separation=1.5, weights=_geometric(10, 0.7)
    ),
}


@lru_cache(maxsize=1)
def examples(source: str, seed: int) -> Examples:
    """Features and true labels; generated data differ from seed to seed."""
    features, labels = SOURCES[source](seed)
    return np.asarray(features, dtype=np.float64), np.asarray(labels, dtype=np.int64)
