"""``python -m bench.neighbors``: run everything, print the report, write it with the results."""

from __future__ import annotations

from pathlib import Path

from bench.command_line import OUTPUT, ROOT, keep, keep_report, parser_of, read
from bench.markdown import write_between_markers

from .cases import FULL, PARTS, QUICK
from .plot import draw
from .report import full_report, summary
from .results import Results
from .suite import run

MARKERS = "benchmark-neighbors"


def main() -> None:
    """Parse the command line."""
    quick = "small sizes, about 3 minutes"
    folder = OUTPUT / "neighbors"
    options = parser_of("bench.neighbors", __doc__, folder, quick=quick, parts=PARTS).parse_args()
    if options.write_docs:
        write_docs(read(options.write_docs), ROOT)
    else:
        plan, parts = QUICK if options.quick else FULL, options.only or PARTS
        results = run(plan, parts, keep=lambda found: keep(found, options.output))
        save(results, options.output)


def save(results: Results, folder: Path) -> None:
    """Write results, report and plot into a folder, and print the report."""
    keep(results, folder)
    draw(results, folder / "neighbors.png")
    keep_report(full_report(results), folder)


def write_docs(results: Results, root: Path) -> None:
    """Put the summary into README.md, and all tables and the plot into docs/."""
    write_between_markers(root / "README.md", summary(results), MARKERS)
    write_between_markers(root / "docs" / "benchmarks.md", full_report(results), MARKERS)
    draw(results, root / "docs" / "images" / "neighbors.png")


if __name__ == "__main__":
    main()
