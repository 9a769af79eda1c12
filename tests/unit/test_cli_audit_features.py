"""``cupel audit --features``: the same audit, and outliers and duplicates besides."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pa = pytest.importorskip("pyarrow")

from pyarrow import parquet

import cupel.cli
from cli_data import FAR, FEATURES, NAMES, TWINS, planted, write_csv, write_npy

N = len(FEATURES)
LABELS, PROBS = planted(n=N, k=3, seed=4)
LABELS[[11, 12, 13]] = 0, 2, 0  # three copies, two labels
LABELS[[3, 90]] = 1
LABELS[[30, 70, 71]] = 0, 1, 0
LABELS[[20, 21]] = 2
LABELS[[60, 61, 62]] = 0, 0, 2
PROBS[12], PROBS[50] = [0.97, 0.02, 0.01], [0.01, 0.01, 0.98]
LABELS[50] = 1
CONFLICTS = {(11, 12, 13), (30, 70, 71), (60, 61, 62)}
CLASSES = ",".join(NAMES[:3])


@pytest.fixture
def files(tmp_path):
    return [
        write_npy(tmp_path / "labels.npy", LABELS),
        write_npy(tmp_path / "probs.npy", PROBS),
        "--features",
        write_npy(tmp_path / "features.npy", FEATURES),
        "--metric",
        "euclidean",
    ]


def run(capsys, *arguments, code=0):
    assert cupel.cli.main(list(map(str, arguments))) == code
    return capsys.readouterr()


def document(capsys, *arguments):
    return json.loads(run(capsys, "audit", *arguments, "--json").out)


@pytest.mark.parametrize("mode", [[], ["--compat"]])
def test_the_suspects_stay_what_they_are(files, capsys, mode):
    alone, found = document(capsys, *files[:2], *mode), document(capsys, *files, *mode)
    for name in ("classes", "confused_pairs"):
        assert found[name] == alone[name]
    for item, old in zip(found["suspects"], alone["suspects"], strict=True):
        assert item.pop("reason").startswith(old.pop("reason"))
        assert item == old
    assert alone["summary"].items() <= found["summary"].items()
    assert alone["parameters"].items() <= found["parameters"].items()
    assert found["inputs"]["features"] == files[3]
    assert "features" not in alone["inputs"]
    assert set(alone) < set(found)


def test_both_lists_are_those_of_their_commands(files, capsys):
    found = document(capsys, *files)
    own = json.loads(run(capsys, "outliers", *files[3:], "--json").out)
    for item in found["outliers"]:
        assert item.pop("given_label") == LABELS[item["row"]]
        item["is_outlier"] = True
    assert found["outliers"] == own["outliers"]
    assert {item["row"] for item in found["outliers"]} >= set(FAR)
    own = json.loads(run(capsys, "duplicates", *files[3:], "--json").out)
    conflicts = [group.pop("labels_conflict") for group in found["duplicate_groups"]]
    assert conflicts == sorted(conflicts, reverse=True)
    for group, conflict in zip(found["duplicate_groups"], conflicts, strict=True):
        rows = tuple(item["row"] for item in group["rows"])
        assert group["kind"] == TWINS[rows]
        assert conflict == (rows in CONFLICTS)
        for item in group["rows"]:
            assert item.pop("given_label") == LABELS[item["row"]]
            assert item.pop("labels_conflict") == conflict

    def by_id(groups):
        return sorted(groups, key=lambda group: group["cluster_id"])

    assert by_id(found["duplicate_groups"]) == by_id(own["groups"])
    summary = found["summary"]
    assert summary["outliers"] == len(found["outliers"])
    assert summary["duplicate_groups"] == len(TWINS)
    assert summary["duplicate_groups_with_conflicting_labels"] == len(CONFLICTS)
    assert summary["neighbours"]["metric"] == "euclidean"


def test_reasons_tell_what_features_say(files, capsys):
    found = document(capsys, *files, "--classes", CLASSES)
    reasons = {item["row"]: item["reason"] for item in found["suspects"]}
    assert reasons[12].endswith("; the same as row 11, labelled 'cat'")
    assert reasons[50].endswith("; also an outlier")
    others = set(reasons) - set(FAR) - {row for rows in CONFLICTS for row in rows}
    assert others
    for row in others:
        assert "labelled" not in reasons[row]
        assert "outlier" not in reasons[row]
    text = " ".join(run(capsys, "audit", *files, "--classes", CLASSES).out.split())
    assert "same as row 11, labelled 'cat'" in text


def test_a_near_row_with_another_label_is_told(files, tmp_path, capsys):
    probs = PROBS.copy()
    probs[70] = probs[62] = 0.97, 0.01, 0.02
    arguments = [files[0], write_npy(tmp_path / "p.npy", probs), *files[2:]]
    reasons = {s["row"]: s["reason"] for s in document(capsys, *arguments)["suspects"]}
    assert reasons[70].endswith("; close to row 30, labelled 0")
    assert reasons[62].endswith("; close to row 61, labelled 0")  # the nearest, not the first


def test_on_a_terminal(files, capsys):
    text = run(capsys, "audit", *files).out
    figures = text.splitlines()[1]
    assert "outliers (" in figures
    assert f"{sum(map(len, TWINS))} duplicates (" in figures
    assert f"{len(TWINS)} groups   {len(CONFLICTS)} in conflict" in figures
    titles = [line for line in text.splitlines() if line.startswith((" Susp", " Outl", " Dupl"))]
    assert [title.split()[0] for title in titles] == ["Suspects:", "Outliers:", "Duplicates:"]
    assert "11 (0) = 12 (2) = 13 (0)" in text
    assert "3 = 90" in text
    assert "conflict: one group, different labels" in text
    only = run(capsys, "audit", *files[:2]).out
    assert text.startswith(only.splitlines()[0])
    assert "Outliers" not in only


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_output_has_one_row_per_finding(files, tmp_path, capsys, suffix):
    path = tmp_path / f"list{suffix}"
    done = run(capsys, "audit", *files, "--classes", CLASSES, "-o", path, "--json", "--top", "1")
    found = document(capsys, *files, "--classes", CLASSES)
    members = [item for group in found["duplicate_groups"] for item in group["rows"]]
    expected = [
        *({"issue": "label"} | item for item in found["suspects"]),
        *({"issue": "outlier"} | item for item in found["outliers"]),
        *({"issue": "near_duplicate"} | item for item in members),
    ]
    assert f"{len(expected)} findings written" in done.err
    if suffix == ".parquet":
        written = parquet.read_table(path).to_pylist()
    elif suffix == ".jsonl":
        written = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    else:
        with path.open(newline="", encoding="utf-8") as stream:
            written = list(csv.DictReader(stream))
    assert list(written[0])[:4] == ["row", "issue", "given_label", "suggested_label"]
    assert len(written) == len(expected)
    for row, item in zip(written, expected, strict=True):
        item.pop("reason", None)
        told = {name: value for name, value in row.items() if value not in (None, "")}
        if suffix == ".csv":
            assert set(told) == set(item)
            assert int(told["row"]) == item["row"]
            assert told["issue"] == item["issue"]
        else:
            assert told == item


def test_one_table_holds_everything(tmp_path, capsys):
    rows = [
        [f"{1000 + i}", f"{LABELS[i]}", *PROBS[i].tolist(), *FEATURES[i].tolist()] for i in range(N)
    ]
    table = write_csv(tmp_path / "all.csv", rows, ["id", "truth", *NAMES[:3], *"vwxyz"])
    path = tmp_path / "list.jsonl"
    done = run(
        capsys,
        *("audit", table, table, "--features", table, "--prob-columns", ",".join(NAMES[:3])),
        *("--label-column", "truth", "--id-column", "id", "--metric", "euclidean", "-o", path),
    )
    assert "5 columns of features; left out: id, truth, cat, dog, r" in done.err
    written = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert list(written[0])[:3] == ["row", "id", "issue"]
    assert all(str(item["id"]) == str(1000 + item["row"]) for item in written)
    outliers = {item["row"] for item in written if item["issue"] == "outlier"}
    assert outliers >= set(FAR)
    assert "1012" in done.out
    chosen = run(
        capsys,
        *("audit", table, table, "--features", table, "--prob-columns", ",".join(NAMES[:3])),
        *("--label-column", "truth", "--feature-columns", "v,w,x", "--json"),
    )
    assert json.loads(chosen.out)["summary"]["neighbours"]["features"] == 3


def test_rows_left_out_of_one_are_still_in_the_other(files, tmp_path, capsys):
    features, probs = FEATURES.copy(), PROBS.copy()
    features[11], probs[20] = np.nan, np.nan
    arguments = [
        files[0],
        write_npy(tmp_path / "p.npy", probs),
        "--features",
        write_npy(tmp_path / "f.npy", features),
        *files[4:],
    ]
    run(capsys, "audit", *arguments, code=2)
    found = document(capsys, *arguments, "--nan", "drop")
    assert found["summary"]["rows_left_out"] == 1
    assert found["summary"]["neighbours"]["rows_left_out"] == 1
    groups = {tuple(r["row"] for r in g["rows"]): g for g in found["duplicate_groups"]}
    assert (12, 13) in groups
    assert (20, 21) in groups
    assert groups[12, 13]["labels_conflict"]


def test_the_gate_is_about_labels(files, capsys):
    share = document(capsys, *files[:2])["summary"]["share_of_suspects"]
    run(capsys, "audit", *files, "--fail-over", repr(share))
    run(capsys, "audit", *files, "--fail-over", repr(share - 1e-12), code=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--metric", "cosine"], "--metric needs --features"),
        (["--feature-columns", "a"], "--feature-columns needs --features"),
        (["--features", "missing.npy"], "missing.npy: No such file"),
    ],
)
def test_options_that_make_no_sense(files, capsys, arguments, message):
    out, err = run(capsys, "audit", *files[:2], *arguments, code=2)
    assert out == ""
    assert message in err


def test_features_of_other_rows_are_refused(files, tmp_path, capsys):
    other = write_npy(tmp_path / "other.npy", FEATURES[1:])
    out, err = run(capsys, "audit", *files[:2], "--features", other, code=2)
    assert out == ""
    assert f"has {N} labels but {other} has {N - 1} rows" in err
    path = tmp_path / "same.csv"
    features = write_csv(path, FEATURES.tolist(), list("abcde"))
    err = run(capsys, "audit", *files[:2], "--features", features, "-o", path, code=2).err
    assert "is one of the inputs" in err
