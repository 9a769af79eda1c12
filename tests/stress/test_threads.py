"""Calls from many threads: right answers, and the interpreter is free meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import cupel

THREADS, CALLS = 8, 200


def problem(n: int, k: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Labels that depend on the size alone, and probabilities that depend on the seed too."""
    labels = np.random.default_rng(0).integers(k, size=n)
    rng = np.random.default_rng(seed)
    p = rng.standard_exponential((n, k))
    p[np.arange(n), labels] += 3 * rng.random(n)
    return labels, p / p.sum(axis=1, keepdims=True)


def everything(labels: NDArray[Any], p: NDArray[Any], n_jobs: int) -> bytes:
    results = [
        cupel.find_label_issues(labels, p, n_jobs=n_jobs),
        cupel.find_label_issues(
            labels, p, n_jobs=n_jobs, filter_by="both", return_indices_ranked_by="self_confidence"
        ),
        cupel.get_label_quality_scores(labels, p, method="normalized_margin", n_jobs=n_jobs),
        cupel.count.compute_confident_joint(labels, p, n_jobs=n_jobs),
    ]
    return b"".join(r.tobytes() for r in results)


def wrong_answers(n: int, k: int, threads: int, calls: int, n_jobs: int) -> int:
    problems = [problem(n, k, seed) for seed in range(threads)]
    expected = [everything(labels, p, 1) for labels, p in problems]
    assert len(set(expected)) == threads  # a mix-up would show
    start = threading.Barrier(threads)

    def caller(number: int) -> int:
        start.wait()
        wrong = 0
        for call in range(calls):
            which = (number + call) % threads
            wrong += everything(*problems[which], n_jobs) != expected[which]
        return wrong

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(caller, range(threads)))


def test_no_wrong_answer_of_1600() -> None:
    assert wrong_answers(500, 7, THREADS, CALLS, n_jobs=1) == 0


def test_no_wrong_answer_when_calls_start_threads_themselves() -> None:
    assert wrong_answers(60_000, 20, threads=4, calls=3, n_jobs=4) == 0


def test_a_scorer_is_shared() -> None:
    labels, p = problem(500, 7, 0)
    scorer = cupel.Scorer.fit(labels, p)
    expected = [scorer.check(int(y), row) for y, row in zip(labels, p, strict=True)]

    def caller(_: int) -> bool:
        return expected == [scorer.check(int(y), row) for y, row in zip(labels, p, strict=True)]

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(caller, range(3 * THREADS)))


LONG_CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "find_label_issues": lambda y, p: cupel.find_label_issues(y, p, n_jobs=1),
    "entropy": lambda y, p: cupel.get_label_quality_scores(
        y, p, method="confidence_weighted_entropy", n_jobs=1
    ),
    "confident joint": lambda y, p: cupel.count.compute_confident_joint(y, p, n_jobs=1),
    "thresholds": lambda y, p: cupel.count.get_confident_thresholds(y, p, n_jobs=1),
}


@pytest.mark.parametrize("name", LONG_CALLS)
def test_other_threads_run_meanwhile(name: str) -> None:
    row = np.random.default_rng(0).dirichlet(np.ones(100))
    p = np.broadcast_to(row, (6_000_000, 100))  # takes no memory
    labels = (np.arange(len(p)) % 100).astype(np.uint8)
    ticks: list[float] = []
    done = threading.Event()

    def tick() -> None:
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    ticker = threading.Thread(target=tick)
    ticker.start()
    begin = time.perf_counter()
    LONG_CALLS[name](labels, p)
    end = time.perf_counter()
    done.set()
    ticker.join()
    assert sum(begin < t < end for t in ticks) >= 5
