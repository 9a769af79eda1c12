"""Results as Markdown: for the terminal, the README and the documentation."""

from __future__ import annotations

from bench.markdown import goal_table, table

from .cases import (
    AVERAGE_PRECISION,
    CHOSEN,
    CLEAN,
    COUNT_ERROR,
    F1,
    FLAGGED,
    FULL,
    LENGTHS,
    LOOKED,
    NEW,
    NOISY,
    OURS,
    REVIEWED,
    SMALL_LOOKED,
    SMALL_NEW,
    SUGGESTION,
    precision_of_first,
)
from .file_tables import reviewed_counts, reviewed_table, settings_table, use_table
from .results import Results, best_of_cleanlab, goals, mean_of, sets_of
from .tables import (
    behind_table,
    clean_table,
    contestant_table,
    cost_table,
    gains_table,
    groups_table,
    number,
)

LISTS = (AVERAGE_PRECISION, *(precision_of_first(n) for n in reversed(LENGTHS)))
FLAGS = (F1, FLAGGED)
_METRICS_OF_TRUTH = (AVERAGE_PRECISION, F1, SUGGESTION, COUNT_ERROR)

_HOW_TO_READ = (
    "In parentheses: the middle 95 % of {n} bootstrap resamples of the rows, with every method's "
    "answers kept as they are. Means are over the sets with equal weight; the error of a count is "
    "signed for one set and absolute in a mean. *cleanlab* in a column is the one contestant of "
    "cleanlab's that is best in hindsight, by the mean over the section. Ties share a place."
)
_BEST_NOTE = "Best of cleanlab's here: {names}."
_REVIEWED_NOTE = (
    "Errors are suspects that at least three of five human votes are against. Only suspects of "
    "confident learning were reviewed; rows that were not count as right, which is not always so."
)
_CLEAN_NOTE = "No noise was injected. Errors that the data may have by themselves count as none."
_BEHIND_NOTE = (
    "The sets where the noise posterior is furthest behind the best of cleanlab's of the section."
)
_COST_NOTE = (
    "Every call gives a ranked list of its flagged rows, except `get_label_posteriors`. Of "
    "cleanlab's `n_jobs=1` and its default the faster counts. Medians; the contestants took turns."
)


def full_report(results: Results) -> str:
    """Everything that was run."""
    parts = [
        machine_line(results),
        *_section("Which data the method was chosen on", usage(results)),
        *_section("Goals", goal_table(goals(results)) if goals(results) else ""),
        *_noisy(results),
        *_reviewed(results),
        *_small(results, SMALL_LOOKED),
        *_small(results, SMALL_NEW),
        *(_clean(results) if sets_of(results, CLEAN) else ()),
        *_section(
            "Where it falls behind",
            behind_table(results, (NOISY, REVIEWED, SMALL_LOOKED, SMALL_NEW)),
            _BEHIND_NOTE,
        ),
        *(_section("Cost", cost_table(results), _COST_NOTE) if results["cost"] else ()),
    ]
    return "\n\n".join(parts)


def summary(results: Results) -> str:
    """One row per figure, for the README."""
    lines = []
    for section in (NOISY, SMALL_NEW):
        for metric in (AVERAGE_PRECISION, precision_of_first(1000), F1, SUGGESTION, COUNT_ERROR):
            ours = mean_of(results, section, metric.name, OURS)
            best = best_of_cleanlab(results, section, metric.name)
            theirs = mean_of(results, section, metric.name, best)
            if ours and theirs:
                lines.append(
                    (
                        f"{metric.name}, {section}",
                        f"**{number(metric.name, ours['value'])}**",
                        number(metric.name, theirs["value"]),
                        best,
                        str(ours["sets"]),
                    )
                )
    header = ("figure", "cupel", "cleanlab's best", "contestant", "sets")
    return "\n\n".join([table(header, lines), machine_line(results)])


def machine_line(results: Results) -> str:
    """Where and when, with which versions, and what was not there."""
    m = results["machine"]
    plan = "" if results["plan"] == "full" else f" Plan: {results['plan']}."
    plan += "" if results["draw"] == FULL.draw else f" Draw: {results['draw']}."
    absent = results["absent"]
    missing = f" Not in the data folder: {', '.join(absent)}." if absent else ""
    return (
        f"{m['cpu']}, {m['cpus']} CPUs; cupel {m['cupel']} ({m['isa']}), cleanlab "
        f"{m['cleanlab']}, NumPy {m['numpy']}, scikit-learn {m['scikit-learn']}, Python "
        f"{m['python']}; {m['date']}; {results['seconds']:.0f} s.{plan}{missing}"
    )


def usage(results: Results) -> str:
    """What was known of which data when the method was settled on."""
    meaning = {
        CHOSEN: "Variants were compared on these, and the one to keep was picked by them.",
        LOOKED: "Seen along the way, as a check; not independent of the choice.",
        NEW: "Other data, seeds, shapes of noise or models. Figures of other draws of them were seen, "
        "which led to the second way of measuring probabilities; of this draw, none.",
    }
    lines = []
    for used, text in meaning.items():
        rows = [row for row in results["sets"] if row["used"] == used]
        files = [row["name"] for row in rows if row["section"] in (NOISY, REVIEWED)]
        data = dict.fromkeys(row["traits"].get("data", "") for row in rows)
        models = dict.fromkeys(row["traits"].get("model", "") for row in rows)
        noise = dict.fromkeys(row["traits"].get("noise", "") for row in rows)
        small = [row for row in rows if row["section"] not in (NOISY, REVIEWED)]
        parts = [", ".join(files)] if files else []
        if small:
            parts.append(
                f"{len(small)} small sets: {_names(data)}; noise: none, {_names(noise)}; "
                f"models: {_names(models)}"
            )
        if parts:
            lines.append((used, "; ".join(parts), text))
    return table(("note", "setting", "where"), lines) if lines else ""


def _names(found: dict[str, None]) -> str:
    return ", ".join(filter(None, found))


def _section(title: str, body: str, note: str = "") -> list[str]:
    return [f"### {title}", *([note] if note else []), body] if body else []


def _best_note(results: Results, section: str) -> str:
    best = {
        metric.name: best_of_cleanlab(results, section, metric.name)
        for metric in (AVERAGE_PRECISION, precision_of_first(1000), *_METRICS_OF_TRUTH[1:])
    }
    names = ", ".join(
        f"{name.removeprefix('cleanlab ')} ({metric})" for metric, name in best.items() if name
    )
    return _BEST_NOTE.format(names=names)


def _noisy(results: Results) -> list[str]:
    if not sets_of(results, NOISY):
        return []
    return [
        *_section(
            "Noisy CIFAR-10: lists",
            contestant_table(results, NOISY, LISTS),
            _HOW_TO_READ.format(n=results["resamples"]),
        ),
        *_section("Noisy CIFAR-10: flagged sets", contestant_table(results, NOISY, FLAGS)),
        *_section("Noisy CIFAR-10: suggestions", contestant_table(results, NOISY, (SUGGESTION,))),
        *_section(
            "Noisy CIFAR-10: number of errors", contestant_table(results, NOISY, (COUNT_ERROR,))
        ),
        *_section(
            "Noisy CIFAR-10: by setting",
            settings_table(results, NOISY),
            _best_note(results, NOISY),
        ),
        *_section("Noisy CIFAR-10: by what was known of the setting", use_table(results, NOISY)),
        *_section("Noisy CIFAR-10: how far ahead", gains_table(results, NOISY)),
    ]


def _reviewed(results: Results) -> list[str]:
    if not sets_of(results, REVIEWED):
        return []
    return [
        *_section("Test sets with human votes", reviewed_table(results, REVIEWED), _REVIEWED_NOTE),
        reviewed_counts(results, REVIEWED),
        gains_table(results, REVIEWED),
    ]


def _small(results: Results, section: str) -> list[str]:
    if not sets_of(results, section):
        return []
    title = section[0].upper() + section[1:]
    return [
        *_section(title, groups_table(results, section), _best_note(results, section)),
        gains_table(results, section),
        contestant_table(results, section, _METRICS_OF_TRUTH),
    ]


def _clean(results: Results) -> list[str]:
    return [
        *_section("Clean data", clean_table(results, CLEAN), _CLEAN_NOTE),
        gains_table(results, CLEAN),
    ]
