"""Results as Markdown: for the terminal, the README and the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from .cases import CLEANLAB, CUPEL, MEMORY_PASS, REFERENCE
from .results import (
    Goal,
    Results,
    Row,
    filter_rows,
    geometric_mean,
    goals,
    input_name,
    other_rows,
    passes,
    speedup,
    speedup_on_reference,
    time_of,
)
from .timing import middle

# Columns of words, which start at the left; figures end at the right.
WORDS = ("figure", "reached", "where", "function", "input", "contestant", "call")
START, END = "<!-- benchmark:start -->", "<!-- benchmark:end -->"


def full_report(results: Results) -> str:
    """Everything: goals, all cells, scaling and memory."""
    parts = [
        machine_line(results),
        "## Goals",
        _goal_table(goals(results)),
        "## `find_label_issues`, ranked by self-confidence",
        _cell_table(filter_rows(results)),
        "## Thresholds, confident joint and scores",
        _cell_table(other_rows(results)),
        "## Threads",
        _thread_table(results["threads"]),
        "## Rows",
        _row_count_table(results["rows"]),
        "## Small calls",
        _call_table(results["calls"]),
        "## Peak extra memory",
        _memory_table(results["memory"]),
    ]
    return "\n\n".join(parts)


def summary(results: Results) -> str:
    """One row per size and dtype."""
    groups: dict[str, list[Row]] = {}
    for row in filter_rows(results):
        groups.setdefault(input_name({**row, "kind": ""}).strip(), []).append(row)
    header = (
        "input",
        "cleanlab",
        "NumPy reference",
        "cupel",
        "against cleanlab",
        "worst cell",
        "bare passes",
    )
    lines = [
        (
            name,
            *(_time(geometric_mean(time_of(r, c) for r in rows)) for c in (CLEANLAB, REFERENCE)),
            _time(geometric_mean(time_of(r, CUPEL) for r in rows)),
            f"**{_figure(geometric_mean(map(speedup, rows)))}x**",
            f"{_figure(min(map(speedup, rows)))}x",
            _figure(geometric_mean(map(passes, rows))),
        )
        for name, rows in groups.items()
    ]
    n_cells = max(map(len, groups.values()))
    note = (
        f"Geometric means over {n_cells} cells each (every `filter_by`, two kinds of input), all "
        "contestants side by side in one run; cleanlab with its faster `n_jobs`. A bare pass is "
        "`pred_probs.sum()`."
    )
    return "\n\n".join([_table(header, lines), note, machine_line(results)])


def machine_line(results: Results) -> str:
    """Where and when, and how busy the machine was."""
    m = results["machine"]
    plan = "" if results["plan"] == "full" else f" Sizes: {results['plan']}."
    return (
        f"{m['cpu']}, {m['cpus']} CPUs, {m['memory_gib']:.0f} GiB, {m['system']}; cupel "
        f"{m['cupel']} ({m['isa']}), cleanlab {m['cleanlab']}, NumPy {m['numpy']}, Python "
        f"{m['python']}; {m['date']}; load before {m['load'][0]}.{plan}"
    )


def write_between_markers(path: Path, text: str) -> None:
    """Replace what is between the markers of a file."""
    old = path.read_text(encoding="utf-8")
    if old.count(START) != 1 or old.count(END) != 1:
        msg = f"{path} must hold {START} and {END} once each"
        raise ValueError(msg)
    pattern = f"(?<={re.escape(START)}).*(?={re.escape(END)})"
    new = re.sub(pattern, lambda _: f"\n\n{text}\n\n", old, flags=re.DOTALL)
    path.write_text(new, encoding="utf-8")


def _goal_table(found: list[Goal]) -> str:
    lines = [
        (
            goal.what,
            f"{'>=' if goal.at_least else '<='} {_figure(goal.limit)}{goal.unit}",
            f"{_figure(goal.measured)}{goal.unit}",
            "yes" if goal.reached else "**no**",
            goal.where,
        )
        for goal in found
    ]
    return _table(("figure", "goal", "measured", "reached", "where"), lines)


def _cell_table(rows: list[Row]) -> str:
    header = (
        "function",
        "input",
        "bare pass",
        "cupel",
        "GB/s",
        "cleanlab",
        "reference",
        "against cleanlab",
        "against reference",
        "bare passes",
        "rows that differ from cleanlab",
    )
    lines = [
        (
            f"`{row['task']}`",
            input_name(row),
            *(_time(time_of(row, c)) for c in (MEMORY_PASS, CUPEL)),
            _figure(row["bytes"] / time_of(row, CUPEL) / 1e9),
            *(_time(time_of(row, c)) for c in (CLEANLAB, REFERENCE)),
            f"{_figure(speedup(row))}x",
            f"{_figure(speedup_on_reference(row))}x",
            _figure(passes(row)),
            str(row["cleanlab_differs_on"]),
        )
        for row in rows
    ]
    return _table(header, lines)


def _thread_table(rows: list[Row]) -> str:
    counts = list(rows[0]["seconds"])
    header = ("input", *(f"{n} thread{'s' * (n != '1')}" for n in counts), "gain")
    lines = []
    for row in rows:
        times = [middle(row["seconds"][n]) for n in counts]
        gain = f"{_figure(times[0] / times[-1])}x"
        lines.append((input_name(row), *map(_time, times), gain))
    return _table(header, lines)


def _row_count_table(rows: list[Row]) -> str:
    lines = []
    for row in rows:
        seconds = middle(row["seconds"][CUPEL])
        lines.append((input_name(row), _time(seconds), f"{1e9 * seconds / row['rows']:.1f} ns"))
    return _table(("input", "cupel", "per row"), lines)


def _call_table(rows: list[Row]) -> str:
    lines = [(f"`{row['call']}`", _time(middle(row["seconds"]))) for row in rows]
    return _table(("call", "time"), lines)


def _memory_table(rows: list[Row]) -> str:
    lines = [
        (
            f"`{row['task']}`",
            input_name(row),
            row["contestant"],
            f"{row['bytes'] / 1e6:.1f} MB",
            f"{row['extra_bytes'] / 1e6:.1f} MB",
            f"{row['extra_bytes'] / row['bytes']:.2f}",
        )
        for row in rows
    ]
    return _table(
        ("function", "input", "contestant", "input size", "extra", "extra / input"), lines
    )


def _table(header: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    header = list(header)
    rule = ["---" if name in WORDS else "---:" for name in header]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *lines))


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    if seconds >= 1e-3:
        return f"{1e3 * seconds:.1f} ms"
    return f"{1e6 * seconds:.2f} us"
