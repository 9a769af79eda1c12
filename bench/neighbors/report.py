"""Results as Markdown: for the terminal, the README and the documentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.markdown import duration, figure, goal_table, table
from bench.results import geometric_mean, short
from bench.timing import middle

from .cases import CLEANLAB, COSINE, CUPEL, EUCLIDEAN, FAISS, KD_TREE, SKLEARN
from .results import (
    Results,
    Row,
    against,
    fastest_peer,
    goals,
    input_name,
    low_d,
    memory_over_input,
    rate,
    rate_over_sgemm,
    sgemm_rate,
    time_of,
    with_both,
)


def full_report(results: Results) -> str:
    """Everything that was run: goals, all cells, accuracy, memory."""
    limits = results["limits"]
    approximate_note = (
        "Of every contestant the fastest setting that reaches the recall counts (bold; with more "
        "than one run their median). Recall is measured on the same random rows for everybody. "
        f"Left out is what would take over {limits['cap_approximate']:.0f} s or, by its time with "
        f"fewer rows, {limits['no_chance']:g} times as long as the fastest peer."
    )
    exact_note = (
        "In parentheses: scikit-learn, not run but guessed from smaller cells, because it would take "
        f"over {limits['cap']:.0f} s. Of scikit-learn's cosine the faster of `n_jobs=None` and all "
        "threads."
    )
    parts = [
        machine_lines(results),
        *_section("Goals", goals(results), goal_table),
        *_section("Exact, euclidean", _of_metric(results, EUCLIDEAN), _exact_table, exact_note),
        *_section("Exact, cosine", _of_metric(results, COSINE), _exact_table, exact_note),
        *_section("Accuracy of the exact search", results["exact"], _error_table),
        *_section("Near-duplicates", results["near_duplicates"], _near_table, _near_note(results)),
        *_section("Outlier scores", results["outliers"], _outlier_table),
        *_section("Peak extra memory", results["memory"], _memory_table),
        *_section("Approximate", results["approximate"], _approximate_table, approximate_note),
    ]
    return "\n\n".join(parts)


def summary(results: Results) -> str:
    """One row per figure, for the README."""
    cosine = [row for row in with_both(results, SKLEARN) if row["metric"] == COSINE]
    lines = [
        *_ratios("exact, N >= 20k, d >= 64", FAISS, with_both(results, FAISS, least=64)),
        *_ratios("exact, cosine", SKLEARN, cosine, "scikit-learn cosine"),
    ]
    trees = low_d(results)
    if trees:
        lines += _ratios(f"exact, d <= 3, N = {short(trees[0]['rows'])}", KD_TREE, trees)
    outliers = [row for row in results["outliers"] if CLEANLAB in row["seconds"]]
    if outliers:
        what = f"`OutOfDistribution`, N = {short(outliers[0]['rows'])}"
        lines += _ratios(what, CLEANLAB, outliers)
    for row in results["approximate"]:
        peer = fastest_peer(row)
        if peer and CUPEL in row["seconds"]:
            what = f"approximate, recall@10 >= {row['recall']}, {input_name(row)}"
            lines += _ratios(what, peer, [row], f"{peer}, the fastest peer")
    header = ("neighbours", "against", "geometric mean", "worst cell", "cells")
    return "\n\n".join([table(header, lines), machine_lines(results)])


def machine_lines(results: Results) -> str:
    """Where and when, with which versions, and what was not there."""
    m = results["machine"]
    plan = "" if results["plan"] == "full" else f" Sizes: {results['plan']}."
    peers = ", ".join(f"{name} {number}" for name, number in m["peers"].items())
    absent = results["absent"]
    missing = f" Not installed, so not measured: {', '.join(absent)}." if absent else ""
    return (
        f"{m['cpu']}, {m['threads']} threads for everybody, {m['memory_gib']:.0f} GiB, "
        f"{m['system']}; cupel {m['cupel']} ({m['isa']}), {peers}, NumPy {m['numpy']}, Python "
        f"{m['python']}; {m['date']}; load before {m['load'][0]}.{plan}{missing}"
    )


def _section(title: str, rows: list[Any], make: Callable[[Any], str], note: str = "") -> list[str]:
    return [f"### {title}", *([note] if note else []), make(rows)] if rows else []


def _of_metric(results: Results, metric: str) -> list[Row]:
    return [row for row in results["exact"] if row["metric"] == metric]


def _ratios(what: str, contestant: str, rows: list[Row], name: str = "") -> list[tuple[str, ...]]:
    if not rows:
        return []
    values = [against(contestant)(row) for row in rows]
    mean, worst = figure(geometric_mean(values)), figure(min(values))
    return [(what, name or contestant, f"**{mean}x**", f"{worst}x", str(len(values)))]


def _exact_table(rows: list[Row]) -> str:
    peers = [
        name
        for name in (FAISS, SKLEARN, KD_TREE)
        if any(time_of(row, name) is not None for row in rows)
    ]
    header = (
        *("input", "sgemm GFLOP/s", CUPEL, "GFLOP/s", "over sgemm"),
        *peers,
        *(f"over {name}" for name in peers),
    )
    lines = [
        (
            input_name({**row, "metric": "default"}),
            figure(sgemm_rate(row)),
            _time_or_guess(row, CUPEL),
            *((figure(rate(row)), f"{figure(rate_over_sgemm(row))}x") if _ran(row) else ("", "")),
            *(_time_or_guess(row, name) for name in peers),
            *(f"{figure(against(name)(row))}x" if _ran(row, name) else "" for name in peers),
        )
        for row in rows
    ]
    return table(header, lines)


def _ran(row: Row, contestant: str = CUPEL) -> bool:
    return time_of(row, CUPEL) is not None and time_of(row, contestant) is not None


def _time_or_guess(row: Row, contestant: str) -> str:
    seconds = time_of(row, contestant)
    if seconds is not None:
        return duration(seconds)
    guesses = [s for name, s in row["skipped"].items() if name.startswith(contestant)]
    return f"({min(guesses):.0f} s)" if guesses else ""


def _error_table(rows: list[Row]) -> str:
    lines = []
    for metric in (EUCLIDEAN, COSINE):
        of_metric = [row["errors"] for row in rows if row["metric"] == metric]
        for name in dict.fromkeys(name for errors in of_metric for name in errors):
            found = [errors[name] for errors in of_metric if name in errors]
            lines.append(
                (
                    metric,
                    name,
                    figure(max(e["relative"] for e in found)),
                    f"{sum(e['different'] for e in found)} of {sum(e['rows'] for e in found)}",
                )
            )
    header = ("metric", "contestant", "largest relative error", "rows with another neighbour")
    return table(header, lines)


def _near_note(results: Results) -> str:
    rows = results["near_duplicates"]
    return (
        f"{rows[0]['rows']} rows of {rows[0]['columns']} non-negative float32 features, each with "
        "one other at distance 0.0020; what is said of the distance to it."
        if rows
        else ""
    )


def _near_table(rows: list[Row]) -> str:
    lines = [
        (
            row["metric"],
            row["contestant"],
            figure(row["true"]),
            *(figure(row[name]) for name in ("smallest", "median", "largest", "relative")),
            str(row["different"]),
        )
        for row in rows
    ]
    header = (
        *("metric", "contestant", "true, median", "smallest", "median", "largest"),
        *("largest relative error", "rows with another nearest"),
    )
    return table(header, lines)


def _outlier_table(rows: list[Row]) -> str:
    lines = []
    for row in rows:
        theirs, ours = time_of(row, CLEANLAB), time_of(row, CUPEL)
        assert ours is not None
        others = (
            ("", "", "")
            if theirs is None
            else (
                duration(theirs),
                f"{figure(theirs / ours)}x",
                figure(row["largest_difference"]),
            )
        )
        lines.append((input_name(row), duration(ours), *others))
    header = ("input", CUPEL, CLEANLAB, "over cleanlab", "largest difference of a score")
    return table(header, lines)


def _memory_table(rows: list[Row]) -> str:
    lines = [
        (
            input_name(row),
            row["contestant"],
            *(f"{row[name] / 1e6:.1f} MB" for name in ("bytes", "result_bytes", "extra_bytes")),
            f"{memory_over_input(row):.2f}",
        )
        for row in rows
    ]
    header = ("input", "contestant", "input size", "result", "extra", "(extra - result) / input")
    return table(header, lines)


def _approximate_table(rows: list[Row]) -> str:
    lines = []
    for row in rows:
        for attempt in row["attempts"]:
            best = min(
                (
                    a["total"]
                    for a in row["attempts"]
                    if _same_contestant(a, attempt) and a["total"]
                ),
                default=None,
            )
            lines.append(
                (
                    input_name({**row, "metric": "default"}),
                    attempt["contestant"],
                    _setting(attempt),
                    *(duration(attempt[part]) if attempt[part] else "" for part in _PARTS),
                    _total(row, attempt, best),
                    "" if attempt["recall"] is None else f"{attempt['recall']:.4f}",
                    _note(attempt),
                )
            )
    header = ("input", "contestant", "setting", *_PARTS, "total", "recall@10", "note")
    return table(header, lines)


_PARTS = ("build", "search")


def _same_contestant(a: Row, b: Row) -> bool:
    return bool(a["contestant"] == b["contestant"])


def _setting(attempt: Row) -> str:
    effort = attempt["effort"]
    parts = [attempt["setting"], f"{attempt['effort_name']} = {effort}" if effort else ""]
    return ", ".join(filter(None, parts))


def _total(row: Row, attempt: Row, best: float | None) -> str:
    if not attempt["total"]:
        return ""
    if attempt["total"] != best:
        return duration(attempt["total"])
    return f"**{duration(middle(row['seconds'][attempt['contestant']]))}**"


def _note(attempt: Row) -> str:
    own = attempt["own_recall"]
    if own:
        interval = f" ({own[1]:.4f} to {own[2]:.4f})" if len(own) == 3 else ""
        return f"says {own[0]:.4f}{interval}"
    return str(attempt["note"])
