"""Searches for neighbours under Ctrl-C, from many threads, after fork, on input that changes."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import cupel
from cupel import _core
from stress.child import output

LIMIT = 0.5  # seconds from the signal to the exception

INTERRUPTED = """
import os, signal, sys, threading, time
import numpy as np
import cupel
from cupel import neighbors

rng = np.random.default_rng(0)
wide = rng.standard_normal((60_000, 256), dtype=np.float32)
flat = (rng.standard_normal((60_000, 8)) @ rng.standard_normal((8, 256))).astype(np.float32)
narrow = rng.standard_normal((3_000_000, 3), dtype=np.float32)
CALLS = {
    "all pairs": lambda: neighbors.knn_graph(wide, method="exact"),
    "few directions": lambda: neighbors.knn_graph(flat, method="exact"),
    "approximate": lambda: neighbors.knn_graph(wide, method="approximate"),
    "tree": lambda: neighbors.knn_graph(narrow, method="exact"),
    "queries": lambda: neighbors.nearest_neighbors(wide, wide),
    "radius": lambda: neighbors.radius_pairs(wide, 5.0),
}
call = CALLS[sys.argv[1]]
for delay in map(float, sys.argv[2:]):
    sent = []
    def interrupt():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
    timer = threading.Timer(delay, interrupt)
    timer.start()
    try:
        call()
        timer.cancel()
        print("over")
    except KeyboardInterrupt:
        print(time.monotonic() - sent[0])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize(
    "call", ["all pairs", "few directions", "approximate", "tree", "queries", "radius"]
)
def test_ctrl_c_ends_a_search(call, tmp_path):
    lines = output(INTERRUPTED, tmp_path, call, "0.1", "0.3", "0.7", timeout=300).split("\n")[:3]
    ended = [float(line) for line in lines if line != "over"]
    assert ended, "every call was over before its signal"
    assert max(ended) < LIMIT


FORKED = """
import os
import numpy as np
import cupel

features = np.random.default_rng(0).standard_normal((6000, 64), dtype=np.float32)
before = cupel.knn_graph(features, method="exact")
child = os.fork()
if child == 0:
    again = cupel.knn_graph(features, method="exact")
    os._exit(0 if np.array_equal(again.indices, before.indices) else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
def test_a_forked_child_can_search(tmp_path):
    assert output(FORKED, tmp_path).strip() == "0"


def test_many_threads_get_their_own_answers():
    problems = [
        np.random.default_rng(seed).standard_normal((400 + seed, 5 + 7 * seed)) for seed in range(6)
    ]
    expected = [cupel.knn_graph(x, 4, n_jobs=1) for x in problems]

    def wrong(number: int) -> int:
        which = number % len(problems)
        graph = cupel.knn_graph(problems[which], 4, n_jobs=1 + number % 3)
        same = np.array_equal(graph.distances, expected[which].distances)
        return not (same and np.array_equal(graph.indices, expected[which].indices))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(wrong, range(300))) == 0


def test_features_that_change_meanwhile_crash_nothing():
    rng = np.random.default_rng(0)
    for d in (3, 64):
        features = rng.standard_normal((6000, d), dtype=np.float32)
        stop = threading.Event()

        def scribble(features=features, stop=stop):
            values = [np.float32(x) for x in (np.nan, np.inf, -np.inf, 0, 3e38, 1)]
            scribbler = np.random.default_rng(1)
            while not stop.is_set():
                rows = scribbler.integers(len(features), size=100)
                features[rows] = values[scribbler.integers(len(values))]

        writer = threading.Thread(target=scribble)
        writer.start()
        try:
            # Past the door, which would see most of it.
            for call in (
                lambda x: _core.knn_self(x, 0, 5, 2, None)[1],
                lambda x: _core.knn_self(x, 1, 5, 2, None)[1],
                lambda x: _core.radius_pairs(x, 1, 1e-4, 2, None)[0],
                lambda x: _core.radius_groups(x, 0, 0.01, 2, None),
                lambda x: _core.knn_query(x, x[:50], 0, 5, 2, None)[1],
                lambda x: _core.identical_rows(x, 2),
            ):
                for _ in range(3):
                    found = call(features)
                    assert found.size == 0 or (found.min() >= 0 and found.max() < len(features))
        finally:
            stop.set()
            writer.join()
