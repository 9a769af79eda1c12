"""The noise posterior: small cases by hand, its place in rank, filter and Scorer, and simulations."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import cupel
from compare import assert_equal, assert_identical
from cupel import filter, posterior, rank, reference
from strategies import make_multilabel_problem, make_problem

Array = NDArray[Any]

BOTH = pytest.mark.parametrize(
    "module", [posterior, reference.posterior], ids=["core", "reference"]
)
SYMMETRIC = [[0.75, 0.25], [0.25, 0.75]]


def make_model(module: Any, thresholds: Any, noise: Any, temperature: float = 1.0) -> Any:
    return module.NoiseModel(np.array(thresholds, float), np.array(noise, float), temperature)


def near_identity(k: int) -> Array:
    return 0.5 * np.eye(k) + 0.5 / k


# ---- by hand ------------------------------------------------------------------------------------


@BOTH
def test_both_labels_by_hand(module: Any) -> None:
    model = make_model(module, [0.5, 0.5], [[0.75, 0.5], [0.25, 0.5]], 3.0)
    found = module.get_label_posteriors([0, 1], np.full((2, 2), 0.5), noise_model=model)
    # p = (1/2, 1/2), T pi0 = (5/8, 3/8), w = (4/5, 4/3), c = (14/15, 16/15), pi1 = (7, 8) / 15
    pi = [7**3, 8**3]
    of_0 = Fraction(2 * pi[1], 3 * pi[0] + 2 * pi[1])
    of_1 = Fraction(pi[0], pi[0] + 2 * pi[1])
    np.testing.assert_allclose(found.error_probability, [float(of_0), float(of_1)], rtol=1e-14)
    assert_identical(found.suggested_probability, found.error_probability)


@BOTH
def test_even_probabilities_leave_the_noise_rates(module: Any) -> None:
    """Rows of a noise matrix that sum to 1 are what it says of equally likely classes."""
    noise = [[0.6, 0.3, 0.1], [0.1, 0.6, 0.3], [0.3, 0.1, 0.6]]
    p = np.full((3, 3), 1 / 3)
    model = make_model(module, np.ones(3), noise, 5.0)
    np.testing.assert_allclose(module.get_true_label_probs(range(3), p, noise_model=model), noise)
    found = module.get_label_posteriors(range(3), p, noise_model=model)
    assert found.suggested_label.tolist() == [1, 2, 0]
    for values, expected in zip(found, (0.65, 0.4, [1, 2, 0], 0.3), strict=True):
        np.testing.assert_allclose(values, expected, rtol=1e-14)


@BOTH
def test_every_step_by_hand(module: Any) -> None:
    """Thresholds (1/2, 3/2) and p = (2, 3) / 5 give pi0 = (2, 1) / 3, T pi0 = (7, 5) / 12.

    Then w = (24 / 35, 36 / 25), c = (153, 219) / 175, pi1 = (102, 73) / 175, and with temperature
    2 pi2 ~ (10404, 5329); the label 1 makes that q = (10404, 15987) / 26391.
    """
    model = make_model(module, [0.5, 1.5], SYMMETRIC, 2.0)
    q = module.get_true_label_probs([1], [[0.4, 0.6]], noise_model=model)
    np.testing.assert_allclose(q, [[10404 / 26391, 15987 / 26391]], rtol=1e-14)
    found = module.get_label_posteriors([1], [[0.4, 0.6]], noise_model=model)
    np.testing.assert_allclose(found.scores, [(15987 - 10404 + 26391) / 52782], rtol=1e-14)
    errors = module.estimate_label_errors([1], [[0.4, 0.6]], noise_model=model)
    np.testing.assert_allclose(errors.total, 10404 / 26391, rtol=1e-14)
    np.testing.assert_allclose(errors.per_class, [0, 10404 / 26391], rtol=1e-14)
    variance = 10404 * 15987 / 26391**2
    np.testing.assert_allclose(errors.standard_error**2, variance, rtol=1e-14)
    np.testing.assert_allclose(errors.per_class_standard_error**2, [0, variance], rtol=1e-14)


@BOTH
def test_certain_probabilities_are_trusted_to_a_trillionth(module: Any) -> None:
    """A prior of 0 counts as 1e-12: p = (1, 0) stays so, and q = (1, 3e-12) / (1 + 3e-12)."""
    model = make_model(module, [1.0, 1.0], SYMMETRIC)
    q = module.get_true_label_probs([1, 0], [[1.0, 0.0]] * 2, noise_model=model)
    np.testing.assert_allclose(q[0], [1 - 3e-12, 3e-12], rtol=1e-11)
    np.testing.assert_allclose(q[1], [1, 1e-12 / 3], rtol=1e-11)


@BOTH
def test_a_row_of_zeros_says_nothing(module: Any) -> None:
    model = make_model(module, [0.5, 0.25], [[0.75, 0.5], [0.25, 0.5]])
    for row in ([0.0, 0.0], [-1e-7, 0.0], [1e-310, 1e-310]):
        q = module.get_true_label_probs([0, 1], [row] * 2, noise_model=model)
        np.testing.assert_allclose(q, [[0.6, 0.4], [1 / 3, 2 / 3]], rtol=1e-14)


@BOTH
def test_ties_suggest_the_lower_class(module: Any) -> None:
    model = make_model(module, np.ones(4), near_identity(4))
    p = np.full((4, 4), 0.25)
    found = module.get_label_posteriors(range(4), p, noise_model=model)
    assert found.suggested_label.tolist() == [1, 0, 0, 0]


@BOTH
def test_one_class(module: Any) -> None:
    labels, p = [0, 0, 0], np.array([[1.0], [0.25], [0.0]])
    model = module.fit_noise_model(labels, p)
    assert (np.asarray(model.noise_matrix).tolist(), model.temperature) == ([[1.0]], 1.0)
    found = module.get_label_posteriors(labels, p)
    assert found.scores.tolist() == found.suggested_probability.tolist() == [1.0] * 3
    assert found.error_probability.tolist() == found.suggested_label.tolist() == [0] * 3
    assert module.get_true_label_probs(labels, p).tolist() == [[1.0]] * 3
    assert module.estimate_label_errors(labels, p).total == 0.0


@BOTH
def test_sixteen_classes_are_listed(module: Any) -> None:
    k = 20
    model = make_model(module, np.ones(k), near_identity(k))
    falling = np.arange(k, 0, -1) / 210
    rows = np.array([falling, falling, np.full(k, 0.05), np.full(k, 0.05), falling[::-1]])
    q = module.get_true_label_probs([3, 19, 5, 18, 0], rows, noise_model=model)
    first = list(range(16))
    listed = [first, [*first[:-1], 19], first, [*first[:-1], 18], [0, *range(5, 20)]]
    assert [np.flatnonzero(row).tolist() for row in q] == listed
    # Class 17 is rare, so that its ratio is the largest.
    scaled = make_model(module, np.where(np.arange(k) == 17, 0.001, 1), near_identity(k))
    q = module.get_true_label_probs([3], rows[:1], noise_model=scaled)
    assert np.flatnonzero(q[0]).tolist() == [*first[:-1], 17]


@BOTH
def test_the_noise_is_counted(module: Any) -> None:
    """Three in four labels of either sort of row are right, and the confident joint says so too."""
    labels = [0, 0, 0, 1, 1, 1, 1, 0]
    p = np.array([[0.9, 0.1]] * 4 + [[0.1, 0.9]] * 4)
    model = module.fit_noise_model(labels, p)
    np.testing.assert_allclose(model.thresholds, [0.7, 0.7], rtol=1e-15)
    expected = 0.99 * np.array(SYMMETRIC) + 0.005
    np.testing.assert_allclose(model.noise_matrix, expected, rtol=1e-14)


@BOTH
def test_what_ties_but_for_rounding_ties(module: Any) -> None:
    """Rows in proportion to each other have equal priors, so that all count and none is surer."""
    scales = np.geomspace(0.3, 1, 24)
    p = np.concatenate([np.outer(scales, [0.9, 0.1]), np.outer(scales, [0.1, 0.9])])
    labels = np.concatenate([np.arange(24) % 3 > 0, np.ones(24)]).astype(int)
    joint = cupel.count.compute_confident_joint(labels, p, calibrate=False)
    joint = joint * (np.bincount(labels) / joint.sum(axis=1))[:, np.newaxis]
    shares = 0.75 * np.array([[8 / 24, 0], [16 / 24, 1]]) + 0.25 * joint / joint.sum(axis=0)
    model = module.fit_noise_model(labels, p)
    np.testing.assert_allclose(model.noise_matrix, 0.99 * shares + 0.005, rtol=1e-13)


@BOTH
def test_undecided_rows_are_of_no_class(module: Any) -> None:
    """Of rows that tie, none is counted: the confident joint's word stands."""
    labels = np.repeat(np.arange(5), 20)
    p = np.full((100, 5), 0.2)
    noise = module.fit_noise_model(labels, p).noise_matrix
    np.testing.assert_allclose(noise[:, 1:], (0.99 * np.eye(5) + 0.002)[:, 1:], rtol=1e-13)


@BOTH
def test_the_surer_half_is_counted(module: Any) -> None:
    """Of five rows of class 0 the surest three count, and the fourth, which ties with the third.

    Two of their labels are 0 and two are 1. The confident joint knows of no noise.
    """
    p0 = np.array([0.98, 0.96, 0.9, 0.9, 0.8, 0.04, 0.04, 0.04, 0.04])
    labels = [0, 0, 1, 1, 0, 1, 1, 1, 1]
    model = module.fit_noise_model(labels, np.stack([p0, 1 - p0], axis=1))
    np.testing.assert_allclose(model.thresholds, [2.74 / 3, 4.04 / 6], rtol=1e-14)
    shares = np.array([[0.75 * 0.5 + 0.25, 0], [0.75 * 0.5, 1]])
    np.testing.assert_allclose(model.noise_matrix, 0.99 * shares + 0.005, rtol=1e-14)


# ---- the model ----------------------------------------------------------------------------------


def test_a_fitted_model() -> None:
    labels, p = make_problem(2000, 6, 0, "float32", absent=(4,))
    model = cupel.posterior.fit_noise_model(labels, p)
    assert_identical(model.thresholds, cupel.count.get_confident_thresholds(labels, p))
    assert model.thresholds[4] == 2
    np.testing.assert_allclose(model.noise_matrix.sum(axis=0), 1, rtol=1e-14)
    assert (model.noise_matrix >= 0.01 / 6 - 1e-15).all()
    assert 1 / 16 <= model.temperature <= 16
    assert type(model.temperature) is float


def test_models_and_results_can_be_copied() -> None:
    labels, p = make_problem(200, 4, 1)
    model = posterior.fit_noise_model(labels, p)
    expected = posterior.get_label_posteriors(labels, p, noise_model=model)
    for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), copy.copy(model)):
        found = posterior.get_label_posteriors(labels, p, noise_model=again)
        assert_identical(found.scores, expected.scores)
    errors = posterior.estimate_label_errors(labels, p)
    assert pickle.loads(pickle.dumps(errors)).total == errors.total


# ---- rank, filter, Scorer -----------------------------------------------------------------------

METHOD: dict[str, Any] = {"method": "noise_posterior"}
PROBLEMS = {
    "few": (600, 5, "float64"),
    "sixteen": (600, 16, "float16"),
    "many": (600, 30, "float32"),
}


@pytest.fixture(params=PROBLEMS)
def problem(request: pytest.FixtureRequest) -> tuple[Array, Array]:
    n, k, dtype = PROBLEMS[request.param]
    return make_problem(n, k, 4, dtype)


def test_rank(problem: Any) -> None:
    scores = rank.get_label_quality_scores(*problem, **METHOD)
    assert_identical(scores, posterior.get_label_posteriors(*problem).scores)
    mask = np.arange(len(scores)) % 3 == 0
    order = rank.order_label_issues(mask, *problem, rank_by="noise_posterior")
    flagged = np.flatnonzero(mask)
    assert_equal(order, flagged[np.argsort(scores[flagged], kind="stable")])


def test_filter(problem: Any) -> None:
    found = posterior.get_label_posteriors(*problem)
    mask = filter.find_label_issues(*problem, filter_by="noise_posterior")
    assert mask.dtype == np.bool_
    assert mask.any()
    sure = np.abs(found.error_probability - 0.5) > 1e-12
    assert_equal(mask[sure], (found.error_probability > 0.5)[sure])
    flagged = np.flatnonzero(mask)
    for how in ("noise_posterior", "self_confidence"):
        ranked = filter.find_label_issues(
            *problem, filter_by="noise_posterior", return_indices_ranked_by=how
        )
        scores = rank.get_label_quality_scores(*problem, method=how)
        assert_equal(ranked, flagged[np.argsort(scores[flagged], kind="stable")])
    ranked = filter.find_label_issues(*problem, return_indices_ranked_by="noise_posterior")
    flagged = np.flatnonzero(filter.find_label_issues(*problem))
    assert_equal(ranked, flagged[np.argsort(found.scores[flagged], kind="stable")])


def test_scorer(problem: Any) -> None:
    labels, p = problem
    scorer = cupel.Scorer.fit(labels, p, **METHOD)
    model = posterior.fit_noise_model(labels, p)
    of_model = cupel.Scorer.from_noise_model(model)
    assert_identical(of_model.thresholds, model.thresholds)
    found = posterior.get_label_posteriors(labels, p)
    pickled = pickle.loads(pickle.dumps(scorer))
    for again in (scorer, of_model, pickled, copy.deepcopy(scorer)):
        scores = [again.score(int(y), row) for y, row in zip(labels, p, strict=True)]
        assert_identical(np.array(scores), found.scores)
    wanted = cupel.count.get_confident_thresholds(labels, p).astype(np.float64)
    assert_identical(pickled.thresholds, wanted)


def test_scorer_verdicts(problem: Any) -> None:
    labels, p = problem
    scorer = cupel.Scorer.fit(labels, p, **METHOD)
    plain = cupel.Scorer.fit(labels, p)
    for gap in (0, 5e-7, 1e-6, 2e-6):  # confident, or not, by the rounding of a threshold
        for row in np.diag(np.clip(scorer.thresholds - gap, 0, 1)).astype(p.dtype):
            assert scorer.check(0, row).confident_class == plain.check(0, row).confident_class
    verdicts = [scorer.check(int(y), row) for y, row in zip(labels, p, strict=True)]
    found = posterior.get_label_posteriors(labels, p)
    assert_identical(np.array([v.score for v in verdicts]), found.scores)
    assert_identical(np.array([v.suggested_label for v in verdicts]), found.suggested_label)
    issues = filter.find_label_issues(labels, p, filter_by="noise_posterior")
    assert_identical(np.array([v.is_label_issue for v in verdicts]), issues)
    confident = [plain.check(int(y), row).confident_class for y, row in zip(labels, p, strict=True)]
    assert [v.confident_class for v in verdicts] == confident


def test_multi_label_problems_are_judged_class_by_class() -> None:
    given, p = make_multilabel_problem(300, 4, 0)
    classes = range(4)
    binary = [
        (np.array([k in y for y in given]), np.stack([1 - p[:, k], p[:, k]], 1)) for k in classes
    ]
    found = [posterior.get_label_posteriors(y.astype(int), two) for y, two in binary]
    mask = filter.find_label_issues(given, p, multi_label=True, filter_by="noise_posterior")
    assert_equal(mask, np.any([f.error_probability > 0.5 for f in found], axis=0))
    worst, *better = np.sort([f.scores for f in found], axis=0)
    average = better[-1]
    for scores in (better[1], better[0], worst):
        average = 0.8 * scores + (1 - 0.8) * average
    ranked = filter.find_label_issues(
        given, p, multi_label=True, return_indices_ranked_by="noise_posterior"
    )
    flagged = np.flatnonzero(filter.find_label_issues(given, p, multi_label=True))
    assert_equal(ranked, flagged[np.argsort(average[flagged], kind="stable")])


def test_scores_cannot_be_adjusted() -> None:
    labels, p = make_problem(50, 3, 0)
    for call in (rank.get_label_quality_scores, cupel.Scorer.fit):
        with pytest.raises(ValueError, match="adjust_pred_probs is not possible"):
            call(labels, p, adjust_pred_probs=True, **METHOD)


# ---- simulations, where the truth is known ------------------------------------------------------


def uniform_noise(k: int, share: float) -> Array:
    return (1 - share - share / (k - 1)) * np.eye(k) + share / (k - 1)


def paired_noise(k: int, share: float) -> Array:
    """Every class has labels of the next one."""
    return (1 - share) * np.eye(k) + share * np.roll(np.eye(k), 1, axis=0)


def one_sided_noise(k: int, share: float) -> Array:
    """Every second class has labels of the next one."""
    noise = np.eye(k)
    noise[:, ::2] = paired_noise(k, 2 * share)[:, ::2]
    return noise


def simulated(
    n: int, noise: Array, *, signal: float, sharpness: float
) -> tuple[Array, Array, Array]:
    """Labels, the probabilities of an ideal classifier of the noisy labels, and the true classes.

    With a sharpness other than 1 it is over- or underconfident.
    """
    rng = np.random.default_rng(7)
    k, rows = len(noise), np.arange(n)
    true = rng.integers(0, k, n)
    features = rng.normal(size=(n, k))
    features[rows, true] += signal
    pi = np.exp(signal * (features - features.max(axis=1, keepdims=True)))
    p = (pi / pi.sum(axis=1, keepdims=True) @ noise.T) ** sharpness
    labels = (noise[:, true].cumsum(axis=0) < rng.random(n)).sum(axis=0)
    return labels, p / p.sum(axis=1, keepdims=True), true


def average_precision(wrong: Array, scores: Array) -> float:
    hits = wrong[np.argsort(scores, kind="stable")]
    return float((hits.cumsum() / np.arange(1, len(hits) + 1))[hits].mean())


NOISES = {
    "uniform of 10": uniform_noise(10, 0.2),
    "paired of 3": paired_noise(3, 0.2),
    "paired of 10": paired_noise(10, 0.2),
    "one-sided of 10": one_sided_noise(10, 0.1),
    "paired of 30": paired_noise(30, 0.2),
}


@pytest.mark.parametrize("sharpness", [1.0, 2.0])
@pytest.mark.parametrize("name", NOISES)
def test_better_than_the_margin(name: str, sharpness: float) -> None:
    labels, p, true = simulated(4000, NOISES[name], signal=2.5, sharpness=sharpness)
    wrong = labels != true
    found = posterior.get_label_posteriors(labels, p)
    ours = average_precision(wrong, found.scores)
    for adjust in (False, True):
        margin = rank.get_label_quality_scores(
            labels, p, method="normalized_margin", adjust_pred_probs=adjust
        )
        assert ours > average_precision(wrong, margin) + 0.03
    # Where a label is wrong, the suggestion is right more often than not, whatever was asked.
    right = found.suggested_label[wrong] == true[wrong]
    if "uniform" not in name:
        assert right.mean() > (p.argmax(axis=1) == true)[wrong].mean() + 0.05
    assert right.mean() > 0.75


@pytest.mark.parametrize("name", [name for name in NOISES if "30" not in name])
def test_the_errors_are_counted(name: str) -> None:
    """To within a fifth, which is more than the standard error: that does not know of a wrong model."""
    labels, p, true = simulated(4000, NOISES[name], signal=2.5, sharpness=1.0)
    wrong = labels != true
    expected = posterior.estimate_label_errors(labels, p)
    assert abs(expected.total / wrong.sum() - 1) < 0.2
    by_class = np.bincount(labels[wrong], minlength=p.shape[1])
    assert np.abs(expected.per_class - by_class).sum() < 0.3 * wrong.sum()
    assert 0 < expected.standard_error < np.sqrt(wrong.sum())


@pytest.mark.parametrize("k", [2, 3, 10, 30])
@pytest.mark.parametrize("signal", [2.0, 3.0])
def test_clean_labels_are_flagged_less(k: int, signal: float) -> None:
    labels, p, true = simulated(4000, np.eye(k), signal=signal, sharpness=1.0)
    assert_equal(labels, true)
    flagged = filter.find_label_issues(labels, p, filter_by="noise_posterior").sum()
    assert flagged <= filter.find_label_issues(labels, p).sum()
    assert posterior.get_label_posteriors(labels, p).error_probability.mean() < 0.25
