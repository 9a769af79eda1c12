"""The machine and the versions that a result belongs to."""

from __future__ import annotations

import datetime as dt
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

import cupel


def cpus() -> int:
    """CPUs that this process may use."""
    affinity = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    return len(affinity) or os.cpu_count() or 1


def thread_counts() -> list[int]:
    """1, 2, 4, ... and all CPUs."""
    powers = [1 << i for i in range(cpus().bit_length()) if 1 << i < cpus()]
    return [*powers, cpus()]


def describe() -> dict[str, Any]:
    """Processor, memory, versions, date, and how busy the machine was."""
    return {
        "cpu": _cpu_model(),
        "cpus": cpus(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("cupel", "cleanlab", "numpy")},
        "isa": cupel.active_isa(),
        "date": dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "load": [round(value, 2) for value in psutil.getloadavg()],
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or "unknown"
