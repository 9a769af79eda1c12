"""cleanlab's Datalab, whose checks call functions that are replaced, finds the same issues."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cupel.patch._compare import first_difference

pytest.importorskip("cleanlab")
pytest.importorskip("sklearn")
if importlib.util.find_spec("datasets") is None:
    pytest.skip("Datalab needs datasets", allow_module_level=True)

SCRIPT = Path(__file__).parent / "datalab_issues.py"
SILENCED = "import warnings; print(('ignore', None, Warning, None, 0) in warnings.filters)"


def start(*command: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What cleanlab finds, and what it finds when it is patched."""
    options = ("-W", "ignore")
    plain, patched = start(*options, SCRIPT), start(*options, "-m", "cupel.patch", SCRIPT)
    return {"plain": json.loads(answer(plain)), "patched": json.loads(answer(patched))}


@pytest.mark.parametrize(
    "case",
    [
        "probabilities",
        "features",
        "both",
        "chosen",
        "multilabel",
        "regression",
        "predictions",
    ],
)
def test_same_issues(found, case):
    plain, patched = found["plain"][case], found["patched"][case]
    assert plain["errors"] == []
    assert len(plain["issues"]) >= 2
    assert first_difference(patched, plain) is None


def test_checks_that_meet_a_nan_are_refused_by_name(found):
    """cleanlab's label check computes with it; with both packages the outlier check fails."""
    plain, patched = found["plain"]["nan"], found["patched"]["nan"]
    assert "is_label_issue" in plain["issues"]
    assert "is_label_issue" not in patched["issues"]
    assert any("label: pred_probs[3, 0] is nan" in line for line in patched["errors"])
    assert any("outlier" in line for line in plain["errors"])


def test_warnings_are_not_silenced():
    patch = "import cupel.patch; cupel.patch.patch_cleanlab(); "
    processes = start("-c", f"import cleanlab; {SILENCED}"), start("-c", patch + SILENCED)
    assert [answer(process).strip() for process in processes] == ["True", "False"]
