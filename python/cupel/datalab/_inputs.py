"""The inputs of one call of `Datalab.find_issues`: checked for shape, fingerprinted, kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cupel._arrays import has_length
from cupel._features import as_progress
from cupel._graph import KnnGraph, as_graph
from cupel.datalab._context import Context
from cupel.datalab.store.record import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from cupel.datalab._record import AuditRecord

__all__ = ["available_inputs", "load_inputs"]


def load_inputs(
    record: AuditRecord,
    *,
    pred_probs: Any,
    features: Any,
    knn_graph: Any,
    n_jobs: int | None,
    progress: Callable[[float], None] | None,
) -> Context:
    """Check that the inputs describe the data set's rows, and put them where checks find them."""
    graph = None if knn_graph is None else as_graph(knn_graph)
    inputs = {"pred_probs": pred_probs, "features": features, "knn_graph": graph}
    for name, value in inputs.items():
        if value is not None:
            _check_rows(record, name, value)
    stored = _stored_graph(record, features)
    if pred_probs is not None:
        record.pred_probs = pred_probs
        record.fingerprints["pred_probs"] = fingerprint(pred_probs)
    if features is not None:
        record.features = features
    if graph is not None:
        record.fingerprints["knn_graph"] = fingerprint(graph)
    return Context(
        record.task,
        record.dataset,
        record.labels,
        pred_probs=pred_probs,
        features=features,
        given_graph=graph,
        stored_graph=stored,
        findings=record.findings,
        n_jobs=n_jobs,
        progress=as_progress(progress),
    )


def available_inputs(context: Context) -> frozenset[str]:
    """Name what is there, in the words of `Check.needs`."""
    there = {
        "labels": context.labels.is_available,
        "pred_probs": context.pred_probs is not None,
        "features": context.features is not None,
        "knn_graph": context.newest_graph is not None,
        "table": bool(context.dataset.feature_names),
        "images": context.dataset.image_key is not None,
    }
    return frozenset(name for name, is_there in there.items() if is_there)


def _check_rows(record: AuditRecord, name: str, value: Any) -> None:
    if isinstance(value, KnnGraph):
        rows = value.n_rows
    elif getattr(value, "shape", ()):
        rows = int(value.shape[0])
    elif has_length(value):
        rows = len(value)
    else:
        msg = f"{name} must be an array of one row per example, got {type(value).__name__}"
        raise TypeError(msg)
    if rows != record.n_rows:
        msg = (
            f"{name} has {rows} rows, the data set has {record.n_rows}; they must describe the same "
            "examples in the same order"
        )
        raise ValueError(msg)


def _stored_graph(record: AuditRecord, features: Any) -> KnnGraph | None:
    """Return the graph of an earlier call, unless it is that of other features."""
    if features is None:
        return record.knn_graph
    print_of_features = fingerprint(features)
    known = record.fingerprints.get("features")
    record.fingerprints["features"] = print_of_features
    return record.knn_graph if known in (None, print_of_features) else None
