"""Object detection: what is refused, and how."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cupel import _core
from cupel.object_detection import filter, rank, summary
from cupel.object_detection._boxes import Boxes
from object_detection_data import (
    LABEL,
    NOTHING,
    PREDICTION,
    TAKE_BOTH,
    auxiliary,
    label,
    make_detections,
    take_both,
)

BAD = {
    "labels is None": (None, [PREDICTION], ValueError, "labels is None"),
    "predictions is None": ([LABEL], None, ValueError, "predictions is None"),
    "a dict": (LABEL, [PREDICTION], TypeError, "labels must be a list with one item per image"),
    "text": ([LABEL], "boxes", TypeError, "predictions must be a list"),
    "lengths": ([LABEL], [PREDICTION] * 2, ValueError, "labels has 1 images, predictions has 2"),
    "no dict": ([[1]], [PREDICTION], ValueError, r"labels\[0\] must be a dict"),
    "no boxes": ([{"labels": [0]}], [PREDICTION], KeyError, "has no 'bboxes', only 'labels'"),
    "no classes": ([{"bboxes": []}], [PREDICTION], KeyError, "has no 'labels'"),
    "three numbers": (
        [label(bboxes=[[0, 0, 1]])],
        [PREDICTION],
        ValueError,
        r"labels\[0\]\['bboxes'\] must have a row \[x1, y1, x2, y2\] per box.*got \(1, 3\)",
    ),
    "nan": (
        [LABEL, label(bboxes=np.array([[0, 0, np.nan, 1]]))],
        [PREDICTION] * 2,
        ValueError,
        r"labels\[1\]\['bboxes'\]\[0, 2\] is nan, expected a finite number",
    ),
    "text boxes": (
        [label(bboxes=np.array([["0", "0", "1", "1"]]))],
        [PREDICTION],
        TypeError,
        r"labels\[0\]\['bboxes'\] must hold",
    ),
    "two classes for a box": (
        [label(labels=[0, 1])],
        [PREDICTION],
        ValueError,
        r"labels\[0\]\['labels'\] must have one class per box, shape \(1,\), got \(2,\)",
    ),
    "half a class": (
        [label(labels=[0.5])],
        [PREDICTION],
        ValueError,
        r"labels\[0\]\['labels'\]\[0\] is 0.5, expected the whole number",
    ),
    "text class": ([label(labels=["cat"])], [PREDICTION], TypeError, r"\['labels'\] must hold"),
    "no arrays": ([LABEL], [0.5], TypeError, r"predictions\[0\] must hold one array per class"),
    "no probability": (
        [LABEL],
        [[np.ones((1, 4)), NOTHING]],
        ValueError,
        r"predictions\[0\]\[0\] must have a row \[x1, y1, x2, y2, probability\]",
    ),
    "one flat array": (
        [LABEL] * 2,
        [PREDICTION, np.ones((3, 5))],
        ValueError,
        r"predictions\[1\]\[0\] must have a row",
    ),
    "infinite": (
        [LABEL] * 2,
        [PREDICTION, [NOTHING, np.full((2, 5), np.inf)]],
        ValueError,
        r"predictions\[1\]\[1\]\[0, 0\] is inf",
    ),
}


@take_both
@pytest.mark.parametrize(("labels", "predictions", "kind", "message"), BAD.values(), ids=BAD)
def test_bad_inputs(function: Any, labels: Any, predictions: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message):
        function(labels, predictions)


@pytest.mark.parametrize("name", ["scores", "filter", "confusion", "metrics"])
def test_no_images_are_refused_where_there_is_no_answer(name: str) -> None:
    with pytest.raises(ValueError, match="labels is empty"):
        TAKE_BOTH[name]([], [])


@pytest.mark.parametrize("name", ["overlooked", "badloc", "swap"])
def test_no_images_no_scores(name: str) -> None:
    assert TAKE_BOTH[name]([], []) == []


def test_no_images_no_summary() -> None:
    assert summary.object_counts_per_image([], []) == ([], [])
    assert summary.bounding_box_size_distribution([], []) == ({}, {})
    assert summary.class_label_distribution([], []) == ({}, {})
    assert summary.get_sorted_bbox_count_idxs([], []) == ([], [])


@pytest.mark.parametrize("name", ["filter", "confusion", "metrics"])
def test_every_image_has_every_class(name: str) -> None:
    message = r"predictions\[1\] has arrays for 3 classes, predictions\[0\] for 2"
    with pytest.raises(ValueError, match=message):
        TAKE_BOTH[name]([LABEL] * 2, [PREDICTION, [NOTHING] * 3])


@pytest.mark.parametrize("bad", [2, -1])
def test_filter_needs_predictions_of_every_labelled_class(bad: int) -> None:
    labels = [LABEL, label(bboxes=np.ones((2, 4)), labels=[0, bad])]
    message = rf"labels\[1\]\['labels'\]\[1\] is {bad}, expected a class from 0 to 1"
    with pytest.raises(ValueError, match=message):
        filter.find_label_issues(labels, [PREDICTION] * 2)


@pytest.mark.parametrize(
    ("weights", "kind", "message"),
    [
        ([1, 0, 0], TypeError, "must be a dict"),
        ({}, ValueError, "add up to 1"),
        ({"overlooked": 1.5, "swap": -0.5, "badloc": 0.0}, ValueError, "at least 0"),
        ({"overlooked": 0.5, "swap": 0.5}, KeyError, "has no 'badloc'"),
        ({"overlooked": "1", "swap": 0.0, "badloc": 0.0}, TypeError, "must be a number"),
        ({"overlooked": np.nan, "swap": 0.5, "badloc": 0.5}, ValueError, "finite"),
    ],
)
def test_bad_weights(weights: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message):
        rank.get_label_quality_scores([LABEL], [PREDICTION], aggregation_weights=weights)


@pytest.mark.parametrize("name", ["alpha", "high_probability_threshold"])
def test_bad_options(name: str) -> None:
    problem = {"labels": [LABEL], "predictions": [PREDICTION]}
    with pytest.raises(TypeError, match=f"{name} must be a number, got str"):
        rank.compute_swap_box_scores(**problem, **{name: "1"})
    with pytest.raises(ValueError, match=f"{name} is nan, expected a finite number"):
        rank.compute_swap_box_scores(**problem, **{name: np.nan})


@pytest.mark.parametrize("threshold", [1.1, np.nan, np.inf])
def test_bad_thresholds(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold is"):
        rank.issues_from_scores([0.5], threshold=threshold)


@pytest.mark.parametrize(
    ("box_scores", "kind", "message"),
    [
        ("scores", TypeError, "box_scores must be a list"),
        ([np.array(["a"])], TypeError, r"box_scores\[0\] must hold"),
    ],
)
def test_bad_box_scores(box_scores: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message):
        rank.pool_box_scores_per_image(box_scores)


@pytest.mark.parametrize(
    ("num_procs", "kind"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_bad_num_procs(num_procs: Any, kind: Any) -> None:
    with pytest.raises(kind, match="num_procs must be"):
        summary.calculate_per_class_metrics([LABEL], [PREDICTION], num_procs)


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"pred_labels": ...}, ValueError, r"auxiliary_inputs\[0\] has no 'pred_labels'"),
        ({"lab_bboxes": None}, ValueError, "has no 'lab_bboxes'"),
        ({"pred_label_probs": ...}, ValueError, "has no 'pred_label_probs'"),
        ({"pred_label_probs": [0.5, 0.5]}, ValueError, r"shape \(1,\), got \(2,\)"),
        ({"pred_label_probs": [np.nan]}, ValueError, "holds nan"),
        ({"lab_bboxes": [[0, 0, 1]]}, ValueError, r"\['lab_bboxes'\] must have a row"),
        ({"similarity_matrix": [[1, 2]]}, ValueError, r"a row per label, shape \(1, 1\)"),
        ({"similarity_matrix": [[-1.0]]}, ValueError, "finite numbers of at least 0"),
        ({"min_possible_similarity": [1.0, 2.0]}, ValueError, "must be a number"),
    ],
)
def test_bad_auxiliary_inputs(changes: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message):
        rank.compute_swap_box_scores(auxiliary_inputs=auxiliary(**changes))


def test_auxiliary_inputs_are_dicts() -> None:
    with pytest.raises(TypeError, match=r"auxiliary_inputs\[0\] must be a dict"):
        rank.compute_swap_box_scores(auxiliary_inputs=[[1]])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="auxiliary_inputs must be a list"):
        summary.object_counts_per_image(auxiliary_inputs="images")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("names", "kind", "message"),
    [
        ({"0": "cat"}, ValueError, "class_names has 1 names, predictions have arrays for 2"),
        ({"cat": 0, "dog": 1}, ValueError, "has the key 'cat', expected the number"),
        ("cat", TypeError, "class_names must be a dict"),
    ],
)
def test_bad_class_names(names: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message):
        summary.calculate_per_class_metrics([LABEL], [PREDICTION], class_names=names)


def test_shares_need_all_names() -> None:
    with pytest.raises(KeyError, match="no name for class 0; expected a key '0'"):
        summary.class_label_distribution([LABEL], [PREDICTION], class_names={"1": "dog"})


# ---- the core by itself ------------------------------------------------------------------------


def core_arrays() -> list[Any]:
    return list(Boxes.load(*make_detections(4, 2, empty=0)).arrays)


@pytest.mark.parametrize("at", [2, 5])
@pytest.mark.parametrize(
    "offsets", [[], [0], [1, 2, 3, 4, 5], [0, 3, 2, 4, 5], [-1, 0, 1, 2, 3], [0, 1, 2, 3, 1 << 62]]
)
def test_core_checks_offsets(at: int, offsets: list[int]) -> None:
    arrays = core_arrays()
    arrays[at] = np.array(offsets, dtype=np.int64)
    for call in (
        lambda: _core.box_scores(tuple(arrays), 0.9, 0.5, 0.95, True, None, None, None, 1),
        lambda: _core.box_similarities(tuple(arrays), 0.9, 1),
        lambda: _core.class_metrics(tuple(arrays), 4, 1),
    ):
        with pytest.raises(ValueError, match="offsets must rise"):
            call()


def test_core_checks_sizes_and_classes() -> None:
    arrays = core_arrays()
    short = (arrays[0][:-1], *arrays[1:])
    with pytest.raises(ValueError, match="every box"):
        _core.box_similarities(short, 0.9, 1)
    with pytest.raises(ValueError, match="class is out of range"):
        _core.class_metrics(tuple(arrays), 2, 1)
    few = np.ones(3)
    for known in ((few, few, None), (None, few, None), (few, None, None), (None, None, few)):
        with pytest.raises(ValueError, match="please"):
            _core.box_scores(tuple(arrays), 0.9, 0.5, 0.95, True, *known, 1)
    with pytest.raises(ValueError, match="same number of images"):
        _core.box_similarities((*arrays[:2], np.array([0, len(arrays[1])]), *arrays[3:]), 0.9, 1)
    with pytest.raises(ValueError, match="offsets"):
        _core.pool_box_scores(few, np.array([0, 4]), 0.1, 1)


def test_core_takes_exact_types_only() -> None:
    arrays = core_arrays()
    for at in range(6):
        changed = list(arrays)
        changed[at] = changed[at].astype(np.float32)
        with pytest.raises(TypeError):
            _core.box_similarities(tuple(changed), 0.9, 1)
    with pytest.raises(TypeError):
        _core.box_similarities(tuple(arrays[:5]), 0.9, 1)


def test_core_survives_nan() -> None:
    """A caller's other thread may write one after the check."""
    arrays = core_arrays()
    arrays[0][::2], arrays[3][::3] = np.nan, np.nan
    _core.box_scores(tuple(arrays), 0.9, 0.5, 0.95, True, None, None, None, 1)
    true, precision, _, _ = _core.class_metrics(tuple(arrays), 4, 1)
    assert (true >= 0).all()
    assert ((precision >= 0) & (precision <= 1)).all()
