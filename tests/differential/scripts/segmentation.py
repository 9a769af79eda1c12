"""cleanlab.segmentation: filter, rank, summary."""
# ruff: noqa: T201 - what it prints is compared

import numpy as np
import pandas as pd
from cleanlab.segmentation.filter import find_label_issues
from cleanlab.segmentation.rank import get_label_quality_scores, issues_from_scores
from cleanlab.segmentation.summary import common_label_issues, filter_by_class

pd.set_option("display.precision", 5, "display.width", 200, "display.max_columns", 20)
np.set_printoptions(precision=5, suppress=True)
rng = np.random.default_rng(14)
n, k, size = 6, 4, 16
labels = np.kron(rng.integers(0, k, (n, 2, 2)), np.ones((size // 2, size // 2), dtype=int))
pred_probs = rng.dirichlet(np.full(k, 0.5), (n, size, size)).transpose(0, 3, 1, 2)
pred_probs = pred_probs + 1.5 * (labels[:, None] == np.arange(k)[None, :, None, None])
pred_probs /= pred_probs.sum(axis=1, keepdims=True)
labels[0, :4, :4] = (labels[0, :4, :4] + 1) % k
labels[3, 5:9, 5:9] = (labels[3, 5:9, 5:9] + 2) % k

issues = find_label_issues(labels, pred_probs, n_jobs=1, verbose=False)
print(issues.dtype, issues.sum(axis=(1, 2)), *np.nonzero(issues), sep="\n")
print(find_label_issues(labels, pred_probs, downsample=2, n_jobs=1, verbose=False).sum())
for method in ("softmin", "num_pixel_issues"):
    image_scores, pixel_scores = get_label_quality_scores(
        labels, pred_probs, method=method, n_jobs=1, verbose=False
    )
    print(image_scores, pixel_scores[0, :3, :6], sep="\n")
_, pixel_scores = get_label_quality_scores(labels, pred_probs, n_jobs=1, verbose=False)
print(issues_from_scores(image_scores, pixel_scores, threshold=0.2).sum())
names = ["sky", "road", "car", "tree"]
print(common_label_issues(issues, labels, pred_probs, class_names=names, verbose=False))
print(common_label_issues(issues, labels, pred_probs, exclude=[0], top=3, verbose=False))
print(filter_by_class(2, issues, labels, pred_probs).sum())
