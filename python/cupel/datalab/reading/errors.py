"""What is raised for data that cannot be audited; under the names that code for cleanlab catches."""

from __future__ import annotations

__all__ = ["DataFormatError", "DatasetDictError", "DatasetLoadError", "printable"]


class DataFormatError(ValueError):
    """The data are none of the things that an audit takes."""


class DatasetDictError(ValueError):
    """Several data sets were passed where one is expected."""


class DatasetLoadError(ValueError):
    """The data are of a known kind, but something in them is wrong."""


def printable(text: object, limit: int = 200) -> str:
    r"""`text` with control characters escaped and its middle cut out when it is long.

    Names of columns and files come from anybody.

    Examples
    --------
    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    told = str(text)
    if len(told) > limit:
        told = f"{told[: limit // 2]}…{told[-limit // 2 :]}"
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in told
    )
