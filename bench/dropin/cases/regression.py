"""`regression`: scores of numeric labels, and learning without the wrong ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.dropin.case import Case

Inputs = tuple[tuple[Any, ...], dict[str, Any]]


def predicted(n: int, **options: Any) -> Inputs:
    """Labels of which one in twenty is wrong, and predictions."""
    rng = np.random.default_rng(n)
    truth = rng.gamma(2.0, size=n)
    labels = truth + 0.2 * rng.normal(size=n)
    wrong = rng.random(n) < 0.05
    labels[wrong] += 3 * rng.normal(size=wrong.sum())
    return (labels, truth + 0.3 * rng.normal(size=n)), options


def examples(n: int, columns: int, model: str, **options: Any) -> Inputs:
    """Features and labels of a linear task, one in ten labels wrong; and a model's name."""
    rng = np.random.default_rng(n + columns)
    X = rng.normal(size=(n, columns))
    y = X @ rng.normal(size=columns) + 0.5 * rng.normal(size=n)
    wrong = rng.random(n) < 0.1
    y[wrong] += 10 * rng.normal(size=wrong.sum())
    return (model, X, y), options


def model_of(name: str) -> Any:
    """Make the estimator, unfitted."""
    from sklearn import linear_model, tree

    models = {"tree": tree.DecisionTreeRegressor(max_depth=8, random_state=0)}
    return models.get(name) or linear_model.LinearRegression()


def find(cls: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Find the wrong labels, with folds drawn from the same seed."""
    model, X, y = args
    return cls(model_of(model), seed=0).find_label_issues(X, y, **options)


def fit(cls: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Train on what seems right, and predict."""
    model, X, y = args
    learner = cls(model_of(model), seed=0).fit(X, y, **options)
    return learner.label_issues_df, learner.predict(X), learner.score(X, y)


CASES = [
    Case("regression.rank.get_label_quality_scores", "10k", lambda: predicted(10_000)),
    Case(
        "regression.rank.get_label_quality_scores",
        "100k (cleanlab would need 40 GB)",
        lambda: predicted(100_000),
        alone=True,
    ),
    Case(
        "regression.rank.get_label_quality_scores",
        "1M",
        lambda: predicted(1_000_000, method="residual"),
        label="residual",
    ),
    Case(
        "regression.learn.CleanLearning",
        "5k x 10, linear regression",
        lambda: examples(5000, 10, "linear"),
        call=find,
        label="find_label_issues; all of it model fits",
    ),
    Case(
        "regression.learn.CleanLearning",
        "2k x 10, regression tree",
        lambda: examples(2000, 10, "tree"),
        call=fit,
        label="fit; all of it model fits",
    ),
]
