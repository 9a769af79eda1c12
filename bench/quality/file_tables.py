"""The tables of the data files: noisy settings and test sets one by one."""

from __future__ import annotations

from bench.markdown import table

from .cases import (
    AVERAGE_PRECISION,
    AVERAGE_PRECISION_REVIEWED,
    COUNT_ERROR,
    DEFAULT_FILTER,
    F1,
    METRICS,
    ONE_SHOT,
    OURS,
    SUGGESTION,
    precision_of_first,
)
from .results import Results, Row, best_of_cleanlab, figure_of, groups_of, mean_of, sets_of
from .tables import bold_ours, number, with_interval


def settings_table(results: Results, section: str) -> str:
    """Noisy settings one by one."""
    best = {name: best_of_cleanlab(results, section, name) for name in METRICS}
    lines = []
    for row in sets_of(results, section):
        ours = {name: figure_of(row, name, OURS) for name in METRICS}
        theirs = {name: figure_of(row, name, best[name]) for name in METRICS}
        expected, spread = row["counted"][OURS], row["standard_errors"][OURS]
        lines.append(
            (
                row["name"],
                row["used"],
                f"{100 * row['errors'] / row['rows']:.1f} %",
                with_interval(ours[AVERAGE_PRECISION.name], AVERAGE_PRECISION.name),
                _plain(theirs, AVERAGE_PRECISION.name),
                number("", _value(row, AVERAGE_PRECISION.name, ONE_SHOT)),
                *_pair(ours, theirs, precision_of_first(1000).name),
                *_pair(ours, theirs, F1.name),
                *_pair(ours, theirs, SUGGESTION.name),
                str(row["errors"]),
                f"{expected:.0f} ± {spread:.0f}",
                *_pair(ours, theirs, COUNT_ERROR.name),
            )
        )
    header = (
        *("setting", "note", "errors", "average precision", "cleanlab", "first experiment"),
        *("first 1000", "cleanlab", "F1", "cleanlab", "suggestion", "cleanlab"),
        *("errors", "expected", "off by", "cleanlab"),
    )
    return table(header, lines)


def _plain(rows: dict[str, Row | None], metric: str) -> str:
    row = rows[metric]
    return number(metric, row["value"] if row else None)


def _pair(ours: dict[str, Row | None], theirs: dict[str, Row | None], metric: str) -> list[str]:
    return [_plain(ours, metric), _plain(theirs, metric)]


def _value(of_set: Row, metric: str, contestant: str) -> float | None:
    row = figure_of(of_set, metric, contestant)
    return row["value"] if row else None


def reviewed_table(results: Results, section: str) -> str:
    """Test sets one by one, everybody's lists."""
    metrics = (AVERAGE_PRECISION, AVERAGE_PRECISION_REVIEWED, precision_of_first(100))
    lines = []
    for row in sets_of(results, section):
        names = [f["contestant"] for f in row["figures"] if f["metric"] == AVERAGE_PRECISION.name]
        names.sort(key=lambda name: _value(row, AVERAGE_PRECISION.name, name) or 0.0, reverse=True)
        lines += [
            (
                row["name"],
                bold_ours(name),
                *(with_interval(figure_of(row, m.name, name), m.name) for m in metrics),
            )
            for name in names
        ]
    return table(("setting", "contestant", *(metric.name for metric in metrics)), lines)


def reviewed_counts(results: Results, section: str) -> str:
    """How many rows of the test sets everybody flags or expects."""
    lines = []
    for row in sets_of(results, section):
        counted = row["counted"]
        lines.append(
            (
                row["name"],
                str(row["errors"]),
                str(row["flagged"][OURS]),
                f"{counted[OURS]:.0f} ± {row['standard_errors'][OURS]:.0f}",
                str(row["flagged"][DEFAULT_FILTER]),
                f"{counted['cleanlab num_label_issues']:.0f}",
            )
        )
    header = (
        *("setting", "known errors", "flagged by cupel", "expected by cupel"),
        *("flagged by cleanlab's default", "num_label_issues"),
    )
    return table(header, lines)


def use_table(results: Results, section: str) -> str:
    """Means over the settings that chose the method, and over the others."""
    metrics = (AVERAGE_PRECISION, precision_of_first(1000), F1, SUGGESTION, COUNT_ERROR)
    lines = []
    for group in (group for group in groups_of(results, section) if group[0] == "use"):
        for title in (OURS, _BEST):
            cells = []
            for metric in metrics:
                name = title if title == OURS else best_of_cleanlab(results, section, metric.name)
                row = mean_of(results, section, metric.name, name, group)
                cells.append(with_interval(row, metric.name))
            lines.append((group[1], bold_ours(title), *cells))
    return table(("note", "contestant", *(metric.name for metric in metrics)), lines)


_BEST = "cleanlab's best"
