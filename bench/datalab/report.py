"""Results as Markdown: for the terminal, the README and the documentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.markdown import duration, figure, goal_table, table
from bench.timing import middle

from .cases import CLEANLAB, CUPEL, CUPEL_ALL
from .results import Results, Row, differences, goals, input_name, speedup, time_of

_NOTHING = (
    "Flags, counts, scores and summaries were equal (numbers within 1e-6) on every input, float32 "
    "aside, where cleanlab rounds distances."
)


def full_report(results: Results) -> str:
    """Everything that was run."""
    parts = [
        machine_line(results),
        goal_table(goals(results)),
        _equality(results),
        *_section("Every default check", results["cells"], _cell_table),
        *_section("Where cupel's time goes", results["cells"], _check_table),
        *_section("Checks that only read the graph", results["graph"], _graph_table),
        *_section("Peak memory besides the inputs", results["memory"], _memory_table),
        *_section("Reports and files", results["report"], _report_table),
        *_section("Import, beyond NumPy's", results["import"], _import_table),
    ]
    return "\n\n".join(parts)


def summary(results: Results) -> str:
    """The goals, for the README."""
    return "\n\n".join([goal_table(goals(results)), machine_line(results)])


def machine_line(results: Results) -> str:
    """Where and when, and how busy the machine was."""
    m = results["machine"]
    plan = "" if results["plan"] == "full" else f" Sizes: {results['plan']}."
    return (
        f"{m['cpu']}, {m['cpus']} CPUs, {m['memory_gib']:.0f} GiB, {m['system']}; cupel "
        f"{m['cupel']} ({m['isa']}), cleanlab {m['cleanlab']}, datasets {m['datasets']}, "
        f"scikit-learn {m['scikit-learn']}, NumPy {m['numpy']}, Python {m['python']}; {m['date']}; "
        f"load before {m['load'][0]}, after {m['load_at_end'][0]}.{plan}"
    )


def _section(title: str, rows: list[Row], make: Callable[[list[Row]], str]) -> list[str]:
    return [f"## {title}", make(rows)] if rows else []


def _equality(results: Results) -> str:
    found = differences(results)
    return (
        "\n".join(["**Differences:**", "", *(f"- {text}" for text in found)]) if found else _NOTHING
    )


def _cell_table(rows: list[Row]) -> str:
    header = ("input", "cleanlab", "cupel", "ratio", "cupel, all its checks", "ratio", "runs")
    lines = [
        (
            input_name(row),
            duration(time_of(row, CLEANLAB)),
            *(
                cell
                for name in (CUPEL, CUPEL_ALL)
                for cell in (duration(time_of(row, name)), f"{figure(speedup(row, name))}x")
            ),
            " / ".join(str(len(row["seconds"][name])) for name in (CLEANLAB, CUPEL, CUPEL_ALL)),
        )
        for row in rows
    ]
    return table(header, lines)


def _check_table(rows: list[Row]) -> str:
    """Seconds of each check in the first run, for the largest inputs."""
    largest = [row for row in rows if row["rows"] == max(row["rows"] for row in rows)]
    names = dict.fromkeys(name for row in largest for name in row["checks"][CUPEL_ALL])
    lines = [
        (name, *(duration(row["checks"][CUPEL_ALL].get(name, 0.0)) for row in largest))
        for name in names
    ]
    return table(("call", *map(input_name, largest)), lines)


def _graph_table(rows: list[Row]) -> str:
    lines = [
        (
            row["check"],
            input_name(row),
            *(duration(time_of(row, name)) for name in (CLEANLAB, CUPEL)),
            f"{figure(speedup(row))}x",
        )
        for row in rows
    ]
    return table(("call", "input", "cleanlab", "cupel", "ratio"), lines)


def _memory_table(rows: list[Row]) -> str:
    lines = [
        (
            row["contestant"],
            input_name(row),
            *(f"{row[name] / 1e6:.0f} MB" for name in ("bytes", "extra_bytes")),
            f"{row['extra_bytes'] / row['bytes']:.2f}",
        )
        for row in rows
    ]
    return table(("contestant", "input", "inputs", "extra", "extra / inputs"), lines)


def _report_table(rows: list[Row]) -> str:
    lines = [
        (
            row["what"],
            input_name(row),
            duration(middle(row["seconds"])),
            f"{row['bytes'] / 1e6:.2f} MB" if row["bytes"] else "",
        )
        for row in rows
    ]
    return table(("call", "input", "time", "file"), lines)


def _import_table(rows: list[Row]) -> str:
    def lines() -> Any:
        for row in rows:
            spent = row["seconds"]
            times = (f"{1e3 * value:.1f} ms" for value in (middle(spent), min(spent)))
            yield row["what"], *times, str(len(spent))

    return table(("module", "median", "best", "runs"), lines())
