"""Data valuation against cleanlab's, to the last bit."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

pytest.importorskip("cleanlab")

from cleanlab.data_valuation import data_shapley_knn as theirs
from sklearn.datasets import load_digits
from sklearn.neighbors import kneighbors_graph

from cupel.data_valuation import data_shapley_knn


def problem(n, columns, seed=0, classes=3):
    rng = np.random.default_rng(seed)
    return rng.integers(0, classes, size=n), rng.normal(size=(n, columns))


@pytest.mark.parametrize(
    ("n", "columns", "k"),
    [(2, 1, 1), (5, 3, 4), (30, 3, 5), (60, 1, 3), (150, 2, 7), (300, 5, 10), (101, 20, 100)],
)
def test_features(n, columns, k):
    labels, features = problem(n, columns, seed=n)
    for metric in (None, "cosine", "euclidean"):
        if metric == "cosine" and columns == 1:
            continue  # all directions are one of two
        ours = data_shapley_knn(labels, features=features, metric=metric, k=k)
        np.testing.assert_array_equal(ours, theirs(labels, features=features, metric=metric, k=k))


@pytest.mark.parametrize("metric", ["manhattan", "minkowski", "chebyshev"])
def test_metrics_of_scikit_learn(metric):
    labels, features = problem(120, 4)
    ours = data_shapley_knn(labels, features=features, metric=metric)
    np.testing.assert_array_equal(ours, theirs(labels, features=features, metric=metric))


def test_metric_as_a_function():
    labels, features = problem(40, 3)

    def metric(a, b):
        return np.abs(a - b).sum()

    ours = data_shapley_knn(labels, features=features, metric=metric, k=4)
    np.testing.assert_array_equal(ours, theirs(labels, features=features, metric=metric, k=4))


@pytest.mark.parametrize(("copies", "columns", "k"), [(4, 2, 3), (6, 5, 3), (9, 5, 4), (5, 3, 2)])
def test_identical_rows(copies, columns, k):
    """Up to as many neighbours as a row has copies; beyond, cleanlab's ties are the platform's."""
    labels, features = problem(240 // copies * copies, columns, seed=copies)
    features = np.repeat(features[::copies], copies, axis=0)
    features = features[np.random.default_rng(1).permutation(len(features))]
    ours = data_shapley_knn(labels, features=features, k=k)
    np.testing.assert_array_equal(ours, theirs(labels, features=features, k=k))


def test_graphs_are_taken_as_they_lie():
    labels, features = problem(200, 6)
    graph = kneighbors_graph(features, 10, mode="distance", metric="cosine")
    by_index = graph.copy()
    by_index.sort_indices()
    with_itself = kneighbors_graph(features, 10, mode="distance", include_self=True)
    for given in (graph, by_index, with_itself):
        for k in (1, 2, 7, 10):
            ours = data_shapley_knn(labels, knn_graph=given, features=features, k=k)
            np.testing.assert_array_equal(ours, theirs(labels, knn_graph=given, k=k))


@pytest.mark.parametrize(
    "convert",
    [
        lambda a: a * 1.5,
        lambda a: a > 0,
        lambda a: a - 5,
        lambda a: a[:, None],
        lambda a: np.array(["x", "y", "z"])[a],
        lambda a: np.array(["x", "y", "z"], dtype=object)[a],
        lambda a: np.where(a == 0, np.nan, a),
        lambda a: a.astype(np.uint8),
        lambda a: a * 0,
    ],
)
def test_kinds_of_labels(convert):
    labels, features = problem(80, 3)
    given = convert(labels)
    np.testing.assert_array_equal(
        data_shapley_knn(given, features=features), theirs(given, features=features)
    )


def test_digits():
    features, labels = load_digits(return_X_y=True)
    features, labels = features[:800], labels[:800]
    np.testing.assert_array_equal(
        data_shapley_knn(labels, features=features), theirs(labels, features=features)
    )


def test_refuses_the_same_by_the_same_type():
    labels, features = problem(30, 3)
    graph = kneighbors_graph(features, 5, mode="distance")
    uneven = graph.copy()
    uneven.data, uneven.indices = graph.data[:-1], graph.indices[:-1]
    uneven.indptr = np.r_[graph.indptr[:-1], graph.indptr[-1] - 1]
    for options in (
        {},
        {"features": features, "k": 30},
        {"features": features, "k": None},
        {"features": features[:-1]},
        {"features": np.where(features > 1, np.nan, features)},
        {"features": features, "metric": "foo"},
        {"knn_graph": uneven, "k": 3},
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(Exception) as refused:  # noqa: PT011 - any
                theirs(labels, **options)
        kind = ValueError if refused.type is IndexError else refused.type
        with pytest.raises(kind):
            data_shapley_knn(labels, **options)
