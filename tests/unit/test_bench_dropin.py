"""The drop-in benchmark: equal means equal, differences are found, the report says both."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pd = pytest.importorskip("pandas")
pytest.importorskip("cleanlab")
pytest.importorskip("psutil")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _root_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def bench(name: str) -> ModuleType:
    return importlib.import_module(f"bench.dropin.{name}")


FRAME = pd.DataFrame({"a": [1, 2], "b": [0.5, np.nan]})


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (np.array([1, 2]), np.array([1, 3])),
        (np.array([0.1]), np.array([0.1 + 2e-6])),
        (np.array([np.nan]), np.array([0.0])),
        (np.array([1, 2]), np.array([1.0, 2.0])),
        (np.array([1, 2]), np.array([[1, 2]])),
        ([1, 2], (1, 2)),
        ([1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (FRAME, FRAME.rename(columns={"a": "c"})),
        (FRAME, FRAME.set_index(pd.Index([1, 0]))),
        (FRAME, FRAME.assign(b=[0.5, 0.5])),
        (FRAME["a"], FRAME["a"].to_numpy()),
        (pd.Series([1], index=["x"]), pd.Series([1], index=["y"])),
        (None, 1.0),
        ("a", "b"),
        (np.array([None, 1.0], dtype=object), np.array([None, 2.0], dtype=object)),
    ],
)
def test_differences_are_found(actual: Any, expected: Any) -> None:
    same = bench("same").assert_same
    same(actual, actual)
    same(expected, expected)
    with pytest.raises(AssertionError):
        same(actual, expected)


def toy_case(**changes: Any) -> Any:
    def inputs() -> Any:
        return (np.array([0, 1, 0, 1]), np.full((4, 2), 0.5)), {}

    settings = {"function": "rank.get_label_quality_scores", "size": "4 x 2", "make": inputs}
    return bench("case").Case(**{**settings, **changes})


def test_a_case_is_compared_and_timed() -> None:
    row = bench("suite").time_case(toy_case())
    assert row["difference"] is None
    assert {name: len(s) for name, s in row["seconds"].items()} == {"cupel": 5, "cleanlab": 3}


def test_a_wrong_result_is_reported() -> None:
    def call(function: Any, args: Any, kwargs: Any) -> Any:
        return function(*args, **kwargs) + function.__module__.startswith("cupel")

    row = bench("suite").time_case(toy_case(call=call))
    assert "Not equal" in row["difference"]


def test_a_case_may_run_alone() -> None:
    row = bench("suite").time_case(toy_case(alone=True))
    assert list(row["seconds"]) == ["cupel"]


def test_every_topic_has_cases_of_public_functions() -> None:
    public = set(bench("coverage").public_functions())
    for topic in bench("suite").TOPICS:
        for case in bench("suite").cases_of(topic):
            assert case.function in public


def test_the_report_says_what_was_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    report, suite = bench("report"), bench("suite")
    slow = toy_case(goal=1e9, label="slow")
    cases = {"toy": [toy_case(goal=0.0), slow, toy_case(alone=True, size="huge")]}
    monkeypatch.setattr(suite, "cases_of", cases.__getitem__)
    lines: list[str] = []
    results = suite.run(["toy"], lines.append, keep=lambda _: None)
    assert len(lines) == 3
    results = json.loads(json.dumps(results))
    text = report.full_report(results)
    assert "| `rank.get_label_quality_scores` | same | yes | " in text
    assert "huge" in text
    assert "| **no** |" in text
    assert "| 1 of 2 |" in report.summary(results)
    results["rows"][0]["difference"] = "planted"
    assert "| `rank.get_label_quality_scores` | same | **no** | " in report.full_report(results)

    main = bench("__main__")
    (tmp_path / "docs").mkdir()
    for path in ("README.md", "docs/cleanlab-coverage.md"):
        (tmp_path / path).write_text(
            f"a\n<!-- {main.MARKERS}:start -->\n<!-- {main.MARKERS}:end -->\nb\n"
        )
    main.write_docs(results, tmp_path)
    assert "1 of 2" in (tmp_path / "README.md").read_text()
    assert "Coverage" in (tmp_path / "docs" / "cleanlab-coverage.md").read_text()
