"""Models that are tried, and the quick comparison that chooses one."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._extras import require
from cupel.baseline._design import Design
from cupel.baseline._targets import Targets

__all__ = ["Candidate", "candidates", "choose", "fitting", "tree_threads"]

_PURPOSE = "fit_baseline"
_MOST_CLASSES_OF_TREES = 30  # every class costs trees of its own
_FEW_CLASSES = 5  # so few that longer training is worth a try
_FEWEST_ROWS_OF_TREES = 100
_FEWEST_ROWS_OF_THREADS = 50_000
_COMPARED_ROWS, _QUICKLY_COMPARED_ROWS = 3_000, 800
_COMPARISON_FOLDS = 3
_CLEARLY = 0.97  # share of a simpler model's loss below which another is better


@dataclass(frozen=True)
class Candidate:
    """A model and the matrix it is trained on."""

    name: str
    model: Any
    matrix: Any


def candidates(design: Design, targets: Targets, *, quick: bool, seed: int) -> list[Candidate]:
    """List models for the data, the simplest first."""
    linear = _ridges(design) if targets.task == "regression" else _logistic(design)
    found = [
        Candidate(name, _per_label(model, targets), design.linear) for name, model in linear.items()
    ]
    if design.trees is not None:
        for rounds in _rounds(targets, quick):
            model = _per_label(_trees(design, targets.task, rounds, seed), targets)
            name = f"gradient-boosted trees ({rounds} rounds)"
            found.append(Candidate(name, model, design.trees))
    return found


def _logistic(design: Design) -> dict[str, Any]:
    # Regularised, so that a few wrong labels do not bend the model towards themselves.
    strengths = {"tabular": (0.1, 1.0), "text": (1.0, 10.0), "image": (0.003, 0.03)}
    chosen = strengths.get(design.kind, (0.01, 0.1))
    logistic = require("sklearn.linear_model", _PURPOSE).LogisticRegression
    return {
        f"logistic regression (C = {strength:g})": logistic(C=strength, max_iter=300, tol=1e-3)
        for strength in chosen
    }


def _ridges(design: Design) -> dict[str, Any]:
    ridge = require("sklearn.linear_model", _PURPOSE).Ridge
    strengths = (1.0,) if design.kind == "text" else (1.0, 100.0)
    return {f"ridge regression (alpha = {a:g})": ridge(alpha=a) for a in strengths}


def _rounds(targets: Targets, quick: bool) -> tuple[int, ...]:
    """How often to boost: the longer, the closer to the labels, wrong ones included."""
    too_few = targets.known.sum() < _FEWEST_ROWS_OF_TREES
    if too_few or targets.n_outputs > _MOST_CLASSES_OF_TREES:
        return ()
    return (30,) if quick or targets.n_outputs > _FEW_CLASSES else (30, 120)


def _trees(design: Design, task: str, rounds: int, seed: int) -> Any:
    ensemble = require("sklearn.ensemble", _PURPOSE)
    kind = (
        ensemble.HistGradientBoostingRegressor
        if task == "regression"
        else ensemble.HistGradientBoostingClassifier
    )
    return kind(
        learning_rate=0.1,
        max_iter=rounds,
        max_leaf_nodes=15,
        early_stopping=False,
        categorical_features=design.categorical or None,
        random_state=seed,
    )


def _per_label(model: Any, targets: Targets) -> Any:
    if targets.task != "multilabel":
        return model
    return require("sklearn.multiclass", _PURPOSE).OneVsRestClassifier(model)


@contextmanager
def fitting() -> Iterator[None]:
    """Train in one thread, and without scikit-learn's warnings about what is told otherwise.

    Sums in linear algebra depend on the number of threads, and threads for few rows wait for each
    other more than they work, above all on a busy machine.
    """
    limits = require("threadpoolctl", _PURPOSE).threadpool_limits
    convergence = require("sklearn.exceptions", _PURPOSE).ConvergenceWarning
    with limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", convergence)  # close to the best is good enough here
        warnings.filterwarnings("ignore", "Label .* is present in all training", UserWarning)
        warnings.filterwarnings("ignore", "Label not .* is present in all", UserWarning)
        yield


def tree_threads(n_jobs: int | None, n_rows: int) -> Any:
    """Return a context for trees of many rows, which may have `n_jobs` threads.

    What they find does not depend on their number.
    """
    few = n_rows < _FEWEST_ROWS_OF_THREADS
    limits = require("threadpoolctl", _PURPOSE).threadpool_limits
    return limits(1 if few else n_jobs or os.cpu_count(), user_api="openmp")


def choose(
    tried: list[Candidate],
    targets: Targets,
    *,
    quick: bool,
    seed: int,
    tell: Callable[[float], None],
) -> tuple[Candidate, dict[str, float]]:
    """Return the candidate with the least mean loss in a cross-validation of some of the rows.

    A simpler one wins unless another is clearly better. The loss is the log loss; for regression the mean absolute error, over the labels' own spread.
    """
    limit = _QUICKLY_COMPARED_ROWS if quick else _COMPARED_ROWS
    rows = _compared_rows(targets, limit, seed)
    if len(tried) == 1 or len(rows) < 2 * _COMPARISON_FOLDS:
        return tried[0], {}
    splits = list(targets.split(_COMPARISON_FOLDS, seed, rows))
    losses: dict[str, float] = {}
    for i, candidate in enumerate(tried):
        total = 0.0
        for j, (train, held_out) in enumerate(splits):
            model = require("sklearn.base", _PURPOSE).clone(candidate.model)
            model.fit(candidate.matrix[train], targets.values[train])
            total += _loss(model, candidate.matrix[held_out], targets, held_out)
            tell((i + (j + 1) / len(splits)) / len(tried))
        losses[candidate.name] = total / len(splits)
    best = tried[0]
    for candidate in tried[1:]:
        if losses[candidate.name] < _CLEARLY * losses[best.name]:
            best = candidate
    return best, losses


def _compared_rows(targets: Targets, limit: int, seed: int) -> NDArray[np.int64]:
    """Draw rows for the comparison, of classes that every fold has an example of."""
    rows: NDArray[np.int64] = np.flatnonzero(targets.known)
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(rows)[:limit])
    if targets.task == "classification":
        counts = np.bincount(targets.values[rows], minlength=targets.n_outputs)
        rows = rows[counts[targets.values[rows]] >= _COMPARISON_FOLDS]
        if len(np.unique(targets.values[rows])) < 2:
            return rows[:0]
    return rows


def _loss(model: Any, matrix: Any, targets: Targets, rows: NDArray[np.int64]) -> float:
    metrics = require("sklearn.metrics", _PURPOSE)
    true = targets.values[rows]
    if targets.task == "regression":
        spread = np.abs(true - np.median(true)).mean()
        return float(metrics.mean_absolute_error(true, model.predict(matrix)) / max(spread, 1e-300))
    probs = model.predict_proba(matrix)
    if targets.task == "classification":
        return float(metrics.log_loss(true, probs, labels=model.classes_))
    clipped = np.clip(probs, 1e-15, 1 - 1e-15)
    return float(-np.log(np.where(true == 1, clipped, 1 - clipped)).mean())
