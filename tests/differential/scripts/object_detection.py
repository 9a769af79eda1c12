"""cleanlab.object_detection: filter, rank, summary."""
# ruff: noqa: T201 - what it prints is compared

import numpy as np
from cleanlab.object_detection.filter import find_label_issues
from cleanlab.object_detection.rank import (
    compute_badloc_box_scores,
    compute_overlooked_box_scores,
    compute_swap_box_scores,
    get_label_quality_scores,
    issues_from_scores,
    pool_box_scores_per_image,
)
from cleanlab.object_detection.summary import (
    bounding_box_size_distribution,
    calculate_per_class_metrics,
    class_label_distribution,
    get_average_per_class_confusion_matrix,
    get_sorted_bbox_count_idxs,
    object_counts_per_image,
)

np.set_printoptions(precision=5, suppress=True)
rng = np.random.default_rng(11)
k = 3


def boxes(count):
    corner = rng.uniform(0, 80, (count, 2))
    return np.hstack([corner, corner + rng.uniform(5, 30, (count, 2))])


labels, predictions = [], []
for image in range(12):
    count = 2 + image % 4
    true = boxes(count)
    classes = rng.integers(0, k, count)
    guessed = np.where(rng.random(count) < 0.2, (classes + 1) % k, classes)
    found = np.column_stack([true + rng.normal(0, 1, true.shape), rng.uniform(0.4, 1, count)])
    extra = np.column_stack([boxes(2), [0.97, 0.6]])
    guessed = np.append(guessed, rng.integers(0, k, 2))
    found = np.vstack([found, extra])
    labels.append({"bboxes": true, "labels": classes})
    per_class = np.empty(k, dtype=object)
    for c in range(k):
        per_class[c] = found[guessed == c]
    predictions.append(per_class)

print(find_label_issues(labels, predictions))
scores = get_label_quality_scores(labels, predictions, verbose=False)
print(scores, issues_from_scores(scores, threshold=0.5), sep="\n")
for function in (
    compute_overlooked_box_scores,
    compute_badloc_box_scores,
    compute_swap_box_scores,
):
    per_box = function(labels=labels, predictions=predictions)
    print(*per_box, pool_box_scores_per_image(per_box), sep="\n")


def plain(values):
    """The same text for a float of NumPy and of Python."""
    return {str(key): np.asarray(value, dtype=float).round(4).tolist() for key, value in values}


print(*object_counts_per_image(labels, predictions), sep="\n")
for part in bounding_box_size_distribution(labels, predictions):
    print(plain(part.items()))
for part in class_label_distribution(labels, predictions):
    print(plain(part.items()))
print(*get_sorted_bbox_count_idxs(labels, predictions), sep="\n")
for function in (get_average_per_class_confusion_matrix, calculate_per_class_metrics):
    for name, row in function(labels, predictions).items():
        print(name, plain(row.items()))
