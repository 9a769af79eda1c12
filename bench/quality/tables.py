"""The tables of the report."""

from __future__ import annotations

from collections.abc import Iterable

from bench.markdown import duration, table
from bench.markdown import figure as digits

from .cases import (
    AVERAGE_PRECISION,
    COUNT_ERROR,
    COUNTED,
    DEFAULT_FILTER,
    F1,
    FLAGGED,
    ONE_SHOT,
    OTHER_ARGMAX,
    OURS,
    SUGGESTION,
    Metric,
)
from .cost import DEFAULT, LABEL_POSTERIORS, PEER, POSTERIOR, time_of
from .results import (
    ALL,
    Results,
    Row,
    best_of_cleanlab,
    cost_ratio,
    gains_of,
    groups_of,
    mean_of,
    means_of,
    size_name,
)
from .summary import BEST

PERCENT = (COUNT_ERROR.name, FLAGGED.name, COUNTED.name)


def number(metric: str, value: float | None) -> str:
    """A figure of a metric: a share of one with three digits, or per cent."""
    if value is None:
        return ""
    return f"{100 * value:.1f} %" if metric in PERCENT else f"{value:.3f}"


def bold_ours(contestant: str) -> str:
    """A contestant's name."""
    return f"**{contestant}**" if contestant == OURS else contestant


def with_interval(row: Row | None, metric: str) -> str:
    """A figure and its interval."""
    if row is None:
        return ""
    if row["low"] is None:
        return number(metric, row["value"])
    low, high = (number(metric, row[end]) for end in ("low", "high"))
    return f"{number(metric, row['value'])} ({low} to {high})"


def contestant_table(results: Results, section: str, metrics: Iterable[Metric]) -> str:
    """Everybody's means over a section, the best in the first metric first."""
    metrics = [metric for metric in metrics if means_of(results, section, metric.name)]
    if not metrics:
        return ""
    names = dict.fromkeys(
        row["contestant"] for metric in metrics for row in means_of(results, section, metric.name)
    )
    lines = [
        (
            bold_ours(name),
            *(
                with_interval(mean_of(results, section, metric.name, name), metric.name)
                for metric in metrics
            ),
        )
        for name in names
    ]
    return table(("contestant", *(metric.name for metric in metrics)), lines)


def groups_table(results: Results, section: str) -> str:
    """Means by data, by noise and by model: ours, cleanlab's best, and a baseline."""
    columns = [
        (metric.name, contestant)
        for metric, baseline in (
            (AVERAGE_PRECISION, ONE_SHOT),
            (F1, ONE_SHOT),
            (SUGGESTION, OTHER_ARGMAX),
            (COUNT_ERROR, ONE_SHOT),
        )
        for contestant in (OURS, best_of_cleanlab(results, section, metric.name), baseline)
    ]
    lines = [
        (_group(group), str(n), *(_mean(results, section, m, c, group) for m, c in columns))
        for group, n in groups_of(results, section).items()
        if group[0] != "use"
    ]
    others = ("cleanlab", ONE_SHOT)
    header = (
        *("setting", "sets", "average precision", *others, "F1", *others),
        *("suggestion", "cleanlab", OTHER_ARGMAX, "count off by", *others),
    )
    return table(header, lines)


def _group(group: tuple[str, str]) -> str:
    return "all" if group == ALL else f"{group[0]}: {group[1]}"


def _mean(
    results: Results, section: str, metric: str, contestant: str, group: tuple[str, str]
) -> str:
    row = mean_of(results, section, metric, contestant, group)
    return number(metric, row["value"] if row else None)


def clean_table(results: Results, section: str) -> str:
    """Share of clean labels that are flagged or counted."""
    columns = (
        (FLAGGED.name, OURS),
        (FLAGGED.name, DEFAULT_FILTER),
        (FLAGGED.name, "cleanlab both"),
        (FLAGGED.name, ONE_SHOT),
        (COUNTED.name, OURS),
        (COUNTED.name, "cleanlab num_label_issues"),
    )
    lines = [
        (_group(group), str(n), *(_mean(results, section, m, c, group) for m, c in columns))
        for group, n in groups_of(results, section).items()
    ]
    header = (
        *("setting", "sets", "flagged by cupel", "by cleanlab's default", "by cleanlab's both"),
        *("by the first experiment", "expected by cupel", "num_label_issues"),
    )
    return table(header, lines)


def gains_table(results: Results, section: str) -> str:
    """How far ahead, with the interval of the difference, and in how many sets."""
    lines = []
    for row in gains_of(results, section):
        duel = row["duel"]
        lines.append(
            (
                row["metric"],
                row["contestant"],
                with_interval(row, row["metric"]),
                f"{duel['ahead']} : {duel['behind']}",
                f"{duel['clearly_ahead']} : {duel['clearly_behind']}",
            )
        )
    header = ("metric", "against", "ahead by", "sets ahead : behind", "clearly")
    return table(header, lines)


def behind_table(results: Results, sections: Iterable[str], most: int = 6) -> str:
    """Sets in which it is furthest behind cleanlab's best."""
    lines = [
        (
            row["metric"],
            behind["set"],
            number(row["metric"], behind["ours"]),
            row["contestant"],
            with_interval(behind, row["metric"]),
        )
        for section in sections
        for row in gains_of(results, section)
        if row["against"] == BEST
        for behind in row["duel"]["most_behind"][:most]
    ]
    return table(("metric", "setting", "cupel", "against", "ahead by"), lines) if lines else ""


def cost_table(results: Results) -> str:
    """Times and ratios of every size."""
    lines = [
        (
            size_name(row),
            row["source"],
            *(
                duration(time_of(row, name))
                for name in (POSTERIOR, LABEL_POSTERIORS, DEFAULT, PEER)
            ),
            *(f"{digits(cost_ratio(row, name))}x" for name in (DEFAULT, PEER)),
        )
        for row in results["cost"]
    ]
    header = (
        *("input", "note", POSTERIOR, "get_label_posteriors", DEFAULT, PEER),
        *("over cupel's default", "over cleanlab's"),
    )
    return table(header, lines)
