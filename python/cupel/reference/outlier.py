"""How unlike the others an example is: by its neighbours' distances, or by its probabilities.

The scores are those of Kuan, Mueller, "Back to the Basics: Revisiting Out-of-Distribution Detection
Baselines", ICML Workshop on Principles of Distribution Shift (2022); "gen" is from Liu, Lochman,
Zach, "GEN: Pushing the Limits of Softmax-Based Out-of-Distribution Detection", CVPR (2023).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cupel.reference._common import Bools, Float64s, Labels
from cupel.reference.count import get_confident_thresholds
from cupel.reference.neighbors import default_metric, knn_graph

EPS = float(np.finfo(np.float64).eps)
# Mean distances below these are rounding, and count as none.
ROUNDING = {"cosine": 50 * EPS, "euclidean": (100 * EPS) ** 0.5, "minkowski": (100 * EPS) ** 0.5}


def outlier_scores(
    mean_distances: ArrayLike,
    *,
    t: float = 1,
    scaling_factor: float | None = None,
    metric: str = "unknown",
) -> Float64s:
    r"""Scores in [0, 1], lower for rows whose neighbours are farther.

    .. math:: s_i = \exp\left(-t \, \frac{d_i}{\mathrm{median}_j \, d_j}\right)

    The scale is at least 1e-6; mean distances within rounding of 0 score 1.
    """
    means = np.asarray(mean_distances, dtype=np.float64)
    scale = max(np.median(means), 100 * EPS) if scaling_factor is None else scaling_factor
    scores = np.exp(-t * means / max(scale, 1e-6))
    scores[means < ROUNDING.get(metric, 0.0)] = 1.0
    return np.asarray(scores)


def find_outliers(
    features: ArrayLike,
    *,
    k: int,
    t: float = 1,
    threshold: float = 0.37037,
    metric: str | None = None,
) -> tuple[Float64s, Bools, Float64s]:
    r"""Scores, flags and mean distances to the k nearest neighbours.

    .. math:: \bar d_i > Q_3 + \left(\frac{1}{\mathrm{threshold}} - 1\right) (Q_3 - Q_1)
    """
    name = metric or default_metric(features)
    means = knn_graph(features, k, metric=name)[0].mean(axis=1)
    low, high = np.percentile(means, [25, 75])
    flags = means > high + (1 / threshold - 1) * (high - low)
    return outlier_scores(means, t=t, metric=name), flags, means


def pred_probs_scores(
    pred_probs: ArrayLike,
    labels: Labels | None = None,
    *,
    method: str = "entropy",
    adjust_pred_probs: bool = True,
    M: int = 100,
    gamma: float = 0.1,
) -> Float64s:
    r"""Scores in [0, 1], lower for rows that the classifier is unsure of.

    With :math:`p` the probabilities, if adjusted :math:`p_{ik} - t_k + \max_l t_l` rescaled to sum
    to 1, and :math:`q` the M largest of softmax(p):

    .. math:: 1 + \frac{1}{\log K} \sum_k p_{ik} \log p_{ik} \; \text{(entropy)}, \qquad
        \max_k p_{ik} \; \text{(least_confidence)}, \qquad
        1 - \frac{1}{M} \sum_m q_{im}^\gamma (1 - q_{im})^\gamma \; \text{(gen)}
    """
    p = np.asarray(pred_probs, dtype=np.float64)
    if adjust_pred_probs:
        assert labels is not None
        thresholds = get_confident_thresholds(labels, pred_probs).astype(np.float64)
        p = p - thresholds + thresholds.max()
        total = p.sum(axis=1, keepdims=True)
        p = p / np.where(total > 0, total, 1)
    if method == "entropy":
        logs = np.log(p, where=p > 0, out=np.zeros_like(p))
        return np.asarray(1 + (p * logs).sum(axis=1) / np.log(p.shape[1]))
    if method == "least_confidence":
        return np.asarray(p.max(axis=1))
    if method == "gen":
        q = np.exp(p) / np.exp(p).sum(axis=1, keepdims=True)
        q = np.sort(q, axis=1)[:, -M:]
        return np.asarray(1 - (q**gamma * (1 - q) ** gamma).sum(axis=1) / M)
    msg = f"method must be 'entropy', 'least_confidence' or 'gen', got {method!r}"
    raise ValueError(msg)
