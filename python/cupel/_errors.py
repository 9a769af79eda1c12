"""Exceptions that code written for cleanlab catches too: it refuses some arguments by other types."""

__all__ = ["InvalidArgumentError", "WrongKindError"]


class InvalidArgumentError(ValueError, AssertionError):
    """A wrong value, where cleanlab raises `AssertionError`."""


class WrongKindError(TypeError, ValueError, AssertionError):
    """The wrong kind of thing, where cleanlab raises `ValueError` or `AssertionError`."""
