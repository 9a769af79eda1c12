"""Scores of sentences from the scores of their tokens.

Wang, Mueller, "Detecting Label Errors in Token Classification Data", NeurIPS InterNLP Workshop
(2022).
"""

from __future__ import annotations

import numpy as np

from cupel.reference._common import Floats, Ints

__all__ = ["sentence_scores"]


def sentence_scores(scores: Floats, offsets: Ints, temperature: float) -> Floats:
    r"""Score of each sentence, whose tokens are ``scores[offsets[s]:offsets[s + 1]]``.

    .. math:: \frac{\sum_t s_t e^{-s_t / T}}{\sum_t e^{-s_t / T}}

    The minimum at :math:`T \le 0`, the mean at :math:`T = \infty`. In float64, rounded to the dtype
    of the scores.
    """
    bounds = zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    sentences = [scores[begin:end].astype(np.float64) for begin, end in bounds]
    return np.array([_score(tokens, temperature) for tokens in sentences]).astype(scores.dtype)


def _score(tokens: Floats, temperature: float) -> float:
    if temperature <= 0:
        return float(tokens.min())
    weights = np.exp((tokens.min() - tokens) / temperature)
    return float((weights * tokens).sum() / weights.sum())
