"""``pytest bench``: one pytest-benchmark entry per contestant and cell, small sizes by default."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

import pytest

from bench.cases import (
    CLEANLAB,
    CLEANLAB_DEFAULT,
    CUPEL,
    FULL,
    MEMORY_PASS,
    QUICK,
    REFERENCE,
    TASKS,
    Cell,
    Floats,
    Labels,
    make_input,
)
from bench.contestants import Call, check, contestants
from bench.timing import affordable_runs, first_runs


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="the sizes of the published tables")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a benchmark with the argument `cell` every cell of its topic, and every contestant."""
    if "cell" not in metafunc.fixturenames:
        return
    plan = FULL if metafunc.config.getoption("full") else QUICK
    topic = metafunc.module.__name__.rpartition("bench_")[2]
    cells = list(plan.cells(tuple(task for task in TASKS if task.module == topic)))
    names = [CUPEL, CLEANLAB, REFERENCE, MEMORY_PASS]
    if topic == "filter":
        names.insert(2, CLEANLAB_DEFAULT)
    metafunc.parametrize(
        ("cell", "contestant"),
        [(cell, name) for cell in cells for name in names],
        ids=lambda value: str(value).replace(" ", "_"),
    )


@pytest.fixture(autouse=True)
def _no_warnings() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@lru_cache(maxsize=1)
def _input(kind: str, shape: tuple[int, int], dtype: str) -> tuple[Labels, Floats]:
    labels, probs = make_input(kind, *shape)
    return labels, probs.astype(dtype, copy=False)


@lru_cache(maxsize=1)
def _checked(cell: Cell) -> tuple[dict[str, Call], dict[str, float]]:
    labels, probs = _input(*cell[1:])
    calls = contestants(cell.task, labels, probs)
    seconds, found = first_runs(calls)
    check(cell.task, len(labels), found)
    return calls, {name: spent for name, (spent,) in seconds.items()}


@pytest.fixture
def run_cell(request: pytest.FixtureRequest, benchmark: Any) -> Any:
    """Return what checks a cell, then times one contestant in it."""
    plan = FULL if request.config.getoption("full") else QUICK

    def run(cell: Cell, contestant: str) -> None:
        calls, first = _checked(cell)
        most = plan.runs[contestant]
        benchmark.group = str(cell)
        benchmark.extra_info.update(cell.as_dict(), contestant=contestant)
        rounds = affordable_runs(first[contestant], most, plan.patience)
        benchmark.pedantic(calls[contestant], rounds=rounds)

    return run
