"""Class names as users give them: by the class as text, as cleanlab does, by number, or in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from cupel._arrays import shown

__all__ = ["ClassNames", "items_of", "name_of", "names_in_order"]

ClassNames: TypeAlias = Mapping[Any, Any] | Sequence[Any]


def items_of(class_names: ClassNames) -> list[tuple[Any, Any]]:
    """Return the pairs of class and name."""
    if isinstance(class_names, Mapping):
        return list(class_names.items())
    if isinstance(class_names, (str, bytes)) or not isinstance(class_names, Sequence):
        msg = f"class_names must be a dict of class to name, got {type(class_names).__name__}"
        raise TypeError(msg)
    return list(enumerate(class_names))


def name_of(k: int, class_names: ClassNames | None) -> Any:
    """Return the name of class `k`, itself without names; KeyError if it is none of them."""
    if class_names is None:
        return k
    names = dict(items_of(class_names))
    for key in (str(k), k):
        if key in names:
            return names[key]
    msg = f"class_names has no name for class {k}; expected a key {str(k)!r}"
    raise KeyError(msg)


def names_in_order(class_names: ClassNames | None, n_classes: int) -> list[Any]:
    """Return the names by the number of the class; there may be more names than classes."""
    if class_names is None:
        return list(range(n_classes))
    names = items_of(class_names)
    for key, _ in names:
        if not str(key).lstrip("-").isdecimal():
            msg = f"class_names has the key {shown(key)}, expected the number of a class"
            raise ValueError(msg)
    if len(names) < n_classes:
        msg = f"class_names has {len(names)} names, predictions have arrays for {n_classes} classes"
        raise ValueError(msg)
    return [name for _, name in sorted(names, key=lambda item: int(item[0]))]
