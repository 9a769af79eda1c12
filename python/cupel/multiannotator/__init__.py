r"""Labels by several annotators: consensus, quality of labels and annotators, what to label next.

The functions of cleanlab 2.9.0's module of this name, with its signatures, defaults and results, and
two more keyword arguments: `n_jobs`, and `label_shares`, which says how an example's labels become
a distribution over classes where one is needed. cleanlab puts the shares of the classes that were
given into the first columns, whatever these classes are (``"packed"``, the default: the same
results); ``"by_class"`` puts each into the column of its class, as the papers have it.

Labels are a matrix with a row per example and a column per annotator, nan where there is no label.
Goh, Tkachenko, Mueller, "CROWDLAB: Supervised learning to infer consensus labels and quality scores
for data with multiple annotators" (2022); Goh, Mueller, "ActiveLab: Active Learning with
Re-Labeling by Multiple Annotators" (2023).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._runtime import resolve_threads
from cupel.multiannotator._active import active_learning_scores
from cupel.multiannotator._inputs import as_consensus_methods, as_packed, as_quality_method
from cupel.multiannotator._quality import Wanted, label_quality, majority_label
from cupel.multiannotator._wide import pivot

__all__ = [
    "convert_long_to_wide_dataset",
    "get_active_learning_scores",
    "get_active_learning_scores_ensemble",
    "get_label_quality_multiannotator",
    "get_label_quality_multiannotator_ensemble",
    "get_majority_vote_label",
]


def get_label_quality_multiannotator(
    labels_multiannotator: Any,
    pred_probs: NDArray[Any],
    *,
    consensus_method: str | list[str] = "best_quality",
    quality_method: str = "crowdlab",
    calibrate_probs: bool = False,
    return_detailed_quality: bool = True,
    return_annotator_stats: bool = True,
    return_weights: bool = False,
    verbose: bool = True,
    label_quality_score_kwargs: Mapping[str, Any] | None = None,
    label_shares: str = "packed",
    n_jobs: int | None = None,
) -> dict[str, Any]:
    r"""Find the consensus of several annotators, and how good it, each label and each of them is.

    With annotators :math:`j` who labeled example i as :math:`y_{ij}`, and a model,

    .. math:: \hat p_{ik} = \frac{w_M\, p_{ik} + \sum_j w_j\, (\mu\,[y_{ij} = k] +
              \tfrac{1 - \mu}{K - 1}\,[y_{ij} \ne k])}{w_M + \sum_j w_j}

    where :math:`\mu` is the mean agreement with the consensus, and the weights tell by how much the
    model and each annotator are better than always naming the commonest class.

    Parameters
    ----------
    labels_multiannotator : pandas.DataFrame or ndarray, shape (n, annotators)
        Classes; nan (or pandas.NA) where an annotator gave no label.
    pred_probs : ndarray of float, shape (n, k)
        Out-of-sample probabilities of a model. Never changed.
    consensus_method : {"best_quality", "majority_vote"} or list of them
        The likeliest class, or the commonest label (see `get_majority_vote_label`). With a list the
        columns of all but the first end in the method's name.
    quality_method : {"crowdlab", "agreement"}
        Probabilities as above; or mere shares of labels, whatever the model says.
    calibrate_probs : bool, default False
        First give the model the temperature that fits the labels best.
    return_detailed_quality, return_annotator_stats, return_weights : bool
        What to return besides ``"label_quality"``.
    verbose : bool, default True
        Print which classes are lost, and which annotators share no example with others.
    label_quality_score_kwargs : mapping, optional
        ``method`` and ``adjust_pred_probs`` of :func:`cupel.rank.get_label_quality_scores`.
    label_shares : {"packed", "by_class"}
        See the module; for `calibrate_probs` and ``quality_method="agreement"``.
    n_jobs : int, optional
        Threads to use; -1 for all. The result does not depend on it.

    Returns
    -------
    dict
        ``"label_quality"``: frame of consensus_label, consensus_quality_score, annotator_agreement
        and num_annotations by example. ``"detailed_label_quality"``: frame with the score of each
        label. ``"annotator_stats"``: frame of annotator_quality, agreement_with_consensus,
        worst_class and num_examples_labeled by annotator, the worst first. ``"model_weight"``:
        float. ``"annotator_weight"``: ndarray of shape (annotators,).

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad position.

    Warns
    -----
    UserWarning
        If no two annotators ever agree, or a tie is broken at random.

    Notes
    -----
    O(n annotators + labels k + n k) time; 18 times O(n k) more to calibrate.

    Examples
    --------
    >>> import cupel, numpy as np
    >>> labels = np.array([[0, 0, 1], [1, np.nan, 1], [0, 1, np.nan], [0, 0, 0]])
    >>> probs = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]])
    >>> found = cupel.multiannotator.get_label_quality_multiannotator(labels, probs)
    >>> found["label_quality"]["consensus_label"].tolist()
    [0, 1, 1, 0]
    >>> found["label_quality"]["consensus_quality_score"].round(2).tolist()
    [0.82, 0.8, 0.56, 0.73]
    """
    return label_quality(
        labels_multiannotator,
        pred_probs,
        Wanted(
            function="get_label_quality_multiannotator",
            consensus_methods=as_consensus_methods(consensus_method),
            quality_method=as_quality_method(quality_method, weights=return_weights),
            calibrate=calibrate_probs,
            detailed_quality=return_detailed_quality,
            annotator_stats=return_annotator_stats,
            weights=return_weights,
            verbose=verbose,
        ),
        score_kwargs=label_quality_score_kwargs,
        packed=as_packed(label_shares),
        threads=resolve_threads(n_jobs),
        stacklevel=2,
    )


def get_label_quality_multiannotator_ensemble(
    labels_multiannotator: Any,
    pred_probs: NDArray[Any],
    *,
    calibrate_probs: bool = False,
    return_detailed_quality: bool = True,
    return_annotator_stats: bool = True,
    return_weights: bool = False,
    verbose: bool = True,
    label_quality_score_kwargs: Mapping[str, Any] | None = None,
    label_shares: str = "packed",
    n_jobs: int | None = None,
) -> dict[str, Any]:
    """Find the consensus of several annotators, weighed next to several models.

    Parameters
    ----------
    labels_multiannotator, calibrate_probs, return_detailed_quality, return_annotator_stats, \
return_weights, verbose, label_quality_score_kwargs, label_shares, n_jobs
        As in `get_label_quality_multiannotator`.
    pred_probs : ndarray of float, shape (models, n, k)
        Out-of-sample probabilities of each model. Never changed.

    Returns
    -------
    dict
        As from `get_label_quality_multiannotator`; ``"model_weight"`` is an array of shape
        (models,). Errors and warnings are the same.

    Examples
    --------
    >>> import cupel, numpy as np
    >>> labels = np.array([[0, 0, 1], [1, np.nan, 1], [0, 1, np.nan], [0, 0, 0]])
    >>> one = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]])
    >>> found = cupel.multiannotator.get_label_quality_multiannotator_ensemble(
    ...     labels, np.stack([one, np.sqrt(one) / np.sqrt(one).sum(axis=1, keepdims=True)])
    ... )
    >>> found["label_quality"]["consensus_quality_score"].round(2).tolist()
    [0.79, 0.74, 0.55, 0.68]
    """
    return label_quality(
        labels_multiannotator,
        pred_probs,
        Wanted(
            function="get_label_quality_multiannotator_ensemble",
            consensus_methods=["best_quality"],
            quality_method="crowdlab",
            calibrate=calibrate_probs,
            detailed_quality=return_detailed_quality,
            annotator_stats=return_annotator_stats,
            weights=return_weights,
            verbose=verbose,
        ),
        score_kwargs=label_quality_score_kwargs,
        packed=as_packed(label_shares),
        threads=resolve_threads(n_jobs),
        stacklevel=2,
    )


def get_active_learning_scores(
    labels_multiannotator: Any = None,
    pred_probs: NDArray[Any] | None = None,
    pred_probs_unlabeled: NDArray[Any] | None = None,
    *,
    label_shares: str = "packed",
    n_jobs: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Score how little one more label would tell, of labeled and of unlabeled examples (ActiveLab).

    Parameters
    ----------
    labels_multiannotator : pandas.DataFrame or ndarray, shape (n, annotators), optional
        As in `get_label_quality_multiannotator`; each example may have a single label here.
    pred_probs : ndarray of float, shape (n, k), optional
        Out-of-sample probabilities of a model for the labeled examples. Never changed.
    pred_probs_unlabeled : ndarray of float, shape (m, k), optional
        The same model's probabilities for examples that no one labeled yet. Never changed.
    label_shares : {"packed", "by_class"}
        See the module; for the temperature of the model.
    n_jobs : int, optional
        Threads to use; -1 for all. The result does not depend on it.

    Returns
    -------
    tuple of ndarray of float64, shapes (n,) and (m,)
        Scores in [0, 1]; the lowest are to be labeled next, again or for the first time. Empty
        where probabilities are not given.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad position.

    Notes
    -----
    O(n annotators + labels k) time, and 18 times O(n k) to calibrate the model. Warns as
    `get_label_quality_multiannotator` does.

    Examples
    --------
    >>> import cupel, numpy as np
    >>> labels = np.array([[0, 0, 1], [1, np.nan, 1], [0, 1, np.nan], [0, 0, 0]])
    >>> probs = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]])
    >>> labeled, unlabeled = cupel.multiannotator.get_active_learning_scores(
    ...     labels, probs, np.array([[0.5, 0.5], [0.1, 0.9]])
    ... )
    >>> labeled.argmin(), unlabeled.argmin()
    (np.int64(2), np.int64(0))
    """
    return active_learning_scores(
        labels_multiannotator,
        pred_probs,
        pred_probs_unlabeled,
        packed=as_packed(label_shares),
        threads=resolve_threads(n_jobs),
        function="get_active_learning_scores",
        stacklevel=2,
    )


def get_active_learning_scores_ensemble(
    labels_multiannotator: Any = None,
    pred_probs: NDArray[Any] | None = None,
    pred_probs_unlabeled: NDArray[Any] | None = None,
    *,
    label_shares: str = "packed",
    n_jobs: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Score how little one more label would tell, by several models (ActiveLab).

    Parameters
    ----------
    labels_multiannotator, label_shares, n_jobs
        As in `get_active_learning_scores`.
    pred_probs : ndarray of float, shape (models, n, k), optional
        Out-of-sample probabilities of each model for the labeled examples. Never changed.
    pred_probs_unlabeled : ndarray of float, shape (models, m, k), optional
        The same models' probabilities for examples that no one labeled yet. Never changed.

    Returns
    -------
    tuple of ndarray of float64, shapes (n,) and (m,)
        As from `get_active_learning_scores`, with the same errors and warnings.

    Examples
    --------
    >>> import cupel, numpy as np
    >>> unlabeled = np.array([[[0.5, 0.5], [0.1, 0.9]], [[0.6, 0.4], [0.2, 0.8]]])
    >>> cupel.multiannotator.get_active_learning_scores_ensemble(
    ...     pred_probs_unlabeled=unlabeled
    ... )[1].round(2)
    array([0.53, 0.73])
    """
    return active_learning_scores(
        labels_multiannotator,
        pred_probs,
        pred_probs_unlabeled,
        packed=as_packed(label_shares),
        threads=resolve_threads(n_jobs),
        function="get_active_learning_scores_ensemble",
        stacklevel=2,
    )


def get_majority_vote_label(
    labels_multiannotator: Any,
    pred_probs: NDArray[Any] | None = None,
    verbose: bool = True,
    *,
    n_jobs: int | None = None,
) -> NDArray[np.int64]:
    """Find the class most annotators gave to each example.

    Ties go to the class with the larger probability, then to the one given least often to all
    examples, then to the one whose annotators agree more with the rows without ties. What is still
    tied is drawn by ``numpy.random.choice``, with a warning.

    Parameters
    ----------
    labels_multiannotator : pandas.DataFrame or ndarray, shape (n, annotators)
        Classes; nan (or pandas.NA) where an annotator gave no label.
    pred_probs : ndarray of float, shape (n, k), optional
        A model's probabilities, for ties.
    verbose : bool, default True
        Also refuse annotators without labels and data with one label for each example, and print
        which classes are lost.
    n_jobs : int, optional
        Threads to use; -1 for all. The result does not depend on it.

    Returns
    -------
    ndarray of int64, shape (n,)
        The classes.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the first bad position.

    Warns
    -----
    UserWarning
        If a tie is broken at random; with `verbose`, if no two annotators ever agree.

    Examples
    --------
    >>> import cupel, numpy as np
    >>> labels = np.array([[0, 0, 1], [1, np.nan, 1], [0, 1, np.nan]])
    >>> cupel.multiannotator.get_majority_vote_label(labels)
    array([0, 1, 0])
    """
    return majority_label(
        labels_multiannotator,
        pred_probs,
        verbose=verbose,
        threads=resolve_threads(n_jobs),
        stacklevel=2,
    )


def convert_long_to_wide_dataset(labels_multiannotator_long: Any) -> Any:
    """Turn a list of labels into a matrix of examples and annotators.

    Parameters
    ----------
    labels_multiannotator_long : pandas.DataFrame
        Columns task, annotator and label; at most one label by an annotator for a task.

    Returns
    -------
    pandas.DataFrame
        A row per task and a column per annotator, both sorted; nan where there is no label.

    Raises
    ------
    KeyError, ValueError
        If a column is missing; if an annotator labeled a task twice.

    Examples
    --------
    >>> import cupel, pandas as pd
    >>> long = pd.DataFrame({"task": [1, 1, 2], "annotator": ["b", "a", "b"], "label": [0, 1, 1]})
    >>> cupel.multiannotator.convert_long_to_wide_dataset(long)
         a    b
    1  1.0  0.0
    2  NaN  1.0
    """
    return pivot(labels_multiannotator_long)
