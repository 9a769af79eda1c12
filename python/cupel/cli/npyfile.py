"""Arrays from .npy and .npz files: nothing is unpickled and no declared size is believed."""

from __future__ import annotations

import math
import zipfile
import zlib
from lzma import LZMAError
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cupel.cli.errors import CliError, printable
from cupel.cli.files import check_decoded_size, check_regular

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_npy", "read_npz"]

_LARGEST_HEADER = 10_000  # NumPy's own limit, checked before the header is read
_CHUNK = 2**20


class _Header(NamedTuple):
    shape: tuple[int, ...]
    order: str
    dtype: np.dtype[Any]
    offset: int

    @property
    def n_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def read_npy(path: Path) -> NDArray[Any]:
    """Map the array of a .npy file into memory, read-only."""
    size = check_regular(path)
    name = printable(str(path))
    try:
        with path.open("rb") as stream:
            header = _read_header(stream, name, size)
        if not header.n_bytes:
            return np.empty(header.shape, header.dtype)
        return np.memmap(
            path,
            dtype=header.dtype,
            mode="r",
            offset=header.offset,
            shape=header.shape,
            order="F" if header.order == "F" else "C",
        )
    except (OSError, ValueError) as error:
        msg = f"{name}: {printable(str(error))}"
        raise CliError(msg) from error


def read_npz(
    path: Path, array: str | None, defaults: Sequence[str], max_memory: int | None = None
) -> NDArray[Any]:
    """Read one array of a .npz file: `array`, else the only one, else the first of `defaults`."""
    file_size = check_regular(path)
    name = printable(str(path))
    try:
        with zipfile.ZipFile(path) as archive:
            member = archive.getinfo(_choose(archive.namelist(), array, defaults, name))
            label = f"{name}: array '{printable(member.filename.removesuffix('.npy'))}'"
            check_decoded_size(label, member.file_size, file_size, max_memory)
            with archive.open(member) as stream:
                return _read_array(stream, _read_header(stream, label, member.file_size))
    except (zipfile.BadZipFile, zlib.error, LZMAError, EOFError) as error:
        msg = f"{name}: damaged, or not an .npz file ({printable(str(error))})"
        raise CliError(msg) from error
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: encrypted archives
        msg = f"{name}: {printable(str(error))}"
        raise CliError(msg) from error


def _choose(members: list[str], array: str | None, defaults: Sequence[str], name: str) -> str:
    arrays = [member.removesuffix(".npy") for member in members if member.endswith(".npy")]
    if array is None:
        wanted = [only for only in arrays if len(arrays) == 1]
        wanted += [default for default in defaults if default in arrays]
    else:
        wanted = [array] if array in arrays else []
    if wanted:
        return f"{wanted[0]}.npy"
    found = printable(", ".join(arrays)) or "no arrays"
    looked_for = " or ".join(defaults) if array is None else printable(array)
    msg = f"{name}: no array named {looked_for} (found: {found}); choose one with FILE.npz:NAME"
    raise CliError(msg)


def _read_header(stream: IO[bytes], name: str, size: int) -> _Header:
    """Read and check the header of an array that has `size` bytes, header included."""
    major, minor = np.lib.format.read_magic(stream)
    if (major, minor) not in ((1, 0), (2, 0)):
        msg = f"{name}: .npy format version {major}.{minor} is not supported"
        raise CliError(msg)
    start = stream.tell()
    length = int.from_bytes(stream.read(2 if major == 1 else 4), "little")
    if length > _LARGEST_HEADER:
        msg = f"{name}: its header claims {length:,} bytes, more than {_LARGEST_HEADER:,}"
        raise CliError(msg)
    stream.seek(start)
    read = (
        np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
    )
    try:
        shape, fortran, dtype = read(stream)
    except Exception as error:  # hostile text in the header can make NumPy raise almost anything
        msg = f"{name}: its header cannot be read ({printable(str(error))})"
        raise CliError(msg) from error
    header = _Header(shape, "F" if fortran else "C", dtype, stream.tell())
    _check_header(header, name, size)
    return header


def _check_header(header: _Header, name: str, size: int) -> None:
    dtype = header.dtype
    if dtype.hasobject:
        msg = (
            f"{name}: holds pickled Python objects, which are never loaded; save numbers or text, "
            "for example numpy.save(file, labels.astype(str))"
        )
        raise CliError(msg)
    if dtype.kind not in "biufUS" or not dtype.itemsize:
        msg = f"{name}: has dtype {dtype}, expected numbers or text"
        raise CliError(msg)
    if min(header.shape, default=0) < 0:
        msg = f"{name}: its header claims the impossible shape {header.shape}"
        raise CliError(msg)
    if header.offset + header.n_bytes != size:
        msg = (
            f"{name}: its header claims shape {header.shape} of {dtype} "
            f"({header.n_bytes:,} bytes) but {size - header.offset:,} bytes follow; "
            "the file is cut off or damaged"
        )
        raise CliError(msg)


def _read_array(stream: IO[bytes], header: _Header) -> NDArray[Any]:
    array = np.empty(math.prod(header.shape), header.dtype)
    view = memoryview(array.view(np.uint8)) if header.n_bytes else memoryview(b"")
    start = 0
    while start < header.n_bytes:
        chunk = stream.read(min(_CHUNK, header.n_bytes - start))
        if not chunk:
            msg = "it ends too early"
            raise EOFError(msg)
        view[start : start + len(chunk)] = chunk
        start += len(chunk)
    stream.read(1)  # the end of the stream is where the checksum is compared
    return array.reshape(header.shape, order="F" if header.order == "F" else "C")
