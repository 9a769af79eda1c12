"""Who competes in the approximate search, and the settings that each may try."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from .cases import CUPEL, FAISS_HNSW, FAISS_IVF, HNSWLIB, PYNNDESCENT, RECALL, K
from .contestants import versions
from .data import Features
from .truth import Indices


@dataclass(frozen=True)
class IndexMethod:
    """Builds an index with one of several settings, then searches it with ever more effort.

    `build` takes features, a setting and threads, and gives an index; `search` takes the index,
    queries and an effort, and gives the k+1 nearest, the row itself among them.
    Building and searching take time in proportion to rows to the power of `growth`. Settings of
    which the best one depends on the rows are all tried again with more rows.
    """

    name: str
    package: str
    settings: dict[str, Any]
    effort: str
    efforts: tuple[int, ...]
    build: Callable[[Features, Any, int], Any]
    search: Callable[[Any, Features, int], Indices]
    growth: float
    best_depends_on_rows: bool = False


@dataclass(frozen=True)
class GraphMethod:
    """Makes the whole graph at once, with ever more effort.

    `graph` takes features, an effort and threads, and gives the k nearest of every row, and what
    the method itself says of its recall (nothing, for most).
    """

    name: str
    package: str
    effort: str
    efforts: tuple[float, ...]
    graph: Callable[[Features, Any, int], tuple[Indices, list[float] | None]]
    growth: float


Method = IndexMethod | GraphMethod


def _build_ivf(features: Features, lists_over_root: float, _: int) -> Any:
    import faiss

    n, d = features.shape
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(d), d, int(lists_over_root * sqrt(n)))
    # A quarter of the default: training is cheaper, recall hardly lower.
    index.cp.max_points_per_centroid = 64
    index.train(features)
    index.add(features)
    return index


def _search_ivf(index: Any, queries: Features, effort: int) -> Indices:
    index.nprobe = effort
    indices: Indices = index.search(queries, K + 1)[1]
    return indices


def _build_hnsw(features: Features, setting: tuple[int, int], _: int) -> Any:
    import faiss

    index = faiss.IndexHNSWFlat(features.shape[1], setting[0])
    index.hnsw.efConstruction = setting[1]
    index.add(features)
    return index


def _search_hnsw(index: Any, queries: Features, effort: int) -> Indices:
    index.hnsw.efSearch = effort
    indices: Indices = index.search(queries, K + 1)[1]
    return indices


def _build_hnswlib(features: Features, setting: tuple[int, int], threads: int) -> Any:
    import hnswlib

    index = hnswlib.Index(space="l2", dim=features.shape[1])
    index.set_num_threads(threads)
    m, ef = setting
    index.init_index(max_elements=len(features), M=m, ef_construction=ef, random_seed=0)
    index.add_items(features)
    return index


def _search_hnswlib(index: Any, queries: Features, effort: int) -> Indices:
    index.set_ef(effort)
    return index.knn_query(queries, K + 1)[0].astype(np.int64)  # type: ignore[no-any-return]


def _pynndescent(features: Features, effort: int, threads: int) -> tuple[Indices, None]:
    from pynndescent import NNDescent

    index = NNDescent(features, n_neighbors=effort, random_state=0, n_jobs=threads)
    return index.neighbor_graph[0][:, : K + 1].astype(np.int64), None


def _cupel(features: Features, effort: float, threads: int) -> tuple[Indices, list[float] | None]:
    from cupel.neighbors import knn_graph

    graph = knn_graph(
        features, K, metric="euclidean", method="approximate", recall=effort, n_jobs=threads
    )
    own = None if graph.recall is None else [graph.recall, *(graph.recall_interval or ())]
    return graph.indices, own


_EF = (12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)

METHODS: tuple[Method, ...] = (
    GraphMethod(CUPEL, CUPEL, "recall", (RECALL, 0.97, 0.99), _cupel, growth=1.15),
    IndexMethod(
        FAISS_IVF,
        "faiss-cpu",
        {"nlist = sqrt(N)": 1.0, "nlist = 2 sqrt(N)": 2.0, "nlist = 4 sqrt(N)": 4.0},
        "nprobe",
        (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256),
        _build_ivf,
        _search_ivf,
        growth=1.5,
        best_depends_on_rows=True,
    ),
    IndexMethod(
        FAISS_HNSW,
        "faiss-cpu",
        {"M = 16, efConstruction = 40": (16, 40), "M = 32, efConstruction = 40": (32, 40)},
        "efSearch",
        _EF,
        _build_hnsw,
        _search_hnsw,
        growth=1.15,
    ),
    IndexMethod(
        HNSWLIB,
        "hnswlib",
        {"M = 16, ef_construction = 60": (16, 60), "M = 16, ef_construction = 120": (16, 120)},
        "ef",
        _EF,
        _build_hnswlib,
        _search_hnswlib,
        growth=1.15,
    ),
    GraphMethod(
        PYNNDESCENT,
        "pynndescent",
        "n_neighbors",
        (11, 15, 20, 25, 30, 40, 50),
        _pynndescent,
        growth=1.15,
    ),
)


def installed_methods() -> list[Method]:
    """Those that can run here."""
    installed = {CUPEL, *versions()}
    return [method for method in METHODS if method.package in installed]
