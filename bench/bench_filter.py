"""find_label_issues with every filter, ranked by self-confidence."""

from __future__ import annotations

from collections.abc import Callable

from bench.cases import Cell


def test_find_label_issues(
    run_cell: Callable[[Cell, str], None], cell: Cell, contestant: str
) -> None:
    run_cell(cell, contestant)
