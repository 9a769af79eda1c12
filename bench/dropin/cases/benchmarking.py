"""Noise generation; the generator's own work, NumPy's, is in both times."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.dropin.case import Case

Inputs = tuple[tuple[Any, ...], dict[str, Any]]
MODULE = "benchmarking.noise_generation"


def noise_matrix(k: int) -> Any:
    """A tenth of each class's labels wrong."""
    rng = np.random.default_rng(0)
    return 0.1 * rng.dirichlet(np.ones(k), k).T + 0.9 * np.eye(k)


def seeded(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result after seeding the generator that both packages draw from."""
    np.random.seed(0)  # noqa: NPY002
    return function(*args, **kwargs)


def labels() -> Inputs:
    """A million labels of ten classes and their noise."""
    return (np.random.default_rng(0).integers(0, 10, 1_000_000), noise_matrix(10)), {}


def matrix_and_prior() -> Inputs:
    """Three hundred classes, equally frequent."""
    return (noise_matrix(300), np.full(300, 1 / 300)), {}


def trace() -> Inputs:
    """Two hundred classes, half of the rates zero."""
    options = {"py": np.full(200, 0.005), "frac_zero_noise_rates": 0.5}
    return (200, 140.0), options


CASES = [
    Case(f"{MODULE}.generate_noisy_labels", "1M labels, 10 classes", labels, seeded),
    Case(f"{MODULE}.noise_matrix_is_valid", "300 classes", matrix_and_prior),
    Case(f"{MODULE}.generate_noise_matrix_from_trace", "200 classes, half zero", trace),
    Case(
        f"{MODULE}.generate_n_rand_probabilities_that_sum_to_m",
        "1,000 within half and one and a half of their mean",
        lambda: ((1000, 1), {"max_prob": 1.5e-3, "min_prob": 5e-4}),
        seeded,
    ),
    Case(
        f"{MODULE}.randomly_distribute_N_balls_into_K_bins",
        "5,000 balls, 1,000 bins of at most 8",
        lambda: ((5000, 1000), {"max_balls_per_bin": 8}),
        seeded,
    ),
]
