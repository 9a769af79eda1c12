"""Tables, figures and durations in Markdown, and where they go in a file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .results import Goal

# Columns of words, which start at the left; figures end at the right.
WORDS = (
    *("figure", "reached", "where", "function", "input", "contestant", "call"),
    *("neighbours", "against", "metric", "setting", "note", "signature", "result", "module"),
)


def table(header: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """Rows of a table under a header."""
    header = list(header)
    rule = ["---" if name in WORDS else "---:" for name in header]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *lines))


def goal_table(found: Iterable[Goal]) -> str:
    """Goals, what was measured, and whether that is enough."""
    lines = [
        (
            goal.what,
            f"{'>=' if goal.at_least else '<='} {figure(goal.limit)}{goal.unit}",
            f"{figure(goal.measured)}{goal.unit}",
            "yes" if goal.reached else "**no**",
            goal.where,
        )
        for goal in found
    ]
    return table(("figure", "goal", "measured", "reached", "where"), lines)


def figure(value: float) -> str:
    """Three digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def duration(seconds: float) -> str:
    """Seconds with a fitting unit."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    if seconds >= 1e-3:
        return f"{1e3 * seconds:.1f} ms"
    return f"{1e6 * seconds:.2f} us"


def write_between_markers(path: Path, text: str, name: str = "benchmark") -> None:
    """Replace what is between the markers of that name in a file."""
    start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
    old = path.read_text(encoding="utf-8")
    if old.count(start) != 1 or old.count(end) != 1:
        msg = f"{path} must hold {start} and {end} once each"
        raise ValueError(msg)
    pattern = f"(?<={re.escape(start)}).*(?={re.escape(end)})"
    new = re.sub(pattern, lambda _: f"\n\n{text}\n\n", old, flags=re.DOTALL)
    path.write_text(new, encoding="utf-8")
