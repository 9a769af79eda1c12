"""What takes the place of cleanlab's functions and classes while calls are compared."""

from __future__ import annotations

import functools
import inspect
import threading
import weakref
from collections.abc import Callable
from typing import Any

from cupel.patch._table import Pair
from cupel.patch._verify import Verifier, accepts, running

# These draw, or write files: they run once, in cupel.
DRAWING = frozenset(
    {
        "object_detection.summary.plot_class_distribution",
        "object_detection.summary.plot_class_size_distributions",
        "object_detection.summary.visualize",
        "segmentation.summary.display_issues",
    }
)


def verified(verifier: Verifier, pair: Pair) -> Any:
    """Return what takes the place of cleanlab's function or class."""
    if pair.name in DRAWING:
        return pair.replacement
    if inspect.isclass(pair.original):
        return _verified_class(verifier, pair)
    return _verified_function(verifier, pair)


def _verified_function(verifier: Verifier, pair: Pair) -> Callable[..., Any]:
    ours, theirs = pair.replacement, pair.original

    @functools.wraps(ours)
    def function(*args: Any, **kwargs: Any) -> Any:
        if running.package == "cleanlab" or not verifier.active:
            return theirs(*args, **kwargs)
        if running.package == "cupel" or not accepts(theirs, kwargs):
            return ours(*args, **kwargs)
        return verifier.run(f"cleanlab.{pair.name}", ours, theirs, args, kwargs)

    # Where pickle finds it while cleanlab is patched.
    function.__module__ = theirs.__module__
    return function


class _Twins:
    """cleanlab's object for each of cupel's, for as long as that lives.

    Not an attribute of it: pickles, clones and copies are to hold cupel's state alone.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()

    def put(self, instance: Any, twin: Any) -> None:
        with self._lock:
            self._of[instance] = twin

    def get(self, instance: Any) -> Any:
        with self._lock:
            return self._of.get(instance)


def _verified_class(verifier: Verifier, pair: Pair) -> type:
    """Make a subclass of cupel's class whose public methods run in both packages.

    Only its own instances: classes that derive from it may override anything.
    """
    ours, theirs = pair.replacement, pair.original
    twins = _Twins()

    @functools.wraps(ours.__init__)
    def new(cls: type, *args: Any, **kwargs: Any) -> Any:
        if cls is made and (running.package == "cleanlab" or not verifier.active):
            return theirs(*args, **kwargs)
        return ours.__new__(cls)

    @functools.wraps(ours.__init__)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        alone = type(self) is not made or running.package or not accepts(theirs, kwargs)
        construct = functools.partial(ours.__init__, self)
        if alone or not verifier.active:
            construct(*args, **kwargs)
            return

        # What is returned differs by design: None, and an object.
        def make(*args: Any, **kwargs: Any) -> None:
            twins.put(self, theirs(*args, **kwargs))

        verifier.run(f"cleanlab.{pair.name}", construct, make, args, kwargs)

    namespace: dict[str, Any] = {
        name: _verified_method(verifier, twins, f"cleanlab.{pair.name}", name, function)
        for name, function in inspect.getmembers(ours, inspect.isfunction)
        if not name.startswith("_") and inspect.isfunction(getattr(theirs, name, None))
    }
    namespace |= {
        "__new__": new,
        "__init__": init,
        "__module__": theirs.__module__,
        "__qualname__": theirs.__qualname__,
        "__doc__": ours.__doc__,
    }
    made: type = type(ours)(theirs.__name__, (ours,), namespace)
    return made


def _verified_method(
    verifier: Verifier, twins: _Twins, owner: str, name: str, ours: Callable[..., Any]
) -> Callable[..., Any]:
    @functools.wraps(ours)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        twin = None if running.package or not verifier.active else twins.get(self)
        theirs = getattr(twin, name, None)
        if theirs is None or not accepts(theirs, kwargs):
            return ours(self, *args, **kwargs)
        return verifier.run(f"{owner}.{name}", functools.partial(ours, self), theirs, args, kwargs)

    return method
