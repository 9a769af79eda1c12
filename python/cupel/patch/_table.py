"""What is replaced: the public functions and classes of these modules that both packages define."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from cupel._extras import require

VERSION = "2.9.0"

# Dotted names, the same in both packages. cleanlab's other modules are Datalab, which uses these,
# and demonstrations that need torch.
MODULES = (
    "benchmarking.noise_generation",
    "classification",
    "count",
    "data_valuation",
    "dataset",
    "experimental.label_issues_batched",
    "experimental.span_classification",
    "filter",
    "multiannotator",
    "multilabel_classification.dataset",
    "multilabel_classification.filter",
    "multilabel_classification.rank",
    "object_detection.filter",
    "object_detection.rank",
    "object_detection.summary",
    "outlier",
    "rank",
    "regression.learn",
    "regression.rank",
    "segmentation.filter",
    "segmentation.rank",
    "segmentation.summary",
    "token_classification.filter",
    "token_classification.rank",
    "token_classification.summary",
)

# What `warnings.filterwarnings("ignore")` leaves behind.
_SILENCE = ("ignore", None, Warning, None, 0)

_loading = threading.RLock()


@dataclass(frozen=True, slots=True)
class Pair:
    """A function or class of cleanlab and the one that takes its place.

    Attributes
    ----------
    name : str
        Dotted name below both packages: ``"filter.find_label_issues"``.
    """

    name: str
    original: Any
    replacement: Any


@dataclass(frozen=True, slots=True)
class ModulePair:
    """Two modules of one dotted name."""

    name: str
    cleanlab: ModuleType
    cupel: ModuleType


def load(purpose: str) -> list[ModulePair]:
    """Import the modules of both packages.

    Raises
    ------
    ImportError
        If cleanlab is not installed; names the extra.
    RuntimeError
        If it is another version.
    """
    # Filters belong to the process: saved and put back by one thread at a time, and only if needed.
    with _loading, contextlib.nullcontext() if _is_loaded() else _warnings_not_silenced():
        _check_version(require("cleanlab", purpose))
        return [
            ModulePair(
                name,
                importlib.import_module(f"cleanlab.{name}"),
                importlib.import_module(f"cupel.{name}"),
            )
            for name in MODULES
        ]


def _is_loaded() -> bool:
    return all(f"cleanlab.{name}" in sys.modules for name in MODULES)


def pairs(modules: Iterable[ModulePair]) -> list[Pair]:
    """Return what both modules of a pair define, in the order of cupel's ``__all__``."""
    return [
        Pair(f"{module.name}.{name}", vars(module.cleanlab)[name], getattr(module.cupel, name))
        for module in modules
        for name in module.cupel.__all__
        if _defines(module.cleanlab, name)
    ]


def _defines(module: ModuleType, name: str) -> bool:
    """Whether the name is a function or class written in this module, not one it imported."""
    value = vars(module).get(name)
    return (inspect.isfunction(value) or inspect.isclass(value)) and (
        value.__module__ == module.__name__
    )


def _check_version(cleanlab: ModuleType) -> None:
    version = getattr(cleanlab, "__version__", "unknown")
    if version != VERSION:
        msg = (
            f"cupel replaces the functions of cleanlab {VERSION}, and cleanlab {version} is "
            f'installed: pip install "cleanlab=={VERSION}", or import from cupel directly'
        )
        raise RuntimeError(msg)


@contextlib.contextmanager
def _warnings_not_silenced() -> Iterator[None]:
    """Keep the filters that imports add, except one that silences every warning.

    Importing cleanlab runs ``warnings.filterwarnings("ignore")`` where its Datalab is usable.
    """
    before = list(warnings.filters)
    added: list[Any] = []
    try:
        with warnings.catch_warnings():
            yield
            added = [f for f in warnings.filters if f not in before and f != _SILENCE]
    finally:
        for action, message, category, module, line in reversed(added):
            warnings.filterwarnings(action, _pattern(message), category, _pattern(module), line)


def _pattern(text: Any) -> str:
    """Return the regular expression as it was written: entries hold it compiled, or None."""
    return "" if text is None else getattr(text, "pattern", text)
