"""`multilabel_classification` at 50k examples x 20 classes, labels as lists of Python ints."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.dropin.case import Case
from bench.dropin.tables import assert_same_up_to_ties

Inputs = tuple[tuple[Any, ...], dict[str, Any]]
SIZE = "50k x 20"
ONE_PROCESS = {"n_jobs": 1}  # cleanlab's default starts a pool of processes per class
FILTER = "multilabel_classification.filter"
RANK = "multilabel_classification.rank"
DATASET = "multilabel_classification.dataset"


def problem(n: int = 50_000, k: int = 20, **options: Any) -> Inputs:
    """Lists of classes, a tenth of the answers wrong, and probabilities."""
    rng = np.random.default_rng(0)
    true = rng.random((n, k)) < 0.2
    probs = np.clip(0.45 * rng.random((n, k)) + 0.55 * true, 0, 1)
    given = true ^ (rng.random((n, k)) < 0.1)
    return ([np.flatnonzero(row).tolist() for row in given], probs), options


def find(label: str = "", name: str = "find_label_issues", **options: Any) -> Case:
    """Make a case of a filter."""
    return Case(
        f"{FILTER}.{name}",
        SIZE,
        lambda: problem(**options),
        fastest=ONE_PROCESS,
        goal=20.0,
        label=label,
    )


def score(label: str = "", name: str = "get_label_quality_scores", **options: Any) -> Case:
    """Make a case of a ranking."""
    return Case(f"{RANK}.{name}", SIZE, lambda: problem(**options), goal=20.0, label=label)


def table(name: str, n: int, k: int, **options: Any) -> Case:
    """Make a case of a table or a summary, for which cleanlab has no fast setting."""
    return Case(
        f"{DATASET}.{name}",
        f"{n // 1000}k x {k}",
        lambda: problem(n, k, **options),
        check=assert_same_up_to_ties,
        goal=20.0,
    )


PER_CLASS = "find_multilabel_issues_per_class"
SCORES = "get_label_quality_scores_per_class"

CASES = [
    find(),
    find("ranked", return_indices_ranked_by="self_confidence"),
    find("both", filter_by="both"),
    find("confident learning", filter_by="confident_learning"),
    find("low memory", low_memory=True),
    find("", PER_CLASS),
    find("ranked", PER_CLASS, return_indices_ranked_by="self_confidence"),
    score(),
    score("margin", method="normalized_margin"),
    score("entropy", method="confidence_weighted_entropy"),
    score("adjusted", adjust_pred_probs=True),
    score("softmin", aggregator_kwargs={"method": "softmin"}),
    score("", SCORES),
    table("common_multilabel_issues", 50_000, 20),
    table("rank_classes_by_multilabel_quality", 50_000, 20),
    table("overall_multilabel_health_score", 50_000, 20),
    table("multilabel_health_summary", 20_000, 20, verbose=False),
]
