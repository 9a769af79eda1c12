"""cleanlab.multiannotator."""
# ruff: noqa: T201 - what it prints is compared

import numpy as np
import pandas as pd
from cleanlab.multiannotator import (
    convert_long_to_wide_dataset,
    get_active_learning_scores,
    get_active_learning_scores_ensemble,
    get_label_quality_multiannotator,
    get_label_quality_multiannotator_ensemble,
    get_majority_vote_label,
)

pd.set_option("display.precision", 5, "display.width", 200, "display.max_columns", 20)
np.set_printoptions(precision=5, suppress=True)
rng = np.random.default_rng(9)
n, annotators, k = 150, 6, 3
true_labels = rng.integers(0, k, n)
given = np.where(rng.random((n, annotators)) < 0.75, true_labels[:, None], rng.integers(0, k, 1))
table = np.where(rng.random((n, annotators)) < 0.5, given, np.nan).astype(float)
empty = np.isnan(table).all(axis=1)
table[empty, 0] = true_labels[empty]
pred_probs = rng.dirichlet(np.ones(k), n)
pred_probs[np.arange(n), true_labels] += 1
pred_probs /= pred_probs.sum(axis=1, keepdims=True)
members = np.stack([pred_probs, rng.permuted(pred_probs, axis=1) * 0.2 + 0.8 * pred_probs])
unlabeled = rng.dirichlet(np.ones(k), 20)

named = pd.DataFrame(table, columns=[f"ann{i}" for i in range(annotators)])
for options in ({}, {"calibrate_probs": True}, {"consensus_method": "majority_vote"}):
    found = get_label_quality_multiannotator(
        named, pred_probs.copy(), verbose=False, return_weights=True, **options
    )
    for key, value in found.items():
        print(key, value, sep="\n")
for key, value in get_label_quality_multiannotator_ensemble(
    table, members.copy(), verbose=False
).items():
    print(key, value, sep="\n")
print(get_majority_vote_label(table, pred_probs, verbose=False))
print(*get_active_learning_scores(table, pred_probs.copy(), unlabeled.copy()), sep="\n")
both = np.stack([unlabeled, unlabeled[:, ::-1]])
print(*get_active_learning_scores_ensemble(table, members.copy(), both), sep="\n")
rows, columns = np.nonzero(~np.isnan(table))
long = pd.DataFrame({"task": rows, "annotator": columns, "label": table[rows, columns].astype(int)})
print(convert_long_to_wide_dataset(long))
