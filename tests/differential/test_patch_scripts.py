"""Scripts that use cleanlab print the same when ``python -m cupel.patch`` runs them."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("cleanlab")
pytest.importorskip("sklearn")

from bench.dropin.coverage import public_functions

HERE = Path(__file__).parent
SCRIPTS = sorted((HERE / "scripts").glob("*.py"))
PATCHED = ("-m", "cupel.patch")
DRAWING = {
    "object_detection.summary.plot_class_distribution",
    "object_detection.summary.plot_class_size_distributions",
    "object_detection.summary.visualize",
    "segmentation.summary.display_issues",
}


def python(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run without warnings, on one thread per process: several run side by side."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", *map(str, command)],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )


def printed(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture(scope="module")
def all_at_once(pool: ThreadPoolExecutor) -> dict[str, Future[subprocess.CompletedProcess[str]]]:
    """Every script in one process: by cleanlab alone, and by both packages."""
    command = (HERE / "run_scripts.py", *SCRIPTS)
    return {
        "plain": pool.submit(python, *command),
        "verify": pool.submit(python, *PATCHED, "--verify", *command),
    }


@pytest.fixture(scope="module")
def one_by_one(pool, all_at_once) -> dict[Path, Future[subprocess.CompletedProcess[str]]]:
    """Every script in a process of its own, patched."""
    return {script: pool.submit(python, *PATCHED, script) for script in SCRIPTS}


@pytest.fixture(scope="module")
def expected(all_at_once) -> dict[str, str]:
    found: dict[str, str] = json.loads(printed(all_at_once["plain"].result()))
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_prints_the_same(script, one_by_one, expected):
    assert printed(one_by_one[script].result()) == expected[str(script)]


def test_verify_finds_no_difference(all_at_once, expected):
    done = all_at_once["verify"].result()
    assert json.loads(printed(done)) == expected
    assert done.stderr.splitlines()[-1].endswith("calls compared with cleanlab, 0 differences")


def test_scripts_use_every_function():
    """Except those that draw."""
    used = set()
    for script in SCRIPTS:
        for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cleanlab"):
                module = (node.module or "").partition(".")[2]
                used |= {f"{module}.{alias.name}".lstrip(".") for alias in node.names}
            elif isinstance(node, ast.Attribute):
                used.add(ast.unparse(node))  # rank.order_label_issues
    assert set(public_functions()) - used == DRAWING
