"""The coverage table and the speeds, as Markdown."""

from __future__ import annotations

import importlib
from typing import Any

from bench.dropin.coverage import public_functions, signature_differences
from bench.dropin.suite import CLEANLAB, CUPEL, Row
from bench.markdown import duration, figure, table
from bench.results import geometric_mean
from bench.timing import middle

Results = dict[str, Any]


def speedup(row: Row) -> float:
    """How many times faster than cleanlab, medians of both."""
    return middle(row["seconds"][CLEANLAB]) / middle(row["seconds"][CUPEL])


def full_report(results: Results) -> str:
    """Coverage of every public function, then every case."""
    return "\n\n".join(
        [
            machine_line(results),
            "## Coverage",
            coverage_note(),
            coverage_table(results),
            "## Speed",
            speed_table([row for row in results["rows"] if not row["alone"]]),
            "## Sizes that cleanlab cannot do here",
            alone_table([row for row in results["rows"] if row["alone"]]),
        ]
    )


def coverage_note() -> str:
    """What the columns say."""
    return (
        "Signature: same parameters, order and defaults (cupel's own come after them, by keyword "
        "only). Result: the cases below, compared before they were timed; *tests* where only "
        "`tests/differential` compares (plots, and what is drawn or printed). Speed: the lowest "
        "ratio of the function's cases."
    )


def coverage_table(results: Results) -> str:
    """One line per public function and class of cleanlab's modules."""
    lines = []
    for name in public_functions():
        rows = [r for r in results["rows"] if _belongs(r, name) and not r["alone"]]
        differences = [r["difference"] for r in rows if r["difference"]]
        result = "tests" if not rows else "**no**" if differences else "yes"
        speed = f"{figure(min(map(speedup, rows)))}x" if rows else ""
        lines.append((f"`{name}`", _signature(name), result, speed))
    return table(("function", "signature", "result", "speed"), lines)


def _belongs(row: Row, name: str) -> bool:
    return bool(row["function"] == name)


def _signature(name: str) -> str:
    module, _, attribute = name.rpartition(".")
    ours, theirs = (
        getattr(importlib.import_module(f"{package}.{module}"), attribute, None)
        for package in (CUPEL, CLEANLAB)
    )
    if ours is None:
        return "**absent**"
    return "**differs**" if signature_differences(ours, theirs) else "same"


def speed_table(rows: list[Row]) -> str:
    """Every case with both packages."""
    lines = []
    for row in rows:
        ratio = speedup(row)
        lines.append(
            (
                f"`{row['function']}`",
                ", ".join(filter(None, (row["label"], row["size"]))),
                duration(middle(row["seconds"][CLEANLAB])),
                duration(middle(row["seconds"][CUPEL])),
                f"{figure(ratio)}x",
                f"{row['goal']:g}x",
                "yes" if ratio >= row["goal"] else "**no**",
            )
        )
    return table(
        ("function", "input", "cleanlab", "cupel", "ratio", "goal", "reached"),
        lines,
    )


def alone_table(rows: list[Row]) -> str:
    """Cases that only cupel ran."""
    lines = [
        (
            f"`{row['function']}`",
            ", ".join(filter(None, (row["label"], row["size"]))),
            duration(middle(row["seconds"][CUPEL])),
        )
        for row in rows
    ]
    return table(("function", "input", "cupel"), lines)


def summary(results: Results) -> str:
    """One line per module, for the README."""
    topics: dict[str, list[Row]] = {}
    for row in results["rows"]:
        if not row["alone"]:
            topics.setdefault(row["topic"], []).append(row)
    lines = []
    for topic, rows in topics.items():
        reached = sum(speedup(row) >= row["goal"] for row in rows)
        lines.append(
            (
                f"`{topic}`",
                f"**{figure(geometric_mean(map(speedup, rows)))}x**",
                f"{figure(min(map(speedup, rows)))}x",
                f"{reached} of {len(rows)}",
            )
        )
    header = ("module", "against cleanlab", "worst case", "goals reached")
    return "\n\n".join([table(header, lines), machine_line(results)])


def machine_line(results: Results) -> str:
    """Where and when, and how busy the machine was."""
    m = results["machine"]
    return (
        f"{m['cpu']}, {m['cpus']} CPUs, {m['memory_gib']:.0f} GiB, {m['system']}; cupel "
        f"{m['cupel']} ({m['isa']}), cleanlab {m['cleanlab']} in its fastest setting, NumPy "
        f"{m['numpy']}, Python {m['python']}; {m['date']}; load before {m['load'][0]}."
    )
