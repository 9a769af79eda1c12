"""Standard output for results, standard error for everything else."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cupel.cli.errors import CliError, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["note", "prepare_streams", "progress", "standard_output", "status"]


_PLAINER = "cupel.plainer"
_PLAIN_SIGNS = str.maketrans("→…█░▒▓≈", ">~#.:+~")


def prepare_streams() -> None:
    """Make sure that both streams exist and can take any character."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started the process
            sink = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - stays open to the end
            setattr(sys, name, sink)
        elif hasattr(stream, "reconfigure"):
            codecs.register_error(_PLAINER, _plainer)
            stream.reconfigure(errors=_PLAINER)


def note(texts: Sequence[str], *, quiet: bool) -> None:
    """Tell on stderr what the user may want to know."""
    for text in [] if quiet else texts:
        click.echo(f"cupel: note: {printable(text, 500)}", err=True)


@contextlib.contextmanager
def status(text: str, *, quiet: bool) -> Iterator[None]:
    """Show what is being done on stderr while it is done, if somebody is watching."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield


@contextlib.contextmanager
def progress(text: str, *, quiet: bool) -> Iterator[Callable[[float], None] | None]:
    """Show on stderr how much is done, if somebody is watching: yields what to tell the share to.

    None where nobody is.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(text, total=1.0)
        yield lambda share: bar.update(task, completed=share)


@contextlib.contextmanager
def standard_output() -> Iterator[None]:
    """Let a reader leave when it has seen enough; report output that cannot be written."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
    except OSError as error:
        _discard_output()
        msg = f"cannot write to the standard output ({error.strerror})"
        raise CliError(msg) from error


def _plainer(error: UnicodeError) -> tuple[str, int]:
    """Replace what the stream's encoding lacks by something alike, or by its code."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_PLAIN_SIGNS)
    return text.encode("ascii", "backslashreplace").decode("ascii"), error.end


def _discard_output() -> None:
    """Give Python's last flush, at its end, somewhere to go."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.close(sink)
