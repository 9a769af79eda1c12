"""``cupel outliers`` and ``cupel duplicates``."""

from __future__ import annotations

import csv
import io
import json
import sys

import numpy as np
import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pa = pytest.importorskip("pyarrow")

from pyarrow import parquet
from rich.cells import cell_len
from rich.console import Console

import cupel.cli
from cli_data import FAR, FEATURES, TWINS, write_csv, write_npy
from cupel.cli.features import read_features
from cupel.cli.neighbor_render import duplicates_view, outliers_view
from cupel.cli.neighbors import group_duplicates, rank_outliers, search
from cupel.duplicates import find_near_duplicates
from cupel.neighbors import KnnGraph, knn_graph
from cupel.outlier import find_outliers

IDS = [f"img-{i:03d}\x07.png" for i in range(len(FEATURES))]


@pytest.fixture
def file(tmp_path):
    return write_npy(tmp_path / "features.npy", FEATURES)


@pytest.fixture
def table(tmp_path):
    rows = [[name, *row] for name, row in zip(IDS, FEATURES.tolist(), strict=True)]
    return write_csv(tmp_path / "features.csv", rows, ["image", *"abcde"])


def run(capsys, *arguments, code=0):
    assert cupel.cli.main(list(map(str, arguments))) == code
    return capsys.readouterr()


def document(capsys, *arguments):
    return json.loads(run(capsys, *arguments, "--json").out)


def searched(tmp_path, **options):
    features = read_features(write_npy(tmp_path / "x.npy", FEATURES))
    return search(features, **options)


# ---- outliers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("k", [1, 7])
def test_outliers_are_the_library_s(file, capsys, metric, k):
    found = document(capsys, "outliers", file, "--metric", metric, "-k", k, "--threshold", "0.6")
    graph = knn_graph(FEATURES, k, metric=metric)
    expected = find_outliers(knn_graph=graph, threshold=0.6)
    rows = [item["row"] for item in found["outliers"]]
    assert sorted(rows) == np.flatnonzero(expected.is_outlier).tolist()
    assert found["summary"]["outliers"] == len(rows) > 0
    assert found["summary"]["exact"] is True
    assert found["summary"]["recall"] is None
    above = expected.mean_distances > found["summary"]["outlier_above"]
    np.testing.assert_array_equal(above, expected.is_outlier)
    for item in found["outliers"]:
        row = item["row"]
        assert item["is_outlier"] is True
        assert item["score"] == expected.scores[row]
        assert item["mean_distance"] == expected.mean_distances[row]
        assert item["nearest_row"] == graph.indices[row, 0]
        assert item["nearest_distance"] == graph.distances[row, 0]
    means = [item["mean_distance"] for item in found["outliers"]]
    assert means == sorted(means, reverse=True)


def test_planted_outliers_come_first(file, capsys):
    found = document(capsys, "outliers", file, "--metric", "euclidean")
    assert {item["row"] for item in found["outliers"][: len(FAR)]} == set(FAR)
    assert found["parameters"]["metric"] == found["summary"]["metric"] == "euclidean"
    assert found["inputs"] == {"features": file}


def test_all_lists_every_row(file, capsys):
    found = document(capsys, "outliers", file, "--all")
    flags = [item["is_outlier"] for item in found["outliers"]]
    assert sorted(item["row"] for item in found["outliers"]) == list(range(len(FEATURES)))
    assert sum(flags) == found["summary"]["outliers"]
    assert flags == sorted(flags, reverse=True)
    text = run(capsys, "outliers", file, "--all", "--top", "3").out
    assert f"… and {len(FEATURES) - 3:,} more" in text


def test_outliers_in_words(file, table, capsys):
    text = run(capsys, "outliers", file, "--metric", "euclidean").out
    n = len(FEATURES)
    assert f" {n} rows   5 features   " in text
    assert "mean euclidean distance to the 10 nearest rows above " in text
    assert "third quartile + 1.7 x interquartile range" in " ".join(text.split())
    assert "neighbours: 10 of each row, exact search" in text
    assert " id " not in text
    text = run(capsys, "outliers", table, "--metric", "euclidean", "--id-column", "image").out
    assert all(f"img-{row:03d}\\x07.png" in text for row in FAR)


def test_the_share_in_words_is_that_of_the_gate(file, capsys):
    summary = document(capsys, "outliers", file)["summary"]
    share = summary["share_of_outliers"]
    assert share == summary["outliers"] / len(FEATURES)
    run(capsys, "outliers", file, "--fail-over", repr(share))
    err = run(capsys, "outliers", file, "--fail-over", repr(share - 1e-12), code=1).err
    assert "of the rows are outliers, more than --fail-over" in err


# ---- duplicates --------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_duplicates_are_the_library_s(file, capsys, metric):
    found = document(capsys, "duplicates", file, "--metric", metric, "--threshold", "0.4")
    expected = find_near_duplicates(FEATURES, threshold=0.4, metric=metric)
    assert found["summary"]["radius"] == expected.radius
    assert found["summary"]["all_pairs_within_radius"] is True
    groups = {group["cluster_id"]: group for group in found["groups"]}
    assert sorted(groups) == sorted(set(expected.cluster_ids[expected.cluster_ids >= 0]))
    for cluster, group in groups.items():
        rows = [item["row"] for item in group["rows"]]
        assert rows == np.flatnonzero(expected.cluster_ids == cluster).tolist()
        assert group["size"] == len(rows)
        assert group["largest_distance"] == expected.nearest_distances[rows].max()
        assert {item["cluster_id"] for item in group["rows"]} == {cluster}
        for item in group["rows"]:
            assert item["score"] == expected.scores[item["row"]]
            assert item["nearest_distance"] == expected.nearest_distances[item["row"]]


def test_planted_duplicates(file, capsys):
    found = document(capsys, "duplicates", file, "--metric", "euclidean")
    groups = {tuple(item["row"] for item in g["rows"]): g for g in found["groups"]}
    assert {rows: group["kind"] for rows, group in groups.items()} == TWINS
    kinds = {item["row"]: item["kind"] for g in found["groups"] for item in g["rows"]}
    assert kinds == {
        row: "near" if kind == "near" or row == 70 else "exact"
        for rows, kind in TWINS.items()
        for row in rows
    }
    order = [(g["kind"] != "exact", g["largest_distance"]) for g in found["groups"]]
    assert order == sorted(order)
    summary = found["summary"]
    assert summary["groups"] == len(TWINS)
    assert summary["rows_in_groups"] == sum(map(len, TWINS))
    assert summary["rows_with_an_identical_one"] == list(kinds.values()).count("exact")


def test_radius_instead_of_threshold(file, capsys):
    found = document(capsys, "duplicates", file, "--metric", "euclidean", "--radius", "0")
    assert found["parameters"]["radius"] == found["summary"]["radius"] == 0
    assert found["parameters"]["threshold"] is None
    assert {group["kind"] for group in found["groups"]} == {"exact"}
    assert len(found["groups"]) == sum(kind != "near" for kind in TWINS.values())
    text = run(capsys, "duplicates", file, "--metric", "euclidean", "--radius", "0").out
    assert "near (≈): euclidean distance up to 0 " in text
    everything = document(capsys, "duplicates", file, "--radius", "1e6")
    assert [group["size"] for group in everything["groups"]] == [len(FEATURES)]


def test_groups_on_a_terminal(file, table, capsys):
    text = run(capsys, "duplicates", file, "--metric", "euclidean").out
    assert "3 = 90" in text
    assert "11 = 12 = 13" in text
    assert "20 ≈ 21" in text
    assert "30 = 71 ≈ 70" in text  # identical rows stand side by side
    assert f"{sum(map(len, TWINS))} duplicates" in text
    text = run(capsys, "duplicates", table, "--metric", "euclidean", "--id-column", "image").out
    assert "3 (img-003\\x07.png) = 90 (img-090\\x07.png)" in text
    text = run(capsys, "duplicates", file, "--metric", "euclidean", "--top", "1").out
    assert f"… and {len(TWINS) - 1} more; --output FILE" in text


def test_large_groups_are_cut(tmp_path, capsys):
    file = write_npy(tmp_path / "same.npy", np.ones((5_000, 3)))
    text = run(capsys, "duplicates", file).out
    assert "5,000 duplicates (100%)   1 group   5,000 exact" in text
    assert "0 = 1 = 2 = 3 = 4 = 5 … 4,994 more" in text
    text = run(capsys, "outliers", file).out
    assert "0 outliers (0%)" in text


def test_gate_of_duplicates(file, capsys):
    run(capsys, "duplicates", file, "--fail-over", "50%")
    err = run(capsys, "duplicates", file, "--fail-over", "0", code=1).err
    assert "of the rows are duplicates, more than --fail-over 0%" in err


# ---- both --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["outliers", "duplicates"])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_output_is_the_whole_list(table, tmp_path, capsys, command, suffix):
    path = tmp_path / f"list{suffix}"
    found = document(capsys, command, table, "--id-column", "image", "--top", "1", "-o", path)
    whole = document(capsys, command, table, "--id-column", "image")
    if command == "outliers":
        assert len(found["outliers"]) == 1
        rows = whole["outliers"]
    else:
        assert len(found["groups"]) == 1
        rows = [row for group in whole["groups"] for row in group["rows"]]
    assert len(rows) > 2
    if suffix == ".parquet":
        assert parquet.read_table(path).to_pylist() == rows
    elif suffix == ".jsonl":
        assert [json.loads(line) for line in path.read_text().splitlines()] == rows
    else:
        with path.open(newline="") as stream:
            written = list(csv.DictReader(stream))
        assert list(written[0]) == list(rows[0])
        assert [int(row["row"]) for row in written] == [row["row"] for row in rows]
        assert [float(row["score"]) for row in written] == [row["score"] for row in rows]
        assert [row["id"] for row in written] == [IDS[row["row"]] for row in rows]


@pytest.mark.parametrize("command", ["outliers", "duplicates"])
def test_threads_and_order_of_memory_do_not_matter(tmp_path, capsys, command):
    a = write_npy(tmp_path / "a.npy", FEATURES)
    b = write_npy(tmp_path / "b.npy", np.asfortranarray(FEATURES).astype(">f8"))
    first, second = (
        document(capsys, command, a, "--threads", "1"),
        document(capsys, command, b, "--threads", "3"),
    )
    del first["inputs"], second["inputs"]
    assert first == second


@pytest.mark.parametrize("command", ["outliers", "duplicates"])
def test_approximate_neighbours_are_told(file, capsys, command):
    arguments = (command, file, "--method", "approximate", "--seed", "3")
    found = document(capsys, *arguments)
    summary = found["summary"]
    assert summary["exact"] is False
    low, high = summary["recall_interval"]
    assert 0 <= low <= summary["recall"] <= high <= 1
    assert found == document(capsys, *arguments)
    text = " ".join(run(capsys, *arguments).out.split())
    assert f"approximate search, recall@10 {summary['recall']:.1%} measured on a sample" in text
    assert f"(95% interval {low:.1%} to {high:.1%})" in text
    if command == "duplicates":
        assert summary["all_pairs_within_radius"] is False
        assert "only the 10 nearest rows of each were looked at" in text


@pytest.mark.parametrize("command", ["outliers", "duplicates"])
def test_rows_that_are_not_finite(tmp_path, capsys, command):
    bad = FEATURES.copy()
    bad[2, 1], bad[40, 0] = np.nan, np.inf
    file = write_npy(tmp_path / "bad.npy", bad)
    err = run(capsys, command, file, code=2).err
    assert "2" in err
    assert file in err
    assert "Traceback" not in err
    done = run(capsys, command, file, "--nan", "drop", "--json")
    assert "2 rows with missing or infinite numbers left out" in done.err
    found = json.loads(done.out)
    assert found["summary"]["rows_left_out"] == 2
    keep = np.delete(np.arange(len(bad)), [2, 40])
    kept = write_npy(tmp_path / "kept.npy", bad[keep])
    expected = document(capsys, command, kept)
    name = "outliers" if command == "outliers" else "groups"

    def rows(items):
        return [(i["row"], i["nearest_row"]) for g in items for i in g.get("rows", [g])]

    assert rows(found[name]) == [(keep[a], keep[b]) for a, b in rows(expected[name])]
    assert f"{len(keep)} rows   2 left out" in run(capsys, command, file, "--nan", "drop").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["outliers"], "Missing argument"),
        (["outliers", "X", "-k", "0"], "--k"),
        (["outliers", "X", "-k", "5000"], "k must be"),
        (["outliers", "X", "--threshold", "0"], "--threshold"),
        (["outliers", "X", "--metric", "manhattan"], "--metric"),
        (["outliers", "X", "--id-column", "image"], "only tables"),
        (["outliers", "missing.npy"], "missing.npy: No such file"),
        (["duplicates", "X", "--radius", "-1"], "--radius"),
        (["duplicates", "X", "--radius", "nan"], "radius must be"),
        (["duplicates", "X", "--method", "fast"], "--method"),
        (["duplicates", "X", "--output", "X"], "cannot tell its format"),
        (["duplicates", "X", "--output", "missing/list.csv"], "does not exist"),
    ],
)
def test_bad_usage_is_code_2(file, capsys, arguments, message):
    out, err = run(capsys, *[file if word == "X" else word for word in arguments], code=2)
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_the_output_is_not_the_input(table, capsys):
    assert "is one of the inputs" in run(capsys, "outliers", table, "-o", table, code=2).err


@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_is_wider_than_the_terminal(tmp_path, width):
    found = searched(tmp_path)
    views = (
        outliers_view(rank_outliers(found, threshold=0.4), width=width, top=5, ids=pa.array(IDS)),
        duplicates_view(
            group_duplicates(found, threshold=0.4), width=width, top=5, ids=pa.array(IDS)
        ),
    )
    for view in views:
        stream = io.StringIO()
        Console(file=stream, width=width).print(view)
        text = stream.getvalue()
        assert max(map(cell_len, text.splitlines())) <= width
        assert "\x07" not in text


def test_progress_is_told(tmp_path):
    searching, grouping = [], []
    features = read_features(write_npy(tmp_path / "x.npy", FEATURES))
    found = search(features, progress=searching.append)
    assert isinstance(found.graph, KnnGraph)
    group_duplicates(found, threshold=0.13, progress=grouping.append)
    for shares in (searching, grouping):
        assert shares
        assert shares == sorted(shares)
        assert 0 <= shares[0] <= shares[-1] <= 1


def test_a_terminal_sees_the_progress(file, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    out, err = run(capsys, "duplicates", file)
    assert "comparing rows" in err
    assert "grouping rows" in err
    assert "duplicates" in out
    assert run(capsys, "duplicates", file, "--quiet").err == ""
