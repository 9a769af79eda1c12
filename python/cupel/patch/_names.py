"""Names in modules, bound to other objects and back."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class _Binding:
    """A name of a module that was bound anew."""

    module: str
    namespace: dict[str, Any]
    name: str
    original: Any
    replacement: Any


class Names:
    """Objects to replace, wherever a module has a global name for one.

    Only globals of modules: class attributes, default arguments, closures and containers keep what
    they hold. Not thread-safe.

    Parameters
    ----------
    replacements : iterable of (original, replacement)
    """

    def __init__(self, replacements: list[tuple[Any, Any]]) -> None:
        self._forward = {id(old): (old, new) for old, new in replacements}
        self._backward = {id(new): (new, old) for old, new in replacements}
        self._bindings: list[_Binding] = []

    def replace(self) -> None:
        """Bind every name that means an original to its replacement. May be called again."""
        for module, namespace in _namespaces():
            for name, original, replacement in _found(namespace, self._forward):
                namespace[name] = replacement
                self._bindings.append(_Binding(module, namespace, name, original, replacement))

    def restore(self) -> list[str]:
        """Bind every name back, and return those that were bound to something else meanwhile."""
        left = []
        for binding in self._bindings:
            current = binding.namespace.get(binding.name, _ABSENT)
            if current is binding.replacement:
                binding.namespace[binding.name] = binding.original
            elif current is not binding.original:
                left.append(f"{binding.module}.{binding.name}")
        self._bindings.clear()
        self._restore_later_imports()
        return left

    def _restore_later_imports(self) -> None:
        """Bind names of modules that were imported after the replacement.

        Where one can only have come from cleanlab: in modules of cleanlab, and where it was made
        for this purpose. What cupel defines, somebody may have imported from cupel.
        """
        for module, namespace in _namespaces():
            for name, replacement, original in _found(namespace, self._backward):
                if _is_cleanlab(module) or _is_cleanlab(replacement.__module__):
                    namespace[name] = original


def _is_cleanlab(module: str) -> bool:
    return module.partition(".")[0] == "cleanlab"


def _namespaces() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the globals of every module that is loaded."""
    for name, module in sys.modules.copy().items():
        try:  # not getattr: it would load modules that wait for their first use
            namespace = object.__getattribute__(module, "__dict__")
        except AttributeError:  # something else that somebody put there
            continue
        if isinstance(namespace, dict):
            yield name, namespace


def _found(
    namespace: dict[str, Any], objects: Mapping[int, tuple[Any, Any]]
) -> list[tuple[str, Any, Any]]:
    """Return the names that mean one of the objects, with it and its counterpart."""
    return [
        (name, *objects[id(value)])
        for name, value in namespace.copy().items()
        if id(value) in objects
    ]
