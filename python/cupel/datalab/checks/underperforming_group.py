"""Groups of similar examples for which the model does much worse than for the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._arrays import as_array, kind_of, shown
from cupel._extras import require
from cupel._features import as_integer, as_real
from cupel._graph import graph_of_core
from cupel.datalab._finding import Check, Finding
from cupel.datalab._names import percent
from cupel.datalab.checks._neighbors import BY_GRAPH, Neighbors
from cupel.rank import get_label_quality_scores

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord

__all__ = ["CHECK"]

_NO_GROUP = -1  # of rows
_NONE_FOUND = -2  # where no group does badly
_RADIUS, _MIN_SAMPLES = 0.5, 5  # scikit-learn's defaults


class _Quality(NamedTuple):
    """How groups do, by what the model gives the labels of their rows on average."""

    scores: NDArray[np.float64]  # of rows
    of_rows: NDArray[np.float64]  # mean of each row's group; nan without one that counts
    of_all: float
    worst_ratio: float
    worst_group: int
    n_groups: int


def find(
    context: Context,
    *,
    metric: str | None = None,
    threshold: float = 0.1,
    k: int = 10,
    clustering_kwargs: Mapping[str, Any] | None = None,
    min_cluster_samples: int = 5,
    cluster_ids: Any = None,
) -> Finding:
    """Find the group of similar examples to whose labels the model gives the least probability.

    Parameters
    ----------
    context : Context
        Labels and `pred_probs`, and features or a graph of neighbours unless there are
        `cluster_ids`.
    metric : str, optional
        For features.
    threshold : float, default 0.1
        The group is flagged if its mean probability is below this share of that of all groups.
    k : int, default 10
        Neighbours to look at; of the caller's graph, all are.
    clustering_kwargs : dict, optional
        ``eps`` (0.5) and ``min_samples`` (5) of DBSCAN, which makes the groups. Others are passed
        on to scikit-learn's.
    min_cluster_samples : int, default 5
        Smaller groups do not count.
    cluster_ids : array_like of int, shape (n,), optional
        Groups of your own; -1 for rows in none.

    Notes
    -----
    The worst group is found as in cleanlab 2.9.0: a later group takes the place of the worst one so
    far where its mean probability is below the *ratio* of the worst one's to that of all. Where
    means are far below 1, that need not be the group with the lowest mean. "Later" is meant in the
    order of a Python set of the groups, filled row by row.
    """
    limit = as_real(threshold, name="threshold", most=1.0)
    least = as_integer(min_cluster_samples, name="min_cluster_samples")
    wanted = as_integer(k, name="k", least=1)
    info: dict[str, Any] = {"k": wanted, "metric": metric, "threshold": limit}
    if cluster_ids is not None:
        groups = _as_groups(cluster_ids, context.n_rows)
        how: dict[str, Any] = {"algorithm": None, "params": {}}
    else:
        near = Neighbors(context, wanted, metric)
        groups = _clusters(near, clustering_kwargs)
        how = {"algorithm": "DBSCAN", "params": {"metric": "precomputed"}}
        info |= {
            "metric": near.metric,
            "nearest_neighbor": near.nearest_rows,
            "distance_to_nearest_neighbor": near.nearest_distances,
        }
    quality = _compare(_label_quality(context), groups, least)
    worst = quality.worst_group if quality.worst_ratio < limit else _NONE_FOUND
    stats = {
        "n_clusters": quality.n_groups,
        "cluster_ids": groups,
        "underperforming_cluster_id": worst,
    }
    info |= {"mean_quality": quality.of_all, "clustering": {**how, "stats": stats}}
    flagged = np.zeros(len(groups), dtype=np.bool_) if worst == _NONE_FOUND else groups == worst
    evidence = {"cluster_id": groups, "cluster_quality": quality.of_rows}
    return Finding(
        "underperforming_group",
        flagged,
        quality.scores,
        quality.worst_ratio,
        info=info,
        evidence=evidence,
    )


def _label_quality(context: Context) -> NDArray[np.float64]:
    """Probability that the model gives each row's label."""
    scores = get_label_quality_scores(
        context.labels.values, context.pred_probs, n_jobs=context.n_jobs
    )
    return np.asarray(scores, dtype=np.float64)


def _as_groups(cluster_ids: Any, n_rows: int) -> NDArray[np.int64]:
    a = as_array(cluster_ids, "cluster_ids")
    if a.ndim != 1 or len(a) != n_rows:
        msg = f"cluster_ids must have shape ({n_rows},), one number per example, got {a.shape}"
        raise ValueError(msg)
    if a.dtype.kind not in "iu":
        msg = (
            f"cluster_ids must hold integers, got {kind_of(cluster_ids, a)}; number names by "
            "numpy.unique(cluster_ids, return_inverse=True)[1]"
        )
        raise TypeError(msg)
    return a.astype(np.int64)


def _clusters(near: Neighbors, clustering_kwargs: Any) -> NDArray[np.int64]:
    """Return the group of each row, -1 for none: DBSCAN over the distances to neighbours."""
    options = {} if clustering_kwargs is None else clustering_kwargs
    if not isinstance(options, Mapping):
        msg = f"clustering_kwargs must be a dict, got {shown(clustering_kwargs)}"
        raise TypeError(msg)
    options = {name: value for name, value in options.items() if name != "metric"}
    if options.keys() - {"eps", "min_samples"}:
        return _clusters_by_sklearn(near, options)
    radius = as_real(options.get("eps", _RADIUS), name="eps", above=0.0)
    samples = as_integer(options.get("min_samples", _MIN_SAMPLES), name="min_samples", least=1)
    return _core.density_clusters(
        near.distances, near.indices, near.k, radius, min(samples, near.k + 2)
    )


def _clusters_by_sklearn(near: Neighbors, options: Mapping[str, Any]) -> NDArray[np.int64]:
    cluster = require("sklearn.cluster", "underperforming_group with clustering_kwargs")
    k = near.k
    graph = graph_of_core(near.distances[:, :k].copy(), near.indices[:, :k].copy(), "")
    model = cluster.DBSCAN(**options, metric="precomputed").fit(graph.to_csr())
    return np.asarray(model.labels_, dtype=np.int64)


def _compare(quality: NDArray[np.float64], groups: NDArray[np.int64], least: int) -> _Quality:
    """Compare the mean quality of each group with that of all groups together."""
    ids, group_of = _numbered(groups)
    sizes = np.bincount(group_of, minlength=len(ids))
    counts = (ids != _NO_GROUP) & (sizes >= max(1, least))
    if not counts.any():
        msg = (
            f"no group of at least {least} similar examples was found to compare; pass groups of "
            "your own as cluster_ids, or a larger eps in clustering_kwargs"
        )
        raise ValueError(msg)
    totals = np.bincount(group_of, weights=quality, minlength=len(ids))
    means = np.full(len(ids), np.nan)
    np.divide(totals, sizes, out=means, where=counts)
    of_all = float(totals[counts].sum() / sizes[counts].sum())
    is_low = means < of_all  # never of nan
    ratios = np.where(is_low, means / (of_all if of_all > 0 else 1.0), 1.0)
    worst_ratio, worst = 1.0, _NONE_FOUND
    for place in _order_of_set(ids, group_of, sizes):
        if is_low[place] and means[place] < worst_ratio:
            worst_ratio, worst = float(ratios[place]), int(ids[place])
    return _Quality(
        ratios[group_of],
        means[group_of],
        of_all,
        worst_ratio,
        worst,
        int(np.count_nonzero(counts)),
    )


def _numbered(groups: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the groups there may be, ascending, and the place of each row's among them."""
    low, high = int(groups.min()), int(groups.max())
    if high - low <= len(groups):  # as those of the clustering are: no need to sort
        return np.arange(low, high + 1), groups - low
    ids, group_of = np.unique(groups, return_inverse=True)
    return ids, group_of.reshape(-1)


def _order_of_set(
    ids: NDArray[np.int64], group_of: NDArray[np.int64], sizes: NDArray[np.int64]
) -> list[int]:
    """Return places of the groups that have rows, in the order of ``set(ids[group_of])``."""
    first = np.zeros(len(ids), dtype=np.int64)
    first[group_of[::-1]] = np.arange(len(group_of))[::-1]  # the last assignment stays
    there = np.flatnonzero(sizes)
    by_row = there[np.argsort(first[there])].tolist()
    groups = ids[by_row].tolist()
    place_of = dict(zip(groups, by_row, strict=True))
    return [place_of[group] for group in set(groups)]


def explain(record: AuditRecord, finding: Finding, row: int) -> str:
    """Say how the model does in the row's group, and over all groups."""
    del record
    groups = finding.evidence["cluster_id"]
    quality = float(finding.evidence["cluster_quality"][row])
    if not np.isfinite(quality):
        return "It belongs to no group of similar examples that is large enough to judge."
    size = int(np.count_nonzero(groups == groups[row]))
    return (
        f"One of {size} similar examples (group {groups[row]}) to whose labels the model gives "
        f"{percent(quality)} on average; over all groups it gives {percent(finding.info['mean_quality'])}."
    )


CHECK = Check(
    name="underperforming_group",
    description=(
        "A group of similar examples for which the model does much worse than for the others: it "
        "may need more or better data of this kind, or other labels."
    ),
    needs={
        "classification": tuple(
            inputs | {"labels", "pred_probs"} for inputs in (*BY_GRAPH, frozenset({"cluster_ids"}))
        )
    },
    find=find,
    explain=explain,
    parameters=(
        "metric",
        "threshold",
        "k",
        "clustering_kwargs",
        "min_cluster_samples",
        "cluster_ids",
    ),
)
