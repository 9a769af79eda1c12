"""Prints the issues that Datalab finds in several data sets, as JSON.

NumPy's sort is made stable first: probabilities that Datalab gets from ten neighbours tie.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import Any

import numpy as np
from cleanlab import Datalab
from sklearn.datasets import load_diabetes, load_digits
from sklearn.naive_bayes import GaussianNB

argsort = np.argsort


def stable(a: Any, axis: int = -1, kind: Any = None, **kwargs: Any) -> Any:
    return argsort(a, axis=axis, kind=kind or "stable", **kwargs)


def issues(labels: Any, task: str, **inputs: Any) -> dict[str, Any]:
    """Issues and their summary, column by column; what could not be checked is in the text."""
    np.random.seed(0)  # noqa: NPY002 - cleanlab's regression draws from it
    lab = Datalab({"label": labels}, task=task, label_name="label", verbosity=0)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        lab.find_issues(**inputs)
    return {
        "issues": lab.get_issues().to_dict("list"),
        "summary": lab.get_issue_summary().to_dict("list"),
        "errors": [line for line in printed.getvalue().splitlines() if "Error" in line],
    }


def main() -> None:
    rng = np.random.default_rng(0)
    features, y = load_digits(n_class=5, return_X_y=True)
    features = features + rng.normal(0, 1e-3, features.shape)
    labels = np.where(rng.random(len(y)) < 0.08, rng.integers(0, 5, len(y)), y)
    model = GaussianNB(var_smoothing=0.1).fit(features[::2], y[::2])
    pred_probs = model.predict_proba(features)
    holes = pred_probs.copy()
    holes[3] = np.nan
    features_2, target = load_diabetes(return_X_y=True)
    tags = [np.flatnonzero(row).tolist() for row in rng.random((200, 3)) < 0.5]
    tag_probs = rng.random((200, 3))

    found = {
        "probabilities": issues(labels, "classification", pred_probs=pred_probs),
        "features": issues(labels, "classification", features=features),
        "both": issues(labels, "classification", pred_probs=pred_probs, features=features),
        "chosen": issues(
            labels,
            "classification",
            pred_probs=pred_probs,
            features=features,
            issue_types={
                "data_valuation": {},
                "outlier": {"k": 5},
                "label": {
                    "clean_learning_kwargs": {"find_label_issues_kwargs": {"filter_by": "both"}}
                },
            },
        ),
        "multilabel": issues(tags, "multilabel", pred_probs=tag_probs),
        "regression": issues(target, "regression", features=features_2),
        "predictions": issues(
            target, "regression", pred_probs=target + rng.normal(0, 30, len(target))
        ),
        "nan": issues(labels, "classification", pred_probs=holes),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    np.argsort = stable
    main()
