"""Arguments, edges and side effects of cupel.multilabel_classification."""

from __future__ import annotations

import copy
import gc
import sys
from typing import Any

import numpy as np
import pytest

from cupel import _core, multilabel_classification
from cupel._errors import InvalidArgumentError
from cupel._extras import require
from cupel._validate import as_multilabels
from cupel.multilabel_classification import dataset, filter, rank
from multilabel_classification_data import problem_of

LABELS, PROBS = problem_of(200, 4, 0)


def some_probs(rows: int, k: int) -> Any:
    return np.random.default_rng(0).random((rows, k))


class TestReadLabelLists:
    @pytest.mark.parametrize("wrap", [list, tuple])
    def test_plain_lists(self, wrap: Any) -> None:
        rows = wrap(wrap(row) for row in LABELS)
        matrix = _core.read_label_lists(rows, 200, 4)
        assert matrix is not None
        np.testing.assert_array_equal(matrix, as_multilabels(LABELS, 200, 4))

    @pytest.mark.parametrize(
        "rows",
        [
            [[0], [4]],
            [[0], [-1]],
            [[0], [1 << 80]],
            [[0], [-(1 << 80)]],
            [[0], [True]],
            [[0], [1.0]],
            [[0], [np.int64(1)]],
            [[0], {1}],
            [[0], np.array([1])],
            [[0], None],
            [[0], "1"],
            [[0]],
            [[0], [1], [2]],
            [],
            None,
            np.zeros((2, 4), dtype=int),
            [[0, 1, 1, 0], [0, 0, 0, 0]],  # looks like 0/1 rows
        ],
        ids=str,
    )
    def test_everything_else_is_left_to_the_front_door(self, rows: Any) -> None:
        assert _core.read_label_lists(rows, 2, 4) is None

    def test_front_door_still_names_the_row(self) -> None:
        for function in (rank.get_label_quality_scores, filter.find_label_issues):
            with pytest.raises(ValueError, match=r"labels\[1\] contains 4, expected classes in"):
                function([[0], [4]], some_probs(2, 4))

    def test_references_are_neither_kept_nor_lost(self) -> None:
        number = 10**9 + 7
        rows = [[number], [number]]
        before = sys.getrefcount(number), sys.getrefcount(rows[0])
        for _ in range(10):
            assert _core.read_label_lists(rows, 2, 4) is None
            _core.read_label_lists([[0], rows[0]], 2, 4)
        gc.collect()
        assert (sys.getrefcount(number), sys.getrefcount(rows[0])) == before


class TestRank:
    def test_default_arguments_are_the_package_function(self) -> None:
        assert multilabel_classification.get_label_quality_scores is rank.get_label_quality_scores

    @pytest.mark.parametrize(
        ("labels", "k"),
        [([[], []], 2), ([[0, 1], [0, 1]], 2), ([[0], []], 1)],
        ids=["none", "all", "one class"],
    )
    def test_labels_that_answer_nothing(self, labels: Any, k: int) -> None:
        for function in (rank.get_label_quality_scores, rank.get_label_quality_scores_per_class):
            with pytest.raises(InvalidArgumentError, match="labels must give a class"):
                function(labels, some_probs(2, k))

    @pytest.mark.parametrize(
        ("aggregator", "kind", "message"),
        [
            ({"alpha": 0.5}, TypeError, "needs 'method'"),
            ({"method": "softmax"}, ValueError, "did you mean 'softmin'"),
            ({"method": 3}, TypeError, "must be one of"),
            ({"method": "exponential_moving_average", "alpha": 2}, ValueError, r"in \[0, 1\]"),
            ({"method": "exponential_moving_average", "alpha": np.nan}, ValueError, "in"),
        ],
    )
    def test_aggregators_refused(self, aggregator: Any, kind: Any, message: str) -> None:
        with pytest.raises(kind, match=message):
            rank.get_label_quality_scores(LABELS, PROBS, aggregator_kwargs=aggregator)

    def test_function_as_aggregator(self) -> None:
        seen = {}

        def lowest(scores: Any, *, axis: int, note: str) -> Any:
            seen.update(shape=scores.shape, axis=axis, note=note)
            return scores.min(axis=axis)

        aggregator = {"method": lowest, "note": "passed on", "axis": 0}
        scores = rank.get_label_quality_scores(LABELS, PROBS, aggregator_kwargs=aggregator)
        per_class = rank.get_label_quality_scores_per_class(LABELS, PROBS)
        np.testing.assert_array_equal(scores, per_class.min(axis=1))
        assert seen == {"shape": (200, 4), "axis": 1, "note": "passed on"}
        assert aggregator == {"method": lowest, "note": "passed on", "axis": 0}

    @pytest.mark.parametrize("temperature", [0, -1, 1e-12])
    def test_softmin_at_zero_is_the_minimum(self, temperature: float) -> None:
        aggregator = {"method": "softmin", "temperature": temperature}
        scores = rank.get_label_quality_scores(LABELS, PROBS, aggregator_kwargs=aggregator)
        per_class = rank.get_label_quality_scores_per_class(LABELS, PROBS)
        np.testing.assert_array_equal(scores, per_class.min(axis=1))

    def test_entropy_names_the_row(self) -> None:
        probs = PROBS.copy()
        probs[7, 2] = 1 + 5e-7
        rank.get_label_quality_scores(LABELS, probs)
        with pytest.raises(ValueError, match=r"pred_probs\[7, 2\]"):
            rank.get_label_quality_scores(LABELS, probs, method="confidence_weighted_entropy")

    def test_entropy_cannot_be_adjusted(self) -> None:
        for function in (rank.get_label_quality_scores, rank.get_label_quality_scores_per_class):
            with pytest.raises(ValueError, match="adjust_pred_probs is not possible"):
                function(
                    LABELS, PROBS, method="confidence_weighted_entropy", adjust_pred_probs=True
                )

    def test_names_and_dropped_rows(self) -> None:
        names = ["cat", "dog", "emu", "fox"]
        labels = [[names[c] for c in row] for row in LABELS]
        probs = PROBS.copy()
        probs[3, 1] = np.nan
        scores = rank.get_label_quality_scores(labels, probs, classes=names, nan="drop")
        expected = rank.get_label_quality_scores(LABELS[:3] + LABELS[4:], np.delete(PROBS, 3, 0))
        assert np.isnan(scores[3])
        np.testing.assert_array_equal(np.delete(scores, 3), expected)

    def test_noise_posterior(self) -> None:
        """Not in cleanlab; aggregated like the others."""
        kwargs: dict[str, Any] = {"method": "noise_posterior"}
        per_class = rank.get_label_quality_scores_per_class(LABELS, PROBS, **kwargs)
        aggregator = {"method": "exponential_moving_average", "alpha": 1}
        scores = rank.get_label_quality_scores(
            LABELS, PROBS, aggregator_kwargs=aggregator, **kwargs
        )
        np.testing.assert_array_equal(scores, per_class.min(axis=1))


class TestFilter:
    @pytest.mark.parametrize("filter_by", ["low_self_confidence", "low_normalized_margin"])
    def test_options_of_pruning_are_ignored_with_a_warning(self, filter_by: str) -> None:
        plain = filter.find_label_issues(LABELS, PROBS, filter_by=filter_by)
        options: dict[str, Any] = {"num_to_remove_per_class": [1] * 4}
        with pytest.warns(UserWarning, match="num_to_remove_per_class is not used"):
            mask = filter.find_label_issues(LABELS, PROBS, filter_by=filter_by, **options)
        np.testing.assert_array_equal(mask, plain)
        with pytest.raises(ValueError, match="num_to_remove_per_class is not supported"):
            filter.find_multilabel_issues_per_class(LABELS, PROBS, filter_by=filter_by, **options)

    @pytest.mark.parametrize(
        "options",
        [
            {"filter_by": "both"},
            {"frac_noise": 0.5},
            {"num_to_remove_per_class": [1] * 4},
            {"min_examples_per_class": 2},
            {"confident_joint": np.ones((4, 2, 2))},
            {"return_indices_ranked_by": "self_confidence", "rank_by_kwargs": {"x": 1}},
        ],
        ids=str,
    )
    def test_low_memory_warns_of_what_it_does_not_use(self, options: Any) -> None:
        name = next(name for name in options if name != "return_indices_ranked_by")
        name = "rank_by_kwargs" if "rank_by_kwargs" in options else name
        with pytest.warns(UserWarning, match=f"{name} is not used with low_memory=True") as caught:
            filter.find_label_issues(LABELS, PROBS, low_memory=True, **options)
        assert [w.filename for w in caught] == [__file__]

    def test_joint_of_another_shape(self) -> None:
        expected = filter.find_label_issues(LABELS, PROBS)
        with pytest.warns(UserWarning, match=r"confident_joint of shape \(k, k\) is ignored") as w:
            mask = filter.find_label_issues(LABELS, PROBS, confident_joint=np.ones((4, 4)))
        assert [warning.filename for warning in w] == [__file__]
        np.testing.assert_array_equal(mask, expected)
        with pytest.raises(ValueError, match=r"confident_joint must have shape \(k, 2, 2\)"):
            filter.find_label_issues(LABELS, PROBS, confident_joint=np.ones((3, 2, 2)))

    def test_rare_answers_warn_once(self) -> None:
        with pytest.warns(UserWarning, match="looked for in class 0, 1, 2, 3") as caught:
            filter.find_label_issues(LABELS, PROBS, min_examples_per_class=150)
        assert [w.filename for w in caught] == [__file__]

    def test_verbose_prints_the_counts(self, capsys: pytest.CaptureFixture[str]) -> None:
        issues = filter.find_multilabel_issues_per_class(LABELS, PROBS, verbose=True)
        lines = capsys.readouterr().out.splitlines()
        assert lines == [f"Class {c}: {issues[:, c].sum()} label issues found" for c in range(4)]
        filter.find_label_issues(LABELS, PROBS)
        assert capsys.readouterr().out == ""

    def test_mutable_default_of_cleanlab_is_accepted(self) -> None:
        for function in (filter.find_label_issues, filter.find_multilabel_issues_per_class):
            function(LABELS, PROBS, "self_confidence", {})

    def test_one_class_and_one_row(self) -> None:
        labels = [[0], [], [0], []] * 5
        mask = filter.find_label_issues(labels, some_probs(20, 1))
        per_class = filter.find_multilabel_issues_per_class(labels, some_probs(20, 1))
        np.testing.assert_array_equal(per_class[:, 0], mask)
        with pytest.warns(UserWarning, match="looked for in class 0"):
            assert filter.find_label_issues([[0]], np.array([[0.1]])).tolist() == [False]

    def test_classes_given_to_all_or_none(self) -> None:
        """Nothing to compare with, so nothing is flagged; cleanlab refuses the first."""
        for labels in ([[0, 1]] * 15, [[]] * 15):
            assert not filter.find_label_issues(labels, some_probs(15, 2)).any()

    def test_empty(self) -> None:
        for function in (filter.find_label_issues, rank.get_label_quality_scores):
            with pytest.raises(ValueError, match=r"rows|empty"):
                function([], np.zeros((0, 2)))

    def test_names_and_dropped_rows(self) -> None:
        names = ["cat", "dog", "emu", "fox"]
        labels = [[names[c] for c in row] for row in LABELS]
        probs = PROBS.copy()
        probs[3, 1] = np.nan
        clean = LABELS[:3] + LABELS[4:], np.delete(PROBS, 3, 0)
        kept = np.delete(np.arange(200), 3)
        for options in ({}, {"low_memory": True}, {"filter_by": "low_self_confidence"}):
            mask = filter.find_label_issues(labels, probs, classes=names, nan="drop", **options)
            np.testing.assert_array_equal(
                np.flatnonzero(mask), kept[filter.find_label_issues(*clean, **options)]
            )
            rows = filter.find_label_issues(
                labels, probs, "self_confidence", classes=names, nan="drop", **options
            )
            np.testing.assert_array_equal(np.sort(rows), np.flatnonzero(mask))
        np.testing.assert_array_equal(
            filter.find_multilabel_issues_per_class(labels, PROBS, classes=names),
            filter.find_multilabel_issues_per_class(LABELS, PROBS),
        )


class TestDataset:
    def test_labels_are_needed(self) -> None:
        pytest.importorskip("pandas")
        with pytest.raises(TypeError, match="labels must be a list of lists"):
            dataset.common_multilabel_issues(pred_probs=PROBS)
        for function in (
            dataset.rank_classes_by_multilabel_quality,
            dataset.overall_multilabel_health_score,
            dataset.multilabel_health_summary,
        ):
            with pytest.raises(ValueError, match="labels must be given"):
                function()
            with pytest.raises(ValueError, match="pred_probs must be given"):
                function(LABELS)

    def test_class_names(self) -> None:
        pytest.importorskip("pandas")
        with pytest.raises(ValueError, match="class_names has 2 names"):
            dataset.common_multilabel_issues(LABELS, PROBS, class_names=["a", "b"])

    def test_unused_joint(self) -> None:
        pytest.importorskip("pandas")
        with pytest.warns(UserWarning, match="confident_joint is not used"):
            dataset.rank_classes_by_multilabel_quality(
                LABELS, PROBS, confident_joint=np.ones((4, 2, 2))
            )

    def test_number_of_examples_is_only_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        pytest.importorskip("pandas")
        dataset.multilabel_health_summary(LABELS, PROBS, num_examples=7)
        assert "7 examples, 4 classes" in capsys.readouterr().out


def test_tables_without_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"common_multilabel_issues needs pandas: pip install"):
        dataset.common_multilabel_issues(LABELS, PROBS)
    with pytest.raises(ImportError):
        require("pandas", "this")
    dataset.overall_multilabel_health_score(LABELS, PROBS)


def test_arguments_are_not_mutated() -> None:
    labels, probs = copy.deepcopy(LABELS), PROBS.copy()
    joint = np.full((4, 2, 2), 50.0)
    numbers, ranking = [3, 0, 7, 2], {"adjust_pred_probs": True}
    for function in (filter.find_label_issues, filter.find_multilabel_issues_per_class):
        function(
            labels,
            probs,
            "self_confidence",
            ranking,
            num_to_remove_per_class=numbers,
            confident_joint=joint,
        )
    for adjust in (False, True):
        rank.get_label_quality_scores(labels, probs, adjust_pred_probs=adjust)
    assert labels == LABELS
    np.testing.assert_array_equal(probs, PROBS)
    assert (joint == 50).all()
    assert (numbers, ranking) == ([3, 0, 7, 2], {"adjust_pred_probs": True})


def test_bindings_refuse_shapes_that_do_not_fit() -> None:
    given, probs = np.zeros((3, 2), dtype=np.uint8), np.full((3, 2), 0.5)
    joints, counts = np.ones((2, 2, 2)), np.ones((2, 2), dtype=np.int64)
    with pytest.raises(ValueError, match="same shape"):
        _core.count_answers(given[:2], probs, 1)
    with pytest.raises(ValueError, match="same shape"):
        _core.answer_scores(given.T.copy(), probs, 0, False, 1)
    with pytest.raises(ValueError, match="do not fit"):
        _core.prune_answers(given, probs, given, joints[:1], counts, 0, 1.0, None, 1, 1)
    with pytest.raises(ValueError, match="matrix"):
        _core.aggregate_scores(np.zeros(3), 0, 0.8, 1)
    with pytest.raises(TypeError):
        _core.count_answers(given.astype(np.int64), probs, 1)


def test_nan_that_appears_during_a_call_is_left_out() -> None:
    """As if another thread had written it after the flags were set."""
    given, probs = np.zeros((999, 2), dtype=np.uint8), np.full((999, 2), 0.9)
    probs[::3] = np.nan
    counts = np.tile(np.array([[999, 0]]), (2, 1))
    joints = np.tile(np.array([[500.0, 499.0], [0.0, 1.0]]), (2, 1, 1))
    for filter_by in range(3):
        flags = np.full((999, 2), 2, dtype=np.uint8)
        _core.prune_answers(given, probs, flags, joints, counts, filter_by, 1.0, None, 1, 1)
        assert not flags[::3].any()
        assert flags.sum() == 2 * 499
