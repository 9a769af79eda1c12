"""Cross-validation with examples left out, and the search for the share of examples to leave out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._errors import WrongKindError
from cupel._extras import require

__all__ = ["as_search_range", "best_share", "cross_validate", "r2"]

Floats = NDArray[np.float64]
_PURPOSE = "cupel.regression.learn"
_UNTRAINABLE = -1e30  # R^2 of a share that leaves too few examples to train on


def cross_validate(
    model: Any,
    rows: Any,
    labels: NDArray[Any],
    folds: int,
    order: NDArray[np.int64] | None = None,
    share: float = 0,
    model_kwargs: Mapping[str, Any] | None = None,
) -> Floats:
    """Predict each label out of sample; the `share` last of `order` by the mean of all models.

    Draws from NumPy's global generator once, for the folds. What models see is in the order of
    `order`, where there is one.
    """
    k_fold = require("sklearn.model_selection", _PURPOSE).KFold(n_splits=folds, shuffle=True)
    count = _left_out(share, len(labels))
    if len(labels) - count < folds:
        msg = (
            f"{len(labels) - count} examples are too few for {folds} folds; lower cv_n_folds, or the "
            "values of coarse_search_range"
        )
        raise ValueError(msg)
    order = np.arange(len(labels)) if order is None else order
    kept, left_out = order[: len(order) - count], order[len(order) - count :]
    predictions = np.zeros(len(labels))
    of_left_out = np.zeros((folds, count))
    for fold, (train, test) in enumerate(k_fold.split(kept)):
        fitted = _fresh(model)
        fitted.fit(rows[kept[train]], labels[kept[train]], **(model_kwargs or {}))
        predictions[kept[test]] = np.ravel(fitted.predict(rows[kept[test]]))
        if count:
            of_left_out[fold] = np.ravel(fitted.predict(rows[left_out]))
    if count:
        predictions[left_out] = of_left_out.mean(axis=0)
    return predictions


def r2(labels: NDArray[Any], predictions: Floats) -> float:
    """Coefficient of determination."""
    return float(require("sklearn.metrics", _PURPOSE).r2_score(labels, predictions))


def as_search_range(shares: Sequence[float], fine_search_size: int) -> list[Any]:
    """Return the shares to try first, ascending."""
    if not len(shares):
        msg = "coarse_search_range is empty, expected at least one share of examples"
        raise ValueError(msg)
    if fine_search_size < 0:
        msg = f"fine_search_size must be at least 0, got {fine_search_size}"
        raise ValueError(msg)
    return sorted(shares)


def best_share(
    predict: Callable[[Any], Floats],
    labels: NDArray[Any],
    folds: int,
    shares: list[Any],
    fine_search_size: int,
) -> tuple[Any, float]:
    """Return the share to leave out whose predictions are best, and their R^2.

    Parameters
    ----------
    predict : callable
        Predictions of all labels by models trained without a share of the examples.
    labels : ndarray, shape (n,)
        Given labels.
    folds : int
        Least number of examples to train on. Shares that leave fewer are passed over, unless there
        is one share alone.
    shares : list
        To try first, ascending.
    fine_search_size : int
        How many to try then on either side of the best of them; these win ties.
    """

    def quality(share: Any) -> float:
        if len(shares) > 1 and len(labels) - _left_out(share, len(labels)) < folds:
            return _UNTRAINABLE
        return r2(labels, predict(share))

    coarse = [quality(share) for share in shares]
    i = int(np.argmax(coarse))
    if coarse[i] == _UNTRAINABLE:
        return 0, _UNTRAINABLE
    tried = _between(shares, i, fine_search_size)
    fine = [quality(share) for share in tried]
    best = int(np.argmax([*fine, coarse[i]]))
    return [*tried, shares[i]][best], [*fine, coarse[i]][best]


def _between(shares: list[Any], i: int, count: int) -> list[Any]:
    """Return `count` shares between the i-th and each of its neighbours, evenly spaced."""
    pairs = [(a, b) for a, b in ((i - 1, i), (i, i + 1)) if a >= 0 and b < len(shares)]
    return [
        share
        for a, b in pairs
        for share in np.linspace(shares[a], shares[b], num=count + 1, endpoint=False)[1:]
    ]


def _fresh(model: Any) -> Any:
    """Return a copy of the model that was not fitted."""
    try:
        return require("sklearn.base", _PURPOSE).clone(model)
    except TypeError as error:
        msg = f"model must be an estimator that sklearn.base.clone can copy: {error}"
        raise WrongKindError(msg) from error


def _left_out(share: Any, n: int) -> int:
    """Return how many of n examples a share is."""
    if share < 0:
        msg = f"coarse_search_range has {share}, expected shares in [0, 1)"
        raise ValueError(msg)
    count: int = math.ceil(share * n)
    return count
