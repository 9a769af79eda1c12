"""Find wrong numeric labels with any regression model, and train it without them.

The class of this name of cleanlab 2.9.0, with its signatures, defaults and results. Needs
scikit-learn (``pip install "cupel[sklearn]"``) and pandas (``"cupel[pandas]"``).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel._estimators import score_of
from cupel._extras import require
from cupel.regression._cleaning import (
    as_issue_frame,
    as_rows_and_labels,
    as_sample_weight,
    as_uncertainty,
    check_no_weights,
    issue_frame,
)
from cupel.regression._search import as_search_range, best_share, cross_validate, r2

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
else:
    BaseEstimator = require("sklearn.base", "cupel.regression.learn").BaseEstimator

__all__ = ["CleanLearning"]

Floats = NDArray[np.float64]
_COARSE = (0.01, 0.05, 0.1, 0.15, 0.2)


class CleanLearning(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Find wrong labels of a regression task, and train a model without them.

    Parameters
    ----------
    model : estimator, optional
        scikit-learn regressor, or anything that can be cloned like one; LinearRegression when left
        out.
    cv_n_folds : int, default 5
        Folds of the cross-validations that predict labels out of sample; at least 2.
    n_boot : int, default 5
        Two-fold cross-validations that measure how much predictions depend on the training set;
        at least 0.
    include_aleatoric_uncertainty : bool, default True
        Whether the uncertainty includes the spread of predicted residuals.
    verbose : bool, default False
        Whether to print what is being done.
    seed : int, optional
        Passed to ``numpy.random.seed`` once, now. Folds are drawn from NumPy's global generator.

    Attributes
    ----------
    label_issues_df : DataFrame or None
        What `find_label_issues` or `fit` found.
    label_issues_mask : ndarray of bool or None
        Its column ``is_label_issue``.
    k : float or None
        Share of examples whose labels `find_label_issues` took to be wrong.

    Raises
    ------
    ValueError
        If the model has no ``fit`` or ``predict``, or a number is out of range.

    Notes
    -----
    Zhou, Mueller, Kumar, Wang, Lei, "Detecting Errors in Numerical Data via any Regression Model"
    (2023), arXiv:2305.16583.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.regression.learn import CleanLearning
    >>> X = np.arange(40.0).reshape(-1, 1)
    >>> y = 3 * X[:, 0] + np.random.default_rng(0).normal(size=40)
    >>> y[7] += 50
    >>> issues = CleanLearning(seed=0).find_label_issues(X, y)
    >>> bool(issues["is_label_issue"][7]), int(issues["label_quality"].argmin())
    (True, 7)
    """

    def __init__(
        self,
        model: Any = None,
        *,
        cv_n_folds: int = 5,
        n_boot: int = 5,
        include_aleatoric_uncertainty: bool = True,
        verbose: bool = False,
        seed: int | None = None,
    ) -> None:
        if model is None:
            model = require("sklearn.linear_model", "CleanLearning").LinearRegression()
        for name in ("fit", "predict"):
            if not hasattr(model, name):
                msg = f"model must have a method {name}, but {type(model).__name__} has none"
                raise ValueError(msg)
        if cv_n_folds < 2:
            msg = f"cv_n_folds must be at least 2, got {cv_n_folds}"
            raise ValueError(msg)
        if n_boot < 0:
            msg = f"n_boot must be at least 0, got {n_boot}"
            raise ValueError(msg)
        if seed is not None:
            np.random.seed(seed)  # noqa: NPY002 - the generator that scikit-learn's folds use
        self.model = model
        self.seed = seed
        self.cv_n_folds = cv_n_folds
        self.n_boot = n_boot
        self.include_aleatoric_uncertainty = include_aleatoric_uncertainty
        self.verbose = verbose
        self.label_issues_df: Any = None
        self.label_issues_mask: Any = None
        self.k: Any = None

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        label_issues: Any = None,
        sample_weight: Any = None,
        find_label_issues_kwargs: Mapping[str, Any] | None = None,
        model_kwargs: Mapping[str, Any] | None = None,
        model_final_kwargs: Mapping[str, Any] | None = None,
    ) -> CleanLearning:
        """Train the model on the examples whose labels seem right.

        Parameters
        ----------
        X : array_like, DataFrame or sparse matrix, shape (n, ...)
            One row per example.
        y : array_like of int or float, shape (n,)
            Given labels.
        label_issues : DataFrame, Series or ndarray, optional
            What is known of wrong labels: a frame of `find_label_issues` (at least its column
            ``is_label_issue``), or a bool mask. Found by `find_label_issues` when left out.
        sample_weight : array_like of float, shape (n,), optional
            Weights for the last fit, of models that take them.
        find_label_issues_kwargs : mapping, optional
            Arguments for `find_label_issues`.
        model_kwargs : mapping, optional
            Arguments for the model's ``fit``, in every fit but those of the search (see
            `find_label_issues`).
        model_final_kwargs : mapping, optional
            Further ones for the last fit only.

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
        >>> from cupel.regression.learn import CleanLearning
        >>> X, y = np.arange(6.0).reshape(-1, 1), np.array([0.0, 1, 2, 30, 4, 5])
        >>> model = CleanLearning().fit(X, y, label_issues=y > 10)
        >>> model.predict([[10.0]]).round(6)
        array([10.])
        """
        kwargs = dict(model_kwargs or {})
        final_kwargs = dict(model_final_kwargs or {})
        check_no_weights(kwargs, final_kwargs)
        rows, labels = as_rows_and_labels(X, y)
        weights = as_sample_weight(self.model, sample_weight, len(labels))
        if label_issues is None:
            issues = self.find_label_issues(
                rows, labels, model_kwargs=kwargs, **(find_label_issues_kwargs or {})
            )
        else:
            self._say("Using the label_issues that were passed.")
            issues = as_issue_frame(label_issues, labels)
        self._store(issues)
        clean = ~self.label_issues_mask
        self._say(f"Pruning {len(clean) - clean.sum()} examples with label issues ...")
        self._say(f"{clean.sum()} examples remain.")
        final_kwargs = {**kwargs, **final_kwargs}
        if weights is not None:
            final_kwargs["sample_weight"] = weights[clean]
        self._say("Fitting the model to them ...")
        # Frames stay frames: a model may know its columns by name.
        remaining, right = (
            given[clean] if hasattr(given, "iloc") else checked[clean]
            for given, checked in ((X, rows), (y, labels))
        )
        self.model.fit(remaining, right, **final_kwargs)
        self._say("Label issues are kept until save_space() is called: see get_label_issues().")
        return self

    def predict(self, X: Any, *args: Any, **kwargs: Any) -> Any:
        """Predict labels by the fitted model; arguments are those of its ``predict``.

        Examples
        --------
        >>> from cupel.regression.learn import CleanLearning
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]] * 5, [1.0, 2.0, 3.0, 4.0] * 5
        >>> CleanLearning(seed=0).fit(X, y).predict([[9.0]]).round(6)
        array([10.])
        """
        return self.model.predict(X, *args, **kwargs)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        r"""Score the fitted model on test data: by its own ``score``, else by :math:`R^2`.

        Parameters
        ----------
        X : array_like, shape (n, ...)
            One row per example.
        y : array_like of float, shape (n,)
            True labels.
        sample_weight : array_like of float, shape (n,), optional
            Left out where the model's ``score`` takes none.

        Returns
        -------
        float
            Higher is better.
        """
        return score_of(  # type: ignore[no-any-return]
            self.model, X, y, sample_weight, metric="r2_score"
        )

    def find_label_issues(
        self,
        X: Any,
        y: Any,
        *,
        uncertainty: Any = None,
        coarse_search_range: Sequence[float] = _COARSE,
        fine_search_size: int = 3,
        save_space: bool = False,
        model_kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        r"""Find the labels that are likely wrong.

        The share k of wrong labels is the one that, when the examples of the largest residuals are
        left out of training, predicts all labels best (:math:`R^2`). The ceil(k n) examples whose
        residuals are largest relative to the predictions' uncertainty are the issues.

        Parameters
        ----------
        X : array_like, DataFrame or sparse matrix, shape (n, ...)
            One row per example; the models see an array, or a CSR matrix.
        y : array_like of int or float, shape (n,)
            Given labels.
        uncertainty : float or array_like of float, shape (n,), optional
            Standard deviations of the predictions; estimated by further fits when left out.
        coarse_search_range : sequence of float
            Values of k to try first, in [0, 1). Those that leave fewer examples than folds are
            passed over.
        fine_search_size : int, default 3
            Values to try then, on either side of the best.
        save_space : bool, default False
            Whether not to keep the result in the object.
        model_kwargs : mapping, optional
            Arguments for the model's ``fit``. As in cleanlab they are not used in the search for k,
            nor to estimate the uncertainty; set them in the model to have them used everywhere.

        Returns
        -------
        DataFrame
            Columns is_label_issue (bool), label_quality (float64, in [0, 1], lower is worse),
            given_label, and predicted_label (int64 for labels of int64).

        Raises
        ------
        TypeError, ValueError
            If an argument is of a wrong kind or value.

        Notes
        -----
        All of the time goes into fits of the model: at most ``cv_n_folds`` for each of the values of
        k tried (up to 11) and 3 times more, and two for each of ``n_boot``.

        Examples
        --------
        >>> from cupel.regression.learn import CleanLearning
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]] * 5, [1.0, 2.0, 3.0, 4.0] * 4 + [1.0, 9.0, 3.0, 4.0]
        >>> issues = CleanLearning(seed=0).find_label_issues(X, y)
        >>> issues[issues["is_label_issue"]].index.tolist()
        [17]
        """
        kwargs = dict(model_kwargs or {})
        rows, labels = as_rows_and_labels(X, y)
        shares = as_search_range(coarse_search_range, fine_search_size)
        if uncertainty is not None:
            uncertainty = as_uncertainty(uncertainty, len(labels))
        self._say("Identifying label issues ...")
        folds = self.cv_n_folds
        predictions = cross_validate(self.model, rows, labels, folds, model_kwargs=kwargs)
        # NumPy's default sort, as in cleanlab: the order of ties decides what the models see.
        order = np.argsort(np.abs(predictions - labels))
        share, best = best_share(
            lambda share: cross_validate(self.model, rows, labels, folds, order, share),
            labels,
            folds,
            shares,
            fine_search_size,
        )
        if r2(labels, predictions) >= best:
            share = 0
        predictions = cross_validate(self.model, rows, labels, folds, order, share, kwargs)
        if uncertainty is None:
            uncertainty = self.get_epistemic_uncertainty(rows, labels, predictions=predictions)
            if self.include_aleatoric_uncertainty:
                noise = self.get_aleatoric_uncertainty(rows, predictions - labels)
                uncertainty = uncertainty + noise
        issues = issue_frame(labels, predictions, uncertainty, share)
        self.k = share
        self._say(f"Identified {issues['is_label_issue'].sum()} examples with label issues.")
        if save_space:
            self._say("They are not kept, because of save_space.")
        else:
            self._store(issues)
        return issues

    def get_label_issues(self) -> Any:
        """Return what `find_label_issues` or `fit` found last; None, with a warning, before."""
        if self.label_issues_df is None:
            msg = "there are no label issues yet: call find_label_issues() or fit() first"
            warnings.warn(msg, UserWarning, stacklevel=2)
        return self.label_issues_df

    def get_epistemic_uncertainty(self, X: Any, y: Any, predictions: Any = None) -> Floats:
        """Estimate how much the prediction of each example depends on the training set.

        Parameters
        ----------
        X : array_like, shape (n, ...)
            One row per example.
        y : array_like of float, shape (n,)
            Given labels.
        predictions : array_like of float, shape (n,), optional
            Out-of-sample predictions, counted as one more.

        Returns
        -------
        ndarray of float64, shape (n,)
            Standard deviation over ``n_boot`` two-fold cross-validations; 0 if that is 0.
        """
        rows, labels = as_rows_and_labels(X, y)
        if not self.n_boot:
            return np.zeros(len(labels))
        drawn = [cross_validate(self.model, rows, labels, folds=2) for _ in range(self.n_boot)]
        if predictions is not None:
            drawn.append(np.asarray(predictions))
        return np.asarray(np.std(np.stack(drawn, axis=1), axis=1))

    def get_aleatoric_uncertainty(self, X: Any, residual: Any) -> float:
        """Estimate the noise of labels that a model can know of.

        Parameters
        ----------
        X : array_like, shape (n, ...)
            One row per example.
        residual : array_like of float, shape (n,)
            Predicted minus given labels.

        Returns
        -------
        float
            Standard deviation of the residuals that the model predicts out of sample.
        """
        rows, values = as_rows_and_labels(X, residual, name="residual")
        return np.std(cross_validate(self.model, rows, values, self.cv_n_folds))  # type: ignore[return-value]

    def save_space(self) -> None:
        """Forget the label issues, not the fitted model."""
        had_any = self.label_issues_df is not None
        self.label_issues_df = self.label_issues_mask = self.k = None
        self._say(
            "Label issues were deleted." if had_any else "There are no label issues to delete."
        )

    def _store(self, issues: Any) -> None:
        self.label_issues_df = issues
        self.label_issues_mask = issues["is_label_issue"].to_numpy()

    def _say(self, text: str) -> None:
        if self.verbose:
            print(text)  # noqa: T201 - what verbose is for
