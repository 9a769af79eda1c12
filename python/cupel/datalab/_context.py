"""What a check may look at: the inputs, and one graph of neighbours shared by all checks."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cupel import _core
from cupel._arrays import shown
from cupel._extras import require
from cupel._features import METRICS, as_k, as_metric
from cupel._graph import KnnGraph, graph_of_core
from cupel._posterior import NoiseModel, fitted, fitted_to
from cupel._search import FeatureSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from cupel._joint import Thresholds
    from cupel._problem import Problem
    from cupel.datalab._dataset import Dataset, Labels
    from cupel.datalab._finding import Finding

__all__ = ["Context"]

_DEFAULT_K = 10


@dataclass(eq=False)
class Context:
    """Inputs of one call of `Datalab.find_issues`.

    Attributes
    ----------
    task : str
        ``"classification"``, ``"regression"`` or ``"multilabel"``.
    dataset : Dataset
        The examples.
    labels : Labels
        Their labels.
    pred_probs : array_like or None
        As passed: shape (n, k); for regression the predictions, shape (n,).
    features : array_like or None
        As passed: shape (n, d), or a data frame.
    given_graph : KnnGraph or None
        The neighbours that the caller passed.
    stored_graph : KnnGraph or None
        Those of an earlier call.
    findings : dict of str to Finding
        What checks found that ran before, also in earlier calls.
    widest_k : int
        Neighbours of each row that some check of this call will ask for.
    n_jobs : int or None
        Threads to use.
    progress : callable or None
        Told the fraction of the search of neighbours that is done.
    seconds_of_search : float
        What all searches of neighbours took.
    """

    task: str
    dataset: Dataset
    labels: Labels
    pred_probs: Any = None
    features: Any = None
    given_graph: KnnGraph | None = None
    stored_graph: KnnGraph | None = None
    findings: dict[str, Finding] = field(default_factory=dict)
    widest_k: int = _DEFAULT_K
    n_jobs: int | None = None
    progress: Callable[[float], None] | None = None
    seconds_of_search: float = 0.0
    _loaded: FeatureSet | None = None
    _searched: dict[str, KnnGraph] = field(default_factory=dict)
    _noise_model: NoiseModel | None = None

    @property
    def n_rows(self) -> int:
        """Number of examples, n."""
        return self.dataset.n_rows

    @property
    def newest_graph(self) -> KnnGraph | None:
        """The graph that was passed or searched in this call, or else the one kept before."""
        newest = next(iter(self._searched.values()), self.stored_graph)
        return newest if self.given_graph is None else self.given_graph

    @property
    def graph_is_given(self) -> bool:
        """Whether the neighbours are the caller's."""
        return self.given_graph is not None

    def noise_model(self, problem: Problem, thresholds: Thresholds | None = None) -> NoiseModel:
        """Return the noise posterior's model of labels and `pred_probs`, fitted once.

        `problem` is these two as the core takes them; `thresholds` are its own, where known.
        """
        if self._noise_model is None:
            self._noise_model = (
                fitted(problem) if thresholds is None else fitted_to(problem, thresholds)
            )
        return self._noise_model

    def with_features(self, features: Any) -> Context:
        """Return the same context with these features, and no graph yet."""
        none: Any = {"given_graph": None, "stored_graph": None, "_loaded": None, "_searched": {}}
        return replace(self, features=features, **none)

    def feature_set(self, metric: str | None = None) -> FeatureSet:
        """Return the features as the core takes them, read once."""
        if self._loaded is None:
            self._loaded = FeatureSet.load(self.features, n_jobs=self.n_jobs, min_rows=2)
        if metric is None or metric == self._loaded.metric:
            return self._loaded
        return replace(self._loaded, metric=as_metric(metric, self._loaded.matrix.shape[1]))

    def graph(self, k: int = _DEFAULT_K, metric: str | None = None) -> KnnGraph:
        """Return at least the `k` nearest neighbours of every row, or all others if fewer.

        The caller's graph wins over features. A graph is searched once for all checks of a metric
        (None: the one for so many features), with rows identical to a row first. Checks that look
        at k neighbours take the first k columns.

        Raises
        ------
        ValueError
            If the caller's graph has fewer, or there is neither graph nor features.
        """
        if self.given_graph is not None:
            return _wide_enough(self.given_graph, k)
        if self.features is None:
            if self.stored_graph is None:
                msg = "this check needs features or knn_graph"
                raise ValueError(msg)
            return _wide_enough(self.stored_graph, k)
        if metric is not None and metric not in METRICS:
            return self._searched_elsewhere(k, metric)
        loaded = self.feature_set(metric)
        wanted = as_k(min(max(k, self.widest_k), loaded.n_rows - 1), loaded.n_rows - 1)
        for known in (self._searched.get(loaded.metric), self.stored_graph):
            if known is not None and known.metric == loaded.metric and known.k >= wanted:
                return known
        with self._timed():
            found = loaded.neighbors(wanted, progress=self.progress)
            self._searched[loaded.metric] = _identical_first(found, loaded.identical())
        return self._searched[loaded.metric]

    def _searched_elsewhere(self, k: int, metric: Any) -> KnnGraph:
        """Search by a metric that only scikit-learn knows."""
        name = str(metric)
        if name not in self._searched or self._searched[name].k < k:
            loaded = self.feature_set()
            search = require("sklearn.neighbors", f"metric {name!r}").NearestNeighbors
            wanted = min(max(k, self.widest_k), loaded.n_rows - 1)
            with self._timed():
                found = search(n_neighbors=wanted, metric=metric).fit(loaded.matrix).kneighbors()
                graph = KnnGraph.from_arrays(*found, metric=name, exact=True)
                self._searched[name] = _identical_first(graph, loaded.identical())
        return self._searched[name]

    @contextmanager
    def _timed(self) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds_of_search += time.perf_counter() - start


def _wide_enough(graph: KnnGraph, k: int) -> KnnGraph:
    if graph.k < min(k, graph.n_rows - 1):
        msg = (
            f"knn_graph has {graph.k} neighbours of each row, this check looks at {shown(k)}; pass "
            f"a graph with more, or k={graph.k} for this check"
        )
        raise ValueError(msg)
    return graph


def _identical_first(graph: KnnGraph, lowest: NDArray[np.int64]) -> KnnGraph:
    """Put identical rows before others at distance 0, and at distance 0."""
    indices = _core.identical_neighbors_first(graph.indices, lowest)
    same = lowest[indices] == lowest[:, None]
    distances = graph.distances.copy()
    distances[same] = 0.0
    return graph_of_core(
        distances,
        indices,
        graph.metric,
        recall=graph.recall,
        recall_interval=graph.recall_interval,
    )
