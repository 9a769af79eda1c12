"""What label issues say about a data set and its classes.

The functions of cleanlab 2.9.0's module of this name, with its signatures, defaults and results.
Tables are pandas data frames and need the extra ``cupel[pandas]``. All take either labels and
pred_probs, or an estimated `joint` and the number of examples, or a `confident_joint`.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel._arrays import has_length
from cupel._errors import InvalidArgumentError
from cupel._tables import as_class_names, check_single_label, frame_of, order_by
from cupel.count import estimate_joint, num_label_issues

__all__ = [
    "find_overlapping_classes",
    "health_summary",
    "overall_label_health_score",
    "rank_classes_by_label_quality",
]

_LOWEST_SHARE = 1e-6  # of a class; a smaller one counts as this much, to divide by


def rank_classes_by_label_quality(
    labels: Any = None,
    pred_probs: Any = None,
    *,
    class_names: Any = None,
    num_examples: int | None = None,
    joint: ArrayLike | None = None,
    confident_joint: ArrayLike | None = None,
    multi_label: bool = False,
) -> Any:
    """Rank the classes by how noisy their labels are.

    Parameters
    ----------
    labels : array_like of int, shape (n,), optional
        Given class of each example.
    pred_probs : array_like of float, shape (n, k), optional
        Out-of-sample probabilities.
    class_names : sequence or mapping, optional
        Name of each class by its index, for another column.
    num_examples : int, optional
        Number of examples, if not that of the labels or of the confident joint.
    joint : array_like of float, shape (k, k), optional
        Estimated joint distribution of (given, true) labels, used instead of
        :func:`cupel.count.estimate_joint`'s.
    confident_joint : array_like, shape (k, k), optional
        Counts of (given, true) labels to estimate the joint from.
    multi_label : bool, default False
        Refused; see :mod:`cupel.multilabel_classification.dataset`.

    Returns
    -------
    pandas.DataFrame
        A row per class, the worst first (ties by class): "Class Name" (if there are names), "Class
        Index", "Label Issues" (examples given this class whose true class is another), "Inverse
        Label Issues" (examples of this class given another), the two as shares of the class ("Label
        Noise", "Inverse Label Noise"), and "Label Quality Score", 1 - "Label Noise".

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value, or something is missing.

    Notes
    -----
    O(n k + k^2) time.

    Examples
    --------
    >>> import cupel
    >>> frame = cupel.dataset.rank_classes_by_label_quality(
    ...     joint=[[0.4, 0.1], [0.0, 0.5]], num_examples=100, class_names=["cat", "dog"]
    ... )
    >>> frame[["Class Name", "Label Issues", "Inverse Label Issues", "Label Quality Score"]]
      Class Name  Label Issues  Inverse Label Issues  Label Quality Score
    0        cat            10                     0                  0.8
    1        dog             0                    10                  1.0
    """
    check_single_label(multi_label, "rank_classes_by_multilabel_quality")
    examples = _examples(num_examples, labels, confident_joint)
    matrix = _joint(labels, pred_probs, joint, confident_joint)
    names = as_class_names(class_names, len(matrix), exact=True)
    given, true = matrix.sum(axis=1), matrix.sum(axis=0)
    wrong, missed = given - matrix.diagonal(), true - matrix.diagonal()
    noise = wrong / np.maximum(given, _LOWEST_SHARE)
    order = order_by(1 - noise)
    columns = {
        "Class Index": order,
        "Label Issues": _rounded(wrong * examples)[order],
        "Inverse Label Issues": _rounded(missed * examples)[order],
        "Label Noise": noise[order],
        "Inverse Label Noise": (missed / np.maximum(true, _LOWEST_SHARE))[order],
        "Label Quality Score": (1 - noise)[order],
    }
    return frame_of("rank_classes_by_label_quality", columns, names, {"Class Name": "Class Index"})


def find_overlapping_classes(
    labels: Any = None,
    pred_probs: Any = None,
    *,
    asymmetric: bool = False,
    class_names: Any = None,
    num_examples: int | None = None,
    joint: ArrayLike | None = None,
    confident_joint: ArrayLike | None = None,
    multi_label: bool = False,
) -> Any:
    """List the pairs of classes by how often one is mistaken for the other.

    Parameters
    ----------
    labels, pred_probs, class_names, num_examples, joint, confident_joint, multi_label
        As in `rank_classes_by_label_quality`.
    asymmetric : bool, default False
        Count examples given class A whose true class is B for themselves, instead of together with
        those given B whose true class is A.

    Returns
    -------
    pandas.DataFrame
        A row per pair A < B (if `asymmetric`, per ordered pair), the most frequent first (ties by A
        and B): "Class Name A", "Class Name B" (if there are names), "Class Index A", "Class Index
        B", "Num Overlapping Examples" and their share, "Joint Probability".

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value, or something is missing.

    Notes
    -----
    O(n k + k^2 log k) time, O(k^2) memory: at k = 10,000 some 50 million rows.

    Examples
    --------
    >>> import cupel
    >>> joint = [[0.3, 0.1, 0.0], [0.05, 0.25, 0.0], [0.0, 0.01, 0.29]]
    >>> cupel.dataset.find_overlapping_classes(joint=joint, num_examples=100)
       Class Index A  Class Index B  Num Overlapping Examples  Joint Probability
    0              0              1                        15               0.15
    1              1              2                         1               0.01
    2              0              2                         0               0.00
    """
    check_single_label(multi_label, "common_multilabel_issues")
    examples = _examples(num_examples, labels, confident_joint)
    matrix = _joint(labels, pred_probs, joint, confident_joint)
    k = len(matrix)
    names = as_class_names(class_names, k)
    if asymmetric:
        a, b = _ordered_pairs(k)
        share = matrix[a, b]
    else:
        a, b = np.triu_indices(k, 1)
        share = matrix[a, b] + matrix[b, a]
    order = order_by(share, descending=True)
    columns = {
        "Class Index A": a[order],
        "Class Index B": b[order],
        "Num Overlapping Examples": _rounded(share[order] * examples),
        "Joint Probability": share[order],
    }
    named = {"Class Name A": "Class Index A", "Class Name B": "Class Index B"}
    return frame_of("find_overlapping_classes", columns, names, named)


def overall_label_health_score(
    labels: Any = None,
    pred_probs: Any = None,
    *,
    num_examples: int | None = None,
    confident_joint: ArrayLike | None = None,
    joint: ArrayLike | None = None,
    multi_label: bool = False,
    verbose: bool = True,
) -> float:
    """Estimate the share of right labels.

    Parameters
    ----------
    labels, pred_probs, num_examples, confident_joint, joint, multi_label
        As in `rank_classes_by_label_quality`. With both labels and pred_probs, the labels off the
        diagonal of their confident joint are counted, and the joints are not used.
    verbose : bool, default True
        Print the estimate.

    Returns
    -------
    numpy.float64
        Share of right labels, in [0, 1].

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value, or something is missing.

    Warns
    -----
    UserWarning
        If `confident_joint` is not used.

    Notes
    -----
    O(n k) time.

    Examples
    --------
    >>> import cupel
    >>> probs = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]
    >>> float(cupel.dataset.overall_label_health_score([0, 0, 0, 1, 1], probs))
    Label health: 0.80. About 1 of 5 labels (20%) may be wrong.
    0.8
    """
    check_single_label(multi_label, "overall_multilabel_health_score")
    examples = _examples(num_examples, labels, confident_joint)
    if labels is None or pred_probs is None:
        health = np.trace(_joint(labels, pred_probs, joint, confident_joint))
        issues = int(np.rint((1 - health) * examples))
    else:
        issues = int(num_label_issues(labels, pred_probs, confident_joint=confident_joint))
        health = np.float64(1 - issues / examples)
    if verbose:
        print(  # noqa: T201 - asked for by verbose
            f"Label health: {health:.2f}. About {issues} of {examples} labels "
            f"({1 - health:.0%}) may be wrong."
        )
    return cast("float", health)


def health_summary(
    labels: Any = None,
    pred_probs: Any = None,
    *,
    asymmetric: bool = False,
    class_names: Any = None,
    num_examples: int | None = None,
    joint: ArrayLike | None = None,
    confident_joint: ArrayLike | None = None,
    multi_label: bool = False,
    verbose: bool = True,
) -> dict[str, Any]:
    """Sum up the quality of the labels: overall, by class, and by pair of classes.

    Parameters
    ----------
    labels, pred_probs, class_names, num_examples, joint, confident_joint, multi_label
        As in `rank_classes_by_label_quality`.
    asymmetric : bool, default False
        As in `find_overlapping_classes`.
    verbose : bool, default True
        Print the summary.

    Returns
    -------
    dict
        ``"overall_label_health_score"``: see `overall_label_health_score`; ``"joint"``: ndarray of
        shape (k, k); ``"classes_by_label_quality"``: see `rank_classes_by_label_quality`;
        ``"overlapping_classes"``: see `find_overlapping_classes`.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value, or something is missing.

    Warns
    -----
    UserWarning
        If `confident_joint` is not used for the overall score.

    Notes
    -----
    O(n k + k^2 log k) time. The joint is estimated once.

    Examples
    --------
    >>> import cupel
    >>> probs = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]
    >>> summary = cupel.dataset.health_summary([0, 0, 0, 1, 1], probs, verbose=False)
    >>> float(summary["overall_label_health_score"])
    0.8
    >>> summary["joint"]
    array([[0.4, 0.2],
           [0. , 0.4]])
    """
    check_single_label(multi_label, "multilabel_health_summary")
    examples = _examples(num_examples, labels, confident_joint)
    matrix = _joint(labels, pred_probs, joint, confident_joint)
    known: dict[str, Any] = {"num_examples": examples, "joint": matrix}
    by_quality = rank_classes_by_label_quality(class_names=class_names, **known)
    overlapping = find_overlapping_classes(asymmetric=asymmetric, class_names=class_names, **known)
    if verbose:
        print(  # noqa: T201 - asked for by verbose
            f"Dataset health: {examples} examples, {len(matrix)} classes\n\n"
            f"Classes by label quality\n{by_quality}\n\n"
            f"Classes that overlap; consider merging those at the top\n{overlapping}\n"
        )
    health = overall_label_health_score(
        labels, pred_probs, confident_joint=confident_joint, verbose=verbose, **known
    )
    return {
        "overall_label_health_score": health,
        "joint": matrix if joint is None else joint,
        "classes_by_label_quality": by_quality,
        "overlapping_classes": overlapping,
    }


def _length(labels: Any) -> int:
    if not has_length(labels):
        msg = f"labels must be a sequence with one class per row, got {type(labels).__name__}"
        raise TypeError(msg)
    return len(labels)


def _examples(num_examples: int | None, labels: Any, confident_joint: Any) -> int:
    """Return the number of examples: as given, of the labels, or in the confident joint."""
    if num_examples is not None:
        return num_examples
    if labels is not None:
        return _length(labels)
    if confident_joint is not None:
        return cast("int", np.sum(confident_joint))
    msg = "num_examples is needed where neither labels nor confident_joint are given"
    raise InvalidArgumentError(msg)


def _joint(labels: Any, pred_probs: Any, joint: Any, confident_joint: Any) -> NDArray[np.float64]:
    """Return the joint: as given, or estimated from labels and pred_probs or confident_joint."""
    if joint is not None:
        matrix = np.asarray(joint, dtype=np.float64)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
            msg = f"joint must have shape (k, k), got {matrix.shape}"
            raise InvalidArgumentError(msg)
        return matrix
    if confident_joint is None and (labels is None or pred_probs is None):
        msg = "give labels and pred_probs, or joint, or confident_joint"
        raise InvalidArgumentError(msg)
    return estimate_joint(labels, pred_probs, confident_joint=confident_joint)


def _ordered_pairs(n_classes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of different classes (a, b), by a and then by b."""
    a = np.repeat(np.arange(n_classes), n_classes - 1)
    b = np.tile(np.arange(n_classes - 1), n_classes)
    return a, b + (b >= a)


def _rounded(counts: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(counts).astype(np.int64)
