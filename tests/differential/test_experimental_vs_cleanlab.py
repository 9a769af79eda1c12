"""The batched search for label issues against cleanlab 2.9.0 with one process."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bench.dropin.same import assert_same
from numpy.typing import NDArray

from compare import assert_same_mask_up_to_ties, assert_same_order_up_to_ties
from cupel.experimental import label_issues_batched as batched
from strategies import make_problem, real_data

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from cleanlab.experimental import label_issues_batched as theirs

pytestmark = pytest.mark.filterwarnings("ignore")
PROBLEMS = {
    "float64": make_problem(700, 5, 1),
    "float32": make_problem(700, 5, 2, "float32"),
    "float16": make_problem(700, 5, 3, "float16"),
    "two classes": make_problem(90, 2, 4),
    "many classes": make_problem(900, 40, 5, noise=0.4),
    "absent classes": make_problem(300, 6, 6, absent=(0, 4)),
    "one row": make_problem(1, 3, 7),
}
problems = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
SCORES: tuple[dict[str, Any], ...] = (
    {},
    {"method": "normalized_margin"},
    {"method": "confidence_weighted_entropy"},
    {"adjust_pred_probs": True},
    {"method": "normalized_margin", "adjust_pred_probs": True},
)
COUNTS: tuple[dict[str, Any], ...] = (
    {},
    {"estimation_method": "off_diagonal"},
    {"estimation_method": "off_diagonal_calibrated"},
    {"estimation_method": "off_diagonal_custom", "unknown": 1},
)


def both(*args: Any, **kwargs: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    ours = batched.find_label_issues_batched(*args, verbose=False, **kwargs)
    return ours, theirs.find_label_issues_batched(*args, verbose=False, **kwargs)


@pytest.mark.parametrize(
    "name",
    ["find_label_issues_batched", "LabelInspector"]
    + [
        f"LabelInspector.{method}"
        for method in vars(batched.LabelInspector)
        if not method.startswith("_")
    ],
)
def test_signature(name: str) -> None:
    ours: Any = batched
    other: Any = theirs
    for part in name.split("."):
        ours, other = getattr(ours, part), getattr(other, part)
    a, b = (inspect.signature(f).parameters.values() for f in (ours, other))
    assert [(p.name, p.kind, p.default) for p in a] == [(p.name, p.kind, p.default) for p in b]


class TestBatched:
    @problems
    @pytest.mark.parametrize("scores", SCORES, ids=str)
    @pytest.mark.parametrize("counts", COUNTS, ids=str)
    def test_issues(self, problem: Any, scores: Any, counts: Any) -> None:
        for batch_size, return_mask in ((10_000, False), (97, True), (7, False)):
            assert_same(
                *both(
                    *problem,
                    batch_size=batch_size,
                    return_mask=return_mask,
                    quality_score_kwargs=scores,
                    num_issue_kwargs=counts,
                )
            )

    @pytest.mark.parametrize("name", ["cifar10_test_set", "cifar10_train_noise4_sparsity2"])
    @pytest.mark.parametrize("counts", COUNTS[1:3], ids=str)
    def test_real(self, name: str, counts: Any) -> None:
        data = real_data(name)
        labels, probs = data["given_labels"].astype(np.int64), data["pred_probs"]
        kwargs = {"batch_size": 3000, "num_issue_kwargs": counts, "return_mask": True}
        own = probs[np.arange(len(labels)), labels]
        assert_same_mask_up_to_ties(*both(labels, probs, **kwargs), own)

    def test_sources(self, tmp_path: Path) -> None:
        labels, probs = PROBLEMS["float64"]
        files = {"labels_file": str(tmp_path / "y.npy"), "pred_probs_file": str(tmp_path / "p.npy")}
        np.save(files["labels_file"], labels)
        np.save(files["pred_probs_file"], probs)
        expected = both(labels, probs, batch_size=100)[1]
        assert_same(*both(**files, batch_size=100))
        assert_same(*both(labels, pred_probs_file=files["pred_probs_file"]))
        mapped = np.load(files["pred_probs_file"], mmap_mode="r")
        for given in (
            labels.tolist(),
            pd.Series(labels, index=labels[::-1]),
            labels.astype("uint8"),
        ):
            assert_same(*both(given, mapped))
        frame = batched.find_label_issues_batched(labels, pd.DataFrame(probs), verbose=False)
        assert_same(frame, expected)

    @problems
    def test_inspector(self, problem: Any) -> None:
        labels, probs = problem
        for counts, scores in zip(COUNTS, SCORES, strict=False):
            pair = [
                m.LabelInspector(
                    num_class=probs.shape[1],
                    verbose=False,
                    num_issue_kwargs=counts,
                    quality_score_kwargs=scores,
                )
                for m in (batched, theirs)
            ]
            parts = np.array_split(np.arange(len(labels)), 3 if len(labels) > 3 else 1)
            for part in parts:
                for inspector in pair:
                    inspector.update_confident_thresholds(labels[part], probs[part])
                assert_same(*(i.get_confident_thresholds() for i in pair))
                assert_same(*(i.examples_per_class for i in pair))
            for step, part in enumerate(parts):
                found = [
                    i.score_label_quality(labels[part], probs[part], update_num_issues=step != 1)
                    for i in pair
                ]
                assert_same(*found)
                assert found[0].dtype == found[1].dtype
                assert_same(*(i.get_num_issues(silent=True) for i in pair))
                assert_same(*(i.get_quality_scores() for i in pair))
                issues = [i.get_label_issues() for i in pair]
                assert_same_order_up_to_ties(*issues, pair[1].get_quality_scores())
            assert pair[0].examples_processed_thresh == pair[1].examples_processed_thresh
            assert pair[0].examples_processed_quality == pair[1].examples_processed_quality


def test_calibrated_counts_do_not_depend_on_threads() -> None:
    """cleanlab counts too few with several processes; the right number is that of one."""
    labels, probs = make_problem(30_000, 4, 1)
    kwargs = {"num_issue_kwargs": COUNTS[2], "batch_size": 15_000}
    expected = theirs.find_label_issues_batched(labels, probs, verbose=False, n_jobs=1, **kwargs)
    for n_jobs in (1, 3, None):
        found = batched.find_label_issues_batched(
            labels, probs, verbose=False, n_jobs=n_jobs, **kwargs
        )
        assert_same(found, expected)


@pytest.mark.parametrize(
    "wrong",
    [
        {"labels": None},
        {"pred_probs": None},
        {"labels_file": "y.npy"},
        {"labels": None, "labels_file": 3},
        {"labels": None, "labels_file": "absent.npy"},
        {"labels": np.zeros(3, int)},
        {"batch_size": 0},
        {"batch_size": 2.5},
        {"quality_score_kwargs": {"method": "x"}},
        {"quality_score_kwargs": {"unknown": 1}},
        {
            "quality_score_kwargs": {
                "method": "confidence_weighted_entropy",
                "adjust_pred_probs": True,
            }
        },
        {"n_jobs": 0},
    ],
    ids=str,
)
def test_same_exceptions(wrong: dict[str, Any]) -> None:
    labels, probs = PROBLEMS["float64"]
    kwargs = {"labels": labels, "pred_probs": probs, "verbose": False, **wrong}
    kinds = []
    for find in (batched.find_label_issues_batched, theirs.find_label_issues_batched):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - compared below
            find(**kwargs)
        kinds.append(type(caught.value))
    assert issubclass(kinds[0], kinds[1])
