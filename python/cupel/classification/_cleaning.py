"""What `CleanLearning` checks and tabulates: labels, tables of label issues, weights."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._crossval import check_same_length, classes_from_0
from cupel._extras import require
from cupel._problem import Problem
from cupel.rank import get_label_quality_scores

__all__ = [
    "FOUND",
    "as_issues",
    "as_several_classes",
    "check_classifier",
    "check_cross_validation",
    "check_supported",
    "check_weight_arguments",
    "filter_options",
    "issue_frame",
    "issues_batched",
    "labels_or_y",
    "merged",
    "weights_of_rows",
]

FOUND = (  # attributes that find_label_issues and fit set
    "label_issues_df",
    "label_issues_mask",
    "sample_weight",
    "confident_joint",
    "py",
    "ps",
    "num_classes",
    "noise_matrix",
    "inverse_noise_matrix",
    "clf_kwargs",
    "clf_final_kwargs",
)
_MASK = "is_label_issue"
_PRUNING = ("prune_by_noise_rate", "prune_by_class", "both")  # filters that use a confident joint
_NOT_SUPPORTED = ("return_indices_ranked_by", "multi_label")


def check_classifier(clf: Any) -> None:
    """Refuse what cannot be trained and asked for probabilities."""
    for method in ("fit", "predict", "predict_proba"):
        if not hasattr(clf, method):
            msg = f"clf must have the methods fit, predict and predict_proba; {method} is missing"
            raise ValueError(msg)


def as_several_classes(labels: Any) -> NDArray[np.int64]:
    """Return labels as int64 of at least 0, with at least two classes."""
    if labels is None:
        msg = "labels must be a vector with the given class of each example, got None"
        raise TypeError(msg)
    given = classes_from_0(labels)
    if given.min() == given.max():
        msg = f"labels are all {given[0]}, expected at least two classes"
        raise ValueError(msg)
    return given


def check_cross_validation(X: Any, given: NDArray[np.int64], n_folds: int) -> None:
    """Refuse features that are missing, or too few examples for so many folds."""
    if X is None:
        msg = "X is needed to predict probabilities by cross-validation; or pass pred_probs"
        raise ValueError(msg)
    check_same_length(X, given)
    n_classes = len(np.unique(given))
    if len(given) / n_classes < n_folds:
        msg = (
            f"{len(given)} examples of {n_classes} classes are too few for cv_n_folds={n_folds}; "
            "use fewer folds"
        )
        raise ValueError(msg)


def labels_or_y(labels: Any, y: Any) -> Any:
    """Return the one of both that is given."""
    if (labels is None) == (y is None):
        both = "not both" if y is not None else "none is given"
        msg = f"pass either labels or y, {both}"
        raise ValueError(msg)
    return y if labels is None else labels


def check_weight_arguments(
    weighted: bool, sample_weight: Any, clf_kwargs: Mapping[str, Any] | None
) -> None:
    """Refuse weights where they cannot be used."""
    if "sample_weight" in (clf_kwargs or {}):
        msg = "clf_kwargs must not hold sample_weight; pass it to fit itself or in clf_final_kwargs"
        raise ValueError(msg)
    if sample_weight is not None and not weighted:
        msg = "sample_weight is given, but clf.fit has no parameter sample_weight"
        raise ValueError(msg)


def check_supported(options: Mapping[str, Any]) -> None:
    """Refuse options of the filter that change what it returns."""
    found = [name for name in _NOT_SUPPORTED if name in options]
    if found:
        msg = f"find_label_issues_kwargs must not hold {found[0]!r}: the result is one row per example"
        raise ValueError(msg)


def filter_options(options: Mapping[str, Any], joint: NDArray[Any]) -> dict[str, Any]:
    """Return the filter's options, with the confident joint for the filters that use one."""
    out = {"min_examples_per_class": 10, **options}
    filter_by = out.get("filter_by", _PRUNING[0])
    if filter_by in _PRUNING:
        out["confident_joint"] = joint
    elif filter_by != "confident_learning":  # which warns that it uses none
        out.pop("confident_joint", None)
    return out


def issues_batched(
    problem: Problem, options: Mapping[str, Any], known: Mapping[str, Any], *, verbose: bool
) -> NDArray[np.bool_]:
    """Return the mask of issues by the rule that needs one batch in memory."""
    from cupel.experimental.label_issues_batched import find_label_issues_batched

    given = [name for name, value in known.items() if value is not None]
    for name in (["find_label_issues_kwargs"] if options else []) + given:
        warnings.warn(f"{name} is not used with low_memory=True", UserWarning, stacklevel=3)
    return find_label_issues_batched(
        problem.labels, problem.pred_probs, verbose=verbose, return_mask=True
    )


def issue_frame(
    mask: NDArray[np.bool_],
    scores: NDArray[Any],
    given: NDArray[np.int64],
    predicted: NDArray[np.int64],
    n_classes: int,
) -> Any:
    """Return the table of label issues, one row per example; classes as narrow integers."""
    pandas = require("pandas", "CleanLearning")
    narrow = np.int16 if n_classes <= np.iinfo(np.int16).max else np.int32
    return pandas.DataFrame(
        {
            _MASK: mask,
            "label_quality": scores,
            "given_label": given.astype(narrow),
            "predicted_label": predicted.astype(narrow),
        },
        copy=False,
    )


def as_issues(
    label_issues: Any, given: NDArray[np.int64], pred_probs: Any, scoring: dict[str, Any]
) -> tuple[Any, NDArray[np.bool_]]:
    """Return a table of label issues, a mask or row numbers of them, as the table and the mask.

    With `pred_probs`, a table without scores gets them.
    """
    frame, mask = _table_and_mask(label_issues, given)
    if pred_probs is not None:
        scores = get_label_quality_scores(given, pred_probs, **scoring)
        if "label_quality" not in frame.columns:
            frame = frame.assign(label_quality=scores)
    return frame, mask


def _table_and_mask(label_issues: Any, given: NDArray[np.int64]) -> tuple[Any, NDArray[np.bool_]]:
    pandas = require("pandas", "CleanLearning.fit")
    if isinstance(label_issues, pandas.DataFrame):
        return label_issues, _mask_of_frame(label_issues, given)
    if not isinstance(label_issues, np.ndarray):
        msg = (
            "label_issues must be a DataFrame, or a numpy array with a mask or row numbers, "
            f"got {type(label_issues).__name__}"
        )
        raise ValueError(msg)  # noqa: TRY004 - as cleanlab
    mask = _mask_of_array(label_issues, len(given))
    return pandas.DataFrame({_MASK: mask}), mask


def _mask_of_frame(frame: Any, given: NDArray[np.int64]) -> NDArray[np.bool_]:
    if _MASK not in frame.columns:
        msg = f"label_issues has no column {_MASK!r}; pass what find_label_issues returned"
        raise ValueError(msg)
    if len(frame) != len(given):
        msg = f"label_issues has {len(frame)} rows, labels has {len(given)}"
        raise ValueError(msg)
    if "given_label" in frame.columns:
        differs = frame["given_label"].to_numpy() != given
        if differs.any():
            row = int(differs.argmax())
            msg = (
                f"label_issues['given_label'] is {frame['given_label'].iloc[row]} in row {row}, "
                f"labels[{row}] is {given[row]}; they must describe the same data"
            )
            raise ValueError(msg)
    return np.asarray(frame[_MASK].to_numpy(), dtype=np.bool_)


def _mask_of_array(issues: NDArray[Any], n_rows: int) -> NDArray[np.bool_]:
    if issues.dtype.kind == "b":
        if issues.shape != (n_rows,):
            msg = f"label_issues has shape {issues.shape}, a mask must have shape ({n_rows},)"
            raise ValueError(msg)
        return issues.copy()
    if issues.dtype.kind not in "iu" or issues.ndim != 1:
        msg = f"label_issues must hold bools or row numbers, got {issues.dtype} of {issues.shape}"
        raise ValueError(msg)
    if len(np.unique(issues)) != len(issues):
        msg = "label_issues names a row twice; a mask must be of dtype bool, row numbers differ"
        raise ValueError(msg)
    outside = (issues < -n_rows) | (issues >= n_rows)
    if outside.any():
        at = int(outside.argmax())
        msg = f"label_issues[{at}] is {issues[at]}, but there are {n_rows} rows"
        raise IndexError(msg)
    mask = np.zeros(n_rows, dtype=np.bool_)
    mask[issues] = True
    return mask


def weights_of_rows(weights: Any, kept: NDArray[np.bool_]) -> Any:
    """Return the weights of the rows that are kept, as the kind of vector that was passed."""
    vector = weights if hasattr(weights, "iloc") else np.asarray(weights)
    if len(vector) != len(kept):
        msg = f"sample_weight has {len(vector)} values, labels has {len(kept)}"
        raise IndexError(msg)
    return vector.iloc[np.flatnonzero(kept)] if hasattr(vector, "iloc") else vector[kept]


def merged(*mappings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a new dict of all of them, later ones first; None is empty."""
    return {key: value for mapping in mappings for key, value in (mapping or {}).items()}
