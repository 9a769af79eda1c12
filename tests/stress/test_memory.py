"""Memory: what a call takes besides its input, and what it does when there is none."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from stress.child import PROBLEM, output

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self")

CEILING = 0.25  # of the matrix

# The high-water mark of resident memory, reset before each call; memory that the C library holds
# back after earlier calls is given up first, as it would count as there already.
MEASURE = (
    PROBLEM
    + """
import ctypes, json

warnings.simplefilter("ignore")

def status(field):
    for line in open("/proc/self/status"):
        if line.startswith(field):
            return int(line.split()[1]) * 1024

def peak_of(call):
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = status("VmRSS")
    call()
    return status("VmHWM") - before

def large_problem(n, k, dtype, noise):
    rng = np.random.default_rng(0)
    p = np.empty((n, k), dtype=dtype)
    labels = np.empty(n, dtype=np.int64)
    for begin in range(0, n, 50_000):
        rows = slice(begin, min(n, begin + 50_000))
        size = rows.stop - begin
        part = rng.standard_exponential((size, k), dtype=np.float32)
        true = rng.integers(k, size=size)
        part[np.arange(size), true] += 6 * np.log(k) * rng.random(size, dtype=np.float32)
        p[rows] = part / part.sum(axis=1, keepdims=True)
        labels[rows] = np.where(rng.random(size) < noise, rng.integers(k, size=size), true)
    return labels, p
"""
)

RATIOS = (
    MEASURE
    + """
dtype, k, noise, size = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
labels, p = large_problem(int(size / k / np.dtype(dtype).itemsize), k, dtype, noise)
FILTERS = ("prune_by_noise_rate", "prune_by_class", "both", "confident_learning",
           "predicted_neq_given", "low_normalized_margin", "low_self_confidence")
calls = {f: lambda f=f: cupel.find_label_issues(labels, p, filter_by=f) for f in FILTERS}
calls["joint"] = lambda: cupel.count.compute_confident_joint(labels, p)
calls["thresholds"] = lambda: cupel.count.get_confident_thresholds(labels, p)
calls["scores"] = lambda: cupel.get_label_quality_scores(labels, p)
cupel.find_label_issues(*problem(100, 5))
print(json.dumps({name: peak_of(call) / p.nbytes for name, call in calls.items()}))
"""
)


@pytest.mark.parametrize("k", [10, 100, 1000])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_a_quarter_of_the_matrix_at_most(dtype: str, k: int, tmp_path: Path) -> None:
    size = 400e6 if k == 1000 else 150e6  # matrices of k x k are not to count much
    ratios = json.loads(output(RATIOS, tmp_path, dtype, str(k), "0.2", str(size)))
    print(dtype, k, {name: round(ratio, 3) for name, ratio in ratios.items()})  # noqa: T201
    assert ratios["prune_by_noise_rate"] <= CEILING
    assert max(ratios.values()) < 2 * CEILING  # nothing copies the matrix


# Address space is limited to what is in use and a little more; the limit is lifted afterwards. One
# arena, because each has address space in reserve.
LIMITED = (
    MEASURE
    + """
import collections, resource

labels, p = large_problem(200_000, 20, sys.argv[1], 0.3)
FILTERS = ("prune_by_noise_rate", "prune_by_class", "both", "confident_learning",
           "predicted_neq_given", "low_normalized_margin", "low_self_confidence")
calls = [lambda f=f: cupel.find_label_issues(labels, p, filter_by=f, n_jobs=4) for f in FILTERS]
calls += [
    lambda: cupel.find_label_issues(labels, p, return_indices_ranked_by="normalized_margin"),
    lambda: cupel.count.compute_confident_joint(labels, p, nan="drop"),
    lambda: cupel.count.compute_confident_joint(labels, np.asfortranarray(p)),
    lambda: cupel.count.num_label_issues(labels, p),
    lambda: cupel.rank.get_confidence_weighted_entropy_for_each_label(labels, p),
    lambda: cupel.rank.find_top_issues(p[:, 0].copy(), top=None),
    lambda: cupel.filter.find_label_issues_using_argmax_confusion_matrix(labels, p),
]
right = [digest(call()) for call in calls]
soft, hard = resource.getrlimit(resource.RLIMIT_AS)
counts = collections.Counter()
for number, call in enumerate(calls):
    for extra in (0, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26, 1 << 28):
        ctypes.CDLL(None).malloc_trim(0)
        resource.setrlimit(resource.RLIMIT_AS, (status("VmSize") + extra, hard))
        try:
            result = call()
            outcome = "answer"
        except MemoryError:
            outcome = "MemoryError"
        except BaseException as error:
            outcome = f"{type(error).__name__}: {error}"
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        counts[outcome] += 1
        if outcome == "answer":
            counts["wrong"] += digest(result) != right[number]
        result = None
    counts["wrong"] += digest(call()) != right[number]
print(json.dumps(counts))
"""
)


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_without_memory_a_memory_error(dtype: str, tmp_path: Path) -> None:
    counts = json.loads(output(LIMITED, tmp_path, dtype, MALLOC_ARENA_MAX="1"))
    assert counts.pop("wrong") == 0
    assert counts.pop("answer") >= 5
    assert counts.pop("MemoryError") >= 5
    assert counts == {}
