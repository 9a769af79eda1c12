"""``python -m bench``: run everything, print the report, write it with the results and a plot."""

from __future__ import annotations

from pathlib import Path

from .cases import FULL, QUICK
from .command_line import OUTPUT, ROOT, keep, keep_report, parser_of, read
from .markdown import write_between_markers
from .plot import draw
from .report import full_report, summary
from .results import Results
from .suite import run


def main() -> None:
    """Parse the command line."""
    quick = "a tenth of the sizes, about 2 minutes"
    options = parser_of("bench", __doc__, OUTPUT, quick=quick).parse_args()
    if options.write_docs:
        write_docs(read(options.write_docs), ROOT)
    else:
        save(run(QUICK if options.quick else FULL), options.output)


def save(results: Results, folder: Path) -> None:
    """Write results, report and plot into a folder, and print the report."""
    keep(results, folder)
    draw(results, folder / "benchmark.png")
    keep_report(full_report(results), folder)


def write_docs(results: Results, root: Path) -> None:
    """Put the summary into README.md, and all tables and the plot into docs/."""
    write_between_markers(root / "README.md", summary(results))
    write_between_markers(root / "docs" / "benchmarks.md", full_report(results))
    draw(results, root / "docs" / "images" / "benchmark.png")


if __name__ == "__main__":
    main()
