"""What the checks that look at neighbours share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel._features import as_integer
from cupel._graph import UNKNOWN, KnnGraph

if TYPE_CHECKING:
    from cupel.datalab._context import Context

__all__ = ["BY_GRAPH", "Neighbors"]

BY_GRAPH = (frozenset({"features"}), frozenset({"knn_graph"}))


class Neighbors:
    """The neighbours that a check looks at: the first `k` columns of a graph.

    All columns of the caller's graph, as in cleanlab; else those that were asked for.
    """

    def __init__(self, context: Context, k: Any, metric: str | None) -> None:
        self.asked = as_integer(k, name="k", least=1)
        given = context.given_graph
        self.graph: KnnGraph = context.graph(self.asked, metric) if given is None else given
        self.k = self.graph.k if given is not None else min(self.asked, self.graph.k)
        # The core reads rows that lie one after the other.
        self.distances = np.ascontiguousarray(self.graph.distances)
        self.indices = np.ascontiguousarray(self.graph.indices)

    @property
    def metric(self) -> str | None:
        """Name of the metric; None where only the caller knows."""
        return None if self.graph.metric == UNKNOWN else self.graph.metric

    @property
    def nearest_rows(self) -> NDArray[np.int64]:
        """Nearest neighbour of each row."""
        return self.indices[:, 0].copy()

    @property
    def nearest_distances(self) -> NDArray[np.float64]:
        """Distance of each row to its nearest neighbour."""
        return self.distances[:, 0].copy()
