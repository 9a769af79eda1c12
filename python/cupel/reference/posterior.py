r"""Posterior probabilities of the true labels, from probabilities, given labels and their noise.

The noise is taken to depend on the true class only. A noise model has class thresholds
:math:`t_j` (eq. 2 of [1]_, or peaks), a noise matrix :math:`T_{hz} = P(\text{given } h \mid \text{true } z)`
and a temperature :math:`a`. A row with probabilities :math:`p` and given label :math:`g` is judged
in four steps:

.. math::
    \pi^0_j &\propto \frac{\max(p_j, 0)}{t_j} & \text{(prior)} \\
    \pi^1_z &\propto \pi^0_z \sum_h T_{hz} \frac{\max(p_h, 0)}{\sum_j T_{hj} \pi^0_j}
        & \text{(unmixing)} \\
    \pi^2_z &\propto \max(\pi^1_z, 10^{-12})^a & \text{(tempering)} \\
    q_z &\propto T_{gz} \pi^2_z & \text{(posterior)}

Unmixing is one step of the multiplicative correction of [2]_ and [3]_ towards
:math:`p = T \pi`, which a classifier trained on the noisy labels approximates. All of it, sums
included, is over the *shortlist* of the row: every class if there are at most 16, else 16.

References
----------
.. [1] C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident Learning: Estimating Uncertainty in
   Dataset Labels", Journal of Artificial Intelligence Research 70 (2021) 1373-1411.
.. [2] W. H. Richardson, "Bayesian-Based Iterative Method of Image Restoration", Journal of the
   Optical Society of America 62 (1972) 55-59.
.. [3] L. B. Lucy, "An iterative technique for the rectification of observed distributions",
   The Astronomical Journal 79 (1974) 745-754.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cupel.reference._common import Bools, Float64s, Floats, Ints, Labels, as_labels, as_probs
from cupel.reference.count import compute_confident_joint, get_confident_thresholds

SHORTLIST = 16  # classes
LEAST_PRIOR = 1e-12
LEAST_SUM = 1e-300  # less is nothing, as its reciprocal may overflow
TIE = 1e-9  # relative: what is equal but for rounding is equal

COUNTED_ROWS, COUNTED_ROWS_PER_CLASS = 16384, 32
TEMPERED_ROWS, TEMPERED_ROWS_PER_CLASS = 2048, 16
COUNTED_WEIGHT = 0.75  # of the counts against the confident joint
UNIFORM_WEIGHT = 0.01

LEAST_TEMPERATURE, MOST_TEMPERATURE = 1 / 16, 16.0
TEMPERATURE_STEPS, TEMPERATURE_RTOL = 30, 1e-6
FLAT = 1e-12  # a slope of the mean log-likelihood that is zero but for rounding


class NoiseModel(NamedTuple):
    """Thresholds of shape (k,), noise matrix [given, true] of shape (k, k), and temperature."""

    thresholds: Float64s
    noise_matrix: Float64s
    temperature: float


class LabelPosteriors(NamedTuple):
    """What the posterior says of each label."""

    scores: Float64s
    error_probability: Float64s
    suggested_label: Ints
    suggested_probability: Float64s


class ExpectedErrors(NamedTuple):
    """Expected number of wrong labels, in all and of each given class."""

    total: float
    standard_error: float
    per_class: Float64s
    per_class_standard_error: Float64s


# ---- a row, given the model ---------------------------------------------------------------------


@dataclass
class Rows:
    """Labels, shortlists as a mask, and on them (0 elsewhere) probabilities and priors."""

    labels: Ints
    listed: Bools
    probs: Float64s
    priors: Float64s

    @classmethod
    def of(cls, labels: Ints, pred_probs: Floats, thresholds: Float64s) -> Rows:
        r"""Shortlist the classes and set :math:`\pi^0`, uniform where all probabilities are 0.

        Ratios are products with ``1 / thresholds``, so that they tie, or not, as in the core.
        """
        probs = np.maximum(pred_probs.astype(np.float64), 0)
        ratios = probs * (1 / thresholds)
        listed = shortlists(labels, ratios)
        uniform = listed / listed.sum(axis=1, keepdims=True)
        priors = shares_of_rows(np.where(listed, ratios, 0), uniform)
        return cls(labels, listed, np.where(listed, probs, 0), priors)

    def subset(self, rows: Ints | Bools) -> Rows:
        """Pick rows."""
        return Rows(self.labels[rows], self.listed[rows], self.probs[rows], self.priors[rows])

    def unmixed(self, noise: Float64s) -> Float64s:
        r""":math:`\pi^1`; the prior, where nothing is left of it."""
        corrections = (self.probs / (self.priors @ noise.T)) @ noise
        return shares_of_rows(self.priors * corrections, self.priors)

    def log_priors(self, priors: Float64s) -> Float64s:
        r"""Logarithms of priors of at least :math:`10^{-12}`, less the row's largest."""
        logs = np.log(np.maximum(priors, LEAST_PRIOR))
        largest = np.where(self.listed, logs, -np.inf).max(axis=1, keepdims=True)
        return np.where(self.listed, logs - largest, 0)

    def tempered(self, priors: Float64s, temperature: float) -> Float64s:
        r""":math:`\pi^2`."""
        powers = np.exp(temperature * self.log_priors(priors))
        weights = np.where(self.listed, powers, 0)
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def posterior(self, priors: Float64s, noise: Float64s) -> Float64s:
        r""":math:`q`."""
        weights = noise[self.labels] * priors
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def shortlists(labels: Ints, ratios: Float64s) -> Bools:
    """Mark 16 classes of each row: the largest ratios, ties to the lower class, and the given one.

    The given class takes the place of the last, where it is not among them.
    """
    if ratios.shape[1] <= SHORTLIST:
        return np.ones(ratios.shape, dtype=bool)
    best = np.argsort(-ratios, axis=1, kind="stable")[:, :SHORTLIST]
    missing = (best != labels[:, np.newaxis]).all(axis=1)
    best[missing, -1] = labels[missing]
    listed = np.zeros(ratios.shape, dtype=bool)
    np.put_along_axis(listed, best, True, axis=1)
    return listed


def shares_of_rows(weights: Float64s, otherwise: Float64s) -> Float64s:
    """Rows divided by their sums, where they have one worth the name."""
    sums = weights.sum(axis=1, keepdims=True)
    some = sums >= LEAST_SUM
    return np.where(some, weights / np.where(some, sums, 1), otherwise)


# ---- the model ----------------------------------------------------------------------------------


def fit_noise_model(labels: Labels, pred_probs: ArrayLike) -> NoiseModel:
    """Estimate the noise of the labels, from a sample of the rows where there are many.

    Two models are fitted, which measure probabilities by the confident thresholds and by their
    peaks. The one under which the given labels are likelier is returned; the first, where neither
    is.
    """
    y, p = as_labels(labels), as_probs(pred_probs)
    joint = confident_noise(y, p)
    picks = spread(len(y), max(COUNTED_ROWS, COUNTED_ROWS_PER_CLASS * p.shape[1]))
    by_thresholds = fit_by_thresholds(y, p, picks, joint)
    by_peaks = fit_by_peaks(y, p, picks, joint)
    likelier = mean_log_likelihood(y, p, picks, by_peaks) > (
        mean_log_likelihood(y, p, picks, by_thresholds) + FLAT
    )
    return by_peaks if likelier else by_thresholds


def fit_by_thresholds(labels: Ints, pred_probs: Floats, picks: Ints, joint: Float64s) -> NoiseModel:
    """Fit with probabilities divided by the confident thresholds.

    The noise matrix is counted twice: by the priors, and by the priors unmixed with the first. The
    temperature maximises the likelihood of the given labels, against a noise matrix that was itself
    refitted to it.
    """
    thresholds = get_confident_thresholds(labels, pred_probs).astype(np.float64)
    rows = Rows.of(labels[picks], pred_probs[picks], thresholds)
    noise = blend(counts(rows, rows.priors), joint)
    noise = blend(counts(rows, rows.unmixed(noise)), joint)
    return NoiseModel(thresholds, noise, refitted_temperature(rows, noise, joint))


def fit_by_peaks(labels: Ints, pred_probs: Floats, picks: Ints, joint: Float64s) -> NoiseModel:
    """Fit with probabilities divided by what they come to where the class is the true one.

    That is the share of the class's examples that are labelled so, the diagonal of the noise
    matrix counted last.
    """
    y, p = labels[picks], pred_probs[picks]
    rows = Rows.of(y, p, np.ones(p.shape[1]))
    noise = blend(counts(rows, rows.priors), joint)
    rows = Rows.of(y, p, np.diag(noise))
    noise = blend(counts(rows, rows.unmixed(noise)), joint)
    rows = Rows.of(y, p, np.diag(noise))
    return NoiseModel(np.diag(noise), noise, refitted_temperature(rows, noise, joint))


def mean_log_likelihood(labels: Ints, pred_probs: Floats, picks: Ints, model: NoiseModel) -> float:
    """Mean logarithm of the probability that a model gives to a given label."""
    rows = Rows.of(labels[picks], pred_probs[picks], model.thresholds)
    priors = rows.tempered(rows.unmixed(model.noise_matrix), model.temperature)
    likelihoods = (model.noise_matrix[rows.labels] * priors).sum(axis=1)
    return float(np.log(np.maximum(likelihoods, LEAST_SUM)).mean())


def spread(n: int, most: int) -> Ints:
    """At most so many of n rows, evenly spread."""
    m = min(n, most)
    return np.arange(m) * n // m


def confident_noise(labels: Ints, pred_probs: Floats) -> Float64s:
    """Noise matrix of the confident joint, its rows scaled to the label counts but not rounded.

    No noise in a class without counts.
    """
    joint = np.asarray(compute_confident_joint(labels, pred_probs, calibrate=False), np.float64)
    label_counts = np.bincount(labels, minlength=len(joint))
    scaled = joint * (label_counts / np.maximum(joint.sum(axis=1), 1))[:, np.newaxis]
    return shares_of_columns(scaled, np.eye(len(joint)))


def shares_of_columns(weights: Float64s, otherwise: Float64s) -> Float64s:
    """Columns divided by their sums, where they have one."""
    return shares_of_rows(weights.T, otherwise.T).T


def raised(noise: Float64s) -> Float64s:
    """Mix a hundredth of the uniform distribution into every column."""
    return (1 - UNIFORM_WEIGHT) * noise + UNIFORM_WEIGHT / len(noise)


def blend(counted: Float64s, joint: Float64s) -> Float64s:
    """Average the shares that were counted with those of the confident joint."""
    shares = shares_of_columns(counted, joint)
    return raised(COUNTED_WEIGHT * shares + (1 - COUNTED_WEIGHT) * joint)


def counts(rows: Rows, priors: Float64s) -> Float64s:
    """Count the given labels of the surer half of each class, [given, class]."""
    guesses, sure = surer_half(priors)
    counted = np.zeros((priors.shape[1], priors.shape[1]))
    np.add.at(counted, (rows.labels[sure], guesses[sure]), 1)
    return counted


def surer_half(priors: Float64s) -> tuple[Ints, Bools]:
    """Guess each row's class, and mark the half of each class's rows with the largest priors.

    Rows with two classes within `TIE` of the largest prior are undecided, and of no half. Rows
    within `TIE` of the last of the half, rounded up, belong to it.
    """
    own, guesses = priors.max(axis=1), priors.argmax(axis=1)
    decided = (priors >= (1 - TIE) * own[:, np.newaxis]).sum(axis=1) == 1
    sure = np.zeros(len(priors), dtype=bool)
    for z in np.unique(guesses[decided]):
        of_class = decided & (guesses == z)
        falling = np.sort(own[of_class])[::-1]
        last = falling[(len(falling) + 1) // 2 - 1]
        sure |= of_class & (own >= (1 - TIE) * last)
    return guesses, sure


def refitted_temperature(rows: Rows, noise: Float64s, joint: Float64s) -> float:
    """Temperature against a noise matrix that is refitted by two steps of EM at a first one.

    The steps look at the surer half of the rows only.
    """
    priors = rows.unmixed(noise)
    tempered = rows.tempered(priors, fitted_temperature(rows, priors, noise))
    _, sure = surer_half(tempered)
    refitted = raised(shares_of_columns(counts(rows, tempered), joint))
    for _ in range(2):
        refitted = em_step(rows.subset(sure), tempered[sure], refitted)
    return fitted_temperature(rows, rows.unmixed(refitted), refitted)


def em_step(rows: Rows, priors: Float64s, noise: Float64s) -> Float64s:
    """Noise matrix by posteriors instead of counts; a column without any stays as it is."""
    weights = np.zeros_like(noise)
    np.add.at(weights, rows.labels, rows.posterior(priors, noise))
    return np.where(weights.sum(axis=0) > 0, raised(shares_of_columns(weights, noise)), noise)


def fitted_temperature(rows: Rows, priors: Float64s, noise: Float64s) -> float:
    r"""Maximise :math:`\sum_i \log \sum_z T_{g_i z} \pi^2_{iz}(a)` by Newton's method in a bracket.

    With :math:`l_z = \log \pi^1_z - \max_j \log \pi^1_j`, the mean log-likelihood has slope and
    curvature

    .. math:: \overline{E_q[l] - E_{\pi^2}[l]}, \qquad
        \overline{\operatorname{Var}_q[l] - \operatorname{Var}_{\pi^2}[l]}

    A step out of the bracket, or to a minimum, is replaced by the bracket's geometric mean.
    """
    picks = spread(len(priors), max(TEMPERED_ROWS, TEMPERED_ROWS_PER_CLASS * len(noise)))
    rows, priors = rows.subset(picks), priors[picks]
    low, a, high = LEAST_TEMPERATURE, 1.0, MOST_TEMPERATURE
    for _ in range(TEMPERATURE_STEPS):
        slope, curvature = likelihood_slopes(rows, priors, noise, a)
        if abs(slope) <= FLAT:
            return a
        low, high = (a, high) if slope > 0 else (low, a)
        newton = a - slope / curvature if curvature < 0 else np.inf
        before, a = a, float(newton if low < newton < high else np.sqrt(low * high))
        if abs(a - before) <= TEMPERATURE_RTOL * before:
            return a
    return a


def likelihood_slopes(
    rows: Rows, priors: Float64s, noise: Float64s, a: float
) -> tuple[float, float]:
    """First and second derivative of the mean log-likelihood by the temperature."""
    logs, tempered = rows.log_priors(priors), rows.tempered(priors, a)
    mean_q, variance_q = moments(rows.posterior(tempered, noise), logs)
    mean_pi, variance_pi = moments(tempered, logs)
    return float(np.mean(mean_q - mean_pi)), float(np.mean(variance_q - variance_pi))


def moments(probs: Float64s, values: Float64s) -> tuple[Float64s, Float64s]:
    """Mean and variance of each row's values."""
    mean = (probs * values).sum(axis=1)
    return mean, (probs * values**2).sum(axis=1) - mean**2


# ---- what it says -------------------------------------------------------------------------------


def get_true_label_probs(
    labels: Labels, pred_probs: ArrayLike, *, noise_model: NoiseModel | None = None
) -> Float64s:
    r"""Posterior :math:`q`, of shape (n, k)."""
    return _judged(labels, pred_probs, noise_model)[1]


def get_label_posteriors(
    labels: Labels, pred_probs: ArrayLike, *, noise_model: NoiseModel | None = None
) -> LabelPosteriors:
    r"""Scores :math:`(q_g - \max_{z \ne g} q_z + 1) / 2`, and the best class other than the given.

    A label is an issue where its posterior is below one half. Ties go to the lower class. A single
    class is right with certainty, and suggested.
    """
    rows, q = _judged(labels, pred_probs, noise_model)
    own, error = _picked(q, rows.labels), _error_probability(rows.labels, q)
    if q.shape[1] == 1:
        return LabelPosteriors(own, error, rows.labels, own)
    candidates = rows.listed.copy()
    candidates[np.arange(len(q)), rows.labels] = False
    suggested = np.where(candidates, q, -1).argmax(axis=1)
    best = _picked(q, suggested)
    return LabelPosteriors((own - best + 1) / 2, error, suggested, best)


def estimate_label_errors(
    labels: Labels, pred_probs: ArrayLike, *, noise_model: NoiseModel | None = None
) -> ExpectedErrors:
    r"""Sum :math:`1 - q_g`, with the root of the sum of :math:`q_g (1 - q_g)` as error."""
    rows, q = _judged(labels, pred_probs, noise_model)
    error = _error_probability(rows.labels, q)
    of_class = rows.labels == np.arange(q.shape[1])[:, np.newaxis]
    per_class, variance = of_class @ error, of_class @ (error * (1 - error))
    return ExpectedErrors(
        float(per_class.sum()), float(np.sqrt(variance.sum())), per_class, np.sqrt(variance)
    )


def _judged(
    labels: Labels, pred_probs: ArrayLike, noise_model: NoiseModel | None
) -> tuple[Rows, Float64s]:
    """Posteriors by a model, that of the very rows if none is given."""
    model = fit_noise_model(labels, pred_probs) if noise_model is None else noise_model
    rows = Rows.of(as_labels(labels), as_probs(pred_probs), model.thresholds)
    priors = rows.tempered(rows.unmixed(model.noise_matrix), model.temperature)
    return rows, rows.posterior(priors, model.noise_matrix)


def _picked(q: Float64s, classes: Ints) -> Float64s:
    """Pick one class of each row."""
    return q[np.arange(len(q)), classes]


def _error_probability(labels: Ints, q: Float64s) -> Float64s:
    r"""Sum :math:`\sum_{z \ne g} q_z`, as :math:`1 - q_g` would cancel, but never more than 1."""
    wrong = q.copy()
    wrong[np.arange(len(q)), labels] = 0
    return np.asarray(np.minimum(wrong.sum(axis=1), 1))
