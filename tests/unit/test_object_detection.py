"""Object detection: options, edge cases and pictures."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cupel.object_detection import filter, rank, summary
from object_detection_data import (
    LABEL,
    NOTHING,
    PREDICTION,
    auxiliary,
    label,
    make_detections,
    objects,
    take_both,
)


@pytest.fixture
def no_figures() -> Iterator[None]:
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    yield
    plt.close("all")


@take_both
def test_arguments_are_not_changed(function: Any) -> None:
    labels, predictions = make_detections(6, 0)
    before = copy.deepcopy((labels, predictions))
    function(labels, predictions)
    for a, b in zip(labels, before[0], strict=True):
        assert a.keys() == b.keys()
        assert all(np.array_equal(a[key], b[key]) for key in a)
    for a, b in zip(predictions, before[1], strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@take_both
def test_layouts_and_containers(function: Any) -> None:
    """Lists, tuples, integers, other float types, strided and foreign-endian arrays."""
    labels, predictions = make_detections(6, 1)
    labels = [{**y, "bboxes": y["bboxes"].round()} for y in labels]
    predictions = [
        [np.hstack([a[:, :4].round(), a[:, 4:].astype(np.float32)]) for a in p] for p in predictions
    ]
    expected = function(labels, predictions)
    others = [
        (
            tuple({"bboxes": y["bboxes"].tolist(), "labels": y["labels"].tolist()} for y in labels),
            tuple(tuple(a.tolist() for a in p) for p in predictions),
        ),
        (
            [
                {"bboxes": y["bboxes"].astype(">f4"), "labels": y["labels"].astype(float)}
                for y in labels
            ],
            [[np.asfortranarray(a.astype(">f8")) for a in p] for p in predictions],
        ),
        (
            np.array([{**y, "bboxes": y["bboxes"].repeat(2, axis=0)[::2]} for y in labels]),
            [[a.astype(np.longdouble).astype(np.float32) for a in p] for p in predictions],
        ),
    ]
    for y, p in others:
        ours = function(y, p)
        if isinstance(expected, np.ndarray):
            np.testing.assert_array_equal(ours, expected)
        elif isinstance(expected, list):
            for a, b in zip(ours, expected, strict=True):
                np.testing.assert_array_equal(a, b)
        elif isinstance(expected, tuple):
            assert ours == expected
        else:
            np.testing.assert_equal(ours, expected)


def test_boxes_that_are_points_or_inside_out() -> None:
    """They overlap with nothing, and are scored all the same."""
    labels = [label(bboxes=np.array([[5.0, 5.0, 5.0, 5.0], [9.0, 9.0, 1.0, 1.0]]), labels=[0, 1])]
    scores = rank.get_label_quality_scores(labels, [PREDICTION], verbose=False)
    assert np.isfinite(scores).all()
    assert rank.compute_badloc_box_scores(labels=labels, predictions=[PREDICTION])[0].tolist() == [
        1.0,
        1.0,
    ]


def test_images_without_boxes() -> None:
    nothing = {"bboxes": np.array([]), "labels": np.array([])}
    predictions = [[np.array([]), NOTHING]]
    assert rank.get_label_quality_scores([nothing], predictions, verbose=False).tolist() == [1.0]
    assert filter.find_label_issues([nothing], predictions).tolist() == [False]
    ranked = filter.find_label_issues([nothing], predictions, return_indices_ranked_by_score=True)
    assert (ranked.dtype, ranked.shape) == (np.dtype(np.int64), (0,))
    metrics = summary.calculate_per_class_metrics([nothing], predictions)
    assert all(np.isnan(value) for of_class in metrics.values() for value in of_class.values())


def test_ties_go_to_the_lower_image() -> None:
    assert rank.issues_from_scores([0.1, 0.05, 0.1, 0.05]).tolist() == [1, 3, 0, 2]
    far = objects([np.array([[500.0, 500.0, 510.0, 510.0, 0.99]]), NOTHING])
    ranked = filter.find_label_issues(
        [LABEL] * 4, [far, PREDICTION, far, PREDICTION], return_indices_ranked_by_score=True
    )
    assert ranked.tolist() == [0, 2]


def test_verbose_says_what_was_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    predictions = [[np.array([[0, 0, 1, 1, -0.5], [0, 0, 1, 1, 0.5]]), NOTHING]]
    rank.get_label_quality_scores([LABEL], predictions)
    assert capsys.readouterr().out.startswith("1 of 2 predictions left out")
    rank.get_label_quality_scores([LABEL], predictions, verbose=False)
    filter.find_label_issues([LABEL], predictions, return_indices_ranked_by_score=True)
    assert capsys.readouterr().out == ""
    with pytest.warns(UserWarning, match="1 of 1 predictions have a probability below 0"):
        rank.get_label_quality_scores([LABEL], [[predictions[0][0][:1]]], verbose=False)


def test_names_by_text_by_number_and_in_order() -> None:
    for names in ({"0": "cat", "1": "dog"}, {1: "dog", 0: "cat"}, ["cat", "dog"]):
        for function in (
            summary.bounding_box_size_distribution,
            summary.class_label_distribution,
        ):
            given, predicted = function([LABEL], [PREDICTION], class_names=names)
            assert list(given) == list(predicted) == ["cat"]
        metrics = summary.calculate_per_class_metrics([LABEL], [PREDICTION], class_names=names)
        assert list(metrics) == ["cat", "dog"]


def test_threads_of_metrics() -> None:
    expected = summary.get_average_per_class_confusion_matrix([LABEL], [PREDICTION])
    for num_procs in (2, None):
        ours = summary.get_average_per_class_confusion_matrix([LABEL], [PREDICTION], num_procs)
        assert ours == expected


def test_metrics_do_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics = summary.calculate_per_class_metrics([LABEL], [PREDICTION])
    assert np.isnan(metrics[1]["average f1"])


def test_an_image_floor_from_its_own_pairs() -> None:
    """Without a floor, the smallest similarity of the image itself."""
    far = auxiliary(lab_labels=[0, 1], lab_bboxes=[[0, 0, 10, 10], [90, 0, 99, 10]])
    floor = rank.compute_swap_box_scores(auxiliary_inputs=auxiliary())[0][0]
    assert floor == pytest.approx(0.9 * 0.9 + 0.1 * np.exp(-0.05))
    assert rank.compute_swap_box_scores(auxiliary_inputs=far)[0][0] == pytest.approx(1 - floor)


# ---- pictures ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_figures")
def test_a_class_that_is_never_predicted_has_an_empty_histogram() -> None:
    """cleanlab ends with a KeyError."""
    import matplotlib.pyplot as plt

    summary.plot_class_size_distributions([LABEL], [[NOTHING]], class_names=["cat"])
    figure = plt.gcf()
    assert [axes.get_title() for axes in figure.axes] == ["annotated", "predicted"]
    assert "class cat" in figure._suptitle.get_text()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("no_figures")
def test_no_class_to_show_no_figure() -> None:
    import matplotlib.pyplot as plt

    summary.plot_class_size_distributions([LABEL], [PREDICTION], class_to_show=0)
    assert plt.get_fignums() == []


@pytest.mark.usefixtures("no_figures")
def test_a_pie_of_nothing() -> None:
    """cleanlab ends with a ValueError of matplotlib."""
    import matplotlib.pyplot as plt

    summary.plot_class_distribution([LABEL], [[NOTHING]])
    given, predicted = plt.gcf().axes
    assert (len(given.patches), len(predicted.patches)) == (1, 0)


@pytest.mark.usefixtures("no_figures")
def test_image_from_a_path(tmp_path: Path) -> None:
    import matplotlib.pyplot as plt

    path = tmp_path / "image.png"
    plt.imsave(path, np.zeros((20, 30, 3)))
    for image in (path, str(path), np.zeros((20, 30)), [[0.0, 1.0]]):
        summary.visualize(image, label=LABEL, class_names=["cat"], save_path=str(path))
    with pytest.raises(FileNotFoundError):
        summary.visualize(str(tmp_path / "missing.png"))
    with pytest.raises(ValueError, match=r"labels\[0\]\['bboxes'\]"):
        summary.visualize(path, label=label(bboxes=[[1, 2]]))


@pytest.mark.usefixtures("no_figures")
def test_kwargs_go_to_show(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib.pyplot as plt

    seen: list[Any] = []
    monkeypatch.setattr(plt, "show", lambda **kwargs: seen.append(kwargs))
    summary.visualize(np.zeros((9, 9)), block=False)
    summary.plot_class_distribution([LABEL], [PREDICTION], block=False)
    summary.plot_class_size_distributions([LABEL], [PREDICTION], block=False)
    assert seen == [{"block": False}] * 3
