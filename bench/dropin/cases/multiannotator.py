"""Labels by 50 annotators, about four an example, 10 classes.

What cleanlab computes row by row in Python is out of its reach at 100k examples (calibration alone
takes it a minute), so that it is compared on as many as it answers in some ten seconds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.dropin.case import Case

ANNOTATORS, CLASSES = 50, 10
Inputs = tuple[tuple[Any, ...], dict[str, Any]]


def annotated(rows: int, models: int = 1) -> tuple[Any, Any]:
    """Labels and probabilities of shape (models, rows, classes)."""
    rng = np.random.default_rng(0)
    truth = rng.integers(CLASSES, size=rows)
    skill = rng.uniform(0.4, 0.95, ANNOTATORS)
    right = rng.random((rows, ANNOTATORS)) < skill
    labels = np.where(right, truth[:, None], rng.integers(CLASSES, size=right.shape)).astype(float)
    given = rng.random(right.shape) < 3 / ANNOTATORS
    given[np.arange(rows), rng.integers(ANNOTATORS, size=rows)] = True
    labels[~given] = np.nan
    probs = rng.dirichlet(np.full(CLASSES, 0.5), (models, rows))
    probs[:, np.arange(rows), truth] += 0.5
    return labels, probs / probs.sum(axis=2, keepdims=True)


def one_model(rows: int, **kwargs: Any) -> Inputs:
    labels, probs = annotated(rows)
    return (labels, probs[0]), kwargs


def quality(rows: int, **kwargs: Any) -> Inputs:
    return one_model(rows, verbose=False, **kwargs)


def ensemble(rows: int) -> Inputs:
    return annotated(rows, models=2), {"verbose": False}


def active(rows: int) -> Inputs:
    labels, probs = annotated(rows)
    return (labels, probs[0], np.flip(probs[0], axis=0)), {}


def active_ensemble(rows: int) -> Inputs:
    labels, probs = annotated(rows, models=2)
    # A copy: cleanlab calibrates pred_probs in place, and would change a view of it.
    return (labels, probs, np.flip(probs, axis=1).copy()), {}


def long(rows: int) -> Inputs:
    import pandas as pd

    labels, _ = annotated(rows)
    task, annotator = np.nonzero(~np.isnan(labels))
    names = np.array([f"worker {j:02}" for j in range(ANNOTATORS)])
    columns = {"task": task, "annotator": names[annotator], "label": labels[task, annotator]}
    frame = pd.DataFrame(columns).astype({"label": np.int64})
    return (frame.sample(frac=1.0, random_state=0, ignore_index=True),), {}


def size(rows: int, more: str = "") -> str:
    return f"{rows // 1000}k x {ANNOTATORS} annotators, 4 labels each, {CLASSES} classes{more}"


ONE = "multiannotator.get_label_quality_multiannotator"
SEVERAL = "multiannotator.get_label_quality_multiannotator_ensemble"
ACTIVE = "multiannotator.get_active_learning_scores"
VOTE = "multiannotator.get_majority_vote_label"
WIDE = "multiannotator.convert_long_to_wide_dataset"
TWO = ", 2 models"

CASES = [
    Case(ONE, size(100_000), lambda: quality(100_000), goal=20),
    Case(
        ONE,
        size(100_000),
        lambda: quality(100_000, quality_method="agreement"),
        goal=20,
        label="agreement",
    ),
    Case(
        ONE,
        size(20_000),
        lambda: quality(20_000, calibrate_probs=True),
        goal=20,
        label="calibrated",
    ),
    Case(
        ONE,
        size(100_000, ", cleanlab takes a minute"),
        lambda: quality(100_000, calibrate_probs=True),
        goal=20,
        label="calibrated",
        alone=True,
    ),
    Case(SEVERAL, size(20_000, TWO), lambda: ensemble(20_000), goal=20),
    Case(
        SEVERAL,
        size(100_000, TWO + ", cleanlab takes a minute"),
        lambda: ensemble(100_000),
        goal=20,
        alone=True,
    ),
    Case(ACTIVE, size(20_000, ", as many unlabeled"), lambda: active(20_000), goal=20),
    Case(
        ACTIVE,
        size(100_000, ", as many unlabeled, cleanlab takes a minute"),
        lambda: active(100_000),
        goal=20,
        alone=True,
    ),
    Case(
        f"{ACTIVE}_ensemble",
        size(10_000, ", as many unlabeled" + TWO),
        lambda: active_ensemble(10_000),
        goal=20,
    ),
    Case(
        f"{ACTIVE}_ensemble",
        size(100_000, ", as many unlabeled" + TWO + ", cleanlab takes two minutes"),
        lambda: active_ensemble(100_000),
        goal=20,
        alone=True,
    ),
    Case(VOTE, size(100_000), lambda: one_model(100_000), goal=20, label="checked"),
    Case(VOTE, size(100_000), lambda: one_model(100_000, verbose=False), label="unchecked"),
    Case(WIDE, size(100_000), lambda: long(100_000)),
]
