"""Figures of everybody's answers on one data set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from . import metrics
from .cases import (
    AVERAGE_PRECISION,
    AVERAGE_PRECISION_REVIEWED,
    CLEAN,
    COUNT_ERROR,
    COUNTED,
    F1,
    FLAGGED,
    LENGTHS,
    SUGGESTION,
    Floats,
    LabelledSet,
    precision_of_first,
)
from .methods import Answers

# A list is cut where that says something: far from the end of the data, and not at a length that
# has to be filled up with right labels.
ROWS_PER_LISTED = 5
LISTED_PER_ERROR = 4


class Figure(NamedTuple):
    """A metric of a contestant: the value, then the same of each resample."""

    metric: str
    contestant: str
    values: Floats


def figures(labelled: LabelledSet, answers: Answers, resamples: int, seed: int) -> list[Figure]:
    """Every metric that makes sense on this set."""
    weights = metrics.resample_weights(len(labelled.labels), resamples, seed)
    found = list(_shares(answers, weights))
    if labelled.section != CLEAN:
        found += _of_lists(labelled, answers, weights)
    if labelled.section != CLEAN and labelled.true is not None:
        found += _of_truth(labelled, answers, weights)
    return found


def _shares(answers: Answers, weights: Floats) -> Iterator[Figure]:
    for name, flagged in answers.flagged.items():
        yield Figure(FLAGGED.name, name, metrics.mean(flagged, weights))
    for name, parts in answers.counted.items():
        yield Figure(COUNTED.name, name, metrics.mean(parts, weights))


def _of_lists(labelled: LabelledSet, answers: Answers, weights: Floats) -> Iterator[Figure]:
    most = min(
        len(labelled.labels) / ROWS_PER_LISTED, LISTED_PER_ERROR * int(labelled.errors.sum())
    )
    lengths = [length for length in LENGTHS if length <= most]
    for name, scores in answers.scores.items():
        ranking = metrics.Ranking(scores, labelled.errors, weights)
        yield Figure(AVERAGE_PRECISION.name, name, ranking.average_precision())
        for length in lengths:
            values = ranking.precision_of_first(length)
            yield Figure(precision_of_first(length).name, name, values)
        if labelled.reviewed is not None:
            rows = labelled.reviewed
            ranking = metrics.Ranking(scores[rows], labelled.errors[rows], weights[:, rows])
            yield Figure(AVERAGE_PRECISION_REVIEWED.name, name, ranking.average_precision())


def _of_truth(labelled: LabelledSet, answers: Answers, weights: Floats) -> Iterator[Figure]:
    errors, true = labelled.errors, labelled.true
    assert true is not None
    for name, flagged in answers.flagged.items():
        yield Figure(F1.name, name, metrics.f1(flagged, errors, weights))
    for name, suggested in answers.suggested.items():
        values = metrics.share_right(suggested, true, errors, weights)
        yield Figure(SUGGESTION.name, name, values)
    for name, parts in answers.counted.items():
        yield Figure(COUNT_ERROR.name, name, metrics.relative_error(parts, errors, weights))


def curves(labelled: LabelledSet, answers: Answers, lengths: Any) -> dict[str, list[float]]:
    """Precision against the length of the list, by contestant."""
    once = np.ones((1, len(labelled.labels)))
    return {
        name: metrics.Ranking(scores, labelled.errors, once).curve(lengths).tolist()
        for name, scores in answers.scores.items()
    }
