"""The command ``cupel`` with all its commands; ``cupel demo`` itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cupel.cli.audit_command import audit
from cupel.cli.errors import CliError
from cupel.cli.neighbor_commands import duplicates, outliers
from cupel.cli.reporting import UNUSABLE, Failure, reporting
from cupel.cli.streams import prepare_streams, standard_output, status

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["cli", "run"]

_INTERRUPTED = 130


def run(argv: Sequence[str] | None) -> int:
    """Run the command line and return its exit code."""
    prepare_streams()
    try:
        with standard_output():
            code = cli.main(args=argv, prog_name="cupel", standalone_mode=False)
    except CliError as error:  # the help could not be printed
        Failure(str(error)).show()
        return UNUSABLE
    except click.ClickException as error:
        error.show()
        return UNUSABLE
    except click.Abort:
        return _INTERRUPTED
    return code if isinstance(code, int) else 0


_EPILOG = """
\b
Start with:
  cupel demo                      watch it work on a small data set
  cupel audit data.csv            audit a table or a folder of images, without a model
  cupel audit LABELS PRED_PROBS   audit labels by the probabilities of your own model
  cupel outliers FEATURES         find rows far from all others, by embeddings for example
  cupel duplicates FEATURES       find rows that are the same or nearly so
"""


@click.group(
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@click.version_option(package_name="cupel", message="cupel %(version)s")
def cli() -> None:
    """Find wrong labels, outliers and duplicates in a data set."""


cli.add_command(audit)
cli.add_command(outliers)
cli.add_command(duplicates)


@cli.command()
@click.option("--top", metavar="N", type=click.IntRange(min=0), default=10, show_default=True)
@click.option(
    "--threads", metavar="N", type=click.IntRange(min=1), help="The result never depends on it."
)
@reporting
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
