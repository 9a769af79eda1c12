"""`count`, `filter`, `rank` and `outlier`; `python -m bench` and `bench.neighbors` say more of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.cases import KINDS, make_input
from bench.dropin.case import Case

Inputs = tuple[tuple[Any, ...], dict[str, Any]]
SIZE = "200k x 10"


def problem(**options: Any) -> Inputs:
    """Labels and probabilities as arguments."""
    return make_input(KINDS[0], 200_000, 10), options


def joint_and_labels(**options: Any) -> Inputs:
    """A confident joint of 200 classes and labels as arguments."""
    rng = np.random.default_rng(0)
    joint = rng.integers(0, 9, (200, 200)) + 500 * np.eye(200, dtype=np.int64)
    return (joint, rng.integers(0, 200, 200_000)), options


def ensemble() -> Inputs:
    """Labels and the probabilities of three models."""
    labels, probs = make_input(KINDS[0], 200_000, 10)
    return (labels, [probs, np.sqrt(probs) / np.sqrt(probs).sum(axis=1, keepdims=True)]), {
        "verbose": False
    }


def features() -> Inputs:
    """Few blobs in 16 dimensions."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(10, 16))
    return (), {"features": centres[rng.integers(0, 10, 10_000)] + rng.normal(size=(10_000, 16))}


def training_set(**options: Any) -> Inputs:
    """Features and labels of two blobs a class."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 2_000)
    return (rng.normal(size=(2_000, 8)) + labels[:, np.newaxis], labels), {"seed": 0, **options}


def fit_score(make: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Scores of the features that the detector was fitted to."""
    return make(*args).fit_score(**kwargs)


def mask_to_order() -> Inputs:
    """A mask with its labels and probabilities."""
    labels, probs = make_input(KINDS[0], 200_000, 10)
    return (probs.argmax(axis=1) != labels, labels, probs), {}


CASES = [
    Case("count.get_confident_thresholds", SIZE, problem),
    Case("count.compute_confident_joint", SIZE, problem),
    Case("count.estimate_joint", SIZE, problem),
    Case("count.num_label_issues", SIZE, problem),
    Case("count.estimate_py_and_noise_matrices_from_probabilities", SIZE, problem),
    Case("count.calibrate_confident_joint", "200 classes", joint_and_labels),
    Case("count.estimate_latent", "200 classes", joint_and_labels),
    *(
        Case(f"count.{name}", "2k x 8, logistic regression: fits dominate", training_set, goal=1.0)
        for name in (
            "estimate_confident_joint_and_cv_pred_proba",
            "estimate_py_noise_matrices_and_cv_pred_proba",
            "estimate_cv_predicted_probabilities",
            "estimate_noise_matrices",
        )
    ),
    Case("filter.find_label_issues", SIZE, problem, fastest={"n_jobs": 1}),
    Case("filter.find_predicted_neq_given", SIZE, problem),
    Case("filter.find_label_issues_using_argmax_confusion_matrix", SIZE, problem),
    Case("rank.get_label_quality_scores", SIZE, problem),
    Case("rank.get_self_confidence_for_each_label", SIZE, problem),
    Case("rank.get_normalized_margin_for_each_label", SIZE, problem),
    Case("rank.get_confidence_weighted_entropy_for_each_label", SIZE, problem),
    Case("rank.get_label_quality_ensemble_scores", f"{SIZE}, two models", ensemble),
    Case("rank.order_label_issues", SIZE, mask_to_order),
    Case(
        "rank.find_top_issues",
        "200k scores",
        lambda: ((np.random.default_rng(0).random(200_000),), {"top": 100}),
    ),
    Case("outlier.OutOfDistribution", "fit_score of 10k x 16", features, call=fit_score),
]
