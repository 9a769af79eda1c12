"""``python -m bench.dropin``: compare and time every case, print the report, write it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from bench.command_line import OUTPUT, ROOT, keep, keep_report, parser_of, read
from bench.dropin.report import full_report, summary
from bench.dropin.suite import TOPICS, run
from bench.markdown import write_between_markers

MARKERS = "benchmark-dropin"


def main() -> None:
    """Parse the command line."""
    options = parser_of("bench.dropin", __doc__, OUTPUT / "dropin", parts=TOPICS).parse_args()
    if options.write_docs:
        write_docs(read(options.write_docs), ROOT)
        return
    results = run(options.only or TOPICS, print, keep=lambda found: keep(found, options.output))
    keep_report(full_report(results), options.output)
    if any(row["difference"] for row in results["rows"]):
        sys.exit("results differ from cleanlab's: see DIFFERS above")


def write_docs(results: dict[str, Any], root: Path) -> None:
    """Put the summary into README.md, and the tables into docs/cleanlab-coverage.md."""
    write_between_markers(root / "README.md", summary(results), MARKERS)
    write_between_markers(root / "docs" / "cleanlab-coverage.md", full_report(results), MARKERS)


if __name__ == "__main__":
    main()
