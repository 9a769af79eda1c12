"""Results as Markdown: for the terminal, the README and the documentation."""

from __future__ import annotations

from .cases import CLEANLAB, CUPEL, MEMORY_PASS, REFERENCE
from .markdown import duration, figure, goal_table, table
from .results import (
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


def full_report(results: Results) -> str:
    """Everything: goals, all cells, scaling and memory."""
    parts = [
        machine_line(results),
        "## Goals",
        goal_table(goals(results)),
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
            *(duration(geometric_mean(time_of(r, c) for r in rows)) for c in (CLEANLAB, REFERENCE)),
            duration(geometric_mean(time_of(r, CUPEL) for r in rows)),
            f"**{figure(geometric_mean(map(speedup, rows)))}x**",
            f"{figure(min(map(speedup, rows)))}x",
            figure(geometric_mean(map(passes, rows))),
        )
        for name, rows in groups.items()
    ]
    n_cells = max(map(len, groups.values()))
    note = (
        f"Geometric means over {n_cells} cells each (every `filter_by`, two kinds of input), all "
        "contestants side by side in one run; cleanlab with its faster `n_jobs`. A bare pass is "
        "`pred_probs.sum()`."
    )
    return "\n\n".join([table(header, lines), note, machine_line(results)])


def machine_line(results: Results) -> str:
    """Where and when, and how busy the machine was."""
    m = results["machine"]
    plan = "" if results["plan"] == "full" else f" Sizes: {results['plan']}."
    return (
        f"{m['cpu']}, {m['cpus']} CPUs, {m['memory_gib']:.0f} GiB, {m['system']}; cupel "
        f"{m['cupel']} ({m['isa']}), cleanlab {m['cleanlab']}, NumPy {m['numpy']}, Python "
        f"{m['python']}; {m['date']}; load before {m['load'][0]}.{plan}"
    )


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
            *(duration(time_of(row, c)) for c in (MEMORY_PASS, CUPEL)),
            figure(row["bytes"] / time_of(row, CUPEL) / 1e9),
            *(duration(time_of(row, c)) for c in (CLEANLAB, REFERENCE)),
            f"{figure(speedup(row))}x",
            f"{figure(speedup_on_reference(row))}x",
            figure(passes(row)),
            str(row["cleanlab_differs_on"]),
        )
        for row in rows
    ]
    return table(header, lines)


def _thread_table(rows: list[Row]) -> str:
    counts = list(rows[0]["seconds"])
    header = ("input", *(f"{n} thread{'s' * (n != '1')}" for n in counts), "gain")
    lines = []
    for row in rows:
        times = [middle(row["seconds"][n]) for n in counts]
        gain = f"{figure(times[0] / times[-1])}x"
        lines.append((input_name(row), *map(duration, times), gain))
    return table(header, lines)


def _row_count_table(rows: list[Row]) -> str:
    lines = []
    for row in rows:
        seconds = middle(row["seconds"][CUPEL])
        lines.append((input_name(row), duration(seconds), f"{1e9 * seconds / row['rows']:.1f} ns"))
    return table(("input", "cupel", "per row"), lines)


def _call_table(rows: list[Row]) -> str:
    lines = [(f"`{row['call']}`", duration(middle(row["seconds"]))) for row in rows]
    return table(("call", "time"), lines)


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
    return table(("function", "input", "contestant", "input size", "extra", "extra / input"), lines)
