"""The code in the audit's guides runs, block after block, and their tables say what is so."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pd = pytest.importorskip("pandas")
for extra in ("scipy", "sklearn", "jinja2"):
    pytest.importorskip(extra)

from cupel.datalab._registry import checks_of
from strategies import make_problem

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


def test_coming_from_cleanlab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = (b for b in blocks_of("coming-from-cleanlab.md") if "Datalab" in b)
    labels, pred_probs = make_problem(200, 3, 0)
    names: dict[str, Any] = {
        "data": {"label": labels},
        "pred_probs": pred_probs,
        "features": np.random.default_rng(0).normal(size=(200, 4)),
    }
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(block, names)  # noqa: S102 - our own guide
    assert "label issues" in printed.getvalue()


def test_without_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide's command, on a file of the guide's name, writes the guide's files."""
    for package in ("click", "rich"):
        pytest.importorskip(package)
    from cupel.cli import main

    guide = (DOCS / "no-code.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^cupel (audit .*)$", guide, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    heights = np.concatenate([np.arange(30), 100 + np.arange(30)]) % 130
    kinds = ["low"] * 30 + ["high"] * 30
    kinds[3] = "high"
    rows = [f"{h},{h % 7},{kind}" for h, kind in zip(heights, kinds, strict=True)]
    Path("data.csv").write_text("\n".join(["height,other,label", *rows]) + "\n", encoding="utf-8")
    before = Path("data.csv").read_bytes()
    monkeypatch.setattr("sys.argv", ["cupel", *command.split(), "--quick"])
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main()
    named = set(re.findall(r"^\| `(\S+)` \|", guide, re.MULTILINE))
    assert named == {path.name for path in tmp_path.iterdir()} - {"data.csv"}
    assert Path("data.csv").read_bytes() == before
    audit = pd.read_csv("data-audit.csv")
    assert audit.loc[3, ["suggested_label", "review_rank"]].tolist() == ["low", 1]


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
