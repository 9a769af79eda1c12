"""``python -m cupel.patch`` runs programs as ``python`` does."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ABOUT_ITSELF = """
import os, sys
import __main__
print(sys.argv[1:], os.path.abspath(sys.argv[0]), os.path.abspath(sys.path[0]))
print(__name__, __file__, __package__, __spec__ and __spec__.name, type(__loader__).__name__)
print(__main__.__dict__ is globals(), "annotations" in globals())
print(sorted(name for name in globals() if name not in ("__annotations__", "__cached__")))
"""

# The command without its import of cleanlab, which takes seconds.
WITHOUT_PATCH = """
from cupel.patch import __main__ as command
command.patch_cleanlab = lambda **options: None
raise SystemExit(command.main())
"""


@pytest.fixture(autouse=True, scope="module")
def needs_cleanlab() -> None:
    pytest.importorskip("cleanlab")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "unpatched.py": WITHOUT_PATCH,
        "about.py": ABOUT_ITSELF,
        "fails.py": "import helper\n\nhelper.fail()\n",
        "helper.py": "def fail():\n    raise LookupError('on purpose')\n",
        "broken.py": "x = 1\ny = = 2\n",
        "leaves.py": "import sys\nprint('out')\nsys.exit('a message')\n",
        "status.py": "raise SystemExit(7)\n",
        "needs.py": "import does_not_exist\n",
        "package/__init__.py": "",
        "package/__main__.py": ABOUT_ITSELF,
        "package/part.py": ABOUT_ITSELF,
        "plain/__main__.py": ABOUT_ITSELF,
        "empty/nothing.py": "",
        "who.py": """
            from cleanlab.filter import find_label_issues
            from cupel.patch import is_patched
            print(find_label_issues.__module__, is_patched())
        """,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    (tmp_path / "link.py").symlink_to(tmp_path / "package" / "part.py")
    return tmp_path


def run(folder: Path, *command: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, *command],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def without_runpy(text: str) -> str:
    """A traceback without the lines by which ``python -m`` starts a module."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if "<frozen runpy>" not in line)


@pytest.mark.parametrize(
    "command",
    [
        ("about.py", "one", "--two", "-m"),
        ("package/part.py",),
        ("link.py", "--verify"),
        ("plain",),
        ("-m", "about", "one", "--verify"),
        ("-m", "package"),
        ("-m", "package.part", "-m", "x"),
    ],
    ids=" ".join,
)
def test_programs_see_what_they_would_see(folder, command):
    assert run(folder, "-m", "unpatched", *command) == run(folder, *command)


@pytest.mark.parametrize(
    "command",
    [
        ("fails.py",),
        ("-m", "fails"),
        ("broken.py",),
        ("leaves.py",),
        ("status.py",),
        ("needs.py",),
        ("absent.py",),
        ("empty",),
        ("-m", "absent"),
        ("-m", "package.absent"),
    ],
    ids=" ".join,
)
def test_programs_end_as_they_would_end(folder, command):
    status, out, err = run(folder, "-m", "unpatched", *command)
    plain_status, plain_out, plain_err = run(folder, *command)
    assert (status, out, err) == (plain_status, plain_out, without_runpy(plain_err))


def test_names_are_replaced_and_the_state_is_the_one_that_can_be_imported(folder):
    assert run(folder, "-m", "cupel.patch", "who.py") == (0, "cupel.filter True\n", "")


def test_verify_sums_up(folder):
    (folder / "calls.py").write_text(
        textwrap.dedent("""
            import numpy as np
            from cleanlab.rank import get_label_quality_scores
            p = np.array([[0.9, 0.1], [0.2, 0.8]])
            labels = np.array([0, 1])
            print(get_label_quality_scores(labels, p))
            p[0] = np.nan
            get_label_quality_scores(labels, p)
        """)
    )
    status, out, err = run(folder, "-m", "cupel.patch", "--verify", "calls.py")
    assert (status, out) == (1, "[0.9 0.8]\n")
    assert "calls.py:8: CupelDifferenceWarning: cleanlab.rank.get_label_quality_scores: " in err
    assert "ValueError: pred_probs[0, 0] is nan" in err
    assert err.endswith("cupel: 2 calls compared with cleanlab, 1 differences\n")


def test_usage(folder):
    for command in ((), ("--verify",), ("-m",), ("--unknown", "about.py")):
        status, out, err = run(folder, "-m", "cupel.patch", *command)
        assert (status, out) == (2, "")
        assert err.startswith("usage: python -m cupel.patch [-h] [--verify]")
    status, out, _ = run(folder, "-m", "cupel.patch", "--help")
    assert status == 0
    assert "(script.py | -m module)" in out


def test_without_cleanlab(folder):
    (folder / "cleanlab.py").write_text("raise ImportError('no')")
    status, _, err = run(folder, "-m", "cupel.patch", "about.py")
    assert status == 1
    assert err == (
        'python -m cupel.patch: patch_cleanlab needs cleanlab: pip install "cupel[cleanlab]"\n'
    )
