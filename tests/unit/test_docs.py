"""Every public module is in the API reference, and every page of the documentation is reached."""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import cupel

DOCS = Path(__file__).resolve().parents[2] / "docs"
# Not for import by users: the command line, and what only tests compare with.
NOT_DESCRIBED = ("cupel.cli", "cupel.reference", "cupel.datalab.")


def public_modules() -> set[str]:
    package = Path(cupel.filter.__file__).parent
    found = pkgutil.walk_packages([str(package)], "cupel.", onerror=lambda _: None)
    names = {m.name for m in found if not re.search(r"\._", m.name)}
    return {name for name in names if not name.startswith(NOT_DESCRIBED)} | {"cupel"}


def test_every_public_module_is_described() -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (DOCS / "api").glob("*.rst"))
    described = re.findall(r"^\.\. automodule:: (\S+)$", pages, re.MULTILINE)
    assert len(described) == len(set(described))
    assert public_modules() == set(described)


def test_every_page_is_in_a_table_of_contents() -> None:
    reached = set()
    for path in DOCS.rglob("*.md"):
        for tree in re.findall(
            r"```\{toctree\}(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL
        ):
            entries = [line for line in tree.split() if not line.startswith(":")]
            reached |= {(path.parent / entry).relative_to(DOCS).as_posix() for entry in entries}
    pages = {p.relative_to(DOCS).with_suffix("").as_posix() for p in DOCS.rglob("*.md")}
    pages |= {p.relative_to(DOCS).with_suffix("").as_posix() for p in DOCS.rglob("*.rst")}
    assert pages - reached == {"index"}


@pytest.mark.slow
def test_the_build_warns_of_nothing_and_fetches_nothing(tmp_path: Path) -> None:
    for package in ("sphinx", "furo", "myst_parser", "pandas", "sklearn"):
        pytest.importorskip(package)
    command = [sys.executable, "-m", "sphinx", "-W", "-q", str(DOCS), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    fetched = re.compile(r'<(script|img|iframe)[^>]+src="(https?:)?//|<link[^>]+href="https?://')
    pages = {page: page.read_text(encoding="utf-8") for page in tmp_path.rglob("*.html")}
    assert len(pages) > 20
    assert not [page for page, text in pages.items() if fetched.search(text)]
