"""The file of an audit: members in a zip that is not compressed, each with its SHA-256.

``manifest.json`` lists the members and their hashes, ``manifest.sha256`` holds its own. As nothing
is compressed, nothing can grow in reading. Nothing in the file is code.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from cupel.datalab.reading.errors import printable

__all__ = ["FORMAT", "VERSION", "pack", "unpack"]

FORMAT = "cupel-audit"
VERSION = 1
_MANIFEST, _CHECKSUM = "manifest.json", "manifest.sha256"
_AGAIN = "run the audit again, or take the file from a backup"
# What zipfile raises for archives that are damaged or use what is not needed here.
_BROKEN = (
    *(zipfile.BadZipFile, EOFError, NotImplementedError, OSError, OverflowError, RuntimeError),
    *(ValueError, KeyError),
)


def pack(members: dict[str, bytes], told: dict[str, Any]) -> bytes:
    """Return the content of a file with these members; what is `told` goes into its manifest."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    described = {"format": FORMAT, "version": VERSION, **told, "members": hashes}
    manifest = json.dumps(described, indent=1).encode()
    checksum = f"{hashlib.sha256(manifest).hexdigest()}  {_MANIFEST}\n".encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in ((_MANIFEST, manifest), (_CHECKSUM, checksum), *members.items()):
            archive.writestr(zipfile.ZipInfo(name), content)  # with a fixed date
    return stream.getvalue()


def unpack(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the manifest and the members of a file, if it is whole and as it was written.

    Raises
    ------
    ValueError
        If it is no such file, damaged, changed, or of a newer version.
    OSError
        If it cannot be read at all.
    """
    where = printable(path)
    if path.is_dir():
        msg = (
            f"{where} is a folder, expected a file written by save; an audit that cleanlab saved can "
            "be read by cleanlab alone: run it again"
        )
        raise ValueError(msg)
    data = path.read_bytes()
    try:
        members = _members(data)
    except _BROKEN as error:
        if data[:4] == b"PK\x03\x04":
            msg = f"{where} is cut off or damaged ({printable(error)}); {_AGAIN}"
        else:
            msg = f"{where} is no audit: expected a file written by save of cupel"
        raise ValueError(msg) from error
    if _MANIFEST not in members or _CHECKSUM not in members:
        msg = f"{where} is a zip archive but no audit: expected a file written by save of cupel"
        raise ValueError(msg)
    manifest = _manifest(members.pop(_MANIFEST), members.pop(_CHECKSUM), where)
    hashes = manifest["members"]
    if set(hashes) != set(members):
        other = printable(min(set(hashes) ^ set(members)))
        msg = f"{where} was changed: {other} was added or is missing; {_AGAIN}"
        raise ValueError(msg)
    for name, content in members.items():
        if hashlib.sha256(content).hexdigest() != hashes[name]:
            msg = f"{where} was changed: {printable(name)} is not as it was saved; {_AGAIN}"
            raise ValueError(msg)
    return manifest, members


def _members(data: bytes) -> dict[str, bytes]:
    """Read all members; none is compressed, and together they are no larger than the file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        listed = archive.infolist()
        if any(info.compress_type != zipfile.ZIP_STORED for info in listed):
            msg = "it has compressed members, which no audit has"
            raise ValueError(msg)
        if sum(info.file_size for info in listed) > len(data):
            msg = "it claims to hold more than its own size"
            raise ValueError(msg)
        names = {info.filename for info in listed}
        if len(names) != len(listed):
            msg = "it has two members of one name"
            raise ValueError(msg)
        return {info.filename: archive.read(info) for info in listed}


def _manifest(content: bytes, checksum: bytes, where: str) -> dict[str, Any]:
    if checksum.decode("latin-1").split() != [hashlib.sha256(content).hexdigest(), _MANIFEST]:
        msg = f"{where} was changed: its manifest is not as it was saved; {_AGAIN}"
        raise ValueError(msg)
    try:
        manifest = json.loads(content)
        known = manifest["format"] == FORMAT and isinstance(manifest["members"], dict)
        version = int(manifest["version"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        msg = f"{where} is no audit: its manifest is not one of cupel"
        raise ValueError(msg) from error
    if not known:
        msg = f"{where} is no audit: its manifest is not one of cupel"
        raise ValueError(msg)
    if version != VERSION:
        by = printable(manifest.get("cupel", "an unknown version"))
        msg = (
            f"{where} is of format {version}, written by cupel {by}; this version reads format "
            f"{VERSION}: pip install --upgrade cupel"
        )
        raise ValueError(msg)
    found: dict[str, Any] = manifest
    return found
