"""Segmentation against cleanlab 2.9.0, one process each: by default it starts a pool per image."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cleanlab")

import cleanlab.segmentation.filter
import cleanlab.segmentation.rank
import cleanlab.segmentation.summary
from bench.dropin.same import assert_same

import cupel.segmentation
from cupel.reference import segmentation as reference
from segmentation_data import FLOATS, INTEGERS, make_images

OURS, THEIRS = cupel.segmentation, cleanlab.segmentation
pytestmark = pytest.mark.usefixtures("stable_sorts")  # ties, of which float16 has many

QUIET: dict[str, Any] = {"n_jobs": 1, "verbose": False}
SHAPES = ((1, 2, 1, 1), (1, 1, 4, 4), (1, 3, 8, 8), (5, 4, 16, 24), (3, 12, 20, 12), (40, 2, 4, 8))
FUNCTIONS = [
    "filter.find_label_issues",
    "rank.get_label_quality_scores",
    "rank.issues_from_scores",
    "summary.display_issues",
    "summary.common_label_issues",
    "summary.filter_by_class",
]


def pair(name: str, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    module, function = name.split(".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(  # type: ignore[return-value]
            getattr(getattr(package, module), function)(*args, **kwargs)
            for package in (OURS, THEIRS)
        )


def assert_agree(name: str, *args: Any, **kwargs: Any) -> Any:
    ours, theirs = pair(name, *args, **kwargs)
    assert_same(ours, theirs)
    return theirs


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signature(name: str) -> None:
    """cleanlab's parameters in order; more by keyword only; what **kwargs took, by name."""
    module, function = name.split(".")
    ours, theirs = (
        inspect.signature(getattr(getattr(package, module), function)).parameters
        for package in (OURS, THEIRS)
    )
    shared = [p for p in ours.values() if p.name in theirs]
    assert [(p.name, p.kind, p.default) for p in shared] == [
        (p.name, p.kind, p.default) for p in theirs.values()
    ]
    extra = [p for p in ours.values() if p.name not in theirs]
    assert all(p.kind is p.KEYWORD_ONLY for p in extra)
    assert {p.name for p in extra} <= {"downsample", "temperature", "one_more", "n_jobs"}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("batch_size", [None, 1, 3000])
def test_issues(shape: Any, dtype: str, batch_size: int | None) -> None:
    for seed in range(4):
        problem = make_images(*shape, seed, dtype)
        assert_agree("filter.find_label_issues", *problem, batch_size=batch_size, **QUIET)


@pytest.mark.parametrize("dtype", FLOATS)
def test_thresholds_to_the_last_bit(dtype: str) -> None:
    """A batch of a size that NumPy adds in several blocks and buffers; and means of few pixels."""
    from cleanlab.experimental.label_issues_batched import LabelInspector

    labels, probs = make_images(9, 3, 150, 180, 3, dtype)
    labels[4] = 1
    inspector = LabelInspector(num_class=3, verbose=False, n_jobs=1)
    for given, planes in zip(labels, probs, strict=True):
        rows = np.moveaxis(planes, 0, -1).reshape(-1, 3)
        inspector.update_confident_thresholds(given.ravel(), rows)
    expected = inspector.get_confident_thresholds(silent=True)
    assert expected.tolist() == reference.pixel_thresholds(labels, probs, 1).tolist()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("side", [2, 4, 8])
def test_downsample(side: int, dtype: str) -> None:
    for seed in range(4):
        for patch in (1, 4):
            problem = make_images(5, 4, 16, 24, seed, dtype, patch=patch)
            for batch_size in (None, 1):
                options = {**QUIET, "downsample": side, "batch_size": batch_size}
                assert_agree("filter.find_label_issues", *problem, **options)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_label_types(dtype: str) -> None:
    labels, probs = make_images(3, 4, 9, 7, 5)
    given = labels.astype(dtype)
    mask = assert_agree("filter.find_label_issues", given, probs, **QUIET)
    assert_agree("rank.get_label_quality_scores", given, probs, **QUIET)
    assert_agree("summary.common_label_issues", mask, given, probs, verbose=False)
    assert_agree("summary.filter_by_class", 1, mask, given, probs)


def test_other_label_types() -> None:
    labels, probs = make_images(3, 2, 9, 7, 5)
    assert_agree("filter.find_label_issues", labels.astype(float), probs, **QUIET)
    one_hot = (probs > 0.5).astype(int)
    assert_agree("filter.find_label_issues", labels, one_hot, **QUIET)


def test_classes_without_pixels_and_one_class() -> None:
    labels, probs = make_images(3, 5, 12, 8, 6)
    assert_agree("filter.find_label_issues", labels % 2, probs, **QUIET)
    assert_agree("filter.find_label_issues", labels * 0 + 3, probs, **QUIET)
    small = probs.copy()
    small[:, 4] = 0
    assert_agree("filter.find_label_issues", labels % 4, small / small.sum(1)[:, None], **QUIET)


def test_argmax_without_slack() -> None:
    """Pixels are cleared where the argmax is the label, not where it nearly is."""
    for gap in (0.0, 5e-7, 2e-6):
        probs = np.empty((1, 3, 8, 8))
        probs[0] = np.array([0.4 - gap, 0.4, 0.2 + gap]).reshape(3, 1, 1)
        probs[0, :, :4] = np.array([0.1, 0.3, 0.6]).reshape(3, 1, 1)
        labels = np.zeros((1, 8, 8), dtype=int)
        labels[0, :4] = 1
        assert_agree("filter.find_label_issues", labels, probs, **QUIET)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", SHAPES)
def test_scores(shape: Any, dtype: str) -> None:
    for seed in range(3):
        problem = make_images(*shape, seed, dtype)
        name = "rank.get_label_quality_scores"
        for temperature in (0.1, 1e-4, 1.0, np.inf, -1.0):
            assert_agree(name, *problem, temperature=temperature, **QUIET)
        assert_agree(name, *problem, batch_size=1, **QUIET)
        options = {**QUIET, "method": "num_pixel_issues"}
        _, scores = assert_agree(name, *problem, **options)
        assert pair(name, *problem, **options)[0][1].dtype == scores.dtype
        if shape[2] % 2 == shape[3] % 2 == 0:
            assert_agree(name, *problem, downsample=2, **QUIET)
            assert_agree(name, *problem, downsample=2, **options)


def test_issues_from_scores() -> None:
    rng = np.random.default_rng(0)
    scores, pixels = rng.permutation(20) / 20 + 0.02, rng.random((20, 4, 5))
    for threshold in (0, 0.02, 0.021, 0.1, 0.5, 0.97, 0.971, 1, 1.0):
        assert_agree("rank.issues_from_scores", scores, threshold=threshold)
        assert_agree("rank.issues_from_scores", scores, pixels, threshold=threshold)
        assert_agree("rank.issues_from_scores", scores.astype(np.float32), threshold=threshold)
    assert_agree("rank.issues_from_scores", scores)
    assert_agree("rank.issues_from_scores", scores[:0])


def test_common_label_issues(capsys: pytest.CaptureFixture[str]) -> None:
    for seed in range(6):
        labels, probs = make_images(2, 9, 12, 12, seed)
        mask = OURS.filter.find_label_issues(labels, probs)
        names = [f"class {k}" for k in range(9)]
        for options in (
            {},
            {"class_names": names},
            {"class_names": [*names, "more"]},
            {"top": 3},
            {"top": 0},
            {"top": -2},
            {"top": 1000},
            {"exclude": [0, 4]},
            {"exclude": []},
            {"exclude": list(range(9))},
        ):
            options = {**options, "verbose": False}
            assert_agree("summary.common_label_issues", mask, labels, probs, **options)
        assert_agree("summary.common_label_issues", mask | True, labels, probs, verbose=False)
        assert_agree("summary.common_label_issues", mask & False, labels, probs, verbose=False)
        capsys.readouterr()
        pair("summary.common_label_issues", mask, labels, probs, class_names=names)
        ours, theirs = np.array_split(capsys.readouterr().out.strip().split("\n"), 2)
        assert [fields(line) for line in ours] == [fields(line) for line in theirs]


def fields(line: str) -> list[str]:
    """The classes and the number in a line of the list."""
    _, given, _, predicted, rest = line.split("'")
    return [given, predicted, *(word for word in rest.split() if word.isdigit())]


def test_filter_by_class() -> None:
    labels, probs = make_images(4, 5, 12, 8, 7)
    mask = OURS.filter.find_label_issues(labels, probs)
    for k in (*range(5), 5, -1):
        assert_agree("summary.filter_by_class", k, mask, labels, probs)
        assert_agree("summary.filter_by_class", k, mask | True, labels, probs)


def test_memory_map(tmp_path: Any) -> None:
    labels, probs = make_images(4, 5, 12, 8, 8, "float32")
    np.save(tmp_path / "labels.npy", labels)
    np.save(tmp_path / "probs.npy", probs)
    mapped = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("labels", "probs")]
    mask = assert_agree("filter.find_label_issues", *mapped, **QUIET)
    assert_agree("rank.get_label_quality_scores", *mapped, **QUIET)
    assert_agree("summary.common_label_issues", mask, *mapped, verbose=False)
    assert_agree("summary.filter_by_class", 0, mask, *mapped)


# ---- figures -----------------------------------------------------------------------------------


def figures(package: Any, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[Any]:
    """What each figure shows: the legend's texts, or its size, its panels, the number and mask."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    shown: list[Any] = []

    def show(**kwargs: Any) -> None:
        figure = plt.gcf()
        texts = [t.get_text() for legend in figure.legends for t in legend.get_texts()]
        panels = [axes for axes in figure.axes if axes.images]
        number, flags = None, None
        if panels:
            number = panels[-1].get_title().partition(":")[0]
            picture = np.asarray(panels[-1].images[0].get_array())
            flags = (picture[..., 0] if picture.ndim == 3 else picture).astype(bool).tolist()
        shown.append((kwargs, texts, len(panels), number, flags, list(figure.get_size_inches())))
        plt.close(figure)

    monkeypatch.setattr(plt, "show", show)
    package.summary.display_issues(**options)
    return shown


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"top": 2},
        {"top": 0},
        {"top": -1},
        {"use": ("labels",)},
        {"use": ("pred_probs",), "class_names": ["a", "b", "c", "d"]},
        {"use": ("labels", "pred_probs"), "class_names": ["a", "b", "c", "d"], "top": 3},
        {"use": ("labels", "pred_probs"), "class_names": ["a", "b"], "top": 1},
        {"class_names": ["a"], "block": False},
        {"use": ("labels",), "exclude": [0, 2]},
        {"use": ("labels", "pred_probs"), "exclude": []},
    ],
)
def test_display_issues(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    labels, probs = make_images(5, 4, 9, 12, 9)
    mask = OURS.filter.find_label_issues(labels, probs)
    mask[1] = False
    mask[2, :3] = False
    mask[3, :1] = False
    use = options.get("use", ())
    given = {k: v for k, v in {"labels": labels, "pred_probs": probs}.items() if k in use}
    rest = {k: v for k, v in options.items() if k != "use"}
    ours = figures(OURS, monkeypatch, issues=mask, **given, **rest)
    theirs = figures(THEIRS, monkeypatch, issues=mask, **given, **rest)
    assert ours == theirs
