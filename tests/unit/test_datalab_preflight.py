"""Preflight: faults are found and named, what is in order is left alone, nothing raises."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cupel.datalab._context import Context
from cupel.datalab._dataset import Dataset
from cupel.datalab._labels import Labels
from cupel.datalab.checks.preflight import CHECK, PreflightWarning, preflight
from cupel.neighbors import knn_graph
from preflight_data import honest, numbers, sets

Found = tuple[PreflightWarning, ...]


def names(found: Found) -> list[str]:
    return [warning.name for warning in found]


def only(found: Found, name: str) -> PreflightWarning:
    assert names(found) == [name]
    return found[0]


def rolled(lag: int, n: int = 600) -> Any:
    return np.roll(np.arange(n), -lag)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("k", [2, 4, 30])
def test_nothing_is_found_where_all_is_in_order(k: int, dtype: str) -> None:
    labels, probs, features = honest(n=900, k=k, dtype=dtype)
    assert names(preflight(labels, probs)) == []
    assert names(preflight(labels, probs, features=features)) == []
    order = np.argsort(labels, kind="stable")
    assert names(preflight(labels[order], probs[order], features=features[order])) == []


def test_false_alarms_are_rare() -> None:
    """300 honest inputs, weak and strong, noisy and clean, few and many rows."""
    alarms = [
        found
        for seed in range(300)
        if (found := preflight(*_weak(seed)))  # at most 0.1 % a test, four tests
    ]
    assert len(alarms) <= 4


def _weak(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    n, k = int(rng.choice([80, 150, 700])), int(rng.choice([2, 3, 8]))
    noise = rng.uniform(0, 0.4)
    return honest(seed, n, k, noise=noise, strength=rng.choice([0.01, 0.5, 2.0]))[:2]


def test_a_model_that_knows_nothing_and_says_so_is_left_alone() -> None:
    labels, _, _ = honest()
    rng = np.random.default_rng(1)
    probs = np.bincount(labels) / len(labels) + 0.003 * rng.normal(size=(600, 4))
    assert names(preflight(labels, probs / probs.sum(axis=1, keepdims=True))) == []


def test_predictions_that_lean_away_from_their_own_label_are_no_permutation() -> None:
    """The mean of all other labels, as leave-one-out gives a model without features."""
    labels = np.random.default_rng(0).integers(2, size=300)
    given = np.eye(2)[labels]
    assert names(preflight(labels, (given.sum(axis=0) - given) / 299)) == []


@pytest.mark.parametrize(
    "order", [[3, 2, 1, 0], [1, 2, 3, 0], [1, 0, 2, 3]], ids=["reversed", "rotated", "swapped"]
)
@pytest.mark.parametrize("noise", [0.0, 0.4])
def test_permuted_columns(order: list[int], noise: float) -> None:
    labels, probs, _ = honest(noise=noise)
    found = only(preflight(labels, probs[:, order]), "permuted_columns")
    repair = found.figures["permutation"]
    np.testing.assert_array_equal(probs[:, order][:, repair], probs)
    assert str(repair) in found.message


def test_names_of_classes_are_in_the_message() -> None:
    labels, probs, _ = honest(k=3)
    words = np.array(["cat", "dog", "owl"])
    found = only(preflight(words[labels], probs[:, ::-1]), "permuted_columns")
    assert found.severity == "error"
    assert "cat is in column 2" in found.message


def test_two_swapped_classes_of_many_may_be_the_labels_fault() -> None:
    labels, probs, _ = honest(k=8)
    order = [1, 0, *range(2, 8)]
    found = only(preflight(labels, probs[:, order]), "permuted_columns")
    assert found.severity == "warning"
    assert "labels of these classes" in found.message


def test_labels_numbered_anew() -> None:
    labels, probs, _ = honest()
    kept = labels > 0
    found = preflight(labels[kept] - 1, probs[kept])
    assert names(found) == ["columns_without_label", "permuted_columns"]
    assert found[1].figures["permutation"][:3] == [1, 2, 3]


@pytest.mark.parametrize("lag", [1, -1, 7, -250])
@pytest.mark.parametrize(("noise", "k"), [(0.0, 2), (0.4, 4), (0.4, 30)])
def test_shifted_rows(lag: int, noise: float, k: int) -> None:
    labels, probs, _ = honest(k=k, noise=noise)
    found = only(preflight(labels, probs[rolled(lag)]), "shifted_rows")
    assert found.figures["lag"] == -lag or found.figures["lag"] == lag
    right = np.roll(probs[rolled(lag)], found.figures["lag"], axis=0)
    np.testing.assert_array_equal(right, probs)


def test_shifted_from_the_middle_on() -> None:
    labels, probs, _ = honest(n=3000)
    moved = np.r_[probs[:1500], probs[1501:], probs[1500:1501]]
    found = only(preflight(labels, moved), "shifted_rows")
    assert found.figures["lag"] == 1
    assert 1100 <= found.figures["from_row"] <= 1600
    assert "from about row" in found.message


def test_lost_prediction() -> None:
    labels, probs, _ = honest()
    found = preflight(labels, probs[1:])
    assert names(found) == ["wrong_length", "shifted_rows"]
    assert "599" in found[0].message


def test_classes_in_turn_and_shifted_are_not_called_permuted() -> None:
    labels = np.arange(800) % 4
    _, probs, _ = honest(n=800, noise=0.0)
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(800, 4)) + 3 * np.eye(4)[labels]
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert names(preflight(labels, np.roll(probs, 1, axis=0))) == ["permuted_columns"]
    labels[400:] = rng.integers(4, size=400)
    scores = rng.normal(size=(800, 4)) + 3 * np.eye(4)[labels]
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert names(preflight(labels, np.roll(probs, 1, axis=0))) == ["shifted_rows"]


def test_shuffled_rows() -> None:
    labels, probs, features = honest()
    moved = np.random.default_rng(1).permutation(600)
    found = only(preflight(labels, probs[moved]), "shuffled_rows")
    assert abs(found.figures["z"]) < 4
    told = only(preflight(labels, probs[moved], features=features), "shuffled_rows")
    assert "it is the predictions" in told.message
    told = only(preflight(labels[moved], probs, features=np.c_[probs]), "shuffled_rows")
    assert "it is the labels" in told.message


def test_features_of_other_rows() -> None:
    labels, probs, features = honest()
    shifted = only(
        preflight(labels, probs, features=np.roll(features, 5, axis=0)), "shifted_features"
    )
    assert shifted.figures["lag"] == -5
    moved = np.random.default_rng(1).permutation(600)
    only(preflight(labels, probs, features=features[moved]), "shuffled_features")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda p: np.log(p) + 2.0, "logits"),
        (lambda p: np.log(p), "log_probabilities"),
        (lambda p: np.where(p < 0.01, -np.inf, np.log(p)), "log_probabilities"),
        (lambda p: 100 * p, "percentages"),
        (lambda p: np.rint(200 * p), "unnormalised_rows"),
        (lambda p: p * np.linspace(0.5, 1.5, len(p))[:, None], "unnormalised_rows"),
        (lambda p: np.tile(p[:1], (len(p), 1)), "constant_probabilities"),
    ],
)
def test_numbers_that_are_no_probabilities(change: Callable[[Any], Any], name: str) -> None:
    labels, probs, _ = honest()
    found = only(preflight(labels, change(probs)), name)
    assert len(found.rows) == 0, "a fault of all rows lists none"
    with_order = preflight(labels, change(probs)[:, [1, 2, 3, 0]])
    assert name == "constant_probabilities" or names(with_order) == [name, "permuted_columns"]


def test_single_rows_are_listed() -> None:
    labels, probs, _ = honest()
    bad = probs.copy()
    bad[[5, 9]] = np.nan
    bad[7] *= 0.5
    found = preflight(labels, bad)
    assert names(found) == ["not_finite", "unnormalised_rows"]
    assert found[0].rows.tolist() == [5, 9]
    assert "row 5" in found[0].message
    assert found[1].rows.tolist() == [7]
    assert found[1].figures["worst_row"] == 7
    bad = probs.copy()
    bad[3, :2] += [-0.5, 0.5]
    assert only(preflight(labels, bad), "out_of_range").rows.tolist() == [3]


def test_classes_and_columns_that_miss_each_other() -> None:
    labels, probs, _ = honest()
    found = preflight(labels, probs[:, :3] / probs[:, :3].sum(axis=1, keepdims=True))
    assert found[0].name == "labels_without_column"
    assert found[0].rows.tolist() == np.flatnonzero(labels == 3).tolist()
    more = np.c_[0.99 * probs, np.full(600, 0.01)]
    assert names(preflight(labels, more)) == ["columns_without_label"]
    labels[labels == 3] = 2
    labels[8] = 3
    single = preflight(labels, probs)[0]
    assert single.name == "single_example_classes"
    assert single.rows.tolist() == [8]


@pytest.mark.parametrize(
    "garbage",
    [
        "text",
        None.__class__,
        [[0.5, 0.5], [1.0]],
        np.zeros((600, 0)),
        np.zeros(600),
        np.zeros((600, 1)),
        np.zeros((0, 4)),
        np.zeros((600, 4)),
        np.full((600, 4), np.nan),
        np.full((600, 4), np.inf),
        np.full((600, 4), 1e308),
        np.full((600, 4), -1e308),
        np.array([["a"] * 4] * 600),
        np.zeros((600, 4), dtype=complex),
        np.zeros((600, 4), dtype="M8[s]"),
        np.zeros((3, 600, 4)),
        np.eye(4)[:2],
        [[{}] * 4] * 600,
    ],
    ids=lambda v: str(getattr(v, "shape", v))[:20],
)
@pytest.mark.parametrize("task", ["classification", "regression", "multilabel"])
def test_bad_predictions_are_told_of_never_raised(garbage: Any, task: str) -> None:
    labels: Any = honest()[0]
    if task == "multilabel":
        labels = [[label] for label in labels.tolist()]
    found = preflight(labels, garbage, task=task)
    assert found or np.asarray(garbage).shape == (600, 1)
    json.dumps([warning.as_dict() for warning in found], allow_nan=False)


@pytest.mark.parametrize(
    ("features", "name"),
    [
        (np.full((600, 3), 2.0), "identical_features"),
        (np.c_[np.arange(600.0), np.ones(600)], "constant_features"),
        (np.r_[np.full((1, 2), np.nan), np.ones((599, 2))], "features_not_finite"),
        (np.ones((5, 2)), "wrong_length"),
        (np.array([["a"]] * 600), "features_not_numeric"),
        ([[1.0], [1.0, 2.0]], "features_not_numeric"),
    ],
)
def test_bad_features(features: Any, name: str) -> None:
    assert names(preflight(honest()[0], features=features)) == [name]


def test_duplicates_in_other_folds() -> None:
    labels, probs, features = honest()
    features[10] = features[400] + 1e-9
    folds = np.repeat(["train", "test"], 300)
    graph = knn_graph(features)
    found = only(preflight(labels, probs, knn_graph=graph, folds=folds), "duplicates_across_folds")
    assert {10, 400} <= set(found.rows.tolist()), "and others that happen to be near"
    assert "'test'" in found.message
    assert not preflight(labels, probs, knn_graph=graph, folds=np.zeros(600))
    with pytest.raises(ValueError, match="folds must have"):
        preflight(labels, folds=folds[1:], knn_graph=graph)


def test_in_sample_probabilities() -> None:
    labels, _, features = honest(noise=0.3)
    probs = 0.05 + 0.8 * np.eye(4)[labels]
    alone = only(preflight(labels, probs), "in_sample")
    assert alone.severity == "suspicion"
    assert alone.figures["num_disagreements"] == 0
    with_graph = only(preflight(labels, probs, features=features), "in_sample")
    assert with_graph.figures["num_against"] > 100
    easy, _, features = honest(noise=0.0)
    probs = 0.05 + 0.8 * np.eye(4)[easy]
    assert not preflight(easy, probs, features=features), "neighbours find it as easy"
    labels, probs, _ = honest(noise=0.0, strength=3.0, n=2000)
    assert (probs.argmax(axis=1) != labels).sum() > 1
    assert not preflight(labels, probs), "nearly right is not in-sample"


def test_labels_that_neighbours_contradict_and_the_model_repeats() -> None:
    labels, _, features = honest(noise=0.1, n=2000)
    probs = 0.05 + 0.8 * np.eye(4)[labels]
    rows = np.random.default_rng(0).choice(2000, 8, False)
    probs[rows] = probs[rows][:, [1, 2, 3, 0]]
    found = only(preflight(labels, probs, features=features), "in_sample")
    assert "contradict" in found.message


def test_multilabel() -> None:
    labels, probs = sets()
    assert not preflight(labels, probs, task="multilabel")
    moved = preflight(labels, probs[:, ::-1], task="multilabel")
    assert only(moved, "permuted_columns").figures["permutation"] == [4, 3, 2, 1, 0]
    shifted = preflight(labels, np.roll(probs, 2, axis=0), task="multilabel")
    assert only(shifted, "shifted_rows").figures["lag"] == -2
    order = np.random.default_rng(0).permutation(len(probs))
    only(preflight(labels, probs[order], task="multilabel"), "shuffled_rows")
    only(preflight(labels, 100 * probs, task="multilabel"), "percentages")
    only(preflight(labels, np.log(probs / (1 - probs)), task="multilabel"), "logits")


def test_regression() -> None:
    labels, predicted, features = numbers()
    assert not preflight(labels, predicted, features=features, task="regression")

    def found(values: Any, **passed: Any) -> Found:
        return preflight(labels, values, task="regression", **passed)

    assert only(found(np.roll(predicted, 3)), "shifted_rows").figures["lag"] == -3
    order = np.random.default_rng(0).permutation(len(labels))
    only(found(predicted[order]), "shuffled_rows")
    only(found(predicted, features=features[order]), "shuffled_features")
    only(found(np.full(500, 3.0)), "constant_predictions")
    only(found(predicted - 1000), "wrong_scale")
    only(found(labels, features=features), "in_sample")
    assert names(found(predicted[1:])) == ["wrong_length", "shifted_rows"]
    holed = predicted.copy()
    holed[4] = np.inf
    assert only(found(holed), "not_finite").rows.tolist() == [4]


def _context(labels: Any, **inputs: Any) -> Context:
    dataset = Dataset.load({"label": labels}, label_name="label")
    given = Labels.load(dataset, "classification")
    return Context("classification", dataset, given, **inputs)


def test_check() -> None:
    labels, probs, features = honest()
    clean = CHECK.find(_context(labels, pred_probs=probs, features=features))
    assert not isinstance(clean, list)
    assert (clean.summary_score, clean.num_issues, clean.info) == (1.0, 0, {"warnings": []})
    bad = probs[:, [1, 0, 2, 3]].copy()
    bad[5] = np.nan
    before = bad.copy()
    found = CHECK.find(_context(labels, pred_probs=bad))
    assert not isinstance(found, list)
    np.testing.assert_array_equal(bad, before)
    assert found.summary_score == 0.0
    assert found.flagged_rows().tolist() == [5]
    assert found.scores[4:6].tolist() == [1.0, 0.0]
    assert [w["name"] for w in found.info["warnings"]] == ["not_finite", "permuted_columns"]
    assert json.loads(json.dumps(found.info)) == found.info
    assert "nan" in CHECK.explain(None, found, 5)  # type: ignore[arg-type]
    assert "Nothing" in CHECK.explain(None, found, 4)  # type: ignore[arg-type]


def test_suspicions_cost_half_the_score() -> None:
    labels, _, _ = honest(noise=0.3)
    found = CHECK.find(_context(labels, pred_probs=0.05 + 0.8 * np.eye(4)[labels]))
    assert not isinstance(found, list)
    assert found.summary_score == 0.5


def test_refused_arguments() -> None:
    with pytest.raises(ValueError, match="task must be"):
        preflight([0, 1], task="tokens")
    with pytest.raises(ValueError, match="labels must have"):
        preflight([])
    with pytest.raises(ValueError, match="list of classes"):
        preflight([], task="multilabel")
    with pytest.raises(ValueError, match="classes in"):
        preflight([[-1]], task="multilabel")
