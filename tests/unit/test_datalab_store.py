"""Audits in files: everything comes back, nothing is replaced by accident, other data are noticed."""

from __future__ import annotations

import json
import threading
import zipfile

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from tests.store_data import full_record, hard_values, parts_of, same

from cupel.datalab._dataset import Dataset, Labels
from cupel.datalab._finding import Finding
from cupel.datalab._record import AuditRecord
from cupel.datalab.store.record import fingerprint, load_record, save_record
from cupel.neighbors import knn_graph


@pytest.fixture(scope="module")
def record():
    return full_record()


@pytest.fixture(scope="module")
def saved(record, tmp_path_factory):
    path = tmp_path_factory.mktemp("audit") / "lab.cupel"
    save_record(record, path)
    return path


def test_everything_comes_back(record, saved):
    loaded = load_record(saved)
    before, after = parts_of(record), parts_of(loaded)
    assert before.keys() == after.keys()
    for part, content in before.items():
        assert same(content, after[part]), part
    assert loaded.pred_probs is None
    assert loaded.features is None
    assert loaded.statistics["not_saved"] == ["column 'vector': other"]
    assert loaded.dataset.omitted == ("vector",)
    assert loaded.dataset.cell("vector", 0) == ""
    assert loaded.dataset.original is None


def test_every_value_comes_back(record, saved):
    info = load_record(saved).findings["near_duplicate"].info
    for key, value in hard_values().items():
        assert same(value, info[key]), key


def test_a_second_round_changes_nothing(saved, tmp_path):
    loaded = load_record(saved)
    save_record(loaded, tmp_path / "again")
    assert same(parts_of(loaded), parts_of(load_record(tmp_path / "again")))
    with zipfile.ZipFile(saved) as first, zipfile.ZipFile(tmp_path / "again") as second:
        for name in first.namelist():
            if name.startswith("arrays"):
                assert first.read(name) == second.read(name)


def test_the_file_is_plain(saved):
    with zipfile.ZipFile(saved) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert manifest["format"] == "cupel-audit"
        assert manifest["version"] == 1
        assert set(manifest["members"]) | {"manifest.json", "manifest.sha256"} == set(
            archive.namelist()
        )
        assert {"cupel", "date", "rows", "columns"} <= set(manifest)


@pytest.mark.parametrize("task", ["regression", "multilabel", None])
def test_other_tasks(task, tmp_path):
    values = {"regression": [1.5, 2.0, -3.0], "multilabel": [["b", "a"], [], ["c"]], None: "xyz"}
    dataset = Dataset.load({"y": list(values[task])}, label_name="y" if task else None)
    record = AuditRecord(
        task or "classification", dataset, Labels.load(dataset, task or "multilabel")
    )
    record.labels = Labels.load(dataset, record.task)
    save_record(record, tmp_path / "a")
    loaded = load_record(tmp_path / "a")
    assert same(parts_of(record)["labels"], parts_of(loaded)["labels"])
    assert load_record(tmp_path / "a", {"y": list(values[task])}).dataset.original is not None


def test_pictures_stay_with_the_data(tmp_path):
    from PIL import Image

    data = {"im": [Image.new("L", (3, 4), i) for i in range(3)], "y": ["a", "b", "a"]}
    dataset = Dataset.load(data, label_name="y", image_key="im")
    record = AuditRecord("classification", dataset, Labels.load(dataset, "classification"))
    save_record(record, tmp_path / "a")
    loaded = load_record(tmp_path / "a")
    assert loaded.dataset.image(1) is None
    assert loaded.dataset.image_key == "im"
    assert loaded.statistics["not_saved"] == ["column 'im': image"]
    again = load_record(tmp_path / "a", data)
    assert again.dataset.image(1) is data["im"][1]
    save_record(loaded, tmp_path / "b")
    assert load_record(tmp_path / "b").dataset.column_names == ("im", "y")


def test_unknown_objects_are_left_out_and_named(tmp_path):
    dataset = Dataset.load({"y": [1, 2]}, label_name="y")
    record = AuditRecord("classification", dataset, Labels.load(dataset, "classification"))
    knot: list = []
    knot.append(knot)
    info = {"lock": threading.Lock(), "kept": 1, "list": [object()], "knot": knot, object(): 2}
    record.findings["label"] = Finding("label", np.zeros(2, bool), np.ones(2), 1.0, info)
    record.parameters["label"] = {"clf": print, "masked": np.ma.array([1])}
    save_record(record, tmp_path / "a")
    loaded = load_record(tmp_path / "a")
    assert loaded.findings["label"].info == {"kept": 1}
    assert loaded.parameters == {"label": {}}
    told = "\n".join(loaded.statistics["not_saved"])
    for part in ("['lock']", "['list']", "['knot']", "_thread.lock", "builtin", "masked"):
        assert part in told, part
    assert "not_saved" not in record.statistics


def test_a_file_that_is_there_is_not_replaced_unasked(record, saved, tmp_path):
    before = saved.read_bytes()
    with pytest.raises(FileExistsError, match="force=True"):
        save_record(record, saved)
    assert saved.read_bytes() == before
    save_record(record, saved, force=True)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        save_record(record, tmp_path, force=True)
    with pytest.raises(FileNotFoundError, match="no folder"):
        save_record(record, tmp_path / "none" / "a")
    with pytest.raises(ValueError, match="is a folder"):
        load_record(tmp_path)
    with pytest.raises(FileNotFoundError):
        load_record(tmp_path / "nothing")


def test_only_the_same_data_are_taken(record, saved):
    data = dict(record.dataset.original)
    assert load_record(saved, data).dataset.original is data
    assert load_record(saved, pd.DataFrame(data)).n_rows == record.n_rows
    other = np.array(data["age"])
    other[7] = 5.0
    with pytest.raises(ValueError, match="other values in column 'age'"):
        load_record(saved, {**data, "age": other})
    with pytest.raises(ValueError, match="other values in column 'y'"):
        load_record(saved, {**data, "y": data["y"][::-1]})
    with pytest.raises(ValueError, match="59 rows"):
        load_record(saved, {name: values[:59] for name, values in data.items()})
    with pytest.raises(ValueError, match="the audit is of 60 rows of y, text"):
        load_record(saved, {**data, "extra": data["age"]})


def test_fingerprints_are_of_values_not_of_layout():
    a = np.random.default_rng(0).normal(size=(70_000, 3))
    expected = fingerprint(a)
    assert len(expected) == 64
    wide = np.zeros((70_000, 6))
    wide[:, ::2] = a
    read_only = a.copy()
    read_only.flags.writeable = False
    layouts = [np.asfortranarray(a), wide[:, ::2], a.astype(">f8"), a[::-1].copy()[::-1], read_only]
    for other in [*layouts, pd.DataFrame(a), a.tolist()]:
        assert fingerprint(other) == expected
    changed = a.copy()
    changed[69_999, 2] = np.nextafter(changed[69_999, 2], 9)
    others = [changed, a.astype(np.float32), a.reshape(-1, 2), a.ravel(), a[:-1], a.T]
    assert len({expected, *map(fingerprint, others)}) == len(others) + 1
    empties = [np.empty(0), np.empty((0, 3)), np.empty(0, np.int64), np.array(0.0)]
    assert len(set(map(fingerprint, empties))) == len(empties)


def test_fingerprints_of_text_lists_and_graphs():
    texts = ["a", "bc", "é"]
    forms = [texts, np.array(texts), np.array(texts, "<U50"), np.array(texts, object)]
    assert len({*map(fingerprint, forms), fingerprint(pd.Series(texts))}) == 1
    others = [
        ["ab", "c", "é"],
        ["a", "bc", None],
        ["a", "bc", "None"],
        [[1], [2, 3]],
        [[1, 2], [3]],
    ]
    assert len({*map(fingerprint, others), fingerprint(texts)}) == len(others) + 1
    assert fingerprint([{2, 1}, ()]) == fingerprint([{1, 2}, ()])
    graph = knn_graph(np.random.default_rng(0).normal(size=(30, 2)), k=3)
    assert fingerprint(graph) == fingerprint(graph)
    assert fingerprint(graph) != fingerprint(graph.to_csr())
    assert fingerprint(sparse.csr_matrix(np.eye(3))) == fingerprint(sparse.csc_matrix(np.eye(3)))
