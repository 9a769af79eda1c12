"""``python -m bench``: run everything, print the report, write it with the results and a plot."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .cases import FULL, QUICK
from .markdown import write_between_markers
from .plot import draw
from .report import full_report, summary
from .results import Results
from .suite import run

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the sizes, about 2 minutes"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "build" / "benchmark",
        metavar="FOLDER",
        help="where results.json, report.md and benchmark.png go (default: build/benchmark)",
    )
    parser.add_argument(
        "--write-docs",
        type=Path,
        metavar="RESULTS",
        help="run nothing, put the tables and the plot of a results file into README.md and docs/",
    )
    options = parser.parse_args()
    if options.write_docs:
        write_docs(json.loads(options.write_docs.read_text(encoding="utf-8")), ROOT)
    else:
        save(run(QUICK if options.quick else FULL), options.output)


def save(results: Results, folder: Path) -> None:
    """Write results, report and plot into a folder, and print the report."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=1) + "\n"
    (folder / "results.json").write_text(text, encoding="utf-8")
    draw(results, folder / "benchmark.png")
    report = full_report(results)
    (folder / "report.md").write_text(f"{report}\n", encoding="utf-8")
    print(f"\n{report}\n\nwritten to {folder}")


def write_docs(results: Results, root: Path) -> None:
    """Put the summary into README.md, and all tables and the plot into docs/."""
    write_between_markers(root / "README.md", summary(results))
    write_between_markers(root / "docs" / "benchmarks.md", full_report(results))
    draw(results, root / "docs" / "images" / "benchmark.png")


if __name__ == "__main__":
    main()
