"""cleanlab.outlier, on irises."""
# ruff: noqa: T201 - what it prints is compared

import numpy as np
from cleanlab.outlier import OutOfDistribution
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestNeighbors

np.set_printoptions(precision=5, suppress=True)
X, y = load_iris(return_X_y=True)
pred_probs = GaussianNB(var_smoothing=0.1).fit(X, y).predict_proba(X)
far = X[:10] + 3

for params in ({}, {"k": 5, "t": 2}, {"knn": NearestNeighbors(n_neighbors=8).fit(X)}):
    detector = OutOfDistribution(dict(params))
    print(detector.fit_score(features=X, verbose=False), detector.score(features=far), sep="\n")
for params in ({}, {"method": "least_confidence"}, {"method": "gen", "adjust_pred_probs": False}):
    detector = OutOfDistribution(dict(params))
    detector.fit(pred_probs=pred_probs, labels=y, verbose=False)
    print(params, detector.score(pred_probs=pred_probs)[:60])
print(sorted(detector.params))
