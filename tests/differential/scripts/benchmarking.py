"""cleanlab.benchmarking.noise_generation."""
# ruff: noqa: T201, NPY002 - what it prints is compared, what it draws too

import numpy as np
from cleanlab.benchmarking.noise_generation import (
    generate_n_rand_probabilities_that_sum_to_m,
    generate_noise_matrix_from_trace,
    generate_noisy_labels,
    noise_matrix_is_valid,
    randomly_distribute_N_balls_into_K_bins,
)

np.set_printoptions(precision=5, suppress=True)
py = np.array([0.5, 0.3, 0.2])
matrix = generate_noise_matrix_from_trace(3, trace=2.2, py=py, seed=4)
print(matrix)
print(generate_noise_matrix_from_trace(2, trace=1.5))
print(
    generate_noise_matrix_from_trace(
        5, trace=3.5, valid_noise_matrix=False, frac_zero_noise_rates=0.4, seed=1
    )
)
print(noise_matrix_is_valid(matrix, py), noise_matrix_is_valid(np.full((3, 3), 1 / 3), py))
np.random.seed(0)
true_labels = np.random.choice(3, 120, p=py)
noisy_labels = generate_noisy_labels(true_labels, matrix)
print(noisy_labels.tolist())
print(generate_n_rand_probabilities_that_sum_to_m(6, 1.0, max_prob=0.5))
print(randomly_distribute_N_balls_into_K_bins(20, 4, max_balls_per_bin=9, min_balls_per_bin=2))
print(np.random.rand())
