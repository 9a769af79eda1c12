"""Options of ``cupel audit``: for tables, for labels and probabilities, and for both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from cupel.cli.options import FILTERS, METRICS, SCORES, as_share, as_size

__all__ = ["DEFAULT_TOP", "LABEL_OPTIONS", "TABLE_OPTIONS", "SectionedCommand", "add_options"]

DEFAULT_TOP = 20
_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_TABLE: tuple[_Decorator, ...] = (
    click.option("--label", metavar="COLUMN", help="Column of the labels."),
    click.option(
        "--task",
        type=click.Choice(("auto", "classification", "regression", "multilabel")),
        default="auto",
        show_default=True,
        help="What the labels are: a class, a number, or several classes a row.",
    ),
    click.option(
        "--text", metavar="A,B,…", help="Columns that are texts; else found by their looks."
    ),
    click.option("--image-column", metavar="COLUMN", help="Column with names of image files."),
    click.option(
        "--embeddings", metavar="FILE.npy", help="Train on these instead: a row of numbers each."
    ),
    click.option(
        "--split-column",
        metavar="COLUMN",
        help="Column that says train or test, or the fold: find duplicates across.",
    ),
    click.option(
        "--report", metavar="FILE.html", help="The report.  [default: NAME-report.html beside it]"
    ),
    click.option("--quick", is_flag=True, help="Smaller models and fewer folds: a first look."),
    click.option(
        "--seed",
        metavar="N",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Of the folds: the same seed, the same answer.",
    ),
)

_LABELS: tuple[_Decorator, ...] = (
    click.option("--label-column", metavar="NAME", help="Column of LABELS, where it is a table."),
    click.option(
        "--prob-columns", metavar="A,B,…", help="Columns of PRED_PROBS; else all numeric."
    ),
    click.option("--classes", metavar="A,B,…|FILE", help="Class names in column order, or a file."),
    click.option("--features", metavar="FILE", help="Find outliers and duplicates by these too."),
    click.option(
        "--feature-columns", metavar="A,B,…", help="Columns of --features; else all numeric."
    ),
    click.option(
        "--metric", type=click.Choice(METRICS), help="Distance between rows of --features."
    ),
    click.option("--header/--no-header", default=None, help="First line of the .csv files: names?"),
    click.option(
        "--compat",
        is_flag=True,
        help="As cleanlab does by default: choice, order, suggestions and estimated errors.",
    ),
    click.option(
        "--filter-by",
        metavar="FILTER",
        type=click.Choice(FILTERS),
        help=f"How suspects are chosen: {', '.join(FILTERS)}."
        f"  [default: {FILTERS[0]}; with --compat {FILTERS[1]}]",
    ),
    click.option(
        "--rank-by",
        metavar="SCORE",
        type=click.Choice(SCORES),
        help=f"What the list is ordered by: {', '.join(SCORES)}."
        f"  [default: {SCORES[0]}; with --compat {SCORES[1]}]",
    ),
    click.option(
        "--min-examples",
        metavar="N",
        type=click.IntRange(min=0),
        default=1,
        show_default=True,
        help="For prune filters and both: list no rows of a class that would keep fewer.",
    ),
    click.option(
        "--frac-noise",
        metavar="SHARE",
        type=click.FloatRange(0, 1),
        default=1.0,
        show_default=True,
        help="For prune filters and both: share of the estimated errors to list.",
    ),
    click.option(
        "--collision",
        type=click.Choice(("argmax", "confident")),
        default="argmax",
        show_default=True,
        help="Rows confident in several classes: the likeliest of all, or of the confident ones.",
    ),
    click.option(
        "--nan",
        type=click.Choice(("raise", "drop")),
        default="raise",
        show_default=True,
        help="Rows with numbers that are missing or infinite: refuse, or leave out.",
    ),
    click.option(
        "--max-memory",
        metavar="SIZE",
        callback=as_size,
        help="Limit for unpacking an input, such as 8GB.",
    ),
)

_BOTH: tuple[_Decorator, ...] = (
    click.option("--id-column", metavar="NAME", help="Column whose ids are listed with the rows."),
    click.option(
        "--threads", metavar="N", type=click.IntRange(min=1), help="The result never depends on it."
    ),
    click.option(
        "--top",
        metavar="N",
        type=click.IntRange(min=0),
        help=f"Rows of each list to show.  [default: {DEFAULT_TOP}; all with --json]",
    ),
    click.option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the whole list to a .csv, .jsonl or .parquet file; of a table, every row"
        "  [default: NAME-audit.csv beside it].",
    ),
    click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document instead of tables."
    ),
    click.option(
        "--fail-over",
        metavar="SHARE",
        callback=as_share,
        help="Exit with code 1 if more than this share is suspect.",
    ),
    click.option("--quiet", "-q", is_flag=True, help="No notes and no progress on stderr."),
)


def _names(decorators: tuple[_Decorator, ...]) -> tuple[str, ...]:
    """Names of the parameters that the decorators add."""

    def bare() -> None: ...

    for decorator in reversed(decorators):
        decorator(bare)
    return tuple(str(option.name) for option in bare.__click_params__[::-1])  # type: ignore[attr-defined]


TABLE_OPTIONS = _names(_TABLE)
LABEL_OPTIONS = _names(_LABELS)
_SECTIONS = {
    "Of a table or a folder": TABLE_OPTIONS,
    "Of labels and probabilities": LABEL_OPTIONS,
    "Of both": (*_names(_BOTH), "help"),
}


def add_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add all options of ``cupel audit``."""
    for decorator in reversed((*_TABLE, *_LABELS, *_BOTH)):
        command = decorator(command)
    return command


class SectionedCommand(click.Command):
    """A command whose help lists options in sections."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those of each section under its title."""
        options = {option.name: option for option in self.get_params(ctx)}
        for title, names in _SECTIONS.items():
            records = [options[name].get_help_record(ctx) for name in names if name in options]
            with formatter.section(title):
                formatter.write_dl([record for record in records if record is not None])
