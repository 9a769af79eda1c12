"""Outlier scores from features: cupel's OutOfDistribution against cleanlab's."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from bench.timing import first_runs, middle, quiet_collector, take_turns

from .cases import CLEANLAB, CUPEL, Plan
from .contestants import versions
from .data import CLUSTERED, Features, make_features
from .exact import runs_within

Log = Callable[[str], None]

# cleanlab takes cosine distances of float32 features in float32.
MAX_DIFFERENCE = 1e-3


def scores(package: str, features: Features) -> Any:
    """Outlier scores as a user of either package gets them."""
    module = import_module(f"{package}.outlier")
    return module.OutOfDistribution().fit_score(features=features, verbose=False)


def time_outliers(plan: Plan, log: Log) -> list[dict[str, Any]]:
    """Check that both find the same, then time them."""
    rows = []
    names = (CUPEL, CLEANLAB) if CLEANLAB in versions() else (CUPEL,)
    for name in names:
        scores(name, make_features(CLUSTERED, 200, 3))  # imports are not timed
    for cell in plan.outliers:
        features = make_features(cell.kind, cell.rows, cell.columns)
        calls = {name: partial(scores, name, features) for name in names}
        with quiet_collector(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seconds, found = first_runs(calls)
            apart = float(max(np.max(np.abs(found[CUPEL] - found[name])) for name in names))
            assert apart <= MAX_DIFFERENCE, f"{cell}: scores differ by {apart}"
            runs = {
                name: runs_within(plan.patience, s[0], plan.runs) for name, s in seconds.items()
            }
            take_turns(calls, runs, seconds)
        rows.append({**cell._asdict(), "seconds": seconds, "largest_difference": apart})
        times = ", ".join(f"{name} {middle(s):.3f}" for name, s in seconds.items())
        log(f"outliers, {cell}: {times} s; scores within {apart:.2g}")
    return rows
