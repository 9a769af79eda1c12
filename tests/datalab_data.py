"""Data sets for whole audits: random ones with planted issues, and real ones of scikit-learn."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
NAMES = np.array(["cat", "ant", "dog", "bee", "emu", "fox"])


class AuditInputs(NamedTuple):
    """What an audit is given, and the rows in which something was planted."""

    labels: Array
    pred_probs: Array
    features: Array
    wrong: Array
    copies: Array


def random_inputs(seed: int, n: int = 400, k: int = 3, d: int = 6) -> AuditInputs:
    """Clusters with probabilities that fit, wrong labels, exact and near copies, an outlier.

    Probabilities have the classes' names in the order of the alphabet as columns.
    """
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    truth[:k] = np.arange(k)
    features = 3 * rng.normal(size=(k, d))[truth] + rng.normal(size=(n, d))
    copies = rng.choice(np.arange(k, n), 12, replace=False)
    # Far from the rest: where copies are the last of a row's neighbours, anyone may choose which.
    features[copies[:6]] = -30.0 * np.eye(d)[0]
    features[copies[6:]] = -30.0 * np.eye(d)[1] + rng.normal(0, 1e-5, (6, d))
    truth[copies[:6]], truth[copies[6:]] = truth[copies[0]], truth[copies[7]]
    features[k] += 40
    raw = rng.dirichlet(np.full(k, 0.4), n) + (0.6 + 2 * rng.random((n, 1))) * np.eye(k)[truth]
    pred_probs = raw / raw.sum(axis=1, keepdims=True)
    given = truth.copy()
    wrong = np.setdiff1d(rng.choice(np.arange(k, n), n // 15, replace=False), copies)
    given[wrong] = (given[wrong] + 1 + rng.integers(0, k - 1, len(wrong))) % k
    names = np.sort(NAMES[:k])
    return AuditInputs(names[given], pred_probs, features, wrong, np.sort(copies))


def digits_with_errors(share: float = 0.05, n: int = 1797) -> AuditInputs:
    """scikit-learn's digits, some labels changed, cross-validated probabilities of naive Bayes."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import cross_val_predict
    from sklearn.naive_bayes import GaussianNB

    features, truth = load_digits(return_X_y=True)
    features, truth = features[:n] / 16.0, truth[:n]
    rng = np.random.default_rng(0)
    wrong = np.sort(rng.choice(len(truth), round(share * len(truth)), replace=False))
    given = truth.copy()
    given[wrong] = (given[wrong] + rng.integers(1, 10, len(wrong))) % 10
    model = GaussianNB(var_smoothing=0.1)
    pred_probs = cross_val_predict(model, features, given, cv=5, method="predict_proba")
    return AuditInputs(given, pred_probs, features, wrong, np.empty(0, np.int64))
