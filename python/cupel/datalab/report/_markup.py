"""Markup that is safe by construction: every text in it was escaped when it was put in."""

from __future__ import annotations

from html import escape
from typing import Any

__all__ = ["Markup", "join", "tag"]


class Markup(str):
    """Text that is markup already; templates and `tag` take it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return the markup, for Jinja2."""
        return self


def join(*parts: str) -> Markup:
    """Return the parts one after the other; those that are not markup are escaped."""
    return Markup("".join(p if isinstance(p, Markup) else escape(p) for p in parts))


def tag(name: str, *children: str, **attributes: Any) -> Markup:
    """Return an element.

    Parameters
    ----------
    name : str
        Its name, such as ``"rect"``.
    children : str
        What is in it; escaped unless markup.
    attributes : str, int, float or None
        Escaped and quoted. ``class_`` is the attribute class, other underscores are hyphens; None
        leaves the attribute out; floats are written with at most two decimals.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)
