"""How many threads a call uses, and which instruction set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cupel
from cupel import _runtime
from cupel._runtime import resolve_threads
from strategies import make_problem
from stress.child import output, python


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUPEL_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


@pytest.fixture
def eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(_runtime, "_cgroup_quota", lambda: None)


@pytest.mark.usefixtures("eight_cpus")
class TestThreads:
    def test_default_is_the_affinity(self) -> None:
        assert resolve_threads(None) == 8
        assert resolve_threads(-1) == 8

    def test_the_argument_wins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CUPEL_NUM_THREADS", "3")
        monkeypatch.setenv("OMP_NUM_THREADS", "2")
        assert resolve_threads(5) == 5
        assert resolve_threads(np.int64(6)) == 6
        assert resolve_threads(64) == 64
        assert resolve_threads(-1) == 8

    def test_our_variable_before_openmps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OMP_NUM_THREADS", "2")
        assert resolve_threads(None) == 2
        monkeypatch.setenv("CUPEL_NUM_THREADS", " 3 ")
        assert resolve_threads(None) == 3
        monkeypatch.setenv("CUPEL_NUM_THREADS", "")
        assert resolve_threads(None) == 2

    @pytest.mark.parametrize("value", ["4,2", "many", "0", "-1", "2.0", ""])
    def test_openmps_own_syntax_is_not_ours(
        self, value: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OMP_NUM_THREADS", value)
        assert resolve_threads(None) == 8

    @pytest.mark.parametrize("value", ["many", "0", "-1", "2.0", "1e3", " "])
    def test_our_variable_must_be_a_count(
        self, value: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CUPEL_NUM_THREADS", value)
        with pytest.raises(ValueError, match="CUPEL_NUM_THREADS must be a whole number"):
            resolve_threads(None)
        assert resolve_threads(2) == 2  # it is not read then

    def test_control_group(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_runtime, "_cgroup_quota", lambda: 3)
        assert resolve_threads(None) == 3
        monkeypatch.setattr(_runtime, "_cgroup_quota", lambda: 100)
        assert resolve_threads(None) == 8

    def test_without_affinities(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr(os, "sched_getaffinity", raising=False)
        monkeypatch.setattr(os, "cpu_count", lambda: 6)
        assert resolve_threads(None) == 6
        monkeypatch.setattr(os, "cpu_count", lambda: None)
        assert resolve_threads(None) == 1


@pytest.mark.parametrize(
    ("text", "quota"),
    [("max 100000\n", None), ("150000 100000\n", 2), ("50000 100000\n", 1), ("junk", None)],
)
def test_quota_of_a_control_group(
    text: str, quota: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: text)
    assert _runtime._cgroup_quota.__wrapped__() == quota


@pytest.mark.parametrize("value", [0, -2, -(2**70)])
def test_n_jobs_is_positive(value: int) -> None:
    labels, p = make_problem(20, 3, 0)
    with pytest.raises(ValueError, match="n_jobs must be at least 1, or -1 for all CPUs, got"):
        cupel.find_label_issues(labels, p, n_jobs=value)


@pytest.mark.parametrize("value", [True, 2.0, "2", [2]])
def test_n_jobs_is_an_integer(value: Any) -> None:
    labels, p = make_problem(20, 3, 0)
    with pytest.raises(TypeError, match="n_jobs must be an integer or None, got"):
        cupel.find_label_issues(labels, p, n_jobs=value)


@pytest.mark.parametrize("value", [10**4, 2**40, 2**63, 2**100])
def test_more_threads_than_there_can_be(value: int) -> None:
    labels, p = make_problem(500, 3, 0)
    expected = cupel.find_label_issues(labels, p, n_jobs=1)
    np.testing.assert_array_equal(cupel.find_label_issues(labels, p, n_jobs=value), expected)


def test_instruction_sets() -> None:
    available = cupel.available_isas()
    assert available[-1] == "baseline"
    assert len(set(available)) == len(available)
    assert cupel.active_isa() in available
    before = cupel.active_isa()
    for name in available:
        cupel.select_isa(name)
        assert cupel.active_isa() == name
    with pytest.raises(ValueError, match=r"'avx3' is not available here; choose one of .*baseline"):
        cupel.select_isa("avx3")
    assert cupel.active_isa() == available[-1]
    cupel.select_isa(before)


ACTIVE = "import cupel; print(cupel.active_isa())"


@pytest.mark.parametrize("name", cupel.available_isas())
def test_instruction_set_from_the_environment(name: str, tmp_path: Path) -> None:
    assert output(ACTIVE, tmp_path, CUPEL_ISA=name).strip() == name


def test_the_best_instruction_set_by_default(tmp_path: Path) -> None:
    assert output(ACTIVE, tmp_path, CUPEL_ISA="").strip() == cupel.available_isas()[0]


def test_an_unknown_instruction_set_in_the_environment(tmp_path: Path) -> None:
    done = python(ACTIVE, tmp_path, CUPEL_ISA="mmx")
    assert done.returncode == 1
    assert "instruction set 'mmx' is not available here" in done.stderr


def test_threads_from_the_environment(tmp_path: Path) -> None:
    source = "from cupel._runtime import resolve_threads; print(resolve_threads(None))"
    assert output(source, tmp_path, CUPEL_NUM_THREADS="7").strip() == "7"
    assert output(source, tmp_path, CUPEL_NUM_THREADS="", OMP_NUM_THREADS="5").strip() == "5"
