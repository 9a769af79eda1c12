"""cleanlab's OutOfDistribution; public as ``cupel.outlier.OutOfDistribution``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._arrays import as_array
from cupel._features import as_integer, as_k, as_real
from cupel._graph import UNKNOWN
from cupel._ood import (
    METHODS,
    distance_scores,
    mean_distances,
    probability_scores,
    scale_of,
)
from cupel._runtime import resolve_threads
from cupel._search import FeatureSet, FittedNeighbors
from cupel._validate import as_choice, as_class_vector, as_pred_probs
from cupel.count import get_confident_thresholds

__all__ = ["OutOfDistribution"]


class OutOfDistribution:
    """Scores of how unlike other data each example is, from features or predicted probabilities.

    cleanlab 2.9.0's class: fit on clean or typical data, score other data; or score the data that
    it was fitted on.

    Parameters
    ----------
    params : mapping, optional
        For features: ``k`` (neighbours to average over; 10), ``t`` (1; larger values spread the
        scores of typical examples), ``knn`` (fitted estimator with ``kneighbors``, used as it is).
        For probabilities: ``method`` (``"entropy"``, ``"least_confidence"`` or ``"gen"``),
        ``adjust_pred_probs`` (True: relative to the class thresholds), ``confident_thresholds``,
        and ``M`` (100) and ``gamma`` (0.1) of "gen" (Liu et al., CVPR 2023).

    Attributes
    ----------
    params : dict
        All of these, and ``scaling_factor``; fitting stores ``knn`` and ``scaling_factor``, or
        ``confident_thresholds``.

    Raises
    ------
    TypeError, ValueError
        If there are other parameters.

    Notes
    -----
    Neighbours are compared by cosine, up to three features by euclidean distance, and searched
    once, as by :func:`cupel.neighbors.knn_graph`. Nothing is printed.

    Examples
    --------
    >>> from cupel.outlier import OutOfDistribution
    >>> ood = OutOfDistribution({"k": 1})
    >>> ood.fit_score(features=[[0.0], [1.0], [2.0], [9.0]]).round(3)
    array([0.368, 0.368, 0.368, 0.001])
    >>> ood.score(features=[[1.5]]).round(3)
    array([0.607])
    """

    OUTLIER_PARAMS: ClassVar[set[str]] = {"k", "t", "knn"}
    OOD_PARAMS: ClassVar[set[str]] = {
        "method",
        "adjust_pred_probs",
        "confident_thresholds",
        "M",
        "gamma",
    }
    DEFAULT_PARAM_DICT: ClassVar[dict[str, Any]] = {
        "k": None,
        "t": 1,
        "knn": None,
        "method": "entropy",
        "adjust_pred_probs": True,
        "confident_thresholds": None,
        "M": 100,
        "gamma": 0.1,
    }

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        if params is not None and not isinstance(params, Mapping):
            msg = f"params must be a dict, got {type(params).__name__}"
            raise TypeError(msg)
        given = dict(params or {})
        for name in given:
            as_choice(name, self.DEFAULT_PARAM_DICT, name="params")
        self.params: dict[str, Any] = {**self.DEFAULT_PARAM_DICT, **given, "scaling_factor": None}
        if self.params["method"] == "gen" and self.params["adjust_pred_probs"]:
            msg = "method 'gen' is meant for params['adjust_pred_probs'] = False"
            warnings.warn(msg, UserWarning, stacklevel=2)

    def fit_score(
        self,
        *,
        features: Any = None,
        pred_probs: Any = None,
        labels: Any = None,
        verbose: bool = True,  # noqa: ARG002 - part of the signature people call
        classes: Sequence[Any] | None = None,
        n_jobs: int | None = None,
    ) -> NDArray[Any]:
        """Fit to the data, and score them.

        Parameters
        ----------
        features : array_like of float, shape (n, d), optional
            One row per example. Its own row is not among an example's neighbours.
        pred_probs : array_like of float, shape (n, k), optional
            Out-of-sample probabilities, instead of `features`.
        labels : array_like of int or str, shape (n,), optional
            Given classes, needed to adjust `pred_probs`.
        verbose : bool, default True
            Accepted for compatibility; nothing is printed.
        classes : sequence, optional
            Class names in the order of the columns of `pred_probs`, if labels are names.
        n_jobs : int, optional
            Threads to use; -1 for all. The result does not depend on it.

        Returns
        -------
        ndarray of float, shape (n,)
            In [0, 1], lower is more outlying; float64 for features.

        Raises
        ------
        TypeError, ValueError
            If an argument is of a wrong kind or value; the message names the first bad row.

        Warns
        -----
        UserWarning
            If it was fitted before (it then only scores, and with features the rows themselves are
            among their neighbours), or if there is nothing to fit.
        """
        _check_one_given(features, pred_probs)
        if features is not None:
            means = self._fit_features(features, n_jobs)
            if means is None:
                return self.score(features=features)
            return self._scores_of_means(means)
        self._fit_pred_probs(pred_probs, labels, classes, n_jobs)
        return self._scores_of_pred_probs(pred_probs, n_jobs)

    def fit(
        self,
        *,
        features: Any = None,
        pred_probs: Any = None,
        labels: Any = None,
        verbose: bool = True,  # noqa: ARG002 - part of the signature people call
        classes: Sequence[Any] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        """Fit to the data: neighbours and their scale, or class thresholds.

        Parameters
        ----------
        features, pred_probs, labels, verbose, classes, n_jobs
            As in `fit_score`.

        Raises
        ------
        TypeError, ValueError
            If an argument is of a wrong kind or value; the message names the first bad row.

        Warns
        -----
        UserWarning
            If it was fitted before (it then stays as it is), or if there is nothing to fit.
        """
        _check_one_given(features, pred_probs)
        if features is not None:
            self._fit_features(features, n_jobs)
        else:
            self._fit_pred_probs(pred_probs, labels, classes, n_jobs)

    def score(self, *, features: Any = None, pred_probs: Any = None) -> NDArray[Any]:
        """Score data by what was fitted.

        Parameters
        ----------
        features : array_like of float, shape (m, d), optional
            Rows whose neighbours are searched among the fitted ones.
        pred_probs : array_like of float, shape (m, k), optional
            Probabilities, instead of `features`; nothing need be fitted if they are not adjusted.

        Returns
        -------
        ndarray of float, shape (m,)
            In [0, 1], lower is more outlying; float64 for features.

        Raises
        ------
        TypeError, ValueError
            If it was not fitted, or an argument is of a wrong kind or value.
        """
        _check_one_given(features, pred_probs)
        if features is None:
            return self._scores_of_pred_probs(pred_probs, None)
        if self.params["knn"] is None:
            msg = (
                "nothing was fitted to features yet; call fit() or fit_score() with features first"
            )
            raise ValueError(msg)
        return self._scores_of_means(self._means_of(features))

    def _fit_features(self, features: Any, n_jobs: int | None) -> NDArray[np.float64] | None:
        """Mean distances of the rows to their neighbours; None if neighbours were given."""
        if self.params["knn"] is not None:
            _check_matrix(features)
            msg = (
                "params['knn'] is fitted already and stays as it is; call score() to use it, or "
                "make a new OutOfDistribution to fit another"
            )
            warnings.warn(msg, UserWarning, stacklevel=3)
            return None
        loaded = FeatureSet.load(features, n_jobs=n_jobs, min_rows=2)
        k = as_k(self.params["k"], loaded.n_rows - 1, name="params['k']")
        as_real(self.params["t"], name="params['t']")
        knn = FittedNeighbors(loaded, k)
        means = mean_distances(knn.graph_.distances, k)
        self.params.update(knn=knn, scaling_factor=scale_of(means))
        return means

    def _means_of(self, features: Any) -> NDArray[np.float64]:
        """Mean distances of other rows to the fitted ones."""
        knn, k = self.params["knn"], self.params["k"]
        wanted = None if k is None else as_integer(k, name="params['k']", least=1)
        if isinstance(knn, FittedNeighbors):
            known = knn.n_neighbors
            distances, _ = knn.kneighbors(features, min(wanted or known, known))
        else:
            distances = _ask(knn, features)
            known = distances.shape[1]
        if wanted is not None and wanted > known:
            msg = f"params['k'] is {wanted}, but knn finds {known} neighbours; those are used"
            warnings.warn(msg, UserWarning, stacklevel=4)
        return mean_distances(distances, min(wanted or known, known))

    def _scores_of_means(self, means: NDArray[np.float64]) -> NDArray[np.float64]:
        t = as_real(self.params["t"], name="params['t']")
        if self.params["scaling_factor"] is None:
            self.params["scaling_factor"] = scale_of(means)
        scale = as_real(self.params["scaling_factor"], name="params['scaling_factor']", above=0.0)
        metric = getattr(self.params["knn"], "metric", UNKNOWN)
        return distance_scores(means, t, scale, str(getattr(metric, "__name__", metric)))

    def _fit_pred_probs(
        self, pred_probs: Any, labels: Any, classes: Sequence[Any] | None, n_jobs: int | None
    ) -> None:
        as_choice(self.params["method"], METHODS, name="params['method']")
        if self.params["confident_thresholds"] is not None:
            msg = (
                "params['confident_thresholds'] are known already and stay as they are; call "
                "score() to use them, or make a new OutOfDistribution to fit others"
            )
            warnings.warn(msg, UserWarning, stacklevel=3)
        elif not self.params["adjust_pred_probs"]:
            if labels is not None:
                msg = "labels are not used with params['adjust_pred_probs'] = False"
                warnings.warn(msg, UserWarning, stacklevel=3)
            msg = "with these params there is nothing to fit, score() alone will do"
            warnings.warn(msg, UserWarning, stacklevel=3)
        elif labels is None:
            msg = (
                "labels are needed to adjust pred_probs; or set params['adjust_pred_probs'] = False"
            )
            raise ValueError(msg)
        else:
            self.params["confident_thresholds"] = get_confident_thresholds(
                labels, pred_probs, classes=classes, n_jobs=n_jobs
            )

    def _scores_of_pred_probs(self, pred_probs: Any, n_jobs: int | None) -> NDArray[Any]:
        params = self.params
        method = as_choice(params["method"], METHODS, name="params['method']")
        thresholds = params["confident_thresholds"]
        if params["adjust_pred_probs"] and thresholds is None:
            msg = (
                "class thresholds to adjust pred_probs by were not fitted yet; call fit() or "
                "fit_score() with labels first, or set params['adjust_pred_probs'] = False"
            )
            raise ValueError(msg)
        if thresholds is not None and not params["adjust_pred_probs"]:
            msg = "confident_thresholds are not used with params['adjust_pred_probs'] = False"
            warnings.warn(msg, UserWarning, stacklevel=3)
            thresholds = None
        probs = as_pred_probs(pred_probs)
        _core.check_probabilities(probs, resolve_threads(n_jobs))
        if thresholds is not None:
            thresholds = _as_thresholds(thresholds, probs.shape[1])
        return probability_scores(probs, thresholds, method, params["M"], params["gamma"])


def _check_one_given(features: Any, pred_probs: Any) -> None:
    if (features is None) == (pred_probs is None):
        msg = "pass either features or pred_probs"
        raise ValueError(msg)


def _check_matrix(features: Any) -> int:
    """Return the number of rows of what only the user's estimator may know how to read."""
    shape = np.shape(features)
    if len(shape) != 2:
        msg = f"features must have shape (n, d), one row per example, got {shape}"
        raise ValueError(msg)
    return int(shape[0])


def _ask(knn: Any, features: Any) -> NDArray[Any]:
    """Distances that the user's estimator finds; it is fitted first if it was not."""
    if not hasattr(knn, "kneighbors"):
        msg = f"params['knn'] must have a method kneighbors, got {type(knn).__name__}"
        raise TypeError(msg)
    rows = _check_matrix(features)
    try:
        answer = knn.kneighbors(features)
    except Exception as error:
        if type(error).__name__ != "NotFittedError":  # scikit-learn's, without importing it
            raise
        knn.fit(features)
        answer = knn.kneighbors(features)
    distances = as_array(answer[0], "params['knn'].kneighbors(features)[0]")
    if distances.dtype.char not in "efd" or distances.ndim != 2 or len(distances) != rows:
        msg = (
            f"params['knn'].kneighbors(features)[0] must hold distances of shape ({rows}, k), got "
            f"dtype {distances.dtype}, shape {distances.shape}"
        )
        raise ValueError(msg)
    if not np.isfinite(distances).all():
        row = int(np.isfinite(distances).all(axis=1).argmin())
        msg = (
            f"params['knn'].kneighbors(features)[0] has a distance in row {row} that is not finite"
        )
        raise ValueError(msg)
    return distances


def _as_thresholds(thresholds: Any, n_classes: int) -> NDArray[Any]:
    """Return checked thresholds, floats in their own dtype."""
    values = as_class_vector(thresholds, n_classes, name="params['confident_thresholds']")
    dtype = np.asarray(thresholds).dtype
    return values.astype(dtype) if dtype.char in "efd" else values
