"""Peak memory of find_issues besides its inputs, each measured in a process of its own.

``python -m bench.datalab.memory FOLDER CONTESTANT`` prints it in bytes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.command_line import ROOT
from bench.memory import peak_bytes, reset_peak

from .cases import CONTESTANTS, SHARED, Inputs, Plan, make_inputs
from .contestants import find, make_lab, warm_up


def peak_memory(plan: Plan, log: Callable[[str], None]) -> list[dict[str, Any]]:
    """Every contestant, on the headline's input."""
    rows = []
    inputs = make_inputs(plan.headline)
    with tempfile.TemporaryDirectory() as folder:
        for name, array in inputs._asdict().items():
            np.save(Path(folder, f"{name}.npy"), array)
        for contestant in CONTESTANTS:
            extra = _in_new_process(folder, contestant)
            rows.append(
                {
                    **plan.headline._asdict(),
                    "contestant": contestant,
                    "bytes": inputs.n_bytes,
                    "extra_bytes": extra,
                }
            )
            log(
                f"memory, {contestant}, {plan.headline}: {extra / inputs.n_bytes:.3f} of the inputs"
            )
    return rows


def _in_new_process(folder: str, contestant: str) -> int:
    command = [sys.executable, "-m", __name__, folder, contestant]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


def extra_memory(folder: Path, contestant: str) -> int:
    """Resident memory at its highest during the call, less that with the inputs loaded."""
    warm_up([contestant])
    inputs = Inputs(*(np.load(folder / f"{name}.npy") for name in Inputs._fields))
    reset_peak()
    before = peak_bytes()
    lab = make_lab(contestant, inputs)
    find(lab, contestant, SHARED, pred_probs=inputs.pred_probs, features=inputs.features)
    return peak_bytes() - before


if __name__ == "__main__":
    print(extra_memory(Path(sys.argv[1]), sys.argv[2]))
