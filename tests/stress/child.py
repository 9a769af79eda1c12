"""Python programs in processes of their own, so that a crash or a hang is a test failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# Prepended to programs: a seeded problem of 9.6 MB, large enough that calls start threads.
PROBLEM = """
import hashlib, os, sys, threading, time, warnings
import numpy as np
import cupel

def problem(n=60_000, k=20, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    true = rng.integers(k, size=n)
    p = rng.standard_exponential((n, k))
    p[np.arange(n), true] += 4 * rng.random(n)
    p /= p.sum(axis=1, keepdims=True)
    labels = np.where(rng.random(n) < 0.2, rng.integers(k, size=n), true)
    return labels, p.astype(dtype)

def digest(*arrays):
    h = hashlib.sha256()
    for a in arrays:
        h.update(np.ascontiguousarray(a).tobytes())
    return h.hexdigest()

def answer(n_jobs=4, **size):
    labels, p = problem(**size)
    return digest(
        cupel.find_label_issues(labels, p, n_jobs=n_jobs),
        cupel.get_label_quality_scores(labels, p, n_jobs=n_jobs),
        cupel.count.compute_confident_joint(labels, p, n_jobs=n_jobs),
    )
"""


def python(
    source: str, folder: Path, *arguments: str, timeout: float = 60, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program from a file (which spawned processes can import) and return what it did."""
    path = folder / "program.py"
    path.write_text(source, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, **environment},
    )


def output(source: str, folder: Path, *arguments: str, **options: str | float) -> str:
    """Run a program that must succeed and return what it printed."""
    done = python(source, folder, *arguments, **options)  # type: ignore[arg-type]
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout
