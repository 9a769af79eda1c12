"""An audit that holds one of everything, and a comparison that takes nan as equal to nan."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from cupel.datalab._dataset import Dataset, Labels
from cupel.datalab._finding import Finding
from cupel.datalab._record import AuditRecord
from cupel.neighbors import knn_graph

HARD_TEXT = ["plain", None, "", "é€😀", "line\nbreak", "nul\0", '"quote"', "\ud800"]


def hard_values() -> dict[Any, Any]:
    """Values that a file might garble."""
    frame = pd.DataFrame(
        {
            "n": [1, 2, 3],
            "f": [0.5, np.nan, np.inf],
            "s": ["a", None, "c"],
            "c": pd.Categorical(["x", "y", "x"], categories=["y", "x", "z"], ordered=True),
            "i": pd.array([1, None, 3], dtype="Int64"),
            "b": [True, False, True],
            "t": pd.to_datetime(["2020-01-01", None, "2021-02-03"]),
            7: [[1], None, {"a": 2}],
        },
        index=pd.Index([5, 3, 9], name="row"),
    )
    return {
        "none": None,
        "bools": [True, False, np.bool_(True)],
        "numbers": [0, -1, 1 << 70, 1 << 5000, 1.5, -0.0, math.nan, math.inf, -math.inf],
        "scalars": [np.float32(0.1), np.int8(-3), np.float64(np.nan), np.uint64(2**64 - 1)],
        "texts": HARD_TEXT,
        "tuples": ((1, 2), (), ("a", (None,))),
        "sets": [{1, 2}, frozenset({"a"}), set()],
        "$array": {"$array": "a key that looks like a tag"},
        "dicts": {1: "a", None: "b", (1, 2): {"deep": [{}]}, 2.5: [], np.int64(4): ()},
        "bytes": b"\x00\xff",
        "dates": [dt.datetime(2020, 1, 2, 3, 4, 5), dt.date(2020, 1, 2), dt.time(1, 2)],
        "arrays": [
            np.arange(3.0),
            np.zeros((0, 4)),
            np.eye(40),
            np.array(5),
            np.array(["ab", "c"]),
        ],
        "big": np.arange(1000, dtype=np.int16).reshape(10, 100).T,
        "swapped": np.arange(100, dtype=">f8"),
        "complex": np.array([1 + 2j] * 50),
        "dates64": np.array(["2020-01-01", "NaT"] * 40, dtype="datetime64[D]"),
        "objects": np.array([1, "a", None, 2.5], dtype=object),
        "vectors": [np.arange(i) for i in range(4)],
        "frame": frame,
        "series": pd.Series([1.5, 2.5], name="z", index=["a", "b"]),
        "empty frame": pd.DataFrame({"a": []}),
        "missing": [pd.NA, pd.NaT, pd.Timestamp("2020-01-01")],
        "matrix": sparse.csr_matrix(np.eye(30)),
        "graph": knn_graph(np.random.default_rng(0).normal(size=(20, 2)), k=3),
    }


def full_record(n: int = 60, *, info: bool = True) -> AuditRecord:
    """Make an audit with all parts filled."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(n, 3))
    data = {
        "y": np.array(["cat", "dog", "é"])[np.arange(n) % 3],
        "text": [HARD_TEXT[i % 7] for i in range(n)],
        "age": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
        "count": np.arange(n, dtype=np.uint16),
        "flag": rng.random(n) < 0.5,
        "day": [dt.date(2020, 1, 1 + i % 28) if i % 5 else None for i in range(n)],
        "name": [f"row {i}" for i in range(n)],
        "vector": list(features),
    }
    dataset = Dataset.load(data, label_name="y", id_name="name")
    record = AuditRecord("classification", dataset, Labels.load(dataset, "classification"))
    sets = np.fromiter([np.arange(i % 3) for i in range(n)], object, n)
    record.findings["near_duplicate"] = Finding(
        "near_duplicate",
        rng.random(n) < 0.3,
        rng.random(n),
        0.25,
        info=hard_values() if info else {},
        columns={"near_duplicate_sets": sets, "word": np.array(["a", "bcd"])[np.arange(n) % 2]},
        evidence={"nearest_row": np.arange(n), "z": np.full(n, np.nan)},
    )
    record.findings["label"] = Finding("label", np.zeros(n, bool), np.ones(n), math.nan)
    record.errors = {"outlier": "no features"}
    record.parameters = {"near_duplicate": {"threshold": 0.13, "k": None}}
    record.seconds = {"knn_graph": 0.5}
    record.fingerprints = {"features": "ab" * 32}
    record.statistics = {
        "num_examples": n,
        "health_score": None,
        "class_names": ["cat", "dog", "é"],
    }
    record.pred_probs, record.features = np.full((n, 3), 1 / 3), features
    record.knn_graph = knn_graph(features, k=5)
    return record


def same(a: Any, b: Any) -> bool:
    """Whether two values are of the same types and equal, all the way down."""
    if type(a).__name__ in ("Timestamp", "datetime"):
        return bool(a == b)
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        if a.dtype.kind == "O" or a.shape != b.shape:
            return a.shape == b.shape and all(map(same, a.flat, b.flat))
        return a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return len(a) == len(b) and all(
            same(k, m) and same(v, w) for (k, v), (m, w) in zip(a.items(), b.items(), strict=True)
        )
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (pd.DataFrame, pd.Series)):
        tester = pd.testing.assert_frame_equal if a.ndim == 2 else pd.testing.assert_series_equal
        tester(a, b)
        return True
    if hasattr(a, "tocsr"):
        return same((a.data, a.indices, a.indptr), (b.data, b.indices, b.indptr))
    if hasattr(a, "__slots__") and hasattr(a, "metric"):
        return all(same(getattr(a, name), getattr(b, name)) for name in a.__slots__)
    if isinstance(a, (float, np.floating)) and math.isnan(a):
        return math.isnan(b)
    return a is b or bool(a == b)


def parts_of(record: AuditRecord) -> dict[str, Any]:
    """Everything that a file keeps of an audit."""
    dataset, labels = record.dataset, record.labels
    kept = [name for name in dataset.column_names if name not in (*dataset.omitted, "vector")]
    findings = {
        name: [f.is_issue, f.scores, float(f.summary_score), f.info, f.columns, f.evidence]
        for name, f in record.findings.items()
    }
    statistics = {k: v for k, v in record.statistics.items() if k != "not_saved"}
    return {
        "columns": {name: dataset.column(name) for name in kept},
        "kinds": {name: dataset.kind(name) for name in kept},
        "names": [dataset.column_names, dataset.label_name, dataset.id_name, dataset.image_key],
        "ids": dataset.row_ids(),
        "labels": [labels.values, labels.class_names, labels.given, labels.is_available],
        "findings": findings,
        "rest": [record.task, record.errors, record.parameters, record.seconds],
        "more": [record.fingerprints, statistics, record.knn_graph],
    }
