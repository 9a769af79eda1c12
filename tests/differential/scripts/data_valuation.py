"""cleanlab.data_valuation, on irises."""
# ruff: noqa: T201 - what it prints is compared

import numpy as np
from cleanlab.data_valuation import data_shapley_knn
from sklearn.datasets import load_iris
from sklearn.neighbors import NearestNeighbors

np.set_printoptions(precision=5, suppress=True)
X, y = load_iris(return_X_y=True)
X = X + np.random.default_rng(4).normal(0, 1e-3, X.shape)
print(data_shapley_knn(y, features=X))
print(data_shapley_knn(y, features=X, metric="euclidean", k=5))
graph = NearestNeighbors(n_neighbors=7).fit(X).kneighbors_graph(mode="distance")
print(data_shapley_knn(y, knn_graph=graph, k=7))
