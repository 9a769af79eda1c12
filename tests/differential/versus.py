"""cleanlab next to the reference: calling both, and what "the same" means for them."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from compare import assert_identical, assert_ulp
from cupel import reference

cleanlab = SimpleNamespace(
    count=pytest.importorskip("cleanlab.count"),
    filter=pytest.importorskip("cleanlab.filter"),
    rank=pytest.importorskip("cleanlab.rank"),
)

PRUNING = ("prune_by_noise_rate", "prune_by_class", "both")
FILTERS = (
    *PRUNING,
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)
SCORES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
PY_METHODS = ("cnt", "eqn", "marginal", "marginal_ps")

# cleanlab sums in the dtype of pred_probs; the reference rounds the exact mean.
THRESHOLD_ULP = 4
# The score is log(q + 1) / max(q, 1e-6): where the last digit of q differs, q + 1 may round otherwise.
ENTROPY_ATOL = float(np.finfo(np.float64).eps) / 1e-6


def pair(name: str, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """What a function of the reference returns, and what cleanlab's does.

    The reference may warn as documented, and of nothing else.
    """
    module, function = name.split(".")
    quiet = {
        "find_label_issues": {"n_jobs": 1},
        "get_label_quality_ensemble_scores": {"verbose": False},
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        ours = getattr(getattr(reference, module), function)(*args, **kwargs)
        warnings.simplefilter("ignore")
        theirs = getattr(getattr(cleanlab, module), function)(
            *args, **kwargs, **quiet.get(function, {})
        )
    return ours, theirs


def assert_same(name: str, *args: Any, **kwargs: Any) -> None:
    """Both return the same arrays, or tuples of them."""
    ours, theirs = pair(name, *args, **kwargs)
    if not isinstance(theirs, tuple):
        ours, theirs = (ours,), (theirs,)
    for our, their in zip(ours, theirs, strict=True):
        assert_identical(our, their)


def check_thresholds(labels: Any, pred_probs: Any) -> bool:
    """Check that thresholds are nearly the same, and say whether they are the same."""
    ours, theirs = pair("count.get_confident_thresholds", labels, pred_probs)
    assert ours.dtype == theirs.dtype
    dtype = pred_probs.dtype  # where a class is absent, thresholds are float64, rounded to this
    assert_ulp(ours.astype(dtype), theirs.astype(dtype), THRESHOLD_ULP)
    assert_identical(ours == ours.astype(dtype), theirs == theirs.astype(dtype))
    return bool((ours == theirs).all())


def check_counts(labels: Any, pred_probs: Any) -> None:
    for calibrate in (True, False):
        assert_same(
            "count.compute_confident_joint",
            labels,
            pred_probs,
            calibrate=calibrate,
            return_indices_of_off_diagonals=True,
        )
    assert_same("count.estimate_joint", labels, pred_probs)
    for method in ("off_diagonal", "off_diagonal_calibrated"):
        assert_same("count.num_label_issues", labels, pred_probs, estimation_method=method)


def check_latent(name: str, *args: Any, **kwargs: Any) -> None:
    """Both estimates agree, or both fail on a noise matrix that has no inverse."""
    try:
        ours, theirs = pair(name, *args, **kwargs)
    except np.linalg.LinAlgError:
        assert kwargs["py_method"] == "eqn"
        module, function = name.split(".")
        with pytest.raises(np.linalg.LinAlgError):
            getattr(getattr(cleanlab, module), function)(*args, **kwargs)
        return
    for our, their in zip(ours, theirs, strict=True):
        assert our.dtype == their.dtype
        np.testing.assert_allclose(our, their, rtol=1e-10)


def check_filters(labels: Any, pred_probs: Any) -> None:
    for method in FILTERS:
        assert_same("filter.find_label_issues", labels, pred_probs, filter_by=method)
    assert_same("filter.find_predicted_neq_given", labels, pred_probs)


def check_scores(labels: Any, pred_probs: Any) -> None:
    for method in ("self_confidence", "normalized_margin"):
        assert_same("rank.get_label_quality_scores", labels, pred_probs, method=method)
    ours, theirs = pair("rank.get_confidence_weighted_entropy_for_each_label", labels, pred_probs)
    assert theirs.dtype == np.float64
    if pred_probs.dtype == np.float64:
        assert_ulp(ours, theirs, 4, atol=ENTROPY_ATOL)
        unsure = (pred_probs.max(axis=1) < 0.9) & (abs(pred_probs.sum(axis=1) - 1) < 0.01)
        assert_ulp(ours[unsure], theirs[unsure], 16)
    else:  # cleanlab sums, and clips the self-confidence, in the dtype of pred_probs
        dtype, clear = pred_probs.dtype, pred_probs[np.arange(len(labels)), labels] > 1e-6
        assert_ulp(ours[clear].astype(dtype), theirs[clear].astype(dtype), 4)
