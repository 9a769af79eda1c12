"""Labels by several annotators, with models next to them: seeded ones and drawn ones."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
from numpy.typing import NDArray

from strategies import real_data

Array = NDArray[Any]


def make_annotated(
    seed: int,
    *,
    rows: int = 40,
    annotators: int = 6,
    classes: int = 4,
    density: float = 0.5,
    accuracy: float = 0.7,
    models: int = 1,
    ties: bool = False,
) -> tuple[Array, Array]:
    """Labels, nan where there are none, and probabilities of shape (models, rows, classes).

    Every row and every column has a label, and some row two. With ``ties`` probabilities are
    multiples of a quarter before they are made to sum to 1.
    """
    rng = np.random.default_rng(seed)
    truth = rng.integers(classes, size=rows)
    right = rng.random((rows, annotators)) < accuracy
    labels = np.where(right, truth[:, None], rng.integers(classes, size=right.shape)).astype(float)
    given = rng.random(right.shape) < density
    given[np.arange(rows), rng.integers(annotators, size=rows)] = True
    given[rng.integers(rows, size=annotators), np.arange(annotators)] = True
    given[rng.integers(rows), :2] = True
    labels[~given] = np.nan
    probs = rng.dirichlet(np.ones(classes), (models, rows))
    probs[:, np.arange(rows), truth] += rng.uniform(0.2, 1.5, (models, 1))
    if ties:
        probs = np.round(probs * 4) / 4 + 0.01
    return labels, probs / probs.sum(axis=2, keepdims=True)


def make_unlabeled(seed: int, *, rows: int, classes: int, models: int = 1) -> Array:
    probs = np.random.default_rng([seed, 1]).dirichlet(np.ones(classes), (models, rows))
    return np.asarray(probs)


@st.composite
def annotated_problems(draw: st.DrawFn) -> tuple[Array, Array]:
    """Small problems with ties, repeated rows, absent classes, certain and even models.

    Every row and every column has a label; some rows have two or more.
    """
    rows, annotators = draw(st.integers(1, 12)), draw(st.integers(2, 5))
    classes, models = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    label = st.one_of(st.just(np.nan), st.integers(0, classes - 1).map(float))
    labels = np.array(
        draw(
            st.lists(
                st.lists(label, min_size=annotators, max_size=annotators),
                min_size=rows,
                max_size=rows,
            )
        )
    )
    labels[0] = np.where(np.isnan(labels[0]), 0.0, labels[0])
    labels[:, 0] = np.where(np.isnan(labels).all(axis=1), 0.0, labels[:, 0])
    weight = st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.0, 3.7, 1e-9])
    count = models * rows * classes
    weights = np.array(draw(st.lists(weight, min_size=count, max_size=count)))
    probs = weights.reshape(models, rows, classes) + 0.0
    probs[..., 0] += probs.sum(axis=2) == 0
    return labels, probs / probs.sum(axis=2, keepdims=True)


def real_annotated(
    name: str, *, rows: int, annotators: int, models: int = 1
) -> tuple[Array, Array]:
    """Real probabilities; the given labels are one annotator's, the others' are the model's draws."""
    data = real_data(name)
    probs = np.asarray(data["pred_probs"][:rows], dtype=np.float64)
    given = np.asarray(data["given_labels"][:rows])
    rng = np.random.default_rng(0)
    cumulative = probs.cumsum(axis=1)
    draws = rng.random((rows, annotators - 1, 1)) * cumulative[:, None, -1:]
    labels = np.column_stack([given, (draws > cumulative[:, None]).sum(axis=2)]).astype(float)
    missing = rng.random(labels.shape) < 0.4
    missing[np.arange(rows), rng.integers(annotators, size=rows)] = False
    labels[missing] = np.nan
    stack = [probs]
    for m in range(1, models):
        other = probs ** (1 + m / 2)
        stack.append(other / other.sum(axis=1, keepdims=True))
    return labels, np.stack(stack)
