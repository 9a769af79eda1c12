"""``cupel audit FILE`` says what is wrong with a table, and what to do, in one message."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

for package in ("click", "jinja2", "narwhals", "pandas", "pyarrow", "rich", "sklearn"):
    pytest.importorskip(package)

import cupel.cli
from baseline_data import write_columns
from cupel.cli.errors import CliError
from cupel.cli.table_labels import as_labels, label_notes

N = 40
GOOD = {
    "size": [f"{i % 7}.{i}" for i in range(N)],
    "species": ["cat", "dog"] * 20,
    "number": [str(i) for i in range(N)],
    "name": [f"n{i}" for i in range(N)],
}


def refused(capsys, arguments):
    """Run, and return the message."""
    assert cupel.cli.main(["audit", *map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({}, [], r"say which column holds the labels: --label COLUMN\n.*species \(2\)\n.*all col"),
        ({}, ["--label", "Species"], "no column 'Species'; did you mean 'species'"),
        ({}, ["--label", "nmbr"], "no column 'nmbr'; did you mean 'number'"),
        ({}, ["--label", "species", "--id-column", "nam"], "--id-column: there is no column 'nam'"),
        ({}, ["--label", "species", "--split-column", "x"], "--split-column: there is no column"),
        ({}, ["--label", "species", "--id-column", "species"], "both 'species'"),
        ({}, ["--label", "species", "--text", "nam"], "no column 'nam' for text; did you mean"),
        ({}, ["--label", "name"], "'name' has a different value in every row.*--id-column"),
        ({}, ["--label", "number"], "'number' has a different value in every row"),
        ({}, ["--label", "name", "--task", "regression"], "row 0: 'n0' is no number"),
        ({"species": ["cat"] * N}, ["--label", "species"], "one class only, 'cat'"),
        ({"species": [""] * N}, ["--label", "species"], "no label in any of the 40 rows"),
        ({"species": ["a", "b", "a"] + [""] * 37}, ["--label", "species"], "3 rows have a label"),
        ({"species": [f"s{i // 3 * 2}" for i in range(18)] + [f"t{i}" for i in range(22)]},
         ["--label", "species"], "different labels in 40 rows"),
        ({"size": ["1"] * N, "number": ["1"] * N}, ["--label", "species"],
         "no column that a model could be trained on"),
        ({}, ["--label", "species", "--output", "x.html"], "--output x.html: cannot tell its format"),
        ({}, ["--label", "species", "--report", "x.pdf"], "--report x.pdf: cannot tell its format"),
        ({}, ["--label", "species", "-o", "no/x.csv"], "--output no/x.csv: the folder"),
        ({}, ["--label", "species", "--compat"], "--compat is for LABELS and PRED_PROBS"),
        ({}, ["--label-column", "species"], "chosen by --label"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_audited(tmp_path, monkeypatch, capsys, changes, options, message):
    monkeypatch.chdir(tmp_path)
    write_columns(tmp_path / "t.csv", GOOD | changes)
    err = refused(capsys, ["t.csv", *options])
    assert re.search(message, err, re.DOTALL), err
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "is empty"),
        ("no-rows.csv", b"a,label\n", "no rows"),
        ("ragged.csv", b"a,label\n1,2\n1,2,3\n", "row 1 has 3 cells"),
        ("photo.png", b"\x89PNG", "cannot tell its format"),
        ("binary.csv", b"a,label\n\xff\xfe\xfd,1\n", "is not UTF-8 text"),
        ("broken.parquet", b"PAR1", "cannot be read as Parquet"),
        ("broken.xlsx", b"PK", "is no XLSX workbook"),
        ("broken.json", b"{", "not JSON"),
    ],
)
def test_files_that_are_no_tables(tmp_path, capsys, name, content, message):
    (tmp_path / name).write_bytes(content)
    assert message in refused(capsys, [tmp_path / name, "--label", "label"])


def test_what_is_not_there(tmp_path, capsys):
    assert "is not there" in refused(capsys, [tmp_path / "x.csv"])
    (tmp_path / "folder").mkdir()
    assert "holds no pictures" in refused(capsys, [tmp_path / "folder"])


def test_the_input_and_its_folder_are_not_written_to(tmp_path, monkeypatch, capsys):
    path = write_columns(tmp_path / "t.csv", GOOD)
    assert "is one of the inputs" in refused(capsys, [path, "--label", "species", "-o", path])
    link = tmp_path / "link.csv"
    link.symlink_to(path)
    assert "is one of the inputs" in refused(capsys, [path, "--label", "species", "-o", link])
    np.save(tmp_path / "v.npy", np.zeros((3, 2)))
    options = [path, "--label", "species", "--embeddings", tmp_path / "v.npy"]
    assert "expected a row of numbers for each of the 40 rows" in refused(capsys, options)
    inside = tmp_path / "new.csv"
    assert "inside the input" in refused(capsys, [tmp_path, "-o", inside])


def test_options_of_tables_need_one(tmp_path, capsys):
    assert "--label is for a table or folder" in refused(capsys, ["a.npy", "b.npy", "--label", "x"])
    assert "Missing argument 'PRED_PROBS'" in refused(capsys, ["a.npy"])
    assert "Missing argument 'PRED_PROBS'" in refused(capsys, ["a.npz:y"])


def test_missing_packages_are_named(tmp_path, monkeypatch, capsys):
    path = write_columns(tmp_path / "t.csv", GOOD)
    for name in [name for name in sys.modules if name.partition(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    err = refused(capsys, [path, "--label", "species"])
    assert re.search(r'needs \w+: pip install "cupel\[audit\]"', err), err


def objects(values):
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


@pytest.mark.parametrize(
    ("values", "task", "first"),
    [
        (np.arange(100) % 4, "classification", 0),
        (np.arange(100) % 2 == 0, "classification", True),
        (np.arange(400) % 30 + 1, "classification", 1),
        (np.arange(100) % 9 / 2, "classification", 0.0),
        (np.array([1.0, np.nan, 2.0] * 9), "classification", 1),
        (np.arange(100) * 1.5, "regression", 0.0),
        (np.arange(100) ** 2, "regression", 0),
        (np.arange(100) // 2, "regression", 0),
        (objects([["a"], ["a", "b"]] * 9), "multilabel", ["a"]),
    ],
)
def test_the_task_is_told_by_the_labels(values, task, first):
    found, labels = as_labels(values, "y", "auto", [])
    assert found == task
    assert labels[0] == first
    assert type(labels[0]) is type(first)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["a;b", "b", None, ""], [["a", "b"], ["b"], None, None]),
        (["a, b", "b"], [["a", "b"], ["b"]]),
        (["a,c|b", "b|"], [["a,c", "b"], ["b"]]),
        (['["a", "b"]', "[]"], [["a", "b"], []]),
    ],
)
def test_sets_of_labels(cells, expected):
    _, labels = as_labels(objects(cells * 6), "y", "multilabel", [])
    assert labels.tolist() == expected * 6


def test_sets_of_labels_that_are_none():
    with pytest.raises(CliError, match="row 0: '\\[1,' is no JSON list"):
        as_labels(objects(["[1,"] * 12), "y", "multilabel", [])
    with pytest.raises(CliError, match="fewer than two different labels"):
        as_labels(objects(["a"] * 12), "y", "multilabel", [])


def test_too_many_classes():
    with pytest.raises(CliError, match="1,200 classes, the most are 1,000"):
        as_labels(objects([f"c{i % 1200}" for i in range(6000)]), "y", "auto", [])


def test_notes_about_labels():
    labels = objects(["Cat", "cat ", "dog", "N/A", None])
    told = "left out of the audit; the list says what the model thinks of it"
    assert label_notes(labels, "y", "classification") == [
        f"1 row has no label in 'y' (row 4): {told}",
        "labels 'Cat' and 'cat ' differ in case or spaces only, and count as 2 classes",
        "label 'N/A' counts as a class; leave cells empty that have no label",
    ]
