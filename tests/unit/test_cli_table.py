"""``cupel audit FILE``: from a table or a folder to a report and a list of every row."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

for package in ("click", "jinja2", "narwhals", "pandas", "pyarrow", "rich", "sklearn"):
    pytest.importorskip(package)

import pyarrow as pa
from pyarrow import parquet

import cupel.cli
from baseline_data import changed, mixed, shapes, texts, write_columns

ADDED = ["given_label", "suggested_label", "suggested_confidence", "review_rank", "issue_types"]


def rows_of(path, **options):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream, **options))


def recall(rows, planted):
    """Share of the planted rows among as many that are to be reviewed first."""
    ranks = [int(row["review_rank"] or len(rows) + 1) for row in rows]
    return np.isin(planted, np.argsort(ranks, kind="stable")[: len(planted)]).mean()


def sklearn_columns(name, share=0.05):
    """Columns of a data set of scikit-learn as text, and the rows with a changed label."""
    from sklearn import datasets

    found = getattr(datasets, f"load_{name}")()
    names = np.array([f"class {k}" for k in range(int(found.target.max()) + 1)])
    labels, planted = changed(found.target, len(names), share)
    columns = {
        str(column): [f"{value:g}" for value in values]
        for column, values in zip(found.feature_names, found.data.T, strict=True)
    }
    return {**columns, "label": names[labels].tolist()}, planted


@pytest.fixture(scope="module")
def wine():
    return sklearn_columns("wine")


def test_planted_errors_in_digits_are_to_be_reviewed_first(tmp_path, capsys):
    columns, planted = sklearn_columns("digits")
    path = write_columns(tmp_path / "digits.csv", columns)
    assert cupel.cli.main(["audit", path, "--quick", "--top", "4"]) == 0
    out, err = capsys.readouterr()
    assert "1,797 rows   10 classes" in out
    assert "What was found" in out
    assert "Review first: 4 of" in out
    assert "digits-report.html" in out.replace("\n", "")
    assert "labels are in the column 'label'" in err
    rows = rows_of(tmp_path / "digits-audit.csv")
    assert recall(rows, planted) >= 0.8
    first = min(rows, key=lambda row: int(row["review_rank"] or 10**9))
    assert first["suggested_label"].startswith("class ")
    assert float(first["suggested_confidence"]) > 0.5
    assert first["given_label"] in first["reason"]


def test_files_of_a_table(tmp_path, capsys, wine):
    """Every row in order, the text of the input untouched, and what was found."""
    columns, planted = wine
    path = tmp_path / "wine.csv"
    write_columns(path, columns, delimiter=";", lineterminator="\r\n")
    before = path.read_bytes()
    assert cupel.cli.main(["audit", str(path), "--label", "label", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "wine-audit.csv",
        "wine-report.html",
        "wine.csv",
    ]
    written = (tmp_path / "wine-audit.csv").read_bytes()
    for old, new in zip(before.splitlines(), written.splitlines(), strict=True):
        assert new.startswith(old + b";")
    rows = rows_of(tmp_path / "wine-audit.csv", delimiter=";")
    assert list(rows[0])[: len(columns)] == list(columns)
    assert list(rows[0])[len(columns) :][: len(ADDED)] == ADDED
    assert {"reason", "is_label_issue", "label_score", "outlier_score"} <= set(rows[0])
    assert [row["given_label"] for row in rows] == columns["label"]
    assert recall(rows, planted) >= 0.8
    ranks = sorted(int(row["review_rank"]) for row in rows if row["review_rank"])
    assert ranks == list(range(1, len(ranks) + 1))
    assert all(bool(row["reason"]) == bool(row["review_rank"]) for row in rows)

    assert document["task"] == "classification"
    assert document["summary"]["rows"] == 178
    assert document["model"]["out_of_sample"] > 0.85
    assert len(document["review"]) == len(ranks) == document["summary"]["rows_to_review"]
    flagged = sum(row["is_label_issue"] == "True" for row in rows)
    assert {"issue_type": "label", "rows": flagged}.items() <= next(
        issue for issue in document["issues"] if issue["issue_type"] == "label"
    ).items()
    assert document["checks_that_failed"] == {}
    page = (tmp_path / "wine-report.html").read_text(encoding="utf-8")
    assert "wine.csv" in page

    assert cupel.cli.main(["audit", str(path), "--quiet", "--quick", "--fail-over", "1%"]) == 1
    out, err = capsys.readouterr()
    assert "wine-audit-2.csv" in out.replace("\n", "")  # names that were chosen replace nothing
    assert err.startswith("cupel: failed:")
    assert (tmp_path / "wine-audit.csv").read_bytes() == written


def write_parquet(path, columns):
    numbers = {n: [float(v) for v in c] for n, c in columns.items() if n != "label"}
    parquet.write_table(pa.table({**numbers, "label": columns["label"]}), path)


def write_jsonl(path, columns):
    rows = zip(*columns.values(), strict=True)
    lines = (
        json.dumps({n: v if n == "label" else float(v) for n, v in zip(columns, row, strict=True)})
        for row in rows
    )
    path.write_text("\n".join(lines), encoding="utf-8")


def write_xlsx(path, columns):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(list(columns))
    for row in zip(*columns.values(), strict=True):
        book.active.append([float(v) for v in row[:-1]] + [row[-1]])
    book.save(path)


@pytest.mark.parametrize("write", [write_parquet, write_jsonl, write_xlsx])
def test_other_formats(tmp_path, capsys, wine, write):
    columns, planted = wine
    path = tmp_path / f"wine.{write.__name__.removeprefix('write_')}"
    write(path, columns)
    target = tmp_path / "rows.csv"
    options = ["--quick", "--output", str(target), "--report", str(tmp_path / "r.html")]
    assert cupel.cli.main(["audit", str(path), *options]) == 0
    marked = target.read_bytes().startswith(b"\xef\xbb\xbf")
    assert marked == (path.suffix == ".xlsx")  # or Excel would take it for another encoding
    assert recall(rows_of(target), planted) >= 0.8
    assert (tmp_path / "r.html").stat().st_size > 1_000


def test_columns_of_every_kind_rows_without_a_label_and_ids(tmp_path, capsys):
    columns, true = mixed(300)
    labels, _ = changed(true, 3)
    columns["reason"] = ["=1+1", "-", "ok"] * 100
    columns["kind"] = [("plum", "Fig", "lime")[k] for k in labels]
    columns["kind"][5], columns["kind"][17], columns["kind"][20] = "", "  ", "fig"
    path = write_columns(tmp_path / "t.csv", columns)
    target = tmp_path / "all.parquet"
    options = ["--label", "kind", "--id-column", "serial", "--quick", "-o", str(target)]
    assert cupel.cli.main(["audit", path, *options]) == 0
    out, err = capsys.readouterr()
    assert "2 without a label" in out
    assert columns["serial"][0][0] == "X"
    assert "2 rows have no label in 'kind' (rows 5, 17)" in err
    assert "'Fig' and 'fig' differ in case or spaces only" in err
    assert "'fig' with one example only" in err
    table = parquet.read_table(target).to_pylist()
    assert [row["serial"] for row in table] == columns["serial"]
    assert [row["reason"] for row in table] == columns["reason"]
    for row in (5, 17):
        assert table[row]["issue_types"] == "unlabeled"
        assert table[row]["suggested_label"] == ("plum", "Fig", "lime")[true[row]]
        assert "Has no label" in table[row]["audit_reason"]
        assert table[row]["is_label_issue"] is None
        assert table[row]["review_rank"] is None
    listed = [row for row in table if row["review_rank"]]
    assert listed
    assert all(row["audit_reason"] for row in listed)


def test_texts_with_formulas(tmp_path, capsys):
    made, true = texts()
    labels, planted = changed(true, 3)
    made[3] = f"=HYPERLINK(1) {made[3]}"
    names = ("sport", "cooking", "finance")
    path = write_columns(tmp_path / "t.csv", {"body": made, "topic": [names[k] for k in labels]})
    assert cupel.cli.main(["audit", path, "--label", "topic", "--text", "body"]) == 0
    out, err = capsys.readouterr()
    assert "TF-IDF weights of words and letters" in " ".join(out.split())
    assert "cells that begin with = + - or @ (column 'body')" in err
    rows = rows_of(tmp_path / "t-audit.csv")
    assert [row["body"] for row in rows] == made
    assert recall(rows, planted) >= 0.7


def test_numbers_as_labels_are_amounts(tmp_path, capsys):
    from sklearn.datasets import load_diabetes

    data, target = load_diabetes(return_X_y=True)
    target[[7, 70]] += 900
    columns = {f"x{j}": [f"{v:.5f}" for v in column] for j, column in enumerate(data.T)}
    path = write_columns(tmp_path / "d.csv", {**columns, "target": [f"{v:g}" for v in target]})
    assert cupel.cli.main(["audit", path, "--quick"]) == 0
    out, err = capsys.readouterr()
    assert "taken as amounts (regression); --task classification" in err
    assert "R²" in out
    rows = rows_of(tmp_path / "d-audit.csv")
    assert {int(rows[row]["review_rank"]) for row in (7, 70)} == {1, 2}


def test_several_labels_a_row(tmp_path, capsys):
    made, true = texts()
    names = ("sport", "cooking", "finance")
    labels = [
        f"{names[k]};long" if len(m) > 90 else names[k] for m, k in zip(made, true, strict=True)
    ]
    labels[4] = names[(true[4] + 1) % 3]
    path = write_columns(tmp_path / "m.csv", {"t": made, "tags": labels})
    options = ["--label", "tags", "--task", "multilabel"]
    assert cupel.cli.main(["audit", path, *options]) == 0
    assert "4 classes" in capsys.readouterr().out
    rows = rows_of(tmp_path / "m-audit.csv")
    assert [row["given_label"] for row in rows] == labels
    assert rows[4]["is_label_issue"] == "True"


def test_embeddings_and_a_split(tmp_path, capsys, wine):
    from sklearn.preprocessing import StandardScaler

    columns, planted = wine
    vectors = [[float(v) for v in c] for n, c in columns.items() if n != "label"]
    vectors = StandardScaler().fit_transform(np.array(vectors).T)
    vectors[177] = vectors[3]
    np.save(tmp_path / "v.npy", vectors.astype(np.float32))
    path = write_columns(
        tmp_path / "w.csv", {"fold": ["train"] * 150 + ["test"] * 28, "label": columns["label"]}
    )
    options = ["--embeddings", str(tmp_path / "v.npy"), "--split-column", "fold", "--quick"]
    assert cupel.cli.main(["audit", path, *options]) == 0
    assert "13 numbers of each given embedding" in " ".join(capsys.readouterr().out.split())
    rows = rows_of(tmp_path / "w-audit.csv")
    assert recall(rows, planted) >= 0.8
    assert "duplicate_conflict" in rows[3]["issue_types"]


def test_a_folder_of_images(tmp_path, capsys):
    pytest.importorskip("PIL")
    pytest.importorskip("cleanvision")
    folder = tmp_path / "photos"
    misfiled = shapes(folder, n=60)
    before = sorted(p.relative_to(folder) for p in folder.rglob("*"))
    assert cupel.cli.main(["audit", str(folder), "--quick"]) == 0
    out, err = capsys.readouterr()
    assert "colour histograms" in out
    assert err == ""
    assert sorted(p.relative_to(folder) for p in folder.rglob("*")) == before
    rows = rows_of(tmp_path / "photos-audit.csv")
    planted = [i for i, row in enumerate(rows) if row["image"] in misfiled]
    assert recall(rows, planted) >= 2 / 3
    page = (tmp_path / "photos-report.html").read_text(encoding="utf-8")
    assert "data:image/" in page


def test_ctrl_c_leaves_nothing_behind(tmp_path, wine):
    if os.name == "nt":
        pytest.skip("signals work otherwise there")
    path = write_columns(tmp_path / "wine.csv", wine[0])
    code = (
        "import signal, sys, time; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "import cupel.baseline as b; started = open(sys.argv[2], 'w');"
        "b.fit_baseline = lambda *a, **k: (started.close(), time.sleep(60));"
        "from cupel.cli import main; sys.exit(main(['audit', sys.argv[1]]))"
    )
    marker = tmp_path / "started"
    process = subprocess.Popen(
        [sys.executable, "-c", code, path, str(marker)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 20
    while not marker.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(1.5)  # on the way to the model
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err.strip()) == (130, b"", b"")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["started", "wine.csv"]
