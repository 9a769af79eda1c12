"""Random noise: properties of what is made, and what is refused."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from cupel.benchmarking.noise_generation import (
    generate_n_rand_probabilities_that_sum_to_m,
    generate_noise_matrix_from_trace,
    generate_noisy_labels,
    noise_matrix_is_valid,
    randomly_distribute_N_balls_into_K_bins,
)


@given(st.integers(1, 40), st.floats(0.01, 50), st.floats(1.01, 3), st.floats(0, 0.99))
def test_probabilities_sum_and_keep_their_bounds(n, m, above, below):
    mean = m / n
    numbers = generate_n_rand_probabilities_that_sum_to_m(
        n, m, max_prob=above * mean + 1e-5, min_prob=below * mean - 1e-5
    )
    assert numbers.sum() == pytest.approx(m)
    assert numbers.max() <= above * mean + 2e-5
    assert numbers.min() >= below * mean - 2e-5


@given(st.integers(0, 80), st.integers(1, 12), st.integers(1, 9))
def test_balls(n, k, most):
    counts = randomly_distribute_N_balls_into_K_bins(n, k, max_balls_per_bin=most)
    assert counts.sum() == min(n, k * most)
    assert counts.min() >= 0


def test_bounds_that_are_no_integers_end():
    """cleanlab does not come back from this one."""
    assert randomly_distribute_N_balls_into_K_bins(20, 8, max_balls_per_bin=1.6).sum() == 12


@given(st.integers(3, 8), st.floats(0.6, 0.95), st.sampled_from([0.0, 0.3, 0.6]))
def test_noise_matrix(k, share_right, zeros):
    py, trace = np.full(k, 1 / k), share_right * k
    noise = generate_noise_matrix_from_trace(k, trace, py=py, frac_zero_noise_rates=zeros)
    assert noise is not None
    assert noise_matrix_is_valid(noise, py)
    assert noise.trace() == pytest.approx(trace)
    np.testing.assert_allclose(noise.sum(axis=0), 1)
    assert (noise == 0).sum() >= int(zeros * k * (k - 1))


@given(st.integers(2, 6), st.integers(0, 300), st.integers(0, 99))
def test_as_many_labels_are_changed_as_the_matrix_says(k, n, seed):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.concatenate([np.arange(k), rng.integers(0, k, n)]))
    noise = 0.5 * rng.dirichlet(np.ones(k), k).T + 0.5 * np.eye(k)
    given_labels = generate_noisy_labels(labels, noise)
    found = np.zeros((k, k))
    np.add.at(found, (given_labels, labels), 1)
    wanted = noise * np.bincount(labels)
    away = ~np.eye(k, dtype=bool)
    assert (found <= wanted + 1e-6)[away].all()
    assert (found > wanted - 1 - 1e-6)[away].all()


def test_labels_are_not_changed():
    labels = np.repeat([0, 1], 50)
    before = labels.copy()
    assert (generate_noisy_labels(labels, [[0.5, 0.5], [0.5, 0.5]]) != before).sum() == 50
    np.testing.assert_array_equal(labels, before)


def test_a_class_that_cannot_give_so_many_stays_as_it_is():
    given_labels = generate_noisy_labels([0] * 10 + [1] * 10, [[0.0, 0.5], [1.2, 0.5]])
    assert given_labels[:10].tolist() == [0] * 10
    assert given_labels[10:].sum() == 5


def test_no_valid_matrix_in_so_many_tries():
    assert generate_noise_matrix_from_trace(3, 1.05, py=[0.9, 0.05, 0.05], max_iter=3) is None
    assert generate_noise_matrix_from_trace(2, 1.5, max_iter=0) is None


def test_verbose(capsys):
    assert noise_matrix_is_valid([[0.9, 0.2], [0.1, 0.8]], [0.5, 0.5], verbose=True)
    assert capsys.readouterr().out.splitlines() == [
        "class 0: by chance 0.2750, given and true 0.4500",
        "class 1: by chance 0.2250, given and true 0.4000",
    ]
    assert not noise_matrix_is_valid([[0.2, 0.9], [0.8, 0.1]], [0.5, 0.5], verbose=True)
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: generate_noise_matrix_from_trace(1, 2), ValueError, "at least 2"),
        (lambda: generate_noise_matrix_from_trace(3, 1), ValueError, "over 1"),
        (lambda: generate_noise_matrix_from_trace(3, 2), ValueError, "py"),
        (lambda: generate_noisy_labels([0, 1], np.eye(3)), ValueError, "2 classes"),
        (lambda: generate_noisy_labels([0, 1], np.ones((2, 3))), ValueError, "(2, 3)"),
        (lambda: generate_noisy_labels([0, 1], [[np.nan, 0], [0, 1]]), ValueError, "is nan"),
        (lambda: generate_noisy_labels([0, 1], [[1, 2], [0, -1]]), ValueError, "is -1"),
        (lambda: generate_noisy_labels([None, 1], np.eye(2)), TypeError, "true_labels"),
        (lambda: noise_matrix_is_valid(np.eye(3), [0.5, 0.5]), ValueError, "shapes"),
        (lambda: noise_matrix_is_valid(np.eye(2), ["a", "b"]), TypeError, "py must hold"),
        (
            lambda: generate_n_rand_probabilities_that_sum_to_m(3, 2, max_prob=0.5),
            ValueError,
            "cannot sum to m=2",
        ),
        (
            lambda: randomly_distribute_N_balls_into_K_bins(3, 4, max_balls_per_bin=0),
            ZeroDivisionError,
            "do not fit",
        ),
    ],
)
def test_refusals(call, kind, words):
    with pytest.raises(kind, match=words.replace("(", r"\(").replace(")", r"\)")):
        call()
