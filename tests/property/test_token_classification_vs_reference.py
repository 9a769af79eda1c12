"""The core's passes over sentences against plain NumPy and plain Python."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cupel import _core
from cupel.reference import token_classification as reference
from token_data import make_text, scored_sentences

TEMPERATURES = [-1.0, 0.0, 1e-300, 1e-3, 0.05, 1.0, 1e300, math.inf]
ULPS = {"float16": 1, "float32": 1, "float64": 8}


@given(scored_sentences(), st.sampled_from(TEMPERATURES))
@example((np.empty(0), np.zeros(1, np.int64)), 0.05)
def test_sentence_scores(sentences: Any, temperature: float) -> None:
    scores, offsets = sentences
    ours = _core.sentence_scores(scores, offsets, temperature, 1)
    expected = reference.sentence_scores(scores, offsets, temperature).astype(scores.dtype)
    assert ours.dtype == scores.dtype
    eps = np.finfo(scores.dtype).eps
    np.testing.assert_allclose(ours, expected, rtol=ULPS[scores.dtype.name] * eps, atol=eps)
    if temperature <= 0:
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("temperature", [0.0, 0.05, math.inf])
def test_threads_change_no_bit(temperature: float) -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(400_000)
    offsets = np.concatenate([[0], np.sort(rng.choice(np.arange(1, 400_000), 20_000, False))])
    one = _core.sentence_scores(scores, offsets.astype(np.int64), temperature, 1)
    three = _core.sentence_scores(scores, offsets.astype(np.int64), temperature, 3)
    np.testing.assert_array_equal(one, three)


@given(scored_sentences(), st.sampled_from([0.0, 0.05]))
def test_sentences_do_not_see_each_other(sentences: Any, temperature: float) -> None:
    scores, offsets = sentences
    together = _core.sentence_scores(scores, offsets, temperature, 1)
    for s, (begin, end) in enumerate(pairwise(offsets)):
        alone = _core.sentence_scores(scores[begin:end], offsets[s : s + 2] - begin, temperature, 1)
        assert alone[0] == together[s]


@pytest.mark.parametrize(
    "offsets",
    [[0, 0], [0, 4], [-1, 1], [2, 1], [0, 2, 2, 3]],
    ids=["empty", "past", "-", "<", "hole"],
)
def test_sentences_without_tokens_are_refused(offsets: list[int]) -> None:
    with pytest.raises(ValueError, match="has no tokens"):
        _core.sentence_scores(np.ones(3), np.array(offsets), 0.05, 1)


@given(st.integers(0, 2**32), st.integers(0, 60))
def test_look_ups(seed: int, n: int) -> None:
    text = make_text(9, 3, seed % 7)
    issues = text.issues(seed, n)
    sentences, tokens = _core.unzip_issues(issues)
    assert list(zip(sentences.tolist(), tokens.tolist(), strict=True)) == issues
    words = [text.tokens[s][t] for s, t in issues]
    different, codes = _core.codes_at(text.tokens, sentences, tokens)
    assert different == list(dict.fromkeys(words))
    assert [different[code] for code in codes] == words
    labels = [text.labels[s][t] for s, t in issues]
    assert _core.integers_at(text.labels, sentences, tokens).tolist() == labels
    rows = [text.pred_probs[s][t].tolist() for s, t in issues]
    assert _core.rows_at(text.pred_probs, sentences, tokens).tolist() == rows


@given(st.lists(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5), max_size=8))
def test_flatten_integers(rows: list[list[int]]) -> None:
    flat = [value for row in rows for value in row]
    found = _core.flatten_integers(rows, len(flat))
    assert found is not None
    assert found.tolist() == flat
    assert _core.flatten_integers(rows, len(flat) + 1) is None
    assert not flat or _core.flatten_integers(rows, len(flat) - 1) is None


@pytest.mark.parametrize("odd", [1.0, True, np.int64(1), "1", None, 2**63])
def test_flatten_integers_takes_nothing_else(odd: Any) -> None:
    assert _core.flatten_integers([[0, 1], [odd]], 3) is None
    assert _core.flatten_integers([[0, 1], np.array([1])], 3) is None
