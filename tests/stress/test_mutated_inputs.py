"""Arrays that someone else writes to during calls: an answer or a ValueError, nothing else.

The checks at the door prove nothing once the interpreter runs other threads, so the core has to
check each value where it uses it. A thread, and a process with the same memory, write classes out of
range, nan, infinities and huge values into arrays that calls are reading.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from stress.child import PROBLEM, output

PROGRAM = (
    PROBLEM
    + """
import collections, json, mmap, signal

warnings.simplefilter("ignore")
sys.setswitchinterval(1e-5)
dtype, writer, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
n, k = 8_000, 12
clean_labels, clean_p = problem(n, k, dtype)

def shared(a):  # in memory that a forked process has in common with this one
    out = np.frombuffer(mmap.mmap(-1, a.nbytes), dtype=a.dtype).reshape(a.shape)
    out[...] = a
    return out

labels, p, scores = shared(clean_labels), shared(clean_p), shared(clean_p[:, 0])
expected = digest(cupel.find_label_issues(labels, p))
bad_labels = np.array([-1, k, np.iinfo(np.int64).max, np.iinfo(np.int64).min])
bad_probs = [np.nan, np.inf, -np.inf, 7.0, -1.0, 0.0]
stop = threading.Event()

def mutate(parent=os.getppid()):
    rng = np.random.default_rng(1)
    while not stop.is_set() and parent == os.getppid():
        for _ in range(20):  # valid, but another problem in each pass of a call
            rows = rng.integers(n, size=50)
            labels[rows] = rng.integers(k, size=50)
            p[rows] = p[rows, ::-1]
        scores[...] = 2.0
        time.sleep(0.001 * rng.random())
        rows = rng.integers(n, size=4)
        labels[rows] = rng.choice(bad_labels, 4)
        p[rows, rows % k] = rng.choice(bad_probs, 4)
        time.sleep(0.0002 * rng.random())
        labels[rows] = clean_labels[rows]
        p[rows] = clean_p[rows]
        scores[...] = clean_p[:, 0]
        time.sleep(0.001 * rng.random())

FILTERS = ("prune_by_noise_rate", "prune_by_class", "both", "confident_learning",
           "predicted_neq_given", "low_normalized_margin", "low_self_confidence")
METHODS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
calls = [
    lambda: cupel.rank.find_top_issues(scores, top=n // 2),
    lambda: cupel.rank.find_top_issues(scores, top=None),
    lambda: cupel.count.get_confident_thresholds(labels, p),
    lambda: cupel.count.compute_confident_joint(labels, p, return_indices_of_off_diagonals=True),
    lambda: cupel.count.compute_confident_joint(labels, p, nan="drop", collision="confident"),
    lambda: cupel.count.num_label_issues(labels, p, estimation_method="off_diagonal_calibrated"),
    lambda: cupel.count.estimate_py_and_noise_matrices_from_probabilities(labels, p),
    lambda: cupel.filter.find_predicted_neq_given(labels, p),
    lambda: cupel.filter.find_label_issues_using_argmax_confusion_matrix(labels, p),
    lambda: cupel.rank.order_label_issues(np.ones(n, bool), labels, p),
    lambda: cupel.rank.get_label_quality_scores(labels, p, adjust_pred_probs=True),
    lambda: cupel.rank.get_label_quality_ensemble_scores(
        labels, [p, p], weight_ensemble_members_by="log_loss_search"),
    lambda: cupel.Scorer.fit(labels, p),
]
for f in FILTERS:
    calls.append(lambda f=f: cupel.find_label_issues(labels, p, filter_by=f))
    calls.append(lambda f=f: cupel.find_label_issues(
        labels, p, filter_by=f, return_indices_ranked_by="normalized_margin", nan="drop"))
for m in METHODS:
    calls.append(lambda m=m: cupel.get_label_quality_scores(labels, p, method=m))

counts = collections.Counter()
if writer == "process":
    this = os.getpid()
    child = os.fork()
    if child == 0:
        mutate(parent=this)
        os._exit(0)
else:
    mutator = threading.Thread(target=mutate)
    mutator.start()
end = time.monotonic() + seconds
while time.monotonic() < end:
    for call in calls:
        try:
            answer = call()
            counts["answer"] += 1
            if isinstance(answer, np.ndarray) and answer.dtype == np.int64 and answer.ndim == 1:
                counts["no row"] += bool(((answer < 0) | (answer >= n)).any())
        except ValueError:
            counts["ValueError"] += 1
        except BaseException as error:
            counts[f"{type(error).__name__}: {error}"] += 1
if writer == "process":
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
else:
    stop.set()
    mutator.join()
labels[...], p[...] = clean_labels, clean_p
counts["right afterwards"] = digest(cupel.find_label_issues(labels, p)) == expected
print(json.dumps(counts))
"""
)


@pytest.mark.parametrize("writer", ["thread", "process"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_an_answer_or_a_value_error(dtype: str, writer: str, tmp_path: Path) -> None:
    if writer == "process" and not hasattr(os, "fork"):
        pytest.skip("no fork here")
    counts = json.loads(output(PROGRAM, tmp_path, dtype, writer, "2"))
    assert counts.pop("right afterwards") is True
    answers, errors = counts.pop("answer"), counts.pop("ValueError")
    assert counts.pop("no row") == 0
    assert counts == {}
    assert answers > 50
    assert errors > 50
