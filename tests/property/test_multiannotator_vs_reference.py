"""CROWDLAB's core is its specification, and no number of threads changes a bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from compare import assert_equal, assert_identical
from cupel import _core, multiannotator
from cupel.multiannotator._crowd import Crowd
from cupel.multiannotator._inputs import as_score_kwargs, read_labels
from cupel.reference import multiannotator as reference
from multiannotator_data import annotated_problems, make_annotated, make_unlabeled

CLOSE = {"rtol": 1e-12, "atol": 1e-13, "equal_nan": True}

problems = given(annotated_problems())


def consensus_of(labels: Any, probs: Any) -> Any:
    """Some consensus: the majority, ties to the lowest class."""
    majority, _ = reference.majority_vote(labels, probs.shape[1])
    counts = reference.class_counts(labels, probs.shape[1])
    return np.where(majority < 0, counts.argmax(axis=1), majority)


@problems
def test_counts(problem):
    labels, probs = problem
    marks = _core.Annotations(labels, 1)
    counts = reference.class_counts(labels, probs.shape[2])
    assert_equal(marks.label_counts(by_annotator=False), reference.label_counts(labels))
    assert_equal(marks.label_counts(by_annotator=True), reference.label_counts(labels.T))
    assert_equal(marks.class_totals(), counts.sum(axis=0)[: marks.n_classes])
    assert marks.n_classes == np.flatnonzero(counts.sum(axis=0))[-1] + 1
    for j, column in enumerate(labels.T):
        rows, classes = marks.of_annotator(j)
        assert_equal(rows, np.flatnonzero(~np.isnan(column)))
        assert_equal(classes, column[rows].astype(np.int64))


@problems
def test_majority_vote(problem):
    labels, models = problem
    for probs in (None, models[0]):
        majority, open_votes = reference.majority_vote(labels, models.shape[2], probs)
        votes, rows, begin, classes = _core.Annotations(labels, 1).majority_vote(
            probs, models.shape[2], 1
        )
        assert_equal(votes, majority)
        assert rows.tolist() == list(open_votes)
        for tied, first, last in zip(open_votes.values(), begin[:-1], begin[1:], strict=True):
            assert_equal(classes[first:last], tied)


@problems
def test_weights_and_posterior(problem):
    labels, models = problem
    consensus = consensus_of(labels, models[0])
    if (reference.label_counts(labels) == 1).all():
        return
    crowd = crowd_of(labels, models)
    weighed, verdict = reference.weigh(labels, models, consensus), crowd.judge(consensus)
    np.testing.assert_allclose(
        crowd.peer_agreement, reference.peer_agreement(labels, models.shape[2]), **CLOSE
    )
    assert_equal(verdict.agreement, weighed.agreement)
    np.testing.assert_allclose(verdict.annotator_weights, weighed.annotators, **CLOSE)
    np.testing.assert_allclose(verdict.model_weights, weighed.models, **CLOSE)
    np.testing.assert_allclose(verdict.posterior, weighed.posterior, **CLOSE)
    np.testing.assert_allclose(
        verdict.quality, weighed.posterior[np.arange(len(consensus)), consensus], **CLOSE
    )


def crowd_of(labels: Any, models: Any) -> Crowd:
    return Crowd(read_labels(labels, 1), list(models), 1, as_score_kwargs(None), packed=True)


@problems
def test_leading_classes(problem):
    labels, models = problem
    consensus = consensus_of(labels, models[0])
    expected = reference.leading_classes(models[0], consensus)
    assert_equal(_core.leading_classes(models[0], consensus, 1), expected)


@problems
def test_calibration(problem):
    labels, models = problem
    marks, n_classes = _core.Annotations(labels, 1), models.shape[2]
    for packed in (True, False):
        shares = reference.label_shares(labels, n_classes, packed=packed)
        assert_equal(marks.label_shares(n_classes, packed, 1), shares)
        # Temperatures may tie up to rounding, so that losses are compared, and what they tell apart.
        found = marks.best_temperature(models[0], packed, 1)
        grids = [reference.COARSE_TEMPERATURES]
        grids += [reference.fine_temperatures(t) for t in reference.COARSE_TEMPERATURES]
        assert any(found in grid for grid in grids)
        best = reference.best_temperature(labels, models[0], packed=packed)
        losses = [reference.cross_entropy(shares, models[0], t) for t in (found, best)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-9, abs=1e-12)
    for temperature in (0.1, 0.65, 7.25):
        np.testing.assert_allclose(
            _core.temper(models[0], temperature, 1),
            reference.temper(models[0], temperature),
            **CLOSE,
        )


@pytest.mark.parametrize("packed", [True, False])
def test_best_temperature(packed):
    for seed in range(20):
        labels, models = make_annotated(seed, accuracy=0.8)
        probs = reference.temper(models[0], (0.05, 0.2, 0.7, 1.0, 3.0, 12.0)[seed % 6])
        expected = reference.best_temperature(labels, probs, packed=packed)
        assert _core.Annotations(labels, 1).best_temperature(probs, packed, 1) == expected


@problems
def test_annotators(problem):
    labels, models = problem
    consensus = consensus_of(labels, models[0])
    quality = models[0][np.arange(len(consensus)), consensus]
    labels = labels[:, ~np.isnan(labels).all(axis=0)]
    rows, columns = np.nonzero(~np.isnan(labels))
    scores = np.full(labels.shape, np.nan)
    scores[rows, columns] = models[0][rows, labels[rows, columns].astype(int)]

    marks, n_classes = _core.Annotations(labels, 1), models.shape[2]
    of_labels = marks.label_scores(models[0], 1)
    assert_equal(of_labels, scores.T[~np.isnan(scores.T)])
    spread = marks.spread_scores(of_labels, 1)
    assert spread.flags.f_contiguous
    assert_equal(spread, scores)
    summary = reference.summarize_annotators(labels, consensus, quality, scores, n_classes)
    found = marks.summarize(consensus, quality, of_labels, n_classes, 1)
    np.testing.assert_allclose(found[0], summary.mean_score, **CLOSE)
    assert_equal(found[1], summary.agreement)
    assert_equal(found[2], summary.shared_agreement)
    assert_equal(found[3], summary.worst_class)


@problems
def test_annotator_weights(problem):
    labels, _ = problem
    weights = np.linspace(0.1, 1.0, labels.shape[1])
    expected = (~np.isnan(labels) * weights).sum(axis=1)
    found = _core.Annotations(labels, 1).weight_sums(weights, 1)
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_active_learning():
    """The labeled examples' scores, from the steps of the specification."""
    labels, models = make_annotated(3, models=2)
    at = [reference.best_temperature(labels, p, packed=True) for p in models]
    tempered = np.stack([reference.temper(p, t) for p, t in zip(models, at, strict=True)])
    majority, open_votes = reference.majority_vote(labels, 4, tempered.mean(axis=0))
    assert not open_votes
    posterior = reference.weigh(labels, tempered, majority).posterior
    consensus = reference.leading_classes(posterior, majority)
    weighed = reference.weigh(labels, tempered, consensus)
    sources = (~np.isnan(labels) * weighed.annotators).sum(axis=1) + weighed.models.sum()
    own = weighed.posterior[np.arange(40), consensus]
    expected = reference.active_learning_scores(own, sources, weighed.annotators.mean(), 4)
    found, _ = multiannotator.get_active_learning_scores_ensemble(labels, models)
    np.testing.assert_allclose(found, expected, **CLOSE)


def bits(result: Any) -> list[Any]:
    """The arrays in a result, in order."""
    if isinstance(result, dict):
        return [a for value in result.values() for a in bits(value)]
    if hasattr(result, "columns"):
        return [result[name].to_numpy() for name in result.columns]
    return list(result) if isinstance(result, tuple) else [np.asarray(result)]


@pytest.fixture(scope="module")
def large() -> tuple[Any, Any, Any]:
    labels, models = make_annotated(
        0, rows=70_000, annotators=12, classes=8, density=0.25, models=2, accuracy=0.6
    )
    return labels, models, make_unlabeled(0, rows=70_000, classes=8, models=2)


def test_threads(large):
    """Enough rows for several threads: the same bits."""
    labels, models, unlabeled = large
    calls = [
        lambda n: multiannotator.get_label_quality_multiannotator(
            labels,
            models[0],
            consensus_method=["majority_vote", "best_quality"],
            calibrate_probs=True,
            return_weights=True,
            n_jobs=n,
        ),
        lambda n: multiannotator.get_label_quality_multiannotator(
            labels, models[0], quality_method="agreement", label_shares="by_class", n_jobs=n
        ),
        lambda n: multiannotator.get_label_quality_multiannotator_ensemble(
            labels, models, label_quality_score_kwargs={"method": "normalized_margin"}, n_jobs=n
        ),
        lambda n: multiannotator.get_active_learning_scores_ensemble(
            labels, models, unlabeled, n_jobs=n
        ),
        lambda n: multiannotator.get_majority_vote_label(labels, models[1], n_jobs=n),
    ]
    for call in calls:
        for a, b in zip(bits(call(1)), bits(call(3)), strict=True):
            assert_identical(a, b)


def test_first_bad_label_is_named_whatever_the_threads(large):
    labels = large[0].copy()
    labels[[20_000, 60_000], [3, 1]] = [-1.0, 0.5]
    for threads in (1, 3):
        with pytest.raises(ValueError, match=r"labels_multiannotator\[20000, 3\] is -1"):
            _core.Annotations(labels, threads)
