"""Threads that call every drop-in function with inputs of their own get their own answers."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

for extra in ("pandas", "scipy", "sklearn"):
    pytest.importorskip(extra)

from dropin_calls import CALLS, METHODS

THREADS, CALLS_EACH = 8, 200
NOT_A_FUNCTION_OF_ITS_INPUT = {  # see dropin_calls
    "benchmarking.noise_generation.generate_n_rand_probabilities_that_sum_to_m",
    "benchmarking.noise_generation.generate_noise_matrix_from_trace",
    "benchmarking.noise_generation.generate_noisy_labels",
    "benchmarking.noise_generation.randomly_distribute_N_balls_into_K_bins",
    "experimental.span_classification.display_issues",
    "object_detection.summary.plot_class_distribution",
    "object_detection.summary.plot_class_size_distributions",
    "object_detection.summary.visualize",
    "regression.learn.CleanLearning",
    "segmentation.summary.display_issues",
    "token_classification.summary.display_issues",
}


def prepared(which: int, seed: int) -> Callable[[], bytes]:
    """Bind a function to its input; calling gives the bytes of the result."""
    name, make = CALLS[which]
    module, _, last = name.rpartition(".")
    function = getattr(importlib.import_module(f"cupel.{module}"), last)
    args, kwargs = make(seed)
    if name in METHODS:
        return lambda: bytes_of(METHODS[name](function, args, kwargs))
    return lambda: bytes_of(function(*args, **kwargs))


def bytes_of(result: Any) -> bytes:
    """All of a result, so that equal bytes are equal results."""
    if hasattr(result, "columns") and hasattr(result, "iloc"):
        parts = [bytes_of(result[column].to_numpy()) for column in result.columns]
        return b"F" + repr((list(result.columns), list(result.index))).encode() + b"".join(parts)
    if isinstance(result, Mapping):
        return b"M" + b"".join(repr(k).encode() + bytes_of(v) for k, v in result.items())
    if isinstance(result, (list, tuple)):
        return b"L%d:" % len(result) + b"".join(map(bytes_of, result))
    array = np.asarray(result)
    content = repr(array.tolist()).encode() if array.dtype.kind == "O" else array.tobytes()
    return f"A{array.dtype}{array.shape}".encode() + content


def test_every_function_is_called():
    coverage = pytest.importorskip("bench.dropin.coverage")
    pytest.importorskip("cleanlab")
    called = {name for name, _ in CALLS}
    assert len(called) == len(CALLS)
    assert called | NOT_A_FUNCTION_OF_ITS_INPUT == set(coverage.public_functions())


def test_no_wrong_answer_of_1600():
    calls = [[prepared(which, seed) for which in range(len(CALLS))] for seed in range(THREADS)]
    expected = [[call() for call in of_thread] for of_thread in calls]
    for which, (name, _) in enumerate(CALLS):  # a mix-up would show
        answers = {of_thread[which] for of_thread in expected}
        assert len(answers) > 1 or name.endswith("noise_matrix_is_valid"), name
    start = threading.Barrier(THREADS)

    def caller(thread: int) -> list[str]:
        wrong = []
        start.wait()
        for call in range(CALLS_EACH):
            which = (7 * thread + call) % len(CALLS)
            seed = (thread + call // len(CALLS)) % THREADS
            if calls[seed][which]() != expected[seed][which]:
                wrong.append(CALLS[which][0])
        return wrong

    with ThreadPoolExecutor(THREADS) as pool:
        wrong = [name for names in pool.map(caller, range(THREADS)) for name in names]
    assert wrong == []
