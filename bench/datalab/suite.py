"""Run a plan and collect raw figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from bench.machine import describe

from .cases import PARTS, Plan
from .memory import peak_memory
from .once import measure_reports, time_imports
from .speed import time_cells, time_graph_checks

Log = Callable[[str], None]

_MEASURES = {
    "import": time_imports,
    "graph": time_graph_checks,
    "report": measure_reports,
    "memory": peak_memory,
    "cells": time_cells,
}


def run(
    plan: Plan,
    parts: Sequence[str] = PARTS,
    log: Log = print,
    keep: Callable[[dict[str, Any]], None] = lambda _: None,
) -> dict[str, Any]:
    """Everything that the report needs, as in the results file; given to `keep` after each part."""
    machine = describe() | {name: version(name) for name in ("datasets", "scikit-learn")}
    results: dict[str, Any] = {"plan": plan.name, "machine": machine, **{p: [] for p in PARTS}}
    for part in PARTS:
        if part in parts:
            results[part] = _MEASURES[part](plan, log)
            keep(results)
    machine["load_at_end"] = describe()["load"]
    return results
