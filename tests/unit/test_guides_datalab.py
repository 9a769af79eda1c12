"""The code in the audit's guides runs, block after block, and their tables say what is so."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

for extra in ("pandas", "scipy", "sklearn", "jinja2"):
    pytest.importorskip(extra)

from cupel.datalab._registry import checks_of

DOCS = Path(__file__).resolve().parents[2] / "docs"
TASKS = ("classification", "regression", "multilabel")


def blocks_of(guide: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / guide).read_text(encoding="utf-8"), re.DOTALL)


def run_guide(guide: str) -> dict[str, Any]:
    """Run all blocks in one namespace, as a reader would; return it."""
    names: dict[str, Any] = {"__name__": "guide"}
    for number, block in enumerate(blocks_of(guide)):
        code = compile(block, f"{guide}, block {number}", "exec")
        with contextlib.redirect_stdout(io.StringIO()):
            exec(code, names)  # noqa: S102 - our own guide
    return names


def test_the_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = run_guide("audit.md")
    planted = names["lab"].get_issues("label")["is_label_issue"]
    assert planted[[11, 22, 33]].all()
    assert names["by_neighbours"].get_issues("label")["is_label_issue"][[11, 22, 33]].all()
    assert names["progression"].get_reasons("label").index[0] == 7
    assert names["topics"].get_issues("label")["is_label_issue"][0]
    assert names["reviews"].get_issues("too_short")["is_too_short_issue"].tolist() == [0, 1, 0]
    assert set(names["unlabelled"].errors) == {"label"}
    assert (tmp_path / "report.html").stat().st_size < 3e6
    assert names["again"].issues.equals(names["lab"].issues)


def rows_of_issue_types() -> dict[str, list[str]]:
    text = (DOCS / "audit.md").read_text(encoding="utf-8").partition("## Issue types\n")[2]
    rows = re.findall(r"^\| (`\w+` \|.*) \|$", text.partition("\n## ")[0], re.MULTILINE)
    cells = [[cell.strip(" |") for cell in row.split(" | ")] for row in rows]
    return {row[0].strip("`"): row for row in cells}


def test_the_table_of_issue_types() -> None:
    rows = rows_of_issue_types()
    checks = {name: check for task in TASKS for name, check in checks_of(task).items()}
    assert set(rows) == set(checks)
    for name, check in checks.items():
        assert rows[name][3] == ("yes" if check.is_default else "no"), name
        told = re.findall(r"`(\w+)`", rows[name][4])
        if name != "label":
            assert sorted(told) == sorted(check.parameters), name
        assert set(told) - {"find_label_issues"} <= set(check.parameters), name
