"""Small data sets with injected noise, and cross-validated probabilities of many models."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

from .cases import CLEAN, LOOKED, NEW, SMALL_LOOKED, SMALL_NEW, LabelledSet, Labels, Plan
from .models import out_of_sample
from .noise import NONE, SHAPES, flip, flip_doubtful
from .sources import examples

BUNDLED = ("digits", "wine", "breast cancer", "iris")


class Case(NamedTuple):
    """A data set, a shape of noise and a model; ``used`` says what was known of it.

    The seed draws the noise, and the data where they are generated.
    """

    source: str
    shape: str
    model: str
    seed: int
    used: str

    @property
    def name(self) -> str:
        """Unique."""
        return f"{self.source}, {self.shape}, {self.model}"


# The kinds of data, noise and model that were tried while the method was made.
_LOOKED_SHAPES = ("uniform 10 %", "uniform 30 %", "pairwise 20 %", "sparse", "doubtful 15 %")
_LOOKED_MODELS = (
    *("logistic regression", "random forest", "naive Bayes", "k-NN", "neural network"),
)

# Other seeds, other shapes and other models on the bundled data; on the generated data, which
# are all new, models of the usual kind.
_NEW_SHAPES = (
    *("uniform 20 %", "sparser", "half the classes 40 %", "groups 25 %", "one-way 20 %"),
    "doubtful 20 %",
)
_NEW_MODELS = ("SVM, Platt", "extra trees", "linear discriminant")
_SLOW_MODELS = ("gradient boosting", "overfitted network")
_GENERATED_MODELS: dict[str, tuple[str, ...]] = {
    "10 classes": ("logistic regression", "extra trees", "k-NN", "naive Bayes"),
    "30 classes": ("linear discriminant", "extra trees", "k-NN", "naive Bayes"),
    "100 classes": ("linear discriminant", "extra trees", "k-NN", "naive Bayes"),
    "three uneven classes": (
        *("logistic regression", "extra trees", "k-NN", "naive Bayes", "gradient boosting"),
    ),
    "10 uneven classes": ("logistic regression", "extra trees", "k-NN", "naive Bayes"),
}


def cases(draw: int = 1) -> Iterator[Case]:
    """Yield all cases, those of one data set and one shape after each other."""
    for source, shape, model in product(BUNDLED, (NONE, *_LOOKED_SHAPES), _LOOKED_MODELS):
        yield Case(source, shape, model, 0, LOOKED)
    for source, shape in product(BUNDLED, (NONE, *_NEW_SHAPES)):
        for model in (*_NEW_MODELS, *(_SLOW_MODELS if source == "digits" else ())):
            yield Case(source, shape, model, draw, NEW)
    for source, models in _GENERATED_MODELS.items():
        for shape, model in product((NONE, *_NEW_SHAPES), models):
            yield Case(source, shape, model, draw, NEW)


def in_plan(case: Case, plan: Plan) -> bool:
    """Whether a plan has it."""
    return all(
        names is None or name in names
        for name, names in (
            (case.source, plan.sources),
            (case.shape, plan.shapes),
            (case.model, plan.models),
        )
    )


def small_sets(plan: Plan) -> Iterator[LabelledSet]:
    """Make the cases of a plan."""
    for case in cases(plan.draw):
        if in_plan(case, plan):
            yield make(case)


def make(case: Case) -> LabelledSet:
    """Noisy labels, the same for every model, and the model's probabilities."""
    features, true = examples(case.source, case.seed)
    labels = noisy_labels(case.source, case.shape, case.seed)
    clean = case.shape == NONE
    noise = {} if clean else {"noise": case.shape}
    section = CLEAN if clean else SMALL_NEW if case.used == NEW else SMALL_LOOKED
    return LabelledSet(
        name=case.name,
        section=section,
        used=case.used,
        labels=labels,
        probs=out_of_sample(case.model, features, labels),
        errors=labels != true,
        true=true,
        traits={"use": case.used, "data": case.source, **noise, "model": case.model},
    )


@lru_cache(maxsize=1)
def noisy_labels(source: str, shape: str, seed: int) -> Labels:
    """Given labels, the same every time."""
    features, true = examples(source, seed)
    rng = np.random.default_rng([seed, zlib.crc32(f"{source}, {shape}".encode())])
    noise = SHAPES[shape]
    if noise.matrix is not None:
        return flip(true, noise.matrix(int(true.max()) + 1, rng), rng)
    doubts = out_of_sample(noise.doubter, features, true)
    return flip_doubtful(true, doubts, noise.rate, noise.power, rng)
