"""Peak memory that a call takes besides its input, each measured in a process of its own.

``python -m bench.memory FOLDER CONTESTANT FILTER_BY`` prints it in bytes.
"""

from __future__ import annotations

import contextlib
import importlib
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from .cases import CLEANLAB, CUPEL, FILTER_TASKS, RANKED, Cell, Plan, make_input

Log = Callable[[str], None]

_ROOT = Path(__file__).resolve().parents[1]


def peak_memory(plan: Plan, log: Log) -> list[dict[str, Any]]:
    """Every filter of cupel and the default one of cleanlab, on every input."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        last = None
        for cell in plan.cells(FILTER_TASKS):
            if last != (last := cell[1:]):
                n_bytes = _save_input(cell, Path(folder))
            for contestant in (CUPEL, CLEANLAB)[: 2 if cell.task == FILTER_TASKS[0] else 1]:
                extra = _in_new_process(folder, contestant, cell.task.filter_by)
                rows.append(
                    {
                        **cell.as_dict(),
                        "contestant": contestant,
                        "bytes": n_bytes,
                        "extra_bytes": extra,
                    }
                )
                log(f"memory, {contestant}, {cell}: {extra / n_bytes:.3f} of the input")
    return rows


def _save_input(cell: Cell, folder: Path) -> int:
    labels, probs = make_input(cell.kind, *cell.shape)
    probs = probs.astype(cell.dtype, copy=False)
    np.save(folder / "labels.npy", labels)
    np.save(folder / "probs.npy", probs)
    return probs.nbytes


def _in_new_process(folder: str, contestant: str, filter_by: str) -> int:
    command = [sys.executable, "-m", "bench.memory", folder, contestant, filter_by]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


def extra_memory(folder: Path, contestant: str, filter_by: str) -> int:
    """Resident memory at its highest during the call, less that with the input loaded."""
    find = importlib.import_module(f"{contestant}.filter").find_label_issues
    options: dict[str, Any] = {"filter_by": filter_by, RANKED: "self_confidence"}
    if contestant == CLEANLAB:
        options["n_jobs"] = 1  # its processes would not be counted
    find(*make_input("softmax", 200, 3), **options)
    labels, probs = np.load(folder / "labels.npy"), np.load(folder / "probs.npy")
    reset_peak()
    before = peak_bytes()
    find(labels, probs, **options)
    return peak_bytes() - before


def reset_peak() -> None:
    """Set the high-water mark to the present level, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_bytes() -> int:
    """High-water mark of this process's resident memory."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if psutil.MACOS else 1024 * peak
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(extra_memory(Path(sys.argv[1]), *sys.argv[2:]))
