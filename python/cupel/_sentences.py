"""The front door for sentences: lists of tokens' labels and probabilities, flattened once.

Everything after the door works on one vector of labels and one matrix of probabilities, with the
offsets at which sentences begin; what it finds is translated back to (sentence, token).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._arrays import TEXT, as_numbers, has_length
from cupel._collector import collector_paused
from cupel._naming import rows_named

__all__ = [
    "as_sentences",
    "checked_probs",
    "flat_labels",
    "flat_probs",
    "naming_tokens",
    "offsets_of",
    "token_positions",
]


def as_sentences(x: Any, n_sentences: int | None, name: str) -> Sequence[Any]:
    """Return `x` as a list or tuple with one entry per sentence.

    Parameters
    ----------
    x : sequence of sequences
        A list, tuple, array or series.
    n_sentences : int or None
        Length expected; None where nothing else gives it.
    name : str
        The argument's name, for messages.
    """
    if isinstance(x, TEXT) or not (has_length(x) and hasattr(x, "__iter__")):
        msg = f"{name} must be a list with one entry per sentence, got {type(x).__name__}"
        raise TypeError(msg)
    sentences = x if isinstance(x, (list, tuple)) else list(x)
    if n_sentences is not None and len(sentences) != n_sentences:
        msg = f"{name} has {len(sentences)} sentences, labels has {n_sentences}; they must agree"
        raise ValueError(msg)
    return sentences


def offsets_of(sentences: Sequence[Any], name: str) -> NDArray[np.int64]:
    """Return where each sentence begins among all tokens, and at the end their number."""
    offsets = np.zeros(len(sentences) + 1, dtype=np.int64)
    try:
        lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
    except TypeError:
        at = next(s for s, sentence in enumerate(sentences) if not has_length(sentence))
        kind = type(sentences[at]).__name__
        msg = f"{name}[{at}] must be a sequence with one entry per token, got {kind}"
        raise TypeError(msg) from None
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def flat_labels(labels: Sequence[Any], offsets: NDArray[np.int64]) -> Any:
    """Return the labels of all tokens: an integer vector, or a list of what else they are."""
    if not offsets[-1]:
        msg = "labels has no token in any sentence, expected at least one"
        raise ValueError(msg)
    kinds = set(map(type, labels))
    if kinds == {np.ndarray} and all(sentence.ndim == 1 for sentence in labels):
        return np.concatenate(labels)
    flat = _core.flatten_integers(labels, int(offsets[-1]))
    return list(chain.from_iterable(labels)) if flat is None else flat


def flat_probs(
    pred_probs: Sequence[Any], offsets: NDArray[np.int64], *, ndim: int = 2
) -> NDArray[Any]:
    """Return the probabilities of all tokens, as `checked_probs`, one under another."""
    checked = checked_probs(pred_probs, offsets, ndim=ndim)
    if not checked:
        return np.empty((0,) * ndim)
    try:
        return as_numbers(np.concatenate(checked), "pred_probs")
    except TypeError:
        for s, p in enumerate(checked):
            as_numbers(p, f"pred_probs[{s}]")  # names the sentence
        raise


def checked_probs(
    pred_probs: Sequence[Any], offsets: NDArray[np.int64], *, ndim: int = 2
) -> Sequence[NDArray[Any]]:
    """Return the probabilities of each sentence as arrays that fit together and the labels.

    Parameters
    ----------
    pred_probs : sequence of array_like
        One matrix of shape (tokens, k), or vector of shape (tokens,), per sentence.
    offsets : ndarray of int64
        Those of the labels, which the lengths must agree with.
    ndim : {1, 2}
        Dimensions expected of each entry.
    """
    if set(map(type, pred_probs)) != {np.ndarray}:
        pred_probs = [as_numbers(p, f"pred_probs[{s}]") for s, p in enumerate(pred_probs)]
    different = np.flatnonzero(np.diff(offsets_of(pred_probs, "pred_probs")) != np.diff(offsets))
    if different.size:
        s = int(different[0])
        n_labels = offsets[s + 1] - offsets[s]
        msg = f"pred_probs[{s}] has {len(pred_probs[s])} rows, labels[{s}] has {n_labels} tokens"
        raise ValueError(msg)
    shapes = {p.shape[1:] for p in pred_probs}
    if len(shapes) == 1 and len(next(iter(shapes))) == ndim - 1:
        return pred_probs
    return _of_one_shape(pred_probs, ndim)


def _of_one_shape(pred_probs: Sequence[NDArray[Any]], ndim: int) -> list[NDArray[Any]]:
    """Give sentences without tokens the others' number of columns; refuse other differences."""
    filled = [s for s, p in enumerate(pred_probs) if len(p)]
    for s in filled:
        first, p = pred_probs[filled[0]], pred_probs[s]
        if p.ndim != ndim:
            wanted = "(tokens, k)" if ndim == 2 else "(tokens,)"
            msg = f"pred_probs[{s}] must have shape {wanted}, got {p.shape}"
            raise ValueError(msg)
        if p.shape[1:] != first.shape[1:]:
            msg = (
                f"pred_probs[{s}] has {p.shape[1]} columns, pred_probs[{filled[0]}] has "
                f"{first.shape[1]}; give every token all classes"
            )
            raise ValueError(msg)
    return [p if len(p) else pred_probs[filled[0]][:0] for p in pred_probs] if filled else []


def token_positions(offsets: NDArray[np.int64], tokens: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return (sentence, token in it) of tokens given by their number among all."""
    sentences = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))[tokens]
    with collector_paused():
        return list(zip(sentences.tolist(), (tokens - offsets[sentences]).tolist(), strict=True))


def naming_tokens(offsets: NDArray[np.int64]) -> AbstractContextManager[None]:
    """Name the sentence and the token in errors that name a row of the flat arrays."""

    def token(row: int) -> str:
        sentence = int(np.searchsorted(offsets, row, side="right")) - 1
        return f"{sentence}][{row - offsets[sentence]}"

    return rows_named(token)
