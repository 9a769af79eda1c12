"""Label issues of regression: from predictions, or by models trained on features."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import shown
from cupel._features import as_real
from cupel.datalab._finding import Finding
from cupel.regression._numeric_labels import as_numeric
from cupel.regression.rank import get_label_quality_scores

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord

__all__ = ["PARAMETERS", "explain_number", "find_in_numbers"]

_OF_SEARCH = (
    "uncertainty",
    "coarse_search_range",
    "fine_search_size",
    "save_space",
    "model_kwargs",
)
PARAMETERS = (
    "clean_learning_kwargs",
    "threshold",
    "health_summary_parameters",
    "method",
    *_OF_SEARCH,
)


def find_in_numbers(
    context: Context,
    *,
    clean_learning_kwargs: Mapping[str, Any] | None = None,
    threshold: float = 0.05,
    health_summary_parameters: Mapping[str, Any] | None = None,  # noqa: ARG001 - as cleanlab
    method: str = "outre",
    **search: Any,
) -> Finding:
    """Find the numeric labels that are likely wrong.

    Parameters
    ----------
    context : Context
        Labels with predictions (as `pred_probs`), or features to predict them from.
    clean_learning_kwargs : mapping, optional
        For :class:`cupel.regression.learn.CleanLearning`. With a ``model`` in it, that is trained
        on the features even where there are predictions.
    threshold : float, default 0.05
        Labels are flagged that score below this share of the median score; with predictions only.
    health_summary_parameters : mapping, optional
        Without effect.
    method : {"outre", "residual"}
        Score, as in :func:`cupel.regression.rank.get_label_quality_scores`; with predictions only.
    uncertainty, coarse_search_range, fine_search_size, save_space, model_kwargs
        For :meth:`cupel.regression.learn.CleanLearning.find_label_issues`; with features only.
    """
    labels = _numbers(context)
    kwargs = dict(clean_learning_kwargs or {})
    least = as_real(threshold, name="threshold", least=0.0)
    if kwargs.get("model") is not None and context.features is None:
        msg = (
            f"a model ({type(kwargs['model']).__name__}) needs features to be trained on; pass "
            "features, or leave the model out to judge labels by the predictions"
        )
        raise ValueError(msg)
    if context.pred_probs is not None and kwargs.get("model") is None:
        predicted = as_numeric(context.pred_probs, name="pred_probs")
        _check_length(len(predicted), context.n_rows, "pred_probs")
        scores = get_label_quality_scores(labels, predicted, method=method, n_jobs=context.n_jobs)
        mask = scores < least * np.median(scores)
    else:
        mask, scores, predicted = _by_models(context, labels, kwargs, search)
    scores = scores.astype(np.float64, copy=False)
    return Finding(
        "label",
        mask,
        scores,
        float(scores.mean()),
        info={
            "num_label_issues": int(np.count_nonzero(mask)),
            "average_label_quality": scores.mean(),
            "given_label": labels.tolist(),
            "predicted_label": predicted.tolist(),
        },
        columns={"given_label": labels, "predicted_label": predicted},
        evidence={
            "given_label": labels.astype(np.float64),
            "predicted_label": predicted.astype(np.float64),
        },
    )


def _numbers(context: Context) -> NDArray[Any]:
    """Return the labels, integers where the caller's are."""
    given = np.asarray(context.labels.given)
    whole = given.dtype.kind in "iu" and given.ndim == 1
    return given if whole else np.asarray(context.labels.values, dtype=np.float64)


def _by_models(
    context: Context, labels: NDArray[Any], kwargs: dict[str, Any], search: dict[str, Any]
) -> tuple[NDArray[np.bool_], NDArray[Any], NDArray[Any]]:
    from cupel.regression.learn import CleanLearning

    if context.features is not None and not hasattr(context.features, "shape"):
        features = np.asarray(context.features)
    else:
        features = context.features
    _check_length(len(features), context.n_rows, "features")
    frame = CleanLearning(**kwargs).find_label_issues(features, labels, **search)
    return (
        frame["is_label_issue"].to_numpy(),
        frame["label_quality"].to_numpy(),
        frame["predicted_label"].to_numpy(),
    )


def _check_length(length: int, n_rows: int, name: str) -> None:
    if length != n_rows:
        msg = (
            f"{name} has {length} rows, the data set {n_rows}; they must describe the same examples"
        )
        raise ValueError(msg)


def explain_number(_record: AuditRecord, finding: Finding, row: int) -> str:
    """Say how far a label is from what is predicted."""
    given, predicted = (
        finding.evidence[name].astype(np.float64) for name in ("given_label", "predicted_label")
    )
    distances = np.abs(predicted - given)
    typical, own = float(np.median(distances)), float(distances[row])
    sentence = (
        f"Labelled {given[row]:.6g}, but {predicted[row]:.6g} is predicted: they differ by "
        f"{own:.4g}"
    )
    if typical > 0 and math.isfinite(own):
        return f"{sentence}, {own / typical:.3g} times what is typical ({typical:.4g})."
    return f"{sentence}, where {shown(typical)} is typical."
