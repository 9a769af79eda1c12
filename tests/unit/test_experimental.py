"""The batched search for label issues: sources, what it refuses, what it prints and keeps."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cupel.experimental
from cupel.experimental.label_issues_batched import LabelInspector, find_label_issues_batched
from strategies import make_problem

LABELS, PROBS = make_problem(500, 4, 1)


class Sliceable:
    """As a Zarr array: a shape, and slices that are arrays; counts the rows it gives at a time."""

    def __init__(self, array: Any) -> None:
        self.shape = array.shape
        self.most_rows = 0
        self._array = array

    def __getitem__(self, rows: Any) -> Any:
        assert isinstance(rows, slice)
        part = self._array[rows]
        self.most_rows = max(self.most_rows, len(part))
        return part.copy()


def find(*args: Any, **kwargs: Any) -> Any:
    return find_label_issues_batched(*args, verbose=False, **kwargs)


def test_modules_are_there_when_asked_for() -> None:
    assert cupel.experimental.label_issues_batched.find_label_issues_batched
    assert cupel.experimental.span_classification.find_label_issues
    with pytest.raises(AttributeError, match="has no attribute 'coteaching'"):
        cupel.experimental.coteaching  # noqa: B018 - the access is the test


class TestFind:
    def test_anything_that_can_be_sliced(self) -> None:
        labels, probs = Sliceable(LABELS), Sliceable(PROBS)
        np.testing.assert_array_equal(
            find(labels, probs, batch_size=64), find(LABELS, PROBS, batch_size=64)
        )
        assert labels.most_rows == probs.most_rows == 64

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_memory(self, tmp_path: Path, dtype: str) -> None:
        """A mapped matrix is never in memory as a whole."""
        labels, probs = make_problem(60_000, 20, 2, dtype)
        np.save(tmp_path / "p.npy", probs)
        mapped = np.load(tmp_path / "p.npy", mmap_mode="r")
        size = probs.nbytes
        del probs
        tracemalloc.start()
        try:
            find(labels, mapped, batch_size=1000)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < size / 2

    def test_threads_change_nothing(self) -> None:
        labels, probs = make_problem(40_000, 8, 3)
        kwargs = {"num_issue_kwargs": {"estimation_method": "off_diagonal_calibrated"}}
        one, three = (find(labels, probs, n_jobs=n, batch_size=9000, **kwargs) for n in (1, 3))
        np.testing.assert_array_equal(one, three)

    @pytest.mark.parametrize(
        ("kwargs", "kind", "message"),
        [
            ({"labels": LABELS}, ValueError, "pass either pred_probs or pred_probs_file"),
            ({"pred_probs": PROBS}, ValueError, "pass either labels or labels_file"),
            (
                {"labels": LABELS, "labels_file": "y.npy", "pred_probs": PROBS},
                ValueError,
                "pass either labels or labels_file, not both",
            ),
            ({"labels_file": Path("y.npy"), "pred_probs": PROBS}, ValueError, "the path of a .npy"),
            ({"labels": LABELS[:9], "pred_probs": PROBS}, ValueError, r"labels has shape \(9,\)"),
            ({"labels": LABELS, "pred_probs": PROBS[:, 0]}, ValueError, r"shape \(n, k\)"),
            ({"labels": LABELS[:0], "pred_probs": PROBS[:0]}, ValueError, "no rows"),
            ({"labels": LABELS, "pred_probs": PROBS, "batch_size": 0}, ValueError, "at least 1"),
            ({"labels": LABELS, "pred_probs": PROBS, "batch_size": 1.5}, TypeError, "an integer"),
            ({"labels": LABELS, "pred_probs": PROBS, "batch_size": True}, TypeError, "an integer"),
        ],
        ids=str,
    )
    def test_refuses(self, kwargs: Any, kind: type[Exception], message: str) -> None:
        with pytest.raises(kind, match=message):
            find(**kwargs)

    def test_errors_name_the_row_in_the_whole_data(self) -> None:
        labels, probs = LABELS.copy(), PROBS.copy()
        labels[321] = 4
        with pytest.raises(ValueError, match=r"labels\[321\] is 4"):
            find(labels, PROBS, batch_size=100)
        probs[456, 2] = np.nan
        with pytest.raises(ValueError, match=r"pred_probs\[456, 2\] is nan"):
            find(LABELS, probs, batch_size=100)

    def test_prints(self, tmp_path: Path, capsys: Any) -> None:
        np.save(tmp_path / "p.npy", PROBS)
        find(LABELS, PROBS)
        assert capsys.readouterr().out == ""
        find_label_issues_batched(LABELS, pred_probs_file=str(tmp_path / "p.npy"))
        out = capsys.readouterr().out
        assert "(500, 4)" in out
        assert "Examples scored: 500" in out

    def test_inputs_stay_as_they_are(self) -> None:
        labels, probs, kwargs = LABELS.copy(), PROBS.copy(), {"adjust_pred_probs": True}
        find(labels, probs, batch_size=70, quality_score_kwargs=kwargs)
        np.testing.assert_array_equal(labels, LABELS)
        np.testing.assert_array_equal(probs, PROBS)
        assert kwargs == {"adjust_pred_probs": True}


class TestInspector:
    def test_order_of_calls(self) -> None:
        inspector = LabelInspector(num_class=4, verbose=False)
        with pytest.raises(ValueError, match="no thresholds yet"):
            inspector.get_confident_thresholds()
        with pytest.raises(ValueError, match="no thresholds yet"):
            inspector.score_label_quality(LABELS, PROBS)
        inspector.update_confident_thresholds(LABELS, PROBS)
        with pytest.raises(ValueError, match="no label has been scored"):
            inspector.get_num_issues()
        with pytest.raises(ValueError, match="no label has been scored"):
            inspector.get_label_issues()
        assert inspector.get_quality_scores().shape == (0,)
        inspector.score_label_quality(LABELS, PROBS)
        assert type(inspector.get_num_issues()) is np.int64

    def test_nothing_stored(self) -> None:
        inspector = LabelInspector(num_class=4, store_results=False, verbose=False)
        inspector.update_confident_thresholds(LABELS, PROBS)
        inspector.score_label_quality(LABELS, PROBS)
        for get in (inspector.get_quality_scores, inspector.get_label_issues):
            with pytest.raises(ValueError, match="store_results=False"):
                get()
        assert inspector.get_num_issues() > 0

    @pytest.mark.parametrize(
        ("kwargs", "kind"),
        [({"num_class": 0}, ValueError), ({"num_class": "a"}, TypeError)],
        ids=str,
    )
    def test_refuses(self, kwargs: Any, kind: type[Exception]) -> None:
        with pytest.raises(kind, match="num_class"):
            LabelInspector(**kwargs)

    def test_other_number_of_classes(self) -> None:
        inspector = LabelInspector(num_class=5)
        with pytest.raises(ValueError, match="pred_probs has 4 columns, num_class is 5"):
            inspector.update_confident_thresholds(LABELS, PROBS)

    def test_prints_unless_silent(self, capsys: Any) -> None:
        inspector = LabelInspector(num_class=4)
        inspector.update_confident_thresholds(LABELS, PROBS)
        inspector.score_label_quality(LABELS, PROBS)
        assert capsys.readouterr().out == ""
        inspector.get_confident_thresholds(silent=True)
        inspector.get_num_issues(silent=True)
        assert capsys.readouterr().out == ""
        inspector.get_confident_thresholds()
        inspector.get_num_issues()
        assert capsys.readouterr().out.count("500") == 2

    def test_a_failed_batch_leaves_no_trace(self) -> None:
        inspector = LabelInspector(num_class=4, verbose=False)
        inspector.update_confident_thresholds(LABELS, PROBS)
        inspector.score_label_quality(LABELS, PROBS)
        before = inspector.get_confident_thresholds(), inspector.get_num_issues()
        bad = PROBS.copy()
        bad[7, 1] = np.nan
        for method in (inspector.update_confident_thresholds, inspector.score_label_quality):
            with pytest.raises(ValueError, match=r"pred_probs\[7, 1\] is nan"):
                method(LABELS, bad)
        np.testing.assert_array_equal(inspector.get_confident_thresholds(), before[0])
        assert inspector.get_num_issues() == before[1]
        assert len(inspector.get_quality_scores()) == len(LABELS)
