from __future__ import annotations

import csv
import dataclasses
import errno
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pa = pytest.importorskip("pyarrow")

from pyarrow import parquet

import cupel.cli
from cli_data import faultless, planted, write_csv, write_npy
from cupel.cli import output
from cupel.cli.audit import run_audit
from cupel.cli.errors import CliError

NAMES = ["=1+1", '"quoted", comma', "line\nbreak", " räka 鳥\t"]
IDS = pa.array([f"00{i}" if i % 2 else "@id,\n" for i in range(240)])
NUMBERS = ["score", "given_prob", "suggested_prob", "suggested_threshold"]
ADDED = ["error_probability", "suggested_posterior"]  # by the posterior
POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX files and signals")


@pytest.fixture(scope="module", params=[False, True], ids=["posterior", "compat"])
def audit(request):
    labels, probs = planted()
    return run_audit(labels, probs, class_names=NAMES, compat=request.param)


@pytest.fixture(scope="module")
def table(audit):
    return output.suspects_table(audit, IDS)


def read(path):
    """Rows of a written file with the types of the table."""
    if path.suffix == ".parquet":
        return parquet.read_table(path).to_pylist()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    numbers = [*NUMBERS, *(ADDED if rows and ADDED[0] in rows[0] else [])]
    for row in rows:
        row["row"] = int(row["row"])
        for name in numbers:
            row[name] = float(row[name])
    return rows


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_nothing_is_lost(tmp_path, audit, table, suffix):
    path = tmp_path / f"list{suffix}"
    output.write_table(table, path)
    rows = read(path)
    assert rows == table.to_pylist()
    assert [row["row"] for row in rows] == audit.rows.tolist()
    assert [row["score"] for row in rows] == audit.scores.tolist()
    assert {row["given_label"] for row in rows} == set(NAMES)
    assert [row["id"] for row in rows] == [IDS[row["row"]].as_py() for row in rows]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_narrow_scores_are_widened_exactly(tmp_path, dtype):
    labels, probs = planted()
    audit = run_audit(labels, probs.astype(dtype), compat=True)
    table = output.suspects_table(audit)
    output.write_table(table, tmp_path / "list.csv")
    rows = read(tmp_path / "list.csv")
    assert [np.dtype(dtype).type(row["score"]) for row in rows] == audit.scores.tolist()
    assert [row["score"] for row in rows] == table["score"].to_pylist()
    assert "id" not in rows[0]
    assert rows[0]["given_label"] == str(audit.given[0])


def test_class_without_threshold_is_null(audit):
    thresholds = np.full(4, np.nan)
    nameless = dataclasses.replace(audit, thresholds=thresholds)
    table = output.suspects_table(nameless)
    assert table["suggested_threshold"].null_count == table.num_rows


@pytest.mark.parametrize("compat", [False, True])
def test_empty_list(tmp_path, compat):
    empty = run_audit(*faultless(), class_names=NAMES, compat=compat)
    assert empty.n_suspects == 0
    for suffix in (".csv", ".jsonl", ".parquet"):
        path = tmp_path / f"list{suffix}"
        output.write_table(output.suspects_table(empty, IDS), path)
        assert read(path) == []
    document = "".join(output.json_document(empty, output.suspects_table(empty), {}))
    assert json.loads(document)["suspects"] == []


def test_json_document(audit, table, monkeypatch):
    monkeypatch.setattr(output, "_JSON_ROWS", 7)
    text = "".join(output.json_document(audit, table, {"cupel": "x"}))
    assert text.isascii()
    document = json.loads(text)
    assert list(document) == ["cupel", "summary", "classes", "confused_pairs", "suspects"]
    reasons = [row.pop("reason") for row in document["suspects"]]
    assert document["suspects"] == table.to_pylist()
    assert reasons == [audit.reason(i) for i in range(audit.n_suspects)]
    assert [row["class"] for row in document["classes"]] == NAMES
    assert sum(row["suspects"] for row in document["classes"]) == audit.n_suspects
    assert sum(row["suspects"] for row in document["confused_pairs"]) == audit.n_suspects
    assert document["summary"]["estimated_label_errors"] == audit.estimated_errors
    assert [row["estimated_noise"] for row in document["classes"]] == audit.class_noise.tolist()


def test_ids_that_are_not_finite_are_null_in_json(audit, tmp_path):
    ids = pa.array([float("nan")] * 240)
    output.write_table(output.suspects_table(audit, ids), tmp_path / "list.jsonl")
    assert read(tmp_path / "list.jsonl")[0]["id"] is None


def test_command_writes_what_it_prints(tmp_path, capsys):
    labels, probs = planted()
    files = [
        write_csv(
            tmp_path / "y.csv", [[f"row-{i}", y] for i, y in enumerate(labels)], ["key", "label"]
        ),
        write_npy(tmp_path / "p.npy", probs),
    ]
    path = tmp_path / "list.parquet"
    arguments = ["audit", *files, "--id-column", "key", "--json", "-o", str(path)]
    assert cupel.cli.main(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    for row in document["suspects"]:
        del row["reason"]
    assert document["suspects"] == read(path)
    assert document["inputs"] == {"labels": files[0], "pred_probs": files[1]}
    assert cupel.cli.main([*arguments, "--top", "3"]) == 0
    assert len(json.loads(capsys.readouterr().out)["suspects"]) == 3
    assert len(read(path)) == document["summary"]["suspects"]  # always the whole list


def fail_in_write(monkeypatch):
    def write(table, stream):
        stream.write(b"half of the new content")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("pyarrow.csv.write_csv", write)


def fail_in_fsync(monkeypatch):
    def fsync(descriptor):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)


def fail_in_replace(monkeypatch):
    def replace(self, target):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("pathlib.Path.replace", replace)


@pytest.mark.parametrize("fail", [fail_in_write, fail_in_fsync, fail_in_replace])
@pytest.mark.parametrize("old", [None, b"the old content"])
def test_failure_leaves_the_old_file(tmp_path, table, monkeypatch, fail, old):
    path = tmp_path / "list.csv"
    if old is not None:
        path.write_bytes(old)
    with monkeypatch.context() as patch:
        fail(patch)
        with pytest.raises(
            CliError, match=r"--output .*list.csv: cannot be written \(\w+"
        ) as error:
            output.write_table(table, path)
    assert ("unchanged" in str(error.value)) == (old is not None)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == ([] if old is None else [old])
    output.write_table(table, path)
    assert len(read(path)) == table.num_rows


def test_interrupt_leaves_no_temporary_file(tmp_path, table, monkeypatch):
    def fsync(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(KeyboardInterrupt):
        output.write_table(table, tmp_path / "list.csv")
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_order_of_system_calls(tmp_path, table, monkeypatch):
    calls = []
    fsync, replace = os.fsync, type(tmp_path).replace

    def watched_fsync(descriptor):
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        calls.append(f"fsync {kind}")
        fsync(descriptor)

    def watched_replace(self, target):
        calls.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr("pathlib.Path.replace", watched_replace)
    output.write_table(table, tmp_path / "list.csv")
    assert calls == ["fsync file", "rename", "fsync folder"]


@POSIX
def test_folder_that_cannot_be_forced_to_disk_is_told(tmp_path, table, monkeypatch):
    fsync = os.fsync

    def picky(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", picky)
    path = tmp_path / "list.csv"
    with pytest.raises(CliError, match="may not survive a power cut"):
        output.write_table(table, path)
    assert len(read(path)) == table.num_rows


@POSIX
def test_full_disk(tmp_path):
    """A real one: the process may not write more than 300 bytes to a file."""
    labels, probs = planted()
    files = [write_npy(tmp_path / "y.npy", labels), write_npy(tmp_path / "p.npy", probs)]
    path = tmp_path / "list.csv"
    path.write_bytes(b"old")
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300));"
        "from cupel.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, "audit", *files, "-o", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "cannot be written (File too large); the file that was there is unchanged" in done.stderr
    assert path.read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["list.csv", "p.npy", "y.npy"]


@pytest.fixture
def stuck(tmp_path):
    """A run that has written its temporary file and will never get to the rename."""
    labels, probs = planted()
    files = [write_npy(tmp_path / "y.npy", labels), write_npy(tmp_path / "p.npy", probs)]
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "list.csv"
    path.write_bytes(b"old")
    code = (
        "import os, signal, sys, time; os.fsync = lambda descriptor: time.sleep(60);"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from cupel.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "audit", *files, "-o", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 20
    while not any(p.suffix == ".tmp" and p.stat().st_size for p in folder.iterdir()):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    return process, path


@POSIX
def test_kill_in_the_middle(stuck, table):
    """kill -9 before the rename: the old file is whole, and a later run cleans up."""
    process, path = stuck
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert path.read_bytes() == b"old"
    (left,) = (p for p in path.parent.iterdir() if p.suffix == ".tmp")

    output.write_table(table, path)
    assert len(read(path)) == table.num_rows
    assert left.exists()  # young enough to belong to a run that is still writing
    long_ago = time.time() - 7_200
    os.utime(left, (long_ago, long_ago))
    output.write_table(table, path)
    assert list(path.parent.iterdir()) == [path]


@POSIX
def test_ctrl_c_in_the_middle(stuck):
    process, path = stuck
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == b""
    assert err.strip() == b""
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_files_of_others_are_not_cleaned_up(tmp_path, table):
    names = [".list.csv.tmp", ".other.csv.0123456789abcdef.tmp", ".list.csv.0123.tmp"]
    long_ago = time.time() - 7_200
    for name in names:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (long_ago, long_ago))
    output.write_table(table, tmp_path / "list.csv")
    assert {p.name for p in tmp_path.iterdir()} == {"list.csv", *names}


@POSIX
def test_permissions_are_kept(tmp_path, table):
    path = tmp_path / "list.csv"
    path.touch(0o600)
    path.chmod(0o640)
    output.write_table(table, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    fresh = tmp_path / "fresh.csv"
    old = os.umask(0o027)
    try:
        output.write_table(table, fresh)
    finally:
        os.umask(old)
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o640


@POSIX
def test_a_link_stays_a_link(tmp_path, table):
    (tmp_path / "far").mkdir()
    target = tmp_path / "far" / "content.bin"
    target.write_bytes(b"old")
    link = tmp_path / "list.csv"
    link.symlink_to(target)
    output.check_output(link, [])
    output.write_table(table, link)
    assert link.is_symlink()
    assert target.read_bytes().startswith(b'"row"')


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("list.xlsx", "cannot tell its format; use .csv, .jsonl, .parquet"),
        ("list", "cannot tell its format"),
        ("missing/list.csv", "folder .*missing does not exist"),
        ("folder.csv", "not a regular file"),
        ("y.csv", "is one of the inputs"),
        ("a\0b.csv", "null"),
    ],
)
def test_impossible_outputs_are_refused_before_any_work(
    tmp_path, monkeypatch, capsys, name, message
):
    (tmp_path / "folder.csv").mkdir()
    labels, probs = planted()
    files = [
        write_csv(tmp_path / "y.csv", [[y] for y in labels]),
        write_npy(tmp_path / "p.npy", probs),
    ]
    before = (tmp_path / "y.csv").read_bytes()
    monkeypatch.setattr("cupel.cli.inputs.read_inputs", None)
    assert cupel.cli.main(["audit", *files, "-o", str(tmp_path / name)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(message, err)
    assert (tmp_path / "y.csv").read_bytes() == before
