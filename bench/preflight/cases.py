"""Honest inputs: real data sets, noise put into their labels, and out-of-sample probabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
)
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Floats = NDArray[np.float64]
Labels = NDArray[Any]

BUNDLED = {
    "digits": load_digits,
    "wine": load_wine,
    "breast cancer": load_breast_cancer,
    "iris": load_iris,
}
FILES = {
    **{
        f"CIFAR-10, noise {noise}0 %, sparsity {sparsity}": f"cifar10_train_noise{noise}_sparsity{sparsity}"
        for noise, sparsity in ((2, 0), (2, 4), (4, 2), (4, 6), (6, 0), (6, 4))
    },
    "CIFAR-10 test": "cifar10_test_set",
    "MNIST test": "mnist_test_set",
}
# Stand in for the files where these are absent: other columns of the same examples.
DERIVED = ("digits, upper half", "digits, lower half", "digits, even pixels", "digits, odd pixels")
DERIVED += ("wine, half the columns", "breast cancer, means", "breast cancer, worst")

MODELS: dict[str, Callable[[], Any]] = {
    "logistic regression": lambda: LogisticRegression(max_iter=200),
    "random forest": lambda: RandomForestClassifier(100, random_state=0),
    "naive Bayes": GaussianNB,
    "k-NN": lambda: KNeighborsClassifier(15),
}
REGRESSORS: dict[str, Callable[[], Any]] = {
    "ridge": RidgeCV,
    "random forest": lambda: RandomForestRegressor(100, random_state=0),
    "k-NN": lambda: KNeighborsRegressor(15),
}
_ROWS_FOR_MODELS = 3000
_FOLDS = 5


@dataclass(frozen=True)
class Inputs:
    """What goes into preflight.

    Attributes
    ----------
    source : str
        The data set.
    model : str
        Where the probabilities are from.
    noise : float
        Share of the labels that were changed, beyond what the data set comes with.
    variant : str
        What else was done to it.
    labels, probs, features
        The inputs; probabilities are predicted numbers for regression.
    task : str
        The task.
    """

    source: str
    model: str
    noise: float
    variant: str
    labels: Labels
    probs: Floats
    features: Floats
    task: str = "classification"

    @property
    def n_classes(self) -> int:
        return self.probs.shape[1]

    def take(self, rows: NDArray[np.int64], variant: str) -> Inputs:
        """Some of the rows."""
        return replace(
            self,
            variant=variant,
            labels=self.labels[rows],
            probs=self.probs[rows],
            features=self.features[rows],
        )


def noise_levels(n_classes: int) -> tuple[float, ...]:
    """Levels at which most labels of a class are right, or more than of any other class."""
    return (0.0, 0.2, 0.4, 0.7) if n_classes > 3 else (0.0, 0.2, 0.4 if n_classes > 2 else 0.3)


def noisy(labels: Labels, rate: float, rng: np.random.Generator) -> Labels:
    """Change a share of the labels to any other class."""
    k = int(labels.max()) + 1
    flipped = rng.random(len(labels)) < rate
    return np.where(flipped, (labels + rng.integers(1, k, len(labels))) % k, labels)


def out_of_sample(model: Any, features: Floats, labels: Labels, seed: int) -> Floats:
    """Probabilities from five-fold cross-validation."""
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    classifier = make_pipeline(StandardScaler(), model)
    probs = cross_val_predict(classifier, features, labels, cv=folds, method="predict_proba")
    return np.asarray(probs, dtype=np.float64)


def bundled(name: str) -> tuple[Floats, Labels]:
    """Features and labels of a set in scikit-learn, its rows in random order."""
    source, _, part = name.partition(", ")
    features, labels = BUNDLED[source](return_X_y=True)
    features = features[:, _columns(features.shape[1], part)]
    if part:
        features = features[:, np.ptp(features, axis=0) > 0]  # margins of the digits
    order = np.random.default_rng(7).permutation(len(labels))
    return np.asarray(features[order], dtype=np.float64), labels[order].astype(np.int64)


def _columns(d: int, part: str) -> NDArray[np.int64]:
    columns = np.arange(d)
    if part in ("upper half", "means", "half the columns"):
        return columns[: d // 2] if part != "means" else columns[:10]
    if part in ("lower half", "worst"):
        return columns[d // 2 :] if part != "worst" else columns[20:]
    return columns[part == "odd pixels" :: 2] if part else columns


def small_sets(sources: tuple[str, ...], seeds: int) -> Iterator[Inputs]:
    """Every set, model, level of noise and seed; class sizes as they are, and uneven."""
    for source in sources:
        features, clean = bundled(source)
        for seed in range(seeds):
            for noise in noise_levels(int(clean.max()) + 1):
                rng = np.random.default_rng((seed, int(100 * noise)))
                labels = noisy(clean, noise, rng)
                every = np.arange(len(labels))
                for variant, rows in (("as is", every), ("uneven", uneven(clean, rng))):
                    for model, make in MODELS.items():
                        args = features[rows], labels[rows]
                        probs = out_of_sample(make(), *args, seed)
                        named = f"{variant}, draw {seed}"
                        yield Inputs(source, model, noise, named, args[1], probs, args[0])


def uneven(labels: Labels, rng: np.random.Generator) -> NDArray[np.int64]:
    """Keep fewer and fewer rows of each class, down to a fifth, but 15 at least."""
    k = int(labels.max()) + 1
    kept = []
    for c, share in enumerate(np.linspace(1, 0.2, k)):
        rows = np.flatnonzero(labels == c)
        kept.append(rng.permutation(rows)[: max(15, int(share * len(rows)))])
    return np.sort(np.concatenate(kept))


def file_sets(folder: Path, seeds: int) -> Iterator[Inputs]:
    """Probabilities that come with a file, of all rows; and other models' upon these."""
    for source, name in FILES.items():
        path = folder / f"{name}.npz"
        if not path.exists():
            continue
        with np.load(path) as data:
            probs, labels = data["pred_probs"], data["given_labels"].astype(np.int64)
        # The files are in the order of the true classes; how that goes is tried with all sets.
        order = np.random.default_rng(7).permutation(len(labels))
        probs, labels = probs[order], labels[order]
        features = np.log(np.maximum(probs.astype(np.float64), 1e-9))
        whole = Inputs(
            source, "ResNet" if "C" in source else "CNN", 0.0, "all rows", labels, probs, features
        )
        yield whole
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            for n in (500, 2000):
                yield whole.take(
                    np.sort(rng.choice(len(labels), n, False)), f"{n} rows, draw {seed}"
                )
            rows = uneven(labels, rng)
            rows = np.sort(rng.choice(rows, min(len(rows), 5000), False))
            yield whole.take(rows, f"uneven, draw {seed}")
        rows = np.random.default_rng(0).choice(len(labels), _ROWS_FOR_MODELS, False)
        part = whole.take(np.sort(rows), f"{_ROWS_FOR_MODELS} rows")
        for model, make in MODELS.items():
            probs = out_of_sample(make(), part.features, part.labels, 0)
            yield replace(part, model=model, probs=probs)


def regression_sets(seeds: int) -> Iterator[Inputs]:
    """The diabetes set, with noise of so many standard deviations in its numbers."""
    features, clean = load_diabetes(return_X_y=True)
    for seed in range(seeds):
        for noise in (0.0, 0.5, 1.0):
            rng = np.random.default_rng((seed, int(10 * noise)))
            order = rng.permutation(len(clean))
            labels = (clean + noise * clean.std() * rng.normal(size=len(clean)))[order]
            for model, make in REGRESSORS.items():
                folds = KFold(_FOLDS, shuffle=True, random_state=seed)
                regressor = make_pipeline(StandardScaler(), make())
                predicted = cross_val_predict(regressor, features[order], labels, cv=folds)
                inputs = (labels, predicted, features[order], "regression")
                yield Inputs("diabetes", model, noise, f"draw {seed}", *inputs)
