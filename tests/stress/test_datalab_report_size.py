"""The report of a large audit: at most 3 MB, written within 3 seconds."""

from __future__ import annotations

import time

import numpy as np
import pytest

from cupel._graph import KnnGraph
from cupel.datalab._dataset import Dataset, Labels
from cupel.datalab._finding import Finding
from cupel.datalab._record import AuditRecord
from cupel.datalab.report.html import html_report
from cupel.datalab.report.notebook import notebook_summary
from cupel.datalab.report.text import text_report

N, K, D = 50_000, 100, 512
TYPES = (
    *("label", "outlier", "near_duplicate", "non_iid", "null", "class_imbalance", "ambiguous"),
    *("duplicate_conflict", "underperforming_group", "data_valuation", "mine", "yours"),
)


def large_record(columns, image_key=None):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, K, N)
    data = columns | {"y": np.array([f"class number {i}" for i in range(K)])[labels]}
    dataset = Dataset.load(data, label_name="y", image_key=image_key)
    record = AuditRecord("classification", dataset, Labels.load(dataset, "classification"))
    for name in TYPES:
        scores = rng.random(N)
        record.findings[name] = Finding(name, scores < 0.1, scores, 0.5)
    suggested = (labels + rng.integers(1, K, N)) % K
    record.findings["label"].evidence["suggested_label"] = suggested
    record.findings["label"].evidence["suggested_label_probability"] = rng.random(N)
    record.features = rng.normal(size=(N, D)).astype(np.float32)
    indices = (np.arange(N)[:, None] + np.arange(1, 11)) % N
    record.knn_graph = KnnGraph(np.full((N, 10), 0.5), np.sort(indices), "euclidean", exact=True)
    return record


def texts():
    return {"text": [f"Text {i}, \u4e2d\u6587 and <b>markup</b>. " * 12 for i in range(N)]}


def images():
    from PIL import Image

    rng = np.random.default_rng(1)
    column = np.empty(N, dtype=object)
    few = [Image.fromarray(rng.integers(0, 256, (224, 224, 3), dtype=np.uint8)) for _ in range(40)]
    for i in range(N):  # one by one: NumPy would read the pixels of a list of images
        column[i] = few[i % len(few)]
    return {"image": column}


@pytest.mark.parametrize(("columns", "image_key"), [(texts, None), (images, "image")])
def test_large_report_is_small_and_quick(columns, image_key):
    record = large_record(columns(), image_key)
    for num_examples in (10, 50):
        start = time.perf_counter()
        page = html_report(record, num_examples=num_examples, title=None)
        taken = time.perf_counter() - start
        assert len(page.encode()) <= 3_000_000
        assert taken <= 3
        assert page.count('class="mark-') >= 3
        assert ("data:image/jpeg" in page) == (image_key is not None)
    assert len(notebook_summary(record)) < 20_000
    text = text_report(
        record,
        num_examples=5,
        verbosity=4,
        include_description=True,
        show_summary_score=True,
        show_all_issues=True,
    )
    assert len(text) < 100_000
