"""``python -m cupel.patch [--verify] script.py ...``, or ``-m module ...``."""

from __future__ import annotations

import argparse
import sys

from cupel.patch import get_differences, patch_cleanlab
from cupel.patch._run import NotFoundError, execute, prepare_module, prepare_script, report
from cupel.patch._state import patcher


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cupel.patch",
        usage="%(prog)s [-h] [--verify] (script.py | -m module) [argument ...]",
        description="Run a script or module with cleanlab's functions replaced by cupel's.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--verify", action="store_true", help="run cleanlab too, and report what differs"
    )
    parser.add_argument("-m", dest="module", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("script", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def main() -> int:
    """Run what the command line names, and return its exit status."""
    parser = _parser()
    options = parser.parse_args()
    command = options.module or options.script
    if not command:
        parser.error("a script or -m module is needed")
    prepare = prepare_module if options.module else prepare_script
    try:
        program = prepare(command[0], command[1:])
    except NotFoundError as error:
        _complain(f"{sys.executable}: {error}")
        return error.status
    except SyntaxError as error:
        report(error.with_traceback(None))
        return 1
    try:
        patch_cleanlab(verify=options.verify)
    except (ImportError, RuntimeError) as error:
        _complain(f"{parser.prog}: {error}")
        return 1
    try:
        return execute(program)
    finally:
        if options.verify:
            _summarize()


def _summarize() -> None:
    calls, differences = patcher.report.calls, get_differences()
    _complain(f"cupel: {calls} calls compared with cleanlab, {len(differences)} differences")


def _complain(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - a command


if __name__ == "__main__":
    raise SystemExit(main())
