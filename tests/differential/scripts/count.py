"""cleanlab.count."""
# ruff: noqa: T201 - what it prints is compared

import numpy as np
from cleanlab.count import (
    calibrate_confident_joint,
    compute_confident_joint,
    estimate_confident_joint_and_cv_pred_proba,
    estimate_cv_predicted_probabilities,
    estimate_joint,
    estimate_latent,
    estimate_noise_matrices,
    estimate_py_and_noise_matrices_from_probabilities,
    estimate_py_noise_matrices_and_cv_pred_proba,
    get_confident_thresholds,
    num_label_issues,
)
from sklearn.datasets import load_wine
from sklearn.naive_bayes import GaussianNB

np.set_printoptions(precision=5, suppress=True)
rng = np.random.default_rng(3)
labels = rng.integers(0, 4, 400)
pred_probs = rng.dirichlet(np.full(4, 0.6), 400)
pred_probs[np.arange(400), labels] += 0.7
pred_probs /= pred_probs.sum(axis=1, keepdims=True)

joint = compute_confident_joint(labels, pred_probs, calibrate=False)
print(joint, calibrate_confident_joint(joint, labels), sep="\n")
print(compute_confident_joint(labels, pred_probs, return_indices_of_off_diagonals=True))
print(estimate_joint(labels, pred_probs))
print(*estimate_latent(joint, labels), sep="\n")
print(*estimate_py_and_noise_matrices_from_probabilities(labels, pred_probs), sep="\n")
print(get_confident_thresholds(labels, pred_probs))
for method in ("off_diagonal", "off_diagonal_calibrated"):
    print(num_label_issues(labels, pred_probs, estimation_method=method))

X, y = load_wine(return_X_y=True)
y = np.where(rng.random(len(y)) < 0.1, rng.integers(0, 3, len(y)), y)
for function in (
    estimate_confident_joint_and_cv_pred_proba,
    estimate_py_noise_matrices_and_cv_pred_proba,
    estimate_noise_matrices,
):
    print(*function(X, y, GaussianNB(), cv_n_folds=3, seed=0), sep="\n")
print(estimate_cv_predicted_probabilities(X, y, GaussianNB(), cv_n_folds=3, seed=1)[:20])
