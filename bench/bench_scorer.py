"""What a call costs when there is next to nothing to do."""

from __future__ import annotations

from typing import Any

import pytest

from bench.suite import small_calls

CALLS = small_calls()


@pytest.mark.parametrize("name", CALLS)
def test_small_call(benchmark: Any, name: str) -> None:
    benchmark(CALLS[name])
