"""The quality benchmark: figures by hand, and shapes of noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from quality_bench import bench, noisy_problem, root_on_path  # noqa: F401 - a fixture

pytest.importorskip("cleanlab")
pytest.importorskip("matplotlib")
pytest.importorskip("psutil")
pytest.importorskip("sklearn")


# ---- figures ------------------------------------------------------------------------------------


def ranking(scores: Any, errors: Any, weights: Any = None) -> Any:
    weights = np.ones((1, len(scores))) if weights is None else np.asarray(weights, dtype=float)
    return bench("metrics").Ranking(np.asarray(scores), np.asarray(errors, dtype=bool), weights)


def test_average_precision_by_hand() -> None:
    # Errors at places 1, 3 and 4 of the list.
    found = ranking([0.4, 0.1, 0.2, 0.3, 0.5], [1, 1, 0, 1, 0])
    assert found.average_precision() == pytest.approx([(1 / 1 + 2 / 3 + 3 / 4) / 3])
    assert found.precision_of_first(1) == pytest.approx([1.0])
    assert found.precision_of_first(2) == pytest.approx([1 / 2])
    assert found.precision_of_first(4) == pytest.approx([3 / 4])
    assert found.curve(np.array([1, 2, 3])) == pytest.approx([1, 1 / 2, 2 / 3])


def test_ties_share_their_places() -> None:
    # One error, then three rows of one score with two errors, then the rest.
    scores, errors = [0.1, 0.2, 0.2, 0.2, 0.9], [1, 1, 0, 1, 0]
    found = ranking(scores, errors)
    assert found.average_precision() == pytest.approx([(1 + 3 / 4 + 3 / 4) / 3])
    assert found.precision_of_first(2) == pytest.approx([(1 + 2 / 3) / 2])
    assert found.precision_of_first(10) == pytest.approx([3 / 10])
    order = [3, 1, 4, 2, 0]
    again = ranking(np.array(scores)[order], np.array(errors)[order])
    assert again.average_precision() == pytest.approx(found.average_precision())
    assert again.precision_of_first(2) == pytest.approx(found.precision_of_first(2))


def test_average_precision_is_scikit_learns() -> None:
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(0)
    scores, errors = rng.integers(0, 30, 300) / 30, rng.random(300) < 0.3
    weights = np.stack([np.ones(300), rng.integers(0, 4, 300)])
    found = ranking(scores, errors, weights).average_precision()
    expected = [average_precision_score(errors, -scores, sample_weight=row) for row in weights]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_weight_is_a_repetition() -> None:
    scores, errors, times = np.array([0.1, 0.2, 0.3]), np.array([True, False, True]), [2, 1, 0]
    weighted = ranking(scores, errors, [times])
    repeated = ranking(np.repeat(scores, times), np.repeat(errors, times))
    assert weighted.average_precision() == pytest.approx(repeated.average_precision())
    assert weighted.precision_of_first(3) == pytest.approx(repeated.precision_of_first(3))


def test_flags_suggestions_and_counts_by_hand() -> None:
    metrics = bench("metrics")
    errors = np.array([True, True, True, False, False])
    flagged = np.array([True, False, True, True, False])
    weights = np.array([[1.0, 1, 1, 1, 1], [2, 0, 0, 1, 2]])
    assert metrics.f1(flagged, errors, weights) == pytest.approx([2 * 2 / 6, 2 * 2 / 5])
    assert metrics.mean(flagged, weights) == pytest.approx([3 / 5, 3 / 5])
    true, suggested = np.array([0, 1, 2, 0, 0]), np.array([0, 1, 1, 1, 1])
    right = metrics.share_right(suggested, true, errors, weights)
    assert right == pytest.approx([2 / 3, 1])
    parts = np.array([0.9, 0.8, 0.5, 0.1, 0.1])
    assert metrics.relative_error(parts, errors, weights) == pytest.approx(
        [2.4 / 3 - 1, 2.1 / 2 - 1]
    )
    nothing = np.zeros(5, dtype=bool)
    assert np.isnan(metrics.relative_error(parts, nothing, weights)).all()


def test_resamples_are_the_same_every_time_and_of_the_right_size() -> None:
    metrics = bench("metrics")
    weights = metrics.resample_weights(50, 30, 1).copy()
    assert (weights[0] == 1).all()
    assert (weights.sum(axis=1) == 50).all()
    assert len(np.unique(weights, axis=0)) == 31
    metrics.resample_weights.cache_clear()
    np.testing.assert_array_equal(metrics.resample_weights(50, 30, 1), weights)
    figure = np.array([0.5, *np.linspace(0, 1, 101), np.nan])
    assert metrics.interval(figure) == pytest.approx((0.5, 0.025, 0.975))
    assert np.isnan(metrics.interval(np.array([np.nan, 1.0]))).all()


# ---- noise --------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [2, 3, 10])
def test_noise_matrices_are_probabilities(k: int) -> None:
    noise = bench("noise")
    for shape in noise.SHAPES.values():
        if shape.matrix is not None:
            matrix = shape.matrix(k, np.random.default_rng(0))
            assert (matrix >= 0).all()
            np.testing.assert_allclose(matrix.sum(axis=0), 1, rtol=1e-12)
            assert (matrix.argmax(axis=0) == np.arange(k)).all(), shape.name


def test_shapes_of_noise_are_what_they_are_called() -> None:
    noise, rng = bench("noise"), np.random.default_rng(0)
    np.testing.assert_array_equal(noise.uniform(0.0)(4, rng), np.eye(4))
    assert noise.uniform(0.3)(4, rng)[:, 1] == pytest.approx([0.1, 0.7, 0.1, 0.1])
    assert noise.pairwise(0.2)(3, rng)[:, 2] == pytest.approx([0.2, 0, 0.8])
    some = noise.some_classes(0.4)(3, rng)
    assert some[:, 0] == pytest.approx([0.6, 0.2, 0.2])
    assert some[:, 1] == pytest.approx([0, 1, 0])
    groups = noise.groups(0.2)(5, rng)
    assert groups[:, 0] == pytest.approx([0.8, 0.1, 0.1, 0, 0])
    assert groups[:, 4] == pytest.approx([0, 0, 0, 0.2, 0.8])
    assert noise.groups(0.2)(4, rng)[3, 3] == 1
    assert noise.sink(0.2)(3, rng)[:, 1] == pytest.approx([0.2, 0.8, 0])
    assert noise.sink(0.2)(3, rng)[0, 0] == 1
    off_diagonal = noise.sparse(0.1)(20, rng)[~np.eye(20, dtype=bool)]
    assert 20 <= np.count_nonzero(off_diagonal) < 100


def test_labels_are_drawn_from_the_matrix() -> None:
    noise = bench("noise")
    true = np.repeat(np.arange(3), 20_000)
    matrix = np.array([[0.7, 0.0, 0.25], [0.2, 1.0, 0.25], [0.1, 0.0, 0.5]])
    given = noise.flip(true, matrix, np.random.default_rng(1))
    drawn = np.array([np.bincount(given[true == z], minlength=3) for z in range(3)]).T / 20_000
    np.testing.assert_allclose(drawn, matrix, atol=0.02)
    assert (drawn[matrix == 0] == 0).all()
    np.testing.assert_array_equal(noise.flip(true, np.eye(3), np.random.default_rng(1)), true)


def test_doubtful_labels_are_flipped_to_the_likeliest_other() -> None:
    noise = bench("noise")
    true = np.zeros(30_000, dtype=np.int64)
    probs = np.tile([[0.5, 0.1, 0.4], [0.9, 0.1, 0.0], [0.0, 1.0, 0.0]], (10_000, 1))
    given = noise.flip_doubtful(true, probs, 0.2, 1.0, np.random.default_rng(0))
    assert [set(given[i::3].tolist()) for i in range(3)] == [{0, 2}, {0, 1}, {0, 1}]
    rates = [(given[i::3] != 0).mean() for i in range(3)]
    assert rates == pytest.approx([0.2 * 0.4 / 0.5, 0.2 * 0.1 / 0.5, 0.2 * 1.0 / 0.5], abs=0.02)


# ---- contestants --------------------------------------------------------------------------------


def test_counts_are_those_of_the_functions() -> None:
    import cleanlab.count

    import cupel.posterior

    labels, probs, _ = noisy_problem()
    counted = bench("methods").everybodys(labels, probs).counted
    count = cleanlab.count.num_label_issues
    assert counted["cleanlab num_label_issues"].sum() == count(labels, probs)
    calibrated = count(labels, probs, estimation_method="off_diagonal_calibrated")
    assert counted["cleanlab off-diagonal of the joint"].sum() == pytest.approx(calibrated, abs=0.6)
    total = cupel.posterior.estimate_label_errors(labels, probs).total
    assert counted[bench("cases").OURS].sum() == pytest.approx(total)


def test_everybody_answers() -> None:
    cases, labels, probs = bench("cases"), *noisy_problem()[:2]
    answers = bench("methods").everybodys(labels, probs)
    assert len(answers.scores) == 10
    assert len(answers.flagged) == 10
    for scores in answers.scores.values():
        assert scores.shape == labels.shape
        assert np.isfinite(scores).all()
    for flagged in answers.flagged.values():
        assert flagged.dtype == np.bool_
    for suggested in (answers.suggested[name] for name in (cases.OURS, cases.ONE_SHOT)):
        assert (suggested != labels).all()
    agrees = probs.argmax(axis=1) == labels
    by_argmax = answers.scores[cases.ARGMAX]
    assert by_argmax[~agrees].max() < by_argmax[agrees].min()


def test_the_first_experiment_by_hand() -> None:
    labels, probs = (
        np.array([0, 0, 1, 1]),
        np.array([[0.8, 0.2], [0.2, 0.8], [0.2, 0.8], [0.2, 0.8]]),
    )
    # Thresholds 0.5 and 0.8; the joint is [[1, 1], [0, 2]], the noise [[1, 1/3], [0, 2/3]].
    answers = bench("methods").one_shot(labels, probs)
    name = bench("cases").ONE_SHOT
    of_given = np.array([1.6 / (1.6 + 0.25 / 3), 0.4 / (0.4 + 1 / 3), 1, 1])
    np.testing.assert_allclose(answers.counted[name], 1 - of_given, atol=1e-12)
    np.testing.assert_allclose(answers.scores[name], of_given, atol=1e-12)
    assert answers.suggested[name].tolist() == [1, 1, 0, 0]
