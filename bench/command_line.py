"""What the command lines of the benchmarks share: their options, and how results are kept."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "build" / "benchmark"


def parser_of(
    program: str,
    description: str | None,
    output: Path,
    *,
    quick: str | None = None,
    parts: Sequence[str] = (),
) -> argparse.ArgumentParser:
    """Make the parser of ``python -m program``.

    Parameters
    ----------
    program : str
        The module: "bench.quality".
    description : str or None
        What it does.
    output : Path
        Where its files go by default.
    quick : str, optional
        What ``--quick`` means, for programs that have it.
    parts : sequence of str
        What ``--only`` may name, for programs that have it.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    if quick:
        parser.add_argument("--quick", action="store_true", help=quick)
    if parts:
        parser.add_argument(
            "--only",
            action="append",
            choices=parts,
            help="run this part; may be given more than once (default: all)",
        )
    parser.add_argument(
        "--output",
        type=Path,
        default=output,
        metavar="FOLDER",
        help=f"where results and report go (default: {output.relative_to(ROOT)})",
    )
    parser.add_argument(
        "--write-docs",
        type=Path,
        metavar="RESULTS",
        help="run nothing, put the tables of a results file into README.md and docs/",
    )
    return parser


def keep(results: dict[str, Any], folder: Path) -> None:
    """Write the results, also those of a run that is not at its end."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=1, allow_nan=False) + "\n"
    (folder / "results.json").write_text(text, encoding="utf-8")


def keep_report(report: str, folder: Path) -> None:
    """Write the report and print it."""
    (folder / "report.md").write_text(f"{report}\n", encoding="utf-8")
    print(f"\n{report}\n\nwritten to {folder}")


def read(results: Path) -> dict[str, Any]:
    """Read a results file."""
    found: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
    return found
