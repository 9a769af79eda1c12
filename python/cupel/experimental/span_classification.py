"""Wrong labels of spans of tokens: each token belongs to a span or does not.

The functions of :mod:`cupel.token_classification` for two classes and one probability per token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._sentences import as_sentences, flat_probs, offsets_of
from cupel.token_classification import filter as token_filter
from cupel.token_classification import rank as token_rank
from cupel.token_classification import summary as token_summary

__all__ = ["display_issues", "find_label_issues", "get_label_quality_scores"]


def find_label_issues(labels: Any, pred_probs: Any) -> list[tuple[int, int]]:
    """Find the tokens that are likely wrongly labelled as in, or as not in, a span.

    Parameters
    ----------
    labels : list of list of int
        For each token of each sentence 1 if it is labelled as part of a span, else 0.
    pred_probs : list of array_like of float, each of shape (tokens,)
        Out-of-sample probability of each token to be part of a span.

    Returns
    -------
    list of (int, int)
        Sentence and token number of each suspect, worst first (ties in the order of the text).

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the sentence and token.

    Notes
    -----
    O(n) time for n tokens.

    Examples
    --------
    >>> from cupel.experimental.span_classification import find_label_issues
    >>> find_label_issues([[0, 0, 1], [1, 1]], [[0.1, 0.2, 0.7], [0.9, 0.05]])
    [(1, 1)]
    """
    return token_filter.find_label_issues(labels, _two_columns(pred_probs))


def display_issues(
    issues: Any,
    tokens: Sequence[Sequence[str]],
    *,
    labels: Any = None,
    pred_probs: Any = None,
    exclude: Sequence[tuple[int, int]] = (),
    class_names: Sequence[Any] | Mapping[int, Any] | None = None,
    top: int = 20,
) -> None:
    """Print sentences with an issue, the tokens in question in red.

    Parameters
    ----------
    issues, tokens, exclude, class_names, top
        As in :func:`cupel.token_classification.summary.display_issues`.
    labels : list of list of int, optional
        Given classes, 0 or 1, to be shown.
    pred_probs : list of array_like of float, each of shape (tokens,), optional
        Probability of each token to be part of a span; class 1 is shown as predicted where it is
        above a half.

    Raises
    ------
    IndexError, TypeError, ValueError
        If an issue names a sentence or token that is not there, or is of a wrong kind.

    Notes
    -----
    cleanlab 2.9.0 shows class 0 as the prediction of every token.

    Examples
    --------
    >>> from cupel.experimental.span_classification import display_issues
    >>> display_issues([0], [["in", "New", "York", "."]])
    Sentence issue: in New York.
    """
    token_summary.display_issues(
        issues,
        tokens,
        labels=labels,
        pred_probs=None if pred_probs is None else _two_columns(pred_probs),
        exclude=exclude,
        class_names=class_names,
        top=top,
    )


def get_label_quality_scores(
    labels: Any, pred_probs: Any, **kwargs: Any
) -> tuple[NDArray[Any], list[Any]]:
    """Score how likely the labels of each sentence, and of each of its tokens, are right.

    Parameters
    ----------
    labels : list of list of int
        For each token of each sentence 1 if it is labelled as part of a span, else 0.
    pred_probs : list of array_like of float, each of shape (tokens,)
        Out-of-sample probability of each token to be part of a span.
    **kwargs
        Arguments of :func:`cupel.token_classification.rank.get_label_quality_scores`, such as
        ``tokens`` or ``sentence_score_method``.

    Returns
    -------
    sentence_scores : ndarray, shape (number of sentences,)
        Scores in [0, 1], lower is worse.
    token_scores : list of pandas.Series
        Scores of each sentence's tokens.

    Raises
    ------
    ImportError
        If pandas is not installed.
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the sentence and token.

    Notes
    -----
    O(n) time for n tokens.

    Examples
    --------
    >>> from cupel.experimental.span_classification import get_label_quality_scores
    >>> get_label_quality_scores([[0, 1], [1]], [[0.125, 0.5], [0.25]])[0]
    array([0.5 , 0.25])
    """
    return token_rank.get_label_quality_scores(labels, _two_columns(pred_probs), **kwargs)


def _two_columns(pred_probs: Any) -> list[NDArray[Any]]:
    """Probabilities of both classes, a matrix per sentence."""
    sentences = as_sentences(pred_probs, None, "pred_probs")
    offsets = offsets_of(sentences, "pred_probs")
    of_class_1 = flat_probs(sentences, offsets, ndim=1)
    both = np.stack([1 - of_class_1, of_class_1], axis=1)
    return [both[begin:end] for begin, end in pairwise(offsets.tolist())]
