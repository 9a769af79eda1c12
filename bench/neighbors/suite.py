"""Run a plan and collect raw timings."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from bench.machine import cpus, describe

from .approximate import time_approximate
from .cases import PARTS, Plan
from .contestants import PACKAGES, limited_threads, versions
from .exact import near_duplicates, time_exact
from .memory import peak_memory
from .outliers import time_outliers

Log = Callable[[str], None]


def run(
    plan: Plan,
    parts: Sequence[str] = PARTS,
    log: Log = print,
    keep: Callable[[dict[str, Any]], None] = lambda _: None,
) -> dict[str, Any]:
    """Everything that the report needs, as in the results file; given to `keep` after each part."""
    threads = cpus()
    peers = versions()
    machine = {**describe(), "threads": threads, "peers": peers}
    results: dict[str, Any] = {
        "plan": plan.name,
        "machine": machine,
        "absent": [package for package in PACKAGES if package not in peers],
        "limits": {
            "cap": plan.cap,
            "cap_approximate": plan.cap_approximate,
            "no_chance": plan.no_chance,
        },
    }
    run_part: dict[str, Callable[[], Any]] = {
        "exact": lambda: time_exact(plan, threads, log),
        "near_duplicates": lambda: near_duplicates(plan, threads, log),
        "outliers": lambda: time_outliers(plan, log),
        "memory": lambda: peak_memory(plan, threads, log),
        "approximate": lambda: time_approximate(plan, threads, log),
    }
    results.update(part_seconds={}, **{part: [] for part in PARTS})
    with warnings.catch_warnings(), limited_threads(threads):
        warnings.simplefilter("ignore")
        for part in (part for part in PARTS if part in parts):
            start = time.perf_counter()
            results[part] = run_part[part]()
            results["part_seconds"][part] = round(time.perf_counter() - start, 1)
            machine["load_at_end"] = describe()["load"]
            keep(results)
    return results
