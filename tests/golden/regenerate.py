"""Make ``expected.npz``, the inputs and outputs of `test_golden`.

Run it only when numbers are meant to move, and say so in the CHANGELOG under "Numerics"::

    python tests/golden/regenerate.py

The inputs are kept in the file: they do not depend on what NumPy's generators do in the future.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import count, filter, rank

PATH = Path(__file__).with_name("expected.npz")

FILTERS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)
METHODS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
DTYPES = ("float16", "float32", "float64")


def make_inputs() -> dict[str, NDArray[Any]]:
    """Five classes: the first two have low thresholds, so that rows reach several at once."""
    # With this seed no two fractions of the calibrated joint tie: their order is the platform's.
    rng = np.random.default_rng(2022)
    n, k = 200, 5
    true = rng.integers(k, size=n)
    scores = rng.normal(size=(n, k))
    scores[np.arange(n), true] += 3.0
    probs = np.exp(scores)
    probs /= probs.sum(axis=1, keepdims=True)
    unsure = true < 2
    probs[unsure] = rng.dirichlet([6, 6, 0.5, 8, 0.5], np.count_nonzero(unsure))
    labels = true.copy()
    wrong = rng.random(n) < 0.2
    wrong[-11:] = True
    labels[wrong] = (true[wrong] + 1) % k
    return {"labels": labels.astype(np.uint8), "pred_probs": probs}


def outputs(labels: NDArray[Any], p: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """What the functions of `cupel` say of one problem."""
    found: dict[str, Any] = {"thresholds": count.get_confident_thresholds(labels, p)}
    for collision in ("argmax", "confident"):
        joint = count.compute_confident_joint(labels, p, calibrate=False, collision=collision)
        found[f"joint_{collision}"] = joint
    found["num_label_issues"] = count.num_label_issues(labels, p)
    latent = count.estimate_py_and_noise_matrices_from_probabilities(labels, p)
    found |= dict(zip(("py", "noise_matrix", "inverse", "joint"), latent, strict=True))
    for filter_by in FILTERS:
        found[filter_by] = np.packbits(filter.find_label_issues(labels, p, filter_by=filter_by))
    for method in METHODS:
        ranked = filter.find_label_issues(labels, p, return_indices_ranked_by=method)
        found[f"ranked_by_{method}"] = ranked
    for method in METHODS[1:]:
        found[method] = rank.get_label_quality_scores(labels, p, method=method)
    found["adjusted"] = rank.get_label_quality_scores(labels, p, adjust_pred_probs=True)
    return {name: np.asarray(value) for name, value in found.items()}


def all_outputs(inputs: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The outputs for each dtype, under names that begin with it."""
    return {
        f"{dtype}_{name}": value
        for dtype in DTYPES
        for name, value in outputs(inputs["labels"], inputs["pred_probs"].astype(dtype)).items()
    }


def main() -> int:
    inputs = make_inputs()
    np.savez_compressed(PATH, **inputs, **all_outputs(inputs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
