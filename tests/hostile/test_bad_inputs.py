"""Malformed input is refused, in words that name the argument and the first bad row."""

from __future__ import annotations

import re
import warnings

import pytest

from hostile.bad_inputs import (
    CASES,
    ENTRY_POINTS,
    GOOD_LISTS,
    MULTILABEL_CASES,
    MULTILABEL_ENTRY_POINTS,
    Case,
    EntryPoint,
    good_labels,
    good_probs,
)


def assert_refuses(function: EntryPoint, case: Case) -> None:
    labels, pred_probs = case.make()
    with pytest.raises((ValueError, TypeError)) as error:
        function(labels, pred_probs)
    assert error.type in (ValueError, TypeError)  # and no subclass, as UnicodeError would be
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
