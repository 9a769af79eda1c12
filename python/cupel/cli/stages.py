"""Stages of a long command, each with a bar and the time it will take, if somebody is watching."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["Stages", "staged"]


@contextlib.contextmanager
def staged(*, quiet: bool) -> Iterator[Stages]:
    """Show the bars of the stages that are begun in the block, and take them away after it.

    Examples
    --------
    >>> with staged(quiet=True) as stages, stages.stage("reading") as tell:
    ...     tell(0.5)
    """
    if quiet or not sys.stderr.isatty():
        yield Stages(None)
        return
    with _bars() as bars:
        yield Stages(bars)


class Stages:
    """Bars on stderr, one below the other; nothing where nobody is watching."""

    def __init__(self, bars: Progress | None) -> None:
        self._bars = bars

    @contextlib.contextmanager
    def stage(self, text: str) -> Iterator[Callable[[float], None]]:
        """Begin a stage: yields what to tell the share to that is done."""
        bars = self._bars
        if bars is None:
            yield lambda _: None
            return
        task = bars.add_task(text, total=1.0)
        yield lambda share: bars.update(task, completed=share)
        bars.update(task, completed=1.0)


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
