"""What the labels of an example's neighbours say of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel._features import as_integer

if TYPE_CHECKING:
    from cupel.datalab._context import Context

__all__ = ["euclidean_neighbors", "neighbor_shares", "neighbor_votes", "neighbors_at_hand"]

_BLOCK = 1 << 20  # cells of the matrix of counts that are made at a time


def neighbor_shares(
    labels: NDArray[np.int64], indices: NDArray[np.int64], n_classes: int
) -> NDArray[np.float64]:
    """Shares of the classes among the neighbours of each row.

    What is left of the vote of k + 1 rows, of scikit-learn's classifier, without the row itself; to
    the last bit, because shares are compared with thresholds that they may be equal to.
    """
    found = indices.shape[1]
    voters = found + 1
    shares = np.empty((len(labels), n_classes))
    rows = max(1, _BLOCK // n_classes)
    for start in range(0, len(labels), rows):
        part = slice(start, start + rows)
        own = labels[part]
        votes = _counts(np.column_stack([labels[indices[part]], own]), n_classes) / voters
        votes[np.arange(len(own)), own] -= 1 / voters
        shares[part] = votes * voters / found
    return np.clip(shares, 0.0, 1.0, out=shares)


def neighbor_votes(
    labels: NDArray[np.int64], indices: NDArray[np.int64] | None
) -> dict[str, NDArray[Any]]:
    """Commonest label among the neighbours of each row, and its share; empty without neighbours."""
    if indices is None:
        return {}
    near = labels[indices].astype(np.int32)
    own = labels.astype(np.int32)
    winner, most = np.full(len(own), -1, dtype=np.int32), np.zeros(len(own), dtype=np.int64)
    for column in near.T:
        votes = np.count_nonzero(near == column[:, np.newaxis], axis=1)
        wins_tie = (column == own) | ((winner != own) & (column < winner))
        better = (votes > most) | ((votes == most) & wins_tie)
        winner[better], most[better] = column[better], votes[better]
    return {
        "neighbor_vote_class": winner.astype(np.int64),
        "neighbor_vote_share": most / near.shape[1],
    }


def _counts(near: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
    cells = np.arange(len(near))[:, np.newaxis] * n_classes + near
    return np.bincount(cells.ravel(), minlength=len(near) * n_classes).reshape(-1, n_classes)


def euclidean_neighbors(context: Context, k: int) -> NDArray[np.int64]:
    """Return the k nearest other rows of every row, or all others if they are fewer."""
    k = min(as_integer(k, name="k", least=1), context.n_rows - 1)
    loaded = context.feature_set("euclidean")
    if len(loaded.matrix) != context.n_rows:
        msg = (
            f"features has {len(loaded.matrix)} rows, the data set {context.n_rows}; they must "
            "describe the same examples"
        )
        raise ValueError(msg)
    shared = context.feature_set().metric == "euclidean" and not context.graph_is_given
    if shared and context.stored_graph is None:
        return context.graph(k, "euclidean").indices[:, :k]
    return loaded.neighbors(k, progress=context.progress).indices


def neighbors_at_hand(context: Context, k: int) -> NDArray[np.int64] | None:
    """Return the first k columns of the graph that all checks share, if they can have one."""
    k = as_integer(k, name="k", least=1)
    graph = context.newest_graph
    if graph is None and context.features is not None:
        try:
            graph = context.graph(k)
        except (TypeError, ValueError):  # features that only the search for missing values takes
            return None
    if graph is None or graph.n_rows != context.n_rows:
        return None
    return graph.indices[:, :k]
