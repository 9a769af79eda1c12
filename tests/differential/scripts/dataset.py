"""cleanlab.dataset."""
# ruff: noqa: T201 - what it prints is compared

import numpy as np
import pandas as pd
from cleanlab.dataset import (
    find_overlapping_classes,
    health_summary,
    overall_label_health_score,
    rank_classes_by_label_quality,
)

pd.set_option("display.precision", 5, "display.width", 200, "display.max_columns", 20)
np.set_printoptions(precision=5, suppress=True)
rng = np.random.default_rng(5)
labels = rng.choice(5, 600, p=[0.3, 0.25, 0.2, 0.15, 0.1])
pred_probs = rng.dirichlet(np.full(5, 0.5), 600)
pred_probs[np.arange(600), labels] += 0.6
pred_probs /= pred_probs.sum(axis=1, keepdims=True)
names = ["ant", "bee", "cat", "dog", "eel"]

# Counts of labels tie, and cleanlab leaves the order of ties to NumPy; such a joint has none.
joint = 0.7 * np.diag(rng.dirichlet(np.ones(5))) + 0.3 * rng.dirichlet(np.ones(25)).reshape(5, 5)
known = {"joint": joint, "num_examples": 100_000, "class_names": names}
print(rank_classes_by_label_quality(labels, pred_probs))
print(rank_classes_by_label_quality(**known))
print(find_overlapping_classes(**known))
print(find_overlapping_classes(**known, asymmetric=True))
print(f"{overall_label_health_score(labels, pred_probs, verbose=False):.5f}")
for key, value in health_summary(labels, pred_probs, **known, verbose=False).items():
    print(key, value, sep="\n")
