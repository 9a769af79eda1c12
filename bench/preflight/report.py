"""The tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from bench.markdown import duration

Row = dict[str, Any]
_MOST_MISSES = 3


def full_report(results: Row) -> str:
    """All tables, in Markdown."""
    parts = [
        _heading(results),
        _goals(results),
        _fault_table(results["faults"]),
        _clean_tables(results["clean"]),
        _in_sample_table(results["in-sample"]),
        _cost_table(results["cost"]),
    ]
    return "\n\n".join(part for part in parts if part)


def _heading(results: Row) -> str:
    machine = results["machine"]
    absent = results["absent"]
    without = f" Absent: {', '.join(absent)}." if absent else ""
    return (
        f"Measured with scikit-learn {machine['scikit-learn']} in {results['seconds']:.0f} s."
        f"{without}"
    )


def _goals(results: Row) -> str:
    judged = [r for r in results["faults"] if r["is_judged"]]
    overfit = [r for r in results["in-sample"] if r["is_judged"]]
    clean = results["clean"]
    lines = [
        ("faults found where they can be seen", *_found(judged), "all"),
        ("in-sample probabilities found, agreement >= 99.5 %", *_found(overfit), "all"),
        (
            "false alarms on honest inputs",
            *_counted(sum(bool(r["warnings"]) for r in clean), len(clean)),
            "<= 5 %",
        ),
    ]
    return _table(("what", "count", "share", "goal"), lines)


def _found(rows: list[Row]) -> tuple[str, str]:
    return _counted(sum(r["is_found"] for r in rows), len(rows))


def _counted(count: int, total: int) -> tuple[str, str]:
    share = f"{100 * count / total:.1f} %" if total else "-"
    return f"{count:,} of {total:,}", share


def _fault_table(rows: list[Row]) -> str:
    lines = []
    for fault, group in _grouped(rows, lambda r: r["fault"]).items():
        judged = [r for r in group if r["is_judged"]]
        missed = [r for r in judged if not r["is_found"]]
        sets = {r["source"] for r in judged}
        bad = {r["source"] for r in missed}
        lines.append(
            (
                fault,
                f"{len(sets - bad)} of {len(sets)}",
                _found(judged)[0],
                _found(group)[0],
                _misses(missed),
            )
        )
    header = ("fault", "data sets without a miss", "found", "also where hardly seen", "missed")
    return "### Faults\n\n" + _table(header, lines) if lines else ""


def _misses(rows: list[Row]) -> str:
    texts = [f"{r['source']} ({r['model']}, noise {r['noise']:g})" for r in rows]
    more = f", {len(texts) - _MOST_MISSES} more" if len(texts) > _MOST_MISSES else ""
    return ", ".join(texts[:_MOST_MISSES]) + more


def _clean_tables(rows: list[Row]) -> str:
    if not rows:
        return ""
    tables = [
        _alarms("data set", rows, lambda r: r["source"]),
        _alarms("model", rows, lambda r: r["model"]),
        _alarms("rows", rows, lambda r: "sorted" if "sorted" in r["variant"] else "random order"),
        _alarms("features", rows, lambda r: "with" if r["features"] else "without"),
    ]
    return "### False alarms\n\n" + "\n\n".join(tables)


def _alarms(what: str, rows: list[Row], key: Callable[[Row], str]) -> str:
    lines = []
    for name, group in _grouped(rows, key).items():
        alarms = [r for r in group if r["warnings"]]
        kinds = Counter(w for r in alarms for w in r["warnings"])
        texts = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
        lines.append((name, *_counted(len(alarms), len(group)), texts))
    return _table((what, "false alarms", "share", "which"), lines)


def _in_sample_table(rows: list[Row]) -> str:
    lines = []
    for model, group in _grouped(rows, lambda r: r["model"]).items():
        cells = [model]
        for features in (False, True):
            some = [r for r in group if r["features"] is features]
            cells += [
                _found([r for r in some if r["is_judged"]])[0],
                _found([r for r in some if not r["is_judged"]])[0],
            ]
        agreement = [r["agreement"] for r in group]
        lines.append((*cells, f"{min(agreement):.2f} to {max(agreement):.2f}"))
    header = (
        "model",
        "overfitted",
        "other",
        "overfitted, features",
        "other, features",
        "agreement",
    )
    return "### In-sample\n\n" + _table(header, lines) if lines else ""


def _cost_table(rows: list[Row]) -> str:
    lines = [
        (
            f"{r['rows']:,} x {r['classes']}",
            duration(r["preflight"]),
            duration(r["label"]),
            f"{100 * r['preflight'] / r['label']:.0f} %",
        )
        for r in rows
    ]
    header = ("rows x classes", "preflight", "label check", "share")
    return "### Cost\n\n" + _table(header, lines) if lines else ""


def _grouped(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, list[Row]]:
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return dict(groups)


def _table(header: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    header = list(header)
    rule = ["---"] * len(header)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *lines))
