"""The parts of regression's CleanLearning that know no model: arguments, frames and scores."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import shown
from cupel._errors import WrongKindError
from cupel._estimators import takes_sample_weight
from cupel._extras import require
from cupel.regression._numeric_labels import as_numeric

__all__ = [
    "as_issue_frame",
    "as_rows_and_labels",
    "as_sample_weight",
    "as_uncertainty",
    "check_no_weights",
    "issue_frame",
]

_TINY = 1e-100
Floats = NDArray[np.float64]


def as_rows_and_labels(X: Any, y: Any, *, name: str = "y") -> tuple[Any, NDArray[Any]]:
    """Return both, checked to be as long as each other."""
    labels = as_numeric(y, name=name)
    rows = _rows_of(X)
    if rows.shape[0] != len(labels):
        msg = (
            f"X has {rows.shape[0]} rows, {name} has {len(labels)} values; they must describe the "
            "same examples"
        )
        raise ValueError(msg)
    return rows, labels


def _rows_of(X: Any) -> Any:
    """Return `X` as something that can be indexed by rows: an array, or a CSR matrix."""
    if hasattr(X, "tocsr"):
        return X.tocsr()
    rows = np.asarray(X)
    if not rows.ndim:
        msg = f"X must have one row per example, got {type(X).__name__}"
        raise TypeError(msg)
    return rows


def as_uncertainty(uncertainty: Any, n_rows: int) -> Any:
    """Return the caller's uncertainty: one number, or one per example."""
    if np.ndim(uncertainty) == 0:
        if isinstance(uncertainty, (str, bytes)):
            msg = f"uncertainty must be a number or an array of them, got {shown(uncertainty)}"
            raise TypeError(msg)
        return as_numeric([uncertainty], name="uncertainty")[0]
    values = as_numeric(uncertainty, name="uncertainty")
    if len(values) != n_rows:
        msg = f"uncertainty has {len(values)} values, y has {n_rows}; pass one per example"
        raise ValueError(msg)
    return values


def issue_frame(labels: NDArray[Any], predictions: Floats, uncertainty: Any, share: float) -> Any:
    """Score residuals in units of the predictions' uncertainty, and flag a share of the lowest.

    A typical residual scores 1/e.
    """
    pandas = require("pandas", "CleanLearning.find_label_issues")
    surprise = np.abs((predictions - labels) / (uncertainty + _TINY))
    scores = np.exp(-surprise / (np.median(surprise) + _TINY))
    flagged = np.zeros(len(labels), dtype=np.bool_)
    # NumPy's default sort, as in cleanlab: scores far below the others are 0, and tie.
    flagged[np.argsort(scores)[: math.ceil(len(labels) * share)]] = True
    integers = labels.dtype == np.int64
    return pandas.DataFrame(
        {
            "is_label_issue": flagged,
            "label_quality": scores,
            "given_label": labels,
            "predicted_label": predictions.astype(np.int64) if integers else predictions,
        }
    )


def as_issue_frame(label_issues: Any, labels: NDArray[Any]) -> Any:
    """Return what the caller knows of wrong labels as a frame, `labels` in it where he gave a mask."""
    pandas = require("pandas", "CleanLearning.fit")
    if isinstance(label_issues, pandas.DataFrame):
        return _checked_frame(label_issues, labels).copy()
    index = None
    if isinstance(label_issues, pandas.Series):
        index, label_issues = label_issues.index, label_issues.to_numpy()
    if not isinstance(label_issues, np.ndarray):
        kind = type(label_issues).__name__
        msg = f"label_issues must be a DataFrame, a Series or an array of bool, got {kind}"
        raise WrongKindError(msg)
    if label_issues.dtype != np.bool_:
        msg = (
            f"label_issues must be a bool mask, got dtype {label_issues.dtype}; make one of indices "
            "by numpy.isin(numpy.arange(n), label_issues)"
        )
        raise ValueError(msg)
    if label_issues.shape != labels.shape:
        msg = f"label_issues has shape {label_issues.shape}, labels {labels.shape}; they must agree"
        raise ValueError(msg)
    return pandas.DataFrame({"is_label_issue": label_issues, "given_label": labels}, index=index)


def _checked_frame(frame: Any, labels: NDArray[Any]) -> Any:
    if "is_label_issue" not in frame.columns:
        msg = f"label_issues must have a column 'is_label_issue', has {list(frame.columns)}"
        raise ValueError(msg)
    if len(frame) != len(labels):
        msg = f"label_issues has {len(frame)} rows, labels has {len(labels)}; they must agree"
        raise ValueError(msg)
    if "given_label" in frame.columns:
        same = frame["given_label"].to_numpy() == labels
        if not same.all():
            row = int(same.argmin())
            msg = (
                f"label_issues['given_label'] has {frame['given_label'].iloc[row]} in row {row}, "
                f"labels has {labels[row]}; pass the issues of these labels"
            )
            raise ValueError(msg)
    return frame


def as_sample_weight(model: Any, sample_weight: Any, n_rows: int) -> NDArray[Any] | None:
    """Return weights, one for every example, for a model whose fit takes them."""
    if sample_weight is None:
        return None
    if not takes_sample_weight(model.fit):
        msg = f"sample_weight is not a parameter of {type(model).__name__}.fit(); leave it out"
        raise ValueError(msg)
    weights = as_numeric(sample_weight, name="sample_weight")
    if len(weights) != n_rows:
        msg = f"sample_weight has {len(weights)} values, y has {n_rows}; pass one per example"
        raise ValueError(msg)
    return weights


def check_no_weights(*kwargs: Any) -> None:
    """Refuse weights among the arguments for single fits: they are for all examples."""
    if any("sample_weight" in given for given in kwargs):
        msg = "pass sample_weight to fit() itself, not in model_kwargs or model_final_kwargs"
        raise ValueError(msg)
