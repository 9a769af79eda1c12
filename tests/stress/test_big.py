"""Sizes beyond 32 bits: errors planted in the last rows and the last class are found.

The matrices repeat rows without memory (a row stride of 0) or are holes of a sparse file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
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
    found = filter.find_label_issues(labels, p, filter_by="prune_by_class", min_examples_per_class=0)
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


@pytest.mark.slow
def test_more_rows_than_32_bits_count() -> None:
    n = 2**32 + 3
    p = np.broadcast_to(np.array([0.75, 0.25], dtype=np.float16), (n, 2))
    labels = np.zeros(n, dtype=np.uint8)  # pages that nobody writes to take no memory
    labels[-1] = 1
    thresholds = count.get_confident_thresholds(labels, p)
    np.testing.assert_array_equal(thresholds, np.array([0.75, 0.25], dtype=np.float16))


def test_a_sparse_file(tmp_path: Path) -> None:
    n = 2**31 // K + 2
    path = tmp_path / "probs.raw"
    try:
        p = np.memmap(path, np.float16, "w+", shape=(n, K))
    except OSError:
        pytest.skip("no sparse files here")
    p[-2:, -1] = 1.0
    labels = np.zeros(n, dtype=np.int16)
    labels[-2] = K - 1
    # Only the last rows are read: the holes before them are a distance, not data.
    tail = p[-1000:]
    for matrix, given in ((tail, labels[-1000:]), (p, labels)):
        scores = rank.get_self_confidence_for_each_label(given, matrix) if matrix is tail else None
        if scores is not None:
            assert scores[-2] == 1.0
    found = np.flatnonzero(filter.find_predicted_neq_given(labels, p))
    np.testing.assert_array_equal(found, [n - 1])


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
