"""Label quality scores of tokens and of sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel import _core
from cupel._arrays import as_numbers
from cupel._errors import InvalidArgumentError
from cupel._runtime import resolve_threads
from cupel._sentences import (
    as_sentences,
    flat_labels,
    flat_probs,
    naming_tokens,
    offsets_of,
    token_positions,
)
from cupel._validate import as_scores
from cupel.rank import get_label_quality_scores as scores_of_rows
from cupel.token_classification._series import arrays_of, split_series

__all__ = ["get_label_quality_scores", "issues_from_scores"]

_SENTENCE_METHODS = ("min", "softmin")


def get_label_quality_scores(
    labels: Any,
    pred_probs: Any,
    *,
    tokens: Any = None,
    token_score_method: str = "self_confidence",
    sentence_score_method: str = "min",
    sentence_score_kwargs: Mapping[str, Any] | None = None,
    n_jobs: int | None = None,
) -> tuple[NDArray[Any], list[Any]]:
    r"""Score how likely the labels of each sentence, and of each of its tokens, are right.

    Parameters
    ----------
    labels : list of list of int
        Given class of each token of each sentence.
    pred_probs : list of array_like of float, each of shape (tokens, k)
        Out-of-sample probabilities of each token of each sentence.
    tokens : list of list of str, optional
        The tokens, to be the index of the series.
    token_score_method : {"self_confidence", "normalized_margin", "confidence_weighted_entropy"}
        Score of a token, see :func:`cupel.rank.get_label_quality_scores`.
    sentence_score_method : {"min", "softmin"}
        Score of a sentence: that of its worst token, or the mean of its tokens' scores with
        weights :math:`e^{-s / T}`.
    sentence_score_kwargs : mapping, optional
        ``temperature``: T of ``"softmin"``, 0.05 if not given. At 0 or less it is the minimum, at
        infinity the plain mean.
    n_jobs : int, optional
        Threads to use; -1 for all. The result does not depend on it.

    Returns
    -------
    sentence_scores : ndarray, shape (number of sentences,)
        Scores in [0, 1], lower is worse, of the dtype of `pred_probs` (float64 for entropy).
    token_scores : list of pandas.Series
        Scores of each sentence's tokens.

    Raises
    ------
    ImportError
        If pandas is not installed.
    TypeError, ValueError
        If an argument is of a wrong kind or value, or a sentence has no tokens; the message names
        the sentence and token.

    Notes
    -----
    O(n k) time for n tokens, and one copy of the probabilities. Most of the time goes into the
    series.

    Examples
    --------
    >>> from cupel.token_classification.rank import get_label_quality_scores
    >>> labels = [[0, 1], [1]]
    >>> pred_probs = [[[0.875, 0.125], [0.5, 0.5]], [[0.75, 0.25]]]
    >>> sentence_scores, token_scores = get_label_quality_scores(labels, pred_probs)
    >>> sentence_scores
    array([0.5 , 0.25])
    >>> token_scores[0].tolist()
    [0.875, 0.5]
    """
    if sentence_score_method not in _SENTENCE_METHODS:
        listed = " or ".join(map(repr, _SENTENCE_METHODS))
        msg = f"sentence_score_method must be {listed}, got {sentence_score_method!r}"
        raise InvalidArgumentError(msg)
    soft = sentence_score_method == "softmin"
    temperature = _temperature(sentence_score_kwargs) if soft else 0.0
    labels = as_sentences(labels, None, "labels")
    pred_probs = as_sentences(pred_probs, len(labels), "pred_probs")
    offsets = offsets_of(labels, "labels")
    words = None if tokens is None or not len(tokens) else _as_tokens(tokens, offsets)
    _refuse_empty_sentences(offsets)
    given = flat_labels(labels, offsets)
    probs = flat_probs(pred_probs, offsets)
    with naming_tokens(offsets):
        scores = scores_of_rows(given, probs, method=token_score_method, n_jobs=n_jobs)
    of_sentences = _core.sentence_scores(scores, offsets, temperature, resolve_threads(n_jobs))
    return of_sentences, split_series(scores, offsets, words, "get_label_quality_scores")


def issues_from_scores(
    sentence_scores: ArrayLike, *, token_scores: Any = None, threshold: float = 0.1
) -> list[tuple[int, int]] | NDArray[np.int64]:
    """Find the tokens, or sentences, whose score is below a threshold.

    Parameters
    ----------
    sentence_scores : array_like of float, shape (number of sentences,)
        Scores of sentences; not used if `token_scores` are given.
    token_scores : list of pandas.Series, or of array_like of float, optional
        Scores of each sentence's tokens.
    threshold : float, default 0.1
        Scores below it are listed; a nan never is.

    Returns
    -------
    list of (int, int), or ndarray of int64
        Sentence and token number of each token listed, or the numbers of the sentences; lowest
        score first, ties in the order of the text.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value.

    Notes
    -----
    O(n) time. cleanlab 2.9.0 raises an IndexError if every sentence is below the threshold; here
    they are all listed.

    Examples
    --------
    >>> from cupel.token_classification.rank import issues_from_scores
    >>> issues_from_scores([0.05, 0.5, 0.01])
    array([2, 0])
    >>> issues_from_scores([0.05, 0.5], token_scores=[[0.9, 0.05], [0.5]])
    [(0, 1)]
    """
    if token_scores is None or not len(token_scores):
        return _lowest_below(sentence_scores, threshold, "sentence_scores")
    of_tokens = arrays_of(as_sentences(token_scores, None, "token_scores"))
    offsets = offsets_of(of_tokens, "token_scores")
    try:
        flat = np.concatenate(of_tokens)
    except (TypeError, ValueError) as error:
        msg = f"token_scores must hold a vector of numbers per sentence: {error}"
        raise type(error)(msg) from error
    return token_positions(offsets, _lowest_below(flat, threshold, "token_scores"))


def _lowest_below(scores: Any, threshold: float, name: str) -> NDArray[np.int64]:
    a = as_numbers(scores, name)
    if a.ndim != 1:
        msg = f"{name} must have shape (n,), got {a.shape}"
        raise ValueError(msg)
    below = np.flatnonzero(a < threshold)
    lowest = as_scores(a[below], name=name)
    return below[_core.lowest_first(lowest, len(lowest))]


def _temperature(kwargs: Mapping[str, Any] | None) -> float:
    temperature = (kwargs or {}).get("temperature", 0.05)
    if isinstance(temperature, (str, bytes)) or not hasattr(temperature, "__float__"):
        kind = type(temperature).__name__
        msg = f"sentence_score_kwargs['temperature'] must be a number, got {kind}"
        raise TypeError(msg)
    if math.isnan(temperature):
        msg = "sentence_score_kwargs['temperature'] is nan, expected a number"
        raise ValueError(msg)
    return float(temperature)


def _as_tokens(tokens: Any, offsets: NDArray[np.int64]) -> Sequence[Any]:
    words = as_sentences(tokens, len(offsets) - 1, "tokens")
    different = np.flatnonzero(np.diff(offsets_of(words, "tokens")) != np.diff(offsets))
    if different.size:
        s = int(different[0])
        n_labels = offsets[s + 1] - offsets[s]
        msg = f"tokens[{s}] has {len(words[s])} tokens, labels[{s}] has {n_labels}"
        raise ValueError(msg)
    return words


def _refuse_empty_sentences(offsets: NDArray[np.int64]) -> None:
    empty = np.flatnonzero(np.diff(offsets) == 0)
    if empty.size:
        s = int(empty[0])
        msg = f"labels[{s}] has no tokens, so the sentence has no score; leave it out"
        raise ValueError(msg)
