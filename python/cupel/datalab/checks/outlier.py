"""Examples unlike all others: far from their neighbours, or without a class that fits them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cupel._arrays import shown
from cupel._features import as_integer, as_real
from cupel._ood import distance_scores, mean_distances, scale_of
from cupel._out_of_distribution import OutOfDistribution
from cupel.datalab._finding import Check, Finding
from cupel.datalab.checks._neighbors import BY_GRAPH, Neighbors

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord

__all__ = ["CHECK"]

_OF_DISTANCES = 0.37037  # about 1.7 interquartile ranges above the third quartile
_OF_PROBABILITIES = 0.13  # of the median score
_INPUTS = ("features", "pred_probs", "knn_graph")


def find(
    context: Context,
    *,
    k: int = 10,
    t: float = 1,
    metric: str | None = None,
    scaling_factor: float | None = None,
    threshold: float | None = None,
    ood_kwargs: Mapping[str, Any] | None = None,
) -> Finding:
    """Find examples whose neighbours are far away; without neighbours, those that fit no class.

    Parameters
    ----------
    context : Context
        Features or a graph of neighbours; or else `pred_probs` and labels.
    k : int, default 10
        Neighbours to average over; of the caller's graph, all are.
    t, scaling_factor
        As in :func:`cupel.outlier.outlier_scores`.
    metric : str, optional
        For features.
    threshold : float, optional
        Lower flags fewer. Of neighbours in [0, 1], 0.37037 by default, as in
        :func:`cupel.outlier.find_outliers`. Of probabilities the share of the median score below
        which examples are flagged, 0.13 by default.
    ood_kwargs : dict, optional
        ``{"params": {...}}`` for :class:`cupel.outlier.OutOfDistribution`, of probabilities.
    """
    params = {
        **_params_of(ood_kwargs),
        "k": as_integer(k, name="k", least=1),
        "t": as_real(t, name="t"),
    }
    if context.features is None and context.newest_graph is None:
        return _find_by_probabilities(context, threshold, params)
    limit = _OF_DISTANCES if threshold is None else as_real(threshold, name="threshold", most=1.0)
    scale = scaling_factor
    if scale is not None:
        scale = as_real(scale, name="scaling_factor", above=0.0)
    near = Neighbors(context, k, metric)
    means = mean_distances(near.distances, near.k)
    scale = scale_of(means) if scale is None else scale
    scores = distance_scores(means, params["t"], scale, near.graph.metric)
    cut = _cut(means, limit)
    info = _info(scores, limit, cut, "knn_graph", params) | {
        "scaling_factor": scale,
        "nearest_neighbor": near.nearest_rows,
        "distance_to_nearest_neighbor": near.nearest_distances,
        "metric": near.metric,
    }
    spread = float(means.std())
    z_scores = (means - means.mean()) / (spread if spread > 0 else 1.0)
    return Finding(
        "outlier",
        np.asarray(means > cut),
        scores,
        float(scores.mean()),
        info=info,
        evidence={"mean_distance": means, "z_score": z_scores},
    )


def _cut(means: Any, threshold: float) -> float:
    """Return the mean distance above which rows are outliers."""
    low, high = np.quantile(means, (0.25, 0.75))
    return float(high + (1 / threshold - 1) * (high - low)) if threshold > 0 else float("inf")


def _find_by_probabilities(
    context: Context, threshold: float | None, params: Mapping[str, Any]
) -> Finding:
    limit = _OF_PROBABILITIES if threshold is None else as_real(threshold, name="threshold")
    ood = OutOfDistribution(params)
    probs = context.pred_probs
    if ood.params["adjust_pred_probs"] and ood.params["confident_thresholds"] is None:
        ood.fit(pred_probs=probs, labels=context.labels.values, n_jobs=context.n_jobs)
    scores = np.asarray(ood.score(pred_probs=probs), dtype=np.float64)
    cut = float(limit * np.median(scores))
    return Finding(
        "outlier",
        np.asarray(scores < cut),
        scores,
        float(scores.mean()),
        info=_info(scores, limit, cut, "pred_probs", ood.params),
    )


def _info(
    scores: Any, threshold: float, cut: float, source: str, params: Mapping[str, Any]
) -> dict[str, Any]:
    known = {**OutOfDistribution.DEFAULT_PARAM_DICT, "scaling_factor": None, **params}
    return {
        "average_ood_score": float(scores.mean()),
        "threshold": threshold,
        "issue_threshold": cut,
        **{name: value for name, value in known.items() if name != "knn"},
        "find_issues_inputs": {name: name == source for name in _INPUTS},
    }


def _params_of(ood_kwargs: Any) -> Mapping[str, Any]:
    if ood_kwargs is None:
        return {}
    params = ood_kwargs.get("params", {}) if isinstance(ood_kwargs, Mapping) else None
    if not isinstance(params, Mapping) or set(ood_kwargs) - {"params"}:
        msg = f"ood_kwargs must be a dict {{'params': {{...}}}}, got {shown(ood_kwargs)}"
        raise ValueError(msg)
    return params


def explain(record: AuditRecord, finding: Finding, row: int) -> str:
    """Say how far from its neighbours the row is, or how undecided the model."""
    del record
    means = finding.evidence.get("mean_distance")
    if means is None:
        listed = "" if finding.is_issue[row] else "not "
        return (
            f"By the model's probabilities, this example fits no class well: its score is "
            f"{finding.scores[row]:.2g}, and {listed}below {finding.info['issue_threshold']:.2g}."
        )
    z = float(finding.evidence["z_score"][row])
    return (
        f"Its nearest neighbours are {means[row]:.3g} away on average, where "
        f"{finding.info['scaling_factor']:.3g} is typical: {abs(z):.1f} standard deviations "
        f"{'above' if z >= 0 else 'below'} the mean."
    )


CHECK = Check(
    name="outlier",
    description=(
        "Examples unlike all others: far from even their nearest neighbours. They may be broken, "
        "out of place, or rare and valuable."
    ),
    needs={
        "classification": (*BY_GRAPH, frozenset({"labels", "pred_probs"})),
        "regression": BY_GRAPH,
        "multilabel": BY_GRAPH,
    },
    find=find,
    explain=explain,
    parameters=("k", "t", "metric", "scaling_factor", "threshold", "ood_kwargs"),
)
