"""Random noise: from a seed the bits that cleanlab gives, and the generator is left where it does."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

theirs = pytest.importorskip("cleanlab.benchmarking.noise_generation")

from cupel.benchmarking import noise_generation as ours


def same(seed: int, name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Compare results to the bit, kinds of errors, and what is drawn next; return the result."""
    outcomes = []
    for module in (ours, theirs):
        np.random.seed(seed)  # noqa: NPY002 - the generator both draw from
        result: Any
        try:
            result = getattr(module, name)(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever cleanlab raises, we have to
            result = error
        outcomes.append((result, np.random.random()))  # noqa: NPY002
    (result, drawn), (expected, drawn_by_cleanlab) = outcomes
    if isinstance(expected, Exception):
        assert isinstance(result, type(expected)), f"{result!r}, {expected!r}"
        return None
    assert drawn == drawn_by_cleanlab
    assert type(result) is type(expected)
    if isinstance(expected, np.ndarray):
        assert result.dtype == expected.dtype
        np.testing.assert_array_equal(result, expected)
    else:
        assert result == expected
    return result


def test_signatures():
    for name in ours.__all__:
        mine = inspect.signature(getattr(ours, name)).parameters
        wanted = inspect.signature(getattr(theirs, name)).parameters
        assert [(p.name, p.kind, p.default) for p in mine.values()] == [
            (p.name, p.kind, p.default) for p in wanted.values()
        ], name


def test_probabilities_that_sum():
    rng = np.random.default_rng(0)
    bounded = 0
    for seed in range(1500):
        n = int(rng.integers(0, 12))
        m = float(rng.choice([0.3, 1, 2, n * 0.5, n * 0.9]))
        mean = m / max(n, 1)
        bounds = {
            "max_prob": float(rng.choice([1, mean * 1.05, mean * 1.5, mean * 3])),
            "min_prob": float(rng.choice([0, mean * 0.2, mean * 0.5, mean * 0.9])),
        }
        result = same(seed, "generate_n_rand_probabilities_that_sum_to_m", n, m, **bounds)
        bounded += result is not None and len(result) and result.max() > bounds["max_prob"] - 0.01
    assert bounded > 100


def test_many_probabilities_within_bounds():
    same(
        0,
        "generate_n_rand_probabilities_that_sum_to_m",
        300,
        1,
        max_prob=1.3 / 300,
        min_prob=0.7 / 300,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_prob": 1 / 3 - 2e-6},
        {"min_prob": 1 / 3 + 2e-6},
        {"max_prob": 0.5},
        {"max_prob": 0.5, "min_prob": 0.6},
    ],
)
def test_probabilities_that_cannot_sum(arguments):
    same(0, "generate_n_rand_probabilities_that_sum_to_m", 3, 1, **arguments)
    same(0, "generate_n_rand_probabilities_that_sum_to_m", 1, 0.7, **arguments)


def test_balls_in_bins():
    rng = np.random.default_rng(0)
    for seed in range(1500):
        n, k = int(rng.integers(0, 60)), int(rng.integers(0, 12))
        bounds = {
            "max_balls_per_bin": rng.choice([None, int(rng.integers(0, 10)), n]),
            "min_balls_per_bin": rng.choice([None, int(rng.integers(0, 6))]),
        }
        same(seed, "randomly_distribute_N_balls_into_K_bins", n, k, **bounds)


def test_noise_matrices():
    rng = np.random.default_rng(0)
    made = 0
    for _ in range(700):
        k = int(rng.integers(1, 9))
        arguments = {
            "py": rng.dirichlet(3 * np.ones(k)) if rng.random() < 0.8 else None,
            "valid_noise_matrix": bool(rng.random() < 0.6),
            "frac_zero_noise_rates": float(rng.choice([0, 0.2, 0.5, 0.75, 1.0])),
            "max_iter": int(rng.choice([0, 1, 5, 30])),
            "max_trace_prob": float(rng.choice([1, 1, 0.9])),
            "min_trace_prob": float(rng.choice([1e-5, 0.1])),
            "max_noise_rate": float(rng.choice([0.99999, 0.6])),
            "min_noise_rate": float(rng.choice([0, 0.02])),
            "seed": int(rng.integers(1000)),
        }
        trace = float(rng.uniform(0.3, k))
        made += same(0, "generate_noise_matrix_from_trace", k, trace, **arguments) is not None
    assert made > 150


def test_a_noise_matrix_without_a_seed():
    matrices = [
        module.generate_noise_matrix_from_trace(3, 2, py=np.ones(3) / 3, seed=None)
        for module in (ours, theirs)
    ]
    assert not np.array_equal(*matrices)  # both seed from the system


def test_number_of_zero_rates():
    """Where the product of fraction and number of cells is whole but for rounding."""
    for k in range(3, 24):
        for percent in (7, 14, 28, 29, 55, 56, 57, 58, 70):
            same(
                0,
                "generate_noise_matrix_from_trace",
                k,
                0.6 * k,
                valid_noise_matrix=False,
                frac_zero_noise_rates=percent / 100,
            )


@pytest.mark.parametrize("dtype", ["int64", "int8", "uint16", "float64"])
def test_noisy_labels(dtype):
    rng = np.random.default_rng(0)
    changed = 0
    for seed in range(400):
        k = int(rng.integers(1, 9))
        labels = np.concatenate([np.arange(k), rng.integers(0, k, int(rng.integers(0, 400)))])
        noise = rng.dirichlet(np.ones(k), k).T
        if rng.random() < 0.5:
            noise = np.round(noise, 1)
        if rng.random() < 0.3:
            noise = (noise + np.eye(k)) / 2
        labels = rng.permutation(labels).astype(dtype)
        given = same(seed, "generate_noisy_labels", labels, noise)
        changed += bool((given != labels).any())
    assert changed > 250


AWKWARD_LABELS: dict[str, Any] = {
    "list": [0, 1, 2, 1, 0, 2, 1],
    "one class": np.zeros(9, dtype=int),
    "from one": np.array([1, 2, 3, 1, 2, 3, 3, 3, 1, 1, 1]),
    "negative": np.array([-1, 0, 1, 0, 0, 0, 0]),
    "two classes": np.array([0, 1, 0, 1]),
    "four classes": np.array([0, 1, 2, 3]),
    "large": np.array([0, 1000, 7] * 5),
    "halves": np.array([0.0, 0.5, 1.0] * 5),
    "none": np.array([]),
    "names": np.array(["a", "b"]),
}


@pytest.mark.parametrize("name", AWKWARD_LABELS)
def test_awkward_labels(name):
    noise = np.array([[0.4, 0.2, 0.1], [0.3, 0.5, 0.2], [0.3, 0.3, 0.7]])
    same(0, "generate_noisy_labels", AWKWARD_LABELS[name], noise)
    same(0, "generate_noisy_labels", AWKWARD_LABELS[name], noise.tolist())


def test_validity():
    rng = np.random.default_rng(0)
    answers = []
    for _ in range(500):
        k = int(rng.integers(1, 7))
        noise = rng.dirichlet(np.ones(k), k).T
        if rng.random() < 0.5:
            noise = (noise + np.eye(k)) / 2
        answers.append(same(0, "noise_matrix_is_valid", noise, rng.dirichlet(2 * np.ones(k))))
        same(0, "noise_matrix_is_valid", np.ones((k, k)) / k, np.ones(k) / k)
    assert 100 < sum(answers) < 400


NOISE = np.array([[0.6, 0.2, 0.1], [0.3, 0.7, 0.2], [0.1, 0.1, 0.7]])


@pytest.mark.parametrize(
    ("noise", "py"),
    [
        (NOISE.tolist(), [0.3, 0.3, 0.4]),
        (NOISE, [0.3, 0.3, 0.4 + 2e-6]),
        (NOISE, [0.3, 0.3, 0.4 + 9e-7]),
        (2 * NOISE, [0.3, 0.3, 0.4]),
        (np.nan * NOISE, [0.3, 0.3, 0.4]),
        (NOISE, [0.3, 0.7]),
        (NOISE[:2], [0.3, 0.3, 0.4]),
        (np.eye(3), [1, 0, 0]),
        (np.eye(3), [0.5, 0.5, 0]),
        (np.zeros((0, 0)), []),
        (NOISE, [[0.3], [0.3], [0.4]]),
        (NOISE, [[0.3, 0.3, 0.4]]),
    ],
)
def test_validity_of_awkward_matrices(noise, py):
    same(0, "noise_matrix_is_valid", noise, py)
