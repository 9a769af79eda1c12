"""cleanlab.filter."""
# ruff: noqa: T201 - what it prints is compared

import numpy as np
from cleanlab.filter import (
    find_label_issues,
    find_label_issues_using_argmax_confusion_matrix,
    find_predicted_neq_given,
)

rng = np.random.default_rng(8)
labels = rng.choice(4, 500, p=[0.4, 0.3, 0.2, 0.1])
pred_probs = rng.dirichlet(np.full(4, 0.4), 500)
pred_probs[np.arange(500), labels] += 0.5
pred_probs /= pred_probs.sum(axis=1, keepdims=True)

print(find_label_issues(labels, pred_probs, n_jobs=1).nonzero())
for method in ("prune_by_class", "both", "confident_learning", "low_self_confidence"):
    ranked = find_label_issues(
        labels,
        pred_probs,
        return_indices_ranked_by="normalized_margin",
        filter_by=method,
        n_jobs=1,
    )
    print(method, ranked.tolist())
print(find_label_issues(labels, pred_probs, frac_noise=0.5, n_jobs=1).sum())
print(find_predicted_neq_given(labels, pred_probs).sum())
print(find_label_issues_using_argmax_confusion_matrix(labels, pred_probs).nonzero())
try:
    find_label_issues(labels, pred_probs[:-1])
except ValueError as error:
    print(type(error).__name__)
