"""What a user waits for besides: the import, and the report."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.timing import timed

from .cases import CLEANLAB, CUPEL_ALL, Plan, make_inputs
from .contestants import find, make_lab, silenced, warm_up

Log = Callable[[str], None]
Row = dict[str, Any]

_IMPORTS = {
    "cupel": "import cupel",
    "cupel.datalab": "import cupel.datalab",
    CLEANLAB: "from cleanlab import Datalab",
}
_CLEANLAB_EVERY = 5  # its import takes seconds
_REPORTS = 3


def time_imports(plan: Plan, log: Log) -> list[Row]:
    """Seconds of an import in fresh interpreters that have imported NumPy, in turns."""
    seconds: dict[str, list[float]] = {name: [] for name in _IMPORTS}
    for turn in range(plan.imports):
        for name, statement in _IMPORTS.items():
            if name != CLEANLAB or turn % _CLEANLAB_EVERY == 0:
                seconds[name].append(_seconds_of_import(statement))
    for name, spent in seconds.items():
        log(f"import, {name}: {1e3 * min(spent):.1f} ms at best of {len(spent)}")
    return [{"what": name, "seconds": spent} for name, spent in seconds.items()]


def _seconds_of_import(statement: str) -> float:
    code = (
        "import sys, time, numpy\n"
        "start = time.perf_counter()\n"
        f"{statement}\n"
        "sys.stdout.write(str(time.perf_counter() - start))"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def measure_reports(plan: Plan, log: Log) -> list[Row]:
    """Time and size of the reports of an audit of the headline's size."""
    warm_up([CUPEL_ALL])
    inputs = make_inputs(plan.headline)
    lab = make_lab(CUPEL_ALL, inputs)
    find(lab, CUPEL_ALL, (), pred_probs=inputs.pred_probs, features=inputs.features)
    calls = {
        "`to_html`": lambda path: lab.to_html(path),
        "`save`": lambda path: lab.save(path, force=True),
        "`report`": lambda _: lab.report(),
        "`get_worklist`": lambda _: lab.get_worklist(),
    }
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "written")
        for what, call in calls.items():
            path.unlink(missing_ok=True)
            with silenced():
                seconds = [timed(lambda call=call: call(path))[0] for _ in range(_REPORTS)]
            size = path.stat().st_size if path.exists() else None
            rows.append(
                {**plan.headline._asdict(), "what": what, "seconds": seconds, "bytes": size}
            )
            log(f"{what}: {min(seconds):.3f} s{f', {size / 1e6:.2f} MB' if size else ''}")
    return rows
