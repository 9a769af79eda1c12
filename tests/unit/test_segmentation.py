"""Segmentation: what is refused, options, corner cases, and that inputs are left alone."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from cupel.segmentation import filter, rank, summary
from segmentation_data import make_images

SHAPE = (3, 4, 8, 6)
LABELS, PROBS = make_images(*SHAPE, 0)
MASK = filter.find_label_issues(LABELS, PROBS)
CALLS = {
    "find_label_issues": lambda y, p: filter.find_label_issues(y, p),
    "softmin": lambda y, p: rank.get_label_quality_scores(y, p),
    "num_pixel_issues": lambda y, p: rank.get_label_quality_scores(y, p, method="num_pixel_issues"),
    "common_label_issues": lambda y, p: summary.common_label_issues(MASK | True, y, p),
    "filter_by_class": lambda y, p: summary.filter_by_class(1, MASK | True, y, p),
}
calls = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


def changed(array: Any, at: tuple[int, ...], value: Any) -> Any:
    copy = array.copy()
    copy[at] = value
    return copy


# ---- what is refused ---------------------------------------------------------------------------


@calls
@pytest.mark.parametrize(
    ("labels", "probs", "error", "text"),
    [
        (LABELS[0], PROBS, ValueError, r"labels must have shape \(n, h, w\), got \(8, 6\)"),
        (LABELS[:, None], PROBS, ValueError, r"use labels.argmax\(axis=1\)"),
        (LABELS, PROBS[0], ValueError, r"pred_probs must have shape \(n, k, h, w\).*newaxis"),
        (LABELS[:2], PROBS, ValueError, r"labels must have shape \(3, 8, 6\).*got \(2, 8, 6\)"),
        (LABELS[:, :4], PROBS, ValueError, r"got \(3, 4, 6\)"),
        (LABELS, PROBS[:, :0], ValueError, "no classes or no pixels"),
        (LABELS[:, :0], PROBS[:, :, :0], ValueError, "no classes or no pixels"),
        (LABELS.astype(str), PROBS, TypeError, "labels must hold integers.*dtype <U"),
        (None, PROBS, ValueError, "labels must have shape"),
        (LABELS, PROBS.astype(complex), TypeError, "pred_probs must hold float16"),
        (LABELS + 0.5, PROBS, ValueError, r"labels\[0, 0, 0\] is .*expected a whole number"),
        (
            changed(LABELS.astype(float), (1, 2, 3), np.nan),
            PROBS,
            ValueError,
            r"labels\[1, 2, 3\] is nan, the pixel has no label",
        ),
        (changed(LABELS, (1, 2, 3), 4), PROBS, ValueError, r"labels\[1, 2, 3\] is 4, .*\[0, 4\)"),
        (changed(LABELS, (2, 7, 5), -1), PROBS, ValueError, r"labels\[2, 7, 5\] is -1"),
        (
            changed(LABELS.astype(np.uint64), (0, 0, 1), 2**64 - 1),
            PROBS,
            ValueError,
            r"labels\[0, 0, 1\] is",
        ),
    ],
)
def test_bad_images(call: Any, labels: Any, probs: Any, error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        call(labels, probs)


@calls
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.5, -0.5])
def test_bad_probabilities(call: Any, value: float, dtype: str) -> None:
    at = (1, int(LABELS[1, 2, 3]), 2, 3)
    probs = changed(PROBS.astype(dtype), at, value)
    place = ", ".join(map(str, at))
    with pytest.raises(ValueError, match=rf"pred_probs\[{place}\] is {value}, expected a finite"):
        call(LABELS, probs)
    with pytest.raises(ValueError, match=rf"pred_probs\[{place}\] is {value}, expected a finite"):
        filter.find_label_issues(LABELS, probs, downsample=2)


@pytest.mark.parametrize("k", range(4))
def test_every_plane_is_checked(k: int) -> None:
    with pytest.raises(ValueError, match=rf"pred_probs\[2, {k}, 7, 5\] is nan"):
        filter.find_label_issues(LABELS, changed(PROBS, (2, k, 7, 5), np.nan))


def test_bad_labels_are_found_before_they_are_averaged() -> None:
    labels = changed(changed(LABELS, (0, 0, 0), -1), (0, 0, 1), 2)
    with pytest.raises(ValueError, match=r"labels\[0, 0, 0\] is -1"):
        filter.find_label_issues(labels, PROBS, downsample=2)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"downsample": 3}, ValueError, "downsample must divide .* 8 and 6, got 3"),
        ({"downsample": 16}, ValueError, "downsample must divide"),
        ({"downsample": 0}, ValueError, "downsample must be at least 1"),
        ({"downsample": -2}, ValueError, "downsample must be at least 1"),
        ({"downsample": 2.0}, TypeError, "downsample must be an integer"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1"),
        ({"batch_size": 1.5}, TypeError, "batch_size must be an integer"),
        ({"batch_size": True}, TypeError, "batch_size must be an integer"),
        ({"n_jobs": 0}, ValueError, "n_jobs"),
        ({"downsampel": 2}, TypeError, "unknown keyword argument 'downsampel'"),
    ],
)
def test_bad_options(options: Any, error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        filter.find_label_issues(LABELS, PROBS, **options)
    with pytest.raises(error, match=text):
        rank.get_label_quality_scores(LABELS, PROBS, method="num_pixel_issues", **options)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"temperature": 0}, ValueError, "temperature must be a number other than 0, got 0"),
        ({"temperature": None}, ValueError, "temperature must be a number, got None"),
        ({"temperature": np.nan}, ValueError, "got nan"),
        ({"temperature": "hot"}, TypeError, "temperature must be a number, got 'hot'"),
        ({"method": "softmax"}, ValueError, "did you mean 'softmin'"),
        ({"method": None}, TypeError, "method must be one of"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1"),
    ],
)
def test_bad_score_options(options: Any, error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        rank.get_label_quality_scores(LABELS, PROBS, **options)


def test_bad_scores() -> None:
    for threshold in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="threshold must be between 0 and 1"):
            rank.issues_from_scores([0.5], threshold=threshold)
    with pytest.raises(ValueError, match="image_scores must be given"):
        rank.issues_from_scores(None, LABELS)
    with pytest.raises(ValueError, match=r"image_scores must have shape \(n,\)"):
        rank.issues_from_scores([[0.5]])


@pytest.mark.parametrize("issues", [MASK[:2], MASK[0], np.arange(3), MASK[:, :4]])
def test_bad_issues(issues: Any) -> None:
    with pytest.raises(ValueError, match=r"issues must have shape \(3, 8, 6\)"):
        summary.common_label_issues(issues, LABELS, PROBS)
    with pytest.raises(ValueError, match=r"issues must have shape \(3, 8, 6\)"):
        summary.filter_by_class(0, issues, LABELS, PROBS)


def test_other_bad_arguments() -> None:
    with pytest.raises(TypeError, match="issues must be a bool mask"):
        summary.filter_by_class(0, MASK.astype(float), LABELS, PROBS)
    with pytest.raises(TypeError):
        summary.filter_by_class("sky", MASK, LABELS, PROBS)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="class_names has 2 names, pred_probs has 4 classes"):
        summary.common_label_issues(MASK, LABELS, PROBS, class_names=["a", "b"])


# ---- corner cases ------------------------------------------------------------------------------


def test_no_images() -> None:
    labels, probs = LABELS[:0], PROBS[:0]
    with pytest.raises(ValueError, match="empty, expected at least one image"):
        filter.find_label_issues(labels, probs)
    for method in ("softmin", "num_pixel_issues"):
        images, pixels = rank.get_label_quality_scores(labels, probs, method=method)
        assert images.shape == (0,)
        assert pixels.shape == (0, 8, 6)
    assert len(summary.common_label_issues(MASK[:0], labels, probs)) == 0
    assert summary.filter_by_class(0, MASK[:0], labels, probs).shape == (0, 8, 6)


def test_one_pixel_and_one_class() -> None:
    probs = np.array([0.25, 0.75]).reshape(1, 2, 1, 1)
    assert not filter.find_label_issues([[[1]]], probs).any()
    assert filter.find_label_issues([[[0]]], probs).tolist() == [[[True]]]
    assert not filter.find_label_issues(LABELS * 0, np.ones((3, 1, 8, 6))).any()


def test_equal_pixels_are_flagged_in_order() -> None:
    """The first row's labels are all wrong, and equally improbable; half of them are confident."""
    probs = np.empty((1, 2, 50, 100))
    probs[0] = np.array([0.1, 0.9]).reshape(2, 1, 1)
    probs[0, :, 0] = np.array([0.25, 0.5])[:, np.newaxis]
    probs[0, 1, 0, 1::2] = 0.95
    labels = np.ones((1, 50, 100), dtype=int)
    labels[0, 0] = 0
    for n_jobs in (1, 3):
        mask = filter.find_label_issues(labels, probs, n_jobs=n_jobs)
        assert np.flatnonzero(mask).tolist() == list(range(50))


def test_all_zero_probabilities() -> None:
    """Averages are nan then, as in NumPy, and nothing is flagged where no class stands out."""
    for dtype in ("float64", "float32", "float16"):
        zeros = np.zeros(SHAPE, dtype=dtype)
        for side in (1, 2):
            assert not filter.find_label_issues(LABELS * 0, zeros, downsample=side).any()


def test_lists_and_integers() -> None:
    one_hot = (np.arange(4)[:, None, None] == LABELS[:, None]).astype(int)
    assert not filter.find_label_issues(LABELS.tolist(), one_hot.tolist()).any()
    expected = filter.find_label_issues(LABELS, PROBS)
    assert (filter.find_label_issues(LABELS.tolist(), PROBS.tolist()) == expected).all()


def test_bool_and_integer_masks() -> None:
    expected = summary.filter_by_class(1, MASK, LABELS, PROBS)
    assert (summary.filter_by_class(1, MASK.astype(int), LABELS, PROBS) == expected).all()
    assert (summary.filter_by_class(1, MASK.tolist(), LABELS, PROBS) == expected).all()


def test_masks_are_of_zeros_and_ones() -> None:
    for seed in range(5):
        labels, probs = make_images(3, 5, 70, 60, seed, "float16", levels=4)
        for side in (1, 2):
            mask = filter.find_label_issues(labels, probs, downsample=side)
            assert mask.view(np.uint8).max() <= 1


def test_softmin_of_downsampled_images_warns() -> None:
    with pytest.warns(UserWarning, match="downsample has no effect"):
        scores = rank.get_label_quality_scores(LABELS, PROBS, downsample=3)
    np.testing.assert_array_equal(scores[0], rank.get_label_quality_scores(LABELS, PROBS)[0])


def test_without_the_extra_image() -> None:
    scores = [0.5, 0.05, 0.9, 0.01]
    assert rank.issues_from_scores(scores, one_more=False).tolist() == [3, 1]
    assert rank.issues_from_scores(scores, threshold=0.0, one_more=False).tolist() == []
    assert rank.issues_from_scores(scores, threshold=0.0).tolist() == [3]


@pytest.mark.parametrize("writeable", [True, False])
def test_inputs_are_left_alone(writeable: bool) -> None:
    labels, probs, mask = LABELS.copy(), PROBS.copy(), MASK.copy()
    for array in (labels, probs, mask):
        array.flags.writeable = writeable
    for call in CALLS.values():
        call(labels, probs)
    filter.find_label_issues(labels, probs, downsample=2)
    summary.filter_by_class(0, mask, labels, probs)
    for array, before in ((labels, LABELS), (probs, PROBS), (mask, MASK)):
        np.testing.assert_array_equal(array, before)


def test_labels_that_change_meanwhile() -> None:
    """Whatever another thread writes, there is a mask of zeros and ones or a ValueError."""
    labels, probs = make_images(4, 3, 200, 200, 1, "float32", levels=4)
    running = True

    def scribble() -> None:
        rng = np.random.default_rng(0)
        while running:
            labels.reshape(-1)[rng.integers(0, labels.size, 500)] = rng.integers(-1, 4)

    thread = threading.Thread(target=scribble)
    thread.start()
    try:
        masks = [found_or_refused(labels, probs) for _ in range(10)]
    finally:
        running = False
        thread.join()
    assert all(mask is None or mask.view(np.uint8).max() <= 1 for mask in masks)


def found_or_refused(labels: Any, probs: Any) -> Any:
    try:
        return filter.find_label_issues(labels, probs, n_jobs=2)
    except ValueError as error:
        assert "expected a class" in str(error)  # noqa: PT017
        return None


# ---- figures and lists -------------------------------------------------------------------------


def test_list_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    table = summary.common_label_issues(MASK, LABELS, PROBS, class_names=list("abcd"), top=2)
    first, second = capsys.readouterr().out.splitlines()
    given, predicted, number = table.iloc[0]
    assert first == f"'{given}' labelled, '{predicted}' predicted: {number} pixels"
    assert second.startswith(f"'{table.iloc[1, 0]}' labelled")
    summary.common_label_issues(MASK, LABELS, PROBS, verbose=False)
    assert capsys.readouterr().out == ""


def test_bad_figures() -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match="exclude needs labels"):
        summary.display_issues(MASK, exclude=[0])
    with pytest.raises(ValueError, match="labels and issues must have the same pixels"):
        summary.display_issues(MASK, labels=LABELS[:2])
    with pytest.raises(ValueError, match="pred_probs and issues must have the same pixels"):
        summary.display_issues(MASK, pred_probs=PROBS[:2])
    with pytest.raises(ValueError, match=r"labels must lie in \[0, 4\)"):
        summary.display_issues(MASK, labels=LABELS - 1, pred_probs=PROBS, top=3)


def test_colors_differ() -> None:
    from cupel.segmentation._plots import class_colors

    colors = class_colors(None, None, range(30))
    assert ((colors >= 0) & (colors <= 1)).all()
    distances = np.abs(colors[:, None] - colors).max(axis=2) + np.eye(30)
    assert distances.min() > 0.05


def test_memory_beyond_the_inputs() -> None:
    """NumPy's allocations are the results alone."""
    import tracemalloc

    labels, probs = make_images(4, 20, 128, 128, 3, "float32")
    mask = filter.find_label_issues(labels, probs)
    results = {
        lambda: filter.find_label_issues(labels, probs): mask.nbytes,
        lambda: rank.get_label_quality_scores(labels, probs): 8 * mask.nbytes,
        lambda: summary.filter_by_class(1, mask, labels, probs): mask.nbytes,
    }
    for call, size in results.items():
        tracemalloc.start()
        call()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < size + 50_000
