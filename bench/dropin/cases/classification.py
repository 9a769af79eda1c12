"""`CleanLearning`: with given probabilities the search, else the classifier's fits dominate."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.naive_bayes import GaussianNB

from bench.cases import KINDS, make_input
from bench.dropin.case import Case

Inputs = tuple[tuple[Any, ...], dict[str, Any]]
NAME = "classification.CleanLearning"
ONE_PROCESS = {"find_label_issues_kwargs": {"n_jobs": 1}}  # cleanlab's fastest setting


def probabilities() -> Inputs:
    """Labels and probabilities."""
    labels, probs = make_input(KINDS[0], 200_000, 10)
    return (), {"labels": labels, "pred_probs": probs}


def features() -> Inputs:
    """Labels and features of a blob a class, at which naive Bayes is fast."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, 10, 200_000)
    X = rng.normal(size=(200_000, 8)) + 2 * rng.normal(size=(10, 8))[true]
    labels = np.where(rng.random(200_000) < 0.1, rng.integers(0, 10, 200_000), true)
    return (X, labels), {}


def find(make: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Label issues by an object of its own."""
    return make(GaussianNB(), seed=0, **ONE_PROCESS).find_label_issues(*args, **kwargs)


def fit(make: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Label issues and what the trained model predicts."""
    model = make(GaussianNB(), seed=0, **ONE_PROCESS).fit(*args, **kwargs)
    return model.get_label_issues(), model.predict(args[0][:1000])


def fit_without(make: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a model predicts that was trained on all but a tenth."""
    rows = np.arange(0, len(args[0]), 10)
    model = make(GaussianNB(), seed=0).fit(*args, label_issues=rows, **kwargs)
    return model.predict(args[0][:1000])


CASES = [
    Case(NAME, "200k x 10", probabilities, find, label="find_label_issues"),
    Case(
        NAME,
        "200k x 8, 10 classes, naive Bayes: 6 fits dominate",
        features,
        fit,
        label="fit",
        goal=1.0,
    ),
    Case(
        NAME,
        "200k x 8, 10 classes, naive Bayes: 1 fit dominates",
        features,
        fit_without,
        label="fit, issues known",
        goal=1.0,
    ),
]
