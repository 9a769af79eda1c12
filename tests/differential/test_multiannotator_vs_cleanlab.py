"""Labels by several annotators: every public function gives what cleanlab gives.

cleanlab sorts annotators and breaks ties of votes by rules that leave nothing to the platform, so
that frames are compared as they are; its last resort is NumPy's global generator, seeded here.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

theirs = pytest.importorskip("cleanlab.multiannotator")

from bench.dropin.same import assert_same

from cupel import multiannotator as ours
from multiannotator_data import make_annotated, make_unlabeled, real_annotated

SEEDS = range(12)
SIZES = ((3, 2, 2), (12, 3, 3), (40, 6, 4), (25, 9, 2), (60, 4, 7))
CAUTION = re.compile(r"^Classes .*consensus.*: (\[.*\])$", re.MULTILINE)


def both(name: str, capsys: pytest.CaptureFixture[str], *args: Any, **kwargs: Any) -> None:
    """Same results, same warnings, the same classes reported as lost; no argument is changed."""
    results, categories, lost = [], [], []
    for module in (ours, theirs):
        copies = [a.copy() if hasattr(a, "copy") else a for a in args]
        np.random.seed(7)  # noqa: NPY002 - the generator both draw from
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results.append(getattr(module, name)(*copies, **kwargs))
        categories.append(sorted(w.category.__name__ for w in caught))
        lost.append(sorted(re.findall(r"\d+", " ".join(CAUTION.findall(capsys.readouterr().out)))))
        if module is ours:
            assert_same(copies, list(args))
    assert_same(results[0], results[1])
    assert lost[0] == lost[1]
    if "RuntimeWarning" not in categories[1]:
        assert categories[0] == categories[1]


def problem(seed: int, *, models: int = 1, density: float | None = None) -> tuple[Any, Any]:
    rows, annotators, classes = SIZES[seed % len(SIZES)]
    labels, probs = make_annotated(
        seed,
        rows=rows,
        annotators=annotators,
        classes=classes,
        density=(0.0, 0.3, 0.6, 1.0)[seed // 2 % 4] if density is None else density,
        accuracy=(0.9, 0.5, 0.7)[seed % 3],
        models=models,
        ties=seed % 2 == 1,
    )
    if seed % 4 == 0:
        labels = pd.DataFrame(
            labels,
            index=pd.Index([f"x{i}" for i in range(rows)], name="example"),
            columns=pd.Index([f"a{j}" for j in range(annotators)], name="who"),
        )
    return labels, probs if models > 1 else probs[0]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("calibrate", [False, True])
@pytest.mark.parametrize(
    "methods", ["best_quality", "majority_vote", ["majority_vote", "best_quality"]]
)
def test_quality(seed, calibrate, methods, capsys):
    both(
        "get_label_quality_multiannotator",
        capsys,
        *problem(seed),
        consensus_method=methods,
        calibrate_probs=calibrate,
        return_weights=True,
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("methods", ["best_quality", ["best_quality", "majority_vote"]])
def test_quality_by_agreement(seed, methods, capsys):
    both(
        "get_label_quality_multiannotator",
        capsys,
        *problem(seed),
        consensus_method=methods,
        quality_method="agreement",
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("quality_method", ["crowdlab", "agreement"])
@pytest.mark.parametrize(
    "kwargs",
    [
        {"method": "normalized_margin"},
        {"method": "confidence_weighted_entropy"},
        {"adjust_pred_probs": True},
        {"method": "normalized_margin", "adjust_pred_probs": True},
    ],
)
def test_quality_by_other_scores(seed, quality_method, kwargs, capsys):
    both(
        "get_label_quality_multiannotator",
        capsys,
        *problem(seed),
        quality_method=quality_method,
        label_quality_score_kwargs=kwargs,
    )


@pytest.mark.parametrize("detailed", [False, True])
@pytest.mark.parametrize("stats", [False, True])
def test_quality_returns_what_is_asked_for(detailed, stats, capsys):
    for name, models in (("", 1), ("_ensemble", 2)):
        both(
            f"get_label_quality_multiannotator{name}",
            capsys,
            *problem(3, models=models),
            return_detailed_quality=detailed,
            return_annotator_stats=stats,
            verbose=False,
        )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("calibrate", [False, True])
def test_quality_ensemble(seed, calibrate, capsys):
    both(
        "get_label_quality_multiannotator_ensemble",
        capsys,
        *problem(seed, models=2 + seed % 2),
        calibrate_probs=calibrate,
        return_weights=True,
    )


def unlabeled_of(probs: Any, seed: int) -> Any:
    stack = np.reshape(probs, (-1, *probs.shape[-2:]))
    made = make_unlabeled(seed, rows=30, classes=stack.shape[2], models=len(stack))
    return made.reshape(*probs.shape[:-2], *made.shape[1:])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("models", [1, 2, 3])
@pytest.mark.parametrize("given", ["both", "labeled", "unlabeled"])
def test_active_learning(seed, models, given, capsys):
    labels, probs = problem(seed, models=models)
    unlabeled = unlabeled_of(probs, seed)
    args = {
        "both": (labels, probs, unlabeled),
        "labeled": (labels, probs),
        "unlabeled": (None, None, unlabeled),
    }[given]
    both(f"get_active_learning_scores{'_ensemble' if models > 1 else ''}", capsys, *args)


@pytest.mark.parametrize("models", [1, 2])
def test_active_learning_with_one_label_each(models, capsys):
    for seed in range(5):
        labels, probs = problem(seed + 1, models=models)
        labels = np.asarray(labels).copy()
        first = np.argmin(np.isnan(labels), axis=1)
        kept = np.arange(labels.shape[1]) == first[:, None]
        labels[~kept] = np.nan
        labels = labels[:, ~np.isnan(labels).all(axis=0)]
        name = f"get_active_learning_scores{'_ensemble' if models > 1 else ''}"
        both(name, capsys, labels, probs, unlabeled_of(probs, seed))


@pytest.mark.parametrize("seed", range(60))
def test_majority_vote(seed, capsys):
    labels, probs = problem(seed)
    both("get_majority_vote_label", capsys, labels)
    both("get_majority_vote_label", capsys, labels, probs)
    both("get_majority_vote_label", capsys, labels, verbose=False)


REAL: list[Callable[[], tuple[Any, Any]]] = [
    lambda: real_annotated("mnist_test_set", rows=1500, annotators=6, models=2),
    lambda: real_annotated("cifar10_train_noise4_sparsity2", rows=1500, annotators=9, models=2),
]


@pytest.mark.parametrize("make", REAL, ids=["mnist", "cifar10"])
def test_real_models(make, capsys):
    labels, probs = make()
    both("get_label_quality_multiannotator", capsys, labels, probs[0], return_weights=True)
    both("get_label_quality_multiannotator_ensemble", capsys, labels, probs, return_weights=True)
    both("get_majority_vote_label", capsys, labels, probs[0])
    both("get_active_learning_scores", capsys, labels[:500], probs[0, :500], probs[0, 500:])


def as_nullable(labels: Any) -> Any:
    return pd.DataFrame(labels).convert_dtypes()


def as_objects(labels: Any) -> Any:
    return pd.DataFrame(labels).astype(object)


@pytest.mark.parametrize("convert", [as_nullable, as_objects, np.asfortranarray])
def test_kinds_of_labels(convert, capsys):
    labels, probs = make_annotated(5)
    both("get_label_quality_multiannotator", capsys, convert(labels), probs[0])


def test_integer_labels_and_float32(capsys):
    labels, probs = make_annotated(5, density=1.0)
    both("get_label_quality_multiannotator", capsys, labels.astype(int), probs[0])
    both("get_label_quality_multiannotator", capsys, labels, probs[0].astype(np.float32))


def test_names_of_rows_and_columns(capsys):
    labels, probs = make_annotated(6, annotators=4)
    frame = pd.DataFrame(labels, columns=["x", 3, ("a", 1), "y"], index=[5, 5, *range(38)])
    both("get_label_quality_multiannotator", capsys, frame, probs[0])


def long_frame(seed: int, **columns: Any) -> pd.DataFrame:
    labels, _ = make_annotated(seed)
    rows, annotators = np.nonzero(~np.isnan(labels))
    order = np.random.default_rng(seed).permutation(len(rows))
    data = {
        "task": rows[order] * 3 - 7,
        "annotator": np.array([f"w{j}" for j in range(6)])[annotators[order]],
        "label": labels[rows, annotators].astype(int)[order],
    }
    return pd.DataFrame({**data, "other": 1}).assign(**columns)


LONG: dict[str, Callable[[pd.DataFrame], Any]] = {
    "texts": lambda f: f,
    "numbers": lambda f: f.assign(annotator=f.annotator.str[1:].astype(int)),
    "objects": lambda f: f.assign(annotator=f.annotator.astype(object)),
    "far apart": lambda f: f.assign(task=f.task * 10**12),
    "unsigned": lambda f: f.assign(task=(f.task + 7).astype(np.uint32)),
    "small": lambda f: f.assign(task=f.task.astype(np.int16), label=f.label.astype(np.int8)),
    "text tasks": lambda f: f.assign(task=f.task.astype(str)),
    "missing labels": lambda f: f.assign(label=f.label.where(f.label != 1)),
    "float32": lambda f: f.assign(label=f.label.astype(np.float32)),
    "missing tasks": lambda f: f.assign(task=f.task.where(f.index != 3)),
    "missing annotators": lambda f: f.assign(annotator=f.annotator.where(f.index != 3)),
    "categories": lambda f: f.assign(annotator=f.annotator.astype("category")),
    "nullable": lambda f: f.convert_dtypes(),
    "bools": lambda f: f.assign(label=f.label == 1),
    "no empty cell": lambda f: f[f.task == -7],
    "text labels": lambda f: f.assign(label=f.label.astype(str)),
    "none": lambda f: f[:0],
}


@pytest.mark.parametrize("kind", LONG)
def test_long_to_wide(kind):
    frame = LONG[kind](long_frame(2))
    wide = [m.convert_long_to_wide_dataset(frame.copy()) for m in (ours, theirs)]
    pd.testing.assert_frame_equal(wide[0], wide[1])


def test_long_to_wide_refuses_two_labels():
    frame = long_frame(1)
    for module in (ours, theirs):
        with pytest.raises(ValueError, match="duplicate"):
            module.convert_long_to_wide_dataset(pd.concat([frame, frame]))
        with pytest.raises(KeyError):
            module.convert_long_to_wide_dataset(frame.drop(columns="label"))
