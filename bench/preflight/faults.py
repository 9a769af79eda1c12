"""Faults to put into honest inputs, and what preflight should call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .cases import Inputs

__all__ = ["FAULTS", "Fault"]

Passed = dict[str, Any]  # arguments of preflight


@dataclass(frozen=True)
class Fault:
    """A fault.

    Attributes
    ----------
    name : str
        For the table.
    group : str
        What kind of fault it is.
    inject : callable
        Makes the arguments of preflight of honest inputs; None where it does not apply.
    warnings : tuple of str
        Names of which one is the right answer.
    with_features : bool
        Whether it needs features to be seen.
    tasks : tuple of str
        Tasks it applies to.
    figures : dict
        Figures that the warning must have, besides.
    judged_from : float
        Standard deviations beyond chance by which labels and predictions must agree before the
        fault is put in: what agrees by chance alone cannot be seen to disagree.
    """

    name: str
    group: str
    inject: Callable[[Inputs, np.random.Generator], Passed | None]
    warnings: tuple[str, ...]
    with_features: bool = False
    tasks: tuple[str, ...] = ("classification",)
    figures: Mapping[str, Any] | None = None
    judged_from: float = 10.0


def _probs(x: Inputs, probs: Any) -> Passed:
    return {"labels": x.labels, "pred_probs": probs, "task": x.task}


def _rows(x: Inputs, at: Any) -> Passed:
    return _probs(x, x.probs[at])


def _columns(x: Inputs, order: Any) -> Passed:
    return _probs(x, x.probs[:, order])


def _with_features(passed: Passed, features: Any) -> Passed:
    return passed | {"features": features}


def _from_middle_on(x: Inputs) -> Any:
    n = len(x.labels)
    return np.r_[: n // 2, n // 2 + 1 : n, n // 2]


def _swapped(x: Inputs) -> Any:
    order = np.arange(x.n_classes)
    order[[0, 1]] = 1, 0
    return order


def _without_first_class(x: Inputs) -> Passed | None:
    """Labels numbered anew because a class does not occur, columns as before."""
    if x.n_classes < 3:
        return None
    rows = np.flatnonzero(x.labels > 0)
    return {"labels": x.labels[rows] - 1, "pred_probs": x.probs[rows]}


def _sums(x: Inputs, rng: np.random.Generator) -> Passed:
    return _probs(x, x.probs * rng.uniform(0.5, 1.5, (len(x.probs), 1)))


def _some(x: Inputs, value: float, rng: np.random.Generator) -> Passed:
    probs = x.probs.astype(np.float64)
    probs[rng.choice(len(probs), 3, False)] = value
    return _probs(x, probs)


def _single(x: Inputs) -> Passed:
    rows = np.flatnonzero(x.labels != 0)
    return _only(x, np.sort(np.r_[np.flatnonzero(x.labels == 0)[:1], rows]))


def _only(x: Inputs, rows: Any) -> Passed:
    return {"labels": x.labels[rows], "pred_probs": x.probs[rows]}


def _logs(x: Inputs) -> Any:
    return np.log(np.maximum(x.probs.astype(np.float64), 1e-12))


def _logits(x: Inputs, rng: np.random.Generator) -> Passed:
    return _probs(x, _logs(x) + rng.normal(3, 1, (len(x.probs), 1)))


def _duplicates(x: Inputs, rng: np.random.Generator) -> Passed:
    n = len(x.labels)
    rows = np.r_[np.arange(n), np.arange(5)]
    features = x.features[rows].copy()
    features[n:] += 1e-9 * np.abs(features).mean() * rng.normal(size=features[n:].shape)
    passed = {"labels": x.labels[rows], "pred_probs": x.probs[rows], "features": features}
    return passed | {"folds": np.r_[np.zeros(n), np.ones(5)]}


def _constant_columns(x: Inputs) -> Passed:
    many = 1 + x.features.shape[1] // 9
    features = np.c_[x.features, np.full((len(x.labels), many), 3.0)]
    return _with_features(_probs(x, x.probs), features)


def _nan_features(x: Inputs) -> Passed:
    features = x.features.copy()
    features[[2, 5], 0] = np.nan
    return _with_features(_probs(x, x.probs), features)


def _shuffled(x: Inputs, rng: np.random.Generator) -> Any:
    return rng.permutation(len(x.labels))


def _rolled(x: Inputs, by: int) -> Any:
    return np.roll(np.arange(len(x.labels)), by)


_ANY = ("classification", "regression")
_MOVED = ("permuted_columns",)
_SHIFTED = ("shifted_rows",)
_SHUFFLED = ("shuffled_rows",)

FAULTS = (
    Fault("columns reversed", "columns", lambda x, _: _columns(x, slice(None, None, -1)), _MOVED),
    Fault(
        "columns rotated by one",
        "columns",
        lambda x, _: _columns(x, np.roll(np.arange(x.n_classes), 1)),
        _MOVED,
    ),
    Fault(
        "two columns swapped",
        "columns",
        lambda x, _: _columns(x, _swapped(x)),
        _MOVED,
    ),
    Fault(
        "class without examples, labels numbered anew",
        "columns",
        lambda x, _: _without_first_class(x),
        (*_MOVED, "columns_without_label"),
    ),
    Fault(
        "rows shifted by 1",
        "rows",
        lambda x, _: _rows(x, _rolled(x, 1)),
        _SHIFTED,
        tasks=_ANY,
        figures={"lag": -1},
    ),
    Fault(
        "rows shifted by 40",
        "rows",
        lambda x, _: _rows(x, _rolled(x, -40)),
        _SHIFTED,
        tasks=_ANY,
        figures={"lag": 40},
    ),
    Fault(
        "rows shifted by 1 from the middle on",
        "rows",
        lambda x, _: _rows(x, _from_middle_on(x)),
        _SHIFTED,
        tasks=_ANY,
        judged_from=15.0,
        figures={"lag": 1},
    ),
    Fault(
        "first prediction lost",
        "rows",
        lambda x, _: _rows(x, slice(1, None)),
        _SHIFTED,
        tasks=_ANY,
        figures={"lag": 1},
    ),
    Fault(
        "rows shuffled",
        "rows",
        lambda x, rng: _rows(x, _shuffled(x, rng)),
        _SHUFFLED,
        tasks=_ANY,
    ),
    Fault(
        "rows shuffled, with features",
        "rows",
        lambda x, rng: _with_features(_rows(x, _shuffled(x, rng)), x.features),
        _SHUFFLED,
        with_features=True,
        tasks=_ANY,
    ),
    Fault(
        "rows of features shifted by 3",
        "features",
        lambda x, _: _with_features(_probs(x, x.probs), np.roll(x.features, 3, axis=0)),
        ("shifted_features", "shuffled_features"),
        with_features=True,
        tasks=_ANY,
    ),
    Fault(
        "rows of features shuffled",
        "features",
        lambda x, rng: _with_features(_probs(x, x.probs), x.features[_shuffled(x, rng)]),
        ("shuffled_features",),
        with_features=True,
        tasks=_ANY,
    ),
    Fault("logits", "values", _logits, ("logits",)),
    Fault("logarithms", "values", lambda x, _: _probs(x, _logs(x)), ("log_probabilities",)),
    Fault("percentages", "values", lambda x, _: _probs(x, 100 * x.probs), ("percentages",)),
    Fault("rows that do not sum to 1", "values", _sums, ("unnormalised_rows",)),
    Fault("three rows of nan", "values", lambda x, rng: _some(x, np.nan, rng), ("not_finite",)),
    Fault(
        "the same probabilities in every row",
        "values",
        lambda x, _: _probs(x, np.tile(x.probs.mean(axis=0), (len(x.probs), 1))),
        ("constant_probabilities",),
    ),
    Fault(
        "last column left out",
        "values",
        lambda x, _: _columns(x, slice(None, -1)) if x.n_classes > 2 else None,
        ("labels_without_column",),
    ),
    Fault(
        "a column too many",
        "values",
        lambda x, _: _probs(x, np.c_[0.9 * x.probs, np.full(len(x.probs), 0.1)]),
        ("columns_without_label",),
    ),
    Fault("class with one example", "values", lambda x, _: _single(x), ("single_example_classes",)),
    Fault(
        "five near-duplicates in another fold",
        "features",
        _duplicates,
        ("duplicates_across_folds",),
        with_features=True,
    ),
    Fault(
        "constant columns of features",
        "features",
        lambda x, _: _constant_columns(x),
        ("constant_features",),
        with_features=True,
    ),
    Fault(
        "nan in features",
        "features",
        lambda x, _: _nan_features(x),
        ("features_not_finite",),
        with_features=True,
    ),
)
