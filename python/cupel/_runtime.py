"""Threads and instruction sets: what the compiled core uses."""

from __future__ import annotations

import functools
import math
import os
from pathlib import Path

from cupel._core import active_isa, available_isas, select_isa

__all__ = ["active_isa", "available_isas", "resolve_threads", "select_isa"]

_MOST_THREADS = 1 << 16  # far more than any call starts; keeps the number in range for the core

if _forced := os.environ.get("CUPEL_ISA"):
    select_isa(_forced)


@functools.cache
def _cgroup_quota() -> int | None:
    """CPUs that the control group of this process grants, rounded up; None if not limited."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return None if quota == "max" else max(1, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):
        return None


def _available_cpus() -> int:
    affinity = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    cpus = len(affinity) or os.cpu_count() or 1
    quota = _cgroup_quota()
    return cpus if quota is None else min(cpus, quota)


def resolve_threads(n_jobs: int | None) -> int:
    """Return the number of threads a call may use.

    An explicit argument wins (-1: all available CPUs); then ``CUPEL_NUM_THREADS``; then
    ``OMP_NUM_THREADS``, which joblib sets in its workers to prevent oversubscription; then the CPUs
    that affinity and control group leave to this process.
    """
    if n_jobs is None:
        env = os.environ.get("CUPEL_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS")
        if env is None:
            return _available_cpus()
        if not env.strip().isdecimal() or int(env) < 1:
            if "CUPEL_NUM_THREADS" not in os.environ:
                return _available_cpus()  # OpenMP's own syntax, such as "4,2"
            msg = f"CUPEL_NUM_THREADS must be a whole number of at least 1, got {env!r}"
            raise ValueError(msg)
        return min(int(env), _MOST_THREADS)
    if isinstance(n_jobs, bool) or not hasattr(n_jobs, "__index__"):
        msg = f"n_jobs must be an integer or None, got {type(n_jobs).__name__}"
        raise TypeError(msg)
    n_jobs = n_jobs.__index__()
    if n_jobs == -1:
        return _available_cpus()
    if n_jobs < 1:
        msg = f"n_jobs must be at least 1, or -1 for all CPUs, got {n_jobs}"
        raise ValueError(msg)
    return min(n_jobs, _MOST_THREADS)
