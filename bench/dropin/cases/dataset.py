"""`dataset`: tables of classes, from labels and from a joint, up to a million pairs."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.cases import KINDS, make_input
from bench.dropin.case import Case
from bench.dropin.tables import assert_same_up_to_ties

Inputs = tuple[tuple[Any, ...], dict[str, Any]]


def problem(n: int, k: int, **options: Any) -> Inputs:
    """Labels and probabilities as arguments."""
    return make_input(KINDS[0], n, k), options


def joint(k: int, **options: Any) -> Inputs:
    """A joint distribution of k classes, all pairs of which overlap by an amount of their own."""
    matrix = np.random.default_rng(k).random((k, k)) + k * np.eye(k)
    return (), {"joint": matrix / matrix.sum(), "num_examples": 100_000, **options}


def names(k: int) -> list[str]:
    """Class names."""
    return [f"class {c}" for c in range(k)]


CASES = [
    Case(
        "dataset.rank_classes_by_label_quality",
        "50k x 20",
        lambda: problem(50_000, 20),
        check=assert_same_up_to_ties,
    ),
    Case(
        "dataset.rank_classes_by_label_quality",
        "20k x 200",
        lambda: problem(20_000, 200, class_names=names(200)),
        check=assert_same_up_to_ties,
    ),
    Case(
        "dataset.find_overlapping_classes",
        "20k x 200",
        lambda: problem(20_000, 200),
        check=assert_same_up_to_ties,
    ),
    Case(
        "dataset.find_overlapping_classes",
        "joint of 1000 classes",
        lambda: joint(1000, class_names=names(1000)),
        check=assert_same_up_to_ties,
        label="names",
    ),
    Case(
        "dataset.find_overlapping_classes",
        "joint of 1000 classes",
        lambda: joint(1000, asymmetric=True),
        check=assert_same_up_to_ties,
        label="asymmetric",
    ),
    Case(
        "dataset.overall_label_health_score",
        "50k x 20",
        lambda: problem(50_000, 20, verbose=False),
    ),
    Case(
        "dataset.health_summary",
        "20k x 200",
        lambda: problem(20_000, 200, verbose=False),
        check=assert_same_up_to_ties,
    ),
    Case(
        "dataset.health_summary",
        "20k x 1000",
        lambda: problem(20_000, 1000, verbose=False),
        check=assert_same_up_to_ties,
    ),
]
