"""Tables of classes that are equal but for the order of rows that tie, which cleanlab leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bench.dropin.same import TOLERANCE, assert_same

# The columns that tables are ordered by; each has one of them.
KEYS = ("Label Quality Score", "Joint Probability", "Issue Probability")
# The columns that tell rows apart.
ROWS_BY = ("Class Index", "Class Index A", "Class Index B", "In Given Label")


def assert_same_up_to_ties(actual: Any, expected: Any, where: str = "result") -> None:
    """Raise AssertionError where tables differ by more than the order of rows of equal key.

    Mappings are compared item by item, and what is no table as usual.
    """
    if isinstance(expected, Mapping):
        assert list(actual) == list(expected), f"{where}: keys {list(actual)}, {list(expected)}"
        for key in expected:
            assert_same_up_to_ties(actual[key], expected[key], f"{where}[{key!r}]")
        return
    if hasattr(expected, "columns"):
        key = next(name for name in KEYS if name in expected.columns)
        np.testing.assert_allclose(
            actual[key], expected[key], rtol=0, atol=TOLERANCE, err_msg=where
        )
        rows_by = [name for name in ROWS_BY if name in expected.columns]
        actual, expected = (
            frame.sort_values(rows_by, ignore_index=True) for frame in (actual, expected)
        )
    assert_same(actual, expected, where)
