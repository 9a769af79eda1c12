"""A classifier that finds wrong labels and trains without them.

The class of this name of cleanlab 2.9.0, with its signatures, defaults and results. Needs
scikit-learn (``pip install "cupel[sklearn]"``) and pandas (``"cupel[pandas]"``).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel import _core
from cupel._crossval import check_same_length, estimate_cv_predicted_probabilities, rows_of
from cupel._estimators import takes_sample_weight
from cupel._extras import require
from cupel._problem import Problem
from cupel.classification import _cleaning
from cupel.classification._delegate import Delegate
from cupel.classification._noise import estimate_noise, weights_of
from cupel.filter import find_label_issues
from cupel.rank import get_label_quality_scores

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
else:
    BaseEstimator = require("sklearn.base", "cupel.classification").BaseEstimator

__all__ = ["CleanLearning"]

_ValidationFunc: TypeAlias = Callable[..., Mapping[str, Any]]
_ONE_IS_ENOUGH = "label issues are judged by pred_probs; X is not used to find them"


class CleanLearning(Delegate, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Train any classifier on data with wrong labels: find them, leave them out, weight the rest.

    Parameters
    ----------
    clf : scikit-learn classifier, optional
        Has ``fit``, ``predict`` and ``predict_proba``; cloned for cross-validation, then trained
        itself. Logistic regression if None; features of more than two dimensions are then
        flattened.
    seed : int, optional
        Seed of the folds; also given to `numpy.random.seed` when the object is made.
    cv_n_folds : int, default 5
        Folds of the cross-validation that predicts probabilities.
    converge_latent_estimates : bool, default False
        As in :func:`cupel.count.estimate_latent`.
    pulearning : {0, 1}, optional
        With two classes, the one in which no example is labelled wrongly.
    find_label_issues_kwargs : mapping, optional
        Passed to :func:`cupel.filter.find_label_issues`, where ``min_examples_per_class`` is 10 if
        not given. Never written to.
    label_quality_scores_kwargs : mapping, optional
        Passed to :func:`cupel.rank.get_label_quality_scores`.
    verbose : bool, default False
        Print what is being done.
    low_memory : bool, default False
        Find issues by :func:`cupel.experimental.label_issues_batched.find_label_issues_batched`,
        with a simpler rule; no noise is estimated.

    Attributes
    ----------
    label_issues_df : DataFrame
        Of the last `find_label_issues` or `fit`; `fit` adds a column sample_weight.
    label_issues_mask : Series or ndarray of bool
        Its first column.
    confident_joint, noise_matrix, inverse_noise_matrix : ndarray, shape (k, k)
        As from :mod:`cupel.count`, or as given.
    py : ndarray of float64, shape (k,)
        Estimated shares of the true classes; None if `inverse_noise_matrix` was given.
    ps : ndarray of float64
        Shares of the given classes that occur.
    num_classes : int
        Number of classes.
    sample_weight : Series of float64
        Weights that `fit` made from the noise matrix; 0 for examples left out.
    clf_kwargs, clf_final_kwargs : dict
        What ``clf.fit`` was called with, in cross-validation and at last.

    Raises
    ------
    ValueError
        If `clf` lacks a method.

    Notes
    -----
    Each call of `find_label_issues` starts afresh, with whatever data. As in cleanlab it has no
    tag of a classifier: a grid search over it makes folds that are not stratified.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.classification import CleanLearning
    >>> X = np.repeat([[0.0], [1.0]], 50, axis=0) + np.linspace(0, 0.2, 100)[:, np.newaxis]
    >>> labels = np.repeat([0, 1], 50)
    >>> labels[[3, 70]] = [1, 0]  # wrong
    >>> model = CleanLearning(seed=0).fit(X, labels)
    >>> np.flatnonzero(model.label_issues_mask)
    array([ 3, 70])
    >>> model.predict(X[[3, 70]])
    array([0, 1])
    """

    find_label_issues_kwargs: Mapping[str, Any] | None
    label_quality_scores_kwargs: Mapping[str, Any] | None
    noise_matrix: NDArray[np.float64] | None

    def __init__(
        self,
        clf: Any = None,
        *,
        seed: int | None = None,
        cv_n_folds: int = 5,
        converge_latent_estimates: bool = False,
        pulearning: int | None = None,
        find_label_issues_kwargs: Mapping[str, Any] | None = None,
        label_quality_scores_kwargs: Mapping[str, Any] | None = None,
        verbose: bool = False,
        low_memory: bool = False,
    ) -> None:
        self._default_clf = clf is None
        if clf is None:
            clf = require("sklearn.linear_model", "CleanLearning").LogisticRegression()
        _cleaning.check_classifier(clf)
        if seed is not None:
            np.random.seed(seed)  # noqa: NPY002 - as cleanlab; models may draw from it
        self.clf = clf
        self.seed = seed
        self.cv_n_folds = cv_n_folds
        self.converge_latent_estimates = converge_latent_estimates
        self.pulearning = pulearning
        self.find_label_issues_kwargs = (
            {} if find_label_issues_kwargs is None else find_label_issues_kwargs
        )
        self.label_quality_scores_kwargs = (
            {} if label_quality_scores_kwargs is None else label_quality_scores_kwargs
        )
        self.verbose = verbose
        self.low_memory = low_memory
        self._fitted = False
        self._forget()

    def find_label_issues(
        self,
        X: Any = None,
        labels: Any = None,
        *,
        pred_probs: Any = None,
        thresholds: ArrayLike | None = None,
        noise_matrix: ArrayLike | None = None,
        inverse_noise_matrix: ArrayLike | None = None,
        save_space: bool = False,
        clf_kwargs: Mapping[str, Any] | None = None,
        validation_func: _ValidationFunc | None = None,
    ) -> Any:
        """Find the examples whose label is likely wrong.

        Parameters
        ----------
        X : array_like, sparse matrix, DataFrame, Series or torch Dataset, length n
            Features; needed unless `pred_probs` are given.
        labels : array_like of int, shape (n,)
            Given class of each example.
        pred_probs : array_like of float, shape (n, k), optional
            Out-of-sample probabilities; by cross-validation of `clf` if None.
        thresholds : array_like of float, shape (k,), optional
            As in :func:`cupel.count.compute_confident_joint`.
        noise_matrix, inverse_noise_matrix : array_like of float, shape (k, k), optional
            p(given | true) and p(true | given), if known; a diagonal that sums to over 1.
        save_space : bool, default False
            Return the table only, do not keep it.
        clf_kwargs : mapping, optional
            Passed to ``clf.fit`` in cross-validation.
        validation_func : callable, optional
            Called with a fold's held-out features and labels, returns more such arguments.

        Returns
        -------
        DataFrame
            One row per example: ``is_label_issue`` (bool), ``label_quality`` (lower is worse),
            ``given_label`` and ``predicted_label``.

        Raises
        ------
        TypeError, ValueError
            If an argument is of a wrong kind or value.

        Examples
        --------
        >>> from cupel.classification import CleanLearning
        >>> probs = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]
        >>> cleaner = CleanLearning(find_label_issues_kwargs={"min_examples_per_class": 1})
        >>> issues = cleaner.find_label_issues(labels=[0, 0, 0, 1, 1], pred_probs=probs)
        >>> issues["is_label_issue"].tolist()
        [False, False, True, False, False]
        """
        given = _cleaning.as_several_classes(labels)
        self._forget()
        self.clf_kwargs = _cleaning.merged(clf_kwargs)
        if pred_probs is None:
            pred_probs = self._cross_validated(X, given, validation_func)
        elif X is not None:
            warnings.warn(_ONE_IS_ENOUGH, UserWarning, stacklevel=2)
        problem = Problem.load(given, pred_probs)
        given = problem.checked_labels()
        self.num_classes = problem.n_classes
        counts = np.bincount(given)
        self.ps = counts[counts > 0] / len(given)
        known = {
            "thresholds": thresholds,
            "noise_matrix": noise_matrix,
            "inverse_noise_matrix": inverse_noise_matrix,
        }
        options = _cleaning.merged(self.find_label_issues_kwargs)
        if self.low_memory:
            mask = _cleaning.issues_batched(problem, options, known, verbose=self.verbose)
        else:
            _cleaning.check_supported(options)
            noise = estimate_noise(
                problem,
                options,
                pulearning=self.pulearning,
                converge=self.converge_latent_estimates,
                **known,
            )
            self.confident_joint, self.py, self.noise_matrix, self.inverse_noise_matrix = noise
            mask = find_label_issues(
                given,
                problem.pred_probs,
                **_cleaning.filter_options(options, noise.confident_joint),
            )
        scores = get_label_quality_scores(
            given, problem.pred_probs, **_cleaning.merged(self.label_quality_scores_kwargs)
        )
        predicted = _core.argmax(problem.pred_probs, problem.threads)
        frame = _cleaning.issue_frame(mask, scores, given, predicted, self.num_classes)
        self._say(f"{np.count_nonzero(mask)} of {len(mask)} labels are likely wrong.")
        if save_space:
            self._say("The table of label issues is returned, and not kept (save_space=True).")
        else:
            self.label_issues_df, self.label_issues_mask = frame, frame["is_label_issue"]
        return frame

    def fit(
        self,
        X: Any,
        labels: Any = None,
        *,
        pred_probs: Any = None,
        thresholds: ArrayLike | None = None,
        noise_matrix: ArrayLike | None = None,
        inverse_noise_matrix: ArrayLike | None = None,
        label_issues: Any = None,
        sample_weight: Any = None,
        clf_kwargs: Mapping[str, Any] | None = None,
        clf_final_kwargs: Mapping[str, Any] | None = None,
        validation_func: _ValidationFunc | None = None,
        y: Any = None,
    ) -> CleanLearning:
        """Train `clf` on the examples without a label issue.

        Parameters
        ----------
        X, labels, pred_probs, thresholds, noise_matrix, inverse_noise_matrix, clf_kwargs, \
                validation_func
            As in `find_label_issues`, which is called unless `label_issues` are given.
        label_issues : DataFrame or ndarray, optional
            What `find_label_issues` returned, a mask, or row numbers.
        sample_weight : array_like of float, shape (n,), optional
            Passed to ``clf.fit``, without the examples left out. If None, and ``clf.fit`` takes
            weights, and the noise matrix is known: the inverse of each class's share of right
            labels, so that classes keep their weight.
        clf_final_kwargs : mapping, optional
            Passed to ``clf.fit`` at last, before those in `clf_kwargs`.
        y : array_like of int, shape (n,), optional
            Another name of `labels`.

        Returns
        -------
        CleanLearning
            Itself.

        Raises
        ------
        TypeError, ValueError
            If an argument is of a wrong kind or value.

        Examples
        --------
        >>> import numpy as np
        >>> from cupel.classification import CleanLearning
        >>> X, labels = np.array([[0.0], [1.0], [9.0], [10.0]]), np.array([0, 0, 1, 0])
        >>> CleanLearning().fit(X, labels, label_issues=np.array([3])).predict([[10.0]])
        array([1])
        """
        labels = _cleaning.labels_or_y(labels, y)
        weighted = takes_sample_weight(self.clf.fit)
        _cleaning.check_weight_arguments(weighted, sample_weight, clf_kwargs)
        if label_issues is None:
            frame = self.find_label_issues(
                X,
                labels,
                pred_probs=pred_probs,
                thresholds=thresholds,
                noise_matrix=noise_matrix,
                inverse_noise_matrix=inverse_noise_matrix,
                clf_kwargs=clf_kwargs,
                validation_func=validation_func,
            )
            given, mask = _cleaning.as_several_classes(labels), frame["is_label_issue"].to_numpy()
        else:
            self._say("The given label issues are used, none are looked for.")
            given = _cleaning.as_several_classes(labels)
            check_same_length(X, given)
            self.num_classes = int(given.max()) + 1
            if pred_probs is not None:
                warnings.warn(_ONE_IS_ENOUGH, UserWarning, stacklevel=2)
            scoring = _cleaning.merged(self.label_quality_scores_kwargs)
            frame, mask = _cleaning.as_issues(label_issues, given, pred_probs, scoring)
        kept = ~mask
        final = _cleaning.merged(clf_kwargs, clf_final_kwargs)
        self.sample_weight = None
        if sample_weight is not None:
            final["sample_weight"] = _cleaning.weights_of_rows(sample_weight, kept)
        elif weighted and "sample_weight" not in final and self.noise_matrix is not None:
            weights = weights_of(given, self.noise_matrix, kept)
            frame = frame.assign(sample_weight=weights)
            self.sample_weight, final["sample_weight"] = frame["sample_weight"], weights[kept]
        self.clf_final_kwargs = final
        self.label_issues_df, self.label_issues_mask = frame, mask
        self._say(f"Training on the {np.count_nonzero(kept)} examples without a label issue.")
        rows = np.flatnonzero(kept)
        self.clf.fit(rows_of(self._flat(X), rows), rows_of(labels, rows), **final)
        self._fitted = True
        self._say("Done; get_label_issues() returns the label issues, save_space() drops them.")
        return self

    def get_label_issues(self) -> Any:
        """Return the table of label issues, or None and a warning if there is none yet.

        Examples
        --------
        >>> from cupel.classification import CleanLearning
        >>> cleaner, probs = CleanLearning(), [[0.9, 0.1], [0.2, 0.8]] * 20
        >>> issues = cleaner.find_label_issues(labels=[0, 1] * 20, pred_probs=probs)
        >>> cleaner.get_label_issues() is issues
        True
        """
        if self.label_issues_df is None:
            msg = "there are no label issues yet; call find_label_issues or fit first"
            warnings.warn(msg, UserWarning, stacklevel=2)
        return self.label_issues_df

    def save_space(self) -> None:
        """Drop all that was found, and the two sets of options; the trained `clf` stays.

        Examples
        --------
        >>> from cupel.classification import CleanLearning
        >>> cleaner, probs = CleanLearning(), [[0.9, 0.1], [0.2, 0.8]] * 20
        >>> _ = cleaner.find_label_issues(labels=[0, 1] * 20, pred_probs=probs)
        >>> cleaner.save_space()
        >>> cleaner.label_issues_df is None
        True
        """
        self._forget()
        self.find_label_issues_kwargs = self.label_quality_scores_kwargs = None
        self._say("The label issues and what was estimated are dropped.")

    def __sklearn_is_fitted__(self) -> bool:
        """Tell scikit-learn's pipelines whether `fit` was called."""
        return self._fitted

    def _forget(self) -> None:
        for name in _cleaning.FOUND:
            setattr(self, name, None)

    def _say(self, text: str) -> None:
        if self.verbose:
            print(text)  # noqa: T201 - asked for

    def _cross_validated(
        self, X: Any, given: NDArray[np.int64], validation_func: _ValidationFunc | None
    ) -> NDArray[np.float64]:
        _cleaning.check_cross_validation(X, given, self.cv_n_folds)
        self._say(f"Predicting probabilities by {self.cv_n_folds}-fold cross-validation.")
        return estimate_cv_predicted_probabilities(
            self._flat(X),
            given,
            self.clf,
            cv_n_folds=self.cv_n_folds,
            seed=self.seed,
            clf_kwargs=self.clf_kwargs,
            validation_func=validation_func,
        )
