"""The checks that look at neighbours against those of cleanlab 2.9.0's Datalab."""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from typing import Any

import numpy as np
import pytest

from cupel.neighbors import knn_graph
from datalab_graph_data import CHECKS, Problem, context_of, find, random_problem

cleanlab = pytest.importorskip("cleanlab")
pytest.importorskip("datasets")
sklearn_cluster = pytest.importorskip("sklearn.cluster")
sklearn_datasets = pytest.importorskip("sklearn.datasets")
sklearn_neighbors = pytest.importorskip("sklearn.neighbors")

# Objects, and what is not theirs to say: the shared graph, and metrics they knew only at times.
NOT_FIGURES = {"statistics", "ood", "knn", "metric"}


def audited(labels: Any, task: str, issue_types: dict[str, Any], **inputs: Any) -> Any:
    """Run cleanlab's checks; what they print is thrown away."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lab = cleanlab.Datalab({"y": labels}, label_name="y", task=task, verbosity=0)
        lab.find_issues(issue_types=copy.deepcopy(issue_types), **inputs)
    return lab


def assert_same_figures(expected: Any, found: Any) -> None:
    if isinstance(expected, dict):
        for name, value in expected.items():
            if name not in NOT_FIGURES:
                assert_same_figures(value, found[name])
    elif expected is None or isinstance(expected, str):
        assert found == expected
    elif np.isscalar(expected) or np.isscalar(expected[0]):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    else:
        assert [row.tolist() for row in found] == [row.tolist() for row in expected]


def assert_same(lab: Any, name: str, found: Any) -> None:
    table, summary = lab.get_issues(name), lab.get_issue_summary(name)
    np.testing.assert_allclose(found.scores, table[f"{name}_score"], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(found.is_issue, table[f"is_{name}_issue"])
    np.testing.assert_allclose(found.summary_score, summary["score"].iloc[0], rtol=0, atol=1e-6)
    assert [*found.columns] == [*table.columns][2:]
    for column, values in found.columns.items():
        assert_same_figures(table[column].to_numpy(), values)
    assert_same_figures(lab.get_info(name), found.info)


def compare(problem: Problem, issue_types: dict[str, Any], **inputs: Any) -> int:
    """Compare what all these checks find; both may find that they cannot. Say how many could."""
    lab = audited(problem.labels, "classification", issue_types, **inputs)
    done = set(lab.get_issue_summary()["issue_type"]) if len(lab.issue_summary) else set()
    context = context_of(problem.labels, **inputs)
    for name, parameters in issue_types.items():
        if name in done:
            assert_same(lab, name, find(name, context, **parameters))
        else:
            with pytest.raises(ValueError, match="no group of at least"):
                find(name, context, **parameters)
    return len(done)


def unique_graph(problem: Problem, k: int) -> Any:
    """Return scikit-learn's graph of points that are nowhere equally far from two others."""
    noise = 1e-6 * np.random.default_rng(k).normal(size=problem.features.shape)
    search = sklearn_neighbors.NearestNeighbors(n_neighbors=k).fit(problem.features + noise)
    return search.kneighbors_graph(mode="distance")


ALL: dict[str, Any] = {name: {} for name in CHECKS}


@pytest.mark.parametrize("seed", range(100, 112))
def test_same_by_features(seed):
    problem = random_problem(seed)
    inputs = {"pred_probs": problem.pred_probs, "features": problem.features}
    assert compare(problem, ALL, **inputs) >= 4
    if problem.features.shape[1] > 3:
        compare(problem, {name: {"metric": "euclidean"} for name in ALL}, **inputs)


@pytest.mark.parametrize("seed", range(10))
def test_same_by_a_graph_with_other_parameters(seed):
    problem = random_problem(seed)
    rng = np.random.default_rng(seed)
    k = int(rng.integers(10, 15))
    inputs = {"pred_probs": problem.pred_probs, "knn_graph": unique_graph(problem, k)}
    groups = rng.choice([3, 17, 40, 200, 1000], len(problem.labels))
    assert compare(problem, ALL, **inputs) >= 4
    different: list[dict[str, Any]] = [
        {
            "outlier": {"t": 2.5, "threshold": 0.8, "scaling_factor": 0.7, "k": 4},
            "near_duplicate": {"threshold": 0.9, "k": 3},
            "non_iid": {"num_permutations": 4, "seed": 9, "significance_threshold": 0.6, "k": 3},
            "underperforming_group": {"threshold": 1.0, "min_cluster_samples": 2, "k": 3},
            "data_valuation": {"k": 7, "threshold": 0.501},
        },
        {
            "outlier": {"threshold": 0},
            "near_duplicate": {"threshold": 0},
            "underperforming_group": {"threshold": 1.0, "cluster_ids": groups},
            "non_iid": {"num_permutations": 60},
        },
    ]
    for issue_types in different:
        compare(problem, issue_types, **inputs)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_same_by_probabilities_alone(seed):
    problem = random_problem(seed)
    for parameters in ({}, {"threshold": 0.6}):
        assert compare(problem, {"outlier": parameters}, pred_probs=problem.pred_probs) == 1
    assert compare(problem, {"non_iid": {}}, pred_probs=problem.pred_probs) == 1


@pytest.mark.parametrize("name", ["digits", "iris", "wine"])
def test_same_on_real_data(name):
    features, labels = getattr(sklearn_datasets, f"load_{name}")(return_X_y=True)
    # Real measurements tie; which of two neighbours comes first is each library's own matter.
    features = features + 1e-5 * np.random.default_rng(0).normal(size=features.shape)
    vote = sklearn_neighbors.KNeighborsClassifier(15).fit(features[::2], labels[::2])
    problem = Problem(labels, vote.predict_proba(features), features)
    assert compare(problem, ALL, pred_probs=problem.pred_probs, features=features) >= 4


@pytest.mark.parametrize("task", ["regression", "multilabel"])
def test_same_for_other_tasks(task):
    problem = random_problem(4)
    numbers = np.round(problem.features[:, 0], 1)
    tags = [[0, 2], [1], []]
    labels = numbers if task == "regression" else [tags[label % 3] for label in problem.labels]
    names = [name for name in ALL if name != "underperforming_group"]
    if task == "multilabel":  # a crash in cleanlab
        names.remove("data_valuation")
    lab = audited(labels, task, {name: {} for name in names}, features=problem.features)
    for name in names:
        assert_same(lab, name, find(name, context_of(labels, task=task, features=problem.features)))


@pytest.mark.parametrize("seed", range(8))
def test_clusters_are_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(300, 2)) * rng.choice([0.3, 1.0], (300, 1))
    graph = knn_graph(features, int(rng.integers(6, 12)))
    labels, probs = np.arange(300) % 2, np.full((300, 2), 0.5)
    context = context_of(labels, pred_probs=probs, knn_graph=graph)
    for eps, samples in ((0.1, 3), (0.15, 5), (0.5, 4)):
        options = {"eps": eps, "min_samples": samples}
        model = sklearn_cluster.DBSCAN(**options, metric="precomputed").fit(graph.to_csr())
        for more in ({}, {"algorithm": "auto"}):
            found = find(
                "underperforming_group", context, clustering_kwargs={**options, **more}
            ).evidence["cluster_id"]
            np.testing.assert_array_equal(found, model.labels_)
