"""Label issues in data that does not fit in memory, batch by batch.

The module of this name of cleanlab 2.9.0, with its method and results: thresholds are running means
over batches, an issue is counted where the predicted class is another than the given one and at or
above its threshold, and those many examples with the lowest scores are the issues. No more than a
batch of the probabilities is held at any time; of each example stays its score.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._joint import thresholds_of
from cupel._problem import Problem
from cupel._runtime import resolve_threads
from cupel._scores import METHODS, check_adjustable
from cupel._validate import as_choice
from cupel.experimental._batches import Batches, IssueCounts, Predictions, as_count, as_source

__all__ = ["LabelInspector", "find_label_issues_batched"]

_LOWEST_THRESHOLD = 2e-6
_SCORABLE = METHODS[:3]


def find_label_issues_batched(
    labels: Any = None,
    pred_probs: Any = None,
    *,
    labels_file: str | None = None,
    pred_probs_file: str | None = None,
    batch_size: int = 10000,
    n_jobs: int | None = 1,
    verbose: bool = True,
    quality_score_kwargs: Mapping[str, Any] | None = None,
    num_issue_kwargs: Mapping[str, Any] | None = None,
    return_mask: bool = False,
) -> NDArray[Any]:
    r"""Find the examples whose label is likely wrong, with memory for one batch.

    Parameters
    ----------
    labels : array_like of int, shape (n,), optional
        Given class of each example.
    pred_probs : array or sliceable, shape (n, k), optional
        Out-of-sample probabilities: an array, a memory map, or anything with a ``shape`` whose
        slices of rows give arrays, such as a Zarr or HDF5 array.
    labels_file, pred_probs_file : str, optional
        Files in NumPy's format (.npy) to map instead.
    batch_size : int, default 10000
        Rows to read at a time. Thresholds are means of the batches' means, so it shows in the
        last digits of float16 and float32 thresholds.
    n_jobs : int or None, default 1
        Threads to use; None for all. The result does not depend on it.
    verbose : bool, default True
        Whether to print what is read and how much of it.
    quality_score_kwargs : mapping, optional
        ``method`` and ``adjust_pred_probs``, see :func:`cupel.rank.get_label_quality_scores`;
        adjusted by the thresholds over all batches.
    num_issue_kwargs : mapping, optional
        ``estimation_method``: ``"off_diagonal_calibrated"`` to scale the counts of each class to
        its number of examples; anything else is ``"off_diagonal"``.
    return_mask : bool, default False
        Return a mask instead of row numbers.

    Returns
    -------
    ndarray of int64, or of bool, shape (n,)
        Row numbers of the suspects in ascending order, or a mask of them.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; the message names the batch and its first bad
        row.
    FileNotFoundError
        If there is no such file.

    Notes
    -----
    O(n k) time, two passes over the data; besides a batch, memory for n scores and n flags.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.experimental.label_issues_batched import find_label_issues_batched
    >>> probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]])
    >>> find_label_issues_batched(np.array([0, 0, 0, 1, 1]), probs, batch_size=2, verbose=False)
    array([2])
    """
    given = as_source(labels, labels_file, "labels")
    probs = as_source(pred_probs, pred_probs_file, "pred_probs")
    if verbose and pred_probs_file is not None:
        print(f"pred_probs_file: shape {probs.shape}")  # noqa: T201 - verbose
    batches = Batches(given, probs, batch_size)
    inspector = LabelInspector(
        num_class=batches.n_classes,
        verbose=verbose,
        quality_score_kwargs=quality_score_kwargs,
        num_issue_kwargs=num_issue_kwargs,
        n_jobs=n_jobs,
    )
    for rows, y, p in batches:
        with batches.named(rows):
            inspector.update_confident_thresholds(y, p)
    predicted_other = np.empty(batches.n_rows, dtype=np.bool_)
    for rows, y, p in batches:
        with batches.named(rows):
            predicted_other[rows] = inspector._score(y, p, update_num_issues=True)[1]
    mask = np.zeros(batches.n_rows, dtype=np.bool_)
    mask[inspector.get_label_issues()] = True
    mask &= predicted_other
    return mask if return_mask else np.flatnonzero(mask)


class LabelInspector:
    """Finds label issues in batches that its user reads.

    First pass each batch to `update_confident_thresholds`, then each to `score_label_quality`, then
    ask for `get_label_issues`.

    Parameters
    ----------
    num_class : int
        Number of classes, k.
    store_results : bool, default True
        Keep the scores of all batches, which `get_quality_scores` and `get_label_issues` need.
    verbose : bool, default True
        Whether the getters print how many examples they speak of.
    quality_score_kwargs, num_issue_kwargs
        As in `find_label_issues_batched`.
    n_jobs : int or None, default 1
        Threads to use; None for all. The result does not depend on it.

    Attributes
    ----------
    confident_thresholds : ndarray of float64, shape (k,)
        Running means of the batches' thresholds.
    examples_per_class : ndarray of float64, shape (k,)
        Examples of each class behind them.
    examples_processed_thresh, examples_processed_quality : int
        Examples of all batches passed to the one and to the other method.

    Notes
    -----
    Memory for one score per example with `store_results`, else for k numbers. Not thread-safe.
    cleanlab 2.9.0 undercounts ``"off_diagonal_calibrated"`` with several processes; here the result
    is that of one.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.experimental.label_issues_batched import LabelInspector
    >>> labels, probs = np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.1, 0.9], [0.2, 0.8]])
    >>> inspector = LabelInspector(num_class=2, verbose=False)
    >>> inspector.update_confident_thresholds(labels, probs)
    >>> inspector.score_label_quality(labels, probs)
    array([0.9, 0.1, 0.8])
    >>> inspector.get_label_issues()
    array([1])
    """

    def __init__(
        self,
        *,
        num_class: int,
        store_results: bool = True,
        verbose: bool = True,
        quality_score_kwargs: Mapping[str, Any] | None = None,
        num_issue_kwargs: Mapping[str, Any] | None = None,
        n_jobs: int | None = 1,
    ) -> None:
        self.num_class = as_count(num_class, "num_class")
        self.store_results = store_results
        self.verbose = verbose
        self.quality_score_kwargs = dict(quality_score_kwargs or {})
        self.num_issue_kwargs = dict(num_issue_kwargs or {})
        self.off_diagonal_calibrated = (
            self.num_issue_kwargs.get("estimation_method") == "off_diagonal_calibrated"
        )
        self.n_jobs = resolve_threads(n_jobs)
        self.confident_thresholds = np.zeros(self.num_class)
        self.examples_per_class = np.zeros(self.num_class)
        self.examples_processed_thresh = 0
        self.examples_processed_quality = 0
        self._counts = IssueCounts(self.num_class)
        self._scores: list[NDArray[Any]] = []

    def update_confident_thresholds(self, labels: Any, pred_probs: Any) -> None:
        """Take a batch into the thresholds.

        Parameters
        ----------
        labels : array_like of int, shape (m,)
            Given class of each example.
        pred_probs : array_like of float, shape (m, k)
            Out-of-sample probabilities.

        Raises
        ------
        TypeError, ValueError
            If an argument is of a wrong kind or value; the message names the first bad row.
        """
        batch = self._batch(labels, pred_probs)
        means, _, counts = thresholds_of(batch)
        total = self.examples_per_class + counts
        sums = self.confident_thresholds * self.examples_per_class
        sums += np.where(counts > 0, means, 0.0) * counts
        self.confident_thresholds = sums / np.maximum(total, 1)
        self.examples_per_class = total
        self.examples_processed_thresh += batch.n_rows

    def get_confident_thresholds(self, silent: bool = False) -> NDArray[np.float64]:
        """Return the thresholds so far.

        Parameters
        ----------
        silent : bool, default False
            Print nothing, even if `verbose`.

        Returns
        -------
        ndarray of float64, shape (k,)
            At least 2e-6; that for classes without examples.

        Raises
        ------
        ValueError
            If there has been no batch.
        """
        if not self.examples_processed_thresh:
            msg = "there are no thresholds yet; pass batches to update_confident_thresholds first"
            raise ValueError(msg)
        if self.verbose and not silent:
            print(  # noqa: T201 - verbose
                f"Examples used for thresholds: {self.examples_processed_thresh}"
            )
        return np.maximum(self.confident_thresholds, _LOWEST_THRESHOLD)

    def score_label_quality(
        self, labels: Any, pred_probs: Any, *, update_num_issues: bool = True
    ) -> NDArray[Any]:
        """Score the labels of a batch, and count its issues.

        Parameters
        ----------
        labels : array_like of int, shape (m,)
            Given class of each example.
        pred_probs : array_like of float, shape (m, k)
            Out-of-sample probabilities.
        update_num_issues : bool, default True
            Whether to count.

        Returns
        -------
        ndarray, shape (m,)
            Scores in [0, 1], lower is worse, as of :func:`cupel.rank.get_label_quality_scores`.

        Raises
        ------
        TypeError, ValueError
            If an argument is of a wrong kind or value, or there are no thresholds yet; the message
            names the first bad row.
        """
        return self._score(labels, pred_probs, update_num_issues=update_num_issues)[0]

    def get_num_issues(self, silent: bool = False) -> np.int64:
        """Return the estimated number of issues in the batches scored so far.

        Parameters
        ----------
        silent : bool, default False
            Print nothing, even if `verbose`.

        Returns
        -------
        numpy.int64
            The number.

        Raises
        ------
        ValueError
            If there has been no batch.
        """
        if not self.examples_processed_quality:
            msg = "no label has been scored yet; pass batches to score_label_quality first"
            raise ValueError(msg)
        if self.verbose and not silent:
            print(f"Examples scored: {self.examples_processed_quality}")  # noqa: T201 - verbose
        return self._counts.calibrated() if self.off_diagonal_calibrated else self._counts.plain()

    def get_quality_scores(self) -> NDArray[Any]:
        """Return the scores of all batches, one after another.

        Returns
        -------
        ndarray
            One score per example, in the order they were passed.

        Raises
        ------
        ValueError
            If they were not stored.
        """
        self._require_stored("the scores that score_label_quality returned")
        return np.concatenate(self._scores) if self._scores else np.empty(0)

    def get_label_issues(self) -> NDArray[np.int64]:
        """Return the examples with the lowest scores, as many as there are issues.

        Returns
        -------
        ndarray of int64
            Numbers of examples in the order they were passed, lowest score first, ties by number.

        Raises
        ------
        ValueError
            If there has been no batch, or the scores were not stored.
        """
        self._require_stored("as many of the lowest scores as get_num_issues says")
        number = int(self.get_num_issues())
        scores = self.get_quality_scores()
        return _core.lowest_first(scores, min(number, len(scores)))

    def _score(
        self, labels: Any, pred_probs: Any, *, update_num_issues: bool
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Scores of a batch, and where the predicted class is clearly another than the given."""
        thresholds = self.get_confident_thresholds(silent=True)
        batch = self._batch(labels, pred_probs)
        scores = _scores_of(batch, thresholds, **self.quality_score_kwargs)
        predictions = Predictions.of(batch)
        if update_num_issues:
            self._counts.update(predictions, thresholds)
        self.examples_processed_quality += batch.n_rows
        if self.store_results:
            self._scores.append(scores)
        return scores, predictions.other()

    def _batch(self, labels: Any, pred_probs: Any) -> Problem:
        batch = Problem.load(labels, pred_probs, n_jobs=self.n_jobs)
        if batch.n_classes != self.num_class:
            msg = f"pred_probs has {batch.n_classes} columns, num_class is {self.num_class}"
            raise ValueError(msg)
        return batch

    def _require_stored(self, instead: str) -> None:
        if not self.store_results:
            msg = f"store_results=False keeps no scores; set it to True, or use {instead}"
            raise ValueError(msg)


def _scores_of(
    batch: Problem,
    thresholds: NDArray[np.float64],
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
) -> NDArray[Any]:
    as_choice(method, _SCORABLE, name="method")
    if adjust_pred_probs:
        check_adjustable(method)
    return _core.label_quality_scores(
        batch.labels,
        batch.pred_probs,
        METHODS.index(method),
        thresholds if adjust_pred_probs else None,
        False,
        None,
        batch.threads,
    )
