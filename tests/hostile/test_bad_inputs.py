"""Malformed input is refused, in words that name the argument and the first bad row."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cupel import count, filter, rank
from cupel._errors import InvalidArgumentError, WrongKindError
from hostile.bad_inputs import (
    CASES,
    ENTRY_POINTS,
    GOOD_LISTS,
    MULTILABEL_CASES,
    MULTILABEL_ENTRY_POINTS,
    ROW,
    Case,
    EntryPoint,
    good_labels,
    good_probs,
)

DELIBERATE = (ValueError, TypeError, InvalidArgumentError, WrongKindError)


def assert_refuses(function: EntryPoint, case: Case) -> None:
    labels, pred_probs = case.make()
    with pytest.raises((ValueError, TypeError)) as error:
        function(labels, pred_probs)
    assert error.type in DELIBERATE  # no accident, as UnicodeError would be
    message = str(error.value)
    assert case.argument in message
    if case.row is not None:
        assert re.search(rf"\[{case.row}[,\]]|row {case.row}\b", message), message
    assert len(message) < 400


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused(entry_point: str, case: Case) -> None:
    assert_refuses(ENTRY_POINTS[entry_point], case)


@pytest.mark.parametrize("entry_point", MULTILABEL_ENTRY_POINTS)
@pytest.mark.parametrize("case", MULTILABEL_CASES, ids=lambda case: case.name)
def test_multilabel_refused(entry_point: str, case: Case) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert_refuses(MULTILABEL_ENTRY_POINTS[entry_point], case)


@pytest.mark.parametrize(
    "function",
    [
        count.get_confident_thresholds,
        count.compute_confident_joint,
        filter.find_label_issues,
        rank.get_label_quality_scores,
    ],
)
@pytest.mark.parametrize("name", ["labels: -1", "labels: K in uint8", "pred_probs: 1.5 in float64"])
def test_rows_are_the_callers_though_some_are_dropped(
    function: Callable[..., Any], name: str
) -> None:
    (case,) = (case for case in CASES if case.name == name)
    labels, pred_probs = case.make()
    pred_probs[2] = np.nan
    message = re.escape(f"{case.argument}[{ROW}")
    with pytest.raises(ValueError, match=message):
        function(labels, pred_probs, nan="drop")


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
def test_well_formed_is_accepted(entry_point: str) -> None:
    """The guards above would pass if everything were refused."""
    ENTRY_POINTS[entry_point](good_labels(), good_probs())


@pytest.mark.parametrize("entry_point", MULTILABEL_ENTRY_POINTS)
def test_well_formed_multilabel_is_accepted(entry_point: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        MULTILABEL_ENTRY_POINTS[entry_point](GOOD_LISTS, good_probs())


def test_there_are_enough() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60
    assert len(ENTRY_POINTS) >= 12
