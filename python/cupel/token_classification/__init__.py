"""Wrong labels of tokens, in sentences that each have a label and probabilities per token.

The modules of cleanlab 2.9.0's package of this name. `labels` is a list with the classes of each
sentence's tokens, `pred_probs` a list with a matrix of shape (tokens, k) per sentence; an issue is
a pair (sentence, token). Sentences are flattened once, so that the work is that of
:mod:`cupel.filter` and :mod:`cupel.rank` on all tokens.
"""

from __future__ import annotations

from cupel.token_classification import filter, rank, summary

__all__ = ["filter", "rank", "summary"]
