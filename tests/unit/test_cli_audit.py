"""What ``cupel audit --compat`` computes: cleanlab's defaults."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from cli_data import NAMES, planted
from cupel.cli.audit import run_audit
from cupel.cli.estimates import suggest_labels
from cupel.cli.methods import Methods
from cupel.cli.wording import percent
from cupel.count import compute_confident_joint, get_confident_thresholds
from cupel.filter import find_label_issues
from cupel.rank import get_label_quality_scores

compat_audit = partial(run_audit, compat=True)


def test_the_list_is_the_library_s():
    labels, probs = planted()
    audit = compat_audit(labels, probs)
    expected = find_label_issues(labels, probs, return_indices_ranked_by="self_confidence")
    np.testing.assert_array_equal(audit.rows, expected)
    np.testing.assert_array_equal(audit.given, labels[expected])
    scores = get_label_quality_scores(labels, probs)
    np.testing.assert_array_equal(audit.scores, scores[expected])
    np.testing.assert_array_equal(audit.thresholds, get_confident_thresholds(labels, probs))
    assert audit.n_suspects == len(expected) > 5
    assert audit.share == len(expected) / len(labels)
    assert audit.methods == Methods("prune_by_noise_rate", "self_confidence", compat=True)
    assert audit.posterior is None


@pytest.mark.parametrize("filter_by", ["both", "low_normalized_margin", "predicted_neq_given"])
@pytest.mark.parametrize("rank_by", ["normalized_margin", "confidence_weighted_entropy"])
def test_options_reach_the_library(filter_by, rank_by):
    labels, probs = planted(seed=3)
    audit = compat_audit(labels, probs, filter_by=filter_by, rank_by=rank_by)
    expected = find_label_issues(
        labels, probs, filter_by=filter_by, return_indices_ranked_by=rank_by
    )
    np.testing.assert_array_equal(audit.rows, expected)


def test_classes_and_pairs_add_up():
    labels, probs = planted()
    audit = compat_audit(labels, probs, class_names=NAMES)
    np.testing.assert_array_equal(audit.class_counts, np.bincount(labels))
    assert audit.class_suspects.sum() == audit.n_suspects
    pairs = audit.confused_pairs()
    assert sum(pair.n_suspects for pair in pairs) == audit.n_suspects
    assert [pair.n_suspects for pair in pairs] == sorted(
        (p.n_suspects for p in pairs), reverse=True
    )
    assert all(pair.given != pair.suggested for pair in pairs)
    assert audit.confused_pairs(2) == pairs[:2]
    joint = compute_confident_joint(labels, probs)
    assert isinstance(audit.estimated_errors, int)
    assert audit.estimated_errors == joint.sum() - np.trace(joint)
    np.testing.assert_allclose(audit.class_noise, 1 - np.diag(joint) / joint.sum(axis=1))


def test_suggestion_is_the_likeliest_other_class():
    rng = np.random.default_rng(1)
    probs = rng.integers(0, 4, (500, 5)) / 4  # full of ties
    given = rng.integers(0, 5, 500)
    rows = rng.permutation(500)[:123]
    suggested, given_probs, suggested_probs = suggest_labels(given[rows], probs, rows)
    for i, row in enumerate(rows):
        others = [(-probs[row, k], k) for k in range(5) if k != given[row]]
        assert suggested[i] == min(others)[1]
        assert given_probs[i] == probs[row, given[row]]
        assert suggested_probs[i] == probs[row, suggested[i]]


def test_suggestions_do_not_depend_on_blocks(monkeypatch):
    labels, probs = planted()
    rows = np.arange(len(labels))
    whole = suggest_labels(labels, probs, rows)
    monkeypatch.setattr("cupel.cli.estimates._BLOCK_CELLS", 30)
    for a, b in zip(whole, suggest_labels(labels, probs, rows), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f8"])
def test_other_dtypes(dtype):
    labels, probs = planted()
    audit = compat_audit(labels, probs.astype(dtype))
    assert audit.n_suspects > 5
    assert audit.given_probs.dtype == audit.thresholds.dtype == np.float64


def test_reasons_in_words():
    labels = np.array([0, 0, 1, 1, 1, 0])
    probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.95, 0.05], [0.845, 0.155]])
    audit = compat_audit(labels, probs, class_names=["cat", "dog"])
    assert audit.rows.tolist() == [4]
    assert audit.reason(0) == "given label 5% likely; 'cat' at 0.95, above its threshold 0.85"
    unnamed = compat_audit(labels, probs)
    assert unnamed.reason(0) == "given label 5% likely; class 0 at 0.95, above its threshold 0.85"


def test_reason_below_the_threshold_and_close_numbers():
    labels, probs = planted(seed=5)
    audit = compat_audit(labels, probs, filter_by="predicted_neq_given")
    for i in range(audit.n_suspects):
        above = audit.suggested_probs[i] > audit.thresholds[audit.suggested[i]]
        assert (", above its threshold" in audit.reason(i)) == above
        shown = audit.reason(i).split(" at ")[1]
        assert shown.split(",")[0] != shown.split("threshold ")[1]


def test_reason_where_the_given_label_is_the_likeliest():
    labels, probs = planted(n=40, seed=2)
    audit = compat_audit(labels, probs, filter_by="low_self_confidence")
    object.__setattr__(audit, "given_probs", np.full(audit.n_suspects, 0.6))
    object.__setattr__(audit, "suggested_probs", np.full(audit.n_suspects, 0.3))
    assert "60% likely, still the likeliest; next class" in audit.reason(0)


def test_class_without_examples_has_no_threshold():
    labels, probs = planted(k=4)
    rows = labels != 2
    labels, probs = labels[rows], probs[rows].copy()
    probs[0] = [0.01, 0.01, 0.97, 0.01]
    audit = compat_audit(labels, probs, class_names=NAMES, filter_by="predicted_neq_given")
    assert np.isnan(audit.thresholds[2])
    assert np.isnan(audit.class_noise[2])
    assert audit.class_counts[2] == 0
    position = audit.rows.tolist().index(0)
    assert audit.reason(position).endswith("'räka' at 0.97, a class that no row is labelled with")


def test_rows_that_are_not_finite():
    labels, probs = planted()
    bad = probs.copy()
    bad[[3, 50], 1] = np.nan, np.inf
    with pytest.raises(ValueError, match="3"):
        compat_audit(labels, bad)
    audit = compat_audit(labels, bad, nan="drop")
    keep = np.delete(np.arange(len(labels)), [3, 50])
    expected = compat_audit(labels[keep], probs[keep])
    assert audit.n_dropped == 2
    assert audit.n_used == len(keep)
    np.testing.assert_array_equal(audit.rows, keep[expected.rows])
    np.testing.assert_array_equal(audit.class_counts, expected.class_counts)
    np.testing.assert_array_equal(audit.class_noise, expected.class_noise)
    assert audit.share == expected.share


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="at least two classes"):
        compat_audit(np.zeros(3, np.int64), np.ones((3, 1)))


def test_inputs_are_left_alone():
    labels, probs = planted()
    labels.setflags(write=False)
    probs.setflags(write=False)
    compat_audit(labels, probs, n_jobs=2)


def test_percent():
    shares = [0, 1e-9, 0.00099, 0.001, 0.0449, 0.1, 0.125, 0.5, 0.989, 0.9914, 0.9999, 1]
    assert [percent(share) for share in shares] == [
        *("0%", "<0.1%", "<0.1%", "0.1%", "4.5%", "10%", "12%", "50%"),
        *("99%", "99.1%", ">99.9%", "100%"),
    ]
