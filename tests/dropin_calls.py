"""A call of every public drop-in function whose result depends on its input alone, from a seed.

Left out: what draws from NumPy's global generator, which threads share (`generate_*`,
`randomly_distribute_*`, the folds of regression's `CleanLearning`), and what prints or draws
instead of returning (`display_issues`, plots).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.naive_bayes import GaussianNB

from classification_data import make_blobs, make_noise_matrix
from multiannotator_data import make_annotated, make_unlabeled
from multilabel_classification_data import problem_of
from object_detection_data import make_detections
from strategies import make_ensemble, make_problem
from token_data import make_text

Inputs = tuple[tuple[Any, ...], dict[str, Any]]
Call = tuple[str, Callable[[int], Inputs]]  # name below the package, and what makes its input


def single(seed: int) -> Inputs:
    return make_problem(150 + 10 * seed, 3 + seed % 3, seed), {}


def quiet(make: Callable[[int], Inputs]) -> Callable[[int], Inputs]:
    """The same, with verbose=False."""

    def silenced(seed: int) -> Inputs:
        args, kwargs = make(seed)
        return args, {**kwargs, "verbose": False}

    return silenced


def joint_and_labels(seed: int) -> Inputs:
    k = 3 + seed
    rng = np.random.default_rng(seed)
    joint = rng.integers(1, 9, (k, k)) + 30 * np.eye(k, dtype=np.int64)
    return (joint, np.concatenate([np.arange(k), rng.integers(0, k, 50)])), {}


def trained(seed: int) -> Inputs:
    return (*make_blobs(90 + 10 * seed, 3, seed), GaussianNB()), {"seed": 0}


def ensemble(seed: int) -> Inputs:
    return make_ensemble(100 + 10 * seed, 4, 3, seed), {}


def mask_first(seed: int) -> Inputs:
    labels, probs = make_problem(120 + 10 * seed, 4, seed)
    return (probs.argmax(axis=1) != labels, labels, probs), {}


def scores(seed: int) -> Inputs:
    return (np.random.default_rng(seed).random(50 + seed),), {}


def noise(seed: int) -> Inputs:
    k = 3 + seed
    return (make_noise_matrix(k, seed), np.full(k, 1 / k)), {}


def valued(seed: int) -> Inputs:
    X, labels = make_blobs(60 + 10 * seed, 3, seed)
    return (labels,), {"features": X, "k": 5}


def annotated(seed: int) -> Inputs:
    labels, probs = make_annotated(seed, rows=30 + seed)
    return (labels, probs[0]), {}


def annotated_ensemble(seed: int) -> Inputs:
    return make_annotated(seed, rows=30 + seed, models=2), {}


def active(seed: int) -> Inputs:
    (labels, probs), _ = annotated(seed)
    return (labels, probs, make_unlabeled(seed, rows=9, classes=4)[0]), {}


def active_ensemble(seed: int) -> Inputs:
    (labels, probs), _ = annotated_ensemble(seed)
    return (labels, probs, make_unlabeled(seed, rows=9, classes=4, models=2)), {}


def long_format(seed: int) -> Inputs:
    import pandas as pd

    labels, _ = make_annotated(seed, rows=30 + seed)
    task, annotator = np.nonzero(~np.isnan(labels))
    values = labels[task, annotator]
    return (pd.DataFrame({"task": task, "annotator": annotator, "label": values}),), {}


def multilabel(seed: int) -> Inputs:
    return problem_of(80 + 10 * seed, 3, seed), {}


def detections(seed: int) -> Inputs:
    return make_detections(6 + seed, seed), {}


def named_detections(seed: int) -> Inputs:
    labels, predictions = make_detections(6 + seed, seed)
    return (), {"labels": labels, "predictions": predictions}


def scores_of_boxes(seed: int) -> Inputs:
    rng = np.random.default_rng(seed)
    return ([rng.random(n) for n in rng.integers(0, 9, 20 + seed)],), {}


def pixels(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.ones(4), (3 + seed, 12, 10)).transpose(0, 3, 1, 2)
    labels = np.where(rng.random(probs[:, 0].shape) < 0.2, 1, probs.argmax(axis=1))
    return labels, np.ascontiguousarray(probs)


def segmented(seed: int) -> Inputs:
    return pixels(seed), {"verbose": False}


def pixel_scores(seed: int) -> Inputs:
    rng = np.random.default_rng(seed)
    return (rng.random(4 + seed), rng.random((4 + seed, 6, 5))), {"threshold": 0.4}


def pixel_issues(seed: int) -> Inputs:
    labels, probs = pixels(seed)
    return (probs.argmax(axis=1) != labels, labels, probs), {"verbose": False}


def class_of_pixels(seed: int) -> Inputs:
    labels, probs = pixels(seed)
    return (1, probs.argmax(axis=1) != labels, labels, probs), {}


def text(seed: int) -> Inputs:
    found = make_text(20 + seed, 4, seed)
    return (found[0], found[1]), {}


def spans(seed: int) -> Inputs:
    found = make_text(20 + seed, 2, seed)
    return (found[0], [p[:, 1].copy() for p in found[1]]), {}


def sentence_scores(seed: int) -> Inputs:
    return (np.random.default_rng(seed).random(40 + seed),), {"threshold": 0.5}


def token_issues(seed: int) -> Inputs:
    labels, probs, tokens = make_text(20 + seed, 4, seed)[:3]
    pairs = [(i, j) for i, p in enumerate(probs) for j in np.flatnonzero(p[:, 0] > 0.3).tolist()]
    return (pairs, tokens), {"labels": labels, "pred_probs": probs, "verbose": False}


def word(seed: int) -> Inputs:
    (pairs, tokens), _ = token_issues(seed)
    return (tokens[0][0], pairs, tokens), {}


def numbers(seed: int) -> Inputs:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=60 + 10 * seed)
    return (values, values + rng.normal(0, 0.3, len(values))), {}


def features(seed: int) -> Inputs:
    return (), {"features": make_blobs(60 + 10 * seed, 3, seed)[0], "verbose": False}


def inspected(inspector: Any, labels: Any, probs: Any) -> Any:
    inspector.update_confident_thresholds(labels, probs)
    return inspector.score_label_quality(labels, probs), inspector.get_label_issues()


METHODS: dict[str, Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]] = {
    "classification.CleanLearning": lambda make, args, kwargs: make(
        args[2], **kwargs
    ).find_label_issues(*args[:2]),
    "experimental.label_issues_batched.LabelInspector": lambda make, args, _: inspected(
        make(num_class=args[1].shape[1], verbose=False), *args
    ),
    "outlier.OutOfDistribution": lambda make, _, kwargs: make().fit_score(**kwargs),
}

CALLS: list[Call] = [
    ("benchmarking.noise_generation.noise_matrix_is_valid", noise),
    ("classification.CleanLearning", trained),
    *(
        (f"count.{name}", single)
        for name in (
            "num_label_issues",
            "compute_confident_joint",
            "estimate_joint",
            "estimate_py_and_noise_matrices_from_probabilities",
            "get_confident_thresholds",
        )
    ),
    ("count.calibrate_confident_joint", joint_and_labels),
    ("count.estimate_latent", joint_and_labels),
    *(
        (f"count.{name}", trained)
        for name in (
            "estimate_confident_joint_and_cv_pred_proba",
            "estimate_py_noise_matrices_and_cv_pred_proba",
            "estimate_cv_predicted_probabilities",
            "estimate_noise_matrices",
        )
    ),
    ("data_valuation.data_shapley_knn", valued),
    ("dataset.rank_classes_by_label_quality", single),
    ("dataset.find_overlapping_classes", single),
    ("dataset.overall_label_health_score", quiet(single)),
    ("dataset.health_summary", quiet(single)),
    ("experimental.label_issues_batched.find_label_issues_batched", quiet(single)),
    ("experimental.label_issues_batched.LabelInspector", single),
    ("experimental.span_classification.find_label_issues", spans),
    ("experimental.span_classification.get_label_quality_scores", spans),
    ("filter.find_label_issues", single),
    ("filter.find_predicted_neq_given", single),
    ("filter.find_label_issues_using_argmax_confusion_matrix", single),
    ("multiannotator.get_label_quality_multiannotator", quiet(annotated)),
    ("multiannotator.get_label_quality_multiannotator_ensemble", quiet(annotated_ensemble)),
    ("multiannotator.get_active_learning_scores", active),
    ("multiannotator.get_active_learning_scores_ensemble", active_ensemble),
    ("multiannotator.get_majority_vote_label", quiet(annotated)),
    ("multiannotator.convert_long_to_wide_dataset", long_format),
    ("multilabel_classification.dataset.common_multilabel_issues", multilabel),
    ("multilabel_classification.dataset.rank_classes_by_multilabel_quality", multilabel),
    ("multilabel_classification.dataset.overall_multilabel_health_score", multilabel),
    ("multilabel_classification.dataset.multilabel_health_summary", quiet(multilabel)),
    ("multilabel_classification.filter.find_label_issues", multilabel),
    ("multilabel_classification.filter.find_multilabel_issues_per_class", multilabel),
    ("multilabel_classification.rank.get_label_quality_scores", multilabel),
    ("multilabel_classification.rank.get_label_quality_scores_per_class", multilabel),
    ("object_detection.filter.find_label_issues", detections),
    ("object_detection.rank.get_label_quality_scores", quiet(detections)),
    ("object_detection.rank.issues_from_scores", sentence_scores),
    ("object_detection.rank.compute_overlooked_box_scores", named_detections),
    ("object_detection.rank.compute_badloc_box_scores", named_detections),
    ("object_detection.rank.compute_swap_box_scores", named_detections),
    ("object_detection.rank.pool_box_scores_per_image", scores_of_boxes),
    *(
        (f"object_detection.summary.{name}", detections)
        for name in (
            "object_counts_per_image",
            "bounding_box_size_distribution",
            "class_label_distribution",
            "get_sorted_bbox_count_idxs",
            "get_average_per_class_confusion_matrix",
            "calculate_per_class_metrics",
        )
    ),
    ("outlier.OutOfDistribution", features),
    ("rank.get_label_quality_scores", single),
    ("rank.get_label_quality_ensemble_scores", quiet(ensemble)),
    ("rank.find_top_issues", scores),
    ("rank.order_label_issues", mask_first),
    ("rank.get_self_confidence_for_each_label", single),
    ("rank.get_normalized_margin_for_each_label", single),
    ("rank.get_confidence_weighted_entropy_for_each_label", single),
    ("regression.rank.get_label_quality_scores", numbers),
    ("segmentation.filter.find_label_issues", segmented),
    ("segmentation.rank.get_label_quality_scores", segmented),
    ("segmentation.rank.issues_from_scores", pixel_scores),
    ("segmentation.summary.common_label_issues", pixel_issues),
    ("segmentation.summary.filter_by_class", class_of_pixels),
    ("token_classification.filter.find_label_issues", text),
    ("token_classification.rank.get_label_quality_scores", text),
    ("token_classification.rank.issues_from_scores", sentence_scores),
    ("token_classification.summary.common_label_issues", token_issues),
    ("token_classification.summary.filter_by_token", word),
]
