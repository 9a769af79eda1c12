"""Data sets with contradicting duplicates, and audits to make lists of what to review from."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from cupel.datalab import Datalab
from cupel.datalab._context import Context
from cupel.datalab._dataset import Dataset, Labels
from cupel.datalab._finding import Finding

Array = NDArray[Any]


class Planted(NamedTuple):
    """Features and labels, and rows by what is wrong with them."""

    features: Array
    labels: Array
    errors: Array
    right_copies: Array  # of two near-duplicates, the one that is labelled right
    wrong_copies: Array
    outliers: Array
    harmless: Array  # exact duplicates with the same label


def planted_digits(seed: int) -> Planted:
    """scikit-learn's digits with wrong labels, contradicting and harmless copies, and noise."""
    rng = np.random.default_rng(seed)
    features, labels = pytest.importorskip("sklearn.datasets").load_digits(return_X_y=True)
    n = len(labels)
    errors, copied, outliers, twice = np.split(rng.permutation(n)[:180], [90, 130, 150])
    labels[errors] = (labels[errors] + rng.integers(1, 10, len(errors))) % 10
    features[outliers] = rng.uniform(0, 16, (len(outliers), features.shape[1]))
    near = features[copied] + rng.normal(0, 0.01, (len(copied), features.shape[1]))
    other = (labels[copied] + rng.integers(1, 10, len(copied))) % 10
    wrong = n + np.arange(len(copied))
    return Planted(
        np.vstack([features, near, features[twice]]) / 16,
        np.concatenate([labels, other, labels[twice]]),
        errors,
        copied,
        wrong,
        outliers,
        np.concatenate([twice, n + len(copied) + np.arange(len(twice))]),
    )


def context_of(labels: Any, *, task: str = "classification", **inputs: Any) -> Context:
    """Give a check what it looks at."""
    split = inputs.pop("split", None)
    columns = {"y": labels} | ({} if split is None else {"part": split})
    name = None if split is None else "part"
    dataset = Dataset.load(columns, label_name="y", split_name=name)
    return Context(task, dataset, Labels.load(dataset, task), **inputs)


def audit_of(labels: Any, *findings: Finding, task: str = "classification", **columns: Any) -> Any:
    """Make an audit of what checks are said to have found."""
    names = {role: columns.pop(role, None) for role in ("id_name", "split_name")}
    lab = Datalab({"y": labels} | columns, task=task, label_name="y", verbosity=0, **names)
    lab._record.findings.update({finding.name: finding for finding in findings})
    return lab


def finding_of(name: str, flagged: Any, scores: Any = None, **evidence: Any) -> Finding:
    """Say what a check found; scores are 0 where flagged, else 1, if not given."""
    mask = np.asarray(flagged, dtype=np.bool_)
    numbers = np.where(mask, 0.0, 1.0) if scores is None else np.asarray(scores, dtype=np.float64)
    arrays = {key: np.asarray(values) for key, values in evidence.items()}
    info = {"scaling_factor": 1.0, "typical_score": 1.0}  # for the reasons of outlier and non_iid
    return Finding(name, mask, numbers, float(numbers.mean()), info, evidence=arrays)
