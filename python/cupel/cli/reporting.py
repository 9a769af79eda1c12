"""What all commands do alike: report errors, tell warnings, judge by ``--fail-over``."""

from __future__ import annotations

import contextlib
import functools
import warnings
from typing import TYPE_CHECKING, Any, ParamSpec

import click

from cupel.cli.errors import CliError
from cupel.cli.streams import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["UNUSABLE", "Failure", "fail_if_over", "reporting", "version", "warnings_as_notes"]

_P = ParamSpec("_P")

UNUSABLE = 2  # exit code: bad usage or unusable input
_FAILED = 1


class Failure(click.ClickException):
    """An error as the commands show it."""

    exit_code = UNUSABLE

    def show(self, file: Any = None) -> None:
        """Write the message to stderr."""
        click.echo(f"cupel: error: {self.format_message()}", err=True, file=file)


def reporting(command: Callable[_P, None]) -> Callable[_P, None]:
    """Turn what the user can solve into one message on stderr and exit code 2."""

    @functools.wraps(command)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except CliError as error:
            raise Failure(str(error)) from error
        except MemoryError as error:
            msg = "not enough memory; a float32 .npy file is read in place and needs the least"
            raise Failure(msg) from error

    return wrapped


@contextlib.contextmanager
def warnings_as_notes(*, quiet: bool) -> Iterator[None]:
    """Tell the library's warnings as notes on stderr, once the block has ended well."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    note([str(warning.message) for warning in caught], quiet=quiet)


def fail_if_over(limit: float | None, share: float, what: str) -> None:
    """End with exit code 1 if the share is above the limit."""
    if limit is None or share <= limit:
        return
    from cupel.cli.wording import percent

    message = f"{percent(share)} of the rows {what}, more than --fail-over {percent(limit)}"
    click.echo(f"cupel: failed: {message}", err=True)
    raise click.exceptions.Exit(_FAILED)


def version() -> str:
    """Version of the installed package."""
    from importlib.metadata import version

    return version("cupel")
