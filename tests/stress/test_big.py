"""Sizes beyond 32 bits: errors planted in the last rows and the last class are found.

The matrices repeat rows without memory (a row stride of 0), or have their rows far apart.
"""

from __future__ import annotations

import mmap
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

import cupel
from cupel import count, filter, rank

K = 1000
ELEMENTS = {"2^31": 2**31, "2^32": 2**32}


def repeated(row: NDArray[Any], elements: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """More than `elements` elements in which all rows are `row`, and labels of its argmax."""
    n = elements // len(row) + 1
    labels = np.full(n, row.argmax(), dtype=np.uint16)
    return labels, np.broadcast_to(row, (n, len(row)))


@pytest.fixture
def row() -> NDArray[Any]:
    row = np.full(K, 0.0001, dtype=np.float16)
    row[K // 2], row[-1] = 0.7, 0.2
    return row


@pytest.mark.parametrize("elements", ELEMENTS.values(), ids=ELEMENTS)
def test_planted_errors_are_found(elements: int, row: NDArray[Any]) -> None:
    labels, p = repeated(row, elements)
    assert p.size > elements
    n = len(labels)
    planted = [0, n // 3, n - 2, n - 1]
    labels[planted] = K - 1
    found = filter.find_label_issues(
        labels, p, filter_by="prune_by_class", min_examples_per_class=0
    )
    differ = np.flatnonzero(filter.find_predicted_neq_given(labels, p))
    np.testing.assert_array_equal(differ, planted)
    assert set(np.flatnonzero(found)) <= set(planted)
    joint = count.compute_confident_joint(labels, p, calibrate=False)
    assert joint[K // 2, K // 2] == n - 4
    assert joint[K - 1, K // 2] == 4
    worst = rank.find_top_issues(rank.get_label_quality_scores(labels, p), top=4)
    np.testing.assert_array_equal(worst, planted)


@pytest.mark.parametrize("filter_by", ["prune_by_noise_rate", "confident_learning", "both"])
def test_ranked_rows_are_beyond_32_bits(filter_by: str, row: NDArray[Any]) -> None:
    labels, p = repeated(row, 2**31)
    n = len(labels)
    planted = [1, n - 3, n - 2, n - 1]
    labels[planted] = K - 1
    found = filter.find_label_issues(
        labels, p, filter_by=filter_by, return_indices_ranked_by="self_confidence"
    )
    assert len(found) > 0
    np.testing.assert_array_equal(found, planted[: len(found)])


@pytest.mark.skipif(sys.platform != "linux", reason="maps memory that it does not use")
def test_rows_far_apart() -> None:
    n, apart = 2**32 // K + 1, 2000
    no_reserve = 0x4000  # mmap.MAP_NORESERVE from Python 3.13 on: untouched pages take no memory
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | no_reserve
    memory = mmap.mmap(-1, n * K * 2, flags=flags)
    whole = np.frombuffer(memory, np.float16).reshape(n, K)
    p = whole[(n - 1) % apart :: apart]  # the last row is one of them
    assert p.strides[0] * (len(p) - 1) > 2**33 - 2**23
    p[-2:, -1] = 1.0
    labels = np.zeros(len(p), dtype=np.int16)
    labels[-2] = K - 1
    for matrix, given in ((p, labels), (p[::-1], labels[::-1])):
        rows = np.flatnonzero(filter.find_predicted_neq_given(given, matrix))
        np.testing.assert_array_equal(matrix[rows, -1], [1.0])
        np.testing.assert_array_equal(given[rows], [0])
        scores = rank.get_self_confidence_for_each_label(given, matrix)
        np.testing.assert_array_equal(np.flatnonzero(scores), np.flatnonzero(given))
        found = filter.find_label_issues(given, matrix, filter_by="confident_learning")
        np.testing.assert_array_equal(np.flatnonzero(found), rows)


HUGE: dict[str, Callable[[], Any]] = {
    "2^62 bytes in place": lambda: np.broadcast_to(np.float16(0.5), (2**31, 2**30)),
    "2^62 bytes to copy": lambda: as_strided(
        np.full(2, 0.5), shape=(2**40, 2**19), strides=(0, 0), writeable=False
    ),
    "2^70 elements": lambda: Claims((2**35, 2**35)),
    "2^128 elements": lambda: Claims((2**62, 2**62)),
}


class Claims:
    """An object whose array interface claims a shape that no memory can have."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.data = np.zeros(4)
        self.__array_interface__ = {
            "shape": shape,
            "typestr": "<f8",
            "version": 3,
            "strides": (0, 0),
            "data": (self.data.ctypes.data, True),
        }


@pytest.mark.parametrize("name", HUGE)
def test_impossible_sizes_are_refused_at_once(name: str) -> None:
    begin = time.perf_counter()
    for function in (
        cupel.find_label_issues,
        cupel.get_label_quality_scores,
        count.compute_confident_joint,
        count.get_confident_thresholds,
    ):
        with pytest.raises((ValueError, TypeError), match="pred_probs"):
            function([0, 1], HUGE[name]())
    assert time.perf_counter() - begin < 0.5
