"""Regression problems: strategies, simulated sets, real ones, and a model that notes what it sees."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression

KINDS = ("normal", "integers", "constant", "heavy", "clusters")


def numbers(kind: str, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    if kind == "integers":
        return rng.integers(-2, 3, size=n).astype(float)
    if kind == "constant":
        return np.full(n, 0.1)
    if kind == "heavy":
        return rng.standard_t(1.2, size=n)
    if kind == "clusters":
        return rng.choice([-100.0, 0.0, 1.0], size=n) + 1e-3 * rng.normal(size=n)
    return rng.normal(size=n)


@st.composite
def planes(draw: st.DrawFn, max_points: int = 400) -> tuple[NDArray[np.float64], int]:
    """Points of the plane, and a number of neighbours."""
    n = draw(st.integers(1, max_points))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    columns = [numbers(draw(st.sampled_from(KINDS)), n, rng) for _ in range(2)]
    scale = 10.0 ** draw(st.integers(-8, 8))
    return np.column_stack(columns) * [1.0, scale], draw(st.integers(1, n))


def simulated(
    n: int, wrong: float, seed: int, columns: int = 2
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Features, the first of them the row's number, and labels of which a share is wrong."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.arange(n), rng.normal(size=(n, columns))])
    y = X[:, 1] + 0.1 * rng.normal(size=n)
    bad = rng.random(n) < wrong
    y[bad] += 5 * rng.normal(size=bad.sum())
    return X, y


class NotingRegressor(RegressorMixin, BaseEstimator):
    """Linear regression on all but the first column, which holds the rows' numbers.

    Every call is noted in `log`, which copies share.
    """

    log: ClassVar[list[Any]] = []

    def fit(self, X: Any, y: Any, **kwargs: Any) -> NotingRegressor:
        rows = np.asarray(X)
        kinds = (type(X).__name__, type(y).__name__)
        labels = np.asarray(y)
        self.log.append(("fit", rows[:, 0].tolist(), labels.tolist(), kinds, sorted(kwargs)))
        self.model_ = LinearRegression().fit(rows[:, 1:], labels)
        return self

    def predict(self, X: Any, **kwargs: Any) -> Any:
        rows = np.asarray(X)
        self.log.append(("predict", rows[:, 0].tolist(), sorted(kwargs)))
        return self.model_.predict(rows[:, 1:])
