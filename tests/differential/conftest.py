"""cleanlab with what it leaves to the platform pinned down."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="class")
def stable_sorts() -> Iterator[None]:
    """Make every ``np.argsort`` a stable one, as it is for short arrays where NumPy has no SIMD.

    cleanlab leaves ties to NumPy's default sort, and that to the CPU. With stable sorts its
    results are defined, and can be compared exactly, ties included.
    """
    argsort = np.argsort

    @functools.wraps(argsort)
    def stable(a: Any, axis: int = -1, kind: Any = None, **kwargs: Any) -> Any:
        return argsort(a, axis=axis, kind=kind or "stable", **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "argsort", stable)
        yield
