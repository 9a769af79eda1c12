"""Whether the model was trained on the very rows that it predicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cupel._graph import KnnGraph
from cupel.datalab.checks.preflight.sample import Sample
from cupel.datalab.checks.preflight.warning import (
    ALPHA,
    Ints,
    PreflightWarning,
    binomial_tail,
    plural,
)

__all__ = ["Votes", "check_in_sample", "count_votes"]

_FEWEST_ROWS = 150
_SHARE_OF_PERFECT = 5e-4
# An honest model that errs on 2 % of the rows is without fault on 150 in 5 % of cases.
_HONEST_ERRORS = 0.02
_FEWEST_AGAINST = 3
_NEIGHBORS = 10
_CONTRADICTED = 0.8
# Honest models that are far better than neighbours' votes agree with a label that these contradict
# in so many cases; those that have seen the label, always.
_HONEST_AGREEMENT = 0.9


@dataclass(frozen=True, eq=False)
class Votes:
    """How the nearest neighbours of the sampled rows are labelled.

    Attributes
    ----------
    is_against : ndarray of bool, shape (m,)
        Whether another label than the row's own has the most neighbours.
    is_contradicted : ndarray of bool, shape (m,)
        Whether one other label has 80 % of the neighbours or more.
    """

    is_against: NDArray[np.bool_]
    is_contradicted: NDArray[np.bool_]


def count_votes(graph: KnnGraph, labels: Ints, sample: Sample) -> Votes:
    """Count the labels of the ten nearest neighbours of each sampled row, itself left out."""
    k = min(_NEIGHBORS, graph.k)
    m, n_classes = sample.probs.shape
    neighbors = labels[graph.indices[sample.rows, :k]]
    known = (neighbors >= 0) & (neighbors < n_classes)
    cells = np.arange(m)[:, None] * n_classes + neighbors
    votes = np.bincount(cells[known], minlength=m * n_classes).reshape(m, n_classes)
    assert sample.labels is not None
    own = votes[np.arange(m), sample.labels]
    votes[np.arange(m), sample.labels] = 0
    most = votes.max(axis=1)
    return Votes(most > own, most >= _CONTRADICTED * k)


def check_in_sample(sample: Sample, votes: Votes | None) -> PreflightWarning | None:
    """Look for agreement with labels that nothing but knowing them explains.

    Two ways: hardly any disagreement at all on at least 150 rows, unless the neighbours' votes say
    that the task is as easy as that; or agreement with more labels that neighbours contradict than
    a model can have that did not see them.
    """
    if sample.labels is None or len(sample.rows) < _FEWEST_ROWS:
        return None
    agrees = sample.probs.argmax(axis=1) == sample.labels
    m, n_errors = len(agrees), int(np.count_nonzero(~agrees))
    confidence = float(sample.probs.max(axis=1).mean())
    figures = {
        "num_sampled": m,
        "num_disagreements": n_errors,
        "mean_max_probability": confidence,
    }
    seen = (
        f"the predicted class is the given label in {m - n_errors:,} of {m:,} rows, mean "
        f"confidence {confidence:.3f}"
    )
    if votes is not None:
        n_contradicted = int(np.count_nonzero(votes.is_contradicted))
        n_agree = int(np.count_nonzero(agrees & votes.is_contradicted))
        figures |= {
            "num_against": int(np.count_nonzero(votes.is_against)),
            "num_contradicted": n_contradicted,
            "num_agreeing_with_contradicted": n_agree,
        }
        if binomial_tail(n_agree, n_contradicted, _HONEST_AGREEMENT) < ALPHA:
            return _suspicion(
                f"{seen}, and in {n_agree:,} of the {n_contradicted:,} rows whose label at least "
                "80 % of the nearest neighbours contradict",
                figures,
            )
    if n_errors > _SHARE_OF_PERFECT * m:
        return None
    if votes is None:
        chance = (1 - _HONEST_ERRORS) ** m
        return _suspicion(
            f"{seen}; a model with {100 * _HONEST_ERRORS:.0f} % errors on unseen rows would do "
            f"that with probability {chance:.2g} (pass features for a better judgement)",
            figures,
        )
    if figures["num_against"] < _FEWEST_AGAINST:
        return None
    return _suspicion(
        f"{seen}, although {plural(int(figures['num_against']), 'row')} have most of their nearest "
        "neighbours in another class",
        figures,
    )


def _suspicion(evidence: str, figures: dict[str, float]) -> PreflightWarning:
    message = (
        f"pred_probs may be in-sample: {evidence}. A model that was trained on a row repeats its "
        "label, right or wrong, and label errors stay hidden; predict every row by a model that "
        "did not see it (cross_val_predict(..., method='predict_proba'))"
    )
    return PreflightWarning("in_sample", message, "suspicion", figures=figures)
