"""Scores, flags and metrics of detections are the specification, whatever the number of threads.

Scores agree to the last digits: the core sums and multiplies in another order than NumPy. Masks and
counts are equal.
"""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from cupel import _core
from cupel.object_detection import filter, rank, summary
from cupel.object_detection._boxes import Boxes
from cupel.reference import object_detection as reference
from object_detection_data import detections, make_detections

ALPHAS = st.sampled_from([0.0, 0.3, 0.9, 1.0])
PROBABILITIES = st.sampled_from([0.0, 0.5, 0.95, 0.99])
WEIGHTS = st.sampled_from(
    [
        None,
        {"overlooked": 1.0, "swap": 0.0, "badloc": 0.0},
        {"overlooked": 0.2, "swap": 0.5, "badloc": 0.3},
    ]
)
SCORES: dict[str, Any] = {
    "overlooked": (rank.compute_overlooked_box_scores, reference.compute_overlooked_box_scores),
    "badloc": (rank.compute_badloc_box_scores, reference.compute_badloc_box_scores),
    "swap": (rank.compute_swap_box_scores, reference.compute_swap_box_scores),
}


def assert_close(ours: list[Any], theirs: list[Any]) -> None:
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)


def many_images() -> tuple[Any, Any]:
    """Enough pairs for several threads to be started."""
    return make_detections(400, 5, n_classes=6, boxes=20, predictions=25)


@pytest.mark.parametrize("kind", ["overlooked", "swap"])
@given(detections(), ALPHAS, PROBABILITIES, st.booleans())
def test_scores_against_confident_predictions(
    kind: str, problem: Any, alpha: float, high: float, check: bool
) -> None:
    ours, theirs = SCORES[kind]
    labels, predictions = problem
    options: dict[str, Any] = {"alpha": alpha, "high_probability_threshold": high}
    if kind == "swap":
        options["overlapping_label_check"] = check
    assert_close(
        ours(labels=labels, predictions=predictions, **options),
        theirs(labels, predictions, **options),
    )


@given(detections(), ALPHAS, PROBABILITIES)
def test_badloc_scores(problem: Any, alpha: float, low: float) -> None:
    ours, theirs = SCORES["badloc"]
    labels, predictions = problem
    options = {"alpha": alpha, "low_probability_threshold": low}
    assert_close(
        ours(labels=labels, predictions=predictions, **options),
        theirs(labels, predictions, **options),
    )


@given(detections(), WEIGHTS, st.booleans())
def test_quality_scores(problem: Any, weights: Any, check: bool) -> None:
    options = {"aggregation_weights": weights, "overlapping_label_check": check}
    ours = rank.get_label_quality_scores(*problem, **options, verbose=False)
    theirs = reference.get_label_quality_scores(*problem, **options)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)


@given(detections(n_classes=2), st.booleans())
def test_issues(problem: Any, check: bool) -> None:
    ours = filter.find_label_issues(*problem, overlapping_label_check=check)
    theirs = reference.find_label_issues(*problem, overlapping_label_check=check)
    np.testing.assert_array_equal(ours, theirs)


@given(detections())
def test_similarities(problem: Any) -> None:
    iou, similarity = _core.box_similarities(Boxes.load(*problem).arrays, 0.9, 1)
    matrices = [
        (reference.label_arrays(label)[0], reference.prediction_arrays(prediction)[0])
        for label, prediction in zip(*problem, strict=True)
    ]
    assert_close([iou], [np.concatenate([reference.iou_matrix(*m).ravel() for m in matrices])])
    theirs = np.concatenate([reference.similarity_matrix(*m).ravel() for m in matrices])
    assert_close([similarity], [theirs])


@given(detections(), st.integers(0, 2))
def test_metrics(problem: Any, extra: int) -> None:
    """Counts are equal, average precisions to the last digits; classes without boxes are fine."""
    boxes = Boxes.load(*problem)
    k = boxes.n_classes() + extra
    true, precision, given_boxes, predicted = _core.class_metrics(boxes.arrays, k, 1)
    counts = reference.confusion_counts(*problem, k)
    for ours, theirs in zip((true, predicted - true, given_boxes - true), counts, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert_close([precision], [reference.average_precisions(*problem, k)])


@given(detections())
def test_confusion_matrix(problem: Any) -> None:
    ours = summary.get_average_per_class_confusion_matrix(*problem)
    theirs = reference.get_average_per_class_confusion_matrix(*problem)
    assert list(ours) == list(theirs)
    for k, counts in theirs.items():
        for name, value in counts.items():
            assert ours[k][name] == np.float32(value)


@given(
    st.lists(
        st.lists(st.sampled_from([0.0, 1e-300, 0.1, 0.5, 1.0, np.nan]), max_size=12).map(np.array)
    ),
    st.sampled_from([-1.0, 0.0, 1e-9, 0.1, 3.0, 1e9]),
)
def test_pooling(box_scores: list[NDArray[np.float64]], temperature: float) -> None:
    ours = rank.pool_box_scores_per_image(box_scores, temperature=temperature)
    theirs = reference.pool_box_scores_per_image(box_scores, temperature=temperature)
    np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-15)


@given(detections(), ALPHAS)
def test_what_is_known_need_not_be_computed(problem: Any, alpha: float) -> None:
    labels, predictions = problem
    iou, similarity = _core.box_similarities(Boxes.load(labels, predictions).arrays, alpha, 1)
    floor = reference.min_similarity(labels, predictions, alpha)
    images, begin = [], 0
    for label, prediction in zip(labels, predictions, strict=True):
        boxes, probs, classes = reference.prediction_arrays(prediction)
        shape = len(label["labels"]), len(boxes)
        end = begin + shape[0] * shape[1]
        images.append(
            {
                "lab_labels": label["labels"],
                "lab_bboxes": label["bboxes"],
                "pred_labels": classes,
                "pred_label_probs": probs,
                "pred_bboxes": boxes,
                "iou_matrix": iou[begin:end].reshape(shape),
                "similarity_matrix": similarity[begin:end].reshape(shape),
                "min_possible_similarity": floor,
            }
        )
        begin = end
    bare = [{key: x for key, x in image.items() if not key.endswith("_matrix")} for image in images]
    for function, _ in SCORES.values():
        expected = function(labels=labels, predictions=predictions, alpha=alpha)
        for known in (images, bare):
            assert_close(function(auxiliary_inputs=known, alpha=alpha), expected)


@pytest.mark.parametrize("side", [600.0, 3000.0])
def test_boxes_far_apart(side: float) -> None:
    """Where exponentials are rounded to few multiples of 2^-53."""
    problem = make_detections(60, 6, side=side)
    for function, theirs in SCORES.values():
        labels, predictions = problem
        ours = function(labels=labels, predictions=predictions)
        for a, b in zip(ours, theirs(*problem), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=2e-17)


def test_threads_do_not_change_a_bit() -> None:
    labels, predictions = many_images()
    for function, _ in SCORES.values():
        one, three = (
            function(labels=labels, predictions=predictions, n_jobs=n_jobs) for n_jobs in (1, 3)
        )
        for a, b in zip(one, three, strict=True):
            assert a.tobytes() == b.tobytes()
    for call in (
        lambda n: rank.get_label_quality_scores(labels, predictions, verbose=False, n_jobs=n),
        lambda n: filter.find_label_issues(labels, predictions, n_jobs=n),
        lambda n: np.array(
            [
                list(counts.values())
                for counts in summary.calculate_per_class_metrics(labels, predictions, n).values()
            ]
        ),
    ):
        assert call(1).tobytes() == call(3).tobytes()


def test_images_do_not_depend_on_each_other_but_for_the_floor() -> None:
    labels, predictions = many_images()
    function, _ = SCORES["badloc"]
    together = function(labels=labels, predictions=predictions)
    alone = [
        function(labels=[label], predictions=[prediction])[0]
        for label, prediction in zip(labels, predictions, strict=True)
    ]
    for a, b in zip(together, alone, strict=True):
        assert a.tobytes() == b.tobytes()
