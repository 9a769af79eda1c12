"""A frozen scorer: learn from a data set once, then judge single rows in microseconds.

For services that see one example at a time, or small batches, after the statistics were taken from
a large data set.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel import _core
from cupel._joint import thresholds_of
from cupel._posterior import POSTERIOR, NoiseModel, fitted_to
from cupel._problem import COLLISIONS, Problem
from cupel._scores import METHODS, check_adjustable
from cupel._validate import as_choice, as_class_vector, as_pred_probs

__all__ = ["Scorer", "Verdict"]


class Verdict(NamedTuple):
    """What a `Scorer` says of one example.

    Attributes
    ----------
    score : float
        Label quality in [0, 1], lower is worse.
    is_label_issue : bool
        Whether the example confidently belongs to another class than its label says, and its
        argmax is another class too (``filter_by="confident_learning"``). With
        ``method="noise_posterior"``: whether the label is more likely wrong than right.
    suggested_label : int
        The class with the largest probability; with ``method="noise_posterior"`` the likeliest true
        class besides the label.
    confident_class : int
        The class the example confidently belongs to; -1 if no probability reaches its threshold.
    """

    score: float
    is_label_issue: bool
    suggested_label: int
    confident_class: int


class Scorer:
    """Class thresholds frozen from one data set, to judge rows of others.

    Immutable, and safe to use from any number of threads.

    Parameters
    ----------
    thresholds : array_like of float, shape (k,)
        Class thresholds, as from :func:`cupel.count.get_confident_thresholds`.
    method, adjust_pred_probs
        The score, as in :func:`cupel.rank.get_label_quality_scores`; for ``"noise_posterior"`` use
        `fit` or `from_noise_model`.
    collision : {"argmax", "confident"}
        As in :func:`cupel.count.compute_confident_joint`.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value.

    Examples
    --------
    >>> import numpy as np
    >>> import cupel
    >>> probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]])
    >>> scorer = cupel.Scorer.fit([0, 0, 0, 1, 1], probs)
    >>> scorer.score(0, np.array([0.125, 0.875]))
    0.125
    >>> scorer.check(0, np.array([0.125, 0.875])).is_label_issue
    True
    """

    __slots__ = ("_frozen", "_rebuild", "_thresholds")
    _rebuild: tuple[Any, ...]  # how to make it again: a function and its arguments

    def __init__(
        self,
        thresholds: ArrayLike,
        *,
        method: str = "self_confidence",
        adjust_pred_probs: bool = False,
        collision: str = "argmax",
    ) -> None:
        as_choice(method, METHODS, name="method")
        if method == POSTERIOR:
            msg = (
                "method='noise_posterior' needs more than thresholds; use Scorer.fit(labels, "
                "pred_probs, method='noise_posterior') or Scorer.from_noise_model"
            )
            raise ValueError(msg)
        values = as_class_vector(thresholds, np.size(thresholds), name="thresholds")
        self._freeze(values, False, method, adjust_pred_probs, collision)

    def _freeze(
        self,
        thresholds: NDArray[np.float64],
        of_matrix_type: bool,
        method: str,
        adjust_pred_probs: bool,
        collision: str,
    ) -> None:
        as_choice(method, METHODS, name="method")
        as_choice(collision, COLLISIONS, name="collision")
        self._thresholds = thresholds
        self._thresholds.flags.writeable = False
        self._frozen = _core.Scorer(
            thresholds,
            of_matrix_type,
            METHODS.index(method),
            bool(adjust_pred_probs),
            COLLISIONS[collision],
        )
        options = (of_matrix_type, method, bool(adjust_pred_probs), collision)
        self._rebuild = _thaw, (thresholds.copy(), *options)

    @classmethod
    def from_noise_model(cls, noise_model: NoiseModel, *, collision: str = "argmax") -> Scorer:
        """Freeze a noise model: scores and verdicts are those of the noise posterior.

        Parameters
        ----------
        noise_model : NoiseModel
            As from :func:`cupel.posterior.fit_noise_model`.
        collision
            As in `Scorer`.

        Returns
        -------
        Scorer
            Rows get the scores of :func:`cupel.posterior.get_label_posteriors` under this model.

        Raises
        ------
        TypeError, ValueError
            If an argument is of a wrong kind or value.

        Examples
        --------
        >>> import cupel
        >>> model = cupel.posterior.NoiseModel([0.5, 0.5], [[0.9, 0.2], [0.1, 0.8]])
        >>> cupel.Scorer.from_noise_model(model).check(0, [0.125, 0.875]).suggested_label
        1
        """
        if not isinstance(noise_model, NoiseModel):
            msg = f"noise_model must be a NoiseModel, got {type(noise_model).__name__}"
            raise TypeError(msg)
        return cls._of_posterior(noise_model, noise_model.thresholds, False, collision)

    @classmethod
    def _of_posterior(
        cls,
        model: NoiseModel,
        thresholds: NDArray[np.float64],
        of_matrix_type: bool,
        collision: str,
    ) -> Scorer:
        as_choice(collision, COLLISIONS, name="collision")
        scorer = cls.__new__(cls)
        scorer._thresholds = thresholds
        scorer._thresholds.flags.writeable = False
        scorer._frozen = _core.Scorer(
            model.thresholds,
            model.noise_matrix,
            model.temperature,
            thresholds,
            of_matrix_type,
            COLLISIONS[collision],
        )
        scorer._rebuild = cls._of_posterior, (model, thresholds.copy(), of_matrix_type, collision)
        return scorer

    @classmethod
    def fit(
        cls,
        labels: Any,
        pred_probs: Any,
        *,
        method: str = "self_confidence",
        adjust_pred_probs: bool = False,
        collision: str = "argmax",
        classes: Sequence[Any] | None = None,
        nan: str = "raise",
        n_jobs: int | None = None,
    ) -> Scorer:
        """Learn the thresholds from a data set.

        Parameters
        ----------
        labels, pred_probs, classes, nan, n_jobs
            As in :func:`cupel.count.get_confident_thresholds`.
        method, adjust_pred_probs, collision
            As in `Scorer`.

        Returns
        -------
        Scorer
            Rows of the same dtype get the very scores and verdicts that the whole-matrix functions
            give.

        Raises
        ------
        TypeError, ValueError
            If an argument is of a wrong kind or value; the message names the first bad row.
        """
        problem = Problem.load(labels, pred_probs, classes=classes, nan=nan, n_jobs=n_jobs)
        if as_choice(method, METHODS, name="method") == POSTERIOR:
            if adjust_pred_probs:
                check_adjustable(method)
            as_choice(collision, COLLISIONS, name="collision")
            found = thresholds_of(problem, check_all=False)
            model = fitted_to(problem, found)
            return cls._of_posterior(model, found.values, found.of_matrix_type, collision)
        found = thresholds_of(problem)
        scorer = cls.__new__(cls)
        scorer._freeze(found.values, found.of_matrix_type, method, adjust_pred_probs, collision)
        return scorer

    def __reduce__(self) -> tuple[Any, ...]:
        """Support pickle and copy."""
        return self._rebuild

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """Class thresholds, shape (k,), read-only."""
        return self._thresholds

    def score(self, label: int, pred_probs: Any) -> float:
        """Score one example.

        Parameters
        ----------
        label : int
            Given class.
        pred_probs : array_like of float, shape (k,)
            Its probabilities; a contiguous float array is the fast path.

        Returns
        -------
        float
            Label quality in [0, 1], lower is worse.

        Raises
        ------
        TypeError, ValueError
            If an argument is of a wrong kind or value.

        Notes
        -----
        O(k), about a microsecond for ten classes.
        """
        if type(pred_probs) is np.ndarray and type(label) is int:
            try:
                return self._frozen.score(label, pred_probs)
            except TypeError:  # not a row or a number that the core reads as it is
                pass
        return self._frozen.score(*self._converted(label, pred_probs))

    def check(self, label: int, pred_probs: Any) -> Verdict:
        """Judge one example: its score, whether its label is an issue, and what to label it.

        Parameters
        ----------
        label, pred_probs
            As in `score`.

        Returns
        -------
        Verdict
            A named tuple.

        Raises
        ------
        TypeError, ValueError
            If an argument is of a wrong kind or value.
        """
        if type(pred_probs) is np.ndarray and type(label) is int:
            try:
                return Verdict._make(self._frozen.check(label, pred_probs))
            except TypeError:  # not a row or a number that the core reads as it is
                pass
        return Verdict._make(self._frozen.check(*self._converted(label, pred_probs)))

    def _converted(self, label: Any, pred_probs: Any) -> tuple[int, NDArray[Any]]:
        """Pass one example through the front door."""
        if isinstance(label, (bool, np.bool_)) or not hasattr(label, "__index__"):
            msg = f"label must be an integer class, got {type(label).__name__}"
            raise TypeError(msg)
        given = label.__index__()
        if not 0 <= given < len(self._thresholds):
            msg = f"label is {given}, expected a class in [0, {len(self._thresholds)})"
            raise ValueError(msg)
        return given, np.ascontiguousarray(as_pred_probs(pred_probs, ndim=1))


def _thaw(
    thresholds: NDArray[np.float64],
    of_matrix_type: bool,
    method: str,
    adjust_pred_probs: bool,
    collision: str,
) -> Scorer:
    """Rebuild a pickled scorer."""
    scorer = Scorer.__new__(Scorer)
    scorer._freeze(thresholds, of_matrix_type, method, adjust_pred_probs, collision)
    return scorer
