"""Whole audits beside cleanlab's Datalab: flags, scores, summaries, tables and info of each call."""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cupel import Datalab
from cupel.neighbors import knn_graph
from datalab_data import AuditInputs, digits_with_errors, random_inputs
from strategies import real_data

pytest.importorskip("datasets", reason="cleanlab's Datalab needs datasets")
pytestmark = pytest.mark.usefixtures("stable_sorts")

OURS = {"preflight", "ambiguous", "duplicate_conflict"}
TOLERANCE = 1e-6


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence what cleanlab and its dependencies warn of and print."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def audits(data: Any, calls: list[dict[str, Any]], **options: Any) -> tuple[Datalab, Any]:
    """Both libraries' audits after the same calls."""
    with quiet():
        import cleanlab

        theirs = cleanlab.Datalab(data, label_name="y", verbosity=0, **options)
        for call in calls:
            theirs.find_issues(**copy.deepcopy(call))  # it changes issue_types
    ours = Datalab(data, label_name="y", verbosity=0, **options)
    for call in calls:
        ours.find_issues(**call)
    return ours, theirs


def assert_same_audit(ours: Datalab, theirs: Any) -> None:
    assert ours.errors == {}
    summary = ours.issue_summary
    shared = summary[~summary["issue_type"].isin(OURS)].reset_index(drop=True)
    expected = theirs.get_issue_summary().reset_index(drop=True)
    assert shared["issue_type"].tolist() == expected["issue_type"].tolist()
    assert shared["num_issues"].tolist() == expected["num_issues"].tolist()
    np.testing.assert_allclose(shared["score"], expected["score"], rtol=0, atol=TOLERANCE)
    for name in shared["issue_type"]:
        assert_same_table(ours.get_issues(name), theirs.get_issues(name))
    np.testing.assert_allclose(
        ours.get_info("statistics")["health_score"],
        theirs.get_info("statistics")["health_score"],
        atol=TOLERANCE,
    )


def assert_same_table(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    assert ours.columns.tolist() == theirs.columns.tolist()
    for column in ours.columns:
        a, b = ours[column].to_numpy(), theirs[column].to_numpy()
        if column == "near_duplicate_sets":
            assert [set(x) for x in a] == [set(x) for x in b]
        elif a.dtype.kind == "f":
            np.testing.assert_allclose(a, b, rtol=0, atol=TOLERANCE, err_msg=column)
        else:
            assert a.tolist() == b.tolist(), column


def inputs_of(found: AuditInputs, *names: str) -> dict[str, Any]:
    return {name: getattr(found, name) for name in names}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "names", [("pred_probs", "features"), ("features",), ("pred_probs",)], ids="+".join
)
def test_random(seed, names):
    k, d = (3, 6) if seed % 2 else (5, 2)
    found = random_inputs(seed, k=k, d=d)
    assert_same_audit(*audits({"y": found.labels}, [inputs_of(found, *names)]))


def test_given_graph():
    found = random_inputs(7)
    graph = knn_graph(found.features, 12).to_csr()
    call = {"pred_probs": found.pred_probs, "knn_graph": graph}
    assert_same_audit(*audits({"y": found.labels}, [call]))


def test_call_after_call():
    found = random_inputs(8)
    calls: list[dict[str, Any]] = [
        inputs_of(found, "pred_probs"),
        inputs_of(found, "features"),
        {"features": found.features, "issue_types": {"data_valuation": {}, "outlier": {}}},
        {"issue_types": {"near_duplicate": {"threshold": 0.4}, "class_imbalance": {}}},
    ]
    assert_same_audit(*audits({"y": found.labels}, calls))


def test_parameters():
    found = random_inputs(9)
    types = {
        "label": {"clean_learning_kwargs": {"find_label_issues_kwargs": {"filter_by": "both"}}},
        "outlier": {"k": 5, "threshold": 0.5},
        "near_duplicate": {"k": 5, "metric": "euclidean"},
        "non_iid": {"k": 5, "metric": "euclidean", "num_permutations": 40, "seed": 3},
        "class_imbalance": {"threshold": 0.9},
        "underperforming_group": {"threshold": 0.9},
        "data_valuation": {"k": 5},
    }
    call = {**inputs_of(found, "pred_probs", "features"), "issue_types": types}
    ours, theirs = audits({"y": found.labels}, [call])
    assert_same_audit(ours, theirs)


def test_metric_of_scikit_learn():
    found = random_inputs(10)
    types = {name: {"metric": "manhattan"} for name in ("outlier", "near_duplicate", "non_iid")}
    call = {**inputs_of(found, "features"), "issue_types": types}
    assert_same_audit(*audits({"y": found.labels}, [call]))


def test_groups_of_the_caller():
    found = random_inputs(12)
    groups = np.arange(len(found.labels)) % 4
    types = {"underperforming_group": {"cluster_ids": groups, "threshold": 1.0}}
    call = {**inputs_of(found, "pred_probs"), "issue_types": types}
    assert_same_audit(*audits({"y": found.labels}, [call]))


def test_digits():
    found = digits_with_errors()
    ours, theirs = audits({"y": found.labels}, [inputs_of(found, "pred_probs", "features")])
    assert_same_audit(ours, theirs)


@pytest.mark.parametrize("name", ["load_iris", "load_wine", "load_breast_cancer"])
def test_tables_of_scikit_learn(name):
    import sklearn.datasets
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features, labels = getattr(sklearn.datasets, name)(return_X_y=True)
    features = StandardScaler().fit_transform(features)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    pred_probs = cross_val_predict(model, features, labels, method="predict_proba")
    call = {"pred_probs": pred_probs, "features": features}
    assert_same_audit(*audits({"y": labels}, [call]))


@pytest.mark.parametrize("name", ["cifar10_train_noise2_sparsity0", "mnist_test_set"])
def test_real_probabilities(name):
    data = real_data(name)
    rows = slice(None, None, len(data["given_labels"]) // 3000)
    probs = data["pred_probs"][rows].astype(np.float64)
    call = {"pred_probs": probs / probs.sum(axis=1, keepdims=True)}
    # Probabilities of 1 are the same in many rows; with some noise there are no ties.
    noise = np.random.default_rng(0).normal(0, 0.01, probs.shape)
    call["features"] = np.log(call["pred_probs"] + 1e-4) + noise
    labels = data["given_labels"][rows].astype(np.int64)
    assert_same_audit(*audits({"y": labels}, [call]))


@pytest.mark.parametrize("names", [("features",), ("pred_probs",)], ids="+".join)
def test_regression(names):
    from sklearn.datasets import load_diabetes

    features, y = load_diabetes(return_X_y=True)
    rng = np.random.default_rng(0)
    inputs = {"features": features, "pred_probs": y + rng.normal(0, 30, len(y))}
    types = {"outlier": {}, "near_duplicate": {}, "non_iid": {}, "data_valuation": {}}
    if names == ("pred_probs",):
        types = {"label": {}}
    call = {name: inputs[name] for name in names} | {"issue_types": types}
    assert_same_audit(*audits({"y": y}, [call], task="regression"))


def test_multilabel():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 5))
    given = features[:, :3] + rng.normal(0, 0.5, (300, 3)) > 0
    pred_probs = 1 / (1 + np.exp(-2 * features[:, :3]))
    labels = [np.flatnonzero(row).tolist() for row in given]
    call = {"pred_probs": pred_probs, "features": features}
    assert_same_audit(*audits({"y": labels}, [call], task="multilabel"))


def test_without_labels():
    found = random_inputs(11)
    with quiet():
        import cleanlab

        theirs = cleanlab.Datalab({"x": list(range(400))}, verbosity=0)
        theirs.find_issues(features=found.features)
    ours = Datalab({"x": list(range(400))}, verbosity=0)
    ours.find_issues(features=found.features)
    assert_same_audit(ours, theirs)
    assert ours.class_names == theirs.class_names
