"""cleanlab.token_classification: filter, rank, summary."""
# ruff: noqa: T201 - what it prints is compared

import contextlib
import io

import numpy as np
import pandas as pd
from cleanlab.token_classification.filter import find_label_issues
from cleanlab.token_classification.rank import get_label_quality_scores, issues_from_scores
from cleanlab.token_classification.summary import (
    common_label_issues,
    display_issues,
    filter_by_token,
)

pd.set_option("display.precision", 5, "display.width", 200, "display.max_columns", 20)
np.set_printoptions(precision=5, suppress=True)
rng = np.random.default_rng(15)
words = [
    "The",
    "miner",
    "weighs",
    "silver",
    "and",
    "gold",
    "over",
    "a",
    "small",
    "flame",
    "in",
    "Joachimsthal",
]
tokens = [rng.choice(words, size).tolist() for size in rng.integers(3, 15, 60)]
labels = [rng.integers(0, 3, len(sentence)).tolist() for sentence in tokens]
pred_probs = []
for given in labels:
    rows = rng.dirichlet(np.full(3, 0.5), len(given))
    rows[np.arange(len(given)), given] += 0.6
    pred_probs.append(rows / rows.sum(axis=1, keepdims=True))
names = ["O", "PER", "LOC"]

issues = find_label_issues(labels, pred_probs)
print(issues)
print(find_label_issues(labels, pred_probs, return_indices_ranked_by="normalized_margin")[:20])
for method in ("min", "softmin"):
    scores, token_scores = get_label_quality_scores(
        labels, pred_probs, tokens=tokens, sentence_score_method=method
    )
    print(scores, *token_scores[:3], sep="\n")
print(issues_from_scores(scores, threshold=0.3))
print(issues_from_scores(scores, token_scores=token_scores, threshold=0.2)[:30])
print(filter_by_token("gold", issues, tokens))
with contextlib.redirect_stdout(io.StringIO()):  # cleanlab prints, verbose or not
    words_alone = common_label_issues(issues, tokens, verbose=False)
    words_and_classes = common_label_issues(
        issues, tokens, labels=labels, pred_probs=pred_probs, class_names=names, verbose=False
    )
print(words_alone, words_and_classes, sep="\n")
display_issues(issues, tokens, labels=labels, pred_probs=pred_probs, class_names=names, top=4)
