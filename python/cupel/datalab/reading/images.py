"""Pictures, from whatever a column may hold of them."""

from __future__ import annotations

import io
import warnings
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from cupel._arrays import shown
from cupel._extras import require
from cupel.datalab.reading.columns import is_image
from cupel.datalab.reading.errors import printable

__all__ = ["open_image"]


def open_image(value: Any, folder: Path | None) -> Any:
    """Return a picture of Pillow's, read from the disk to its last byte.

    Parameters
    ----------
    value : object
        One of Pillow's, an array of height by width (by channels), bytes of a file, the name of
        one, or a dict of both.
    folder : Path or None
        Where names start from.

    Raises
    ------
    ValueError
        If it is none; says why.
    """
    if isinstance(value, dict):
        value = value.get("bytes") or value.get("path")
    elif is_image(value):
        return value
    pillow = require("PIL.Image", "a picture")
    try:
        # Pillow warns of pictures so large that they may be meant to harm: those are refused.
        with warnings.catch_warnings():
            warnings.simplefilter("error", pillow.DecompressionBombWarning)
            if isinstance(value, np.ndarray):
                return pillow.fromarray(value)
            if isinstance(value, (bytes, bytearray)):
                stream: Any = io.BytesIO(value)
            elif isinstance(value, (str, PathLike)):
                stream = (folder or Path()) / Path(value)
            else:
                msg = f"{shown(value)} is neither a picture nor the name of a file"
                raise ValueError(msg)  # noqa: TRY004 - told as any other below
            with pillow.open(stream) as picture:
                picture.load()
                return picture
    # A damaged file can make Pillow raise almost anything.
    except Exception as error:
        raise ValueError(printable(error)) from error
