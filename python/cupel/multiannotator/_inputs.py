"""The front door for labels by several annotators and the models next to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._arrays import MAX_COPY, NUMBERS, as_array, at_position, is_missing, shown
from cupel._validate import as_choice, as_pred_probs

__all__ = [
    "AnnotatedLabels",
    "as_consensus_methods",
    "as_models",
    "as_packed",
    "as_quality_method",
    "as_score_kwargs",
    "model_shape",
    "read_labels",
]

_NAME = "labels_multiannotator"
_LISTED = 10  # positions named in an error
_CONSENSUS_METHODS = ("best_quality", "majority_vote")
_QUALITY_METHODS = ("crowdlab", "agreement")
_SHARES = {"packed": True, "by_class": False}
_METHODS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


@dataclass(frozen=True, slots=True)
class AnnotatedLabels:
    """Labels as the core keeps them, with the names of rows and columns.

    Attributes
    ----------
    marks : _core.Annotations
        The labels; examples and annotators by number.
    index, columns : pandas.Index or None
        Of the frame that was passed; None for an array.
    """

    marks: _core.Annotations
    index: Any
    columns: Any

    @property
    def per_example(self) -> NDArray[np.int64]:
        """Number of labels of each example."""
        return self.marks.label_counts(by_annotator=False)

    def annotator_names(self) -> list[Any]:
        """Names of the columns; their numbers for an array."""
        if self.columns is None:
            return list(range(len(self.marks.label_counts(by_annotator=True))))
        return list(self.columns)

    def check_examples(self) -> None:
        """Refuse examples without a label."""
        counts = self.per_example
        if not len(counts):
            msg = f"{_NAME} has no rows, expected one per example"
            raise ValueError(msg)
        if not counts.all():
            rows = np.flatnonzero(counts == 0).tolist()
            msg = f"{_NAME} has no label in rows {_listed(rows)}; drop them, or have them labeled"
            raise ValueError(msg)

    def check(self, *, single: bool) -> bool:
        """Refuse what leaves nothing to compare; say whether each example has just one label.

        Parameters
        ----------
        single : bool
            Whether that is allowed.
        """
        self.check_examples()
        by_annotator = self.marks.label_counts(by_annotator=True)
        if not by_annotator.all():
            names = self.annotator_names()
            idle = [names[j] for j in np.flatnonzero(by_annotator == 0)]
            msg = f"{_NAME} has no label by annotators {_listed(idle)}; drop their columns"
            raise ValueError(msg)
        if (self.per_example != 1).any():
            return False
        if not single:
            msg = (
                f"{_NAME} has a single label for each example, so there are no annotators to "
                "compare; pass them as one vector to cupel.rank.get_label_quality_scores"
            )
            raise ValueError(msg)
        return True


def read_labels(labels: Any, threads: int) -> AnnotatedLabels:
    """Read a frame or an array with a row per example and a column per annotator."""
    if hasattr(labels, "columns") and hasattr(labels, "to_numpy") and hasattr(labels, "index"):
        wide, index, columns = _frame_values(labels), labels.index, labels.columns
    elif isinstance(labels, np.ndarray):
        wide, index, columns = as_array(labels, _NAME), None, None
    else:
        msg = (
            f"{_NAME} must be a NumPy array or a pandas DataFrame, got {type(labels).__name__}; "
            "one row per example, one column per annotator, nan where there is no label"
        )
        raise ValueError(msg)
    if wide.ndim != 2:
        msg = f"{_NAME} must have shape (examples, annotators), got {wide.shape}"
        raise ValueError(msg)
    return AnnotatedLabels(_core.Annotations(_as_float64(wide), threads), index, columns)


def _frame_values(frame: Any) -> NDArray[Any]:
    if all(isinstance(dtype, np.dtype) and dtype.kind in "fiub" for dtype in set(frame.dtypes)):
        return np.asarray(frame.to_numpy())
    try:
        return np.asarray(frame.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        return np.asarray(frame.to_numpy(dtype=object))


def _as_float64(wide: NDArray[Any]) -> NDArray[np.float64]:
    if wide.dtype.kind == "O":
        for position, cell in np.ndenumerate(wide):
            if not (isinstance(cell, NUMBERS) or is_missing(cell)):
                where = f"{_NAME}{at_position(position)}"
                msg = f"{where} is {shown(cell)}, expected a class index; number the classes"
                raise ValueError(msg)
        wide = np.where(np.frompyfunc(is_missing, 1, 1)(wide).astype(bool), np.nan, wide)
    elif wide.dtype.kind not in "fiub":
        kind = "text" if wide.dtype.kind in "SUT" else f"dtype {wide.dtype}"
        msg = f"{_NAME} must hold class indices, got {kind}; number the classes from 0"
        raise ValueError(msg)
    if wide.dtype != np.float64 and wide.size * 8 > MAX_COPY:
        msg = f"{_NAME} of shape {wide.shape} is too large: it has to be copied to float64"
        raise ValueError(msg)
    return np.require(wide, np.float64, "A")


def _listed(items: Sequence[Any]) -> str:
    more = f" and {len(items) - _LISTED} more" if len(items) > _LISTED else ""
    return f"[{', '.join(map(str, items[:_LISTED]))}]{more}"


def model_shape(pred_probs: Any, *, name: str, ensemble: bool, function: str) -> tuple[int, ...]:
    """Refuse what is no matrix, or no stack of matrices for an ensemble; return the shape."""
    if pred_probs is None:
        msg = f"{name} is None, expected an array; for votes alone use get_majority_vote_label"
        raise ValueError(msg)
    if not isinstance(pred_probs, np.ndarray):
        kind = type(pred_probs).__name__
        msg = f"{name} must be a NumPy array, got {kind}; use numpy.asarray({name})"
        raise TypeError(msg)
    if pred_probs.ndim != (3 if ensemble else 2):
        wanted = "(models, examples, classes)" if ensemble else "(examples, classes)"
        msg = f"{name} must have shape {wanted}, got {pred_probs.shape}"
        if pred_probs.ndim == (2 if ensemble else 3):
            other = function.removesuffix("_ensemble") if ensemble else f"{function}_ensemble"
            kind = "one model" if ensemble else "several models"
            msg += f"; for {kind} use {other}"
        raise ValueError(msg)
    return tuple(pred_probs.shape)


def as_models(
    pred_probs: NDArray[Any], threads: int, *, name: str, marks: _core.Annotations | None = None
) -> list[NDArray[np.float64]]:
    """Return the checked float64 matrix of each model.

    `marks`: the labels of the same examples, if there are any.
    """
    stack = pred_probs if pred_probs.ndim == 3 else pred_probs[np.newaxis]
    if not len(stack):
        msg = f"{name} holds no model, got shape {pred_probs.shape}"
        raise ValueError(msg)
    if marks is not None:
        _check_fits(stack, marks, name)
    models = []
    for m, member in enumerate(stack):
        where = name if pred_probs.ndim == 2 else f"{name}[{m}]"
        models.append(np.asarray(as_pred_probs(member, name=where), dtype=np.float64))
        try:
            _core.check_probabilities(models[-1], threads)
        except ValueError as error:
            msg = str(error).replace("pred_probs", where, 1)
            raise ValueError(msg) from None
    return models


def _check_fits(stack: NDArray[Any], marks: _core.Annotations, name: str) -> None:
    examples = len(marks.label_counts(by_annotator=False))
    if stack.shape[1] != examples:
        msg = f"{name} is for {stack.shape[1]} examples, {_NAME} has {examples}; they must be the same"
        raise ValueError(msg)
    if stack.shape[2] < marks.n_classes:
        msg = (
            f"{name} has {stack.shape[2]} columns, but {_NAME} holds class {marks.n_classes - 1}; "
            "pass a column for every class, with zeros for those the model has not seen"
        )
        raise ValueError(msg)


def as_score_kwargs(kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the arguments for label quality scores, defaults filled in."""
    given = {"method": "self_confidence", "adjust_pred_probs": False, **(kwargs or {})}
    if len(given) > 2:
        unknown = next(name for name in given if name not in ("method", "adjust_pred_probs"))
        msg = (
            f"label_quality_score_kwargs has {unknown!r}, expected 'method' and "
            "'adjust_pred_probs' only"
        )
        raise TypeError(msg)
    as_choice(given["method"], _METHODS, name="method")
    return given


def as_consensus_methods(methods: str | list[str]) -> list[str]:
    """Return the methods as a list of at least one."""
    listed = list(methods) if isinstance(methods, list) else [methods]
    if not listed:
        msg = "consensus_method is empty, expected a method or a list of them"
        raise ValueError(msg)
    return [as_choice(method, _CONSENSUS_METHODS, name="consensus_method") for method in listed]


def as_quality_method(method: str, *, weights: bool) -> str:
    """Return the method, which must be one with weights if those are wanted."""
    as_choice(method, _QUALITY_METHODS, name="quality_method")
    if weights and method != "crowdlab":
        msg = f"return_weights needs quality_method='crowdlab'; {method!r} has no weights"
        raise ValueError(msg)
    return method


def as_packed(label_shares: str) -> bool:
    """Say whether shares of labels fill the first columns, whatever their classes."""
    return _SHARES[as_choice(label_shares, _SHARES, name="label_shares")]
