"""Sentences for the tests: token labels and probabilities cut into sentences of random lengths."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
from numpy.typing import NDArray

from strategies import make_problem

Array = NDArray[Any]

WORDS = (
    "the",
    "The",
    "cat",
    "Cat",
    "catfish",
    "sat",
    ".",
    ",",
    "(",
    ")",
    "'s",
    "-",
    "ß",
    "日本",
    "C++",
)


class Text(NamedTuple):
    """Sentences, and the same flat."""

    labels: list[list[int]]
    pred_probs: list[Array]
    tokens: list[list[str]]
    flat_labels: Array
    flat_probs: Array
    offsets: Array

    def issues(self, seed: int, n: int) -> list[tuple[int, int]]:
        """Different tokens at random."""
        rng = np.random.default_rng(seed)
        chosen = rng.choice(len(self.flat_labels), min(n, len(self.flat_labels)), replace=False)
        pairs = [(s, t) for s, words in enumerate(self.tokens) for t in range(len(words))]
        return [pairs[c] for c in chosen.tolist()]


def cut(values: Any, offsets: Array) -> list[Any]:
    """One piece of `values` per sentence."""
    return [values[begin:end] for begin, end in pairwise(offsets)]


def make_text(
    n_sentences: int, k: int, seed: int, dtype: str = "float64", *, longest: int = 12
) -> Text:
    """Sentences of 1 to `longest` tokens with about a fifth of the labels wrong."""
    rng = np.random.default_rng([seed, 5])
    offsets = np.concatenate([[0], rng.integers(1, longest + 1, n_sentences).cumsum()])
    labels, probs = make_problem(int(offsets[-1]), k, seed, dtype)
    words = rng.choice(np.array(WORDS, dtype=object), len(labels)).tolist()
    return Text(
        cut(labels.tolist(), offsets),
        [p.copy() for p in cut(probs, offsets)],
        cut(words, offsets),
        labels,
        probs,
        offsets,
    )


@st.composite
def scored_sentences(draw: st.DrawFn) -> tuple[Array, Array]:
    """Scores of tokens, with ties, and offsets of sentences that have at least one token."""
    lengths = draw(st.lists(st.integers(1, 6), max_size=12))
    dtype = draw(st.sampled_from(["float16", "float32", "float64"]))
    width = 8 * np.dtype(dtype).itemsize
    values = st.one_of(st.sampled_from([0.0, 0.25, 1.0]), st.floats(0, 1, width=width))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    scores = draw(hnp.arrays(dtype, int(offsets[-1]), elements=values, fill=st.nothing()))
    return scores, offsets
