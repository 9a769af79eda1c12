"""Errors of the core name a row of the array it was given; this names what the caller gave."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["rows_named"]

_ROW = re.compile(r"\b(labels|pred_probs)\[(\d+)")


@contextmanager
def rows_named(name_of: Callable[[int], str]) -> Iterator[None]:
    """Put ``name_of(row)`` in the place of a row's number in errors about labels or pred_probs."""
    try:
        yield
    except (TypeError, ValueError) as error:
        named = _ROW.sub(lambda found: f"{found[1]}[{name_of(int(found[2]))}", str(error))
        if named == str(error):
            raise
        raise type(error)(named) from None
