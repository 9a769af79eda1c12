"""Shapes of label noise to inject."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .cases import Floats, Labels

Generator = np.random.Generator


class Shape(NamedTuple):
    """Noise of one shape: a matrix of rates, or doubts about the single examples.

    ``matrix`` makes P(given label | true label), a column per true label. ``doubter`` names the
    model whose second choice becomes the given label, more often the likelier it is.
    """

    name: str
    matrix: Callable[[int, Generator], Floats] | None = None
    doubter: str = ""
    rate: float = 0.0
    power: float = 1.0


def uniform(rate: float) -> Callable[[int, Generator], Floats]:
    """Every other label with the same probability."""

    def make(k: int, _: Generator) -> Floats:
        matrix = np.full((k, k), rate / (k - 1))
        np.fill_diagonal(matrix, 1 - rate)
        return matrix

    return make


def pairwise(rate: float) -> Callable[[int, Generator], Floats]:
    """Every class with the next one."""

    def make(k: int, _: Generator) -> Floats:
        return (1 - rate) * np.eye(k) + rate * np.roll(np.eye(k), 1, axis=0)

    return make


def sparse(share: float) -> Callable[[int, Generator], Floats]:
    """Few pairs of classes (``share`` of all, at least one per class), 5 to 40 % per class."""

    def make(k: int, rng: Generator) -> Floats:
        matrix = rng.random((k, k)) * (rng.random((k, k)) < share)
        matrix[(np.arange(k) + rng.integers(1, k, k)) % k, np.arange(k)] += 0.1
        np.fill_diagonal(matrix, 0)
        rates = rng.uniform(0.05, 0.4, k)
        return np.asarray(rates * matrix / matrix.sum(axis=0) + np.diag(1 - rates))

    return make


def some_classes(rate: float) -> Callable[[int, Generator], Floats]:
    """Every other class, the first one too; the rest is clean."""

    def make(k: int, rng: Generator) -> Floats:
        matrix = np.eye(k)
        matrix[:, ::2] = uniform(rate)(k, rng)[:, ::2]
        return matrix

    return make


def groups(rate: float, size: int = 3) -> Callable[[int, Generator], Floats]:
    """Within groups of classes that follow each other."""

    def make(k: int, rng: Generator) -> Floats:
        matrix = np.eye(k)
        for start in range(0, k, size):
            of_group = slice(start, min(start + size, k))
            members = of_group.stop - start
            if members > 1:
                matrix[of_group, of_group] = uniform(rate)(members, rng)
        return matrix

    return make


def sink(rate: float) -> Callable[[int, Generator], Floats]:
    """One way: every class loses to the first one, which loses nothing."""

    def make(k: int, _: Generator) -> Floats:
        matrix = (1 - rate) * np.eye(k)
        matrix[0] += rate
        return matrix

    return make


NONE = "none"
SHAPES = {
    shape.name: shape
    for shape in (
        Shape(NONE, uniform(0.0)),
        Shape("uniform 10 %", uniform(0.1)),
        Shape("uniform 20 %", uniform(0.2)),
        Shape("uniform 30 %", uniform(0.3)),
        Shape("pairwise 20 %", pairwise(0.2)),
        Shape("sparse", sparse(0.3)),
        Shape("sparser", sparse(0.1)),
        Shape("half the classes 40 %", some_classes(0.4)),
        Shape("groups 25 %", groups(0.25)),
        Shape("one-way 20 %", sink(0.2)),
        Shape("doubtful 15 %", doubter="logistic regression", rate=0.15, power=0.3),
        Shape("doubtful 20 %", doubter="k-NN", rate=0.2),
    )
}


def flip(labels: Labels, matrix: Floats, rng: Generator) -> Labels:
    """Draw given labels from the column of the true one."""
    drawn = rng.random((len(labels), 1))
    passed = (drawn >= np.cumsum(matrix, axis=0)[:, labels].T).sum(axis=1)
    return np.asarray(np.minimum(passed, len(matrix) - 1))


def flip_doubtful(
    labels: Labels, probs: Floats, rate: float, power: float, rng: Generator
) -> Labels:
    """Give examples the likeliest wrong label, in proportion to a power of its probability."""
    others = probs.copy()
    others[np.arange(len(labels)), labels] = -1
    likelihood = np.maximum(others.max(axis=1), 1e-9) ** power
    flipped = rng.random(len(labels)) < np.minimum(rate * likelihood / likelihood.mean(), 0.9)
    return np.where(flipped, others.argmax(axis=1), labels)
