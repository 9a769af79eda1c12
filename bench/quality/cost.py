"""What the noise posterior costs, beside find_label_issues of cupel and of cleanlab."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cleanlab.filter
import numpy as np

import cupel.filter
import cupel.posterior
from bench.cases import RANKED, make_input
from bench.timing import (
    affordable_runs,
    first_runs,
    middle,
    quiet_collector,
    take_turns,
)

from .cases import CLEANLAB, Floats, Labels, Plan
from .files import noisy_files, noisy_set

Log = Callable[[str], None]
Row = dict[str, Any]

POSTERIOR = "cupel, noise_posterior"
LABEL_POSTERIORS = "cupel, get_label_posteriors"
DEFAULT = "cupel, default filter"
PEER = f"{CLEANLAB}, default filter"
PEER_DEFAULT_JOBS = f"{PEER}, default n_jobs"


def cost_rows(plan: Plan, folder: Path, log: Log) -> list[Row]:
    """Timings of every size."""
    rows = []
    for n, k in plan.costs:
        source, labels, probs = cost_input(n, k, folder)
        rows.append({"rows": n, "classes": k, "source": source, **time_size(labels, probs, plan)})
        times = (f"{name} {1e3 * middle(s):.1f}" for name, s in rows[-1]["seconds"].items())
        log(f"cost, {n} x {k}: {', '.join(times)} ms")
    return rows


def cost_input(n: int, k: int, folder: Path) -> tuple[str, Labels, Floats]:
    """Rows of the noisy CIFAR-10 that comes first, repeated; generated where there are none."""
    if k == 10:
        for name, path in noisy_files(folder).items():
            labelled = noisy_set(name, path)
            rows = np.arange(n) % len(labelled.labels)
            return name, labelled.labels[rows], labelled.probs[rows]
    labels, probs = make_input("softmax", n, k)
    return "generated", labels, probs


def time_size(labels: Labels, probs: Floats, plan: Plan) -> Row:
    """Contestants take turns; all give a ranked list, and of cleanlab's ways the faster counts."""
    ours = partial(cupel.filter.find_label_issues, labels, probs)
    theirs = partial(
        cleanlab.filter.find_label_issues, labels, probs, **{RANKED: "self_confidence"}
    )
    calls: dict[str, Callable[[], Any]] = {
        POSTERIOR: partial(ours, filter_by="noise_posterior", **{RANKED: "noise_posterior"}),
        LABEL_POSTERIORS: partial(cupel.posterior.get_label_posteriors, labels, probs),
        DEFAULT: partial(ours, **{RANKED: "self_confidence"}),
        PEER: partial(theirs, n_jobs=1),
        PEER_DEFAULT_JOBS: theirs,
    }
    with quiet_collector():
        seconds, found = first_runs(calls)
        size = len(found[POSTERIOR])
        del found
        patience = plan.patience / len(calls)
        runs = {name: affordable_runs(s[0], plan.runs, patience) for name, s in seconds.items()}
        runs[PEER if seconds[PEER] > seconds[PEER_DEFAULT_JOBS] else PEER_DEFAULT_JOBS] = 1
        take_turns(calls, runs, seconds)
    return {"seconds": seconds, "found": size}


def time_of(row: Row, contestant: str) -> float:
    """Median seconds; for cleanlab of the faster of its two ways to run."""
    return min(middle(s) for name, s in row["seconds"].items() if name.startswith(contestant))
