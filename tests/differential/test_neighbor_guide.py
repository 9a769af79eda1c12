"""The code in docs/neighbors.md runs, and other libraries' graphs give what ours does."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cupel import find_near_duplicates, find_outliers, knn_graph
from strategies import make_problem

GUIDE = Path(__file__).parents[2] / "docs" / "neighbors.md"
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
PEERS = ("faiss", "hnswlib", "usearch", "pynndescent", "sklearn")


def features() -> Any:
    x = pytest.importorskip("sklearn.datasets").load_digits().data.astype(np.float32)
    x[[100, 200, 300]] = x[7]
    return x


def run(block: str) -> dict[str, Any]:
    x = features()
    labels, pred_probs = make_problem(300, 5, 0)
    names: dict[str, Any] = {
        "features": x,
        "train_features": x[:900],
        "test_features": x[900:],
        "labels": labels,
        "pred_probs": pred_probs,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(block, names)  # noqa: S102 - our own guide
    return names


def blocks_about(word: str) -> list[str]:
    return [block for block in BLOCKS if re.search(rf"\b{word}\b", block)]


@pytest.mark.parametrize("word", ["find_outliers", "OutOfDistribution"])
def test_own_examples_run(word: str) -> None:
    (block,) = blocks_about(word)
    names = run(block)
    if word == "find_outliers":
        ids = names["duplicates"].cluster_ids
        assert len(set(ids[[7, 100, 200, 300]].tolist())) == 1


@pytest.mark.parametrize(
    "peer", [pytest.param(p, marks=pytest.mark.slow if p == "pynndescent" else ()) for p in PEERS]
)
def test_graphs_of_other_libraries(peer: str) -> None:
    pytest.importorskip(peer)
    (block,) = blocks_about(peer)
    graph = run(block)["graph"]
    own = knn_graph(features(), 10, metric=graph.metric)
    assert graph.k == 10
    shared = [np.isin(a, b).mean() for a, b in zip(own.indices, graph.indices, strict=True)]
    assert np.mean(shared) > 0.95
    if graph.exact:
        np.testing.assert_allclose(graph.distances, own.distances, rtol=1e-3, atol=1e-2)
    theirs, ours = find_outliers(knn_graph=graph), find_outliers(knn_graph=own)
    np.testing.assert_allclose(theirs.scores, ours.scores, atol=0.05)
    ids = find_near_duplicates(knn_graph=graph).cluster_ids
    assert len(set(ids[[7, 100, 200, 300]].tolist())) == 1


def test_every_block_is_run() -> None:
    assert len(BLOCKS) == 2 + len(PEERS)
