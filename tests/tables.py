"""What "equal" means for tables of classes whose order among equal keys is left open."""

from __future__ import annotations

from typing import Any

import numpy as np


def assert_same_tables(ours: Any, theirs: Any, key: str, rows_by: list[str]) -> None:
    """Equal frames but for the order of rows with the same `key`, which cleanlab leaves open.

    `rows_by` are the columns that tell rows apart. Floats are within 1e-12.
    """
    assert ours.index.equals(theirs.index)
    assert ours.columns.equals(theirs.columns)
    assert ours.dtypes.equals(theirs.dtypes)
    np.testing.assert_allclose(ours[key], theirs[key], rtol=0, atol=1e-12)
    ours, theirs = (frame.sort_values(rows_by, ignore_index=True) for frame in (ours, theirs))
    for column in ours.columns:
        if ours[column].dtype.kind == "f":
            np.testing.assert_allclose(ours[column], theirs[column], rtol=0, atol=1e-12)
        else:
            assert ours[column].equals(theirs[column]), column
