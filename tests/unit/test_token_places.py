"""Issues that name tokens which are not there, and tokens counted from the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cupel.token_classification import summary

pd = pytest.importorskip("pandas")

TOKENS, LABELS = [["a", "b"], ["c", "d"]], [[0, 1], [0, 1]]
PROBS = [[[0.9, 0.1], [0.4, 0.6]], [[0.2, 0.8], [0.3, 0.7]]]
AS_LISTS = PROBS
AS_ARRAYS = [np.array(p) for p in PROBS]
MIXED = [np.array(PROBS[0], dtype=np.float32), PROBS[1]]


def counted(issues: Any, **changes: Any) -> Any:
    arguments = {"tokens": TOKENS, "labels": LABELS, "pred_probs": AS_ARRAYS, **changes}
    return summary.common_label_issues(issues, **arguments, verbose=False)


@pytest.mark.parametrize("make", [list, tuple, np.asarray])
@pytest.mark.parametrize("issue", [(0, 1), (0, -2), (-2, 1)], ids=str)
def test_a_token_without_probabilities(make: Any, issue: tuple[int, int]) -> None:
    """Not those of the next sentence instead."""
    probs = [make(PROBS[0][:1]), make(PROBS[1])]
    with pytest.raises(IndexError, match=r"pred_probs\[-?\d\] has 1 tokens"):
        counted([issue], pred_probs=probs)


@pytest.mark.parametrize("probs", [AS_LISTS, AS_ARRAYS, MIXED], ids=["lists", "arrays", "mixed"])
def test_positions_from_the_end(probs: Any) -> None:
    expected = counted([(0, 0), (0, 1), (1, 0), (1, 1)], pred_probs=probs)
    found = counted([(-2, -2), (-2, -1), (-1, -2), (-1, -1)], pred_probs=probs)
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"tokens": [["a", "b"]]}, IndexError, r"issues\[1\] is \(1, 0\), tokens has 1 sent"),
        ({"tokens": [["a", "b"], None]}, TypeError, r"tokens\[1\] must be a sequence"),
        ({"tokens": [["a", "b"], [{}]]}, TypeError, "tokens cannot be read"),
        ({"labels": [[0, 1], []]}, IndexError, r"labels\[1\] has 0 tokens"),
        ({"labels": [[0, 1], ["x"]]}, TypeError, "labels cannot be read"),
        ({"pred_probs": [None, None]}, TypeError, r"pred_probs\[0\]"),
        ({"pred_probs": [AS_ARRAYS[0], 0.5]}, TypeError, r"pred_probs\[1\] must be a sequence"),
    ],
)
def test_refusals_name_the_place(changes: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        counted([(0, 1), (1, 0)], **changes)


def test_what_is_looked_for_is_text() -> None:
    with pytest.raises(TypeError, match="token must hold text, got 1"):
        summary.filter_by_token(1, [(0, 0)], TOKENS)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="tokens must hold text, got None"):
        summary.filter_by_token("a", [(0, 0)], [[None]])  # type: ignore[list-item]
