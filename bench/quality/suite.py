"""Run a plan and collect figures."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from bench.machine import describe

from .cases import COST, FILES, NOISY, PARTS, SMALL, LabelledSet, Plan
from .cost import cost_rows
from .evaluate import curves, figures
from .files import absent, file_sets
from .injected import small_sets
from .methods import everybodys
from .summary import Evaluated, summarise

Log = Callable[[str], None]

# Lengths of the list in the plot.
CURVE_LENGTHS = np.unique(np.geomspace(20, 50_000, 60).astype(np.int64))


def run(plan: Plan, folder: Path, parts: Sequence[str] = PARTS, log: Log = print) -> dict[str, Any]:
    """Everything that the report needs, as in the results file."""
    start = time.perf_counter()
    machine = {**describe(), "scikit-learn": version("scikit-learn")}
    results: dict[str, Any] = {
        "plan": plan.name,
        "resamples": plan.resamples,
        "draw": plan.draw,
        "machine": machine,
        "absent": absent(folder),
        "curves": {"lengths": CURVE_LENGTHS.tolist(), "sets": [], "precision": {}},
        "cost": [],
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evaluated = []
        for labelled in _sets(plan, folder, parts):
            answers = everybodys(labelled.labels, labelled.probs)
            found = figures(labelled, answers, plan.resamples, plan.seed)
            evaluated.append(Evaluated.of(labelled, answers, found))
            if labelled.section == NOISY:
                _add_curves(
                    results["curves"], labelled.name, curves(labelled, answers, CURVE_LENGTHS)
                )
            log(f"{time.perf_counter() - start:5.0f} s  {labelled.section}: {labelled.name}")
        results.update(summarise(evaluated))
        if COST in parts:
            results["cost"] = cost_rows(plan, folder, log)
    machine["load_at_end"] = describe()["load"]
    results["seconds"] = round(time.perf_counter() - start, 1)
    return results


def _sets(plan: Plan, folder: Path, parts: Sequence[str]) -> Iterator[LabelledSet]:
    return chain(
        file_sets(folder) if FILES in parts else (), small_sets(plan) if SMALL in parts else ()
    )


def _add_curves(all_curves: dict[str, Any], name: str, found: dict[str, list[float]]) -> None:
    all_curves["sets"].append(name)
    for contestant, precision in found.items():
        all_curves["precision"].setdefault(contestant, []).append(precision)
