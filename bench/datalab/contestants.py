"""Both packages' Datalab, and whether they found the same."""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from cupel import knn_graph

from .cases import CUPEL_ALL, SHARED, VALUATION, Cell, Inputs, K, make_inputs, table_of

TOLERANCE = 1e-6
_WARM_UP = Cell(300, 8, 3)


def make_lab(contestant: str, inputs: Inputs) -> Any:
    """Make an audit that has not looked for anything yet."""
    package = contestant.partition(",")[0]
    datalab = importlib.import_module(package).Datalab
    with silenced():
        return datalab(table_of(inputs), label_name="label", verbosity=0)


def find(lab: Any, contestant: str, issue_types: Iterable[str], **inputs: Any) -> Any:
    """Look for issues; return the audit. `CUPEL_ALL` looks for all of its defaults."""
    chosen = None if contestant == CUPEL_ALL else {name: {} for name in issue_types}
    with silenced():
        lab.find_issues(issue_types=chosen, **inputs)
    return lab


def warm_up(contestants: Iterable[str]) -> None:
    """Import what is imported at first use; imports are timed by themselves."""
    inputs = make_inputs(_WARM_UP)
    graph = knn_graph(inputs.features, K).to_csr()
    for contestant in contestants:
        lab = make_lab(contestant, inputs)
        arrays = {"pred_probs": inputs.pred_probs, "features": inputs.features}
        find(lab, contestant, SHARED, **arrays)
        find(lab, contestant, (VALUATION,), knn_graph=graph)


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Swallow what is printed and warned of; bars and tables are not what is timed."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


def difference(ours: Any, theirs: Any, issue_types: Iterable[str]) -> str | None:
    """Say what differs in flags, scores or summaries, or None.

    Flags and counts must be equal, scores of rows and of the data set within 1e-6.
    """
    found = [_one_difference(ours, theirs, name) for name in issue_types]
    return "; ".join(filter(None, found)) or None


def _one_difference(ours: Any, theirs: Any, name: str) -> str | None:
    flag, score = f"is_{name}_issue", f"{name}_score"
    for lab, package in ((ours, "cupel"), (theirs, "cleanlab")):
        if flag not in lab.issues:
            return f"{name}: not found by {package}"
    flags = [lab.issues[flag].to_numpy() for lab in (ours, theirs)]
    scores = [lab.issues[score].to_numpy(dtype=np.float64) for lab in (ours, theirs)]
    summaries = [lab.get_issue_summary(name).iloc[0] for lab in (ours, theirs)]
    n_flags = int(np.count_nonzero(flags[0] != flags[1]))
    apart = float(np.max(np.abs(scores[0] - scores[1]), initial=0.0))
    summary_apart = abs(float(summaries[0]["score"]) - float(summaries[1]["score"]))
    texts = [
        f"{n_flags} flags" if n_flags else "",
        f"scores by {apart:.2g}" if not apart <= TOLERANCE else "",
        f"summary by {summary_apart:.2g}" if not summary_apart <= TOLERANCE else "",
        "counts" if summaries[0]["num_issues"] != summaries[1]["num_issues"] else "",
    ]
    text = ", ".join(filter(None, texts))
    return f"{name}: {text}" if text else None
