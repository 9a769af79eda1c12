"""Files that are there as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

__all__ = ["write_atomically"]

_BINARY = getattr(os, "O_BINARY", 0)  # Windows would write other line ends


def write_atomically(path: Path, content: bytes) -> Path:
    """Write `content` beside `path`, then rename: whoever looks sees the old file or the new one.

    Parameters
    ----------
    path : Path
        The file; replaced if it is there.
    content : bytes
        All of it.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    OSError
        If it cannot be written; what was there before still is.
    """
    target = Path(os.path.realpath(path))  # through a link, which stays
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(target.stat().st_mode & 0o777)
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)
    return path


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a loss of power, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
