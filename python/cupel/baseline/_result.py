"""What training a baseline gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Baseline"]


@dataclass(frozen=True, eq=False)
class Baseline:
    """Out-of-sample predictions of a model that was chosen for the data, and how good it is.

    Attributes
    ----------
    task : str
        ``"classification"``, ``"regression"`` or ``"multilabel"``.
    kind : str
        What it was trained on: ``"tabular"``, ``"text"``, ``"image"`` or ``"embedding"``.
    pred_probs : ndarray of float64, shape (n, k), or None
        Probabilities of the classes in the order of `classes`, each row by models that have not
        seen its label; None for regression.
    predictions : ndarray of float64, shape (n,), or None
        For regression: predictions by models that have not seen the row's label.
    features : ndarray of float32, shape (n, d)
        Every row as numbers of comparable size, for checks that look at neighbours.
    classes : list
        The classes, sorted; for multilabel 0..k-1; empty for regression.
    description : str
        What was trained on what, in a sentence.
    score : float
        Out of sample: accuracy; for regression R^2; for multilabel the share of right decisions.
    chance : float
        What `score` would be for a model that knows the labels' frequencies (mean) only.
    folds : int
        Number of folds of the cross-validation.
    candidates : dict of str to float
        Models that were compared, with their mean out-of-sample loss on a sample of the rows.
    notes : tuple of str
        What was left out or handled specially, in words.
    """

    task: str
    kind: str
    pred_probs: NDArray[np.float64] | None
    predictions: NDArray[np.float64] | None
    features: NDArray[np.float32]
    classes: list[Any]
    description: str
    score: float
    chance: float
    folds: int
    candidates: dict[str, float]
    notes: tuple[str, ...]

    @property
    def metric(self) -> str:
        """Name of what `score` measures."""
        return {"regression": "R²", "multilabel": "accuracy per label"}.get(self.task, "accuracy")

    @property
    def is_weak(self) -> bool:
        """Whether the model hardly knows more than the labels' frequencies."""
        return self.score <= self.chance + 0.05 * (1 - self.chance)
