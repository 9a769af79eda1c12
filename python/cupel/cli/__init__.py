"""The command line ``cupel``: audit labels, find outliers and duplicates, watch a demonstration."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_NEEDED = ("click", "rich", "pyarrow")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process when left out.

    Returns
    -------
    int
        0 done, 1 the gate ``--fail-over`` failed, 2 bad usage or unusable input,
        130 interrupted by Ctrl-C.

    Examples
    --------
    >>> main(["no-such-command"])
    2
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"cupel: the command line needs {', '.join(missing)}; "
            'install it with: pip install "cupel[cli]"\n'
        )
        return 2
    try:
        from cupel.cli.commands import run

        return run(argv)
    except KeyboardInterrupt:
        return 130
