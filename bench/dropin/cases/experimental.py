"""`experimental`: batches of 1M x 10, spans in 1M tokens."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from bench.cases import KINDS, make_input
from bench.dropin.case import Case
from bench.dropin.cases.token_classification import sentences

Inputs = tuple[tuple[Any, ...], dict[str, Any]]
BATCHED = "experimental.label_issues_batched"
SPANS = "experimental.span_classification"
TOKENS = "50k sentences, 1M tokens"
CALIBRATED = {"num_issue_kwargs": {"estimation_method": "off_diagonal_calibrated"}}


@functools.cache
def matrix() -> tuple[Any, Any]:
    """A million labels and their probabilities of ten classes."""
    return make_input(KINDS[0], 1_000_000, 10)


def batched(label: str = "", **options: Any) -> Case:
    """Make a case of the search; cleanlab is fastest with one process and its default batches."""
    return Case(
        f"{BATCHED}.find_label_issues_batched",
        "1M x 10",
        lambda: (matrix(), {"verbose": False, "n_jobs": 1, **options}),
        label=label,
    )


def inspect(make: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What an inspector finds in ten batches."""
    inspector = make(**kwargs)
    batches = list(zip(*(np.array_split(a, 10) for a in args), strict=True))
    for batch in batches:
        inspector.update_confident_thresholds(*batch)
    for batch in batches:
        inspector.score_label_quality(*batch)
    return inspector.get_label_issues()


@functools.cache
def spans() -> tuple[list[Any], list[Any]]:
    """Labels of one class against all others, and its probabilities."""
    labels, probs, *_ = sentences()
    of_class_0 = [[int(label == 0) for label in sentence] for sentence in labels]
    return of_class_0, [np.ascontiguousarray(p[:, 0]) for p in probs]


def displayed() -> Inputs:
    """Sentences to show; without probabilities, of which cleanlab always shows class 0."""
    _, _, words, issues = sentences()
    return (issues, words), {"labels": spans()[0], "class_names": ["out", "in"], "top": 2000}


CASES = [
    batched(),
    batched("calibrated", **CALIBRATED),
    batched("margin", quality_score_kwargs={"method": "normalized_margin"}),
    Case(
        f"{BATCHED}.LabelInspector",
        "1M x 10, ten batches",
        lambda: (matrix(), {"num_class": 10, "verbose": False}),
        inspect,
    ),
    Case(f"{SPANS}.find_label_issues", TOKENS, lambda: (spans(), {})),
    Case(f"{SPANS}.get_label_quality_scores", TOKENS, lambda: (spans(), {})),
    Case(f"{SPANS}.display_issues", "2,000 issues shown", displayed),
]
