"""Who competes in the exact search of a set's neighbours in itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from .cases import COSINE, CUPEL, EUCLIDEAN, FAISS, KD_TREE, SKLEARN, SKLEARN_JOBS
from .data import Features
from .truth import Neighbours, others

Search = Callable[[Features, int, str, int], Neighbours]

PACKAGES = ("faiss-cpu", "scikit-learn", "cleanlab", "hnswlib", "pynndescent")


def versions() -> dict[str, str]:
    """Version of every peer that is installed."""
    found = {}
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


@contextlib.contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """Hold the peers' own thread pools to as many threads as cupel gets."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(ImportError):
            import faiss

            before = faiss.omp_get_max_threads()
            faiss.omp_set_num_threads(threads)
            stack.callback(faiss.omp_set_num_threads, before)
        with contextlib.suppress(ImportError):
            from threadpoolctl import threadpool_limits

            stack.enter_context(threadpool_limits(threads))
        yield


@dataclass(frozen=True)
class Contestant:
    """A way to find neighbours exactly.

    `search` takes features, k, metric and threads. One run is guessed to take time in proportion
    to rows squared times (columns + `overhead`). Who is capped is left out where that is too long.
    """

    name: str
    package: str
    search: Search
    metrics: tuple[str, ...] = (EUCLIDEAN, COSINE)
    most_columns: int | None = None
    overhead: float = 64.0
    capped: bool = True

    def fits(self, metric: str, columns: int) -> bool:
        """Whether it can, or should, run on such data."""
        narrow = self.most_columns is None or columns <= self.most_columns
        return metric in self.metrics and narrow


def _cupel(features: Features, k: int, metric: str, threads: int) -> Neighbours:
    from cupel.neighbors import knn_graph

    graph = knn_graph(features, k, metric=metric, method="exact", n_jobs=threads)
    return graph.distances, graph.indices


def _faiss(features: Features, k: int, metric: str, _: int) -> Neighbours:
    import faiss

    if metric == COSINE:
        features = features / np.linalg.norm(features, axis=1, keepdims=True)
        index: Any = faiss.IndexFlatIP(features.shape[1])
    else:
        index = faiss.IndexFlatL2(features.shape[1])
    index.add(features)
    distances, indices = index.search(features, k + 1)
    keep = others(np.arange(len(features)), indices)
    distances, indices = distances[keep].reshape(-1, k), indices[keep].reshape(-1, k)
    return (1 - distances if metric == COSINE else np.sqrt(distances)), indices


def _sklearn(algorithm: str, jobs: bool) -> Search:
    def search(features: Features, k: int, metric: str, threads: int) -> Neighbours:
        from sklearn.neighbors import NearestNeighbors

        n_jobs = threads if jobs else None
        model = NearestNeighbors(n_neighbors=k, algorithm=algorithm, metric=metric, n_jobs=n_jobs)
        distances, indices = model.fit(features).kneighbors()
        return distances, indices

    return search


# scikit-learn's cosine distances with n_jobs are mostly slower than without, as cleanlab runs
# them: there, BLAS takes the threads. Both are measured. Selection is most of their work.
CONTESTANTS = (
    Contestant(CUPEL, "cupel", _cupel, capped=False),
    Contestant(FAISS, "faiss-cpu", _faiss, capped=False),
    Contestant(SKLEARN, "scikit-learn", _sklearn("brute", jobs=True), metrics=(EUCLIDEAN,)),
    Contestant(
        SKLEARN,
        "scikit-learn",
        _sklearn("brute", jobs=False),
        metrics=(COSINE,),
        overhead=1000.0,
    ),
    Contestant(
        SKLEARN_JOBS,
        "scikit-learn",
        _sklearn("brute", jobs=True),
        metrics=(COSINE,),
        overhead=1000.0,
    ),
    Contestant(
        KD_TREE,
        "scikit-learn",
        _sklearn("kd_tree", jobs=True),
        metrics=(EUCLIDEAN,),
        most_columns=3,
    ),
)


def competing(metric: str, columns: int, only: tuple[str, ...]) -> list[Contestant]:
    """Those that are installed, fit the data and are named (nobody named: all)."""
    installed = {CUPEL, *versions()}
    return [
        contestant
        for contestant in CONTESTANTS
        if contestant.package in installed
        and contestant.fits(metric, columns)
        and (not only or contestant.name in only)
    ]
