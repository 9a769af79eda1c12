"""What comparisons found."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass


class CupelDifferenceWarning(UserWarning):
    """A function of cleanlab did not do what cupel's function of the same name did."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What ``patch_cleanlab(verify=True)`` found in one call.

    Attributes
    ----------
    function : str
        Dotted name in cleanlab.
    message : str
        Where the results differ and how, or why they could not be compared.
    """

    function: str
    message: str


class Report:
    """The number of calls that were compared, and what differed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._differences: list[Difference] = []
        self._calls = 0

    @property
    def calls(self) -> int:
        """Calls compared so far."""
        return self._calls

    @property
    def differences(self) -> list[Difference]:
        """What differed, in the order it was found."""
        with self._lock:
            return self._differences.copy()

    def count(self) -> None:
        """Note that a call was compared."""
        with self._lock:
            self._calls += 1

    def add(self, function: str, message: str, stacklevel: int) -> None:
        """Note a difference, and warn of it where the caller's `stacklevel` says."""
        with self._lock:
            self._differences.append(Difference(function, message))
        text = f"{function}: {message}"
        warnings.warn(text, CupelDifferenceWarning, stacklevel=stacklevel + 1)
