"""The commands ``cupel outliers`` and ``cupel duplicates``."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cupel.cli.errors import CliError, printable
from cupel.cli.options import DUPLICATE_THRESHOLD, METRICS, OUTLIER_THRESHOLD, as_share, as_size
from cupel.cli.reporting import fail_if_over, reporting, version, warnings_as_notes
from cupel.cli.streams import note, progress, standard_output, status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cupel.cli.features import Features
    from cupel.cli.neighbors import Search

__all__ = ["duplicates", "find_neighbors", "outliers", "watched"]

_DEFAULT_TOP = 20

_EXIT_CODES = """
\b
Exit codes: 0 done, 1 more rows than --fail-over allows, 2 bad usage or unusable input,
130 interrupted.
"""

_OUTLIERS_EPILOG = f"""
\b
Examples:
  cupel outliers embeddings.npy
  cupel outliers data.csv --id-column image --output outliers.csv
  cupel outliers run.npz:embeddings -k 20 --metric euclidean --top 50
  cupel outliers embeddings.npy --all --output every-row-ranked.parquet
{_EXIT_CODES}"""

_DUPLICATES_EPILOG = f"""
\b
Examples:
  cupel duplicates embeddings.npy
  cupel duplicates images.npy --threshold 0.3
  cupel duplicates data.csv --id-column image --output duplicates.csv
  cupel duplicates data.npy --metric euclidean --radius 0 --fail-over 0   # identical rows
{_EXIT_CODES}"""


def _reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is compared, and how."""
    options = (
        click.option("--feature-columns", metavar="A,B,…", help="Columns; else all numeric."),
        click.option("--id-column", metavar="NAME", help="Column whose ids are listed."),
        click.option(
            "--header/--no-header", default=None, help="First line of a .csv file: names?"
        ),
        click.option(
            "--k",
            "-k",
            metavar="N",
            type=click.IntRange(min=1),
            help="Neighbours of each row.  [default: 10, or as many as there are]",
        ),
        click.option(
            "--metric",
            type=click.Choice(METRICS),
            help="[default: cosine for more than 3 columns]",
        ),
        click.option(
            "--method",
            type=click.Choice(("auto", "exact", "approximate")),
            default="auto",
            show_default=True,
            help="auto: exact unless that would take very long.",
        ),
        click.option(
            "--seed",
            metavar="N",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="For the approximate method.",
        ),
        click.option(
            "--nan",
            type=click.Choice(("raise", "drop")),
            default="raise",
            show_default=True,
            help="Rows with numbers that are missing or infinite: refuse, or leave out.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _reaching(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options about the machine and the results, as ``cupel audit`` has them."""
    options = (
        click.option(
            "--threads",
            metavar="N",
            type=click.IntRange(min=1),
            help="The result never depends on it.",
        ),
        click.option(
            "--max-memory",
            metavar="SIZE",
            callback=as_size,
            help="Limit for unpacking the input, such as 8GB.",
        ),
        click.option(
            "--top",
            metavar="N",
            type=click.IntRange(min=0),
            help=f"How much of the list to show.  [default: {_DEFAULT_TOP}; all with --json]",
        ),
        click.option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the whole list to a .csv, .jsonl or .parquet file.",
        ),
        click.option(
            "--json", "as_json", is_flag=True, help="Print one JSON document instead of tables."
        ),
        click.option(
            "--fail-over",
            metavar="SHARE",
            callback=as_share,
            help="Exit with code 1 if more than this share of the rows is found.",
        ),
        click.option("--quiet", "-q", is_flag=True, help="No notes and no progress on stderr."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(epilog=_OUTLIERS_EPILOG)
@click.argument("features")
@_reading
@click.option(
    "--threshold",
    metavar="T",
    type=click.FloatRange(0, 1, min_open=True),
    default=OUTLIER_THRESHOLD,
    show_default=True,
    help="Larger finds more: the mean distance may exceed the third quartile by 1/T - 1 "
    "interquartile ranges.",
)
@click.option("--all", "everything", is_flag=True, help="List all rows, not only the outliers.")
@_reaching
@reporting
def outliers(features: str, threshold: float, everything: bool, **options: Any) -> None:
    """List the rows that are far from all others, the farthest first.

    FEATURES holds one row of numbers per example, such as embeddings: a .npy, .npz (FILE.npz:NAME
    picks an array), .csv, .tsv or .parquet file. Images and other arrays with more axes are
    compared number by number. Numbers are compared as they are: bring columns of different units
    to one scale first.

    Rows are counted from 0, without the header. An outlier's mean distance to its K nearest rows
    is far above that of most rows. Scores are between 0 (far from all) and 1.
    """
    from cupel.cli.neighbor_output import outliers_summary, outliers_table, search_summary
    from cupel.cli.neighbor_render import outliers_view
    from cupel.cli.neighbors import rank_outliers

    found = _searched(features, options)
    result = rank_outliers(found, threshold=threshold, everything=everything)
    ids, limit = found.features.ids, options["top"]
    table = outliers_table(result, ids)
    _write(table, options)
    with standard_output():
        if options["as_json"]:
            from cupel.cli.output import json_rows, json_text

            document = _about(features, options, threshold=threshold)
            document["summary"] = search_summary(found) | outliers_summary(result)
            for text in json_text(document, {"outliers": json_rows(table.slice(0, limit))}):
                click.echo(text, nl=False)
        else:
            _show(lambda width, top: outliers_view(result, width=width, top=top, ids=ids), limit)
    _tell_written(f"{table.num_rows:,} rows", options)
    fail_if_over(options["fail_over"], result.share, "are outliers")


@click.command(epilog=_DUPLICATES_EPILOG)
@click.argument("features")
@_reading
@click.option(
    "--threshold",
    metavar="T",
    type=click.FloatRange(min=0, min_open=True),
    default=DUPLICATE_THRESHOLD,
    show_default=True,
    help="Radius, as a share of the median distance to the nearest row.",
)
@click.option(
    "--radius",
    metavar="D",
    type=click.FloatRange(min=0),
    help="Distance up to which rows are duplicates, instead of --threshold.",
)
@_reaching
@reporting
def duplicates(features: str, threshold: float, radius: float | None, **options: Any) -> None:
    """List groups of rows that are the same or nearly so, the surest first.

    FEATURES holds one row of numbers per example, such as embeddings: a .npy, .npz (FILE.npz:NAME
    picks an array), .csv, .tsv or .parquet file. Images and other arrays with more axes are
    compared number by number. Numbers are compared as they are: bring columns of different units
    to one scale first.

    Rows are counted from 0, without the header. Rows within the radius of each other are in one
    group, and so are the rows that such rows connect. A row is exact if another one has the same
    numbers, else near. The distance of a group is the largest of any of its rows to its nearest.
    """
    from cupel.cli.neighbor_output import (
        duplicates_summary,
        duplicates_table,
        group_documents,
        search_summary,
    )
    from cupel.cli.neighbor_render import duplicates_view
    from cupel.cli.neighbors import group_duplicates

    found = _searched(features, options)
    with watched("grouping rows", found.features, quiet=options["quiet"]) as tell:
        result = group_duplicates(
            found, threshold=threshold, radius=radius, progress=tell, n_jobs=options["threads"]
        )
    ids, limit = found.features.ids, options["top"]
    table = duplicates_table(result, ids)
    _write(table, options)
    with standard_output():
        if options["as_json"]:
            from cupel.cli.output import json_text

            document = _about(features, options, threshold=result.threshold, radius=radius)
            document["summary"] = search_summary(found) | duplicates_summary(result)
            groups = group_documents(result, table, limit)
            for text in json_text(document, {"groups": groups}):
                click.echo(text, nl=False)
        else:
            _show(lambda width, top: duplicates_view(result, width=width, top=top, ids=ids), limit)
    _tell_written(f"{table.num_rows:,} rows in {len(result.groups):,} groups", options)
    fail_if_over(options["fail_over"], result.share, "are duplicates")


def _searched(source: str, options: dict[str, Any]) -> Search:
    """Read the features and find the neighbours of every row."""
    from cupel.cli.features import read_features
    from cupel.cli.files import split_spec
    from cupel.cli.output import check_output
    from cupel.cli.tables import ReadOptions

    if options["output"] is not None:
        check_output(Path(options["output"]), [split_spec(source)[0]])
    names = ("feature_columns", "id_column", "header", "max_memory")
    reading = ReadOptions(**{name: options[name] for name in names})
    with status("reading …", quiet=options["quiet"]):
        features = read_features(source, reading, nan=options["nan"])
    note(features.notes, quiet=options["quiet"])
    parameters = {name: options[name] for name in ("k", "metric", "method", "seed")}
    return find_neighbors(features, parameters, options["threads"], quiet=options["quiet"])


def find_neighbors(
    features: Features, parameters: dict[str, Any], threads: int | None, *, quiet: bool
) -> Search:
    """Search the neighbours of every row, watched."""
    from cupel.cli.neighbors import search

    with watched("comparing rows", features, quiet=quiet) as tell:
        return search(features, progress=tell, n_jobs=threads, **parameters)


@contextlib.contextmanager
def watched(
    what: str, features: Features, *, quiet: bool
) -> Iterator[Callable[[float], None] | None]:
    """Show the progress of a search; tell what the library refuses with the file's name."""
    try:
        with warnings_as_notes(quiet=quiet), progress(what, quiet=quiet) as tell:
            yield tell
    except (TypeError, ValueError) as error:
        text = str(error).replace("leave the row out", "leave the row out with --nan drop")
        msg = f"{text}\n  features: {printable(features.source)}"
        if features.columns is not None:
            used = printable(", ".join(features.columns), 100)
            msg += f", columns {used} (choose with --feature-columns)"
        raise CliError(msg) from error


def _about(source: str, options: dict[str, Any], **more: Any) -> dict[str, Any]:
    names = ("k", "metric", "method", "seed", "nan")
    return {
        "cupel": version(),
        "inputs": {"features": source},
        "parameters": {name: options[name] for name in names} | more,
    }


def _show(view: Callable[[int, int], Any], top: int | None) -> None:
    from cupel.cli.render import StandardOutput

    console = StandardOutput()
    console.print(view(console.width, _DEFAULT_TOP if top is None else top))


def _write(table: Any, options: dict[str, Any]) -> None:
    from cupel.cli.output import write_table

    if options["output"] is not None:
        with status("writing …", quiet=options["quiet"]):
            write_table(table, Path(options["output"]))


def _tell_written(what: str, options: dict[str, Any]) -> None:
    if options["output"] is not None and not options["quiet"]:
        click.echo(f"{what} written to {printable(options['output'])}", err=True)
