"""The checks that look at neighbours: options, edge cases, explanations, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from cupel import _core
from cupel.datalab.checks.non_iid import smoothed_p_value
from cupel.duplicates import find_near_duplicates
from cupel.neighbors import KnnGraph, knn_graph
from datalab_graph_data import CHECKS, context_of, find, random_problem, record_of

PROBLEM = random_problem(3)
N = len(PROBLEM.labels)
INPUTS = {"pred_probs": PROBLEM.pred_probs, "features": PROBLEM.features}
FOUND = {name: find(name, context_of(PROBLEM.labels, **INPUTS)) for name in CHECKS}


def context(**inputs):
    return context_of(PROBLEM.labels, **(INPUTS | inputs))


@pytest.mark.parametrize("name", CHECKS)
def test_findings_are_complete(name):
    found, check = FOUND[name], CHECKS[name]
    assert found.name == name
    assert found.is_issue.dtype == np.bool_
    assert found.scores.dtype == np.float64
    assert found.is_issue.shape == found.scores.shape == (N,)
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert 0 <= found.summary_score <= 1
    for values in found.evidence.values():
        assert values.shape == (N,)
        assert values.dtype.kind in "if"
    assert check.description
    assert check.can_run("classification", frozenset({"labels", "pred_probs", "features"}))
    assert not check.can_run("classification", frozenset({"labels"}))


@pytest.mark.parametrize("name", CHECKS)
def test_every_row_is_explained_in_a_sentence(name):
    record = record_of(context())
    texts = {CHECKS[name].explain(record, FOUND[name], row) for row in range(N)}
    for text in texts:
        assert text[0].isupper()
        assert text.endswith(".")
        assert "nan" not in text
    assert len(texts) > 1


def test_explanations_name_the_numbers():
    record = record_of(context())
    row = int(FOUND["outlier"].worst_rows(1)[0])
    mean = FOUND["outlier"].evidence["mean_distance"][row]
    assert f"{mean:.3g}" in CHECKS["outlier"].explain(record, FOUND["outlier"], row)
    row = int(FOUND["near_duplicate"].flagged_rows()[0])
    other = FOUND["near_duplicate"].evidence["nearest_row"][row]
    assert f"row {other}" in CHECKS["near_duplicate"].explain(record, FOUND["near_duplicate"], row)
    by_probs = find("outlier", context(features=None))
    assert "fits no class well" in CHECKS["outlier"].explain(record, by_probs, 0)


def test_nothing_the_caller_owns_changes():
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - the global generator is the point
    before = {name: values.copy() for name, values in INPUTS.items()}
    options = {"eps": 1.0}
    for name in CHECKS:
        find(name, context(), **({"clustering_kwargs": options} if "group" in name else {}))
    assert options == {"eps": 1.0}
    for name, values in before.items():
        np.testing.assert_array_equal(INPUTS[name], values)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_near_duplicates_are_those_of_the_public_function():
    found = FOUND["near_duplicate"]
    expected = find_near_duplicates(knn_graph=context().graph(10))
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_array_equal(found.is_issue, expected.is_near_duplicate)
    np.testing.assert_array_equal(found.evidence["cluster_id"], expected.cluster_ids)
    sets = found.columns["near_duplicate_sets"]
    assert sets.dtype == object
    assert sets.shape == (N,)
    for rows, wanted in zip(sets, expected.sets, strict=True):
        np.testing.assert_array_equal(rows, wanted)
        assert rows.dtype == np.int64


def test_sets_of_one_length_stay_sets():
    found = find("near_duplicate", context_of(np.zeros(4), features=np.array([[0, 0, 9, 9.0]]).T))
    assert [rows.tolist() for rows in found.columns["near_duplicate_sets"]] == [[1], [0], [3], [2]]


@pytest.mark.parametrize("name", CHECKS)
def test_a_graph_serves_as_its_features(name):
    graph = context().graph(10)
    wider = context().graph(10) if name == "data_valuation" else graph
    again = find(name, context(features=None, knn_graph=wider))
    # A metric that is not told makes no allowance for rounding.
    np.testing.assert_allclose(again.scores, FOUND[name].scores, atol=1e-12)
    np.testing.assert_array_equal(again.is_issue, FOUND[name].is_issue)


def test_all_neighbors_of_a_given_graph_are_looked_at_but_the_first_of_a_searched_one():
    given = context(features=None, knn_graph=context().graph(20))
    searched = context(widest_k=20)
    for name in ("outlier", "non_iid"):
        wide, narrow = find(name, given).scores, find(name, searched).scores
        np.testing.assert_array_equal(wide, find(name, context(), k=20).scores)
        np.testing.assert_array_equal(narrow, FOUND[name].scores)
    assert searched.graph(10).k == 20


@pytest.mark.parametrize("layout", ["F", "strided"])
def test_graphs_of_any_layout_are_read(layout):
    graph = context().graph(10)
    distances, indices = np.array(graph.distances), np.array(graph.indices)
    if layout == "F":
        distances, indices = np.asfortranarray(distances), np.asfortranarray(indices)
    else:
        distances, indices = np.repeat(distances, 2, axis=1)[:, ::2], indices[:, :]
    other = context(knn_graph=KnnGraph.from_arrays(distances, indices, metric=graph.metric))
    for name in CHECKS:
        np.testing.assert_array_equal(find(name, other).is_issue, FOUND[name].is_issue)


@pytest.mark.parametrize("n", [2, 3, 6])
def test_few_rows(n):
    few = context_of(np.arange(n) % 2, features=np.arange(n)[:, None] ** 2.0)
    for name in ("outlier", "near_duplicate", "non_iid", "data_valuation"):
        found = find(name, few)
        assert np.isfinite(found.scores).all()
    # All others are neighbours: every order of the rows is as good.
    assert find("non_iid", few).summary_score == 1.0


def test_identical_rows_everywhere():
    same = context_of(
        np.arange(30) % 2, pred_probs=np.full((30, 2), 0.5), features=np.ones((30, 2))
    )
    for name in CHECKS:
        assert np.isfinite(find(name, same).scores).all()
    assert find("near_duplicate", same).is_issue.all()
    assert len(find("near_duplicate", same).columns["near_duplicate_sets"][0]) == 29
    assert not find("outlier", same).is_issue.any()


@pytest.mark.parametrize("labels", [[[0, 1], [], [0, 1], [2]] * 6, np.arange(24) % 4 / 2])
def test_values_of_other_tasks_compare_whole_labels(labels):
    features = np.random.default_rng(0).normal(size=(24, 2))
    task = "multilabel" if isinstance(labels, list) else "regression"
    found = find("data_valuation", context_of(labels, task=task, features=features))
    codes = np.unique([str(label) for label in labels], return_inverse=True)[1]
    expected = find("data_valuation", context_of(codes, features=features))
    np.testing.assert_array_equal(found.scores, expected.scores)


def test_p_value_of_equal_permutations_is_certain():
    same = np.full(5, 0.1)
    assert smoothed_p_value(0.1, same) == 1.0
    assert smoothed_p_value(0.2, same) == 0.0
    assert smoothed_p_value(0.2, np.array([0.1])) == 0.0


def test_sorted_rows_are_told_and_shuffled_ones_are_not():
    ordered = np.sort(np.random.default_rng(0).normal(size=300))[:, None]
    found = find("non_iid", context_of(np.zeros(300), features=ordered))
    assert found.summary_score < 1e-6
    assert found.num_issues == 1
    shuffled = np.random.default_rng(1).permutation(ordered)
    found = find("non_iid", context_of(np.zeros(300), features=shuffled))
    assert found.summary_score > 0.05
    assert found.num_issues == 0
    same = context_of(np.zeros(300), features=shuffled)
    seeds = {find("non_iid", same, seed=seed).summary_score for seed in (0, 1, None)}
    assert len(seeds) == 3


def test_other_groups():
    groups = np.where(np.arange(N) < 30, -7, 10**12)
    found = find("underperforming_group", context(features=None), cluster_ids=groups, threshold=1)
    stats = found.info["clustering"]["stats"]
    assert stats["n_clusters"] == 2
    assert stats["underperforming_cluster_id"] in (-7, 10**12)
    np.testing.assert_array_equal(found.is_issue, groups == stats["underperforming_cluster_id"])
    probabilities = find(
        "outlier",
        context(features=None),
        ood_kwargs={"params": {"method": "gen", "adjust_pred_probs": False, "M": 2}},
    )
    assert probabilities.info["method"] == "gen"


@pytest.mark.parametrize(
    ("name", "parameters", "kind", "message"),
    [
        ("outlier", {"k": 0}, ValueError, "k must be at least 1"),
        ("outlier", {"k": 2.5}, TypeError, "k must be an integer"),
        ("outlier", {"threshold": 1.5}, ValueError, "threshold must be a finite number"),
        ("outlier", {"scaling_factor": 0}, ValueError, "scaling_factor must be a finite number"),
        ("outlier", {"t": -1}, ValueError, "t must be a finite number"),
        ("outlier", {"metric": "nonsense"}, ValueError, "'metric' parameter of NearestNeighbors"),
        ("outlier", {"ood_kwargs": {"t": 1}}, ValueError, "ood_kwargs must be a dict {'params'"),
        ("outlier", {"ood_kwargs": 3}, ValueError, "ood_kwargs must be a dict {'params'"),
        ("near_duplicate", {"threshold": -0.1}, ValueError, "threshold must be a finite number"),
        ("near_duplicate", {"threshold": "low"}, TypeError, "threshold must be a number"),
        ("non_iid", {"num_permutations": 0}, ValueError, "num_permutations must be at least 1"),
        ("non_iid", {"seed": -1}, ValueError, "seed must be at least 0"),
        ("non_iid", {"seed": 1 << 32}, ValueError, "seed must be below 2"),
        ("non_iid", {"significance_threshold": 2}, ValueError, "significance_threshold must be"),
        ("data_valuation", {"threshold": 2}, ValueError, "threshold must be"),
        ("underperforming_group", {"threshold": 1.5}, ValueError, "threshold must be"),
        (
            "underperforming_group",
            {"cluster_ids": [0, 1]},
            ValueError,
            "cluster_ids must have shape",
        ),
        ("underperforming_group", {"cluster_ids": ["a"] * N}, TypeError, "numpy.unique"),
        ("underperforming_group", {"clustering_kwargs": 3}, TypeError, "must be a dict"),
        ("underperforming_group", {"clustering_kwargs": {"eps": 0}}, ValueError, "eps must be"),
        (
            "underperforming_group",
            {"clustering_kwargs": {"min_samples": 0}},
            ValueError,
            "min_samp",
        ),
        ("underperforming_group", {"min_cluster_samples": N}, ValueError, "no group of at least"),
    ],
)
def test_bad_parameters_are_refused(name, parameters, kind, message):
    with pytest.raises(kind, match=message):
        find(name, context(), **parameters)


def test_data_valuation_needs_as_many_neighbors_as_count():
    narrow = context(features=None, knn_graph=knn_graph(PROBLEM.features, 5))
    with pytest.raises(ValueError, match="knn_graph has 5 neighbours"):
        find("data_valuation", narrow)
    assert find("data_valuation", narrow, k=5).info["k"] == 5
    assert find("outlier", narrow).info["k"] == 10


def test_the_core_refuses_what_no_graph_is():
    distances, indices = np.zeros((4, 2)), np.array([[1, 2], [2, 3], [3, 0], [0, 4]])
    for call in (
        lambda: _core.near_duplicates(distances, indices, 2, 1.0),
        lambda: _core.density_clusters(distances, indices, 2, 1.0, 2),
        lambda: _core.gap_scores(indices, 2, 1),
        lambda: _core.gap_statistics(indices, 2, 0, 3, 2),
    ):
        with pytest.raises(ValueError, match="lists row 4 as neighbour 1 of row 3"):
            call()
    with pytest.raises(ValueError, match="same shape"):
        _core.near_duplicates(distances[:, :1].copy(), indices, 1, 1.0)
    with pytest.raises(ValueError, match="k must be in"):
        _core.gap_scores(indices, 3, 1)
    with pytest.raises(ValueError, match="from 2 to"):
        _core.gap_scores(indices[:1], 1, 1)
    with pytest.raises(TypeError):
        _core.gap_scores(indices.T, 1, 1)
