"""Ctrl-C ends a long call of a drop-in function within half a second: see test_interrupts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stress.child import PROBLEM
from stress.test_interrupts import Child, assert_interruptible

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals"),
    pytest.mark.slow,
]

# Each makes the arguments of a call of seconds and of one of moments; nothing large is copied.
PROGRAM = (
    PROBLEM
    + """
from cupel.data_valuation import data_shapley_knn
from cupel.object_detection import rank as detection
from cupel.regression import rank as regression
from cupel.segmentation import filter as images

rng = np.random.default_rng(0)

def numbers(n):
    values = rng.normal(size=n)
    return values, values + 0.3 * rng.normal(size=n)

def points(n):
    return rng.integers(5, size=n), rng.normal(size=(n, 40)).astype("float32")

def planes(n):
    p = rng.dirichlet(np.ones(10), (1, 300, 400)).transpose(0, 3, 1, 2).astype("float32")
    pixels = rng.integers(10, size=(1, 300, 400), dtype=np.uint8)
    return np.broadcast_to(pixels, (n, 300, 400)), np.broadcast_to(p, (n, 10, 300, 400))

def boxes(n):
    corners = 200 * rng.random((60, 2))
    given = np.hstack([corners, corners + 1 + 50 * rng.random((60, 2))])
    label = {"bboxes": given, "labels": rng.integers(4, size=60)}
    found = [np.column_stack([given[k::4] + rng.normal(size=(15, 4)), rng.random(15)])
             for k in range(4)]
    return [label] * n, [found] * n

CALLS = {
    "outre": (regression.get_label_quality_scores, numbers, 200_000),
    "valuation": (lambda y, x: data_shapley_knn(y, features=x, k=10), points, 25_000),
    "segmentation": (lambda y, p: images.find_label_issues(y, p, verbose=False), planes, 500),
    "detection": (lambda y, p: detection.get_label_quality_scores(y, p, verbose=False), boxes, 10_000),
}
call, make, size = CALLS[sys.argv[1]]
small = make(60)
right = digest(call(*small))
large = make(size)
begin = time.perf_counter()
call(*large)
print(time.perf_counter() - begin, flush=True)
while sys.stdin.readline():
    try:
        print("calling", flush=True)
        call(*large)
        print("over", flush=True)
        time.sleep(1)  # until the signal, which came too late
    except KeyboardInterrupt:
        print(time.monotonic(), digest(call(*small)) == right, flush=True)
"""
)


@pytest.fixture(params=["outre", "valuation", "segmentation", "detection"])
def child(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Child]:
    child = Child(PROGRAM, tmp_path, request.param)
    with child.process:
        yield child
        child.process.kill()


def test_keyboard_interrupt(child: Child) -> None:
    assert child.seconds > 0.1  # or there would be nothing to interrupt
    child.seconds = min(child.seconds, 4.0)
    assert_interruptible(child)
