"""The checks of labels, missing values and rare classes beside those of cleanlab's Datalab."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from checks_data import (
    assert_same_finding,
    assert_same_info,
    cleanlab_audit,
    context_of,
    found_by,
)
from datalab_data import random_inputs
from strategies import real_data

pytest.importorskip("datasets", reason="cleanlab's Datalab needs datasets")
pytestmark = [
    pytest.mark.usefixtures("stable_sorts"),
    pytest.mark.filterwarnings("ignore:no label issue is looked for"),
]
RNG = np.random.default_rng


def assert_same_check(
    check: str,
    labels: Any,
    parameters: dict[str, Any] | None = None,
    task: str = "classification",
    **inputs: Any,
) -> None:
    parameters = parameters or {}
    lab = cleanlab_audit(labels, {check: dict(parameters)}, task, **inputs)
    finding = found_by(check, context_of(labels, task=task, **inputs), **parameters)
    assert_same_finding(finding, lab)
    expected = {k: v for k, v in lab.info[check].items() if k != "class_names"}
    assert_same_info(finding.info, expected)


# ---- labels of one class -------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("names", [("pred_probs",), ("features",), ("pred_probs", "features")])
def test_label(seed, names):
    found = random_inputs(seed, n=150 + 40 * seed, k=2 + seed % 5, d=2 + 3 * (seed % 4))
    features = found.features + RNG(seed).normal(0, 1e-3, found.features.shape)  # no equal rows
    inputs = {"pred_probs": found.pred_probs, "features": features}
    assert_same_check("label", found.labels, **{name: inputs[name] for name in names})


@pytest.mark.parametrize("k", [1, 3, 10, 25])
def test_label_by_neighbors_of_integer_classes(k):
    """Shares of few neighbours tie with thresholds and with each other."""
    rng = RNG(k)
    labels = rng.integers(0, 3, 200)
    features = rng.normal(size=(200, 30)) + 0.7 * labels[:, np.newaxis]
    assert_same_check("label", labels, {"k": k}, features=features)


def test_label_of_float32_and_rows_that_do_not_sum_to_one():
    found = random_inputs(1, k=4)
    assert_same_check("label", found.labels, pred_probs=found.pred_probs.astype(np.float32))
    probs = found.pred_probs.copy()
    probs[3] = [0.5, 0.6, 0.5, 0.1]
    assert_same_check("label", found.labels, pred_probs=probs)


def test_label_of_real_data():
    data = real_data("cifar10_train_noise4_sparsity2")
    rows = slice(0, None, 12)
    labels = data["given_labels"][rows].astype(np.int64)
    assert_same_check("label", labels, pred_probs=np.ascontiguousarray(data["pred_probs"][rows]))


NOISE = np.full((4, 4), 0.1) + 0.6 * np.eye(4)
JOINT = np.full((4, 4), 3) + 80 * np.eye(4, dtype=int)


@pytest.mark.parametrize(
    "parameters",
    [
        {"thresholds": [0.5, 0.4, 0.6, 0.3]},
        {"noise_matrix": NOISE},
        {"inverse_noise_matrix": NOISE},
        {"noise_matrix": NOISE, "inverse_noise_matrix": NOISE},
        {"save_space": True, "clf_kwargs": {"a": 1}, "validation_func": len},
        {"clean_learning_kwargs": {"low_memory": True}},
        {"clean_learning_kwargs": {"converge_latent_estimates": True, "seed": 1, "cv_n_folds": 2}},
        {"clean_learning_kwargs": {"label_quality_scores_kwargs": {"method": "normalized_margin"}}},
        *(
            {"clean_learning_kwargs": {"find_label_issues_kwargs": kwargs}}
            for kwargs in (
                {"filter_by": "confident_learning"},
                {"filter_by": "low_self_confidence"},
                {"filter_by": "both", "frac_noise": 0.5},
                {"min_examples_per_class": 100},
                {"confident_joint": JOINT},
            )
        ),
    ],
    ids=str,
)
def test_label_parameters(parameters):
    found = random_inputs(2, k=4)
    assert_same_check("label", found.labels, parameters, pred_probs=found.pred_probs)


@pytest.mark.parametrize("asymmetric", [False, True])
def test_label_health_summary(asymmetric):
    found = random_inputs(3, k=4)
    health = {"asymmetric": asymmetric, "class_names": ["w", "x", "y", "z"], "num_examples": 9}
    parameters = {"health_summary_parameters": health}
    assert_same_check("label", found.labels, parameters, pred_probs=found.pred_probs)


def test_label_of_named_classes_without_examples():
    from datasets import ClassLabel, Dataset, Features

    import cupel.datalab._dataset as ours
    from cupel.datalab._context import Context

    rng = RNG(0)
    labels = rng.choice([0, 2, 3], 200)
    probs = rng.dirichlet(np.ones(5), 200) + np.eye(5)[labels]
    probs /= probs.sum(axis=1, keepdims=True)
    names = ClassLabel(names=list("vwxyz"))
    data = Dataset.from_dict({"y": labels}, features=Features({"y": names}))
    dataset = ours.Dataset.load(data, label_name="y")
    context = Context("classification", dataset, ours.Labels.load(dataset, "classification"))
    context.pred_probs = probs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cleanlab import Datalab

        lab = Datalab(data, label_name="y", verbosity=0)
        lab.find_issues(pred_probs=probs, issue_types={"label": {}, "class_imbalance": {}})
    for check in ("label", "class_imbalance"):
        finding = found_by(check, context)
        assert_same_finding(finding, lab)
        expected = {k: v for k, v in lab.info[check].items() if k != "class_names"}
        assert_same_info(finding.info, expected)


# ---- numbers -------------------------------------------------------------------------------------


def numbers(seed: int, *, whole: bool = False) -> tuple[Any, Any, Any]:
    rng = RNG(seed)
    features = rng.normal(size=(120, 4))
    labels = 5 * features[:, 0] + rng.normal(0, 0.3, 120)
    labels[[4, 50]] += [20, -30]
    labels = np.rint(labels).astype(np.int64) if whole else labels
    return labels, features, 5 * features[:, 0]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    "parameters", [{}, {"threshold": 0.6}, {"method": "residual", "threshold": 0.3}], ids=str
)
def test_label_of_numbers_by_predictions(whole, parameters):
    labels, features, predictions = numbers(0, whole=whole)
    inputs = {"pred_probs": predictions, "features": features}
    assert_same_check("label", labels, parameters, "regression", **inputs)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    "parameters",
    [{}, {"coarse_search_range": [0.3], "fine_search_size": 0}, {"uncertainty": 1.0}],
    ids=str,
)
def test_label_of_numbers_by_features(whole, parameters):
    labels, features, _ = numbers(1, whole=whole)
    parameters = parameters | {"clean_learning_kwargs": {"seed": 0, "n_boot": 2}}
    assert_same_check("label", labels, parameters, "regression", features=features)


def test_label_of_numbers_by_a_model_although_there_are_predictions():
    from sklearn.tree import DecisionTreeRegressor

    labels, features, predictions = numbers(2)
    model = DecisionTreeRegressor(max_depth=3, random_state=0)
    parameters = {"clean_learning_kwargs": {"seed": 0, "n_boot": 2, "model": model}}
    inputs = {"pred_probs": predictions, "features": features}
    assert_same_check("label", labels, parameters, "regression", **inputs)


# ---- several classes -----------------------------------------------------------------------------


def sets(seed: int, k: int = 4) -> tuple[list[list[int]], Any]:
    rng = RNG(seed)
    given = rng.random((150, k)) < 0.4
    probs = np.clip(given * 0.6 + 0.2 + rng.normal(0, 0.15, given.shape), 0.01, 0.99)
    probs[:8] = 1 - probs[:8]
    probs[9, 1] = 0.5
    return [np.flatnonzero(row).tolist() for row in given], probs


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"filter_by": "confident_learning"},
        {"filter_by": "low_normalized_margin"},
        {"frac_noise": 0.5},
        {"num_to_remove_per_class": [1, 2, 3, 4]},
        {"min_examples_per_class": 50},
        {"confident_joint": np.full((4, 2, 2), 9)},
        {"method": "confidence_weighted_entropy", "n_jobs": 1},
        {"adjust_pred_probs": True},
        {"aggregator_kwargs": {"method": "softmin", "temperature": 0.2}},
        {"rank_by_kwargs": {"adjust_pred_probs": True}, "verbose": False},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:not all label issues are looked for")
def test_label_of_sets(parameters):
    labels, probs = sets(0)
    assert_same_check("label", labels, parameters, "multilabel", pred_probs=probs)


def test_label_of_sets_of_names_in_any_order():
    labels, probs = sets(1)
    named = [["wxyz"[code] for code in row][::-1] for row in labels]
    assert_same_check("label", named, task="multilabel", pred_probs=probs)


# ---- missing values ------------------------------------------------------------------------------


def lacking(seed: int, share: float) -> Any:
    features = RNG(seed).normal(size=(90, 5))
    features[RNG(seed).random((90, 5)) < share] = np.nan
    return features


LABELS = RNG(5).integers(0, 3, 90)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.7, 1.0])
@pytest.mark.parametrize("kind", ["float64", "float32", "object", "frame", "strided", "infinite"])
def test_null(share, kind):
    features = lacking(int(share * 100), share)
    if kind == "frame":
        features = pd.DataFrame(features).assign(
            text=[None if i % 4 == 0 else "" for i in range(90)],
            when=pd.Series(pd.Timestamp("2020")).repeat(90).to_numpy(),
            count=pd.array([pd.NA, *range(89)], dtype="Int64"),
        )
    elif kind == "strided":
        features = np.repeat(features, 2, axis=1)[::-1, ::2]
    elif kind == "infinite":
        features = np.where(features > 0.5, np.inf, features)
    else:
        features = features.astype(kind)
    assert_same_check("null", LABELS, features=features)


@pytest.mark.parametrize("task", ["regression", "multilabel"])
def test_null_of_other_tasks(task):
    labels = LABELS / 3 if task == "regression" else [[int(y)] for y in LABELS]
    assert_same_check("null", labels, task=task, features=lacking(1, 0.3))


def test_null_of_other_types():
    polars = pytest.importorskip("polars")
    values = np.arange(180).reshape(90, 2)
    for features in (values, values > 3, values.astype(str)):
        assert_same_check("null", LABELS, features=features)
    frame = polars.DataFrame({"a": [None, None, *range(88)], "b": [float("nan"), *range(89)]})
    assert_same_check("null", LABELS, features=frame)
    text = polars.DataFrame({"a": [None, "x"] * 45, "b": ["x"] * 90})
    assert_same_check("null", LABELS, features=text)


# ---- rare classes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "labels",
    [
        ["a"] * 60 + ["b"] * 58 + ["c"] * 2,
        ["a", "b"] * 2 + ["c"] * 116,
        [0] * 60 + [2] * 60,
        [True] * 118 + [False] * 2,
        ["a"] * 10,
    ],
    ids=["rare", "tie", "numbers", "bools", "one"],
)
def test_class_imbalance(labels):
    assert_same_check("class_imbalance", labels)


@pytest.mark.parametrize("threshold", [0.9, 0.01, 2])
def test_class_imbalance_threshold(threshold):
    labels = ["a"] * 60 + ["b"] * 58 + ["c"] * 2
    assert_same_check("class_imbalance", labels, {"threshold": threshold})
