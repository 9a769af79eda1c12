"""Checks of labels, missing values, rare classes and identifiers: edges, errors, words."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
import pandas as pd
import pytest

from checks_data import context_of, explained, found_by
from cupel._graph import KnnGraph
from cupel.datalab.checks import label
from datalab_data import random_inputs

RNG = np.random.default_rng
few_examples = pytest.mark.filterwarnings("ignore:no label issue is looked for")


def two_classes(n: int = 40) -> tuple[Any, Any]:
    """Labels and probabilities that agree, but for row 0 (of class cat, said to be dog)."""
    labels = np.array(["cat", "dog"] * (n // 2))
    probs = np.where((labels == "cat")[:, np.newaxis], [0.8, 0.2], [0.3, 0.7])
    probs[0] = [0.04, 0.96]
    return labels, probs


# ---- labels of one class -------------------------------------------------------------------------


def test_label_evidence_and_words():
    labels, probs = two_classes()
    context = context_of(labels, pred_probs=probs)
    found = found_by("label", context)
    assert found.flagged_rows().tolist() == [0]
    assert found.columns["given_label"].tolist() == labels.tolist()
    row = {name: values[0] for name, values in found.evidence.items()}
    assert row["given_label"] == 0
    assert row["given_label_probability"] == 0.04
    assert row["confident_class"] == row["predicted_label"] == row["suggested_label"] == 1
    assert row["class_threshold"] == pytest.approx((0.04 + 19 * 0.8) / 20)
    assert 0.5 < row["error_probability"] <= 1
    assert all(values.dtype.kind in "iufbU" for values in found.evidence.values())
    assert explained("label", context, found, 0) == (
        "Labelled cat, but the model says dog (96 %) and gives 4 % to cat; examples labelled cat usually "
        "get 76 %."
    )
    assert explained("label", context, found, 1).startswith(
        "Labelled dog, to which the model gives"
    )


def test_confident_class_is_the_likeliest_that_reaches_its_threshold():
    found = random_inputs(0, k=5)
    evidence = found_by("label", context_of(found.labels, pred_probs=found.pred_probs)).evidence
    limits = np.empty(5)
    limits[evidence["given_label"]] = evidence["class_threshold"]
    reached = np.where(found.pred_probs >= limits, found.pred_probs, -1)
    expected = np.where(reached.max(axis=1) < 0, -1, reached.argmax(axis=1))
    assert evidence["confident_class"].tolist() == expected.tolist()
    assert len(set(evidence["confident_class"].tolist())) == 6


def test_label_without_a_noise_model_has_no_suggestions(monkeypatch):
    from cupel.datalab.checks.label import evidence

    def refuse(*_: Any) -> None:
        raise ValueError

    monkeypatch.setattr(evidence, "judge", refuse)
    labels, probs = two_classes()
    evidence = found_by("label", context_of(labels, pred_probs=probs)).evidence
    assert "given_label_probability" in evidence
    assert "suggested_label" not in evidence


def test_neighbors_vote_with_the_graph_that_is_there():
    labels, probs = two_classes(40)
    others = np.array([[j for j in range(i % 2, 40, 2) if j != i][:3] for i in range(40)])
    others[0] = [1, 3, 5]
    graph = KnnGraph.from_arrays(np.tile([1.0, 2.0, 3.0], (40, 1)), others)
    context = context_of(labels, pred_probs=probs, given_graph=graph)
    found = found_by("label", context)
    assert found.evidence["neighbor_vote_class"].tolist() == [1, *([1, 0] * 20)[:-1]]
    assert found.evidence["neighbor_vote_share"].tolist() == [1.0] * 40
    assert "100 % of its neighbours are labelled dog" in explained("label", context, found, 0)
    tie = found_by("label", context, k=2).evidence
    assert tie["neighbor_vote_share"].tolist() == [1.0] * 40


def test_ties_of_the_vote_go_to_the_given_label():
    labels = np.array([0, 1, 1, 0] * 10)
    graph = KnnGraph.from_arrays(
        np.tile([1.0, 2.0], (40, 1)),
        [[(i // 4 * 4 + 4) % 40, (i // 4 * 4 + 5) % 40] for i in range(40)],
    )
    probs = np.tile([0.6, 0.4], (40, 1)) + RNG(0).random((40, 1)) * [-0.1, 0.1]
    found = found_by("label", context_of(labels, pred_probs=probs, given_graph=graph))
    assert found.evidence["neighbor_vote_class"].tolist() == labels.tolist()
    assert set(found.evidence["neighbor_vote_share"].tolist()) == {0.5}


def test_features_beside_probabilities_are_only_a_vote():
    labels, probs = two_classes()
    near = RNG(0).normal(size=(40, 2)) + 9 * (labels == "dog")[:, np.newaxis]
    context = context_of(labels, pred_probs=probs, features=near)
    found = found_by("label", context, k=5)
    assert found.evidence["neighbor_vote_class"].tolist() == found.evidence["given_label"].tolist()
    near[3] = np.nan
    for features in (near, near.astype(str), near[:7]):
        context = context_of(labels, pred_probs=probs, features=features)
        found = found_by("label", context)
        assert found.flagged_rows().tolist() == [0]
        assert "neighbor_vote_class" not in found.evidence


@few_examples
def test_label_by_neighbors_knows_many_equal_rows_and_few_rows():
    """cleanlab fails where a row is not among its own k + 1 neighbours, or there are not so many."""
    labels = np.array([0, 1] * 30)
    features = np.zeros((60, 20))
    features[:20] = RNG(0).normal(size=(20, 20))
    context = context_of(labels, features=features)
    found = found_by("label", context, k=4)
    # Equal rows are neighbours, the lowest first: rows 20 to 23 of all that follow.
    assert found.scores[30:].tolist() == pytest.approx([0.5] * 30)
    assert found.info["find_issues_inputs"] == {"features": True, "pred_probs": False}
    assert "of its nearest neighbours" in explained("label", context, found, 0)
    few = found_by("label", context_of(labels[:6], features=features[:6]), k=10)
    assert few.scores.tolist() == pytest.approx([0.4] * 6)


@few_examples
def test_label_by_neighbors_uses_the_shared_graph_of_few_columns():
    features = RNG(0).normal(size=(30, 2))
    context = context_of(np.arange(30) % 3, features=features)
    found_by("label", context, k=4)
    assert context.newest_graph is not None
    assert context.newest_graph.metric == "euclidean"
    embeddings = context_of(np.arange(30) % 3, features=RNG(0).normal(size=(30, 9)))
    found_by("label", embeddings, k=4)
    assert embeddings.newest_graph is None  # the other checks' distance is the cosine


def test_more_columns_than_integer_classes():
    labels, probs = two_classes()
    codes = (labels == "dog").astype(int)
    wide = np.column_stack([probs * 0.9, np.full((40, 2), 0.05)])
    found = found_by("label", context_of(codes, pred_probs=wide))
    table = found.info["classes_by_label_quality"]
    assert sorted(table["Class Name"]) == [0, 1, 2, 3]
    with pytest.raises(
        ValueError, match=r"pred_probs has 4 columns, the labels have 2 classes \('cat'"
    ):
        found_by("label", context_of(labels, pred_probs=wide))
    with pytest.raises(ValueError, match="without those of classes that no example has"):
        found_by("label", context_of(codes * 2, pred_probs=wide))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y, p: (np.full_like(y, "cat"), p), "all labels are 'cat'"),
        (lambda y, p: (y, p[:30]), "labels has 40 rows, pred_probs has 30"),
        (lambda y, p: (y, p[:, :1]), r"expected a class in \[0, 1\)|pred_probs has 1 columns"),
        (lambda y, p: (y, p[:, 0]), r"pred_probs must have shape \(n, k\)"),
        (lambda y, p: (y, p - 0.1), r"pred_probs\[0, 0\] is -0\.06"),
        (lambda y, p: (y, np.where(p > 0.9, np.nan, p)), r"pred_probs\[0, 1\] is nan"),
    ],
)
def test_label_errors(change, message):
    labels, probs = change(*two_classes())
    with pytest.raises(ValueError, match=message):
        found_by("label", context_of(labels, pred_probs=probs))


def test_label_parameters_are_those_of_the_task():
    labels, probs = two_classes()
    with pytest.raises(TypeError, match="has no parameter 'frac_noise'; it takes: k, clean"):
        found_by("label", context_of(labels, pred_probs=probs), frac_noise=0.5)
    with pytest.raises(ValueError, match="k must be at least 1"):
        found_by("label", context_of(labels, features=probs), k=0)
    with pytest.raises(ValueError, match="thresholds must have one value per class"):
        found_by("label", context_of(labels, pred_probs=probs), thresholds=[0.5])
    context = context_of(labels, pred_probs=probs)
    with pytest.raises(TypeError, match="bogus"):
        found_by("label", context, clean_learning_kwargs={"bogus": 1})
    assert {"k", "threshold", "filter_by"} <= set(label.CHECK.parameters)


def test_label_of_one_class_in_a_few_examples_warns():
    labels, probs = two_classes(20)
    with pytest.warns(UserWarning, match="no label issue is looked for in class 0, 1"):
        found_by("label", context_of(labels, pred_probs=probs))


def test_inputs_are_not_written_to():
    labels, probs = two_classes()
    probs.flags.writeable = False
    health = {"asymmetric": True}
    context = context_of(labels, pred_probs=probs)
    found_by("label", context, health_summary_parameters=health)
    assert health == {"asymmetric": True}


def test_health_summary_needs_no_class_names():
    """cleanlab fails with parameters that name no classes."""
    labels, probs = two_classes()
    context = context_of(labels, pred_probs=probs)
    found = found_by("label", context, health_summary_parameters={"asymmetric": True})
    pairs = found.info["overlapping_classes"][["Class Name A", "Class Name B"]].to_numpy()
    assert sorted(map(tuple, pairs)) == [("cat", "dog"), ("dog", "cat")]


# ---- numbers and several classes -----------------------------------------------------------------


def test_label_of_numbers():
    labels = np.arange(30.0)
    predictions = labels + np.tile([0.5, -0.5], 15)
    predictions[7] = 25
    context = context_of(labels, task="regression", pred_probs=predictions.reshape(-1, 1))
    found = found_by("label", context)
    assert found.worst_rows(1).tolist() == [7]
    text = "Labelled 7, but 25 is predicted: they differ by 18, 36 times what is typical (0.5)."
    assert explained("label", context, found, 7) == text
    exact = context_of(labels, task="regression", pred_probs=labels)
    assert explained("label", exact, found_by("label", exact), 3).endswith("where 0.0 is typical.")


def test_label_of_numbers_errors():
    labels, features = np.arange(30.0), RNG(0).normal(size=(30, 2))
    context = context_of(labels, task="regression", pred_probs=labels)
    with pytest.raises(ValueError, match="threshold must be a finite number of at least 0"):
        found_by("label", context, threshold=-1)
    with pytest.raises(ValueError, match=r"a model \(object\) needs features"):
        found_by("label", context, clean_learning_kwargs={"model": object()})
    with pytest.raises(ValueError, match="pred_probs has 9 rows, the data set 30"):
        found_by("label", context_of(labels, task="regression", pred_probs=labels[:9]))
    with pytest.raises(ValueError, match="features has 9 rows, the data set 30"):
        found_by("label", context_of(labels, task="regression", features=features[:9]))
    listed = context_of(labels, task="regression", features=features.tolist())
    assert found_by("label", listed, clean_learning_kwargs={"seed": 0}).num_issues >= 0


def test_label_of_sets():
    labels = [["sun"], ["sea", "sun"], [], ["sea"]] * 6
    probs = np.array([[0.1, 0.9], [0.8, 0.9], [0.1, 0.2], [0.9, 0.1]] * 6)
    probs[0], probs[5] = [0.97, 0.9], [0.8, 0.04]
    context = context_of(labels, task="multilabel", pred_probs=probs)
    found = found_by("label", context)
    assert (
        explained("label", context, found, 0) == "Not labelled sea, to which the model gives 97 %."
    )
    assert explained("label", context, found, 5) == "Labelled sun, to which the model gives 4 %."
    assert found.columns["predicted_label"][:3].tolist() == [["sea", "sun"], ["sea", "sun"], []]
    assert all(values.dtype.kind in "iufb" for values in found.evidence.values())
    wide = context_of(labels, task="multilabel", pred_probs=np.column_stack([probs, probs[:, :1]]))
    assert found_by("label", wide).columns["predicted_label"][0] == ["sea", "sun", 2]
    with pytest.raises(ValueError, match="labels has 24 rows, pred_probs has 9"):
        found_by("label", context_of(labels, task="multilabel", pred_probs=probs[:9]))


# ---- missing values ------------------------------------------------------------------------------


def test_null_words_and_evidence():
    features = np.array([[1, 2.0], [np.nan, 3], [np.nan, np.nan]])
    context = context_of([0, 1, 0], features=features)
    found = found_by("null", context)
    assert found.evidence["missing_count"].tolist() == [0, 1, 2]
    assert [explained("null", context, found, row) for row in range(3)] == [
        "No feature is missing.",
        "1 of 2 feature values are missing.",
        "All 2 feature values are missing.",
    ]


@pytest.mark.parametrize(
    "features",
    [
        [[1.0, None], [None, None], [2.0, 3.0]],
        np.array([["2020", "2020"], ["nat", "nat"], ["2020", "2020"]], dtype="M8[D]"),
        np.array([[1j, 2], [np.nan, np.nan], [1, 2]]),
        np.array([[1.0], [np.nan], [-np.inf]], dtype=np.float16),
        np.array([[1.0, 2], [np.nan, np.nan], [1, 2]], dtype=">f8"),
        pd.DataFrame({"a": pd.Categorical(["x", None, "y"]), "b": [1.0, None, 2]}),
    ],
    ids=["lists", "dates", "complex", "float16", "big endian", "frame"],
)
def test_null_of_what_cleanlab_cannot_or_need_not_read(features):
    assert found_by("null", context_of([0, 1, 0], features=features)).is_issue.tolist() == [
        False,
        True,
        False,
    ]


def test_null_of_arrow():
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"a": [1, None, 2], "b": ["x", None, None]})
    found = found_by("null", context_of([0, 1, 0], features=table))
    assert found.evidence["missing_count"].tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        (np.zeros(3), ValueError, r"shape \(n, d\).*reshape\(-1, 1\)"),
        (np.zeros((3, 2, 2)), ValueError, r"reshape\(len\(features\), -1\)"),
        (np.zeros((3, 0)), ValueError, "features has no columns"),
        (np.zeros((2, 2)), ValueError, "features has 2 rows, the data set 3"),
        (pd.DataFrame(index=range(3)), ValueError, "features has no columns"),
        ([[1], [1, 2], [3]], ValueError, r"features\[1\] has 2 values"),
    ],
    ids=["vector", "cube", "no columns", "short", "empty frame", "ragged"],
)
def test_null_errors(features, error, message):
    with pytest.raises(error, match=message):
        found_by("null", context_of([0, 1, 0], features=features))


def test_null_of_sparse():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(TypeError, match="must be a dense matrix"):
        found_by("null", context_of([0, 1], features=sparse.csr_matrix(np.eye(2))))


# ---- rare classes --------------------------------------------------------------------------------


def test_class_imbalance_words_and_errors():
    context = context_of(["cat"] * 98 + ["dog"] * 2)
    found = found_by("class_imbalance", context)
    assert found.flagged_rows().tolist() == [98, 99]
    assert explained("class_imbalance", context, found, 98) == (
        "Labelled dog, as only 2 % of all examples are; an even share of 2 classes is 50 %."
    )
    with pytest.raises(TypeError, match="threshold must be a number"):
        found_by("class_imbalance", context, threshold="a")
    with pytest.raises(ValueError, match="threshold must be a finite number of at least 0"):
        found_by("class_imbalance", context, threshold=-0.1)


# ---- identifiers ---------------------------------------------------------------------------------

N = 50
SHUFFLED = RNG(0).permutation(N)


@pytest.mark.parametrize(
    ("values", "identifies"),
    [
        (np.arange(N), True),
        (SHUFFLED + 1000, True),
        (SHUFFLED.astype(np.float64), True),
        (np.arange(N) % 2, False),
        (np.arange(N) % 10, False),
        (np.arange(N) * 3, False),
        (SHUFFLED + 0.5, False),
        (np.where(SHUFFLED == 3, np.nan, SHUFFLED), False),
        (np.ones(N), False),
        (SHUFFLED > 3, False),
        ([str(uuid.UUID(int=i + (1 << 90))) for i in range(N)], True),
        ([f"IMG_{i:04}.png" for i in range(N)], True),
        ([f"user{i % 20}" for i in range(N)], False),
        ([f"a text with the number {i}" for i in range(N)], False),
        ([f"{i}.25" for i in range(N)], False),
        (["word" + "abcdefghij"[i % 10] * (i + 1) for i in range(N)], False),
        ([None, *(f"id{i}" for i in range(N - 1))], False),
    ],
)
def test_identifier_columns(values, identifies):
    context = context_of([0, 1] * (N // 2), data={"a": list(values), "b": [0.5] * N})
    found = found_by("identifier_column", context)
    assert found.info["identifier_columns"] == (["a"] if identifies else [])
    assert found.summary_score == float(not identifies)
    assert not found.num_issues
    assert (
        "a" in explained("identifier_column", context, found, 0).split()[-12:]
    ) or not identifies


def test_identifier_columns_of_features():
    matrix = np.column_stack([np.ones(N), SHUFFLED, np.arange(N) % 2])
    for features, expected in [
        (matrix, [1]),
        (matrix.astype(int).tolist(), [1]),
        (pd.DataFrame(matrix, columns=["p", "q", "r"]), ["q"]),
        ({"p": matrix[:, 0], "q": SHUFFLED}, ["q"]),
        (np.arange(N), []),
    ]:
        found = found_by("identifier_column", context_of([0, 1] * (N // 2), features=features))
        assert found.info == {
            "identifier_columns": expected,
            "num_identifier_columns": len(expected),
        }
    two = context_of([0, 1], data={"a": [0, 1]})
    assert found_by("identifier_column", two).info["identifier_columns"] == []
