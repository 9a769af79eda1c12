"""The audit's benchmark at toy size: it compares, times, and says what falls short."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

pd = pytest.importorskip("pandas")
for package in ("cleanlab", "datasets", "psutil", "scipy", "sklearn", "jinja2"):
    pytest.importorskip(package)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _root_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def bench(name: str) -> ModuleType:
    return importlib.import_module(f"bench.datalab.{name}")


@pytest.fixture
def few_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do without the processes that import cleanlab, which takes seconds."""
    monkeypatch.setattr(bench("memory"), "CONTESTANTS", ("cupel",))
    monkeypatch.setattr(bench("once"), "_IMPORTS", {"cupel": "import cupel"})


def toy_plan() -> Any:
    cases = bench("cases")
    cell = cases.Cell(400, 8, 3)
    return replace(
        cases.QUICK,
        name="toy",
        rows=(400,),
        columns=(8,),
        classes=(3,),
        headline=cell,
        graph=cell,
        valuation=cell,
        further=(cell._replace(dtype="float32"),),
        most_runs=2,
        patience=60.0,
        imports=1,
    )


def lab(scores: Any, flags: Any, summary: float = 0.5) -> Any:
    """What `difference` looks at of an audit."""
    issues = pd.DataFrame({"is_label_issue": flags, "label_score": scores})
    row = {"issue_type": ["label"], "score": [summary], "num_issues": [int(np.sum(flags))]}
    return SimpleNamespace(issues=issues, get_issue_summary=lambda _: pd.DataFrame(row))


def test_differences_are_found() -> None:
    difference = bench("contestants").difference
    same = lab([0.1, 0.9], [True, False])
    assert difference(same, lab([0.1 + 1e-8, 0.9], [True, False]), ["label"]) is None
    assert difference(same, lab([0.1, 0.9], [False, False]), ["label"]) == "label: 1 flags, counts"
    assert "scores by 0.1" in difference(same, lab([0.2, 0.9], [True, False]), ["label"])
    assert "scores by nan" in difference(same, lab([np.nan, 0.9], [True, False]), ["label"])
    assert "summary by 0.2" in difference(same, lab([0.1, 0.9], [True, False], 0.7), ["label"])
    assert "outlier: not found by cupel" in difference(same, same, ["label", "outlier"])


def test_inputs_are_the_same_every_time_and_have_everything() -> None:
    cases = bench("cases")
    cell = cases.Cell(1000, 8, 3)
    first, again = cases.make_inputs(cell), cases.make_inputs(cell)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert len(np.unique(first.features, axis=0)) == 1000
    assert cases.make_inputs(cell._replace(dtype="float32")).features.dtype == np.float32
    assert str(cell._replace(kind=cases.FLAT)) == "1000 x 8, 3 classes, flat"
    np.testing.assert_allclose(first.pred_probs.sum(axis=1), 1)
    assert 0.02 < np.mean(first.pred_probs.argmax(axis=1) != first.labels) < 0.2


@pytest.mark.usefixtures("few_processes")
def test_a_run_makes_the_report(tmp_path: Path) -> None:
    cases, report, main = bench("cases"), bench("report"), bench("__main__")
    kept: list[Any] = []
    results = bench("suite").run(toy_plan(), log=lambda _: None, keep=kept.append)
    assert len(kept) == len(cases.PARTS)
    results = json.loads(json.dumps(results, allow_nan=False))
    assert bench("results").differences(results) == []
    checks = [row["check"] for row in results["graph"]]
    assert checks == [*cases.GRAPH_DEFAULTS, "all defaults", cases.VALUATION]
    assert [row["contestant"] for row in results["memory"]] == ["cupel"]
    assert set(results["cells"][0]["seconds"]) == set(cases.CONTESTANTS)

    text = report.full_report(results)
    assert "| find_issues, every default check, the same checks | >= 12x |" in text
    assert "| checks that only read the graph, together | >= 50x |" in text
    assert "| report, size | <= 3 MB |" in text
    assert "| import of cupel beyond NumPy's | <= 80 ms |" in text
    assert "equal (numbers within 1e-6) on every input" in text
    results["cells"][0]["difference"] = "label: 1 flags"
    assert "- 400 x 8, 3 classes: label: 1 flags" in report.full_report(results)

    (tmp_path / "docs").mkdir()
    for path in ("README.md", "docs/datalab-benchmark.md"):
        (tmp_path / path).write_text(
            f"a\n<!-- {main.MARKERS}:start -->\n<!-- {main.MARKERS}:end -->\nb\n"
        )
    main.write_docs(results, tmp_path)
    assert "together | >= 50x" in (tmp_path / "README.md").read_text()
    assert "## Every default check" in (tmp_path / "docs" / "datalab-benchmark.md").read_text()


@pytest.mark.usefixtures("few_processes")
def test_parts_can_be_left_out() -> None:
    results = bench("suite").run(toy_plan(), ["import"], log=lambda _: None)
    assert results["import"]
    assert not results["cells"]
    assert "## Import" in bench("report").full_report(results)
