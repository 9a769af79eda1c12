"""Which tokens' labels are likely wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._errors import InvalidArgumentError
from cupel._sentences import (
    as_sentences,
    checked_probs,
    flat_labels,
    flat_probs,
    naming_tokens,
    offsets_of,
    token_positions,
)
from cupel.experimental.label_issues_batched import find_label_issues_batched
from cupel.filter import find_label_issues as find_in_rows

__all__ = ["find_label_issues"]


def find_label_issues(
    labels: Any,
    pred_probs: Any,
    *,
    return_indices_ranked_by: str = "self_confidence",
    low_memory: bool = False,
    **kwargs: Any,
) -> list[tuple[int, int]]:
    r"""Find the tokens whose label is likely wrong.

    Parameters
    ----------
    labels : list of list of int
        Given class of each token of each sentence.
    pred_probs : list of array_like of float, each of shape (tokens, k)
        Out-of-sample probabilities of each token of each sentence.
    return_indices_ranked_by : {"self_confidence", "normalized_margin", \
            "confidence_weighted_entropy"}
        Score to order the tokens by.
    low_memory : bool, default False
        Never put the probabilities of all tokens together: count and flag as
        :func:`cupel.experimental.label_issues_batched.find_label_issues_batched` does. The tokens
        then come in the order of the text, and of `kwargs` only ``n_jobs`` is used.
    **kwargs
        Arguments of :func:`cupel.filter.find_label_issues`, such as ``filter_by``, ``frac_noise``
        or ``n_jobs``; not ``multi_label``.

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
    O(n k) time for n tokens. One copy of the probabilities, unless `low_memory`.

    Examples
    --------
    >>> from cupel.token_classification.filter import find_label_issues
    >>> labels = [[0, 0, 1], [1, 1]]
    >>> pred_probs = [[[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], [[0.1, 0.9], [0.95, 0.05]]]
    >>> find_label_issues(labels, pred_probs)
    [(1, 1)]
    """
    if return_indices_ranked_by is None:
        msg = "return_indices_ranked_by must name a score, got None: there is no mask of tokens"
        raise TypeError(msg)
    if kwargs.get("multi_label"):
        msg = "multi_label must be False: a token has one label"
        raise InvalidArgumentError(msg)
    labels = as_sentences(labels, None, "labels")
    pred_probs = as_sentences(pred_probs, len(labels), "pred_probs")
    offsets = offsets_of(labels, "labels")
    given = flat_labels(labels, offsets)
    if low_memory:
        rows = _JoinedRows(checked_probs(pred_probs, offsets), offsets)
        with naming_tokens(offsets):
            flagged = find_label_issues_batched(
                given,
                rows,
                quality_score_kwargs={"method": return_indices_ranked_by},
                n_jobs=kwargs.get("n_jobs"),
                verbose=False,
            )
    else:
        probs = flat_probs(pred_probs, offsets)
        with naming_tokens(offsets):
            flagged = find_in_rows(
                given, probs, return_indices_ranked_by=return_indices_ranked_by, **kwargs
            )
    return token_positions(offsets, flagged)


class _JoinedRows:
    """The matrix of all tokens, of which slices of rows are put together when asked for."""

    def __init__(self, matrices: Sequence[NDArray[Any]], offsets: NDArray[np.int64]) -> None:
        self._matrices = matrices
        self._offsets = offsets
        self.shape = (int(offsets[-1]), matrices[0].shape[1])

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        begin, end, _ = rows.indices(self.shape[0])
        first = int(np.searchsorted(self._offsets, begin, side="right")) - 1
        last = int(np.searchsorted(self._offsets, end, side="left"))
        skip = begin - int(self._offsets[first])
        return np.concatenate(self._matrices[first:last])[skip : skip + end - begin]
