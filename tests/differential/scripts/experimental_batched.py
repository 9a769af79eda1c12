"""cleanlab.experimental.label_issues_batched."""
# ruff: noqa: T201 - what it prints is compared

import numpy as np
from cleanlab.experimental.label_issues_batched import LabelInspector, find_label_issues_batched

np.set_printoptions(precision=5, suppress=True, threshold=10_000)
rng = np.random.default_rng(6)
labels = rng.integers(0, 3, 900)
pred_probs = rng.dirichlet(np.full(3, 0.5), 900)
pred_probs[np.arange(900), labels] += 0.5
pred_probs /= pred_probs.sum(axis=1, keepdims=True)

print(find_label_issues_batched(labels, pred_probs, batch_size=250, verbose=False))
mask = find_label_issues_batched(
    labels,
    pred_probs,
    batch_size=400,
    verbose=False,
    quality_score_kwargs={"method": "normalized_margin"},
    num_issue_kwargs={"estimation_method": "off_diagonal_calibrated"},
    return_mask=True,
)
print(mask.dtype, mask.sum(), np.flatnonzero(mask))

inspector = LabelInspector(num_class=3, verbose=False)
for part in (slice(0, 500), slice(500, 900)):
    inspector.update_confident_thresholds(labels[part], pred_probs[part])
print(inspector.get_confident_thresholds(silent=True))
for part in (slice(0, 500), slice(500, 900)):
    print(inspector.score_label_quality(labels[part], pred_probs[part])[:10])
print(inspector.get_num_issues(silent=True))
print(inspector.get_quality_scores()[:10])
print(inspector.get_label_issues())
