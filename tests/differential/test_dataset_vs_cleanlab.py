"""cupel.dataset against cleanlab 2.9.0's module of that name."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np
import pytest

from cupel import count
from strategies import make_problem, real_data
from tables import assert_same_tables

pytest.importorskip("cleanlab")
pytest.importorskip("pandas")

NAMES = ["cat", "dog", "emu", "fox"]
PROBLEMS = [
    make_problem(500, 4, 0),
    make_problem(500, 4, 1, "float32"),
    make_problem(60, 12, 2),
    make_problem(3000, 40, 3),
    make_problem(8, 2, 4),
    make_problem(400, 6, 5, absent=(2, 5)),
]
problems = pytest.mark.parametrize("problem", PROBLEMS, ids=range(len(PROBLEMS)))


def pair(name: str, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """What cupel's function returns, and what cleanlab's does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = (
            getattr(importlib.import_module(f"{package}.dataset"), name)(*args, **kwargs)
            for package in ("cupel", "cleanlab")
        )
    return ours, theirs


def check_ranking(*args: Any, **kwargs: Any) -> None:
    frames = pair("rank_classes_by_label_quality", *args, **kwargs)
    assert_same_tables(*frames, "Label Quality Score", ["Class Index"])


def check_overlaps(*args: Any, **kwargs: Any) -> None:
    for asymmetric in (False, True):
        frames = pair("find_overlapping_classes", *args, asymmetric=asymmetric, **kwargs)
        assert_same_tables(*frames, "Joint Probability", ["Class Index A", "Class Index B"])


def check_health(*args: Any, **kwargs: Any) -> None:
    ours, theirs = pair("overall_label_health_score", *args, verbose=False, **kwargs)
    assert type(ours) is type(theirs)
    assert ours == pytest.approx(theirs, abs=1e-12)


def check_summary(*args: Any, **kwargs: Any) -> None:
    ours, theirs = pair("health_summary", *args, verbose=False, **kwargs)
    assert list(ours) == list(theirs)
    health, joint, by_quality, overlapping = list(ours)
    assert ours[health] == pytest.approx(theirs[health], abs=1e-12)
    np.testing.assert_array_equal(ours[joint], theirs[joint])
    assert_same_tables(ours[by_quality], theirs[by_quality], "Label Quality Score", ["Class Index"])
    rows_by = ["Class Index A", "Class Index B"]
    assert_same_tables(ours[overlapping], theirs[overlapping], "Joint Probability", rows_by)


ALL = (check_ranking, check_overlaps, check_health, check_summary)


@problems
@pytest.mark.parametrize("check", ALL)
def test_labels_and_probabilities(check: Any, problem: Any) -> None:
    check(*problem)
    check(*problem, num_examples=77)


@problems
def test_joints(problem: Any) -> None:
    labels, _ = problem
    joint = count.estimate_joint(*problem)
    counts = count.compute_confident_joint(*problem)
    for check in ALL[:3]:
        check(joint=joint, num_examples=77)
        check(labels, joint=joint)
        check(labels, confident_joint=counts * 3)
        check(confident_joint=counts, num_examples=1001)
    for check in ALL[1:3]:  # cleanlab's ranking does without the number of examples in it
        check(confident_joint=counts)
    for check in ALL:
        check(*problem, joint=joint * 0 + 1 / joint.size)
        check(*problem, confident_joint=counts * 3)


@pytest.mark.parametrize("seed", range(30))
def test_any_joint(seed: int) -> None:
    """Rows and columns of zeros, shares of halves of examples, and joints that do not sum to 1."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 12))
    joint = rng.integers(0, 20, (k, k)) / 100
    joint[rng.integers(k)] *= rng.integers(0, 2)
    joint[:, rng.integers(k)] *= rng.integers(0, 2)
    number = int(rng.integers(0, 300))
    check_ranking(joint=joint, num_examples=number)
    check_health(joint=joint, num_examples=number)
    if k > 1:  # cleanlab's empty frame has columns of objects
        check_overlaps(joint=joint, num_examples=number)


@pytest.mark.parametrize(
    "class_names", [NAMES, dict(enumerate(NAMES)), np.array(NAMES), [4, 3, 2, 1]], ids=type
)
@pytest.mark.parametrize("check", [check_ranking, check_overlaps, check_summary])
def test_names(check: Any, class_names: Any) -> None:
    check(*PROBLEMS[0], class_names=class_names)


def test_names_beyond_the_last_class() -> None:
    check_overlaps(*PROBLEMS[0], class_names=[*NAMES, "gnu"])


def test_printing(capsys: pytest.CaptureFixture[str]) -> None:
    """Both print or do not, and the same numbers."""
    from cleanlab import dataset as theirs

    from cupel import dataset as ours

    for module in (ours, theirs):
        module.overall_label_health_score(*PROBLEMS[0])
        printed = capsys.readouterr().out
        for number in ("82", "500", "16%", "0.84"):
            assert number in printed
        module.health_summary(*PROBLEMS[0], class_names=NAMES)
        printed = capsys.readouterr().out
        for fact in ("500 examples", "4 classes", "Class Name A", "Class Name", "16%"):
            assert fact in printed
        module.overall_label_health_score(*PROBLEMS[0], verbose=False)
        module.health_summary(*PROBLEMS[0], verbose=False)
        assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "function",
    [
        "rank_classes_by_label_quality",
        "find_overlapping_classes",
        "overall_label_health_score",
        "health_summary",
    ],
)
@pytest.mark.parametrize(
    "arguments",
    [
        {"multi_label": True, "labels": PROBLEMS[0][0], "pred_probs": PROBLEMS[0][1]},
        {"joint": np.eye(4) / 4},
    ],
    ids=["multi_label", "no number"],
)  # fmt: skip
def test_refusals(function: str, arguments: Any) -> None:
    for package in ("cleanlab", "cupel"):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
            getattr(importlib.import_module(f"{package}.dataset"), function)(**arguments)


@pytest.mark.parametrize("name", ["cifar10_test_set", "mnist_test_set"])
def test_real_data(name: str) -> None:
    data = real_data(name)
    labels, pred_probs = data["given_labels"], data["pred_probs"]
    for check in ALL:
        check(labels, pred_probs)
