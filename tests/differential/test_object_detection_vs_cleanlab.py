"""Object detection against cleanlab 2.9.0, every public function."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from bench.dropin.same import assert_same

from cupel.object_detection import filter, rank, summary
from object_detection_data import Labels, Predictions, make_detections, objects

their_filter = pytest.importorskip("cleanlab.object_detection.filter")
their_rank = pytest.importorskip("cleanlab.object_detection.rank")
their_summary = pytest.importorskip("cleanlab.object_detection.summary")
plt = pytest.importorskip("matplotlib.pyplot")

# cleanlab leaves its process pools to the garbage collector, and divides by zero.
pytestmark = [
    pytest.mark.usefixtures("stable_sorts", "with_in1d"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]

Problem = tuple[Labels, Predictions]


def on_a_grid(problem: Problem) -> Problem:
    """Whole coordinates and few probabilities: contact, equal overlaps and ties."""
    labels, predictions = problem
    coarse = [
        objects([np.hstack([a[:, :4].round(), a[:, 4:].round(1)]) for a in of_image])
        for of_image in predictions
    ]
    return [{**label, "bboxes": label["bboxes"].round()} for label in labels], coarse


def repeated(problem: Problem) -> Problem:
    """Boxes that are labelled twice, most with another class."""
    labels, predictions = problem
    twice = [
        {
            "bboxes": np.repeat(label["bboxes"], 2, axis=0),
            "labels": np.repeat(label["labels"], 2) + np.arange(2 * len(label["labels"])) % 2,
        }
        for label in labels
    ]
    more = [objects([*of_image, np.empty((0, 5))]) for of_image in predictions]
    return twice, more


PROBLEMS: dict[str, Problem] = {
    "usual": make_detections(25, 0),
    "crowded": make_detections(6, 1, boxes=12, predictions=16, side=60),
    "on a grid": on_a_grid(make_detections(15, 2, side=12)),
    "labelled twice": repeated(make_detections(12, 3)),
    "one class": make_detections(10, 4, n_classes=1),
    "eleven classes": make_detections(10, 5, n_classes=11),
    "far apart": make_detections(10, 14, side=3000),
    "one image": make_detections(1, 6, empty=0),
    "no boxes": make_detections(2, 7, empty=1.0),
}
problems = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)


@pytest.fixture
def with_in1d(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give cleanlab the function that NumPy 2.4 removed."""
    monkeypatch.setattr(np, "in1d", np.isin, raising=False)


@pytest.fixture(autouse=True)
def no_figures() -> Iterator[None]:
    plt.switch_backend("Agg")
    yield
    plt.close("all")


def theirs(function: Any, *args: Any, **kwargs: Any) -> Any:
    """What cleanlab returns, without what it prints and warns of."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)


def assert_both(module: str, name: str, *args: Any, **kwargs: Any) -> None:
    ours = {"filter": filter, "rank": rank, "summary": summary}[module]
    other = {"filter": their_filter, "rank": their_rank, "summary": their_summary}[module]
    quiet = {"verbose": False} if name == "get_label_quality_scores" else {}
    expected = theirs(getattr(other, name), *args, **kwargs, **quiet)
    assert_same(getattr(ours, name)(*args, **kwargs, **quiet), expected)


@problems
@pytest.mark.parametrize("kind", ["overlooked", "badloc", "swap"])
def test_box_scores(problem: Problem, kind: str) -> None:
    labels, predictions = problem
    name = f"compute_{kind}_box_scores"
    threshold = "low_probability_threshold" if kind == "badloc" else "high_probability_threshold"
    options: list[dict[str, Any]] = [{}, {"alpha": 0.2}, {threshold: 0.3, "alpha": 1.0}]
    if kind == "swap":
        options.append({"overlapping_label_check": False})
    for chosen in options:
        assert_both("rank", name, labels=labels, predictions=predictions, **chosen)


@problems
def test_quality_scores(problem: Problem) -> None:
    weights = {"overlooked": 0.5, "swap": 0.25, "badloc": 0.25}
    for options in ({}, {"overlapping_label_check": False}, {"aggregation_weights": weights}):
        assert_both("rank", "get_label_quality_scores", *problem, **options)


def test_quality_scores_leave_out_negative_probabilities() -> None:
    labels, predictions = make_detections(10, 8)
    for of_image in predictions:
        for of_class in of_image:
            of_class[::3, 4] -= 1.0
    assert_both("rank", "get_label_quality_scores", labels, predictions)
    assert_both("filter", "find_label_issues", labels, predictions)


@problems
def test_issues(problem: Problem) -> None:
    assert_both("filter", "find_label_issues", *problem)


@pytest.mark.parametrize("check", [True, False])
def test_ranked_issues(check: bool) -> None:
    options = {"return_indices_ranked_by_score": True, "overlapping_label_check": check}
    for name in ("usual", "labelled twice", "no boxes"):
        assert_both("filter", "find_label_issues", *PROBLEMS[name], **options)


def test_issues_from_scores() -> None:
    scores = np.random.default_rng(0).random(200)
    scores[::17] = np.nan
    for threshold in (0.1, 0.33, 1.0, -1.0):
        assert_both("rank", "issues_from_scores", scores, threshold=threshold)


def test_pooled_scores() -> None:
    rng = np.random.default_rng(1)
    scores = [rng.random(n) for n in (3, 0, 1, 7)] + [np.array([np.nan, 0.3]), np.array([np.nan])]
    for temperature in (None, 0.0, 1e-3, 0.5, 10.0, -1.0):
        assert_both("rank", "pool_box_scores_per_image", scores, temperature=temperature)


@problems
def test_summaries(problem: Problem) -> None:
    names = {str(k): f"class {k}" for k in range(12)}
    assert_both("summary", "object_counts_per_image", *problem)
    assert_both("summary", "get_sorted_bbox_count_idxs", *problem)
    for class_names in (None, names, {"0": "a", "1": "b"}):
        for sort in (False, True):
            assert_both(
                "summary",
                "bounding_box_size_distribution",
                *problem,
                class_names=class_names,
                sort=sort,
            )
    for class_names in (None, names, dict.fromkeys(names, "any")):
        assert_both("summary", "class_label_distribution", *problem, class_names=class_names)


def test_areas_of_whole_boxes_are_whole() -> None:
    labels, predictions = on_a_grid(make_detections(5, 9))
    whole = [{**label, "bboxes": label["bboxes"].astype(int)} for label in labels]
    assert_both("summary", "bounding_box_size_distribution", whole, predictions)


def test_shares_are_rounded_alike() -> None:
    """Shares of x.xx5 exactly, which are rounded down."""
    counts = [1, 7, 25, 167]
    classes = np.repeat(np.arange(4), counts)
    labels = [{"bboxes": np.tile([0.0, 0.0, 1.0, 1.0], (200, 1)), "labels": classes}]
    assert_both("summary", "class_label_distribution", labels, [objects([np.empty((0, 5))])])


@problems
def test_confusion_matrices(problem: Problem) -> None:
    assert_both("summary", "get_average_per_class_confusion_matrix", *problem)


@pytest.mark.parametrize("name", ["usual", "no boxes", "eleven classes"])
def test_metrics(name: str) -> None:
    """With more names than classes, by numbers as text."""
    names = {str(k): f"class {k}" for k in range(len(PROBLEMS[name][1][0]) + 1)}
    assert_both("summary", "calculate_per_class_metrics", *PROBLEMS[name], class_names=names)


def test_metrics_of_classes_with_one_name_and_of_labels_without_predictions() -> None:
    labels, predictions = make_detections(10, 13)
    labels[0]["labels"] = labels[0]["labels"] + 2
    names = {2: "b", 0: "a", 1: "b", 3: "c"}
    for function in ("get_average_per_class_confusion_matrix", "calculate_per_class_metrics"):
        assert_both("summary", function, labels, predictions, 1, names)


def auxiliary(problem: Problem, *without: str, halved: bool = False) -> list[dict[str, Any]]:
    """The arrays of labels and predictions, with or without what is computed from them."""
    images = []
    for label, prediction in zip(*problem, strict=True):
        rows = np.concatenate(list(prediction))
        image = {
            "lab_labels": label["labels"],
            "lab_bboxes": label["bboxes"],
            "pred_labels": np.repeat(np.arange(len(prediction)), [len(a) for a in prediction]),
            "pred_label_probs": rows[:, 4],
            "pred_bboxes": rows[:, :4],
            "min_possible_similarity": 1e-4,
        }
        if halved:
            shape = len(label["labels"]), len(rows)
            rng = np.random.default_rng(shape)
            image["similarity_matrix"] = rng.random(shape)
            image["iou_matrix"] = rng.random(shape).round() * rng.random(shape)
        images.append({key: x for key, x in image.items() if key not in without})
    return images


@pytest.mark.parametrize("kind", ["overlooked", "badloc", "swap"])
@pytest.mark.parametrize(
    "missing",
    [
        (),
        ("min_possible_similarity",),
        ("iou_matrix",),
        ("similarity_matrix",),
        ("iou_matrix", "similarity_matrix", "min_possible_similarity"),
    ],
)
def test_auxiliary_inputs(kind: str, missing: tuple[str, ...]) -> None:
    for problem in (PROBLEMS["usual"], PROBLEMS["labelled twice"]):
        images = auxiliary(problem, *missing, halved=True)
        function = f"compute_{kind}_box_scores"
        assert_both("rank", function, auxiliary_inputs=images, alpha=0.6)


@pytest.mark.parametrize(
    "function",
    ["object_counts_per_image", "bounding_box_size_distribution", "class_label_distribution"],
)
def test_summaries_of_auxiliary_inputs(function: str) -> None:
    assert_both("summary", function, auxiliary_inputs=auxiliary(PROBLEMS["usual"]))


def pictures(module: Any, name: str, *args: Any, **kwargs: Any) -> list[Any]:
    """The pixels of the figures that a function leaves open."""
    plt.close("all")
    theirs(getattr(module, name), *args, **kwargs)
    pixels = []
    for number in plt.get_fignums():
        figure = plt.figure(number)
        figure.canvas.draw()
        pixels.append(np.asarray(figure.canvas.buffer_rgba()).copy())
    return pixels


def assert_same_pictures(name: str, *args: Any, **kwargs: Any) -> None:
    ours, expected = (pictures(m, name, *args, **kwargs) for m in (summary, their_summary))
    assert expected
    assert len(ours) == len(expected)
    for a, b in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(a, b)


NAMES = {str(k): f"class {k}" for k in range(4)}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"overlay": False},
        {"class_names": NAMES, "prediction_threshold": 0.7},
        {"figsize": (4, 3), "label": None},
        {"prediction": None, "overlay": False, "class_names": NAMES},
        {"label": None, "prediction": None},
    ],
)
def test_visualize(options: dict[str, Any]) -> None:
    labels, predictions = make_detections(1, 10, empty=0)
    image = np.random.default_rng(2).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    both: dict[str, Any] = {"label": labels[0], "prediction": predictions[0]}
    assert_same_pictures("visualize", image, **{**both, **options})


def test_saved_picture(tmp_path: Any) -> None:
    labels, _ = make_detections(1, 11, empty=0)
    source, *copies = (tmp_path / name for name in ("image.png", "ours.png", "theirs.png"))
    plt.imsave(source, np.random.default_rng(3).random((40, 50, 3)))
    for module, copy in zip((summary, their_summary), copies, strict=True):
        module.visualize(str(source), label=labels[0], save_path=str(copy))
    ours, expected = (plt.imread(copy) for copy in copies)
    np.testing.assert_array_equal(ours, expected)


def test_plots() -> None:
    problem = make_detections(20, 12)
    assert_same_pictures("plot_class_distribution", *problem, class_names=NAMES)
    assert_same_pictures("plot_class_size_distributions", *problem, class_to_show=2)
