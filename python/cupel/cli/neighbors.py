"""Outliers and duplicates behind the command line: what is listed, in which order, and by what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cupel.duplicates import exact_duplicates, find_near_duplicates
from cupel.neighbors import knn_graph
from cupel.outlier import find_outliers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from cupel.cli.features import Features
    from cupel.neighbors import KnnGraph

__all__ = [
    "Duplicates",
    "Group",
    "Outliers",
    "Search",
    "group_duplicates",
    "rank_outliers",
    "search",
]


@dataclass(frozen=True, eq=False)
class Search:
    """Neighbours of every row of some features.

    Attributes
    ----------
    features : Features
        The rows.
    graph : KnnGraph
        Their nearest neighbours.
    """

    features: Features
    graph: KnnGraph

    @property
    def method(self) -> str:
        """How the neighbours were searched, in words."""
        if self.graph.exact:
            return "exact search"
        text = "approximate search"
        if self.graph.recall is not None:
            text += f", recall@{self.graph.k} {self.graph.recall:.1%} measured on a sample"
        if self.graph.recall_interval is not None:
            low, high = self.graph.recall_interval
            text += f" (95% interval {low:.1%} to {high:.1%})"
        return text


@dataclass(frozen=True, eq=False)
class Outliers:
    """Rows by how far their neighbours are; per-row arrays are in ranked order, the farthest first.

    Attributes
    ----------
    search : Search
        What was compared.
    rows, nearest_rows : ndarray of int64, shape (m,)
        The listed rows of the file, and the nearest other row of each.
    scores, mean_distances, nearest_distances : ndarray of float64, shape (m,)
        Score in [0, 1], lower is farther; mean distance to the k nearest rows; distance to the
        nearest.
    flagged : ndarray of bool, shape (m,)
        Whether the row is an outlier.
    n_flagged : int
        Number of outliers.
    threshold, cut, median : float
        The option, the mean distance above which a row is an outlier, the median of all rows.
    """

    search: Search
    rows: NDArray[np.int64]
    nearest_rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    mean_distances: NDArray[np.float64]
    nearest_distances: NDArray[np.float64]
    flagged: NDArray[np.bool_]
    n_flagged: int
    threshold: float
    cut: float
    median: float

    @property
    def share(self) -> float:
        """Outliers as a share of the rows that took part."""
        return self.n_flagged / self.search.graph.n_rows

    @property
    def rule(self) -> str:
        """When a row is an outlier, in words."""
        k = self.search.graph.k
        whose = "nearest row" if k == 1 else f"{k:,} nearest rows"
        return (
            f"mean {self.search.graph.metric} distance to the {whose} above {self.cut:.3g}: third "
            f"quartile + {1 / self.threshold - 1:.3g} x interquartile range"
        )


@dataclass(frozen=True)
class Group:
    """Rows that are the same or nearly so; `start` to `stop` of the listed rows."""

    cluster_id: int
    start: int
    stop: int
    kind: str  # "exact": all rows are identical; "near": none are; "mixed"
    largest_distance: float  # of a row to its nearest
    labels_conflict: bool

    @property
    def size(self) -> int:
        """Number of rows."""
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class Duplicates:
    """Groups of duplicates, the surest first; per-row arrays are group by group.

    Attributes
    ----------
    search : Search
        What was compared.
    groups : list of Group
        The groups in order: those whose labels conflict first, then those of identical rows, then
        by the largest distance to a nearest row.
    rows, nearest_rows : ndarray of int64, shape (m,)
        Rows of the file in a group, and the nearest other row of each.
    cluster_ids, copies : ndarray of int64, shape (m,)
        Group of each row, and a number that identical rows share: -1 for a row without its like.
    scores, nearest_distances : ndarray of float64, shape (m,)
        Score in [0, 1], lower is nearer; distance to the nearest row.
    radius, median : float
        Distance up to which rows are duplicates; median distance of all rows to their nearest.
    threshold : float or None
        Radius as a share of the median; None if the radius was given.
    complete : bool
        Whether all pairs within the radius were looked for, not only those among the k nearest.
    """

    search: Search
    groups: list[Group]
    rows: NDArray[np.int64]
    nearest_rows: NDArray[np.int64]
    cluster_ids: NDArray[np.int64]
    copies: NDArray[np.int64]
    scores: NDArray[np.float64]
    nearest_distances: NDArray[np.float64]
    radius: float
    median: float
    threshold: float | None
    complete: bool

    @property
    def share(self) -> float:
        """Rows in groups as a share of the rows that took part."""
        return len(self.rows) / self.search.graph.n_rows

    @property
    def n_exact(self) -> int:
        """Rows that have an identical one."""
        return int(np.count_nonzero(self.copies >= 0))

    @property
    def n_conflicts(self) -> int:
        """Groups whose labels conflict."""
        return sum(group.labels_conflict for group in self.groups)

    @property
    def rule(self) -> str:
        """When rows are in a group, in words."""
        text = f"{self.search.graph.metric} distance up to {self.radius:.3g}"
        if self.threshold is not None:
            text += f" ({self.threshold:.3g} x the median distance to the nearest row)"
        if not self.complete:
            text += f"; only the {self.search.graph.k:,} nearest rows of each were looked at"
        return text

    def kind(self, i: int) -> str:
        """Whether the row at position `i` has an identical one."""
        return "exact" if self.copies[i] >= 0 else "near"


def search(
    features: Features,
    *,
    k: int | None = None,
    metric: str | None = None,
    method: str = "auto",
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    n_jobs: int | None = None,
) -> Search:
    """Find the nearest neighbours of every row.

    Parameters
    ----------
    features : Features
        The rows.
    k : int, optional
        Neighbours of each row; 10 when left out, or as many as there are.
    metric, method, seed, progress, n_jobs
        As in :func:`cupel.neighbors.knn_graph`.
    """
    graph = knn_graph(
        features.matrix,
        k,
        metric=metric,
        method=method,
        seed=seed,
        progress=progress,
        n_jobs=n_jobs,
    )
    return Search(features, graph)


def rank_outliers(found: Search, *, threshold: float, everything: bool = False) -> Outliers:
    """Rank the outliers, or every row, by the mean distance to the neighbours.

    Parameters
    ----------
    found : Search
        The neighbours.
    threshold : float
        As in :func:`cupel.outlier.find_outliers`.
    everything : bool, default False
        List the rows that are no outliers too.
    """
    graph = found.graph
    result = find_outliers(knn_graph=graph, threshold=threshold)
    means = result.mean_distances
    listed = np.arange(graph.n_rows) if everything else np.flatnonzero(result.is_outlier)
    order = listed[np.argsort(-means[listed], kind="stable")]
    return Outliers(
        search=found,
        rows=found.features.file_rows(order),
        nearest_rows=found.features.file_rows(graph.indices[order, 0]),
        scores=result.scores[order],
        mean_distances=means[order],
        nearest_distances=graph.distances[order, 0],
        flagged=result.is_outlier[order],
        n_flagged=int(np.count_nonzero(result.is_outlier)),
        threshold=threshold,
        cut=result.cut,
        median=float(np.median(means)),
    )


def group_duplicates(
    found: Search,
    *,
    threshold: float,
    radius: float | None = None,
    labels: NDArray[np.int64] | None = None,
    progress: Callable[[float], None] | None = None,
    n_jobs: int | None = None,
) -> Duplicates:
    """Group rows that are the same or nearly so.

    Parameters
    ----------
    found : Search
        The neighbours. Where they are approximate, so are the groups.
    threshold, radius, progress, n_jobs
        As in :func:`cupel.duplicates.find_near_duplicates`.
    labels : ndarray of int64, shape (n_rows of the file,), optional
        Labels, to mark the groups in which they conflict.
    """
    graph, matrix = found.graph, found.features.matrix
    result = find_near_duplicates(
        matrix,
        knn_graph=graph,
        threshold=threshold,
        radius=radius,
        progress=progress,
        n_jobs=n_jobs,
    )
    copies = exact_duplicates(matrix, n_jobs=n_jobs)
    members = np.flatnonzero(result.cluster_ids >= 0)
    members = members[np.argsort(result.cluster_ids[members], kind="stable")]
    clusters = result.cluster_ids[members]
    starts = np.flatnonzero(np.diff(clusters, prepend=-1))
    distances = result.nearest_distances[members]
    given = None if labels is None else labels[found.features.file_rows(members)]
    old = list(_groups(clusters, starts, copies[members], distances, given))
    old.sort(key=lambda g: (not g.labels_conflict, g.kind != "exact", g.largest_distance, g.start))
    order = np.concatenate([np.arange(g.start, g.stop) for g in old] or [members[:0]])
    groups: list[Group] = []
    for group in old:
        start = groups[-1].stop if groups else 0
        groups.append(replace(group, start=start, stop=start + group.size))
    members = members[order]
    return Duplicates(
        search=found,
        groups=groups,
        rows=found.features.file_rows(members),
        nearest_rows=found.features.file_rows(graph.indices[members, 0]),
        cluster_ids=clusters[order],
        copies=copies[members],
        scores=result.scores[members],
        nearest_distances=distances[order],
        radius=result.radius,
        median=float(np.median(result.nearest_distances)),
        threshold=threshold if radius is None else None,
        complete=result.complete,
    )


def _groups(
    clusters: NDArray[np.int64],
    starts: NDArray[np.int64],
    copies: NDArray[np.int64],
    distances: NDArray[np.float64],
    labels: NDArray[np.int64] | None,
) -> Iterator[Group]:
    """Describe the runs of equal clusters that begin at `starts`."""
    stops = np.append(starts[1:], len(clusters))
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        part = slice(start, stop)
        identical = bool(copies[start] >= 0 and (copies[part] == copies[start]).all())
        kind = "exact" if identical else "mixed" if (copies[part] >= 0).any() else "near"
        conflict = labels is not None and bool((labels[part] != labels[start]).any())
        largest = float(distances[part].max())
        yield Group(int(clusters[start]), start, stop, kind, largest, conflict)
