"""``python -m bench.datalab``: compare and time both, print the report, write it."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.command_line import OUTPUT, ROOT, keep, keep_report, parser_of, read
from bench.markdown import write_between_markers

from .cases import FULL, PARTS, QUICK
from .report import full_report, summary
from .results import Results, differences
from .suite import run

MARKERS = "benchmark-datalab"


def main() -> None:
    """Parse the command line."""
    quick = "small inputs, about a minute"
    folder = OUTPUT / "datalab"
    options = parser_of("bench.datalab", __doc__, folder, quick=quick, parts=PARTS).parse_args()
    if options.write_docs:
        write_docs(read(options.write_docs), ROOT)
        return
    plan = QUICK if options.quick else FULL
    parts = options.only or PARTS
    results = run(plan, parts, keep=lambda found: keep(found, options.output))
    keep(results, options.output)
    keep_report(full_report(results), options.output)
    if differences(results):
        sys.exit("results differ from cleanlab's: see above")


def write_docs(results: Results, root: Path) -> None:
    """Put the goals into README.md, and all tables into docs/datalab-benchmark.md."""
    write_between_markers(root / "README.md", summary(results), MARKERS)
    write_between_markers(root / "docs" / "datalab-benchmark.md", full_report(results), MARKERS)


if __name__ == "__main__":
    main()
