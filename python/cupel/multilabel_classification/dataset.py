"""What label issues say about a multi-label data set and its classes.

The functions of cleanlab 2.9.0's module of this name, with its signatures, defaults and results.
Tables are pandas data frames and need the extra ``cupel[pandas]``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel._errors import InvalidArgumentError
from cupel._multilabel import PruneOptions, any_class, issues_per_class
from cupel._problem import Problem
from cupel._tables import as_class_names, frame_of, order_by

__all__ = [
    "common_multilabel_issues",
    "multilabel_health_summary",
    "overall_multilabel_health_score",
    "rank_classes_by_multilabel_quality",
]


def common_multilabel_issues(
    labels: Any = list,  # cleanlab's default, which is no labels
    pred_probs: Any = None,
    *,
    class_names: Any = None,
    confident_joint: ArrayLike | None = None,
) -> Any:
    """List the classes by how often they are given wrongly, or wrongly left out.

    Parameters
    ----------
    labels : list of lists of int, length n
        The classes that apply to each example, possibly none.
    pred_probs : array_like of float, shape (n, k)
        Out-of-sample probabilities that each class applies.
    class_names : sequence or mapping, optional
        Name of each class by its index, for another column.
    confident_joint : array_like, shape (k, 2, 2), optional
        As in :func:`cupel.multilabel_classification.filter.find_label_issues`.

    Returns
    -------
    pandas.DataFrame
        Two rows per class, for examples that have it but should not and for those that should, the
        most frequent first (ties by class, wrongly given first): "Class Name" (if there are names),
        "Class Index", "In Given Label", "In Suggested Label", "Num Examples", and "Issue
        Probability", the share of all examples.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n k) time.

    Examples
    --------
    >>> import cupel
    >>> labels = [[0], [0, 1], [1], [], [0], [1]]
    >>> probs = [[0.9, 0.1], [0.8, 0.9], [0.1, 0.8], [0.2, 0.1], [0.1, 0.2], [0.9, 0.7]]
    >>> frame = cupel.multilabel_classification.dataset.common_multilabel_issues(labels, probs)
    >>> frame.drop(columns="Issue Probability")
       Class Index  In Given Label  In Suggested Label  Num Examples
    0            0            True               False             1
    1            0           False                True             1
    2            1            True               False             0
    3            1           False                True             0
    """
    return _common_table(_Issues.find(labels, pred_probs, confident_joint), class_names)


def rank_classes_by_multilabel_quality(
    labels: Any = None,
    pred_probs: Any = None,
    *,
    class_names: Any = None,
    joint: ArrayLike | None = None,
    confident_joint: ArrayLike | None = None,
) -> Any:
    """Rank the classes by how often they are given wrongly.

    Parameters
    ----------
    labels, pred_probs, class_names
        As in `common_multilabel_issues`.
    joint : array_like, shape (k, 2, 2), optional
        The confident joint to use. The name is cleanlab's.
    confident_joint : array_like, optional
        Not used, as in cleanlab.

    Returns
    -------
    pandas.DataFrame
        A row per class, the worst first (ties by class): "Class Name" (if there are names), "Class
        Index", "Label Issues" (examples given the class wrongly), "Inverse Label Issues" (examples
        that lack it wrongly), the two as shares of all examples ("Label Noise", "Inverse Label
        Noise"), and "Label Quality Score", 1 - "Label Noise". The two numbers are cut off from the
        rounded shares, as in cleanlab, and so at times one less than `common_multilabel_issues`'.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Warns
    -----
    UserWarning
        If `confident_joint` is given.

    Notes
    -----
    O(n k) time.

    Examples
    --------
    >>> import cupel
    >>> labels = [[0], [0, 1], [1], [], [0], [1]]
    >>> probs = [[0.9, 0.1], [0.8, 0.9], [0.1, 0.8], [0.2, 0.1], [0.1, 0.2], [0.9, 0.7]]
    >>> rank = cupel.multilabel_classification.dataset.rank_classes_by_multilabel_quality
    >>> rank(labels, probs)[["Class Index", "Label Issues", "Inverse Label Issues"]]
       Class Index  Label Issues  Inverse Label Issues
    0            0             1                     1
    1            1             0                     0
    """
    if confident_joint is not None:
        msg = "confident_joint is not used, as in cleanlab; pass it as joint"
        warnings.warn(msg, UserWarning, stacklevel=2)
    return _quality_table(_Issues.find(labels, pred_probs, joint), class_names)


def overall_multilabel_health_score(
    labels: Any = None,
    pred_probs: Any = None,
    *,
    confident_joint: ArrayLike | None = None,
) -> float:
    """Estimate the share of examples whose labels are all right.

    Parameters
    ----------
    labels, pred_probs, confident_joint
        As in `common_multilabel_issues`.

    Returns
    -------
    numpy.float64
        Share of examples that :func:`cupel.multilabel_classification.filter.find_label_issues` does
        not flag.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n k) time.

    Examples
    --------
    >>> import cupel
    >>> labels = [[0], [0, 1], [1], [], [0], [1]]
    >>> probs = [[0.9, 0.1], [0.8, 0.9], [0.1, 0.8], [0.2, 0.1], [0.1, 0.2], [0.9, 0.7]]
    >>> score = cupel.multilabel_classification.dataset.overall_multilabel_health_score
    >>> round(float(score(labels, probs)), 3)
    0.667
    """
    return _Issues.find(labels, pred_probs, confident_joint).health()


def multilabel_health_summary(
    labels: Any = None,
    pred_probs: Any = None,
    *,
    class_names: Any = None,
    num_examples: int | None = None,
    confident_joint: ArrayLike | None = None,
    verbose: bool = True,
) -> dict[str, Any]:
    """Sum up the quality of the labels: overall, by class, and the most frequent issues.

    Parameters
    ----------
    labels, pred_probs, class_names
        As in `common_multilabel_issues`.
    num_examples : int, optional
        Only printed.
    confident_joint : array_like, shape (k, 2, 2), optional
        As in `common_multilabel_issues`, for the overall score and the issues, but not for the
        classes, as in cleanlab.
    verbose : bool, default True
        Print the summary.

    Returns
    -------
    dict
        ``"overall_multilabel_health_score"``, ``"classes_by_multilabel_quality"`` and
        ``"common_multilabel_issues"``: see the functions for each.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad row.

    Notes
    -----
    O(n k) time. The issues are found once, or twice with a `confident_joint`.

    Examples
    --------
    >>> import cupel
    >>> labels = [[0], [0, 1], [1], [], [0], [1]]
    >>> probs = [[0.9, 0.1], [0.8, 0.9], [0.1, 0.8], [0.2, 0.1], [0.1, 0.2], [0.9, 0.7]]
    >>> summarise = cupel.multilabel_classification.dataset.multilabel_health_summary
    >>> list(summarise(labels, probs, verbose=False))
    ['overall_multilabel_health_score', 'classes_by_multilabel_quality', 'common_multilabel_issues']
    """
    issues = _Issues.find(labels, pred_probs, confident_joint)
    own = issues if confident_joint is None else _Issues.find(labels, pred_probs, None)
    by_quality = _quality_table(own, class_names)
    common = _common_table(issues, class_names)
    health = issues.health()
    if verbose:
        examples = len(issues.flagged) if num_examples is None else num_examples
        print(  # noqa: T201 - asked for by verbose
            f"Multi-label dataset health: {examples} examples, {len(by_quality)} classes\n\n"
            f"Classes by label quality\n{by_quality}\n\n"
            f"Most frequent label issues\n{common}\n\n"
            f"Label health: {health:.2f}, the share of examples without an issue"
        )
    return {
        "overall_multilabel_health_score": health,
        "classes_by_multilabel_quality": by_quality,
        "common_multilabel_issues": common,
    }


@dataclass(frozen=True, slots=True)
class _Issues:
    """Label issues of each class: 0/1 matrices of what is flagged and of what is given."""

    flagged: NDArray[np.bool_]
    given: NDArray[np.uint8]
    threads: int

    @classmethod
    def find(cls, labels: Any, pred_probs: Any, confident_joint: ArrayLike | None) -> _Issues:
        if labels is None or pred_probs is None:
            msg = f"{'labels' if labels is None else 'pred_probs'} must be given"
            raise InvalidArgumentError(msg)
        problem = Problem.load(labels, pred_probs, multi_label=True)
        options = PruneOptions(1.0, None, 1, confident_joint)
        flagged = issues_per_class(problem, "prune_by_noise_rate", options, stacklevel=4)
        return cls(flagged, problem.labels, problem.threads)

    def health(self) -> float:
        share = np.count_nonzero(any_class(self.flagged, self.threads)) / len(self.flagged)
        return cast("float", np.float64(1 - share))

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Per class, how many examples have it but should not, and should have it but do not."""
        given = np.count_nonzero(self.flagged & self.given.view(np.bool_), axis=0)
        return given, np.count_nonzero(self.flagged, axis=0) - given


def _common_table(issues: _Issues, class_names: Any) -> Any:
    wrong, missed = issues.counts()
    k = len(wrong)
    names = as_class_names(class_names, k)
    in_given = np.tile([True, False], k)
    count = np.stack([wrong, missed], axis=1).ravel()
    order = order_by(count, descending=True)
    columns = {
        "Class Index": np.repeat(np.arange(k), 2)[order],
        "In Given Label": in_given[order],
        "In Suggested Label": ~in_given[order],
        "Num Examples": count[order],
        "Issue Probability": count[order] / len(issues.flagged),
    }
    return frame_of("common_multilabel_issues", columns, names, {"Class Name": "Class Index"})


def _quality_table(issues: _Issues, class_names: Any) -> Any:
    wrong, missed = issues.counts()
    names = as_class_names(class_names, len(wrong))
    examples = len(issues.flagged)
    noise, inverse_noise = wrong / examples, missed / examples
    order = order_by(1 - noise)
    columns = {
        "Class Index": order,
        "Label Issues": _cut(noise * examples)[order],
        "Inverse Label Issues": _cut(inverse_noise * examples)[order],
        "Label Noise": noise[order],
        "Inverse Label Noise": inverse_noise[order],
        "Label Quality Score": (1 - noise)[order],
    }
    named = {"Class Name": "Class Index"}
    return frame_of("rank_classes_by_multilabel_quality", columns, names, named)


def _cut(counts: NDArray[np.float64]) -> NDArray[np.int64]:
    """Shares times examples as whole numbers, cut off: at times one less than counted, as cleanlab."""
    return counts.astype(np.int64)
