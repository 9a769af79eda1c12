"""``python -m bench.dropin``: compare and time every case, print the report, write it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench.dropin.report import full_report, summary
from bench.dropin.suite import TOPICS, run
from bench.markdown import write_between_markers

ROOT = Path(__file__).resolve().parents[2]
MARKERS = "benchmark-dropin"


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.dropin", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        choices=TOPICS,
        help="run this topic; may be given more than once (default: all)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "build" / "benchmark" / "dropin",
        metavar="FOLDER",
        help="where results.json and report.md go (default: build/benchmark/dropin)",
    )
    parser.add_argument(
        "--write-docs",
        type=Path,
        metavar="RESULTS",
        help="run nothing, put the tables of a results file into README.md and docs/",
    )
    options = parser.parse_args()
    if options.write_docs:
        write_docs(json.loads(options.write_docs.read_text(encoding="utf-8")), ROOT)
        return
    results = run(options.only or TOPICS, print, lambda found: keep(found, options.output))
    report = full_report(results)
    (options.output / "report.md").write_text(f"{report}\n", encoding="utf-8")
    print(f"\n{report}\n\nwritten to {options.output}")
    if any(row["difference"] for row in results["rows"]):
        sys.exit("results differ from cleanlab's: see DIFFERS above")


def keep(results: dict[str, Any], folder: Path) -> None:
    """Write the results, also those of a run that is not at its end."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=1) + "\n"
    (folder / "results.json").write_text(text, encoding="utf-8")


def write_docs(results: dict[str, Any], root: Path) -> None:
    """Put the summary into README.md, and the tables into docs/cleanlab-coverage.md."""
    write_between_markers(root / "README.md", summary(results), MARKERS)
    write_between_markers(root / "docs" / "cleanlab-coverage.md", full_report(results), MARKERS)


if __name__ == "__main__":
    main()
