"""cleanlab.regression: rank and learn, on the diabetes data."""
# ruff: noqa: T201, NPY002 - what it prints is compared, what it draws too

import numpy as np
import pandas as pd
from cleanlab.regression.learn import CleanLearning
from cleanlab.regression.rank import get_label_quality_scores
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

pd.set_option("display.precision", 5, "display.width", 200, "display.max_columns", 20)
np.set_printoptions(precision=5, suppress=True)
X, y = load_diabetes(return_X_y=True)
rng = np.random.default_rng(13)
y[rng.choice(len(y), 20, replace=False)] += 300
predictions = LinearRegression().fit(X, y).predict(X)
for method in ("residual", "outre"):
    print(get_label_quality_scores(y / 100, predictions / 100, method=method)[:60])

np.random.seed(0)
learner = CleanLearning(LinearRegression(), n_boot=2, cv_n_folds=3, seed=0)
issues = learner.find_label_issues(X, y, coarse_search_range=[0.05, 0.1], fine_search_size=1)
print(issues.dtypes, issues, issues["is_label_issue"].sum(), sep="\n")
learner.fit(X, y, label_issues=issues)
print(learner.predict(X)[:20], f"{learner.score(X, y):.5f}", sep="\n")
print(learner.get_label_issues().describe())
print(learner.get_epistemic_uncertainty(X, y)[:10])
print(f"{learner.get_aleatoric_uncertainty(X, y - predictions):.5f}")
learner.save_space()
