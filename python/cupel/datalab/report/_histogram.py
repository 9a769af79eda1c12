"""A histogram of scores as inline SVG."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cupel.datalab.report._markup import Markup, tag
from cupel.datalab.report._wording import count, plural, score

__all__ = ["Histogram", "histogram"]

_BINS = 42
_WIDTH, _HEIGHT, _BASE = 420, 132, 108


@dataclass(frozen=True)
class Histogram:
    """The picture, and what to say under it."""

    svg: Markup
    caption: str


def histogram(scores: NDArray[np.float64], flagged: NDArray[np.bool_]) -> Histogram | None:
    """Return how many rows have which score, the flagged ones marked; None if all have the same.

    Heights are square roots of counts, for a few rows among thousands would not be seen else.
    """
    known = np.isfinite(scores)
    scores, flagged = scores[known], flagged[known]
    if not scores.size or scores.min() == scores.max():
        return None
    low, high = float(scores.min()), float(scores.max())
    edges = np.linspace(low, high, _BINS + 1)
    every = np.histogram(scores, edges)[0]
    marked = np.histogram(scores[flagged], edges)[0]
    cut = _cut(scores, flagged)
    scale = (_BASE - 14) / np.sqrt(every.max())
    parts = [
        tag("title", "Histogram of the scores"),
        tag("desc", _described(low, high, every, marked, cut)),
        _bars(np.sqrt(every) * scale, "bar"),
        _bars(np.sqrt(marked) * scale, "bar hot"),
        tag("path", d=f"M0 {_BASE}.5H{_WIDTH}", class_="axis"),
        _label(0, score(low), "start"),
        _label(_WIDTH, score(high), "end"),
    ]
    if cut is not None:
        parts += _cut_line(_WIDTH * (cut - low) / (high - low), score(cut))
    box = f"0 0 {_WIDTH} {_HEIGHT}"
    svg = tag("svg", *parts, viewBox=box, class_="histogram", role="img")
    return Histogram(svg, _caption(marked.sum() > 0, cut))


def _cut(scores: NDArray[np.float64], flagged: NDArray[np.bool_]) -> float | None:
    """Return a score between the flagged rows and the others, if there is one."""
    if not flagged.any() or flagged.all():
        return None
    below, above = float(scores[flagged].max()), float(scores[~flagged].min())
    return (below + above) / 2 if below < above else None


def _bars(heights: NDArray[np.float64], kind: str) -> Markup:
    step = _WIDTH / _BINS
    path = "".join(
        f"M{i * step + 0.5:.1f} {_BASE}v-{max(height, 1.5):.1f}h{step - 1:.1f}V{_BASE}z"
        for i, height in enumerate(heights.tolist())
        if height > 0
    )
    return tag("path", d=path, class_=kind) if path else Markup("")


def _label(x: float, text: str, anchor: str) -> Markup:
    return tag("text", text, x=float(x), y=_HEIGHT - 8, text_anchor=anchor)


def _cut_line(x: float, text: str) -> list[Markup]:
    right = x > _WIDTH * 0.8
    return [
        tag("path", d=f"M{x:.1f} 4V{_BASE}", class_="cut"),
        tag(
            "text",
            f"cut {text}",
            x=x - 5 if right else x + 5,
            y=12,
            text_anchor="end" if right else "start",
            class_="strong",
        ),
    ]


def _described(
    low: float, high: float, every: NDArray[np.int64], marked: NDArray[np.int64], cut: float | None
) -> str:
    fullest = int(every.argmax())
    width = (high - low) / _BINS
    text = (
        f"{plural(int(every.sum()), 'row')} with scores from {score(low)} to {score(high)}, most "
        f"of them around {score(low + (fullest + 0.5) * width)}; {count(int(marked.sum()))} flagged"
    )
    return text if cut is None else f"{text}, all below {score(cut)}"


def _caption(any_flagged: bool, cut: float | None) -> str:
    text = "Rows by score; lower is worse. Heights are square roots of counts."
    if any_flagged:
        text += " Flagged rows are in colour"
        text += "." if cut is None else ", left of the cut."
    return text
