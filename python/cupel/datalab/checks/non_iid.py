"""Whether the order of the rows tells something about them: drift, sorted or dependent examples."""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._arrays import shown
from cupel._features import as_integer, as_real
from cupel._runtime import resolve_threads
from cupel._validate import as_pred_probs
from cupel.datalab._finding import Check, Finding
from cupel.datalab.checks._neighbors import BY_GRAPH, Neighbors

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord

__all__ = ["CHECK"]


def find(
    context: Context,
    *,
    metric: str | None = None,
    k: int = 10,
    num_permutations: int = 25,
    seed: int | None = 0,
    significance_threshold: float = 0.05,
) -> Finding:
    """Test whether rows that are alike are nearer to each other in the data set than by chance.

    Parameters
    ----------
    context : Context
        Features or a graph of neighbours; or else `pred_probs`, which then serve as features.
    metric : str, optional
        For features.
    k : int, default 10
        Neighbours to look at; of the caller's graph, all are.
    num_permutations : int, default 25
        Random orders of the rows to compare with.
    seed : int, optional
        Of these orders; None for others each time. The global generator is left alone.
    significance_threshold : float, default 0.05
        Probability of chance below which the worst row is flagged, for the data set as a whole.
    """
    rounds = as_integer(num_permutations, name="num_permutations", least=1)
    limit = as_real(significance_threshold, name="significance_threshold", most=1.0)
    start = _as_seed(seed)
    near = Neighbors(_with_something_to_compare(context), k, metric)
    threads = resolve_threads(context.n_jobs)
    statistics = _core.gap_statistics(near.indices, near.k, start, rounds, threads)
    p_value = smoothed_p_value(float(statistics[0]), statistics[1:])
    scores = _core.gap_scores(near.indices, near.k, threads)
    flagged = np.zeros(len(scores), dtype=np.bool_)
    if p_value < limit:
        flagged[scores.argmin()] = True
    info = {"p-value": p_value, "metric": near.metric, "k": near.asked}
    info["typical_score"] = float(np.median(scores))
    return Finding("non_iid", flagged, scores, p_value, info=info)


def _as_seed(seed: Any) -> int:
    if seed is None:
        return secrets.randbits(32)
    number = as_integer(seed, name="seed", least=0)
    if number >= 1 << 32:
        msg = f"seed must be below 2^32, got {shown(seed)}"
        raise ValueError(msg)
    return number


def _with_something_to_compare(context: Context) -> Context:
    """Take probabilities for features where there is nothing else."""
    if context.features is not None or context.newest_graph is not None:
        return context
    return context.with_features(as_pred_probs(context.pred_probs))


def smoothed_p_value(observed: float, permuted: NDArray[np.float64]) -> float:
    """Probability of at least `observed` under a normal kernel density of the permuted ones.

    The kernel's width is by Scott's rule. Where all are equal, that of neighbours that are all
    other rows, the probability is 0 or 1.
    """
    if permuted.min() == permuted.max():
        return float(observed <= permuted[0])
    width = float(permuted.std(ddof=1)) * len(permuted) ** -0.2
    tails = [math.erfc((observed - x) / (width * math.sqrt(2.0))) for x in permuted.tolist()]
    return min(1.0, math.fsum(tails) / (2 * len(tails)))


def explain(record: AuditRecord, finding: Finding, row: int) -> str:
    """Say how likely the order of rows is chance, and what the row has to do with it."""
    del record
    p_value = finding.summary_score
    if not finding.is_issue[row]:
        return (
            f"Rows like this one lie {_where(finding, row)} in the data set; by chance the order of "
            f"all rows is as telling with probability {p_value:.2g}."
        )
    return (
        "Examples that are alike lie near each other in this data set, as after sorting or by "
        f"drift (probability of chance {p_value:.2g}); most clearly so at this row."
    )


def _where(finding: Finding, row: int) -> str:
    return (
        "closer to it than usual"
        if finding.scores[row] < finding.info["typical_score"]
        else "about anywhere"
    )


CHECK = Check(
    name="non_iid",
    description=(
        "Whether examples that are alike lie near each other in the order of the rows: data that "
        "was sorted, drifts over time, or comes in dependent runs. At most the row where this is "
        "clearest is flagged, for the data set as a whole."
    ),
    needs={
        "classification": (*BY_GRAPH, frozenset({"pred_probs"})),
        "regression": BY_GRAPH,
        "multilabel": BY_GRAPH,
    },
    find=find,
    explain=explain,
    parameters=("metric", "k", "num_permutations", "seed", "significance_threshold"),
)
