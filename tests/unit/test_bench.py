"""The benchmark's functions at toy size, so that they keep working."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cleanlab")
pytest.importorskip("matplotlib")
pytest.importorskip("psutil")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _root_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def bench(name: str) -> ModuleType:
    return importlib.import_module(f"bench.{name}")


def toy_plan() -> Any:
    cases = bench("cases")
    tasks = (cases.FILTER_TASKS[0], cases.OTHER_TASKS[2])
    return cases.Plan(
        name="toy",
        shapes=((200, 10),),
        row_counts=(100, 200),
        patience=0.0,
        tasks=tasks,
        kinds=("diffuse",),
        dtypes=("float64",),
    )


def test_a_run_makes_report_and_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = bench("suite").run(toy_plan(), log=lambda _: None)
    assert [row["task"] for row in results["cells"]] == ["prune_by_noise_rate", "self_confidence"]
    for row in results["cells"]:
        assert all(s > 0 for seconds in row["seconds"].values() for s in seconds)
        assert row["cleanlab_differs_on"] == 0
    assert all(row["extra_bytes"] >= 0 for row in results["memory"])

    main = bench("__main__")
    main.save(results, tmp_path)
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8")) == results
    assert (tmp_path / "benchmark.png").read_bytes().startswith(b"\x89PNG")
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "find_label_issues against cleanlab, geometric mean | >= 40x" in report
    assert report in capsys.readouterr().out

    (tmp_path / "docs").mkdir()
    for path in (tmp_path / "README.md", tmp_path / "docs" / "benchmarks.md"):
        path.write_text("above\n<!-- benchmark:start -->old<!-- benchmark:end -->\nbelow\n")
    main.write_docs(results, tmp_path)
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("above\n<!-- benchmark:start -->\n\n| input |")
    assert readme.endswith("\n\n<!-- benchmark:end -->\nbelow\n")
    assert "| 200 x 10 float64 |" in readme
    assert (tmp_path / "docs" / "images" / "benchmark.png").is_file()


@pytest.mark.parametrize("text", ["", "<!-- benchmark:start --> <!-- benchmark:start -->"])
def test_markers_are_needed(tmp_path: Path, text: str) -> None:
    path = tmp_path / "README.md"
    path.write_text(text)
    with pytest.raises(ValueError, match="once each"):
        bench("markdown").write_between_markers(path, "new")


@pytest.mark.parametrize("k", [10, 100])
@pytest.mark.parametrize(("kind", "least", "most"), [("softmax", 0.08, 0.3), ("diffuse", 0.3, 1)])
def test_inputs_look_like_predictions(kind: str, least: float, most: float, k: int) -> None:
    labels, probs = bench("cases").make_input(kind, 20_000, k)
    again, _ = bench("cases").make_input(kind, 20_000, k)
    np.testing.assert_array_equal(labels, again)
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-12)
    assert probs.min() >= 0
    assert set(np.unique(labels)) == set(range(k))
    assert least < np.mean(probs.argmax(axis=1) != labels) < most


def test_disagreement_is_refused() -> None:
    cases, contestants = bench("cases"), bench("contestants")
    task = cases.FILTER_TASKS[0]
    found = {cases.CUPEL: np.arange(9), cases.REFERENCE: np.arange(9), cases.CLEANLAB: np.arange(8)}
    assert contestants.check(task, 10_000, found) == 1
    with pytest.raises(AssertionError, match="cleanlab differ on 1 of 1000"):
        contestants.check(task, 1000, found)
    with pytest.raises(AssertionError, match="reference differ"):
        contestants.check(task, 10_000, {**found, cases.REFERENCE: np.arange(8)})


def test_contestants_take_turns() -> None:
    timing = bench("timing")
    order: list[str] = []
    calls = {name: lambda name=name: order.append(name) for name in "abc"}
    seconds, _ = timing.first_runs(calls)
    timing.take_turns(calls, {"a": 3, "b": 2, "c": 1}, seconds)
    assert "".join(order) == "abcaba"
    assert {name: len(s) for name, s in seconds.items()} == {"a": 3, "b": 2, "c": 1}
    assert timing.affordable_runs(first=10.0, most=3, patience=1.0) == 2
    assert timing.affordable_runs(first=0.1, most=3, patience=1.0) == 3
