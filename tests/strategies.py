"""The inputs of the tests: random ones that favour the awkward, larger seeded ones, real ones.

Nothing else in the tests makes random data. Every problem is a pair ``(labels, pred_probs)``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from numpy.typing import NDArray

Array = NDArray[Any]

DTYPES = ("float16", "float32", "float64")

LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "c": np.ascontiguousarray,
    "fortran": np.asfortranarray,
    "strided_rows": lambda p: np.repeat(p, 2, axis=0)[::2],
    "padded_rows": lambda p: np.pad(p, ((0, 0), (1, 2)))[:, 1:-2],
    "strided_columns": lambda p: np.repeat(p, 2, axis=1)[:, ::2],
    "negative_rows": lambda p: np.ascontiguousarray(p[::-1])[::-1],
    "negative_columns": lambda p: np.ascontiguousarray(p[:, ::-1])[:, ::-1],
    "read_only": lambda p: _read_only(p.copy()),
    "byte_swapped": lambda p: p.astype(p.dtype.newbyteorder()),
}


def _read_only(array: Array) -> Array:
    array.flags.writeable = False
    return array


# Where to put a probability relative to a class's threshold t, to try both sides of ">= t - 1e-6".
AROUND_THRESHOLD: dict[str, Callable[[Array], Array]] = {
    "at": lambda t: t,
    "at_tolerance": lambda t: t - 1e-6,
    "below_tolerance": lambda t: np.nextafter(t - 1e-6, t - t),
    "below": lambda t: np.nextafter(t, t - t),
}


@st.composite
def label_problems(
    draw: st.DrawFn,
    *,
    min_rows: int = 1,
    max_rows: int = 40,
    min_classes: int = 1,
    max_classes: int = 6,
    dtypes: Sequence[str] = DTYPES,
    layouts: Sequence[str] = tuple(LAYOUTS),
    label_dtypes: Sequence[str] = ("int64", "int32", "uint8"),
    every_class: bool = False,
) -> tuple[Array, Array]:
    """Labels and probabilities: ties, repeated rows, absent classes, 0, 1, exactly a threshold.

    Rows need not sum to 1. With ``every_class`` each class has an example, so that there are at
    least as many rows as classes.
    """
    n_classes = draw(st.integers(min_classes, max_classes))
    least = max(min_rows, n_classes) if every_class else min_rows
    n_rows = draw(st.integers(least, max(least, max_rows)))
    probs = draw(probabilities(n_rows, n_classes, draw(st.sampled_from(dtypes))))
    classes = list(range(n_classes))
    subsets = st.lists(st.sampled_from(classes), min_size=1, unique=True)
    given = classes if every_class else draw(st.one_of(st.just(classes), subsets))
    labels = draw(hnp.arrays(np.int64, n_rows, elements=st.sampled_from(given), fill=st.nothing()))
    if every_class:
        labels[:n_classes] = np.arange(n_classes)
    spots = st.tuples(
        st.integers(0, n_rows - 1),
        st.integers(0, n_classes - 1),
        st.sampled_from(list(AROUND_THRESHOLD)),
    )
    _put_around_thresholds(labels, probs, draw(st.lists(spots, max_size=4)))
    layout = LAYOUTS[draw(st.sampled_from(layouts))]
    return labels.astype(draw(st.sampled_from(label_dtypes))), layout(probs)


@st.composite
def probabilities(draw: st.DrawFn, n_rows: int, n_classes: int, dtype: str) -> Array:
    """Rows picked from a pool, often a small one; as they are or divided by their sum."""
    width = 8 * np.dtype(dtype).itemsize
    values = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.floats(0, 1, width=width))
    n_pool = draw(st.integers(1, min(n_rows, 15)))
    pool = draw(hnp.arrays(dtype, (n_pool, n_classes), elements=values, fill=st.nothing()))
    picks = hnp.arrays(np.int64, n_rows, elements=st.integers(0, n_pool - 1), fill=st.nothing())
    probs = pool[draw(picks)]
    if not draw(st.booleans()):
        return probs
    total = probs.astype(np.float64).sum(axis=1, keepdims=True)
    # A sum too small to divide by without overflow is left alone.
    return np.clip(probs / np.where(total > 1e-3, total, 1.0), 0, 1).astype(dtype)


def _put_around_thresholds(
    labels: Array, probs: Array, spots: Sequence[tuple[int, int, str]]
) -> None:
    """Overwrite probabilities of classes that are not given, which moves no threshold."""
    for row, k, where in spots:
        own = probs[labels == k, k]
        if labels[row] != k and len(own) > 0:
            mean = math.fsum(own.tolist()) / len(own)
            threshold = np.array([mean]).astype(probs.dtype)
            probs[row, k] = np.clip(AROUND_THRESHOLD[where](threshold), 0, 1)[0]


@st.composite
def multilabel_problems(
    draw: st.DrawFn,
    *,
    max_rows: int = 30,
    max_classes: int = 4,
    dtypes: Sequence[str] = DTYPES,
    both_answers: bool = False,
) -> tuple[list[list[int]], Array]:
    """Lists of labels and probabilities, with ``both_answers`` of every class in the labels."""
    n_classes = draw(st.integers(1, max_classes))
    n_rows = draw(st.integers(2, max_rows))
    probs = draw(probabilities(n_rows, n_classes, draw(st.sampled_from(dtypes))))
    given = draw(hnp.arrays(bool, (n_rows, n_classes), fill=st.nothing()))
    if both_answers:
        given[0], given[-1] = True, False
    return [np.flatnonzero(row).tolist() for row in given], probs


@st.composite
def ensembles(
    draw: st.DrawFn, *, max_members: int = 3, dtypes: Sequence[str] = DTYPES
) -> tuple[Array, list[Array]]:
    """Labels in which every class occurs, and the probabilities of several models."""
    labels, first = draw(
        label_problems(min_classes=2, dtypes=dtypes, layouts=("c",), every_class=True)
    )
    more = probabilities(*first.shape, first.dtype.name)
    return labels, [first, *draw(st.lists(more, min_size=1, max_size=max_members - 1))]


@st.composite
def joints(draw: st.DrawFn, *, max_classes: int = 8) -> tuple[Array, Array]:
    """A matrix of small counts, with ties, and labels of its classes, of which some are absent."""
    k = draw(st.integers(1, max_classes))
    joint = draw(hnp.arrays(np.int64, (k, k), elements=st.integers(0, 9), fill=st.nothing()))
    if draw(st.booleans()):
        np.fill_diagonal(joint, np.maximum(np.diag(joint), 1))
    counts = draw(hnp.arrays(np.int64, k, elements=st.integers(0, 20), fill=st.nothing()))
    counts[draw(st.integers(0, k - 1))] += 1
    return joint, np.repeat(np.arange(k), counts)


def make_problem(
    n: int,
    k: int,
    seed: int,
    dtype: str = "float64",
    *,
    noise: float = 0.2,
    absent: Sequence[int] = (),
    levels: int | None = None,
) -> tuple[Array, Array]:
    """A classifier's probabilities for labels of which ``noise`` are flipped, mostly to a similar class.

    Rows sum to 1 (up to rounding), and values are distinct as far as the dtype allows; with
    ``levels`` they are rounded to multiples of ``1 / levels`` instead. ``absent`` classes are
    never given.
    """
    rng = np.random.default_rng(seed)
    true = rng.integers(0, k, n)
    similar = (true + 1) % k
    rows = np.arange(n)
    logits = rng.normal(size=(n, k))
    logits[rows, true] += rng.normal(3.5, 1.5, n)
    logits[rows, similar] += rng.normal(0.5, 1.0, n)
    probs = np.exp(logits)
    probs /= probs.sum(axis=1, keepdims=True)
    if levels is not None:
        probs = np.rint(probs * levels) / levels
    wrong = np.where(rng.random(n) < 0.7, similar, rng.integers(0, k, n))
    labels = np.where(rng.random(n) < noise, wrong, true)
    present = np.setdiff1d(np.arange(k), absent)
    gone = np.isin(labels, absent)
    labels[gone] = rng.choice(present, np.count_nonzero(gone))
    return labels, probs.astype(dtype)


def make_multilabel_problem(
    n: int, k: int, seed: int, dtype: str = "float64", *, noise: float = 0.1
) -> tuple[list[list[int]], Array]:
    """Lists of labels, of which ``noise`` are given or left out wrongly; rows do not sum to 1."""
    rng = np.random.default_rng(seed)
    true = rng.random((n, k)) < 0.4
    probs = np.clip(0.45 * rng.random((n, k)) + 0.55 * true, 0, 1)
    given = true ^ (rng.random((n, k)) < noise)
    given[0], given[-1] = True, False
    return [np.flatnonzero(row).tolist() for row in given], probs.astype(dtype)


def make_ensemble(
    n: int, k: int, members: int, seed: int, dtype: str = "float64"
) -> tuple[Array, list[Array]]:
    """Labels, and models of which each is a mixture of the first one and noise of its own."""
    labels, probs = make_problem(n, k, seed)
    rng = np.random.default_rng([seed, members])
    own = rng.dirichlet(np.ones(k), (members, n))
    weights = np.linspace(0.0, 0.6, members)[:, np.newaxis, np.newaxis]
    return labels, list(((1 - weights) * probs + weights * own).astype(dtype))


REAL_DATA = (
    "cifar10_test_set",
    "mnist_test_set",
    *(
        f"cifar10_train_noise{n}_sparsity{s}"
        for n, s in ((2, 0), (2, 4), (4, 2), (4, 6), (6, 0), (6, 4))
    ),
)


def real_data(name: str) -> dict[str, Array]:
    """Load the arrays of a file of the data folder, or skip the test where it is absent.

    The folder is ``$CUPEL_DATA``, by default ``shared/data`` next to the project's own folder.
    """
    default = Path(__file__).parents[2] / "shared" / "data"
    path = Path(os.environ.get("CUPEL_DATA", default)) / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"no {path.name} in {path.parent}; set CUPEL_DATA to the folder that has it")
    with np.load(path, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}
