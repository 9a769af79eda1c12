"""Arguments, edges and side effects of cupel.dataset."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from cupel import dataset
from strategies import make_problem

LABELS, PROBS = make_problem(300, 4, 0)
JOINT = np.array([[0.4, 0.1], [0.0, 0.5]])
TABLES = (dataset.rank_classes_by_label_quality, dataset.find_overlapping_classes)
ALL = (*TABLES, dataset.overall_label_health_score, dataset.health_summary)


@pytest.fixture(autouse=True)
def pandas() -> Any:
    return pytest.importorskip("pandas")


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "num_examples is needed"),
        ({"joint": JOINT}, "num_examples is needed"),
        ({"labels": LABELS}, "give labels and pred_probs, or joint"),
        ({"num_examples": 10}, "give labels and pred_probs, or joint"),
        ({"joint": JOINT[:1], "num_examples": 10}, r"joint must have shape \(k, k\), got \(1, 2\)"),
        ({"multi_label": True}, r"cupel\.multilabel_classification\.dataset\."),
        ({"confident_joint": np.ones((2, 3))}, r"confident_joint must have shape \(k, k\)"),
    ],
    ids=str,
)
def test_refusals(function: Any, arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        function(**arguments)


@pytest.mark.parametrize("function", TABLES)
@pytest.mark.parametrize("names", [["a"], {0: "a"}, {0: "a", 2: "b"}])
def test_names_missing(function: Any, names: Any) -> None:
    with pytest.raises(ValueError, match="class_names has"):
        function(joint=JOINT, num_examples=10, class_names=names)


def test_names_too_many() -> None:
    with pytest.raises(ValueError, match="class_names has 3 names, expected one for each of 2"):
        dataset.rank_classes_by_label_quality(
            joint=JOINT, num_examples=10, class_names=["a", "b", "c"]
        )


def test_confident_joint_alone_is_enough() -> None:
    """Where cleanlab asks for the number of examples that is in it."""
    counts = np.array([[40, 10], [0, 50]])
    frame = dataset.rank_classes_by_label_quality(confident_joint=counts)
    assert frame["Label Issues"].tolist() == [10, 0]
    summary = dataset.health_summary(confident_joint=counts, verbose=False)
    assert summary["overall_label_health_score"] == pytest.approx(0.9)


def test_summary_of_a_joint_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Which cleanlab does not finish."""
    summary = dataset.health_summary(joint=JOINT, num_examples=100)
    assert summary["overall_label_health_score"] == pytest.approx(0.9)
    assert summary["joint"] is JOINT
    printed = capsys.readouterr().out
    assert "100 examples, 2 classes" in printed
    assert "10 of 100 labels (10%)" in printed


def test_lists_are_joints_too() -> None:
    for function in TABLES:
        ours = function(joint=JOINT.tolist(), num_examples=10)
        assert ours.equals(function(joint=JOINT, num_examples=10))


def test_ties_come_by_class() -> None:
    joint = np.full((3, 3), 1 / 9)
    frame = dataset.rank_classes_by_label_quality(joint=joint, num_examples=9)
    assert frame["Class Index"].tolist() == [0, 1, 2]
    frame = dataset.find_overlapping_classes(joint=joint, num_examples=9, asymmetric=True)
    pairs = list(zip(frame["Class Index A"], frame["Class Index B"], strict=True))
    assert pairs == [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]


@pytest.mark.parametrize("asymmetric", [False, True])
def test_one_class(asymmetric: bool) -> None:
    options: dict[str, Any] = {"joint": np.ones((1, 1)), "num_examples": 5, "class_names": ["a"]}
    frame = dataset.find_overlapping_classes(asymmetric=asymmetric, **options)
    assert len(frame) == 0
    assert list(frame.columns)[:2] == ["Class Name A", "Class Name B"]
    assert dataset.rank_classes_by_label_quality(**options)["Class Name"].tolist() == ["a"]


def test_columns_of_names_are_those_of_pandas(pandas: Any) -> None:
    for names in (["a", "b"], [1, 2], [("x", 1), ("y", 2)]):
        frame = dataset.rank_classes_by_label_quality(
            joint=JOINT, num_examples=10, class_names=names
        )
        assert frame["Class Name"].dtype == pandas.Series(names).dtype
        assert frame["Class Name"].tolist() == names


def test_joint_that_is_not_used_warns() -> None:
    with pytest.warns(UserWarning, match="confident_joint is not used"):
        dataset.overall_label_health_score(LABELS, PROBS, confident_joint=np.eye(4), verbose=False)


def test_without_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    for function in TABLES:
        with pytest.raises(ImportError, match=f"{function.__name__} needs pandas: pip install"):
            function(LABELS, PROBS)
    dataset.overall_label_health_score(LABELS, PROBS, verbose=False)


def test_arguments_are_not_mutated() -> None:
    labels, probs, joint, names = LABELS.copy(), PROBS.copy(), JOINT.copy(), ["a", "b"]
    dataset.health_summary(labels, probs, verbose=False)
    dataset.health_summary(joint=joint, num_examples=10, class_names=names, verbose=False)
    np.testing.assert_array_equal(labels, LABELS)
    np.testing.assert_array_equal(probs, PROBS)
    np.testing.assert_array_equal(joint, JOINT)
    assert names == ["a", "b"]
