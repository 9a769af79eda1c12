"""Run preflight on honest inputs and on faulty ones, and count."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bench.machine import describe
from cupel.datalab.checks.preflight import preflight
from cupel.datalab.checks.preflight.warning import PreflightWarning

from .cases import BUNDLED, DERIVED, FILES, Inputs, file_sets, regression_sets, small_sets
from .cost import cost_rows
from .faults import FAULTS, Fault
from .insample import agreement, in_sample

Log = Callable[[str], None]
PARTS = ("clean", "faults", "in-sample", "cost")
# Where a graph of more rows would take most of the time.
_MOST_ROWS_WITH_FEATURES = 6000
_OVERFIT = 0.995


@dataclass(frozen=True)
class Plan:
    """How much to run."""

    name: str
    seeds: int
    bundled: tuple[str, ...]


FULL = Plan("full", 3, tuple(BUNDLED))
QUICK = Plan("quick", 1, ("wine", "iris"))


def run(plan: Plan, folder: Path, parts: Iterable[str], log: Log = print) -> dict[str, Any]:
    """Everything that the report needs."""
    start = time.perf_counter()
    machine = {**describe(), "scikit-learn": version("scikit-learn")}
    results: dict[str, Any] = {"plan": plan.name, "machine": machine}
    results["absent"] = [s for s, f in FILES.items() if not (folder / f"{f}.npz").exists()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = list(_cases(plan, folder, derived=bool(results["absent"])))
        log(f"{time.perf_counter() - start:5.0f} s  {len(cases)} honest inputs")
        for part, made in (
            ("clean", _clean),
            ("faults", _faults),
            ("in-sample", _in_sample),
            ("cost", lambda _: cost_rows()),
        ):
            results[part] = made(cases) if part in parts else []
            log(f"{time.perf_counter() - start:5.0f} s  {part}")
    results["seconds"] = round(time.perf_counter() - start, 1)
    return results


def _cases(plan: Plan, folder: Path, *, derived: bool) -> Iterator[Inputs]:
    yield from file_sets(folder, plan.seeds)
    yield from small_sets(plan.bundled, plan.seeds)
    if derived and plan is FULL:
        yield from small_sets(DERIVED, 1)
    yield from regression_sets(plan.seeds)


def _can_have_graph(x: Inputs) -> bool:
    return len(x.labels) <= _MOST_ROWS_WITH_FEATURES


def _honest(x: Inputs, features: Any = None) -> list[PreflightWarning]:
    return list(preflight(x.labels, x.probs, task=x.task, features=features))


def _clean(cases: list[Inputs]) -> list[dict[str, Any]]:
    """One row for each run on inputs that are in order: in two orders, with and without features."""
    rows = []
    for x in cases:
        in_order = x.take(np.argsort(x.labels, kind="stable"), f"{x.variant}, sorted")
        for variant in (x, in_order):
            ways = [None, variant.features] if _can_have_graph(x) else [None]
            for features in ways:
                found = _honest(variant, features)
                rows.append(
                    _described(variant)
                    | {"features": features is not None}
                    | {"warnings": [warning.name for warning in found]}
                )
    return rows


def _described(x: Inputs) -> dict[str, Any]:
    named = {"source": x.source, "model": x.model, "noise": x.noise, "variant": x.variant}
    return named | {"rows": len(x.labels)}


def _is_basis(x: Inputs) -> bool:
    """Whether faults are put into it: one draw, all of its rows or as many as models were given."""
    return x.variant in ("all rows", "3000 rows", "as is, draw 0", "draw 0")


def significance(x: Inputs) -> float:
    """Standard deviations by which labels and predictions agree more than by chance."""
    if x.task == "regression":
        return float(np.corrcoef(x.labels, x.probs)[0, 1]) * np.sqrt(len(x.labels) - 1)
    given = np.eye(x.n_classes)[x.labels]
    lifts = x.probs.astype(np.float64) - x.probs.mean(axis=0, dtype=np.float64)
    shares = given.mean(axis=0)
    variance = shares @ (lifts**2).mean(axis=0) - ((lifts @ shares) ** 2).mean()
    return float((lifts * given).sum() / np.sqrt(len(lifts) * max(variance, 1e-300)))


def _faults(cases: list[Inputs]) -> list[dict[str, Any]]:
    """One row for each fault put into each set, model and level of noise."""
    rows = []
    for x in filter(_is_basis, cases):
        z = significance(x)
        for fault in FAULTS:
            if x.task in fault.tasks and (_can_have_graph(x) or not fault.with_features):
                passed = fault.inject(x, np.random.default_rng(0))
                if passed is not None:
                    found = preflight(**passed)
                    rows.append(
                        _described(x)
                        | {"fault": fault.name, "group": fault.group, "z": round(float(z), 1)}
                        | {"is_judged": bool(z >= fault.judged_from)}
                        | {"is_found": _is_found(fault, found)}
                        | {"warnings": [warning.name for warning in found]}
                    )
    return rows


def _is_found(fault: Fault, found: Iterable[PreflightWarning]) -> bool:
    named = [warning for warning in found if warning.name in fault.warnings]
    wanted = fault.figures or {}
    return any(all(w.figures.get(k) == v for k, v in wanted.items()) for w in named)


def _in_sample(cases: list[Inputs]) -> list[dict[str, Any]]:
    """One row for each model that predicts what it was fitted to."""
    rows = []
    for base in cases:
        if not _is_basis(base) or base.model not in ("k-NN", "ResNet", "CNN"):
            continue
        if base.variant == "3000 rows":
            continue
        for x in in_sample(base):
            share = agreement(x)
            for features in (None, x.features):
                names = [w.name for w in _honest(x, features)]
                rows.append(
                    _described(x)
                    | {"features": features is not None, "agreement": share}
                    | {"is_judged": bool(share >= _OVERFIT), "is_found": "in_sample" in names}
                    | {"warnings": names}
                )
    return rows
