"""Classifiers, and the probabilities that they give rows they were not trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from .cases import Floats, Labels

MODELS: dict[str, Callable[[], Any]] = {
    "logistic regression": lambda: LogisticRegression(max_iter=300),
    "random forest": lambda: RandomForestClassifier(100, random_state=0),
    "naive Bayes": GaussianNB,
    "k-NN": lambda: KNeighborsClassifier(15),
    "neural network": lambda: MLPClassifier((64,), max_iter=60, random_state=0),
    "gradient boosting": lambda: GradientBoostingClassifier(
        n_estimators=40, subsample=0.7, max_features="sqrt", random_state=0
    ),
    "SVM, Platt": lambda: CalibratedClassifierCV(SVC(), ensemble=False, cv=3),
    "extra trees": lambda: ExtraTreesClassifier(50, random_state=0),
    "linear discriminant": LinearDiscriminantAnalysis,
    "overfitted network": lambda: MLPClassifier(
        (64,), max_iter=80, alpha=0.0, learning_rate_init=0.01, random_state=0
    ),
}


def out_of_sample(model: str, features: Floats, labels: Labels) -> Floats:
    """Five-fold cross-validated probabilities, a row per example; columns are the labels."""
    classifier = make_pipeline(StandardScaler(), MODELS[model]())
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    # Small products are faster without threads, much so if the machine is not idle.
    with threadpool_limits(1):
        probs = cross_val_predict(classifier, features, labels, cv=folds, method="predict_proba")
    return np.asarray(probs, dtype=np.float64)
