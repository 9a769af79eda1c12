"""What ``cupel audit`` computes by default: the noise posterior."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from cli_data import NAMES, faultless, noisy, planted
from compare import assert_identical
from cupel import _core
from cupel.cli.audit import run_audit
from cupel.cli.estimates import Posterior
from cupel.cli.methods import POSTERIOR, Methods
from cupel.count import get_confident_thresholds
from cupel.filter import find_label_issues
from cupel.posterior import estimate_label_errors, fit_noise_model, get_label_posteriors
from cupel.rank import get_label_quality_scores


def test_the_list_is_the_library_s():
    labels, probs, _true = noisy()
    audit = run_audit(labels, probs)
    rows = find_label_issues(labels, probs, filter_by=POSTERIOR, return_indices_ranked_by=POSTERIOR)
    np.testing.assert_array_equal(audit.rows, rows)
    np.testing.assert_array_equal(audit.given, labels[rows])
    scores = get_label_quality_scores(labels, probs, method=POSTERIOR)
    np.testing.assert_array_equal(audit.scores, scores[rows])
    assert (np.diff(audit.scores) >= 0).all()
    np.testing.assert_allclose(audit.thresholds, get_confident_thresholds(labels, probs))
    assert audit.methods == Methods(POSTERIOR, POSTERIOR, compat=False)


def test_suggestions_are_the_library_s():
    labels, probs, _true = noisy()
    audit = run_audit(labels, probs)
    found = get_label_posteriors(labels, probs)
    np.testing.assert_array_equal(audit.suggested, found.suggested_label[audit.rows])
    assert (audit.suggested != audit.given).all()
    posterior = audit.posterior
    np.testing.assert_array_equal(posterior.error_probability, found.error_probability[audit.rows])
    np.testing.assert_array_equal(
        posterior.suggested_probability, found.suggested_probability[audit.rows]
    )
    np.testing.assert_array_equal(audit.given_probs, probs[audit.rows, audit.given])
    np.testing.assert_array_equal(audit.suggested_probs, probs[audit.rows, audit.suggested])


def test_expected_errors_are_the_library_s():
    labels, probs, _true = noisy()
    audit = run_audit(labels, probs)
    whole = estimate_label_errors(labels, probs)
    assert audit.estimated_errors == audit.posterior.expected.total
    for name in ("total", "standard_error", "per_class", "per_class_standard_error"):
        assert_identical(getattr(audit.posterior.expected, name), getattr(whole, name))
    counts = np.bincount(labels)
    np.testing.assert_array_equal(audit.class_counts, counts)
    assert_identical(audit.class_noise, whole.per_class / counts)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_planted_errors_are_found_named_and_counted(seed):
    labels, probs, true = noisy(seed=seed)
    wrong = labels != true
    audit, compat = run_audit(labels, probs), run_audit(labels, probs, compat=True)

    def judged(audit):
        hits = wrong[audit.rows]
        precision, recall = hits.mean(), hits.sum() / wrong.sum()
        named = (audit.suggested == true[audit.rows])[hits].mean()
        first = hits[: wrong.sum() // 4].mean()
        return 2 * precision * recall / (precision + recall), named, first

    assert (np.array(judged(audit)) > [0.85, 0.9, 0.9]).all()  # F1, suggestions, first quarter
    assert (np.array(judged(audit)) > judged(compat)).all()
    assert audit.estimated_errors == pytest.approx(wrong.sum(), rel=0.1)
    by_class = np.bincount(labels, weights=wrong)
    np.testing.assert_allclose(audit.posterior.expected.per_class, by_class, rtol=0.25)
    np.testing.assert_allclose(audit.class_noise, by_class / audit.class_counts, rtol=0.25)
    assert abs(compat.estimated_errors - wrong.sum()) > 0.3 * wrong.sum()


def test_the_posterior_is_computed_once(monkeypatch):
    calls = []
    for name in ("fit_noise_model", "label_posteriors"):
        function = getattr(_core, name)

        def counted(*args, name=name, function=function):
            calls.append(name)
            return function(*args)

        monkeypatch.setattr(_core, name, counted)
    run_audit(*planted())
    assert calls == ["fit_noise_model", "label_posteriors"]
    run_audit(*planted(), compat=True)
    assert len(calls) == 2


def test_thresholds_are_the_confident_ones_whatever_the_model_measures_by():
    """One class is rare, so that the fit measures by peaks."""
    rng = np.random.default_rng(0)
    true = (rng.random(4000) < 0.05).astype(int)
    labels = np.where(rng.random(4000) < 0.15, 1 - true, true)
    belief = np.clip(np.where(true == 1, 0.75, 0.15) + 0.1 * rng.standard_normal(4000), 0.01, 0.99)
    probs = np.stack([1 - belief, belief], axis=1)
    confident = get_confident_thresholds(labels, probs)
    assert not np.allclose(fit_noise_model(labels, probs).thresholds, confident, rtol=0.05)
    np.testing.assert_allclose(run_audit(labels, probs).thresholds, confident)


@pytest.mark.parametrize("compat", [False, True])
@pytest.mark.parametrize("filter_by", [None, POSTERIOR, "both", "low_self_confidence"])
@pytest.mark.parametrize("rank_by", [None, POSTERIOR, "normalized_margin"])
def test_single_choices_can_be_made(compat, filter_by, rank_by):
    labels, probs, _true = noisy(n=1000)
    audit = run_audit(labels, probs, compat=compat, filter_by=filter_by, rank_by=rank_by)
    expected = find_label_issues(
        labels,
        probs,
        filter_by=filter_by or ("prune_by_noise_rate" if compat else POSTERIOR),
        return_indices_ranked_by=rank_by or ("self_confidence" if compat else POSTERIOR),
    )
    np.testing.assert_array_equal(audit.rows, expected)
    usual = run_audit(labels, probs, compat=compat)
    assert (audit.posterior is None) == compat
    assert audit.estimated_errors == usual.estimated_errors
    np.testing.assert_array_equal(audit.class_noise, usual.class_noise)
    everywhere = dict(zip(usual.rows.tolist(), usual.suggested.tolist(), strict=True))
    shared = [i for i, row in enumerate(audit.rows.tolist()) if row in everywhere]
    assert shared
    assert all(audit.suggested[i] == everywhere[int(audit.rows[i])] for i in shared)


def with_posterior(audit, wrong, other):
    """Let the posterior say the same of all suspects."""
    told = Posterior(*(np.full(audit.n_suspects, p) for p in (wrong, other)), expected=None)
    object.__setattr__(audit, "posterior", told)
    for name, value in (("given_probs", 0.12), ("suggested_probs", 0.705)):
        object.__setattr__(audit, name, np.full(audit.n_suspects, value))
    return audit.reason(0)


def test_reasons_in_words():
    audit = run_audit(*planted(), class_names=NAMES)
    name = f"'{NAMES[audit.suggested[0]]}'"
    assert with_posterior(audit, 0.97, 0.94) == (
        f"given label 3% likely, {name} at 94%; by the model alone 12% and 70%"
    )
    assert with_posterior(audit, 0.55, 0.3) == (
        f"given label 45% likely, still the likeliest; next {name} at 30%; "
        "by the model alone 12% and 70%"
    )
    unnamed = run_audit(*planted())
    assert f"class {unnamed.suggested[0]} at 94%" in with_posterior(unnamed, 0.97, 0.94)


def test_a_posterior_is_never_certain():
    audit = run_audit(*planted())
    assert with_posterior(audit, 1.0, 1.0).startswith("given label <0.1% likely, class ")
    assert " at >99.9%; " in with_posterior(audit, 1.0, 1.0)
    assert ">99.9% likely, still the likeliest" in with_posterior(audit, 0.0, 0.0)


def test_remarks_follow():
    audit = run_audit(*planted())
    object.__setattr__(audit, "remarks", {int(audit.rows[0]): "also an outlier"})
    assert audit.reason(0).endswith("; also an outlier")
    assert not audit.reason(1).endswith("; also an outlier")


def test_rows_that_are_not_finite():
    labels, probs, _true = noisy(n=1000)
    bad = probs.copy()
    bad[[3, 50], 1] = np.nan, np.inf
    with pytest.raises(ValueError, match="3"):
        run_audit(labels, bad)
    audit = run_audit(labels, bad, nan="drop")
    keep = np.delete(np.arange(len(labels)), [3, 50])
    expected = run_audit(labels[keep], probs[keep])
    assert audit.n_dropped == 2
    np.testing.assert_array_equal(audit.rows, keep[expected.rows])
    np.testing.assert_array_equal(audit.suggested, expected.suggested)
    np.testing.assert_array_equal(audit.class_counts, expected.class_counts)
    np.testing.assert_array_equal(audit.class_noise, expected.class_noise)
    assert audit.estimated_errors == expected.estimated_errors
    assert audit.reason(0) == expected.reason(0)


def test_class_without_examples():
    labels, probs = planted(k=4)
    rows = labels != 2
    labels, probs = labels[rows], probs[rows].copy()
    audit = run_audit(labels, probs, class_names=NAMES)
    assert np.isnan(audit.thresholds[2])
    assert np.isnan(audit.class_noise[2])
    assert audit.class_counts[2] == 0
    assert audit.posterior.expected.per_class[2] == 0
    assert all(audit.reason(i) for i in range(audit.n_suspects))


def test_nothing_to_find():
    audit = run_audit(*faultless())
    assert audit.n_suspects == 0
    assert audit.confused_pairs() == []
    assert audit.estimated_errors < 1


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f8"])
def test_other_dtypes(dtype):
    labels, probs, _true = noisy()
    audit, wide = run_audit(labels, probs.astype(dtype)), run_audit(labels, probs)
    assert audit.given_probs.dtype == audit.thresholds.dtype == np.float64
    assert audit.suggested_probs.dtype == audit.scores.dtype == np.float64
    assert audit.n_suspects == pytest.approx(wide.n_suspects, rel=0.05)
    assert audit.estimated_errors == pytest.approx(wide.estimated_errors, rel=0.05)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="at least two classes"):
        run_audit(np.zeros(3, np.int64), np.ones((3, 1)))


def test_inputs_are_left_alone():
    labels, probs = planted()
    labels.setflags(write=False)
    probs.setflags(write=False)
    run_audit(labels, probs, n_jobs=2)


def test_threads_change_nothing():
    labels, probs, _true = noisy()
    one, two = (run_audit(labels, probs, n_jobs=n) for n in (1, 2))
    np.testing.assert_array_equal(one.rows, two.rows)
    np.testing.assert_array_equal(one.scores, two.scores)
    assert one.estimated_errors == two.estimated_errors


def test_no_second_matrix():
    labels, probs, _true = noisy(n=30_000, k=100)
    probs = probs.astype(np.float32)
    tracemalloc.start()
    try:
        run_audit(labels, probs)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.5 * probs.nbytes
