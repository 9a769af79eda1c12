"""Arrays that another thread writes to while drop-in functions read them: see test_mutated_inputs.

Any of the arguments, at any moment: classes out of range, nan, infinities, huge and tiny numbers.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stress.child import output

for extra in ("pandas", "scipy", "sklearn"):
    pytest.importorskip(extra)

PROGRAM = """
import collections, inspect, json, sys, threading, time, warnings
import numpy as np
from scipy import sparse

topics, seconds = sys.argv[1], float(sys.argv[2])
sys.path[:0] = sys.argv[3:]
warnings.simplefilter("ignore")
sys.setswitchinterval(1e-5)

from cupel import data_valuation, dataset, multiannotator
from cupel import multilabel_classification as multilabel
from cupel import object_detection as detection
from cupel import segmentation as images
from cupel import token_classification as text
from cupel.benchmarking import noise_generation
from cupel.experimental import label_issues_batched, span_classification
from cupel.object_detection import summary as boxes
from cupel.regression import rank as regression
from cupel.segmentation import summary as pixels
from classification_data import make_blobs, make_noise_matrix
from multiannotator_data import make_annotated, make_unlabeled
from object_detection_data import make_detections
from strategies import make_multilabel_problem, make_problem
from token_data import make_text

def annotated():
    labels, probs = make_annotated(0, rows=1500, annotators=8, models=2)
    more = make_unlabeled(0, rows=300, classes=4, models=2)
    one, few = probs[0], more[0]
    quiet = {"verbose": False}
    return (labels, probs, more), [
        lambda: multiannotator.get_label_quality_multiannotator(labels, one, **quiet),
        lambda: multiannotator.get_label_quality_multiannotator(
            labels, one, quality_method="agreement", **quiet),
        lambda: multiannotator.get_label_quality_multiannotator(
            labels, one, consensus_method="majority_vote", calibrate_probs=True, **quiet),
        lambda: multiannotator.get_label_quality_multiannotator_ensemble(labels, probs, **quiet),
        lambda: multiannotator.get_active_learning_scores(labels, one, few),
        lambda: multiannotator.get_active_learning_scores_ensemble(labels, probs, more),
        lambda: multiannotator.get_majority_vote_label(labels, one, **quiet),
    ]

def multilabeled():
    lists, probs = make_multilabel_problem(1500, 5, 0)
    labels = [np.array(row, dtype=np.int64) for row in lists]
    probs = np.ascontiguousarray(probs)
    issues, ranks, tables = multilabel.filter, multilabel.rank, multilabel.dataset
    return (labels, probs), [
        lambda: issues.find_label_issues(labels, probs),
        lambda: issues.find_label_issues(
            labels, probs, return_indices_ranked_by="self_confidence"),
        lambda: issues.find_multilabel_issues_per_class(labels, probs),
        lambda: ranks.get_label_quality_scores(labels, probs),
        lambda: ranks.get_label_quality_scores_per_class(labels, probs),
        lambda: tables.common_multilabel_issues(labels, probs),
        lambda: tables.rank_classes_by_multilabel_quality(labels, probs),
        lambda: tables.multilabel_health_summary(labels, probs, verbose=False),
    ]

def tables():
    labels, probs = make_problem(3000, 6, 0)
    noise, prior = make_noise_matrix(6, 0), np.full(6, 1 / 6)
    batched = label_issues_batched.find_label_issues_batched
    return (labels, probs, noise, prior), [
        lambda: dataset.rank_classes_by_label_quality(labels, probs),
        lambda: dataset.find_overlapping_classes(labels, probs),
        lambda: dataset.overall_label_health_score(labels, probs, verbose=False),
        lambda: dataset.health_summary(labels, probs, verbose=False),
        lambda: batched(labels, probs, batch_size=700, verbose=False),
        lambda: noise_generation.generate_noisy_labels(labels, noise),
        lambda: noise_generation.noise_matrix_is_valid(noise, prior),
    ]

def sentences():
    found = make_text(400, 4, 0)
    labels = [np.array(row) for row in found.labels]
    probs, tokens = found.pred_probs, found.tokens
    of_class = [(row > 0).astype(np.int64) for row in labels]
    shares = [p[:, 1].copy() for p in probs]
    issues = found.issues(0, 500)
    scores = np.random.default_rng(0).random(400)
    return (labels, probs, of_class, shares, scores), [
        lambda: text.filter.find_label_issues(labels, probs),
        lambda: text.rank.get_label_quality_scores(labels, probs),
        lambda: text.rank.get_label_quality_scores(
            labels, probs, sentence_score_method="softmin"),
        lambda: text.rank.issues_from_scores(scores, token_scores=shares),
        lambda: text.summary.common_label_issues(
            issues, tokens, labels=labels, pred_probs=probs, verbose=False),
        lambda: span_classification.find_label_issues(of_class, shares),
        lambda: span_classification.get_label_quality_scores(of_class, shares),
    ]

def planes():
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(5), (8, 40, 30)).transpose(0, 3, 1, 2).copy()
    labels = np.where(rng.random((8, 40, 30)) < 0.2, 1, probs.argmax(axis=1))
    issues = probs.argmax(axis=1) != labels
    scores, of_pixels = rng.random(8), rng.random((8, 40, 30))
    quiet = {"verbose": False}
    return (labels, probs, issues, scores, of_pixels), [
        lambda: images.filter.find_label_issues(labels, probs, **quiet),
        lambda: images.filter.find_label_issues(labels, probs, downsample=2, **quiet),
        lambda: images.rank.get_label_quality_scores(labels, probs, **quiet),
        lambda: images.rank.get_label_quality_scores(
            labels, probs, method="num_pixel_issues", downsample=1, **quiet),
        lambda: images.rank.issues_from_scores(scores),
        lambda: images.rank.issues_from_scores(scores, of_pixels),
        lambda: pixels.common_label_issues(issues, labels, probs, **quiet),
        lambda: pixels.filter_by_class(1, issues, labels, probs),
    ]

def detections():
    labels, predictions = make_detections(60, 0)
    rng = np.random.default_rng(0)
    scores = [rng.random(n) for n in rng.integers(0, 9, 60)]
    both = {"labels": labels, "predictions": predictions}
    return (labels, predictions, scores), [
        lambda: detection.filter.find_label_issues(labels, predictions),
        lambda: detection.rank.get_label_quality_scores(labels, predictions, verbose=False),
        lambda: detection.rank.compute_overlooked_box_scores(**both),
        lambda: detection.rank.compute_badloc_box_scores(**both),
        lambda: detection.rank.compute_swap_box_scores(**both),
        lambda: detection.rank.pool_box_scores_per_image(scores),
        lambda: boxes.object_counts_per_image(labels, predictions),
        lambda: boxes.bounding_box_size_distribution(labels, predictions),
        lambda: boxes.class_label_distribution(labels, predictions),
        lambda: boxes.get_average_per_class_confusion_matrix(labels, predictions),
        lambda: boxes.calculate_per_class_metrics(labels, predictions),
    ]

def numbers():
    points, labels = make_blobs(500, 3, 0)
    values = np.random.default_rng(0).normal(size=3000)
    predicted = values + 0.1
    near = ((np.arange(500)[:, None] + [1, 2, 3, 4]) % 500).astype(np.int32)
    graph = sparse.csr_matrix((np.ones(2000), near.reshape(-1), np.arange(0, 2001, 4)))
    value = data_valuation.data_shapley_knn
    return (points, labels, values, predicted, graph.indices), [
        lambda: value(labels, features=points, k=5),
        lambda: value(labels, knn_graph=graph, k=3),
        lambda: regression.get_label_quality_scores(values, predicted),
        lambda: regression.get_label_quality_scores(values, predicted, method="residual"),
    ]

def arrays_in(x):
    if isinstance(x, np.ndarray) and x.dtype != object:
        if x.size and x.flags.writeable:
            yield x
    elif isinstance(x, dict):
        for item in x.values():
            yield from arrays_in(item)
    elif isinstance(x, (list, tuple, np.ndarray)):
        for item in x:
            yield from arrays_in(item)

problems = [globals()[topic]() for topic in topics.split()]
arrays = list(arrays_in([inputs for inputs, _ in problems]))
calls = [call for _, calls in problems for call in calls]
clean = [a.copy() for a in arrays]
GARBAGE = {
    "i": [-1, 4, 5, 6, 1000, 1 << 31, (1 << 63) - 1, -(1 << 63)],
    "f": [np.nan, np.inf, -np.inf, 7.0, -1.0, 0.0, 1e300, -1e300, 5e-324],
    "b": [True, False],
}
stop = threading.Event()

def mutate():
    rng = np.random.default_rng(1)
    while not stop.is_set():
        at = rng.integers(len(arrays), size=8)
        for i in at:
            flat = arrays[i].reshape(-1)
            cells = rng.integers(flat.size, size=3)
            flat[cells] = flat[rng.integers(flat.size, size=3)]  # valid, but another problem
        time.sleep(0.001 * rng.random())
        for i in at:
            flat = arrays[i].reshape(-1)
            flat[rng.integers(flat.size, size=2)] = rng.choice(GARBAGE[flat.dtype.kind], 2)
        time.sleep(0.0005 * rng.random())
        for i in at:
            arrays[i][...] = clean[i]
        time.sleep(0.002 * rng.random())

mutator = threading.Thread(target=mutate)
mutator.start()
counts = collections.Counter()
end = time.monotonic() + seconds
while time.monotonic() < end:
    for call in calls:
        try:
            call()
            counts["answer"] += 1
        except BaseException as error:
            # An IndexError by common_label_issues, as documented.
            refusal = isinstance(error, ValueError) or "expected a class" in str(error)
            line = inspect.getsource(call).strip()
            counts["refusal" if refusal else f"{line}: {type(error).__name__}: {error}"] += 1
stop.set()
mutator.join()
for a, c in zip(arrays, clean):
    a[...] = c
for call in calls:
    call()
print(json.dumps(counts))
"""
TOPICS = ("annotated multilabeled", "tables numbers", "sentences", "planes detections")
FOLDERS = [str(Path(__file__).parents[n]) for n in (1, 2)]


@pytest.mark.parametrize("topics", TOPICS)
def test_an_answer_or_a_refusal(topics: str, tmp_path: Path) -> None:
    counts = json.loads(output(PROGRAM, tmp_path, topics, "1", *FOLDERS))
    answers, refusals = counts.pop("answer"), counts.pop("refusal", 0)
    assert counts == {}
    assert answers > 5
    assert refusals > 5
