"""What works with NumPy alone, and what says which extra to install."""

from __future__ import annotations

import re
from typing import Any

import pytest

from unit.test_import import in_fresh_interpreter

PREPARE = """
import contextlib, importlib, io, sys

class OnlyNumpy:
    allowed = {"cupel", "numpy", *sys.stdlib_module_names}

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in self.allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, OnlyNumpy())
import numpy as np

labels = np.array([0, 0, 1, 1, 1, 0])
probs = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [0.3, 0.7], [0.8, 0.2], [0.7, 0.3]])
lists, sets = [[0], [0, 1], [], [1], [1], [0]], np.column_stack([probs[:, 0], probs[:, 0]])
sentences, of_sentences = [[0, 0], [1, 1, 1, 0]], [probs[:2], probs[2:]]
shares, words = [p[:, 1] for p in of_sentences], [["a", "b"], ["c", "d", "e", "f"]]
pixels, planes = labels.reshape(1, 2, 3), probs.T.reshape(1, 2, 2, 3)
wrong = probs.argmax(axis=1) != labels
votes = np.array([[0, 0], [1, np.nan], [1, 1], [np.nan, 0], [1, 1], [0, 1]], dtype=float)
points = np.arange(24.0).reshape(6, 4) ** 2
box = {"bboxes": np.array([[0.0, 0, 9, 9]]), "labels": np.array([0])}
found = [np.array([[0.0, 0, 9, 8, 0.9]]), np.empty((0, 5))]
boxes, predictions = [box, box], [found, found]
values, noise = np.arange(6.0), np.array([[0.9, 0.2], [0.1, 0.8]])

def module(name):
    return importlib.import_module("cupel." + name)

def audit():
    return module("datalab").Datalab({"y": labels}, label_name="y", verbosity=0)

def outcome(expression):
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return repr(type(eval(expression)).__name__)
    except ImportError as error:
        return str(error)
"""

WITH_NUMPY_ALONE = """
module("benchmarking.noise_generation").noise_matrix_is_valid(noise, [0.5, 0.5])
module("benchmarking.noise_generation").generate_noisy_labels(labels, noise)
module("count").num_label_issues(labels, probs)
module("data_valuation").data_shapley_knn(labels, features=points, k=2)
module("datalab").preflight(labels, probs)
audit().find_issues(features=points, issue_types={"outlier": {"k": 2}, "near_duplicate": {"k": 2}})
module("dataset").overall_label_health_score(labels, probs)
module("experimental.label_issues_batched").find_label_issues_batched(labels, probs)
module("experimental.span_classification").find_label_issues(sentences, shares)
module("filter").find_label_issues(labels, probs)
module("multiannotator").get_majority_vote_label(votes, probs, verbose=False)
module("multiannotator").get_active_learning_scores(votes, probs, probs)
module("multilabel_classification.dataset").overall_multilabel_health_score(lists, sets)
module("multilabel_classification.filter").find_label_issues(lists, sets)
module("multilabel_classification.filter").find_multilabel_issues_per_class(lists, sets)
module("multilabel_classification.rank").get_label_quality_scores(lists, sets)
module("multilabel_classification.rank").get_label_quality_scores_per_class(lists, sets)
module("object_detection.filter").find_label_issues(boxes, predictions)
module("object_detection.rank").get_label_quality_scores(boxes, predictions, verbose=False)
module("object_detection.summary").object_counts_per_image(boxes, predictions)
module("object_detection.summary").class_label_distribution(boxes, predictions)
module("object_detection.summary").calculate_per_class_metrics(boxes, predictions)
module("outlier").OutOfDistribution().fit_score(features=points, verbose=False)
module("outlier").OutOfDistribution().fit_score(pred_probs=probs, labels=labels, verbose=False)
module("rank").get_label_quality_scores(labels, probs)
module("regression.rank").get_label_quality_scores(values, values + labels)
module("regression.rank").get_label_quality_scores(values, values, method="residual")
module("segmentation.filter").find_label_issues(pixels, planes, verbose=False)
module("segmentation.rank").get_label_quality_scores(pixels, planes, verbose=False)
module("segmentation.summary").filter_by_class(1, wrong.reshape(1, 2, 3), pixels, planes)
module("token_classification.filter").find_label_issues(sentences, of_sentences)
module("token_classification.rank").issues_from_scores(values)
module("token_classification.summary").display_issues([(0, 0)], words)
module("token_classification.summary").filter_by_token("a", [(0, 0)], words)
module("regression")
""".strip().splitlines()

WITH_AN_EXTRA = {
    "datalab": """
audit().to_html("report.html")
""",
    "pandas": """
audit().issues
audit().get_reasons(rows=[0])
audit().get_worklist()
module("dataset").rank_classes_by_label_quality(labels, probs)
module("dataset").find_overlapping_classes(labels, probs)
module("dataset").health_summary(labels, probs, verbose=False)
module("experimental.span_classification").get_label_quality_scores(sentences, shares)
module("multiannotator").get_label_quality_multiannotator(votes, probs, verbose=False)
module("multiannotator").get_label_quality_multiannotator_ensemble(votes, probs[None], verbose=False)
module("multiannotator").convert_long_to_wide_dataset(votes)
module("multilabel_classification.dataset").common_multilabel_issues(lists, sets)
module("multilabel_classification.dataset").rank_classes_by_multilabel_quality(lists, sets)
module("multilabel_classification.dataset").multilabel_health_summary(lists, sets, verbose=False)
module("segmentation.summary").common_label_issues(wrong.reshape(1, 2, 3), pixels, planes)
module("token_classification.rank").get_label_quality_scores(sentences, of_sentences)
module("token_classification.summary").common_label_issues([(0, 0)], words)
""",
    "plot": """
module("object_detection.summary").visualize(np.zeros((9, 9, 3), np.uint8), label=box)
module("object_detection.summary").plot_class_distribution(boxes, predictions)
module("object_detection.summary").plot_class_size_distributions(boxes, predictions)
module("segmentation.summary").display_issues(wrong.reshape(1, 2, 3))
""",
    "sklearn": """
module("baseline").fit_baseline({"x": list(values)}, labels, "classification")
module("classification")
module("classification").CleanLearning()
module("count").estimate_cv_predicted_probabilities(probs, labels)
module("count").estimate_confident_joint_and_cv_pred_proba(probs, labels)
module("data_valuation").data_shapley_knn(labels, features=points, k=2, metric="manhattan")
module("regression.learn")
module("regression").learn
""",
}
NEEDS = [
    (extra, line) for extra, lines in WITH_AN_EXTRA.items() for line in lines.strip().splitlines()
]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Any]:
    lines = WITH_NUMPY_ALONE + [line for _, line in NEEDS]
    return in_fresh_interpreter(
        f"{PREPARE}\nresult = {{line: outcome(line) for line in {lines!r}}}"
    )


@pytest.mark.parametrize("line", WITH_NUMPY_ALONE)
def test_works_with_numpy_alone(outcomes: dict[str, Any], line: str) -> None:
    assert re.fullmatch(r"'\w+'", outcomes[line]), outcomes[line]


@pytest.mark.parametrize(("extra", "line"), NEEDS)
def test_says_which_extra_to_install(outcomes: dict[str, Any], extra: str, line: str) -> None:
    assert f'pip install "cupel[{extra}]"' in outcomes[line], outcomes[line]
