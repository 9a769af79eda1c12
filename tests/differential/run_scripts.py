"""Runs scripts one after the other in one process, and prints what each printed, as JSON."""

from __future__ import annotations

import contextlib
import io
import json
import runpy
import sys

if __name__ == "__main__":
    printed = {}
    for script in sys.argv[1:]:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            runpy.run_path(script, run_name="__main__")
        printed[script] = output.getvalue()
    json.dump(printed, sys.stdout)
