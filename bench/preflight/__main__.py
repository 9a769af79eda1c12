"""``python -m bench.preflight``: run everything, print the report, write it with the results."""

from __future__ import annotations

import os
from pathlib import Path

from bench.command_line import OUTPUT, ROOT, keep, keep_report, parser_of, read
from bench.markdown import write_between_markers

from .report import full_report
from .suite import FULL, PARTS, QUICK, run

DATA = Path(os.environ.get("CUPEL_DATA", ROOT.parent / "shared" / "data"))
MARKERS = "benchmark-preflight"


def main() -> None:
    """Parse the command line."""
    quick = "two small data sets, about 1 minute"
    parser = parser_of("bench.preflight", __doc__, OUTPUT / "preflight", quick=quick, parts=PARTS)
    parser.add_argument(
        "--data",
        type=Path,
        default=DATA,
        metavar="FOLDER",
        help="where CIFAR-10 and MNIST probabilities are; without them more sets are made of "
        "scikit-learn's (default: $CUPEL_DATA, or shared/data next to the project's folder)",
    )
    options = parser.parse_args()
    if options.write_docs:
        report = full_report(read(options.write_docs))
        write_between_markers(ROOT / "docs" / "preflight.md", report, MARKERS)
        return
    plan = QUICK if options.quick else FULL
    results = run(plan, options.data, options.only or PARTS)
    keep(results, options.output)
    keep_report(full_report(results), options.output)


if __name__ == "__main__":
    main()
