"""Every example in a public docstring runs and gives what it says."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import cupel

for extra in ("sklearn", "pandas", "scipy", "matplotlib"):
    pytest.importorskip(extra)

PACKAGE = Path(cupel.filter.__file__).parent
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


def test_examples_are_found() -> None:
    assert {"cupel.filter", "cupel.rank", "cupel.scorer"} < set(WITH_EXAMPLES)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name: str) -> None:
    module = importlib.import_module(name.removesuffix(".__init__"))
    results = doctest.testmod(module, report=True)
    assert results.attempted > 0
    assert results.failed == 0
