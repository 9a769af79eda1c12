"""cleanlab.rank."""
# ruff: noqa: T201 - what it prints is compared

import numpy as np
from cleanlab import rank
from cleanlab.filter import find_label_issues

np.set_printoptions(precision=5, suppress=True)
rng = np.random.default_rng(12)
labels = rng.integers(0, 4, 300)
members = []
for sharpness in (0.4, 0.8, 1.5):
    pred_probs = rng.dirichlet(np.full(4, sharpness), 300)
    pred_probs[np.arange(300), labels] += 0.4
    members.append(pred_probs / pred_probs.sum(axis=1, keepdims=True))
pred_probs = members[0]

for method in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
    print(rank.get_label_quality_scores(labels, pred_probs, method=method)[:40])
print(rank.get_label_quality_scores(labels, pred_probs, adjust_pred_probs=True)[:40])
print(rank.get_self_confidence_for_each_label(labels, pred_probs)[:20])
print(rank.get_normalized_margin_for_each_label(labels, pred_probs)[:20])
print(rank.get_confidence_weighted_entropy_for_each_label(labels, pred_probs)[:20])
for weighting in ("accuracy", "uniform", "log_loss_search"):
    scores = rank.get_label_quality_ensemble_scores(
        labels, members, weight_ensemble_members_by=weighting, verbose=False
    )
    print(weighting, scores[:30])
print(rank.find_top_issues(scores, top=15))
mask = find_label_issues(labels, pred_probs, n_jobs=1)
print(rank.order_label_issues(mask, labels, pred_probs, rank_by="normalized_margin"))
