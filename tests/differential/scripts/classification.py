"""cleanlab.classification, on handwritten digits."""
# ruff: noqa: T201 - what it prints is compared

import numpy as np
import pandas as pd
from cleanlab.classification import CleanLearning
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB

pd.set_option("display.precision", 5, "display.width", 200, "display.max_columns", 20)
np.set_printoptions(precision=5, suppress=True)
X, y = load_digits(n_class=4, return_X_y=True)
rng = np.random.default_rng(2)
labels = np.where(rng.random(len(y)) < 0.1, rng.integers(0, 4, len(y)), y)
train, test = slice(0, 500), slice(500, None)

learner = CleanLearning(GaussianNB(var_smoothing=0.1), seed=0, cv_n_folds=3)
issues = learner.find_label_issues(X[train], labels[train])
print(issues.dtypes, issues, issues["is_label_issue"].sum(), sep="\n")
learner.fit(X[train], labels[train], label_issues=issues)
print(learner.predict(X[test])[:30], learner.predict_proba(X[test])[:5], sep="\n")
print(f"{learner.score(X[test], y[test]):.5f}")
print(learner.get_label_issues().describe())
print(learner.confident_joint, learner.py, learner.noise_matrix, sep="\n")
learner.save_space()

direct = CleanLearning(seed=1, find_label_issues_kwargs={"filter_by": "both"})
pred_probs = GaussianNB(var_smoothing=0.1).fit(X[train], y[train]).predict_proba(X)
print(direct.find_label_issues(labels=labels, pred_probs=pred_probs).head(20))
