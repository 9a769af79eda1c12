"""``python -m bench.quality``: run everything, print the report, write it with the results."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.command_line import OUTPUT, ROOT, keep, keep_report, parser_of, read
from bench.markdown import write_between_markers

from .cases import FULL, PARTS, QUICK
from .plot import draw
from .report import full_report, summary
from .suite import run

DATA = Path(os.environ.get("CUPEL_DATA", ROOT.parent / "shared" / "data"))
MARKERS = "benchmark-quality"


def main() -> None:
    """Parse the command line."""
    quick = "few small data sets and resamples, about 1 minute"
    parser = parser_of("bench.quality", __doc__, OUTPUT / "quality", quick=quick, parts=PARTS)
    parser.add_argument(
        "--data",
        type=Path,
        default=DATA,
        metavar="FOLDER",
        help="where the noisy CIFAR-10 and the test sets are; without them the report has less "
        "(default: $CUPEL_DATA, or shared/data next to the project's folder)",
    )
    parser.add_argument(
        "--draw",
        type=int,
        default=FULL.draw,
        metavar="SEED",
        help="another draw of the noise and the generated data that were not used to choose, "
        "for when the usual one has been looked at too often (default: %(default)s)",
    )
    options = parser.parse_args()
    if options.write_docs:
        write_docs(read(options.write_docs), ROOT)
    else:
        plan = replace(QUICK if options.quick else FULL, draw=options.draw)
        save(run(plan, options.data, options.only or PARTS), options.output)


def save(results: dict[str, Any], folder: Path) -> None:
    """Write results, report and plot into a folder, and print the report."""
    keep(results, folder)
    draw(results, folder / "quality.png")
    keep_report(full_report(results), folder)


def write_docs(results: dict[str, Any], root: Path) -> None:
    """Put the summary into README.md, and all tables and the plot into docs/."""
    write_between_markers(root / "README.md", summary(results), MARKERS)
    write_between_markers(root / "docs" / "benchmarks.md", full_report(results), MARKERS)
    draw(results, root / "docs" / "images" / "quality.png")


if __name__ == "__main__":
    main()
