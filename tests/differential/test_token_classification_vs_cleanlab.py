"""Token and span classification against cleanlab 2.9.0: random sentences, and real labels as text."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bench.dropin.same import assert_same

from cupel.experimental import span_classification
from cupel.token_classification import filter as token_filter
from cupel.token_classification import rank, summary
from strategies import real_data
from token_data import Text, cut, make_text

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from cleanlab.experimental import span_classification as their_spans
    from cleanlab.token_classification import filter as their_filter
    from cleanlab.token_classification import rank as their_rank
    from cleanlab.token_classification import summary as their_summary

pytestmark = pytest.mark.filterwarnings("ignore")
MODULES = {
    "filter": (token_filter, their_filter),
    "rank": (rank, their_rank),
    "summary": (summary, their_summary),
    "span_classification": (span_classification, their_spans),
}
TEXTS = {
    "float64": make_text(120, 5, 1),
    "float32": make_text(120, 5, 2, "float32"),
    "two classes": make_text(60, 2, 3),
    "one sentence": make_text(1, 3, 4, longest=40),
    "one token each": make_text(50, 4, 5, longest=1),
    "many classes": make_text(400, 17, 6),
}
texts = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


def real_text() -> Text:
    """Labels of images as if they were words, in sentences of 1 to 30."""
    data = real_data("cifar10_test_set")
    labels, probs = data["given_labels"].astype(np.int64), data["pred_probs"]
    rng = np.random.default_rng(0)
    ends = np.cumsum(rng.integers(1, 31, len(labels)))
    offsets = np.concatenate([[0], ends[ends < len(labels)], [len(labels)]])
    words = [f"word{w}" for w in rng.integers(0, 300, len(labels))]
    return Text(
        cut(labels.tolist(), offsets),
        cut(probs, offsets),
        cut(words, offsets),
        labels,
        probs,
        offsets,
    )


def spans_of(text: Text) -> tuple[list[list[int]], list[Any]]:
    labels = [[int(label == 0) for label in sentence] for sentence in text.labels]
    return labels, [np.ascontiguousarray(p[:, 0]) for p in text.pred_probs]


def output(capsys: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """What a call prints, but for the note on class names, which each package words as it likes."""
    capsys.readouterr()
    function(*args, **kwargs)
    printed = capsys.readouterr().out
    assert isinstance(printed, str)
    if kwargs.get("class_names") is None and ("labels" in kwargs or "pred_probs" in kwargs):
        note, _, printed = printed.partition("\n\n")
        assert "class_names" in note
    return printed


@pytest.mark.parametrize(
    "name", [f"{m}.{f}" for m, (ours, _) in MODULES.items() for f in ours.__all__]
)
def test_signature(name: str) -> None:
    module, function = name.split(".")
    ours, theirs = (inspect.signature(getattr(m, function)) for m in MODULES[module])
    mine = list(ours.parameters.values())
    for a, b in zip(mine, theirs.parameters.values(), strict=False):
        assert (a.name, a.kind) == (b.name, b.kind)
        if b.default == {}:
            assert a.default is None
        elif isinstance(b.default, list):
            assert list(a.default) == b.default
        else:
            assert a.default == b.default
    assert {p.name for p in mine[len(theirs.parameters) :]} <= {"n_jobs"}


class TestFilter:
    @texts
    @pytest.mark.parametrize(
        "kwargs",
        [
            {},
            {"return_indices_ranked_by": "normalized_margin"},
            {"return_indices_ranked_by": "confidence_weighted_entropy"},
            {"filter_by": "confident_learning"},
            {"filter_by": "both", "frac_noise": 0.5},
            {"filter_by": "low_self_confidence"},
            {"low_memory": True},
            {"low_memory": True, "return_indices_ranked_by": "normalized_margin"},
        ],
        ids=str,
    )
    def test_find_label_issues(self, text: Text, kwargs: dict[str, Any]) -> None:
        ours = token_filter.find_label_issues(text.labels, text.pred_probs, **kwargs)
        theirs = their_filter.find_label_issues(text.labels, text.pred_probs, n_jobs=1, **kwargs)
        assert_same(ours, theirs)
        assert all(type(number) is int for issue in ours for number in issue)

    def test_real(self) -> None:
        text = real_text()
        for low_memory in (False, True):
            ours, theirs = (
                f.find_label_issues(text.labels, text.pred_probs, low_memory=low_memory, n_jobs=1)
                for f in (token_filter, their_filter)
            )
            assert_same(ours, theirs)

    def test_kinds_of_sentences(self) -> None:
        text = TEXTS["float64"]
        theirs = their_filter.find_label_issues(text.labels, text.pred_probs, n_jobs=1)
        as_arrays = [np.array(labels) for labels in text.labels]
        as_lists = [probs.tolist() for probs in text.pred_probs]
        with_empty = [[], *text.labels, []], [np.empty((0, 5)), *text.pred_probs, np.empty((0, 5))]
        assert token_filter.find_label_issues(as_arrays, text.pred_probs) == theirs
        assert token_filter.find_label_issues(tuple(text.labels), as_lists) == theirs
        for low_memory in (False, True):
            assert_same(
                token_filter.find_label_issues(*with_empty, low_memory=low_memory),
                their_filter.find_label_issues(*with_empty, n_jobs=1, low_memory=low_memory),
            )


class TestRank:
    @texts
    @pytest.mark.parametrize(
        "kwargs",
        [
            {},
            {"token_score_method": "normalized_margin"},
            {"token_score_method": "confidence_weighted_entropy"},
            *(
                {
                    "sentence_score_method": "softmin",
                    "sentence_score_kwargs": {"temperature": temperature},
                }
                for temperature in (-1, 0, 1e-3, 0.3, 1e6, np.inf)
            ),
            {"sentence_score_method": "softmin", "sentence_score_kwargs": {"unknown": 1}},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("named", [False, True])
    def test_scores(self, text: Text, kwargs: dict[str, Any], named: bool) -> None:
        tokens = text.tokens if named else None
        ours, theirs = (
            f.get_label_quality_scores(text.labels, text.pred_probs, tokens=tokens, **kwargs)
            for f in (rank, their_rank)
        )
        assert_same(ours, theirs)
        assert ours[0].dtype == theirs[0].dtype
        for a, b in zip(ours[1], theirs[1], strict=True):
            assert a.dtype == b.dtype
            assert a.index.dtype == b.index.dtype
            assert type(a.index) is type(b.index)
            assert (a.name, a.index.name, a.attrs) == (b.name, b.index.name, b.attrs)

    @pytest.mark.parametrize(
        "tokens",
        [
            [["a", None, "c"], ["d", "e"]],
            [[1, 2, 3], ["d", "e"]],
            [[True, False, True], [1, 2.5]],
            [("a", "b", "c"), np.array(["d", "e"])],
            [],
        ],
        ids=str,
    )
    def test_odd_tokens(self, tokens: Any) -> None:
        labels = [[0, 1, 1], [1, 0]]
        probs = [np.full((3, 2), 0.5), np.full((2, 2), 0.5)]
        ours, theirs = (
            f.get_label_quality_scores(labels, probs, tokens=tokens) for f in (rank, their_rank)
        )
        for a, b in zip(ours[1], theirs[1], strict=True):
            assert a.equals(b)
            assert a.index.identical(b.index)

    def test_mixed_dtypes(self) -> None:
        text = TEXTS["float64"]
        mixed = [p.astype("float32") if s % 2 else p for s, p in enumerate(text.pred_probs)]
        ours, theirs = (f.get_label_quality_scores(text.labels, mixed) for f in (rank, their_rank))
        assert_same(ours, theirs)
        assert ours[1][1].dtype == theirs[1][1].dtype

    @texts
    @pytest.mark.parametrize("threshold", [-1.0, 0.0, 0.05, 0.1, 0.5])
    def test_issues_from_scores(self, text: Text, threshold: float) -> None:
        scores, of_tokens = their_rank.get_label_quality_scores(text.labels, text.pred_probs)
        kinds: list[Any] = [of_tokens, [one.to_numpy() for one in of_tokens]]
        if not (scores < threshold).all():  # where cleanlab fails
            kinds += [None, []]
        for token_scores in kinds:
            assert_same(
                rank.issues_from_scores(scores, token_scores=token_scores, threshold=threshold),
                their_rank.issues_from_scores(
                    scores, token_scores=token_scores, threshold=threshold
                ),
            )

    def test_every_token_below_the_threshold(self) -> None:
        scores, of_tokens = rank.get_label_quality_scores(*TEXTS["float64"][:2])
        assert_same(
            rank.issues_from_scores(scores, token_scores=of_tokens, threshold=2.0),
            their_rank.issues_from_scores(scores, token_scores=of_tokens, threshold=2.0),
        )


class TestSummary:
    TEXT = TEXTS["float64"]
    NAMES = ("A", "B", "C", "D", "E")
    CLASSES: tuple[dict[str, Any], ...] = (
        {},
        {"labels": TEXT.labels},
        {"pred_probs": TEXT.pred_probs},
        {"labels": TEXT.labels, "pred_probs": TEXT.pred_probs},
        {"labels": TEXT.labels, "pred_probs": TEXT.pred_probs, "class_names": NAMES},
        {
            "labels": TEXT.labels,
            "pred_probs": TEXT.pred_probs,
            "class_names": NAMES,
            "exclude": [(0, 1), (2, 2), (9, 9)],
        },
    )

    @pytest.mark.parametrize("classes", CLASSES, ids=lambda c: "+".join(c))
    @pytest.mark.parametrize("top", [1, 7, 20, 0, -3])
    def test_display_issues(self, classes: dict[str, Any], top: int, capsys: Any) -> None:
        for issues in (self.TEXT.issues(1, 30), self.TEXT.issues(2, 3)):
            ours, theirs = (
                output(capsys, f.display_issues, issues, self.TEXT.tokens, top=top, **classes)
                for f in (summary, their_summary)
            )
            assert ours == theirs

    @pytest.mark.parametrize("top", [1, 3, 20])
    def test_display_sentences(self, top: int, capsys: Any) -> None:
        for issues in ([5, 0, 17], np.array([3, 4])):
            ours, theirs = (
                output(capsys, f.display_issues, issues, self.TEXT.tokens, top=top)
                for f in (summary, their_summary)
            )
            assert ours == theirs

    def test_display_any_text(self, capsys: Any) -> None:
        """Words that are parts of others, punctuation, brackets, clitics, empty words."""
        rng = np.random.default_rng(0)
        letters = list("aab()-'.,! \"_é1日")
        for _ in range(400):
            lengths = rng.choice([0, 1, 1, 1, 2, 3], rng.integers(1, 7))
            words = ["".join(rng.choice(letters, length)) for length in lengths]
            issues = [(0, t) for t in range(len(words))]
            ours, theirs = (
                output(capsys, f.display_issues, issues, [words]) for f in (summary, their_summary)
            )
            assert ours == theirs, words

    @pytest.mark.parametrize("classes", CLASSES, ids=lambda c: "+".join(c))
    def test_common_label_issues(self, classes: dict[str, Any]) -> None:
        for issues in (self.TEXT.issues(1, 10_000), self.TEXT.issues(2, 5), []):
            ours, theirs = (
                f.common_label_issues(issues, self.TEXT.tokens, verbose=False, **classes)
                for f in (summary, their_summary)
            )
            counted = [c for c in theirs.columns if c != "num_label_issues"]
            assert_same(ours["num_label_issues"], theirs["num_label_issues"])
            # cleanlab leaves the order of equal counts to an unstable sort.
            assert_same(
                ours.sort_values(counted, ignore_index=True),
                theirs.sort_values(counted, ignore_index=True),
            )
            assert ours.dtypes.tolist() == theirs.dtypes.tolist()
            assert ours.index.equals(theirs.index)

    @pytest.mark.parametrize("classes", [CLASSES[0], *CLASSES[3:]], ids=lambda c: "+".join(c))
    @pytest.mark.parametrize("top", [0, 2, 10, -1])
    def test_common_label_issues_prints(
        self, classes: dict[str, Any], top: int, capsys: Any
    ) -> None:
        """Counts without ties, so that there is one order."""
        words = ["a"] * 8 + ["b"] * 4 + ["(c)"] * 2 + ["'d"]
        labels = [0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 2, 2, 1]
        predicted = [1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 0, 2, 2, 0]
        given = {
            **classes,
            **({"labels": [labels]} if "labels" in classes else {}),
            **({"pred_probs": [np.eye(5)[predicted]]} if "pred_probs" in classes else {}),
            **({"exclude": [(2, 2)]} if "exclude" in classes else {}),
        }
        issues = [(0, t) for t in range(len(words))]
        ours, theirs = (
            output(capsys, f.common_label_issues, issues, [words], top=top, **given)
            for f in (summary, their_summary)
        )
        assert ours == theirs

    @pytest.mark.parametrize("token", ["the", "CAT", "ß", "ẞ", "", "日本", "c++", "absent"])
    def test_filter_by_token(self, token: str) -> None:
        for issues in (self.TEXT.issues(1, 10_000), [], [[0, 0], (np.int64(1), 0)]):
            assert_same(
                summary.filter_by_token(token, issues, self.TEXT.tokens),
                their_summary.filter_by_token(token, issues, self.TEXT.tokens),
            )


class TestSpans:
    @texts
    def test_find_label_issues(self, text: Text) -> None:
        spans = spans_of(text)
        ours, theirs = (f.find_label_issues(*spans) for f in (span_classification, their_spans))
        assert_same(ours, theirs)

    @texts
    @pytest.mark.parametrize("method", ["min", "softmin"])
    def test_scores(self, text: Text, method: str) -> None:
        kwargs = {"tokens": text.tokens, "sentence_score_method": method}
        ours, theirs = (
            f.get_label_quality_scores(*spans_of(text), **kwargs)
            for f in (span_classification, their_spans)
        )
        assert_same(ours, theirs)
        assert ours[1][0].dtype == theirs[1][0].dtype

    @pytest.mark.parametrize("with_labels", [False, True])
    def test_display_issues(self, with_labels: bool, capsys: Any) -> None:
        text = TEXTS["two classes"]
        kwargs = {"labels": spans_of(text)[0]} if with_labels else {}
        ours, theirs = (
            output(capsys, f.display_issues, text.issues(1, 9), text.tokens, top=4, **kwargs)
            for f in (span_classification, their_spans)
        )
        assert ours == theirs
