"""The methods of an estimator around a classifier that the classifier answers."""

from __future__ import annotations

from typing import Any

from cupel._estimators import score_of

__all__ = ["Delegate"]


class Delegate:
    """Predicts and scores by ``self.clf``, the default one on flattened features.

    Attributes
    ----------
    clf : object
        A classifier.
    _default_clf : bool
        Whether it was not the user who chose it.
    """

    clf: Any
    _default_clf: bool

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """Predict classes by the trained `clf`, whose ``predict`` gets all arguments.

        Examples
        --------
        >>> from cupel.classification import CleanLearning
        >>> X, labels = [[0.0], [0.1], [0.9], [1.0]] * 25, [0, 0, 1, 1] * 25
        >>> CleanLearning(seed=0).fit(X, labels).predict([[0.0], [1.0]])
        array([0, 1])
        """
        return self.clf.predict(*self._flat_first(args), **self._flat_named(kwargs))

    def predict_proba(self, *args: Any, **kwargs: Any) -> Any:
        """Predict probabilities by the trained `clf`, whose ``predict_proba`` gets all arguments.

        Examples
        --------
        >>> from cupel.classification import CleanLearning
        >>> X, labels = [[0.0], [0.1], [0.9], [1.0]] * 25, [0, 0, 1, 1] * 25
        >>> CleanLearning(seed=0).fit(X, labels).predict_proba([[0.0], [1.0]]).shape
        (2, 2)
        """
        return self.clf.predict_proba(*self._flat_first(args), **self._flat_named(kwargs))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Return the score of the trained `clf`; the accuracy, where it has no ``score``.

        Examples
        --------
        >>> from cupel.classification import CleanLearning
        >>> X, labels = [[0.0], [0.1], [0.9], [1.0]] * 25, [0, 0, 1, 1] * 25
        >>> CleanLearning(seed=0).fit(X, labels).score([[0.0], [1.0]], [0, 1])
        1.0
        """
        return score_of(self.clf, self._flat(X), y, sample_weight, metric="accuracy_score")

    def _flat(self, X: Any) -> Any:
        many = len(getattr(X, "shape", ())) > 2
        return X.reshape((len(X), -1)) if many and self._default_clf else X

    def _flat_first(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._flat(args[0]), *args[1:]) if args else args

    def _flat_named(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {**kwargs, "X": self._flat(kwargs["X"])} if "X" in kwargs else kwargs
