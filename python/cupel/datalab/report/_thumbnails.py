"""Images of the data as small PNG or JPEG data, never as markup of their own."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cupel.datalab._dataset import Dataset

__all__ = ["TINY", "Thumbnails"]

TINY = "data:image/png"  # how addresses of images begin that were too small to be made smaller

_SIDE = 96
_EXACT = 48  # up to this many pixels a side, PNG is small and exact
_PIXELS_OF_ONE = 40_000_000
_PIXELS_OF_ALL = 80_000_000
_BYTES_OF_ALL = 1_300_000
_MODES = ("L", "RGB")


class Thumbnails:
    """Makes thumbnails as long as their sizes add up to what a page can bear.

    Parameters
    ----------
    dataset : Dataset
        The examples.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._pixels, self._bytes = _PIXELS_OF_ALL, _BYTES_OF_ALL
        self._made: dict[int, str] = {}
        self.left_out = 0

    def of(self, row: int) -> str:
        """Return the address of a row's image, which holds the image; empty if it has none."""
        if self._dataset.image_key is None:
            return ""
        if row not in self._made:
            self._made[row] = self._make(row)
        address = self._made[row]
        if len(address) > self._bytes:
            self.left_out += 1
            return ""
        self._bytes -= len(address)
        return address

    def _make(self, row: int) -> str:
        if self._pixels <= 0 or self._bytes <= 0:
            self.left_out += 1
            return ""
        try:
            image = self._dataset.image(row)
            if image is None:
                return ""
            return self._encoded(image)
        except Exception:  # noqa: BLE001 - a damaged file can make Pillow raise almost anything
            self.left_out += 1
            return ""

    def _encoded(self, image: Any) -> str:
        width, height = image.size
        if width * height > _PIXELS_OF_ONE or not width or not height:
            self.left_out += 1
            return ""
        self._pixels -= width * height
        image = _opaque(image)
        image.thumbnail((_SIDE, _SIDE))
        kind = "png" if max(image.size) <= _EXACT else "jpeg"
        out = io.BytesIO()
        image.save(out, kind, quality=72)
        return f"data:image/{kind};base64,{base64.b64encode(out.getvalue()).decode()}"


def _opaque(image: Any) -> Any:
    """Return a copy of the image in a mode that JPEG has, what is transparent on white."""
    if "A" in image.getbands() or "transparency" in image.info:
        from cupel._extras import require

        ground = require("PIL.Image", "html_report").new("RGBA", image.size, "white")
        ground.alpha_composite(image.convert("RGBA"))
        return ground.convert("RGB")
    if image.mode.startswith(("I", "F")):
        low, high = image.getextrema()
        scale = 255.0 / (high - low) if high > low else 0.0
        return image.convert("F").point(lambda v: v * scale - low * scale).convert("L")
    return image.copy() if image.mode in _MODES else image.convert("RGB")
