"""The commands ``cupel audit`` and ``cupel demo``."""

from __future__ import annotations

import functools
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import click

from cupel.cli.errors import CliError, printable
from cupel.cli.options import FILTERS, SCORES, as_share, as_size
from cupel.cli.streams import note, prepare_streams, standard_output, status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cupel.cli.audit import Audit

__all__ = ["cli", "run"]

_P = ParamSpec("_P")

_DEFAULT_TOP = 20
_UNUSABLE = 2
_INTERRUPTED = 130


class _Failure(click.ClickException):
    exit_code = _UNUSABLE

    def show(self, file: Any = None) -> None:
        click.echo(f"cupel: error: {self.format_message()}", err=True, file=file)


def run(argv: Sequence[str] | None) -> int:
    """Run the command line and return its exit code."""
    prepare_streams()
    try:
        with standard_output():
            code = cli.main(args=argv, prog_name="cupel", standalone_mode=False)
    except CliError as error:  # the help could not be printed
        _Failure(str(error)).show()
        return _UNUSABLE
    except click.ClickException as error:
        error.show()
        return _UNUSABLE
    except click.Abort:
        return _INTERRUPTED
    return code if isinstance(code, int) else 0


def _reporting(command: Callable[_P, None]) -> Callable[_P, None]:
    """Turn what the user can solve into one message on stderr and exit code 2."""

    @functools.wraps(command)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except CliError as error:
            raise _Failure(str(error)) from error
        except MemoryError as error:
            msg = "not enough memory; a float32 .npy file is read in place and needs the least"
            raise _Failure(msg) from error

    return wrapped


_EPILOG = """
\b
Start with:
  cupel demo                      watch it work on a small data set
  cupel audit LABELS PRED_PROBS   audit your own
"""


@click.group(
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@click.version_option(package_name="cupel", message="cupel %(version)s")
def cli() -> None:
    """Find wrong labels from a classifier's own probabilities."""


_AUDIT_EPILOG = """
\b
Examples:
  cupel audit labels.npy pred_probs.npy
  cupel audit run.npz run.npz --top 50
  cupel audit run.npz:y run.npz:oof --classes cat,dog,bird
  cupel audit data.csv probs.csv --label-column label --id-column image --output suspects.csv
  cupel audit data.parquet probs.parquet --json > audit.json
  cupel audit labels.npy pred_probs.npy --fail-over 5% || echo "too many suspects"

\b
Exit codes: 0 done, 1 more suspects than --fail-over allows, 2 bad usage or unusable input,
130 interrupted.
"""


@cli.command(epilog=_AUDIT_EPILOG)
@click.argument("labels")
@click.argument("pred_probs")
@click.option("--label-column", metavar="NAME", help="Column of LABELS, where it is a table.")
@click.option("--prob-columns", metavar="A,B,…", help="Columns of PRED_PROBS; else all numeric.")
@click.option("--id-column", metavar="NAME", help="Column whose ids are listed with the rows.")
@click.option("--classes", metavar="A,B,…|FILE", help="Class names in column order, or a file.")
@click.option("--header/--no-header", default=None, help="First line of the .csv files: names?")
@click.option(
    "--filter-by",
    metavar="FILTER",
    type=click.Choice(FILTERS),
    default=FILTERS[0],
    help=f"How suspects are chosen: {', '.join(FILTERS)}.  [default: {FILTERS[0]}]",
)
@click.option(
    "--rank-by",
    metavar="SCORE",
    type=click.Choice(SCORES),
    default=SCORES[0],
    help=f"What the list is ordered by: {', '.join(SCORES)}.  [default: {SCORES[0]}]",
)
@click.option(
    "--min-examples",
    metavar="N",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="List no rows of a class that would keep fewer.",
)
@click.option(
    "--frac-noise",
    metavar="SHARE",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="Share of the estimated errors to list.",
)
@click.option(
    "--collision",
    type=click.Choice(("argmax", "confident")),
    default="argmax",
    show_default=True,
    help="Rows confident in several classes: the likeliest of all, or of the confident ones.",
)
@click.option(
    "--nan",
    type=click.Choice(("raise", "drop")),
    default="raise",
    show_default=True,
    help="Rows with probabilities that are missing or infinite: refuse, or leave out.",
)
@click.option(
    "--threads", metavar="N", type=click.IntRange(min=1), help="The result never depends on it."
)
@click.option(
    "--max-memory",
    metavar="SIZE",
    callback=as_size,
    help="Limit for unpacking an input, such as 8GB.",
)
@click.option(
    "--top",
    metavar="N",
    type=click.IntRange(min=0),
    help=f"Suspects to show.  [default: {_DEFAULT_TOP}; all with --json]",
)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    help="Write the whole list to a .csv, .jsonl or .parquet file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
@click.option(
    "--fail-over",
    metavar="SHARE",
    callback=as_share,
    help="Exit with code 1 if more than this share is suspect.",
)
@click.option("--quiet", "-q", is_flag=True, help="No notes and no progress on stderr.")
@_reporting
def audit(
    labels: str,
    pred_probs: str,
    output: str | None,
    top: int | None,
    as_json: bool,
    fail_over: float | None,
    quiet: bool,
    **options: Any,
) -> None:
    """List the rows whose label is probably wrong, the worst first.

    LABELS holds one label a row: class positions 0..K-1 or class names. PRED_PROBS holds one row
    of K probabilities for each, from a model that was not trained on that row (cross-validation).
    Both are .npy, .npz (FILE.npz:NAME picks an array), .csv, .tsv or .parquet files; both may be
    the same file. Columns of probabilities are named after the classes.

    Rows are counted from 0, without the header. The suggested label is the likeliest class other
    than the given one. Scores are between 0 (worst) and 1 (best).

    Files are written in full precision and complete or not at all. Cells of a .csv file are
    written as they are: a spreadsheet may take a name or id that begins with = + - @ for a
    formula, so import such a file as text.
    """
    from cupel.cli.files import split_spec
    from cupel.cli.inputs import ReadOptions, read_inputs
    from cupel.cli.output import check_output, json_document, suspects_table, write_table

    if output is not None:
        check_output(Path(output), [split_spec(labels)[0], split_spec(pred_probs)[0]])
    reading = {name: options.pop(name) for name in ReadOptions.__dataclass_fields__}
    with status("reading …", quiet=quiet):
        inputs = read_inputs(labels, pred_probs, ReadOptions(**reading))
    note(inputs.notes, quiet=quiet)
    parameters = {
        "filter_by": options["filter_by"],
        "rank_by": options["rank_by"],
        "min_examples_per_class": options["min_examples"],
        "frac_noise": options["frac_noise"],
        "collision": options["collision"],
        "nan": options["nan"],
    }
    with status("auditing …", quiet=quiet):
        result = _audited(inputs, labels, pred_probs, parameters, options["threads"], quiet)
    table = suspects_table(result, inputs.ids)
    if output is not None:
        with status("writing …", quiet=quiet):
            write_table(table, Path(output))
    with standard_output():
        if as_json:
            files = {"labels": labels, "pred_probs": pred_probs}
            about = {"cupel": _version(), "inputs": files, "parameters": parameters}
            for text in json_document(result, table.slice(0, top), about):
                click.echo(text, nl=False)
        else:
            _print_audit(result, _DEFAULT_TOP if top is None else top, parameters, inputs.ids)
    if output is not None and not quiet:
        click.echo(f"{table.num_rows:,} suspects written to {printable(output)}", err=True)
    if fail_over is not None and result.share > fail_over:
        from cupel.cli.audit import percent

        shares = f"{percent(result.share)} of the rows are suspect"
        click.echo(f"cupel: failed: {shares}, more than --fail-over {percent(fail_over)}", err=True)
        raise click.exceptions.Exit(1)


@cli.command()
@click.option("--top", metavar="N", type=click.IntRange(min=0), default=10, show_default=True)
@click.option(
    "--threads", metavar="N", type=click.IntRange(min=1), help="The result never depends on it."
)
@_reporting
def demo(top: int, threads: int | None) -> None:
    """Watch an audit of scikit-learn's digits, with and without planted errors.

    Trains a small model by cross-validation, lists its suspects, then changes 5% of the labels at
    random (always the same ones) and counts how many of those the list finds. Takes some seconds,
    needs no network, and needs scikit-learn: pip install "cupel[demo]".
    """
    from cupel.cli.demo import demo_views
    from cupel.cli.render import StandardOutput

    console = StandardOutput()
    with standard_output():
        for step, view in demo_views(console, top=top, n_jobs=threads):
            with status(step, quiet=False):
                rendered = view()
            console.print(rendered)


def _audited(
    inputs: Any,
    labels: str,
    pred_probs: str,
    parameters: dict[str, Any],
    threads: int | None,
    quiet: bool,
) -> Audit:
    from cupel.cli.audit import run_audit

    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            result = run_audit(
                inputs.labels,
                inputs.pred_probs,
                class_names=inputs.class_names,
                n_jobs=threads,
                **parameters,
            )
    except (TypeError, ValueError) as error:
        text = str(error).replace("nan='drop'", "--nan drop")
        msg = f"{text}\n  labels: {printable(labels)}\n  pred_probs: {printable(pred_probs)}"
        if inputs.columns is not None:
            used = printable(", ".join(inputs.columns), 100)
            msg += f", columns {used} (choose with --prob-columns)"
        raise CliError(msg) from error
    note([str(warning.message) for warning in caught], quiet=quiet)
    return result


def _print_audit(result: Audit, top: int, parameters: dict[str, Any], ids: Any) -> None:
    from cupel.cli.render import StandardOutput, audit_view

    console = StandardOutput()
    view = audit_view(
        result,
        console,
        top=top,
        rank_by=parameters["rank_by"],
        remedy="--output FILE writes the whole list",
        ids=ids,
    )
    console.print(view)


def _version() -> str:
    from importlib.metadata import version

    return version("cupel")
