"""Token and span classification: what they refuse, options, edge cases, and no side effects."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cupel._collector import collector_paused
from cupel.experimental import span_classification
from cupel.token_classification import _series, rank, summary
from cupel.token_classification import filter as token_filter
from token_data import make_text

LABELS = [[0, 1, 1], [1, 0], [0]]
PROBS = [
    np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]),
    np.array([[0.9, 0.1], [0.6, 0.4]]),
    np.array([[0.2, 0.8]]),
]
TOKENS = [["a", "b", "c"], ["d", "e"], ["f"]]


def with_value(sentence: int, row: int, column: int, value: float) -> list[Any]:
    probs = [p.copy() for p in PROBS]
    probs[sentence][row, column] = value
    return probs


BAD: dict[str, tuple[Any, Any, type[Exception], str]] = {
    "text": ("ab", PROBS, TypeError, r"labels must be a list with one entry per sentence, got str"),
    "number": (LABELS, 5, TypeError, r"pred_probs must be a list .* got int"),
    "flat labels": ([0, 1, 2], PROBS, TypeError, r"labels\[0\] must be a sequence .* got int"),
    "fewer sentences": (LABELS, PROBS[:2], ValueError, "pred_probs has 2 sentences, labels has 3"),
    "other lengths": (
        [[0, 1], [1, 0, 1], [0]],
        PROBS,
        ValueError,
        r"pred_probs\[0\] has 3 rows, labels\[0\] has 2 tokens",
    ),
    "no tokens": ([], [], ValueError, "labels has no token"),
    "only empty sentences": ([[], []], [[], []], ValueError, "labels has no token"),
    "a vector": (LABELS, [*PROBS[:2], np.ones(1)], ValueError, r"pred_probs\[2\] must have shape"),
    "columns": (
        LABELS,
        [*PROBS[:2], np.ones((1, 3))],
        ValueError,
        r"pred_probs\[2\] has 3 columns, pred_probs\[0\] has 2",
    ),
    "label too large": ([[0, 1, 1], [1, 2], [0]], PROBS, ValueError, r"labels\[1\]\[1\] is 2"),
    "negative label": ([[0, 1, 1], [1, 0], [-1]], PROBS, ValueError, r"labels\[2\]\[0\] is -1"),
    "fraction": ([[0, 1, 1], [0.5, 0], [0]], PROBS, ValueError, r"labels\[1\]\[0\] is 0.5"),
    "name": ([[0, 1, 1], [1, "x"], [0]], PROBS, TypeError, r"labels\[1\]\[1\] is 'x'"),
    "missing": ([[0, 1, None], [1, 0], [0]], PROBS, ValueError, r"labels\[0\]\[2\] is None"),
    "nan": (LABELS, with_value(1, 1, 0, np.nan), ValueError, r"pred_probs\[1\]\[1, 0\] is nan"),
    "range": (LABELS, with_value(2, 0, 1, 1.5), ValueError, r"pred_probs\[2\]\[0, 1\] is 1.5"),
    "objects": (LABELS, [[["x"]], *PROBS[1:]], TypeError, r"pred_probs\[0\]"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("low_memory", [False, True])
def test_filter_refuses(bad: Any, low_memory: bool) -> None:
    labels, probs, kind, message = bad
    with pytest.raises(kind, match=message):
        token_filter.find_label_issues(labels, probs, low_memory=low_memory)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_rank_refuses(bad: Any) -> None:
    labels, probs, kind, message = bad
    if message == "labels has no token":
        message = "has no token"
    with pytest.raises(kind, match=message):
        rank.get_label_quality_scores(labels, probs)


class TestFilter:
    def test_returns_python_integers(self) -> None:
        found = token_filter.find_label_issues(LABELS, PROBS)
        assert found == [(1, 0), (2, 0), (0, 2)]
        assert {type(number) for issue in found for number in issue} == {int}

    @pytest.mark.parametrize(
        ("kwargs", "kind"),
        [
            ({"return_indices_ranked_by": None}, TypeError),
            ({"return_indices_ranked_by": "x"}, ValueError),
            ({"multi_label": True}, AssertionError),
            ({"multi_label": True}, ValueError),
            ({"unknown": 1}, TypeError),
            ({"filter_by": "x"}, ValueError),
        ],
        ids=str,
    )
    def test_options(self, kwargs: dict[str, Any], kind: type[Exception]) -> None:
        with pytest.raises(kind):
            token_filter.find_label_issues(LABELS, PROBS, **kwargs)

    def test_threads(self) -> None:
        text = make_text(3000, 6, 1)
        for low_memory in (False, True):
            one, three = (
                token_filter.find_label_issues(*text[:2], n_jobs=n, low_memory=low_memory)
                for n in (1, 3)
            )
            assert one == three

    def test_float_labels_that_are_whole(self) -> None:
        labels = [[0.0, 1.0, 1.0], [1.0, 0.0], [0.0]]
        assert token_filter.find_label_issues(labels, PROBS) == [(1, 0), (2, 0), (0, 2)]

    def test_names(self) -> None:
        labels = [["A" if label == 0 else "B" for label in sentence] for sentence in LABELS]
        found = token_filter.find_label_issues(labels, PROBS, classes=["A", "B"])
        assert found == [(1, 0), (2, 0), (0, 2)]


class TestRank:
    def test_one_class(self) -> None:
        scores, _ = rank.get_label_quality_scores([[0, 0]], [np.array([[0.9, 0.1], [0.3, 0.7]])])
        assert scores.tolist() == [0.3]

    @pytest.mark.parametrize(
        ("kwargs", "kind", "message"),
        [
            ({"sentence_score_method": "mean"}, AssertionError, "'min' or 'softmin', got 'mean'"),
            ({"token_score_method": "mean"}, ValueError, "method must be one of"),
            ({"tokens": TOKENS[:2]}, ValueError, "tokens has 2 sentences, labels has 3"),
            (
                {"tokens": [["a"], *TOKENS[1:]]},
                ValueError,
                r"tokens\[0\] has 1 tokens, labels\[0\] has 3",
            ),
        ],
        ids=str,
    )
    def test_options(self, kwargs: Any, kind: type[Exception], message: str) -> None:
        with pytest.raises(kind, match=message):
            rank.get_label_quality_scores(LABELS, PROBS, **kwargs)

    @pytest.mark.parametrize(
        ("temperature", "kind"), [(None, TypeError), ("a", TypeError), (np.nan, ValueError)]
    )
    def test_temperature(self, temperature: Any, kind: type[Exception]) -> None:
        with pytest.raises(kind, match="temperature"):
            rank.get_label_quality_scores(
                LABELS,
                PROBS,
                sentence_score_method="softmin",
                sentence_score_kwargs={"temperature": temperature},
            )

    def test_empty_sentence(self) -> None:
        with pytest.raises(ValueError, match=r"labels\[1\] has no tokens"):
            rank.get_label_quality_scores([[0], [], [1]], [PROBS[2], np.empty((0, 2)), PROBS[2]])

    def test_everything_below_the_threshold(self) -> None:
        assert rank.issues_from_scores(np.array([0.5, 0.2]), threshold=1.0).tolist() == [1, 0]

    def test_nan_and_nothing(self) -> None:
        assert rank.issues_from_scores([np.nan, 0.05, 0.01]).tolist() == [2, 1]
        assert rank.issues_from_scores([0.5], token_scores=[[np.nan, 0.01], []]) == [(0, 1)]
        assert rank.issues_from_scores([]).tolist() == []
        assert rank.issues_from_scores([0.5]).dtype == np.int64

    def test_ties_in_the_order_of_the_text(self) -> None:
        scores = [[0.05, 0.01, 0.05], [0.05, 0.01]]
        expected = [(0, 1), (1, 1), (0, 0), (0, 2), (1, 0)]
        assert rank.issues_from_scores([1.0], token_scores=scores) == expected

    def test_inputs_stay_as_they_are(self) -> None:
        labels, probs, tokens = copy.deepcopy((LABELS, PROBS, TOKENS))
        kwargs = {"temperature": 0.1}
        _, of_tokens = rank.get_label_quality_scores(
            labels,
            probs,
            tokens=tokens,
            sentence_score_method="softmin",
            sentence_score_kwargs=kwargs,
        )
        rank.issues_from_scores([0.1], token_scores=of_tokens)
        token_filter.find_label_issues(labels, probs)
        assert (labels, tokens, kwargs) == (LABELS, TOKENS, {"temperature": 0.1})
        assert all(np.array_equal(a, b) for a, b in zip(probs, PROBS, strict=True))

    def test_without_pandas(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pandas", None)
        with pytest.raises(ImportError, match=r"get_label_quality_scores needs pandas.*cupel\["):
            rank.get_label_quality_scores(LABELS, PROBS)
        with pytest.raises(ImportError, match="common_label_issues needs pandas"):
            summary.common_label_issues([(0, 0)], TOKENS)


class TestSeries:
    """Series put together from parts are as good as those of the constructor."""

    @pytest.fixture(params=["numbered", "named"])
    def series(self, request: pytest.FixtureRequest) -> list[pd.Series]:
        tokens = TOKENS if request.param == "named" else None
        found = rank.get_label_quality_scores(LABELS, PROBS, tokens=tokens)[1]
        return list(found)

    @pytest.fixture
    def built(self, series: list[pd.Series]) -> list[pd.Series]:
        return [pd.Series(one.to_numpy(copy=True), index=list(one.index)) for one in series]

    def test_equal(self, series: list[pd.Series], built: list[pd.Series]) -> None:
        for ours, theirs in zip(series, built, strict=True):
            assert type(ours) is pd.Series
            pd.testing.assert_series_equal(ours, theirs, check_index_type=False)
            assert repr(ours) == repr(theirs)
            assert vars(ours).keys() == vars(theirs).keys()
            assert ours.flags == theirs.flags

    def test_can_be_used(self, series: list[pd.Series], built: list[pd.Series]) -> None:
        for ours, theirs in zip(series, built, strict=True):
            pd.testing.assert_series_equal(ours.sort_values(), theirs.sort_values())
            assert ours.describe().equals(theirs.describe())
            assert pickle.loads(pickle.dumps(ours)).equals(theirs)
            assert copy.deepcopy(ours).equals(theirs)
            assert (ours + theirs).equals(theirs * 2)
            assert ours.rename("x").to_frame().equals(theirs.rename("x").to_frame())
        assert pd.concat(series).equals(pd.concat(built))

    def test_share_nothing(self, series: list[pd.Series], built: list[pd.Series]) -> None:
        series[1].iloc[0] = 7.0
        series[1].index.name = "other"
        series[1].name = "changed"
        series[1].attrs["key"] = 1
        series[1].flags.allows_duplicate_labels = False
        assert series[1].tolist()[0] == 7.0
        for untouched in (0, 2):
            assert series[untouched].equals(built[untouched])
            assert (series[untouched].name, series[untouched].index.name) == (None, None)
            assert series[untouched].attrs == {}
            assert series[untouched].flags.allows_duplicate_labels

    def test_constructor_takes_over(
        self, built: list[pd.Series], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where pandas is put together in another way, its constructor makes the series."""

        def refuse(*_: Any) -> Any:
            raise AttributeError

        monkeypatch.setattr(_series, "_assembler", refuse)
        for tokens in (None, TOKENS):
            found = rank.get_label_quality_scores(LABELS, PROBS, tokens=tokens)[1]
            assert [one.tolist() for one in found] == [one.tolist() for one in built]

    def test_collector_is_as_before(self) -> None:
        assert gc.isenabled()
        with collector_paused():
            assert not gc.isenabled()
            with collector_paused():
                pass
            assert not gc.isenabled()
        assert gc.isenabled()


class TestSummary:
    def test_no_issues(self, capsys: Any) -> None:
        summary.display_issues([], TOKENS)
        summary.display_issues(np.array([], dtype=int), TOKENS, labels=LABELS)
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize(
        ("issues", "kind"),
        [
            ([(9, 0)], IndexError),
            ([(0, 9)], IndexError),
            ([9], IndexError),
            ([[0, 1]], TypeError),
            ([(0, 1), 2], TypeError),
            ([2, (0, 1)], TypeError),
            ([0.5], TypeError),
        ],
        ids=str,
    )
    def test_bad_issues(self, issues: Any, kind: type[Exception]) -> None:
        with pytest.raises(kind):
            summary.display_issues(issues, TOKENS)

    @pytest.mark.parametrize(
        ("issues", "kind"),
        [
            ([(9, 0)], IndexError),
            ([(0, 9)], IndexError),
            ([3], TypeError),
            ([(0, 1, 2)], TypeError),
            ([(0.5, 1)], TypeError),
            ("ab", TypeError),
            ([(2**70, 0)], IndexError),
        ],
        ids=str,
    )
    def test_bad_pairs(self, issues: Any, kind: type[Exception]) -> None:
        with pytest.raises(kind):
            summary.common_label_issues(issues, TOKENS)
        with pytest.raises(kind):
            summary.filter_by_token("a", issues, TOKENS)

    def test_words_with_backslashes(self, capsys: Any) -> None:
        for word in ("\\1", "a\\b", "\\d", "\\"):
            summary.display_issues([(0, 0)], [[word, "x"]])
            assert f"\x1b[31m{word}\x1b[0m" in capsys.readouterr().out

    def test_class_out_of_range(self) -> None:
        for label in (2, -1):
            with pytest.raises(IndexError, match=rf"labels\[0\]\[0\] is {label}, expected"):
                summary.common_label_issues(
                    [(0, 0)], TOKENS, labels=[[label]], pred_probs=PROBS, verbose=False
                )

    def test_probabilities_as_lists_or_of_several_types(self) -> None:
        issues = [(0, 1), (1, 1), (2, 0)]
        mixed = [PROBS[0].astype("float32"), PROBS[1].tolist(), np.asfortranarray(PROBS[2])]
        plain, other = (
            summary.common_label_issues(
                issues, TOKENS, labels=LABELS, pred_probs=probs, verbose=False
            )
            for probs in (PROBS, mixed)
        )
        assert plain.equals(other)

    def test_quiet(self, capsys: Any) -> None:
        summary.common_label_issues(
            [(0, 0)], TOKENS, labels=LABELS, pred_probs=PROBS, verbose=False
        )
        assert capsys.readouterr().out == ""

    def test_equal_counts_in_the_order_of_the_issues(self, capsys: Any) -> None:
        issues = [(1, 1), (0, 2), (0, 0), (2, 0)]
        table = summary.common_label_issues(issues, [["a", "b", "c"], ["d", "e"], ["c"]])
        assert table["token"].tolist() == ["c", "e", "a"]
        assert [line.split("'")[1] for line in capsys.readouterr().out.split("\n\n")[:3]] == [
            "c",
            "e",
            "a",
        ]


class TestSpans:
    LABELS = ([0, 1], [1])
    PROBS = (np.array([0.125, 0.25]), np.array([0.875]))

    def test_display_shows_the_predicted_class(self, capsys: Any) -> None:
        """cleanlab shows class 0 for every token."""
        span_classification.display_issues(
            [(0, 1), (1, 0)],
            [["a", "b"], ["c"]],
            labels=self.LABELS,
            pred_probs=self.PROBS,
            class_names=["out", "in"],
        )
        out = capsys.readouterr().out
        assert "Given label: in, predicted label according to provided pred_probs: out" in out
        assert "Given label: in, predicted label according to provided pred_probs: in" in out

    @pytest.mark.parametrize(
        ("probs", "kind"),
        [
            ([np.ones((2, 1)), np.ones((1, 1))], ValueError),
            ([np.ones(2)], ValueError),
            ([np.ones(3), np.ones(1)], ValueError),
            ([np.array([0.5, 1.5]), np.ones(1)], ValueError),
            ([np.array([0.5, np.nan]), np.ones(1)], ValueError),
            (5, TypeError),
        ],
        ids=str,
    )
    def test_refuses(self, probs: Any, kind: type[Exception]) -> None:
        for function in (
            span_classification.find_label_issues,
            span_classification.get_label_quality_scores,
        ):
            with pytest.raises(kind):
                function(self.LABELS, probs)

    def test_lists(self) -> None:
        scores, _ = span_classification.get_label_quality_scores(
            self.LABELS, [p.tolist() for p in self.PROBS]
        )
        assert scores.tolist() == [0.25, 0.875]
