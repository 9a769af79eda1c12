"""Examples with two plausible labels, apart from errors."""

from __future__ import annotations

import numpy as np
import pytest
from tests.review_data import audit_of, context_of, finding_of
from tests.strategies import real_data

from cupel.datalab.checks import ambiguous
from cupel.filter import find_label_issues
from cupel.posterior import get_label_posteriors


def clusters(seed=0, n=400, k=4):
    """Labels drawn from sure probabilities; ten rows between two classes; ten errors."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    probs = np.full((n, k), 0.02)
    probs[np.arange(n), truth] = 1 - 0.02 * (k - 1)
    given = np.array([rng.choice(k, p=p) for p in probs])
    other = (given + 1) % k
    between, wrong = np.arange(10), np.arange(10, 20)
    probs[:20] = 0.01
    probs[between, given[between]] = 0.49 + rng.uniform(-0.03, 0.03, 10)
    probs[between, other[between]] = 0.98 - probs[between, given[between]]
    probs[wrong, other[wrong]] = 0.97
    return given, probs, between, wrong, other


def test_rows_between_two_classes_are_found_and_errors_are_not():
    given, probs, between, wrong, other = clusters()
    context = context_of(given, pred_probs=probs)
    kept = given.copy(), probs.copy()
    found = ambiguous.CHECK.find(context)
    assert np.array_equal(np.flatnonzero(found.is_issue), between)
    assert (found.scores[wrong] == 1).all()
    assert np.array_equal(given, kept[0])
    assert np.array_equal(probs, kept[1])
    pair = np.sort([found.evidence["first_class"], found.evidence["second_class"]], axis=0)
    assert np.array_equal(pair[:, between], np.sort([given, other], axis=0)[:, between])
    assert (found.evidence["first_probability"] >= found.evidence["second_probability"]).all()
    text = ambiguous.explain(audit_of(given)._record, found, 0)
    assert f"{100 * found.evidence['first_probability'][0]:.0f} %" in text


def test_the_label_check_has_the_last_word():
    given, probs, between, *_ = clusters()
    flagged = np.zeros(len(given), bool)
    flagged[between[:4]] = True
    context = context_of(given, pred_probs=probs, findings={"label": finding_of("label", flagged)})
    found = ambiguous.CHECK.find(context)
    assert np.array_equal(np.flatnonzero(found.is_issue), between[4:])


def test_names_of_classes_are_shown():
    given, probs, *_ = clusters()
    names = np.array(["ant", "bee", "cat", "dog"])
    context = context_of(names[given], pred_probs=probs)
    found = ambiguous.CHECK.find(context)
    assert set(found.columns["first_class"]) <= set(names)
    assert sum(count for *_, count in found.info["class_pairs"]) == found.num_issues


def test_threshold_is_checked_and_used():
    given, probs, *_ = clusters()
    context = context_of(given, pred_probs=probs)
    assert ambiguous.CHECK.find(context, threshold=0.0).num_issues == 0
    for bad, kind in ((2.0, ValueError), ("half", TypeError)):
        with pytest.raises(kind, match="threshold"):
            ambiguous.CHECK.find(context, threshold=bad)
    with pytest.raises(ValueError, match="columns"):
        ambiguous.CHECK.find(context_of(np.array(list("abcd"))[given], pred_probs=probs[:, :3]))


def test_blocks_of_rows_are_seamless(monkeypatch):
    given, probs, *_ = clusters()
    context = context_of(given, pred_probs=probs.astype(np.float32))
    whole = ambiguous.CHECK.find(context).scores
    monkeypatch.setattr(ambiguous, "_BLOCK", 7)
    assert np.array_equal(ambiguous.CHECK.find(context).scores, whole)


def test_sets_of_classes():
    """Both sets that are likely, the given one among them, and no more than these two."""
    probs = np.array([[0.99, 0.52, 0.01], [0.99, 0.02, 0.01], [0.01, 0.48, 0.99], [0.5, 0.5, 0.5]])
    context = context_of([[0], [0, 1, 2], [0], [1]], task="multilabel", pred_probs=probs)
    found = ambiguous.CHECK.find(context)
    assert found.is_issue.tolist() == [True, False, False, False]
    a, b = 0.99 * 0.52 * 0.99, 0.99 * 0.48 * 0.99
    assert found.scores[0] == pytest.approx(1 - (a + b) * b / a)
    assert found.evidence["first_class"][0] == 1
    lab = audit_of([[0], [0, 1, 2], [0], [1]], task="multilabel")
    assert "1" in ambiguous.explain(lab._record, found, 0)


@pytest.mark.parametrize("name", ["cifar10", "mnist"])
def test_human_votes(name):
    """No label that people voted down counts as ambiguous, and few of all rows do."""
    data = real_data(f"{name}_test_set")
    labels = data["given_labels"].astype(np.int64)
    found = ambiguous.CHECK.find(context_of(labels, pred_probs=data["pred_probs"]))
    votes = data["reviewed_votes_given_guessed_neither_both"]
    shares = votes / votes.sum(axis=1, keepdims=True)
    wrong = data["reviewed_ids"][shares[:, 1] >= 0.6]
    assert not found.is_issue[wrong].any()
    assert found.is_issue.mean() < 0.05
    mistaken = get_label_posteriors(labels, data["pred_probs"]).likely_wrong()
    assert not (found.is_issue & mistaken).any()
    assert np.mean(found.is_issue & find_label_issues(labels, data["pred_probs"])) < 0.001
    if name == "mnist":  # on the other set votes say nothing that any score here could see
        split = shares.max(axis=1) <= 0.6
        unanimous = shares.max(axis=1) == 1
        scores = found.scores[data["reviewed_ids"]]
        pairs = scores[split][:, None] - scores[unanimous]
        assert np.mean((pairs < 0) + 0.5 * (pairs == 0)) > 0.6
