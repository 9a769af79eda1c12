"""What one comparison is: a function of both packages, an input, and what equal results are."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.dropin.same import assert_same


@dataclass(frozen=True, slots=True)
class Case:
    """One call that both packages answer.

    Attributes
    ----------
    function : str
        Dotted name below the package: "token_classification.rank.get_label_quality_scores".
    size : str
        The input in words, for the table: "20k sentences, 1M tokens, 10 classes".
    make : callable
        Returns fresh inputs, the same every time: (positional arguments, keyword arguments).
    call : callable, optional
        (function, args, kwargs) -> result, where it is not just ``function(*args, **kwargs)``; for
        classes: makes the object and calls the method.
    fastest : mapping
        Keyword arguments with which cleanlab is fastest (its defaults often are not).
    check : callable
        (cupel's result, cleanlab's result) -> None; asserts that they are equal.
    goal : float
        Speed ratio to reach.
    label : str
        Tells cases of one function apart in the table: "calibrated", "one label each".
    alone : bool
        Only cupel runs: cleanlab cannot at this size (say why in `size`).
    """

    function: str
    size: str
    make: Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]
    call: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any] | None = None
    fastest: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[Any, Any], None] = assert_same
    goal: float = 5.0
    label: str = ""
    alone: bool = False

    def run(self, package: str) -> Callable[[], Any]:
        """Prepare fresh inputs for `package`; calling what is returned runs its function."""
        module, _, name = self.function.rpartition(".")
        function = getattr(importlib.import_module(f"{package}.{module}"), name)
        args, kwargs = self.make()
        if package == "cleanlab":
            kwargs = {**kwargs, **self.fastest}
        if self.call is None:
            return lambda: function(*args, **kwargs)
        call = self.call
        return lambda: call(function, args, kwargs)
