"""Models that predict the rows they were trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.ensemble import (
    GradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from .cases import Inputs

MOST_ROWS = 2000
CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "random forest": lambda: RandomForestClassifier(100, random_state=0),
    "1-NN": lambda: KNeighborsClassifier(1),
    "full tree": lambda: DecisionTreeClassifier(random_state=0),
    "boosted trees": lambda: GradientBoostingClassifier(
        n_estimators=100, max_depth=4, max_features="sqrt", random_state=0
    ),
    "logistic regression, C = 1e4": lambda: LogisticRegression(C=1e4, max_iter=500),
    "logistic regression, C = 1": lambda: LogisticRegression(max_iter=200),
    "5-NN": lambda: KNeighborsClassifier(5),
    "naive Bayes": GaussianNB,
}
REGRESSORS: dict[str, Callable[[], Any]] = {
    "1-NN": lambda: KNeighborsRegressor(1),
    "full tree": lambda: DecisionTreeRegressor(random_state=0),
    "random forest": lambda: RandomForestRegressor(100, random_state=0),
}


def in_sample(x: Inputs) -> Iterator[Inputs]:
    """Probabilities of every model for the rows it was fitted to."""
    rows = np.arange(len(x.labels))
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(1).choice(rows, MOST_ROWS, False))
    x = x.take(rows, x.variant)
    models = REGRESSORS if x.task == "regression" else CLASSIFIERS
    for name, make in models.items():
        model = make_pipeline(StandardScaler(), make()).fit(x.features, x.labels)
        predict = model.predict if x.task == "regression" else model.predict_proba
        yield replace(x, model=name, probs=np.asarray(predict(x.features), dtype=np.float64))


def agreement(x: Inputs) -> float:
    """Share of rows whose predicted class is the label; R squared of numbers."""
    if x.task == "regression":
        return 1 - float(np.mean((x.labels - x.probs) ** 2)) / float(x.labels.var())
    return float((x.probs.argmax(axis=1) == x.labels).mean())
