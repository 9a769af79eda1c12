"""Files of audits that are cut off, changed, foreign or made to harm."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import io
import json
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest
from tests.store_data import full_record, parts_of, same

from cupel.datalab._dataset import DatasetLoadError
from cupel.datalab.reading import files
from cupel.datalab.reading.table import read_table
from cupel.datalab.store.file import pack
from cupel.datalab.store.record import load_record, save_record


@pytest.fixture(scope="module")
def content(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("audit") / "lab.cupel"
    save_record(full_record(info=False), path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def parts(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("audit") / "whole"
    path.write_bytes(content)
    return parts_of(load_record(path))


def members_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(content: bytes, change) -> bytes:
    """The file with its record changed, and all hashes right."""
    members = members_of(content)
    manifest = json.loads(members.pop("manifest.json"))
    del members["manifest.sha256"]
    record = json.loads(members.pop("record.json"))
    change(record, members)
    told = {k: v for k, v in manifest.items() if k not in ("format", "version", "members")}
    return pack({"record.json": json.dumps(record).encode(), **members}, told)


def refused(path, content: bytes, match: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=match) as caught:
        load_record(path)
    assert str(path) in str(caught.value)


def zipped(members: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", how) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return stream.getvalue()


def test_cut_off_anywhere(content, tmp_path):
    path = tmp_path / "a"
    for length in {0, 1, 3, *np.linspace(4, len(content) - 1, 60).astype(int).tolist()}:
        refused(path, content[:length], "no audit" if length < 4 else "cut off or damaged")
    refused(path, content + b"x" * 70_000, "cut off or damaged")


def test_one_bit_flipped_anywhere(content, parts, tmp_path):
    """Either it is noticed, or it was in a field that says nothing of the audit."""
    path, noticed = tmp_path / "a", 0
    positions = np.random.default_rng(0).integers(0, len(content), 250)
    for at in [*range(0, 60, 3), *range(len(content) - 200, len(content)), *positions]:
        changed = bytearray(content)
        changed[at] ^= 1 << int(at) % 8
        path.write_bytes(bytes(changed))
        try:
            assert same(parts_of(load_record(path)), parts), at
        except ValueError:
            noticed += 1
    assert noticed > 350


def test_members_changed_added_and_removed(content, tmp_path):
    members = members_of(content)
    path = tmp_path / "a"
    array = next(name for name in members if name.startswith("arrays"))
    flipped = members[array][:-1] + bytes([members[array][-1] ^ 1])
    refused(path, zipped({**members, array: flipped}), f"changed: {array}")
    refused(path, zipped({**members, "extra": b""}), "changed: extra")
    refused(path, zipped({k: v for k, v in members.items() if k != array}), f"changed: {array}")
    manifest = members["manifest.json"].replace(b'"rows": 60', b'"rows": 61')
    refused(path, zipped({**members, "manifest.json": manifest}), "its manifest")
    for name in ("manifest.json", "manifest.sha256"):
        refused(path, zipped({k: v for k, v in members.items() if k != name}), "but no audit")


def test_other_versions_and_other_formats(content, tmp_path):
    path = tmp_path / "a"

    def with_manifest(manifest: bytes) -> bytes:
        checksum = f"{hashlib.sha256(manifest).hexdigest()}  manifest.json\n".encode()
        members = {"manifest.json": manifest, "manifest.sha256": checksum}
        return zipped({**members_of(content), **members})

    newer = json.loads(members_of(content)["manifest.json"]) | {"version": 2, "cupel": "9.9"}
    refused(path, with_manifest(json.dumps(newer).encode()), "cupel 9.9.*pip install --upgrade")
    for bad in (
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"format": "x", "version": 1, "members": {}}',
    ):
        refused(path, with_manifest(bad), "no audit")
    foreign = [
        b"",
        b"text",
        pickle.dumps({"a": 1}),
        b"\x93NUMPY\x01\x00",
        bytes(1000),
        b"PK\x05\x06",
    ]
    for data in foreign:
        refused(path, data, "no audit")
    refused(path, zipped({"[Content_Types].xml": b"<x/>"}), "but no audit")


def test_bombs(content, tmp_path):
    path = tmp_path / "a"
    members = members_of(content)
    bomb = zipped({**members, "arrays/0.npy": bytes(50_000_000)}, zipfile.ZIP_DEFLATED)
    refused(path, bomb, "compressed")
    twice = zipped(members) + b""
    stream = io.BytesIO(twice)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("record.json", b"{}")
    refused(path, stream.getvalue(), "two members")


def huge_header(record, members) -> None:
    name = next(iter(members))
    stream = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (1 << 50,)}
    np.lib.format.write_array_header_1_0(stream, header)
    members[name] = stream.getvalue()


def pickled(record, members) -> None:
    stream = io.BytesIO()
    np.save(stream, np.array([print], dtype=object), allow_pickle=True)
    members[next(iter(members))] = stream.getvalue()


def far_neighbour(record, members) -> None:
    name = record["knn_graph"]["$graph"][1]["$array"]
    array = np.load(io.BytesIO(members[name]))
    array[3, 0] = 1 << 40
    stream = io.BytesIO()
    np.save(stream, array)
    members[name] = stream.getvalue()


def unknown_task(record, members) -> None:
    record["task"] = "nothing"


def other_rows(record, members) -> None:
    record["n_rows"] = 61


def no_labels(record, members) -> None:
    del record["labels"]


def short_scores(record, members) -> None:
    record["findings"][0]["scores"] = {"$small": ["<f8", [1], "00" * 8]}


def unknown_tag(record, members) -> None:
    record["errors"] = {"$eval": "print()"}


def deep(record, members) -> None:
    tree: dict = {}
    for _ in range(900):
        tree = {"a": tree}
    record["errors"] = tree


def object_scalar(record, members) -> None:
    record["errors"] = {"$scalar": ["|O", "00" * 8]}


def wrong_lengths(record, members) -> None:
    texts = record["dataset"]["columns"][0][1]["$texts"]
    texts[0][1] = {"$small": ["<i8", [2], (b"\x7f" * 16).hex()]}


def label_out_of_range(record, members) -> None:
    record["labels"]["class_names"] = ["cat"]


def no_header(record, members) -> None:
    name = next(iter(members))
    members[name] = members[name][:10] + b"{(" + members[name][12:]


def odd_frame(record, members) -> None:
    record["errors"] = {
        "$series": [[{"$small": ["<i8", [1], "00" * 8]}, "i4,i4"], None, [[0, 1, 1], None, None]]
    }


def unchanged(record, members) -> None:
    pass


def missing_array(record, members) -> None:
    record["errors"] = {"$array": "arrays/999.npy"}


@pytest.mark.parametrize(
    "change",
    [
        *(huge_header, pickled, far_neighbour, unknown_task, other_rows, no_labels, short_scores),
        *(unknown_tag, deep, object_scalar, wrong_lengths, label_out_of_range, missing_array),
        *(no_header, odd_frame),
    ],
)
def test_changed_with_right_hashes(content, tmp_path, change):
    """Hashes keep accidents out; who means harm can compute them."""
    refused(tmp_path / "a", repacked(content, change), "does not hold an audit")


def test_repacking_alone_is_fine(content, parts, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(repacked(content, unchanged))
    assert same(parts_of(load_record(path)), parts)


ODD_TREES: list = [None, True, -1, 1e308, 10**30, "", "<f8", [], [1], {}, {"$array": "record.json"}]
ODD_TREES += [{tag: [[1], [2]]} for tag in ("$list", "$dict", "$frame", "$graph", "$texts", "$csr")]
ODD_TREES += [{"$small": ["<f8", [10**12], ""]}, {"$scalar": ["V8", "00" * 8]}, {"$int": "z"}]


def places(tree, found: list) -> list:
    """Every place in a tree, as a container and the key in it."""
    for key, part in tree.items() if isinstance(tree, dict) else enumerate(tree):
        found.append((tree, key))
        if isinstance(part, (dict, list)):
            places(part, found)
    return found


def test_anything_anywhere(content, tmp_path):
    """Either the audit is refused, or what came back can be read in full."""
    rng = np.random.default_rng(0)
    path, refusals = tmp_path / "a", 0

    def change(record, members) -> None:
        every = places(record, [])
        tree, key = every[rng.integers(len(every))]
        tree[key] = copy.deepcopy(ODD_TREES[rng.integers(len(ODD_TREES))])

    for _ in range(200):
        path.write_bytes(repacked(content, change))
        try:
            parts_of(load_record(path))
        except ValueError:
            refusals += 1
    assert refusals > 100


@pytest.mark.parametrize("suffix", [".parquet", ".xlsx"])
def test_tables_with_bytes_changed(suffix, tmp_path):
    """What Arrow and openpyxl make of damaged files comes as one kind of error."""
    frame = pd.DataFrame({"a": ["x", "y", None] * 9, "n": range(27)})
    path = tmp_path / f"t{suffix}"
    frame.to_parquet(path) if suffix == ".parquet" else frame.to_excel(path, index=False)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(100):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] = rng.integers(256)
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(DatasetLoadError):
            table = read_table(path)
            assert [table.cell(name, 0) for name in table.column_names]


def test_a_workbook_that_would_grow(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_MOST_UNPACKED", 1 << 20)
    path = tmp_path / "t.xlsx"
    path.write_bytes(zipped({"xl/workbook.xml": bytes(20 << 20)}, zipfile.ZIP_DEFLATED))
    with pytest.raises(ValueError, match="would unpack to 20 MB"):
        read_table(path)
