"""``python -m bench.neighbors``: run everything, print the report, write it with the results."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bench.markdown import write_between_markers

from .cases import FULL, PARTS, QUICK
from .plot import draw
from .report import full_report, summary
from .results import Results
from .suite import run

ROOT = Path(__file__).resolve().parents[2]
MARKERS = "benchmark-neighbors"


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.neighbors", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, about 3 minutes")
    parser.add_argument(
        "--only",
        action="append",
        choices=PARTS,
        help="run this part; may be given more than once (default: all)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "build" / "benchmark" / "neighbors",
        metavar="FOLDER",
        help="where results.json, report.md and neighbors.png go "
        "(default: build/benchmark/neighbors)",
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
        plan, parts = QUICK if options.quick else FULL, options.only or PARTS
        results = run(plan, parts, keep=lambda found: keep(found, options.output))
        save(results, options.output)


def keep(results: Results, folder: Path) -> None:
    """Write the results, also those of a run that is not at its end."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=1) + "\n"
    (folder / "results.json").write_text(text, encoding="utf-8")


def save(results: Results, folder: Path) -> None:
    """Write results, report and plot into a folder, and print the report."""
    keep(results, folder)
    report = full_report(results)
    (folder / "report.md").write_text(f"{report}\n", encoding="utf-8")
    draw(results, folder / "neighbors.png")
    print(f"\n{report}\n\nwritten to {folder}")


def write_docs(results: Results, root: Path) -> None:
    """Put the summary into README.md, and all tables and the plot into docs/."""
    write_between_markers(root / "README.md", summary(results), MARKERS)
    write_between_markers(root / "docs" / "benchmarks.md", full_report(results), MARKERS)
    draw(results, root / "docs" / "images" / "neighbors.png")


if __name__ == "__main__":
    main()
