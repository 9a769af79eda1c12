"""The noise posterior of checked problems; shared by posterior, rank, filter and scorer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel import _core
from cupel._features import as_real
from cupel._joint import Thresholds, confident_joint_of, thresholds_of
from cupel._problem import Problem
from cupel._validate import as_class_vector, as_square

__all__ = [
    "POSTERIOR",
    "LabelPosteriors",
    "NoiseModel",
    "fitted",
    "fitted_to",
    "judge",
    "true_label_probs",
]

POSTERIOR = "noise_posterior"  # its name among the scores and filters

_LOWEST = 1e-100  # of a threshold or a rate: what is divided by them stays finite
_SUM_TOLERANCE = 1e-6
_TEMPERATURES = (1 / 16, 16.0)


@dataclass(frozen=True, eq=False)
class NoiseModel:
    """How labels came about, as far as the noise posterior needs to know it.

    Fitted by :func:`cupel.posterior.fit_noise_model`; may also be built from known noise.

    Parameters
    ----------
    thresholds : array_like of float, shape (k,)
        What the probability of each class is measured by, above 0: its confident threshold, or
        the share of its examples that are labelled so. The fit takes what explains labels better.
    noise_matrix : array_like of float, shape (k, k)
        ``noise_matrix[g, j]``: share of the examples of true class j that are labelled g. Above 0
        (a label that cannot be is no evidence that anyone should trust), columns sum to 1.
    temperature : float, default 1.0
        Exponent of the probabilities, from 1/16 to 16: above 1 sharpens those of a model that is
        less certain than it should be, below 1 softens.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value.

    Examples
    --------
    >>> import cupel
    >>> model = cupel.posterior.NoiseModel([0.5, 0.5], [[0.9, 0.2], [0.1, 0.8]])
    >>> model.n_classes
    2
    """

    thresholds: NDArray[np.float64]
    noise_matrix: NDArray[np.float64]
    temperature: float = 1.0

    def __post_init__(self) -> None:
        """Check the parameters and keep read-only copies."""
        thresholds = as_class_vector(self.thresholds, np.size(self.thresholds), name="thresholds")
        noise = as_square(self.noise_matrix, name="noise_matrix", n_classes=len(thresholds))
        noise = noise.astype(np.float64)
        _check_above_zero(thresholds, "thresholds")
        _check_above_zero(noise, "noise_matrix")
        _check_columns(noise)
        low, high = _TEMPERATURES
        temperature = as_real(self.temperature, name="temperature", least=low, most=high)
        for array in (thresholds, noise):
            array.flags.writeable = False
        object.__setattr__(self, "thresholds", thresholds)
        object.__setattr__(self, "noise_matrix", noise)
        object.__setattr__(self, "temperature", temperature)

    def __reduce__(self) -> tuple[Any, ...]:
        """Support pickle and copy."""
        return NoiseModel, (self.thresholds, self.noise_matrix, self.temperature)

    @property
    def n_classes(self) -> int:
        """Number of classes, k."""
        return len(self.thresholds)


class LabelPosteriors(NamedTuple):
    """What the noise posterior says of each example.

    Attributes
    ----------
    scores : ndarray of float64, shape (n,)
        Lead of the given label over the likeliest other class, mapped to [0, 1]: lower is worse.
    error_probability : ndarray of float64, shape (n,)
        Probability that the given label is wrong.
    suggested_label : ndarray of int64, shape (n,)
        The likeliest class besides the given one, the lowest of equals.
    suggested_probability : ndarray of float64, shape (n,)
        Probability that it is the true one.
    """

    scores: NDArray[np.float64]
    error_probability: NDArray[np.float64]
    suggested_label: NDArray[np.int64]
    suggested_probability: NDArray[np.float64]

    def likely_wrong(self) -> NDArray[np.bool_]:
        """Mask of the labels that are more likely wrong than right."""
        return self.error_probability > 0.5


def fitted(problem: Problem) -> NoiseModel:
    """Fit the model of a checked problem."""
    return fitted_to(problem, thresholds_of(problem, check_all=False))


def fitted_to(problem: Problem, thresholds: Thresholds) -> NoiseModel:
    """Fit the model of a checked problem whose thresholds are known."""
    found = confident_joint_of(problem, thresholds=None, calibrate=False, collision="argmax")
    # Scaled to the label counts as cleanlab does, but not rounded: no ties to be broken.
    sums = np.maximum(found.joint.sum(axis=1, keepdims=True), 1)
    joint = found.joint * (found.label_counts[:, np.newaxis] / sums)
    return NoiseModel(
        *_core.fit_noise_model(
            problem.labels, problem.pred_probs, thresholds.values, joint, problem.threads
        )
    )


def judge(problem: Problem, model: NoiseModel | None = None) -> LabelPosteriors:
    """Judge every row, by a model that is given or fitted."""
    return LabelPosteriors(*_core.label_posteriors(*_arguments(problem, model)))


def true_label_probs(problem: Problem, model: NoiseModel | None = None) -> NDArray[np.float64]:
    """Posterior over the true classes of every row, shape (n, k)."""
    return _core.true_label_probs(*_arguments(problem, model))


def _arguments(problem: Problem, model: NoiseModel | None) -> tuple[Any, ...]:
    if model is None:
        model = fitted(problem)
    elif not isinstance(model, NoiseModel):
        msg = f"noise_model must be a NoiseModel, got {type(model).__name__}"
        raise TypeError(msg)
    elif model.n_classes != problem.n_classes:
        msg = (
            f"noise_model is for {model.n_classes} classes, "
            f"but pred_probs has {problem.n_classes} columns"
        )
        raise ValueError(msg)
    return (
        problem.labels,
        problem.pred_probs,
        model.thresholds,
        model.noise_matrix,
        model.temperature,
        problem.threads,
    )


def _check_above_zero(a: NDArray[np.float64], name: str) -> None:
    if (a < _LOWEST).any():
        at = ", ".join(map(str, np.argwhere(a < _LOWEST)[0]))
        value = a.flat[int((a < _LOWEST).argmax())]
        msg = f"{name}[{at}] is {value}, expected a number above 0"
        if name == "noise_matrix":
            msg += "; mix in a little of everything, as 0.99 * noise_matrix + 0.01 / k"
        raise ValueError(msg)


def _check_columns(noise: ArrayLike) -> None:
    sums = np.sum(noise, axis=0)
    bad = np.abs(sums - 1) > _SUM_TOLERANCE
    if bad.any():
        column = int(bad.argmax())
        msg = (
            f"column {column} of noise_matrix sums to {sums[column]:g}, expected 1: "
            "noise_matrix[g, j] is the share of true class j that is labelled g"
        )
        raise ValueError(msg)
