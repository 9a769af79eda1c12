"""Text of unknown origin made fit to show, and numbers and names in words."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

__all__ = [
    "clean",
    "count",
    "listed",
    "number",
    "percent",
    "plural",
    "score",
    "seconds",
    "title_of",
]

_CELL = 240
_NONE = "\u2013"
# Controls, marks that turn the direction of what follows, lone surrogates, and no-characters.
_UNFIT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_SPACES = re.compile(r"[\t\n\r\f\v ]+")
_TITLES = {
    "preflight": "Preflight",
    "label": "Label issues",
    "outlier": "Outliers",
    "near_duplicate": "Near duplicates",
    "non_iid": "Order of the rows",
    "class_imbalance": "Class imbalance",
    "null": "Missing values",
    "underperforming_group": "Underperforming group",
    "ambiguous": "Ambiguous examples",
    "duplicate_conflict": "Conflicting duplicates",
    "data_valuation": "Examples of little value",
    "identifier_column": "Identifier columns",
    "spurious_correlations": "Spurious correlations",
    "dark": "Dark images",
    "light": "Bright images",
    "low_information": "Images with little content",
    "odd_aspect_ratio": "Oddly shaped images",
    "odd_size": "Images of odd size",
    "grayscale": "Images without colour",
    "blurry": "Blurry images",
}


def clean(value: Any, limit: int = _CELL) -> str:
    """Return a value as one line that shows what is in it and does nothing to what is around it.

    White space is one space, what cannot be seen is its code in brackets, and more than `limit`
    characters are cut off.
    """
    text = value if isinstance(value, str) else str(value)
    text = _SPACES.sub(" ", text[: 4 * limit + 64]).strip()
    shown = _UNFIT.sub(lambda found: f"[U+{ord(found[0]):04X}]", text[: limit + 1])
    return shown if len(shown) <= limit else f"{shown[: limit - 1].rstrip()}…"


def count(value: float) -> str:
    """Return a whole number with its thousands apart by a thin space: 50 000."""
    return f"{int(value):,}".replace(",", "\u202f")


def plural(value: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: 1 row, 2 rows."""
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def number(value: Any) -> str:
    """Return a figure with as many digits as people read."""
    value = float(value)
    if math.isnan(value):
        return _NONE
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}" if abs(value) >= 1 else f"{value:.3f}"
    return f"{value:.2e}"


def score(value: Any) -> str:
    """Return a score in [0, 1], all with as many digits."""
    value = float(value)
    if math.isnan(value):
        return _NONE
    return f"{value:.3f}" if value == 0 or value >= 0.0005 else "< 0.001"


def percent(share: float) -> str:
    """Return a share in per cent, never rounded to none or all where it is not."""
    if math.isnan(share):
        return _NONE
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.0f} %" if 0.1 <= share <= 0.99 or share == 1 else f"{100 * share:.1f} %"


def listed(items: Sequence[str], most: int = 8) -> str:
    """Return items with commas between them, and how many more there are."""
    shown = ", ".join(items[:most])
    return shown if len(items) <= most else f"{shown} and {count(len(items) - most)} more"


def seconds(duration: float) -> str:
    """Return a duration."""
    if duration < 0.0095:
        return f"{1000 * duration:.1f} ms"
    return f"{1000 * duration:.0f} ms" if duration < 0.95 else f"{duration:.1f} s"


def title_of(issue_type: str) -> str:
    """Return the issue type in words."""
    words = clean(issue_type, 60).replace("_", " ")
    return _TITLES.get(issue_type, words[:1].upper() + words[1:])
