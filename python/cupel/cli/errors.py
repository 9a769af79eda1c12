"""What the commands raise for problems that the user can solve, and text that is safe to show."""

from __future__ import annotations

__all__ = ["CliError", "printable"]


class CliError(Exception):
    """A problem with the user's files or options: its text goes to stderr, the exit code is 2."""


def printable(text: str, limit: int = 200) -> str:
    r"""`text` with control characters escaped and its middle cut out when it is long.

    Names come from files that nobody has vetted: an escape sequence in a class name must not
    reach the terminal.

    Examples
    --------
    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    if len(text) > limit:
        text = f"{text[: limit // 2]}…{text[-limit // 2 :]}"
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )
