"""Names, sizes and memory limits of input files."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from cupel.cli.errors import CliError, printable

__all__ = ["check_decoded_size", "check_regular", "parse_size", "split_spec"]

# Real probability matrices compress by a factor below 30, a bomb by 1,000 and more.
_LARGEST_RATIO = 100
_ALWAYS_ALLOWED = 256 * 2**20
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def split_spec(spec: str) -> tuple[Path, str | None]:
    """Split ``FILE.npz:array`` into the file and the array's name.

    Examples
    --------
    >>> path, array = split_spec("run.npz:probs")
    >>> path.name, array
    ('run.npz', 'probs')
    """
    match = re.fullmatch(r"(.+\.npz):([^:/\\]+)", spec, re.IGNORECASE | re.DOTALL)
    if match and not Path(spec).exists():
        return Path(match[1]), match[2]
    return Path(spec), None


def check_regular(path: Path) -> int:
    """Size of the file in bytes; refuses folders, pipes, devices and files that are not there."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        msg = f"{printable(str(path))}: {reason}"
        raise CliError(msg) from error
    if not stat.S_ISREG(status.st_mode):
        msg = f"{printable(str(path))}: not a regular file"
        raise CliError(msg)
    return status.st_size


def parse_size(text: str) -> int:
    """Bytes of a size such as ``8GB``, ``500m`` or ``1000000``.

    Examples
    --------
    >>> parse_size("1.5GB")
    1500000000
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", text.strip().lower())
    if not match:
        msg = f"{text!r} is not a size; write for example 8GB"
        raise ValueError(msg)
    return int(float(match[1]) * _UNITS[match[2]])


def check_decoded_size(what: str, n_bytes: int, file_size: int, max_memory: int | None) -> None:
    """Refuse an array that would grow out of proportion to the file it is decoded from."""
    limit = max_memory
    if limit is None:
        limit = max(_ALWAYS_ALLOWED, _LARGEST_RATIO * file_size)
        limit = min(limit, _physical_memory() or limit)
    if n_bytes > limit:
        msg = (
            f"{what} would take {_size(n_bytes)} of memory, above the limit of {_size(limit)} "
            f"for a file of {_size(file_size)}; if you trust the file, raise it with --max-memory"
        )
        raise CliError(msg)


def _physical_memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not told by this system
        return None


def _size(n_bytes: int) -> str:
    for factor, unit in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if n_bytes >= factor:
            return f"{n_bytes / factor:,.1f} {unit}"
    return f"{n_bytes} bytes"
