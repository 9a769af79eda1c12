"""Which functions cleanlab has, and whether cupel's take the same arguments."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from inspect import Parameter
from typing import Any

# Not the functions a backend replaces: Datalab is built on them, `internal` is not public,
# `split_arr` cuts an array for a process pool, and the others are demonstrations that need torch.
_NOT_COUNTED = ("datalab", "internal", "models", "typing", "version")
_DEMONSTRATIONS = (
    "experimental.cifar_cnn",
    "experimental.coteaching",
    "experimental.mnist_pytorch",
)
_HELPERS = {"experimental.label_issues_batched.split_arr"}


def public_modules() -> list[str]:
    """Return the dotted names below cleanlab of the modules that define public functions."""
    import cleanlab

    found = pkgutil.walk_packages(cleanlab.__path__, "cleanlab.", onerror=lambda _: None)
    names = (module.name.partition(".")[2] for module in found)
    return sorted(
        name
        for name in names
        if name.partition(".")[0] not in _NOT_COUNTED and name not in _DEMONSTRATIONS
    )


def public_functions() -> list[str]:
    """Return the dotted names below cleanlab of its public functions and classes.

    Each where it is defined: what a module imports from another is not listed again.
    """
    found = []
    for module_name in public_modules():
        module = importlib.import_module(f"cleanlab.{module_name}")
        for name, value in vars(module).items():
            defined = (inspect.isfunction(value) or inspect.isclass(value)) and (
                value.__module__ == module.__name__ and not name.startswith("_")
            )
            if defined and f"{module_name}.{name}" not in _HELPERS:
                found.append(f"{module_name}.{name}")
    return found


def signature_differences(cupel_function: Any, cleanlab_function: Any) -> list[str]:
    """Say how two functions, or the constructors and public methods of two classes, differ.

    The same parameters are of the same names, order, kinds and defaults. cupel's may have more,
    by keyword only and after the others. Where cleanlab's default is an object that could be
    changed, ``None`` or a tuple of the same items will do.
    """
    if not inspect.isclass(cleanlab_function):
        return _parameter_differences(cupel_function, cleanlab_function)
    found = _parameter_differences(cupel_function.__init__, cleanlab_function.__init__)
    for name in sorted(_public_attributes(cleanlab_function)):
        ours = getattr(cupel_function, name, None)
        theirs = getattr(cleanlab_function, name)
        if ours is None:
            found.append(f"{name}: absent")
        elif inspect.isfunction(theirs):
            found += [f"{name}: {text}" for text in _parameter_differences(ours, theirs)]
    return found


def _public_attributes(cls: type) -> set[str]:
    """Methods and constants that cleanlab's class or its bases define."""
    return {name for name in dir(cls) if not name.startswith("_")}


def _parameter_differences(ours: Callable[..., Any], theirs: Callable[..., Any]) -> list[str]:
    our_parameters = inspect.signature(ours).parameters
    their_parameters = inspect.signature(theirs).parameters
    shared = [name for name in our_parameters if name in their_parameters]
    found = [f"{name}: absent" for name in their_parameters if name not in our_parameters]
    if not found and shared != list(their_parameters):
        found.append(f"order: {', '.join(shared)}; cleanlab: {', '.join(their_parameters)}")
    for name in shared:
        found += _one_difference(our_parameters[name], their_parameters[name])
    return found + _misplaced_extras(our_parameters, their_parameters)


def _one_difference(ours: Parameter, theirs: Parameter) -> list[str]:
    found = []
    if ours.kind is not theirs.kind:
        found.append(f"{ours.name}: {ours.kind.description}, cleanlab: {theirs.kind.description}")
    if not _same_default(ours.default, theirs.default):
        found.append(f"{ours.name}: default {ours.default!r}, cleanlab: {theirs.default!r}")
    return found


def _same_default(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, dict):
        return ours is None or (isinstance(ours, Mapping) and dict(ours) == theirs)
    if isinstance(theirs, list):
        return ours is None or (isinstance(ours, (list, tuple)) and list(ours) == theirs)
    if hasattr(theirs, "get_params") and not inspect.isclass(theirs):  # a model of scikit-learn
        return ours is None
    return bool(ours is theirs or (type(ours) is type(theirs) and ours == theirs))


def _misplaced_extras(
    our_parameters: Mapping[str, Parameter], their_parameters: Mapping[str, Parameter]
) -> list[str]:
    """Parameters of cupel's own that are not by keyword only and after cleanlab's."""
    found = []
    waiting = {n for n, p in their_parameters.items() if p.kind is not Parameter.VAR_KEYWORD}
    for name, parameter in our_parameters.items():
        waiting.discard(name)
        if name not in their_parameters and (
            waiting or parameter.kind is not Parameter.KEYWORD_ONLY
        ):
            found.append(f"{name}: not in cleanlab, and not by keyword only at the end")
    return found
