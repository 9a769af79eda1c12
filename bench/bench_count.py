"""Thresholds and the confident joint."""

from __future__ import annotations

from collections.abc import Callable

from bench.cases import Cell


def test_count(run_cell: Callable[[Cell, str], None], cell: Cell, contestant: str) -> None:
    run_cell(cell, contestant)
