"""Wrong numeric labels: the modules of cleanlab 2.9.0's package of this name.

`rank` scores labels from predictions; `learn`, imported when it is first used, needs scikit-learn
and finds wrong labels with any of its regressors.
"""

from __future__ import annotations

import importlib
from typing import Any

from cupel.regression import rank

__all__ = ["learn", "rank"]


def __getattr__(name: str) -> Any:
    """Import `learn` when it is first used: it needs scikit-learn."""
    if name == "learn":
        return importlib.import_module("cupel.regression.learn")
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
