"""The exception for arguments that cleanlab refuses with an assertion."""

__all__ = ["InvalidArgumentError"]


class InvalidArgumentError(ValueError, AssertionError):
    """A wrong value, also caught by code that expects cleanlab's `AssertionError`."""
