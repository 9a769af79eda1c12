"""Examples that do more harm than good to a nearest-neighbour classifier of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cupel._features import as_integer, as_real
from cupel.data_valuation import data_shapley_knn
from cupel.datalab._finding import Check, Finding
from cupel.datalab.checks._neighbors import BY_GRAPH

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord

__all__ = ["CHECK"]

_TASKS = ("classification", "regression", "multilabel")


def find(
    context: Context, *, metric: str | None = None, threshold: float = 0.5, k: int = 10
) -> Finding:
    """Find examples that mislead more of their neighbours than they help.

    Parameters
    ----------
    context : Context
        Labels, and features or a graph of neighbours.
    metric : str, optional
        For features.
    threshold : float, default 0.5
        Examples that score lower are flagged; 0.5 is of no use and no harm.
    k : int, default 10
        Neighbours that count.
    """
    limit = as_real(threshold, name="threshold", most=1.0)
    wanted = as_integer(k, name="k", least=1)
    graph = context.graph(wanted, metric)
    scores = data_shapley_knn(
        _comparable(context.labels.values),
        knn_graph=graph,
        k=min(wanted, graph.k),
        n_jobs=context.n_jobs,
    )
    flagged = scores < limit
    mean = float(scores.mean())
    return Finding(
        "data_valuation",
        flagged,
        scores,
        mean,
        info={
            "num_low_valuation_issues": int(np.count_nonzero(flagged)),
            "average_data_valuation": mean,
            "metric": None if context.graph_is_given else graph.metric,
            "k": wanted,
            "threshold": limit,
        },
    )


def _comparable(labels: Any) -> Any:
    """Return labels, with a number for each set of labels where they are lists."""
    if isinstance(labels, np.ndarray):
        return labels
    known: dict[tuple[int, ...], int] = {}
    return np.array([known.setdefault(tuple(tags), len(known)) for tags in labels], dtype=np.int64)


def explain(record: AuditRecord, finding: Finding, row: int) -> str:
    """Say whether the row helps to predict the labels of rows like it."""
    del record
    score = float(finding.scores[row])
    if score < 0.5:
        verdict = "its label differs from those of more rows like it than it agrees with"
    elif score > 0.5:
        verdict = "its label helps to predict those of rows like it"
    else:
        verdict = "its label makes no difference to the prediction of others"
    return (
        f"Its value for a nearest-neighbour classifier is {score:.4f} (0.5 is neutral): {verdict}."
    )


CHECK = Check(
    name="data_valuation",
    description=(
        "What each example is worth to a nearest-neighbour classifier of the others (its Shapley "
        "value). Below 0.5 the data set does better without it, on balance."
    ),
    needs=dict.fromkeys(_TASKS, tuple(inputs | {"labels"} for inputs in BY_GRAPH)),
    find=find,
    explain=explain,
    is_default=False,
    parameters=("metric", "threshold", "k"),
)
