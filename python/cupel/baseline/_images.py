"""Images as some hundred numbers: small pixels, colours, directions of edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cupel._extras import require

if TYPE_CHECKING:
    from cupel.datalab._dataset import Dataset

__all__ = ["image_features"]

_SIDE = 32  # pixels of the square that every image is shrunk to
_CELLS = 4  # cells a side in which directions are counted
_DIRECTIONS = 9
_SHADES = 8
_CHUNK = 1_024
_MOST_NAMED = 5


def image_features(
    dataset: Dataset, tell: Callable[[float], None]
) -> tuple[NDArray[np.float32], list[str]]:
    """Return features of every row's image, nan where there is none, and what to note.

    Raises
    ------
    ValueError
        If no image can be read.
    """
    parts, unreadable = [], []
    for start in range(0, dataset.n_rows, _CHUNK):
        rows = range(start, min(start + _CHUNK, dataset.n_rows))
        pixels = np.full((len(rows), _SIDE, _SIDE, 3), np.nan, np.float32)
        for i, row in enumerate(rows):
            small = _small(dataset, row)
            if small is None:
                unreadable.append(row)
            else:
                pixels[i] = small
            tell(row / dataset.n_rows)
        parts.append(_described(pixels))
    if len(unreadable) == dataset.n_rows:
        msg = f"none of the {dataset.n_rows:,} images in {dataset.image_key!r} can be read"
        raise ValueError(msg)
    return np.concatenate(parts), _missing_note(unreadable)


def _small(dataset: Dataset, row: int) -> NDArray[np.float32] | None:
    """Pixels of the image, shrunk; None if it is missing, damaged or unreasonably large."""
    image_module = require("PIL.Image", "fit_baseline with images")
    try:
        image = dataset.image(row)
        if image is None:
            return None
        if hasattr(image, "draft"):
            image.draft("RGB", (2 * _SIDE, 2 * _SIDE))  # JPEG files can be read shrunk
        box = image_module.Resampling.BOX
        shrunk = image.convert("RGB").resize((_SIDE, _SIDE), box)
    except (OSError, ValueError, SyntaxError, image_module.DecompressionBombError):
        return None
    return np.asarray(shrunk, np.float32) / 255.0


def _described(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features of images of shape (m, side, side, 3)."""
    grey = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.concatenate(
        [_shrunk(grey, 16), _shrunk(pixels, 8), _shades(pixels), _edges(grey)], axis=1
    )


def _shrunk(images: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    factor = _SIDE // side
    blocks = images.reshape(len(images), side, factor, side, factor, -1)
    means: NDArray[np.float32] = blocks.mean(axis=(2, 4)).reshape(len(images), -1)
    return means


def _shades(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Share of the pixels of each shade, by colour channel."""
    missing = np.isnan(pixels[:, :1, 0, 0])
    shade = np.minimum(np.nan_to_num(pixels) * _SHADES, _SHADES - 1).astype(np.int64)
    shares = [(shade == s).mean(axis=(1, 2)) for s in range(_SHADES)]
    found = np.concatenate(shares, axis=1).astype(np.float32)
    return np.where(missing, np.nan, np.sqrt(found)).astype(np.float32)


def _edges(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Histograms of gradient directions in cells, weighted by strength, each of unit length."""
    down, right = np.gradient(grey, axis=(1, 2))
    strength = np.hypot(down, right)
    angle = np.mod(np.arctan2(down, right), np.pi) / np.pi * _DIRECTIONS
    direction = np.nan_to_num(angle).astype(np.int64) % _DIRECTIONS
    counts = np.stack(
        [_shrunk(np.where(direction == k, strength, 0), _CELLS) for k in range(_DIRECTIONS)], axis=2
    )
    counts[np.isnan(grey[:, 0, 0])] = np.nan
    length = np.sqrt((counts**2).sum(axis=2, keepdims=True)) + 0.01
    cells: NDArray[np.float32] = (counts / length).reshape(len(grey), -1).astype(np.float32)
    return cells


def _missing_note(unreadable: list[int]) -> list[str]:
    if not unreadable:
        return []
    if len(unreadable) == 1:
        return [f"1 image cannot be read (row {unreadable[0]}); it counts as an average one"]
    named = ", ".join(map(str, unreadable[:_MOST_NAMED]))
    more = ", …" if len(unreadable) > _MOST_NAMED else ""
    return [
        f"{len(unreadable):,} images cannot be read (rows {named}{more}); they count as average ones"
    ]
