"""Means over groups of data sets, and how far ahead of others the noise posterior is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .cases import (
    CLEAN,
    CLEANLAB,
    COUNTED,
    DEFAULT_FILTER,
    FLAGGED,
    METRICS,
    ONE_SHOT,
    OTHER_ARGMAX,
    OURS,
    Floats,
    LabelledSet,
)
from .evaluate import Figure
from .methods import Answers
from .metrics import interval

Row = dict[str, Any]
Group = tuple[str, str, str]
Values = dict[tuple[str, str], Floats]

BEST = "best of cleanlab's"
# A result is written with so many digits after the point.
DIGITS = 5
MOST_BEHIND = 12
# Where there are errors, how many are flagged is neither good nor bad.
_SHARES = (FLAGGED.name, COUNTED.name)


class Evaluated(NamedTuple):
    """The description of a data set, its groups, and its figures by metric and contestant."""

    about: Row
    groups: list[Group]
    values: Values

    @classmethod
    def of(cls, labelled: LabelledSet, answers: Answers, figures: Iterable[Figure]) -> Evaluated:
        """Sort the figures in; the data and the answers themselves are not kept."""
        about = {
            "name": labelled.name,
            "section": labelled.section,
            "used": labelled.used,
            "rows": len(labelled.labels),
            "classes": labelled.probs.shape[1],
            "errors": int(labelled.errors.sum()),
            "traits": labelled.traits,
            "flagged": {name: int(rows.sum()) for name, rows in answers.flagged.items()},
            "counted": {name: float(parts.sum()) for name, parts in answers.counted.items()},
            "standard_errors": answers.standard_errors,
        }
        return cls(about, labelled.groups, {(f.metric, f.contestant): f.values for f in figures})


def set_rows(evaluated: Iterable[Evaluated]) -> list[Row]:
    """Describe every data set, with all its figures."""
    return [
        {
            **each.about,
            "figures": [
                {"metric": metric, "contestant": contestant, **_rounded(values)}
                for (metric, contestant), values in each.values.items()
            ],
        }
        for each in evaluated
    ]


def by_group(evaluated: Iterable[Evaluated]) -> dict[Group, list[Evaluated]]:
    """Data sets by the groups that they are in."""
    found: dict[Group, list[Evaluated]] = {}
    for each in evaluated:
        for group in each.groups:
            found.setdefault(group, []).append(each)
    return found


def group_values(members: list[Evaluated]) -> Values:
    """Mean over the sets of a group, resample by resample, of what all of them have.

    Counts can be wrong in both directions, so the mean is of the absolute errors. Resamples of a
    small set in which a figure is undefined (no error was drawn) are left out of that mean.
    """
    common = set.intersection(*(set(each.values) for each in members))
    means: Values = {}
    for key in (key for key in members[0].values if key in common):
        stacked = np.stack([each.values[key] for each in members])
        values = np.abs(stacked) if METRICS[key[0]].signed else stacked
        defined = np.isfinite(values)
        total = np.where(defined, values, 0.0).sum(axis=0)
        count = defined.sum(axis=0)
        means[key] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return means


def mean_rows(groups: dict[Group, Values], sizes: dict[Group, int]) -> list[Row]:
    """All means."""
    return [
        {
            **_group(group, sizes[group]),
            "metric": metric,
            "contestant": contestant,
            **_rounded(values),
        }
        for group, means in groups.items()
        for (metric, contestant), values in means.items()
    ]


def gain_rows(groups: dict[Group, Values], sizes: dict[Group, int]) -> list[Row]:
    """How far ahead of others; of cleanlab's best, chosen in hindsight by the group's mean."""
    return [
        {
            **_group(group, sizes[group]),
            "metric": metric,
            "against": against,
            "contestant": contestant,
            **_rounded(_gain(metric, means[metric, OURS], means[metric, contestant])),
        }
        for group, means in groups.items()
        for metric, against, contestant in _opponents(means, clean=group[0] == CLEAN)
    ]


def _opponents(means: Values, *, clean: bool) -> Iterator[tuple[str, str, str]]:
    """On clean data flagging nothing is best, so that cleanlab's default is what counts."""
    if clean:
        yield FLAGGED.name, DEFAULT_FILTER, DEFAULT_FILTER
        return
    for metric in METRICS:
        best = best_of_cleanlab(means, metric)
        if metric in _SHARES or (metric, OURS) not in means or best is None:
            continue
        yield metric, BEST, best
        for other in (ONE_SHOT, OTHER_ARGMAX):
            if (metric, other) in means:
                yield metric, other, other


def best_of_cleanlab(means: Values, metric: str) -> str | None:
    """Return cleanlab's contestant with the best mean."""
    sign = 1 if METRICS[metric].more_is_better else -1
    found = {c: sign * v[0] for (m, c), v in means.items() if m == metric and _is_cleanlab(c)}
    return max(found, key=lambda name: found[name], default=None)


def _is_cleanlab(contestant: str) -> bool:
    return contestant.startswith(f"{CLEANLAB} ")


def _gain(metric: str, ours: Floats, theirs: Floats) -> Floats:
    return ours - theirs if METRICS[metric].more_is_better else theirs - ours


def duel_rows(section: str, members: list[Evaluated], gains: list[Row]) -> list[Row]:
    """In how many sets of a section it is ahead of or behind each opponent, and where most."""
    of_section = [row for row in gains if row["section"] == section and row["by"] == "all"]
    return [_duel(section, row, members) for row in of_section]


def _duel(section: str, opponent: Row, members: list[Evaluated]) -> Row:
    metric = opponent["metric"]
    found = []
    for about, _, values in members:
        ours, theirs = values.get((metric, OURS)), values.get((metric, opponent["contestant"]))
        if ours is None or theirs is None or not np.isfinite(ours[0] + theirs[0]):
            continue
        if METRICS[metric].signed:
            ours, theirs = np.abs(ours), np.abs(theirs)
        row = {"set": about["name"], "ours": round(float(ours[0]), DIGITS)}
        found.append({**row, **_rounded(_gain(metric, ours, theirs))})
    found.sort(key=lambda row: row["value"])
    return {
        "section": section,
        "metric": metric,
        "against": opponent["against"],
        "contestant": opponent["contestant"],
        "sets": len(found),
        "ahead": sum(row["value"] > 0 for row in found),
        "behind": sum(row["value"] < 0 for row in found),
        "clearly_ahead": sum((row["low"] or 0) > 0 for row in found),
        "clearly_behind": sum((row["high"] or 0) < 0 for row in found),
        "most_behind": [row for row in found if row["value"] < 0][:MOST_BEHIND],
    }


def summarise(evaluated: list[Evaluated]) -> Row:
    """Everything that the report needs."""
    members = by_group(evaluated)
    groups = {group: group_values(of_group) for group, of_group in members.items()}
    sizes = {group: len(of_group) for group, of_group in members.items()}
    gains = gain_rows(groups, sizes)
    sections = {section: all_ for (section, by, _), all_ in members.items() if by == "all"}
    return {
        "sets": set_rows(evaluated),
        "means": mean_rows(groups, sizes),
        "gains": gains,
        "duels": [
            row for section, all_ in sections.items() for row in duel_rows(section, all_, gains)
        ],
    }


def _group(group: Group, sets: int) -> Row:
    section, by, name = group
    return {"section": section, "by": by, "name": name, "sets": sets}


def _rounded(values: Floats) -> dict[str, float | None]:
    """Value and interval for the results file, None where undefined."""
    return {
        key: round(number, DIGITS) if np.isfinite(number) else None
        for key, number in interval(values)._asdict().items()
    }
