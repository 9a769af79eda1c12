"""Runs a call in both packages, and notes where the results differ."""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import io
import random
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from cupel.patch._compare import first_difference
from cupel.patch._report import Report

# From Verifier.run to the code that called what cleanlab's name means.
_TO_CALLER = 3


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a call returned or raised."""

    value: Any = None
    error: Exception | None = None


class _Running(threading.local):
    """Which package's function a comparison is running in this thread: its inner calls stay there."""

    package: str | None = None

    @contextlib.contextmanager
    def inside(self, package: str) -> Iterator[None]:
        outer, self.package = self.package, package
        try:
            yield
        finally:
            self.package = outer


running = _Running()
# Comparisons share NumPy's global generator, standard output and the warning filters.
_one_at_a_time = threading.RLock()


class Verifier:
    """Runs calls in both packages.

    Once `active` is False, what takes the place of cleanlab's functions calls them: somebody may
    still hold it.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        self.active = True

    def run(
        self,
        name: str,
        ours: Callable[..., Any],
        theirs: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Call both, cleanlab's with copies of the arguments; return or raise what cupel's does."""
        with _one_at_a_time:
            try:
                copied_args, copied_kwargs = copy.deepcopy((args, kwargs))
            except Exception as error:  # noqa: BLE001 - theirs to choose
                message = f"not compared: the arguments cannot be copied ({error})"
                self.report.add(name, message, _TO_CALLER)
                return ours(*args, **kwargs)
            expected = _run_cleanlab(functools.partial(theirs, *copied_args, **copied_kwargs))
            with running.inside("cupel"):
                actual = _outcome(functools.partial(ours, *args, **kwargs))
        self.report.count()
        difference = _difference(actual, expected)
        if difference:
            self.report.add(name, difference, _TO_CALLER)
        if actual.error is not None:
            raise actual.error
        return actual.value


def accepts(theirs: Callable[..., Any], kwargs: dict[str, Any]) -> bool:
    """Whether cleanlab's function has all these arguments; cupel's have more."""
    parameters = inspect.signature(theirs).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return open_ended or parameters.keys() >= kwargs.keys()


def _run_cleanlab(call: Callable[[], Any]) -> _Outcome:
    """Call without output or warnings, and leave the global generators as they were."""
    numpy_state = np.random.get_state(legacy=False)  # noqa: NPY002 - the one cleanlab uses
    python_state = random.getstate()
    with (
        running.inside("cleanlab"),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            return _outcome(call)
        finally:
            np.random.set_state(numpy_state)  # noqa: NPY002
            random.setstate(python_state)


def _outcome(call: Callable[[], Any]) -> _Outcome:
    try:
        return _Outcome(call())
    except Exception as error:  # noqa: BLE001 - compared, and raised again
        return _Outcome(error=error)


def _difference(actual: _Outcome, expected: _Outcome) -> str | None:
    if isinstance(actual.error, Warning):  # the caller turns warnings into errors
        return None
    if actual.error is None and expected.error is None:
        return first_difference(actual.value, expected.value)
    if actual.error is None:
        return f"cleanlab raised {expected.error!r}"
    if expected.error is None:
        return f"raised {actual.error!r}, cleanlab did not"
    if isinstance(actual.error, type(expected.error)):
        return None
    return f"raised {actual.error!r}, cleanlab {expected.error!r}"
