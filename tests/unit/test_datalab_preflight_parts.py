"""The tools of preflight against what is slower and simpler."""

from __future__ import annotations

from itertools import permutations
from math import comb

import numpy as np
import pytest

from cupel.datalab.checks.preflight.columns import best_assignment
from cupel.datalab.checks.preflight.rows import Windows, _correlations, _fast_length
from cupel.datalab.checks.preflight.sample import Sample
from cupel.datalab.checks.preflight.warning import binomial_tail, even_rows, quantile
from preflight_data import honest


@pytest.mark.parametrize("seed", range(30))
def test_best_assignment_is_the_best(seed: int) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 7))
    gains = rng.normal(size=(k, k)) if seed % 2 else rng.integers(0, 3, (k, k)).astype(float)
    order = best_assignment(gains)
    assert sorted(order) == list(range(k))
    best = max(sum(gains[i, p[i]] for i in range(k)) for p in permutations(range(k)))
    assert gains[np.arange(k), order].sum() == pytest.approx(best)


def test_best_assignment_keeps_a_diagonal_without_rival() -> None:
    assert best_assignment(np.zeros((5, 5))).tolist() == [0, 1, 2, 3, 4]
    assert best_assignment(np.eye(300)).tolist() == list(range(300))


@pytest.mark.parametrize(("successes", "n", "rate"), [(0, 5, 0.5), (3, 5, 0.2), (100, 100, 0.9)])
def test_binomial_tail(successes: int, n: int, rate: float) -> None:
    terms = (comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(successes, n + 1))
    assert binomial_tail(successes, n, rate) == pytest.approx(sum(terms))


def test_deviation_of_agreement_is_that_over_orders_of_the_labels() -> None:
    labels, probs, _ = honest(n=200, k=3, noise=0.1)
    usable = np.ones(200, dtype=np.bool_)
    _, deviation, _ = Sample.of_labels(labels, probs, usable).agreement()
    sets = Sample.of_sets(np.eye(3)[labels], probs, usable)
    assert sets.agreement()[1] == pytest.approx(deviation, rel=1e-3)
    rng = np.random.default_rng(0)
    slopes = [
        Sample.of_labels(rng.permutation(labels), probs, usable).agreement()[0] for _ in range(2000)
    ]
    assert np.std(slopes) == pytest.approx(deviation, rel=0.06)


def test_correlations_are_sums_of_products() -> None:
    rng = np.random.default_rng(0)
    n, windows = 700, Windows.over(700)
    predicted, given = rng.normal(size=(2, n, 3))
    sums = _correlations(predicted[windows.rows()], given[windows.labels(n)], windows.reach)
    for block, rows in enumerate(windows.rows()):
        for lag in (-windows.reach, -3, 0, 5, windows.reach):
            direct = (predicted[rows] * given[(rows + lag) % n]).sum()
            assert sums[block, windows.reach + lag] == pytest.approx(direct, abs=1e-3)


@pytest.mark.parametrize("n", [81, 150, 1000, 5000, 8192, 50_000])
def test_windows_stay_inside(n: int) -> None:
    windows = Windows.over(n)
    rows = windows.rows()
    assert rows.min() == 0
    assert rows.max() <= n - 1
    assert n > 8192 or len(np.unique(rows)) >= 0.95 * n
    assert windows.labels(n).shape[1] == windows.length + 2 * windows.reach
    assert windows.length + 2 * windows.reach <= _fast_length(windows.length + 2 * windows.reach)


def test_quantile_and_even_rows() -> None:
    assert quantile(1, 0.025) == pytest.approx(1.96, abs=1e-3)
    assert quantile(1000) > quantile(10) > 3
    assert even_rows(5, 10).tolist() == [0, 1, 2, 3, 4]
    assert even_rows(10, 5).tolist() == [0, 2, 4, 6, 8]
