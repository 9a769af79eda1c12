"""What `CleanLearning` of both kinds asks of the estimator inside it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from cupel._extras import require

__all__ = ["score_of", "takes_sample_weight"]


def takes_sample_weight(method: Callable[..., Any]) -> bool:
    """Whether the method has a parameter of that name."""
    return "sample_weight" in inspect.signature(method).parameters


def score_of(estimator: Any, X: Any, y: Any, sample_weight: Any, *, metric: str) -> Any:
    """Return the estimator's own score, or scikit-learn's `metric` of what it predicts.

    Weights are left out where its ``score`` takes none.
    """
    if not hasattr(estimator, "score"):
        measure = getattr(require("sklearn.metrics", "CleanLearning.score"), metric)
        return measure(y, estimator.predict(X), sample_weight=sample_weight)
    if takes_sample_weight(estimator.score):
        return estimator.score(X, y, sample_weight=sample_weight)
    return estimator.score(X, y)
