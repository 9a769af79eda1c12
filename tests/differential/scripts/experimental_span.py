"""cleanlab.experimental.span_classification."""
# ruff: noqa: T201 - what it prints is compared

import numpy as np
import pandas as pd
from cleanlab.experimental.span_classification import (
    display_issues,
    find_label_issues,
    get_label_quality_scores,
)

pd.set_option("display.precision", 5)
np.set_printoptions(precision=5, suppress=True)
rng = np.random.default_rng(7)
words = ["the", "old", "miner", "weighs", "silver", "and", "gold", "over", "a", "small", "flame"]
tokens = [list(rng.choice(words, size)) for size in rng.integers(3, 12, 40)]
labels = [rng.integers(0, 2, len(sentence)).tolist() for sentence in tokens]
pred_probs = [
    np.clip(np.abs(np.array(given) - rng.beta(1, 3, len(given))), 0, 1) for given in labels
]

issues = find_label_issues(labels, pred_probs)
print(issues)
scores, token_scores = get_label_quality_scores(labels, pred_probs)
print(scores, *token_scores[:3], sep="\n")
display_issues(issues, tokens, labels=labels, class_names=["outside", "inside"], top=5)
