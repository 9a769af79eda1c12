"""Every example in a public docstring runs and gives what it says."""

from __future__ import annotations

import doctest
import importlib

import pytest

pytest.importorskip("sklearn")


@pytest.mark.parametrize(
    "name",
    [
        "count",
        "filter",
        "rank",
        "scorer",
        "_crossval",
        "neighbors",
        "_graph",
        "outlier",
        "_out_of_distribution",
        "duplicates",
        "posterior",
        "_posterior",
        "_pool",
    ],
)
def test_examples(name: str) -> None:
    module = importlib.import_module(f"cupel.{name}")
    results = doctest.testmod(module, report=True)
    assert results.attempted > 0
    assert results.failed == 0
