"""Label issues in data that does not fit in memory, and in spans of tokens.

The modules of cleanlab 2.9.0's package of this name that find label issues; not its demonstrations
of training networks.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["label_issues_batched", "span_classification"]


def __getattr__(name: str) -> Any:
    """Import a module when it is first used: one of them builds on what builds on the other."""
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
