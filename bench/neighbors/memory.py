"""Peak memory of the exact search besides its input, each measured in a process of its own.

``python -m bench.neighbors.memory FEATURES CONTESTANT METRIC THREADS`` prints it in bytes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.memory import peak_bytes, reset_peak

from .cases import CUPEL, FAISS, K, Plan
from .contestants import competing, limited_threads
from .data import CLUSTERED, make_features

Log = Callable[[str], None]

_ROOT = Path(__file__).resolve().parents[2]
_RESULT_BYTES = 16  # one distance and one index


def peak_memory(plan: Plan, threads: int, log: Log) -> list[dict[str, Any]]:
    """Run cupel and FAISS on every input."""
    rows = []
    for cell in plan.memory:
        features = make_features(cell.kind, cell.rows, cell.columns)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "features.npy")
            np.save(path, features)
            for contestant in competing(cell.metric, cell.columns, (CUPEL, FAISS)):
                extra = _in_new_process(path, contestant.name, cell.metric, threads)
                row = {
                    **cell._asdict(),
                    "contestant": contestant.name,
                    "bytes": features.nbytes,
                    "result_bytes": _RESULT_BYTES * K * cell.rows,
                    "extra_bytes": extra,
                }
                rows.append(row)
                log(
                    f"memory, {contestant.name}, {cell}: {extra / features.nbytes:.3f} of the input"
                )
    return rows


def _in_new_process(path: Path, name: str, metric: str, threads: int) -> int:
    command = [sys.executable, "-m", __name__, str(path), name, metric, str(threads)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


def extra_memory(path: Path, name: str, metric: str, threads: int) -> int:
    """Resident memory at its highest during the call, less that with the input loaded."""
    features = np.load(path)
    [contestant] = competing(metric, features.shape[1], (name,))
    with limited_threads(threads):
        contestant.search(make_features(CLUSTERED, 500, features.shape[1]), K, metric, threads)
        reset_peak()
        before = peak_bytes()
        contestant.search(features, K, metric, threads)
        return peak_bytes() - before


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    _, path, name, metric, threads = sys.argv
    print(extra_memory(Path(path), name, metric, int(threads)))
