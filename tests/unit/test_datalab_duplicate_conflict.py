"""Near-duplicates with different labels, or in different parts of the data."""

from __future__ import annotations

import numpy as np
import pytest
from tests.review_data import audit_of, context_of, planted_digits

from cupel.datalab._finding import Finding
from cupel.datalab.checks import duplicate_conflict, near_duplicate
from cupel.neighbors import knn_graph


def find(labels, features, **parameters) -> Finding:
    task = parameters.pop("task", "classification")
    inputs = {key: parameters.pop(key) for key in ("split", "findings") if key in parameters}
    context = context_of(labels, task=task, features=features, **inputs)
    return duplicate_conflict.CHECK.find(context, **parameters)


def naive(sets, same, values, gap):
    """Flags by comparing every row with every near-duplicate of whatever is identical to it."""
    flags = []
    for i in range(len(values)):
        family = np.flatnonzero(same == same[i])
        near = {j for f in family for j in sets[f]} | set(family.tolist())
        near |= {j for m in near for j in np.flatnonzero(same == same[m])}
        flags.append(any(abs(values[i] - values[j]) > gap for j in near))
    return np.array(flags)


@pytest.mark.parametrize("seed", range(3))
def test_planted_conflicts_are_all_found_and_nothing_else(seed):
    planted = planted_digits(seed)
    found = find(planted.labels, planted.features)
    both = np.concatenate([planted.right_copies, planted.wrong_copies])
    assert np.array_equal(np.flatnonzero(found.is_issue), np.sort(both))
    assert np.array_equal(found.columns["conflicting_row"][planted.wrong_copies], both[:40])
    assert (found.columns["conflicting_row"][~found.is_issue] == -1).all()
    assert not found.columns["is_leakage"].any()
    of_copies = found.columns["conflicting_label"][planted.right_copies]
    assert np.array_equal(of_copies.astype(int), planted.labels[planted.wrong_copies])


def test_the_minority_of_a_group_scores_lowest():
    rng = np.random.default_rng(0)
    features = np.vstack([rng.normal(size=(60, 30)), np.ones((9, 30)), rng.normal(size=(5, 30))])
    labels = np.array(["a"] * 60 + ["b"] * 9 + ["a"] * 5)
    labels[64] = "a"
    found = find(labels, features)
    assert np.array_equal(np.flatnonzero(found.is_issue), np.arange(60, 69))
    assert found.worst_rows(1) == [64]
    assert found.scores[64] == pytest.approx(1 / 9)
    assert found.scores[60] == pytest.approx(8 / 9)
    text = duplicate_conflict.explain(audit_of(labels)._record, found, 64)
    assert "labelled b" in text
    assert "1 of the 9" in text


@pytest.mark.parametrize("size", [12, 40])
def test_more_identical_rows_than_neighbours(size):
    """Beyond the k nearest, too: half of the rows have one label, half the other."""
    rng = np.random.default_rng(1)
    features = np.vstack([rng.normal(size=(80, 30)), np.ones((size, 30))])
    labels = np.zeros(len(features), dtype=int)
    labels[-(size // 2) :] = 1
    found = find(labels, features)
    assert np.array_equal(np.flatnonzero(found.is_issue), 80 + np.arange(size))
    assert (found.scores[80:] == 0.5).all()
    other = found.evidence["conflicting_row"][80:]
    assert (labels[other] != labels[80:]).all()


def test_leakage_between_parts():
    planted = planted_digits(0)
    n = len(planted.labels)
    split = np.array(["train", "test"])[np.arange(n) % 2].astype(object)
    split[planted.harmless[0]] = None  # in no part: it leaks nowhere
    found = find(planted.labels, planted.features, split=split)
    given = find(planted.labels, planted.features)
    pairs = np.concatenate(
        [
            np.stack([planted.right_copies, planted.wrong_copies], axis=1),
            planted.harmless.reshape(2, -1).T,
        ]
    )
    leaks = np.zeros(n, bool)
    for a, b in pairs.tolist():
        if None not in (split[a], split[b]) and split[a] != split[b]:
            leaks[[a, b]] = True
    assert np.array_equal(found.columns["is_leakage"], leaks)
    assert np.array_equal(found.is_issue, leaks | given.is_issue)
    kinds = np.where(given.is_issue, np.where(leaks, 2, 0), np.where(leaks, 1, -1))
    assert np.array_equal(found.evidence["kind"], kinds)
    record = audit_of(planted.labels)._record
    row = int(np.flatnonzero(kinds == 1)[0])
    text = duplicate_conflict.explain(record, found, row)
    assert "leakage" in text
    assert "train" in text
    assert "leakage" in duplicate_conflict.explain(record, found, int(kinds.argmax()))
    again = duplicate_conflict.CHECK.find(
        context_of(planted.labels, features=planted.features), split=split
    )
    assert np.array_equal(again.scores, found.scores)


def test_numbers_and_sets_as_labels():
    rng = np.random.default_rng(2)
    features = rng.normal(size=(100, 4))
    features[50:60] = features[:10] + 1e-6
    values = features @ np.arange(1.0, 5.0)
    values[50:60] = values[:10] + 1e-3
    spread = np.subtract(*np.percentile(values, [75, 25]))
    values[[50, 51]] += 3 * spread
    found = find(values, features, task="regression")
    assert np.flatnonzero(found.is_issue).tolist() == [0, 1, 50, 51]
    assert found.columns["conflicting_label"][0] == values[50]
    assert np.isnan(found.columns["conflicting_label"][2])
    assert find(values, features, task="regression", label_gap=1e6).num_issues == 0
    sets = [["a"], ["a", "b"]] * 50
    sets[:10], sets[50:60] = [["a", "b"]] * 10, [["b", "a"]] * 9 + [["a"]]
    found = find(sets, features, task="multilabel")
    assert np.flatnonzero(found.is_issue).tolist() == [9, 59]
    assert found.columns["conflicting_label"][59] == ["a", "b"]
    assert found.evidence["conflicting_label"][59] == "a, b"


@pytest.mark.parametrize("seed", range(15))
def test_against_every_pair(seed):
    """Random rows on a small grid: many identical, many near, groups of all sizes."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 90))
    features = rng.integers(0, 3, (n, 2)) * 10.0 + rng.choice([0, 0, 0.01], (n, 2))
    features[: n // 2] += rng.normal(size=(n // 2, 2)) * 5
    labels = rng.integers(0, 3, n).astype(float)
    context = context_of(labels, task="regression", features=features)
    twins = near_duplicate.CHECK.find(context)
    _, same = np.unique(features, axis=0, return_inverse=True)
    for gap in (0.0, 1.0):
        spread = np.subtract(*np.percentile(labels, [75, 25])) or 2 * labels.std()
        if not spread:
            continue
        found = duplicate_conflict.CHECK.find(context, label_gap=gap / spread)
        wanted = naive(twins.info["near_duplicate_sets"], same.ravel(), labels, gap)
        assert np.array_equal(found.is_issue, wanted)
        assert (found.scores[~wanted] == 1).all()
        assert (found.scores[wanted] < 1).all()
        other = found.evidence["conflicting_row"]
        assert (np.abs(labels[other] - labels)[wanted] > gap).all()
        assert np.array_equal(other >= 0, wanted)


def test_near_duplicates_are_those_of_their_check():
    planted = planted_digits(1)
    context = context_of(planted.labels, features=planted.features)
    alone = duplicate_conflict.CHECK.find(context)
    context.findings["near_duplicate"] = near_duplicate.CHECK.find(context)
    assert np.array_equal(duplicate_conflict.CHECK.find(context).scores, alone.scores)
    context.findings["near_duplicate"] = near_duplicate.CHECK.find(context, threshold=0.0)
    assert duplicate_conflict.CHECK.find(context).num_issues == 0
    narrow = knn_graph(planted.features, k=2)
    found = duplicate_conflict.CHECK.find(context_of(planted.labels, given_graph=narrow))
    assert np.array_equal(found.is_issue, alone.is_issue)


def test_bad_arguments():
    planted = planted_digits(0)
    context = context_of(planted.labels, features=planted.features)
    with pytest.raises(ValueError, match=r"split has shape \(3,\)"):
        duplicate_conflict.CHECK.find(context, split=["a", "b", "a"])
    with pytest.raises(TypeError, match="label_gap"):
        duplicate_conflict.CHECK.find(context, label_gap="wide")
