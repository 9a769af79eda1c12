"""An audit as trees for JSON and arrays, and back; what comes back is checked to fit together."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from cupel._graph import KnnGraph
from cupel.datalab._dataset import Dataset, Labels
from cupel.datalab._finding import TASKS, Finding
from cupel.datalab._record import AuditRecord
from cupel.datalab.reading.columns import Column
from cupel.datalab.reading.source import Source
from cupel.datalab.store.encode import LEFT_OUT, Encoder

__all__ = ["ROLES", "record_of", "tree_of"]

ROLES = ("label_name", "image_key", "id_name", "split_name")
_PARTS = ("errors", "parameters", "seconds", "fingerprints", "statistics")
_TABLES = ("info", "columns", "evidence")
_NOT_SAVED = "not_saved"


def tree_of(record: AuditRecord, encoder: Encoder) -> dict[str, Any]:
    """Return the tree of an audit; arrays and what cannot be saved are in the encoder."""
    tree = {
        "task": record.task,
        "n_rows": record.n_rows,
        "dataset": _dataset_tree(encoder, record),
        "labels": _labels_tree(encoder, record.labels),
        "findings": [_finding_tree(encoder, f) for f in record.findings.values()],
        "knn_graph": encoder.encode(record.knn_graph, "knn_graph"),
        **{part: encoder.encode(getattr(record, part), part) for part in _PARTS},
    }
    return {**tree, "left_out": encoder.left_out}


def record_of(tree: dict[str, Any]) -> AuditRecord:
    """Make the audit of what was decoded, if it fits together."""
    task, n_rows = tree["task"], tree["n_rows"]
    _require(task in TASKS, f"the task is {task!r}")
    findings = [_finding_of(part, n_rows) for part in tree["findings"]]
    graph = tree["knn_graph"]
    fits = graph is None or (isinstance(graph, KnnGraph) and graph.n_rows == n_rows)
    _require(fits, "the graph of neighbours is of other rows")
    record = AuditRecord(
        task,
        _dataset_of(tree["dataset"], n_rows),
        _labels_of(tree["labels"], task, n_rows),
        findings={finding.name: finding for finding in findings},
        knn_graph=graph,
        **{part: _checked_dict(tree[part]) for part in _PARTS},
    )
    if tree["left_out"]:
        record.statistics[_NOT_SAVED] = [str(told) for told in tree["left_out"]]
    return record


def _dataset_tree(encoder: Encoder, record: AuditRecord) -> dict[str, Any]:
    dataset = record.dataset
    columns, omitted = [], list(dataset.omitted)
    for name in dataset.column_names:
        if name in dataset.omitted:
            continue
        kind = dataset.kind(name)
        needed = name in (dataset.label_name, dataset.id_name, dataset.split_name)
        values: Any = LEFT_OUT
        if kind in ("number", "text") or needed or (kind == "other" and _is_plain(dataset, name)):
            values = encoder.encode(dataset.column(name), f"column {name!r}")
        else:
            encoder.left_out.append(f"column {name!r}: {kind}")
        if values is LEFT_OUT:
            omitted.append(name)
        else:
            class_names = dataset.class_names_of(name)
            columns.append([name, values, kind, class_names and list(class_names)])
    roles = {role: getattr(dataset, role) for role in ROLES}
    return {
        "columns": columns,
        "all_columns": list(dataset.column_names),
        "omitted": omitted,
        "notes": list(dataset.notes),
        **roles,
    }


def _is_plain(dataset: Dataset, name: str) -> bool:
    """Whether a column holds single values only: dates, say, and no vectors or objects."""
    single = (int, float, str, dt.date, dt.time, type(None))
    return all(issubclass(kind, single) for kind in set(map(type, dataset.column(name))))


def _labels_tree(encoder: Encoder, labels: Labels) -> dict[str, Any]:
    values = labels.values
    if labels.task == "multilabel":
        values = [np.asarray(row, dtype=np.int64) for row in values]
    names = encoder.encode(labels.class_names, "class_names")
    if names is LEFT_OUT:  # names of a type that a file has no form for
        names = [labels.name(code) for code in range(len(labels.class_names))]
    given = encoder.encode(labels.given, "labels")
    if given is LEFT_OUT:
        given = None
    return {
        "values": encoder.encode(values, "labels"),
        "class_names": names,
        "given": given,
        "is_available": labels.is_available,
    }


def _finding_tree(encoder: Encoder, finding: Finding) -> dict[str, Any]:
    where = f"findings[{finding.name!r}]"
    return {
        "name": finding.name,
        "is_issue": encoder.encode(np.asarray(finding.is_issue, dtype=bool), where),
        "scores": encoder.encode(np.asarray(finding.scores, dtype=np.float64), where),
        "summary_score": encoder.encode(float(finding.summary_score), where),
        **{part: encoder.encode(getattr(finding, part), f"{where}.{part}") for part in _TABLES},
    }


def _finding_of(tree: dict[str, Any], n_rows: int) -> Finding:
    flags, scores = tree["is_issue"], tree["scores"]
    sound = (
        isinstance(tree["name"], str)
        and flags.dtype == bool
        and scores.dtype == np.float64
        and flags.shape == scores.shape == (n_rows,)
    )
    _require(sound, "a finding is of other rows")
    tables = {part: _checked_dict(tree[part]) for part in _TABLES}
    for part in ("columns", "evidence"):
        for name, values in tables[part].items():
            _require(len(values) == n_rows, f"{name} is of other rows")
    return Finding(tree["name"], flags, scores, float(tree["summary_score"]), **tables)


def _dataset_of(tree: dict[str, Any], n_rows: int) -> Dataset:
    found = {}
    for name, values, kind, class_names in tree["columns"]:
        _require(values.shape == (n_rows,), f"column {name!r} is of other rows")
        values.flags.writeable = False
        found[name] = Column(values, kind, class_names and tuple(class_names))
    names, omitted = tree["all_columns"], tuple(tree["omitted"])
    _require(set(names) == set(found) | set(omitted), "columns are missing")
    empty = Column(np.full(n_rows, None), "other")
    empty.values.flags.writeable = False
    columns = {name: found.get(name, empty) for name in names}
    roles = {role: tree[role] for role in ROLES}
    _require(all(name is None or name in columns for name in roles.values()), "a role is of no use")
    source = Source(columns, notes=tuple(tree["notes"]))
    return Dataset(None, source, **roles, omitted=omitted)


def _labels_of(tree: dict[str, Any], task: str, n_rows: int) -> Labels:
    values, names, given = tree["values"], list(tree["class_names"]), tree["given"]
    if task == "multilabel":
        values = [row.tolist() for row in values]
        codes = np.concatenate([[0], *values]) if names else np.zeros(1)
    else:
        codes = values
    if not tree["is_available"]:
        return Labels(task, values)
    _require(len(values) == n_rows, "labels are of other rows")
    if task != "regression" and names:
        _require(codes.min() >= 0 and codes.max() < len(names), "a label is of no class")
    return Labels(task, values, names, values if given is None else given, is_available=True)


def _checked_dict(value: Any) -> dict[Any, Any]:
    _require(isinstance(value, dict), "a table is none")
    found: dict[Any, Any] = value
    return found


def _require(condition: Any, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)
