"""Preflight: can the inputs be trusted? Runs before every other check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel import neighbors
from cupel._graph import KnnGraph, as_graph
from cupel.datalab._finding import TASKS, Check, Finding
from cupel.datalab.checks.preflight.features import check_features, check_folds, length_warning
from cupel.datalab.checks.preflight.numbers import check_regression
from cupel.datalab.checks.preflight.tasks import check_classification, check_multilabel
from cupel.datalab.checks.preflight.warning import PreflightWarning

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord

__all__ = ["CHECK", "PreflightWarning", "preflight"]

_K = 10
_SUMMARY = {"error": 0.0, "warning": 0.5, "suspicion": 0.5}


def preflight(
    labels: Any,
    pred_probs: Any = None,
    *,
    features: Any = None,
    knn_graph: Any = None,
    folds: Any = None,
    class_names: Sequence[str] | None = None,
    task: str = "classification",
) -> tuple[PreflightWarning, ...]:
    """Reasons not to trust labels, predictions and features together.

    Parameters
    ----------
    labels : array_like
        Classes, in ``[0, k)`` or of any other kind that sorts; numbers for regression; a list of
        classes in ``[0, k)`` for each example of multi-label data.
    pred_probs : array_like, optional
        Whatever is to be used as probabilities, shape (n, k), or as predicted numbers, shape (n,).
        Anything may be passed: what is wrong with it becomes a warning, never an exception.
    features : array_like of float, shape (n, d), optional
        Features. Whether they belong to the rows, and whether the model saw the labels, is
        judged by the nearest neighbours.
    knn_graph : KnnGraph or what makes one, optional
        Neighbours, if they are known already.
    folds : array_like, shape (n,), optional
        The fold, or the part of a split, of each example: near-duplicates should share it.
    class_names : sequence of str, optional
        Names of classes for the messages.
    task : {"classification", "regression", "multilabel"}
        What labels are.

    Returns
    -------
    tuple of PreflightWarning
        Empty if nothing was found.

    Raises
    ------
    TypeError, ValueError
        If labels, folds or the task are not what they should be.

    Notes
    -----
    Reads all probabilities once; tests look at 10,000 rows at most, or 10 of each class if these
    are more. The tests for permuted columns and shifted rows fire on inputs that are in order with
    a probability of 0.1 % each, that for shuffled rows of 2.3 % at most if labels bear out 0.3 of
    what the model claims; in-sample suspicions have no such guarantee. With features and no graph,
    O(n^2 d) for the neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.datalab.checks.preflight import preflight
    >>> labels = np.arange(100) % 3
    >>> pred_probs = 0.1 + 0.7 * np.eye(3)[(labels + 1) % 3]
    >>> [warning.name for warning in preflight(labels, pred_probs)]
    ['permuted_columns']
    """
    if task not in TASKS:
        msg = f"task must be one of {', '.join(TASKS)}, got {task!r}"
        raise ValueError(msg)
    given, names = _as_given(labels, class_names, task)
    n = len(given)
    found = [] if features is None else check_features(features, n)
    graph = None if knn_graph is None else as_graph(knn_graph)
    if graph is None and features is not None and not _spoils_search(found) and n > 1:
        graph = neighbors.knn_graph(features, k=min(_K, n - 1))
    return tuple(found + _run(task, given, pred_probs, names, graph, folds))


def _as_given(
    labels: Any, class_names: Sequence[str] | None, task: str
) -> tuple[NDArray[Any], list[str]]:
    """Return labels as codes, numbers, or 0 and 1 for each class, and names of classes."""
    if task == "regression":
        return np.asarray(labels, dtype=np.float64).reshape(-1), []
    if task == "multilabel":
        given = _as_matrix(labels, 0 if class_names is None else len(class_names))
        return given, _names(class_names, given.shape[1])
    codes = np.asarray(labels)
    if codes.ndim != 1 or not len(codes):
        msg = f"labels must have a class for each example, has shape {codes.shape}"
        raise ValueError(msg)
    if codes.dtype.kind in "iub":
        codes = codes.astype(np.int64)
        return codes, _names(class_names, int(codes.max()) + 1)
    classes, codes = np.unique(codes, return_inverse=True)
    names = classes.tolist() if class_names is None else class_names
    return codes.reshape(-1).astype(np.int64), _names(names, len(classes))


def _as_matrix(labels: Any, k: int) -> NDArray[np.float32]:
    lengths = np.fromiter(map(len, labels), dtype=np.int64, count=len(labels))
    if not len(lengths):
        msg = "labels must have a list of classes for each example, has none"
        raise ValueError(msg)
    parts = [np.asarray(row, dtype=np.int64) for row in labels if len(row)]
    classes = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
    if len(classes) and classes.min() < 0:
        msg = f"labels must have classes in [0, k), has {classes.min()}"
        raise ValueError(msg)
    k = max(k, int(classes.max(initial=0)) + 1)
    given = np.zeros((len(lengths), k), dtype=np.float32)
    given[np.repeat(np.arange(len(lengths)), lengths), classes] = 1
    return given


def _names(names: Sequence[str] | None, k: int) -> list[str]:
    known = [] if names is None else [str(name) for name in names]
    return known + [str(c) for c in range(len(known), k)]


def _spoils_search(found: list[PreflightWarning]) -> bool:
    return any(w.severity == "error" for w in found)


def _run(
    task: str,
    given: NDArray[Any],
    pred_probs: Any,
    names: list[str],
    graph: KnnGraph | None,
    folds: Any,
) -> list[PreflightWarning]:
    found: list[PreflightWarning] = []
    if graph is not None and graph.n_rows != len(given):
        found.append(length_warning("knn_graph", graph.n_rows, len(given)))
        graph = None
    if pred_probs is not None:
        if task == "classification":
            found += check_classification(given, pred_probs, names, graph)
        elif task == "multilabel":
            found += check_multilabel(given, pred_probs, names)
        else:
            found += check_regression(given, pred_probs, graph)
    if folds is not None and graph is not None:
        across = check_folds(graph, _as_folds(folds, len(given)))
        found += [] if across is None else [across]
    return found


def _as_folds(folds: ArrayLike, n: int) -> NDArray[Any]:
    found = np.asarray(folds)
    if found.shape != (n,):
        msg = f"folds must have the fold of each of {n} examples, has shape {found.shape}"
        raise ValueError(msg)
    return found


def find(context: Context, *, folds: ArrayLike | None = None) -> Finding:
    """Look for reasons not to trust the inputs.

    Parameters
    ----------
    context : Context
        Whatever inputs there are; wrong ones are told of, not refused.
    folds : array_like, shape (n,), optional
        The fold in which each example was predicted; the split column of the data if there is one.

    Notes
    -----
    The score of an example is 0 where a warning concerns it by itself, else 1; what concerns the
    data set as a whole is in `info` and in the summary score: 0 with an error, 0.5 with a warning
    or suspicion, 1 if nothing was found.
    """
    n = context.n_rows
    found = [] if context.features is None else check_features(context.features, n)
    can_search = context.features is not None and n > 1 and not _spoils_search(found)
    graph = context.newest_graph
    if graph is None and can_search:
        graph = context.graph(_K)
    if folds is None and context.dataset.split_name is not None:
        folds = context.dataset.column(context.dataset.split_name)
    values = context.labels.values
    names = [str(name) for name in context.labels.class_names]
    if not context.labels.is_available:
        values, names = _no_labels(context.task, n), []
    elif context.task == "multilabel":
        values = _as_matrix(values, len(names))
    return _as_finding(
        found + _run(context.task, values, context.pred_probs, names, graph, folds), n
    )


def _no_labels(task: str, n: int) -> NDArray[Any]:
    if task == "multilabel":
        return np.zeros((n, 1), dtype=np.float32)
    return np.full(n, np.nan) if task == "regression" else np.full(n, -1)


def _as_finding(warnings: list[PreflightWarning], n: int) -> Finding:
    concerned = np.zeros(n, dtype=np.int64)
    for bit, warning in enumerate(warnings[:62]):
        concerned[warning.rows] |= 1 << bit
    flagged = concerned != 0
    return Finding(
        "preflight",
        flagged,
        np.where(flagged, 0.0, 1.0),
        min((_SUMMARY[w.severity] for w in warnings), default=1.0),
        info={"warnings": [w.as_dict() for w in warnings]},
        evidence={"warning_bits": concerned},
    )


def explain(record: AuditRecord, finding: Finding, row: int) -> str:  # noqa: ARG001 - as all checks
    """Say in a sentence what concerns the row."""
    bits = int(finding.evidence["warning_bits"][row])
    texts = [w["message"] for bit, w in enumerate(finding.info["warnings"]) if bits >> bit & 1]
    if not texts:
        return "Nothing is wrong with the inputs of this row by themselves."
    return f"{'; '.join(texts)}."


_PREDICTED = (frozenset({"labels", "pred_probs"}), frozenset({"pred_probs"}))
_NEIGHBORS = (frozenset({"features"}), frozenset({"knn_graph"}))

CHECK = Check(
    name="preflight",
    description=(
        "Whether labels, predicted probabilities and features can be trusted together: columns and "
        "rows in their places, probabilities that are some, from a model that did not see the "
        "labels. What is listed here should be put right before anything below is believed."
    ),
    needs=dict.fromkeys(TASKS, (*_PREDICTED, *_NEIGHBORS)),
    find=find,
    explain=explain,
    parameters=("folds",),
)
