"""What is at the places, pairs (sentence, token), that issues name; for the front door only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._sentences import as_sentences, flat_probs, offsets_of

__all__ = ["looked_up", "rows_at", "unzipped"]


def unzipped(issues: Sequence[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the sentence and the token of each issue."""
    try:
        return _core.unzip_issues(issues)
    except (IndexError, TypeError) as error:
        msg = f"issues must be a list of pairs (sentence, token): {error}"
        raise type(error)(msg) from None


def looked_up(
    look_up: Any, x: Any, name: str, sentences: NDArray[np.int64], positions: NDArray[np.int64]
) -> Any:
    """Return what the core finds at the places of issues; errors name the argument and the place."""
    rows = as_sentences(x, None, name)
    try:
        return look_up(rows, sentences, positions)
    except (IndexError, KeyError, TypeError) as error:
        _check_places(rows, name, sentences, positions)
        msg = f"{name} cannot be read: {error}"
        raise TypeError(msg) from error


def _check_places(
    rows: Sequence[Any], name: str, sentences: NDArray[np.int64], positions: NDArray[np.int64]
) -> None:
    """Refuse the first issue whose place is not there."""
    lengths = np.diff(offsets_of(rows, name)).tolist()
    for m, (s, t) in enumerate(zip(sentences.tolist(), positions.tolist(), strict=True)):
        if not -len(lengths) <= s < len(lengths):
            msg = f"issues[{m}] is ({s}, {t}), {name} has {len(lengths)} sentences"
            raise IndexError(msg)
        if not -lengths[s] <= t < lengths[s]:
            msg = f"issues[{m}] is ({s}, {t}), {name}[{s}] has {lengths[s]} tokens"
            raise IndexError(msg)


def rows_at(
    pred_probs: Sequence[Any], sentences: NDArray[np.int64], positions: NDArray[np.int64]
) -> NDArray[Any]:
    """Return the probabilities at the places of issues, one row under another."""
    try:
        return _core.rows_at(pred_probs, sentences, positions)
    except TypeError:  # lists, or matrices of several types
        offsets = offsets_of(pred_probs, "pred_probs")
        lengths = np.diff(offsets)[sentences]
        if ((positions < -lengths) | (positions >= lengths)).any():
            msg = "token out of range"
            raise IndexError(msg) from None
        tokens = offsets[:-1][sentences] + np.where(positions < 0, positions + lengths, positions)
        return flat_probs(pred_probs, offsets)[tokens]
