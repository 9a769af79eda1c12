"""Training a suitable model by cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel._extras import require
from cupel.baseline._columns import Columns, left_out_note, plan_columns
from cupel.baseline._design import Design, design_of_columns, design_of_vectors
from cupel.baseline._models import Candidate, candidates, choose, fitting, tree_threads
from cupel.baseline._result import Baseline
from cupel.baseline._targets import Targets

if TYPE_CHECKING:
    from cupel.datalab._dataset import Dataset

__all__ = ["fit_baseline"]

_FOLDS, _QUICK_FOLDS = 5, 3
_PURPOSE = "fit_baseline"


def fit_baseline(
    data: Dataset | Mapping[str, Any] | Any,
    labels: ArrayLike,
    task: str = "classification",
    *,
    text: Sequence[str] = (),
    embeddings: ArrayLike | None = None,
    quick: bool = False,
    seed: int = 0,
    n_jobs: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Baseline:
    """Train a model that suits the data, and predict every row by models that have not seen it.

    Parameters
    ----------
    data : Dataset, mapping of str to array_like, or anything that `cupel.Datalab` takes
        The columns; those of a `Dataset` but its label, id and split. Images are used if it names
        a column of them.
    labels : array_like, length n
        Classes as strings or whole numbers, None or nan where missing; numbers for regression;
        lists of classes 0..k-1 for multilabel.
    task : {'classification', 'regression', 'multilabel'}
        What the labels are.
    text : sequence of str
        Columns that are texts; others are found by their looks.
    embeddings : array_like of float, shape (n, d), optional
        Trained on instead of the columns.
    quick : bool
        Three folds instead of five, smaller models, compared on fewer rows.
    seed : int
        Of the folds and of what models draw.
    n_jobs : int, optional
        Threads; the result does not depend on it.
    progress : callable, optional
        Told the fraction that is done.

    Returns
    -------
    Baseline
        Predictions, features for neighbours, and what was done, in words.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    TypeError, ValueError
        If no column can be used, or the labels are too few or all the same.

    Notes
    -----
    Numbers, categories and dates: logistic (ridge) regression or gradient-boosted trees, whichever
    does better in a small cross-validation. Columns that count rows, repeat the labels or hold too
    many categories are left out, with a note. Texts: linear models of TF-IDF weights. Images:
    linear models of simple built-in features. What looks at no label (scaling, word weights) is
    done once for all folds.

    Rows without a label get the mean prediction of all folds' models. A row whose class has no
    other example gets the frequencies of the classes: no model could have known its class.

    Examples
    --------
    >>> size, colour = [1.0, 1.2, 5.0, 5.1] * 6, ["red", "red", "blue", "red"] * 6
    >>> trained = fit_baseline({"size": size, "colour": colour}, ["cherry", "cherry", "plum", "plum"] * 6)
    >>> trained.classes, trained.pred_probs.shape, trained.score
    (['cherry', 'plum'], (24, 2), 1.0)
    >>> trained.description
    "logistic regression (C = 1) on the number 'size' and the categorical column 'colour'; 5 folds"
    """
    tell = progress if progress is not None else lambda _: None
    dataset = _as_dataset(data)
    targets = Targets.load(labels, task, dataset.n_rows)
    with fitting():
        design, notes = _prepared(
            dataset, targets, text, embeddings, quick, seed, lambda f: tell(0.25 * f)
        )
        tried = candidates(design, targets, quick=quick, seed=seed)
        best, losses = choose(
            tried, targets, quick=quick, seed=seed, tell=lambda f: tell(0.25 + 0.25 * f)
        )
        folds = targets.folds(_QUICK_FOLDS if quick else _FOLDS)
        with tree_threads(n_jobs, dataset.n_rows):
            predicted = _out_of_sample(best, targets, folds, seed, lambda f: tell(0.5 + 0.5 * f))
    score, chance = _scored(predicted, targets)
    is_regression = task == "regression"
    return Baseline(
        task=task,
        kind=design.kind,
        pred_probs=None if is_regression else predicted,
        predictions=predicted[:, 0] if is_regression else None,
        features=design.features,
        classes=targets.classes,
        description=f"{best.name} on {design.words}; {folds} folds",
        score=score,
        chance=chance,
        folds=folds,
        candidates=losses,
        notes=(*notes, *targets.rare_classes(folds)),
    )


def _as_dataset(data: Any) -> Dataset:
    from cupel.datalab._dataset import Dataset

    return data if isinstance(data, Dataset) else Dataset.load(data)


def _prepared(
    dataset: Dataset,
    targets: Targets,
    text: Sequence[str],
    embeddings: ArrayLike | None,
    quick: bool,
    seed: int,
    tell: Callable[[float], None],
) -> tuple[Design, list[str]]:
    if embeddings is not None:
        vectors = _as_vectors(embeddings, dataset.n_rows)
        words = f"{vectors.shape[1]} numbers of each given embedding"
        return design_of_vectors(vectors, "embedding", words), []
    codes = targets.values if targets.task == "classification" else None
    named = ((name, dataset.column(name)) for name in dataset.feature_names)
    columns = plan_columns(named, codes, text)
    if columns.vectors:
        return _of_vectors(columns), columns.notes
    if dataset.image_key is not None:
        return _of_images(dataset, columns, tell)
    if not columns.names:
        told = "".join(f"\n  {note}" for note in columns.notes)
        msg = f"there is no column that a model could be trained on{told}"
        raise ValueError(msg)
    return design_of_columns(columns, quick=quick, seed=seed, tell=tell), columns.notes


def _of_vectors(columns: Columns) -> Design:
    vectors = np.hstack(list(columns.vectors.values()))
    names = ", ".join(map(repr, columns.vectors))
    others = [name for name in columns.names if name not in columns.vectors]
    if others:
        columns.notes.append(left_out_note(others, "embeddings are there"))
    words = f"{vectors.shape[1]} numbers of each embedding in {names}"
    return design_of_vectors(vectors, "embedding", words)


def _of_images(
    dataset: Dataset, columns: Columns, tell: Callable[[float], None]
) -> tuple[Design, list[str]]:
    from cupel.baseline._images import image_features

    vectors, notes = image_features(dataset, tell)
    words = "small pixels, colour histograms and edge directions of the images"
    if columns.names:
        notes.append(left_out_note(columns.names, "images are there"))
    return design_of_vectors(vectors, "image", words), notes


def _as_vectors(embeddings: ArrayLike, n_rows: int) -> NDArray[np.float32]:
    vectors = np.asarray(embeddings)
    if vectors.ndim != 2 or vectors.dtype.kind not in "biuf" or vectors.shape[1] < 1:
        msg = (
            "embeddings must be a matrix of numbers, one row for each row of the data, got "
            f"shape {vectors.shape} of {vectors.dtype}"
        )
        raise ValueError(msg)
    if len(vectors) != n_rows:
        msg = f"embeddings has {len(vectors)} rows, the data {n_rows}; pass one for each row"
        raise ValueError(msg)
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if bad.size:
        msg = f"embeddings[{bad[0]}] holds a number that is missing or infinite"
        raise ValueError(msg)
    return vectors.astype(np.float32)


def _out_of_sample(
    best: Candidate, targets: Targets, folds: int, seed: int, tell: Callable[[float], None]
) -> NDArray[np.float64]:
    """Predict labelled rows by the fold they are held out of, others by the mean of all folds."""
    clone = require("sklearn.base", _PURPOSE).clone
    predicted = np.zeros((len(targets.known), targets.n_outputs))
    unlabelled = np.flatnonzero(~targets.known)
    for i, (train, held_out) in enumerate(targets.split(folds, seed)):
        model = clone(best.model).fit(best.matrix[train], targets.values[train])
        predicted[held_out] = _predict(model, best.matrix[held_out], targets)
        if unlabelled.size:
            predicted[unlabelled] += _predict(model, best.matrix[unlabelled], targets) / folds
        tell((i + 1) / folds)
    if targets.task == "classification":
        alone = targets.known & (targets.counts[targets.values] == 1)
        predicted[alone] = targets.priors()
        predicted /= predicted.sum(axis=1, keepdims=True)
    return predicted


def _predict(model: Any, matrix: Any, targets: Targets) -> NDArray[np.float64]:
    if targets.task == "regression":
        values: NDArray[np.float64] = model.predict(matrix).reshape(-1, 1)
        return values
    probs: NDArray[np.float64] = model.predict_proba(matrix)
    if targets.task == "multilabel":
        return probs[:, -targets.n_outputs :]
    full = np.zeros((len(probs), targets.n_outputs))
    full[:, model.classes_] = probs
    return full


def _scored(predicted: NDArray[np.float64], targets: Targets) -> tuple[float, float]:
    known = targets.known
    true, guess = targets.values[known], predicted[known]
    if targets.task == "regression":
        metrics = require("sklearn.metrics", _PURPOSE)
        return float(metrics.r2_score(true, guess[:, 0])), 0.0
    if targets.task == "classification":
        return float((guess.argmax(axis=1) == true).mean()), float(targets.counts.max() / len(true))
    shares = true.mean(axis=0)
    return float(((guess > 0.5) == true).mean()), float(np.maximum(shares, 1 - shares).mean())
