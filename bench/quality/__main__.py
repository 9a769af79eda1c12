"""``python -m bench.quality``: run everything, print the report, write it with the results."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.markdown import write_between_markers

from .cases import FULL, PARTS, QUICK
from .plot import draw
from .report import full_report, summary
from .suite import run

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CUPEL_DATA", ROOT.parent / "shared" / "data"))
MARKERS = "benchmark-quality"


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__)
    parser.add_argument(
        "--data",
        type=Path,
        default=DATA,
        metavar="FOLDER",
        help="where the noisy CIFAR-10 and the test sets are; without them the report has less "
        "(default: $CUPEL_DATA, or shared/data next to the project's folder)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="few small data sets and resamples, about 1 minute"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=PARTS,
        help="run this part; may be given more than once (default: all)",
    )
    parser.add_argument(
        "--draw",
        type=int,
        default=FULL.draw,
        metavar="SEED",
        help="another draw of the noise and the generated data that were not used to choose, "
        "for when the usual one has been looked at too often (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "build" / "benchmark" / "quality",
        metavar="FOLDER",
        help="where results.json, report.md and quality.png go (default: build/benchmark/quality)",
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
        plan = replace(QUICK if options.quick else FULL, draw=options.draw)
        save(run(plan, options.data, options.only or PARTS), options.output)


def save(results: dict[str, Any], folder: Path) -> None:
    """Write results, report and plot into a folder, and print the report."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, allow_nan=False) + "\n"
    (folder / "results.json").write_text(text, encoding="utf-8")
    report = full_report(results)
    (folder / "report.md").write_text(f"{report}\n", encoding="utf-8")
    draw(results, folder / "quality.png")
    print(f"\n{report}\n\nwritten to {folder}")


def write_docs(results: dict[str, Any], root: Path) -> None:
    """Put the summary into README.md, and all tables and the plot into docs/."""
    write_between_markers(root / "README.md", summary(results), MARKERS)
    write_between_markers(root / "docs" / "benchmarks.md", full_report(results), MARKERS)
    draw(results, root / "docs" / "images" / "quality.png")


if __name__ == "__main__":
    main()
