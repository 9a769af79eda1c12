"""Files that lie, that want to run code, or that want all the memory: refused, in little of both."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pa = pytest.importorskip("pyarrow")

from pyarrow import parquet

import cupel.cli
from cli_data import planted, write_csv, write_npy

LABELS, PROBS = planted()
MIB = 2**20


class Trap:
    """Unpickling it leaves a file behind."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return (Path.touch, (self.canary,))


@pytest.fixture
def canary(tmp_path):
    return tmp_path / "canary"


def npy_header(text, version=(1, 0), length=None):
    body = text.encode("latin1") + b"\n"
    size = len(body) if length is None else length
    return (
        b"\x93NUMPY" + bytes(version) + struct.pack("<H" if version[0] == 1 else "<I", size) + body
    )


def described(descr="<f8", shape="(240, 4)", fortran=False):
    return f"{{'descr': {descr!r}, 'fortran_order': {fortran}, 'shape': {shape}, }}"


def zip_of(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression, compresslevel=1) as archive:
        for name, chunks in members.items():
            with archive.open(name, "w", force_zip64=True) as stream:
                for chunk in chunks:
                    stream.write(chunk)
    return path


def zeros(n_bytes):
    block = bytes(4 * MIB)
    for start in range(0, n_bytes, len(block)):
        yield block[: min(len(block), n_bytes - start)]


def refused(arguments, capsys, message=""):
    """The command ends with code 2, nothing on stdout, and one message without a traceback."""
    assert cupel.cli.main(["audit", *map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("cupel: error: ")
    assert err.count("\n") == 1
    assert len(err) < 1_500
    assert err.rstrip("\n").isprintable()
    assert message in err
    return err


NPY_LIES = {
    "8 TiB": (npy_header(described(shape="(1099511627776,)")) + bytes(64), "cut off or damaged"),
    "overflow": (npy_header(described(shape="(2**62,)").replace("2**62", str(2**62))), "cut off"),
    "more dimensions": (npy_header(described(shape=str((2**40,) * 5))), "cut off or damaged"),
    "negative": (npy_header(described(shape="(-1, 4)")), "impossible shape"),
    "too little data": (npy_header(described()) + bytes(240 * 4 * 8 - 1), "cut off or damaged"),
    "too much data": (npy_header(described()) + bytes(240 * 4 * 8 + 1), "cut off or damaged"),
    "long header": (npy_header("", (2, 0), 2**32 - 1), "header claims 4,294,967,295 bytes"),
    "deep header": (npy_header("(" * 4_900 + ")" * 4_900), "header cannot be read"),
    "unhashable header": (npy_header("{[]: 1}"), "header cannot be read"),
    "code in the header": (npy_header("__import__('os').abort()"), "header cannot be read"),
    "strange dtype": (npy_header(described("<M8[ns]", "(240,)")) + bytes(1_920), "numbers or text"),
    "no width": (npy_header(described("|S0", "(1000000000000,)")), "numbers or text"),
    "future": (b"\x93NUMPY\x09\x00" + bytes(80), "version 9.0"),
    "cut in the header": (npy_header(described())[:20], ""),
    "no array": (b"PK\x03\x04 something else", "magic string"),
    "empty": (b"", ""),
}


@pytest.mark.parametrize("lie", NPY_LIES)
def test_npy_that_lies(tmp_path, capsys, lie):
    content, message = NPY_LIES[lie]
    path = tmp_path / "lie.npy"
    path.write_bytes(content)
    labels = write_npy(tmp_path / "labels.npy", LABELS)
    probs = write_npy(tmp_path / "probs.npy", PROBS)
    assert "lie.npy" in refused([labels, path], capsys, message)
    assert "lie.npy" in refused([path, probs], capsys, message)


@pytest.mark.parametrize("lie", ["8 TiB", "negative", "deep header", "too little data", "no array"])
def test_npz_whose_member_lies(tmp_path, capsys, lie):
    path = zip_of(tmp_path / "lie.npz", {"pred_probs.npy": [NPY_LIES[lie][0]]})
    refused([write_npy(tmp_path / "y.npy", LABELS), path], capsys, "lie.npz")


def test_pickles_are_never_loaded(tmp_path, capsys, canary):
    trap = np.empty(240, object)
    trap[:] = [Trap(canary)] * 240
    np.save(tmp_path / "trap.npy", trap, allow_pickle=True)
    np.savez(tmp_path / "trap.npz", labels=trap, pred_probs=trap)
    bare = tmp_path / "bare.npy"
    bare.write_bytes(pickle.dumps(Trap(canary)))
    record = npy_header(described("|O", "(240,)")) + pickle.dumps(Trap(canary))
    structured = tmp_path / "record.npy"
    structured.write_bytes(record)
    probs = write_npy(tmp_path / "probs.npy", PROBS)
    for path in (tmp_path / "trap.npy", tmp_path / "trap.npz", structured):
        refused([path, probs], capsys, "pickled Python objects, which are never loaded")
    refused([bare, probs], capsys)
    refused([tmp_path / "trap.npz"] * 2, capsys, "never loaded")
    assert not canary.exists()


@pytest.mark.filterwarnings("ignore")  # pyarrow warns about such files
def test_pickle_in_the_metadata_of_parquet(tmp_path, capsys, canary):
    """Old releases of pyarrow unpickled an extension type's metadata."""
    metadata = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(Trap(canary)),
    }
    field = pa.field("label", pa.int64(), metadata=metadata)
    table = pa.Table.from_arrays([pa.array(LABELS)], schema=pa.schema([field]))
    parquet.write_table(table, tmp_path / "y.parquet")
    probs = write_npy(tmp_path / "probs.npy", PROBS)
    cupel.cli.main(["audit", str(tmp_path / "y.parquet"), probs])
    capsys.readouterr()
    assert not canary.exists()


def test_zip_that_is_damaged_encrypted_or_foreign(tmp_path, capsys):
    labels = write_npy(tmp_path / "y.npy", LABELS)
    np.savez(tmp_path / "good.npz", pred_probs=PROBS)
    good = (tmp_path / "good.npz").read_bytes()
    path = tmp_path / "bad.npz"
    start = good.index(b"\x93NUMPY")
    damaged = {
        "flipped bit": good[: start + 500] + bytes([good[start + 500] ^ 1]) + good[start + 501 :],
        "cut off": good[: len(good) // 2],
        "not a zip": b"not a zip",
        "empty": b"",
    }
    flags = bytearray(good)
    flags[flags.index(b"PK\x01\x02") + 8] |= 1
    flags[6] |= 1
    damaged["encrypted"] = bytes(flags)
    method = bytearray(good)
    method[method.index(b"PK\x01\x02") + 10] = 99
    damaged["unknown compression"] = bytes(method)
    for content in damaged.values():
        path.write_bytes(content)
        refused([labels, path], capsys, "bad.npz")
    zip_of(path, {"readme.txt": [b"hello"]})
    refused([labels, path], capsys, "found: no arrays")


def test_damaged_parquet(tmp_path, capsys):
    labels = write_npy(tmp_path / "y.npy", LABELS)
    good = io.BytesIO()
    parquet.write_table(pa.table({str(k): PROBS[:, k] for k in range(4)}), good)
    content = good.getvalue()
    path = tmp_path / "bad.parquet"
    rng = np.random.default_rng(0)
    damaged = [
        b"",
        b"PAR1",
        content[:-4],
        content[: len(content) // 2],
        b"PAR1" + bytes(500) + b"PAR1",
    ]
    footer = bytearray(content)
    footer[-8:-4] = struct.pack("<I", 2**31 - 1)
    damaged.append(bytes(footer))
    for bad in damaged:
        path.write_bytes(bad)
        refused([labels, path], capsys, "bad.parquet")
    for _ in range(40):  # anything may come out of a random change but a crash
        noisy = bytearray(content)
        for position in rng.integers(4, len(noisy), 3):
            noisy[position] = rng.integers(256)
        path.write_bytes(bytes(noisy))
        assert cupel.cli.main(["audit", labels, str(path), "-q", "--json"]) in (0, 2)
    capsys.readouterr()


def test_text_in_parquet_that_is_no_text(tmp_path, capsys):
    probs = write_npy(tmp_path / "p.npy", PROBS)
    texts = pa.array([b"r\xa4ka"] * 240).view(pa.string())
    parquet.write_table(pa.table({"label": texts}), tmp_path / "y.parquet")
    refused([tmp_path / "y.parquet", probs], capsys, "Invalid UTF8")
    table = pa.table({"labe\u00e1": LABELS})
    parquet.write_table(table, tmp_path / "y.parquet")
    content = (tmp_path / "y.parquet").read_bytes()
    (tmp_path / "y.parquet").write_bytes(content.replace("á".encode(), b"\xe1\xe1"))
    refused([tmp_path / "y.parquet", probs], capsys, "y.parquet: cannot be read")


CSV_BAD = {
    "empty": (b"", "the file is empty"),
    "blank": (b"\n\n \n", ""),
    "zero bytes": (b"a,b\n\x00\x00,1\n", ""),
    "latin-1": ("räka,b\n0.5,0.5\n".encode("latin1"), "not UTF-8"),
    "utf-16": ("a,b\n0.5,0.5\n".encode("utf-16"), "not UTF-8"),
    "gzip": (b"\x1f\x8b\x08\x00" + bytes(range(128, 228)), "not UTF-8"),
    "ragged": (b"a,b\n0.5,0.5\n0.5\n", "line 3: Expected 2 columns, got 1"),
    "open quote": (b'a,b\n0.5,"' + b"x" * 9 * MIB, ""),
    "one long line": (b"0.5," * (2 * MIB), "first line is too long"),
    "long field later": (b"a,b\n0.5,0.5\n0.5," + b"1" * 20 * MIB + b"\n", "a row is longer than"),
    "a million columns": (b"0," * 999_999 + b"1\n", "has 1,000,000 columns"),
    "header only": (b"a,b\n", "no columns of numbers"),
    "words": (b"a,b\nx,y\n", "no columns of numbers"),
    "semicolons": (b"a;b\n0.5;0.5\n", "separated by commas"),
    "bad utf-8 later": (b"a,b\n" + b"0.5,0.5\n" * 600_000 + b"0.5,\xff\xfe\n", "line 600002"),
}


@pytest.mark.parametrize("kind", CSV_BAD)
def test_csv_that_is_none(tmp_path, capsys, kind):
    content, message = CSV_BAD[kind]
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    refused([write_npy(tmp_path / "y.npy", LABELS), path], capsys, message)


def test_names_cannot_reach_the_terminal_raw(tmp_path, capsys):
    names = ["\x1b]0;title\x07", "a\u202eb", "[bold]c[/bold]", "d\ne"]
    probs = write_csv(tmp_path / "p.csv", PROBS.tolist(), names)
    labels = write_csv(
        tmp_path / "y.csv", [["\x1b[2J"], *[[names[k]] for k in LABELS[1:]]], ["label"]
    )
    error = refused([labels, probs], capsys, "row 0: label '\\x1b[2J'")
    assert "\\x1b]0;title\\x07" in error
    labels = write_npy(tmp_path / "y.npy", LABELS)
    assert cupel.cli.main(["audit", labels, probs]) == 0
    out, _ = capsys.readouterr()
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert cupel.cli.main(["audit", labels, probs, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["class"] for row in document["classes"]] == names  # data are not altered


def test_labels_that_are_enormous(tmp_path, capsys):
    probs = write_npy(tmp_path / "p.npy", PROBS)
    named = write_csv(tmp_path / "p.csv", PROBS.tolist(), ["a", "b", "c", "d"])
    for value in ("1000000000", "9" * 400, "1e9", "0x3", "٣", "x" * 100_000):
        labels = write_csv(tmp_path / "y.csv", [[0], [value], *[[0]] * 238], ["label"])
        refused([labels, probs], capsys, "row 1")
        refused([labels, named], capsys, "row 1")


@pytest.mark.skipif(os.name == "nt", reason="POSIX files")
def test_what_is_no_file(tmp_path, capsys):
    labels = write_npy(tmp_path / "y.npy", LABELS)
    for suffix in ("npy", "npz", "csv", "parquet"):
        pipe = tmp_path / f"pipe.{suffix}"
        os.mkfifo(pipe)  # opening it would wait for ever
        refused([labels, pipe], capsys, "not a regular file")
        folder = tmp_path / f"folder.{suffix}"
        folder.mkdir()
        refused([labels, folder], capsys, "not a regular file")
        refused([labels, tmp_path / f"none.{suffix}"], capsys, "No such file")
    loop = tmp_path / "loop.npy"
    loop.symlink_to(loop)
    refused([labels, loop], capsys, "loop.npy")
    refused([labels, tmp_path / "a\0.npy"], capsys, "null")
    refused([labels, tmp_path / "x.xlsx"], capsys, "No such file")
    (tmp_path / "x.xlsx").touch()
    refused([labels, tmp_path / "x.xlsx"], capsys, "cannot tell its format")


def bombs(folder):
    """Small files that unpack to hundreds of times their size."""
    header = npy_header(described(shape=f"({10 * MIB}, 4)"))
    zip_of(folder / "bomb.npz", {"pred_probs.npy": [header, *zeros(320 * MIB)]})
    packed = (folder / "bomb.npz").read_bytes()
    zip_of(folder / "nested.npz", {"pred_probs.npy": [packed]})
    schema = pa.schema([(str(k), pa.float64()) for k in range(4)])
    block = pa.table([pa.array(np.zeros(MIB))] * 4, schema=schema)
    with parquet.ParquetWriter(folder / "bomb.parquet", schema, compression="zstd") as writer:
        for _ in range(10):
            writer.write_table(block)
    text = pa.DictionaryArray.from_arrays(np.zeros(240, np.int32), ["x" * 4 * MIB])
    parquet.write_table(pa.table({"label": text}), folder / "text.parquet", compression="zstd")
    (folder / "tall.npy").write_bytes(npy_header(described(shape="(1099511627776, 4)")))
    (folder / "columns.csv").write_bytes(b"0," * 999_999 + b"1\n")
    return [
        ("y.npy", "bomb.npz"),
        ("bomb.npz:pred_probs", "p.npy"),
        ("y.npy", "nested.npz"),
        ("y.npy", "bomb.parquet"),
        ("text.parquet", "p.npy"),
        ("tall.npy", "p.npy"),
        ("y.npy", "columns.csv"),
    ]


@pytest.mark.skipif(os.name == "nt", reason="needs the resource module")
@pytest.mark.skipif(
    "asan" in os.environ.get("LD_PRELOAD", ""), reason="a sanitizer multiplies the memory measured"
)
def test_bombs_cost_little(tmp_path):
    write_npy(tmp_path / "y.npy", LABELS)
    write_npy(tmp_path / "p.npy", PROBS)
    cases = bombs(tmp_path)
    code = """
import json, pathlib, resource, sys, time
from cupel.cli import main

def peak_bytes():
    if sys.platform == "linux":  # getrusage counts the parent's memory from before exec
        status = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
        return 1024 * int(status.split("VmHWM:")[1].split()[0])
    kib = 1 if sys.platform == "darwin" else 1024
    return kib * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

main(["audit", "y.npy", "p.npy", "--json", "--top", "0"])
for arguments in json.loads(sys.argv[1]):
    start = time.perf_counter()
    code = main(["audit", *arguments, "-q"])
    seconds = time.perf_counter() - start
    print(json.dumps([arguments, code, seconds, peak_bytes()]), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(cases)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    reports = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("[")]
    assert len(reports) == len(cases)
    for arguments, exit_code, seconds, peak in reports:
        assert exit_code == 2, arguments
        assert seconds < 2, arguments
        assert peak < 512 * MIB, arguments
    assert done.stderr.count("--max-memory") == 3


def test_limit_can_be_raised_and_lowered(tmp_path, capsys):
    labels = write_npy(tmp_path / "y.npy", LABELS)
    np.savez_compressed(tmp_path / "p.npz", PROBS)
    refused(
        [labels, tmp_path / "p.npz", "--max-memory", "1kB"], capsys, "above the limit of 1.0 kB"
    )
    assert cupel.cli.main(["audit", labels, str(tmp_path / "p.npz"), "--max-memory", "1MB"]) == 0
