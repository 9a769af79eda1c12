"""cleanlab.multilabel_classification: filter, rank, dataset."""
# ruff: noqa: T201 - what it prints is compared

import numpy as np
import pandas as pd
from cleanlab.multilabel_classification import get_label_quality_scores as exported
from cleanlab.multilabel_classification.dataset import (
    common_multilabel_issues,
    multilabel_health_summary,
    overall_multilabel_health_score,
    rank_classes_by_multilabel_quality,
)
from cleanlab.multilabel_classification.filter import (
    find_label_issues,
    find_multilabel_issues_per_class,
)
from cleanlab.multilabel_classification.rank import (
    get_label_quality_scores,
    get_label_quality_scores_per_class,
)

pd.set_option("display.precision", 5, "display.width", 200, "display.max_columns", 20)
np.set_printoptions(precision=5, suppress=True)
rng = np.random.default_rng(10)
n, k = 500, 4
truth = rng.random((n, k)) < 0.3
pred_probs = np.clip(np.where(truth, 0.8, 0.2) + rng.normal(0, 0.15, (n, k)), 0.01, 0.99)
# No two classes with as many issues: cleanlab leaves the order of ties to the processor.
given = truth ^ (rng.random((n, k)) < [0.02, 0.05, 0.09, 0.14])
labels = [np.flatnonzero(row).tolist() for row in given]

print(find_label_issues(labels, pred_probs, n_jobs=1).nonzero())
print(
    find_label_issues(
        labels, pred_probs, return_indices_ranked_by="self_confidence", n_jobs=1
    ).tolist()
)
print(find_multilabel_issues_per_class(labels, pred_probs, n_jobs=1).sum(axis=0))
print(get_label_quality_scores(labels, pred_probs)[:40])
print(exported(labels, pred_probs, method="normalized_margin")[:40])
print(get_label_quality_scores_per_class(labels, pred_probs)[:10])
names = ["sharp", "sunny", "tall", "wet"]
print(common_multilabel_issues(labels, pred_probs, class_names=names))
print(rank_classes_by_multilabel_quality(labels, pred_probs, class_names=names))
print(f"{overall_multilabel_health_score(labels, pred_probs):.5f}")
for key, value in multilabel_health_summary(labels, pred_probs, verbose=False).items():
    print(key, value, sep="\n")
