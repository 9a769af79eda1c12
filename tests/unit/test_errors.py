"""Code that catches what cleanlab raises catches what cupel raises."""

from __future__ import annotations

import numpy as np
import pytest

from cupel.filter import find_label_issues

PROBS = np.full((4, 2), 0.5)


@pytest.mark.parametrize("kind", [ValueError, AssertionError])
def test_an_unknown_choice(kind):
    with pytest.raises(kind, match="filter_by must be one of"):
        find_label_issues([0, 1, 0, 1], PROBS, filter_by="prune")


@pytest.mark.parametrize("kind", [TypeError, ValueError])
def test_text_as_labels(kind):
    with pytest.raises(kind, match="a string"):
        find_label_issues(["a", "b", "a", "b"], PROBS)


@pytest.mark.parametrize("kind", [TypeError, AssertionError])
def test_no_lists_as_multilabels(kind):
    with pytest.raises(kind, match="list of lists"):
        find_label_issues(np.array([0, 1, 0, 1]), PROBS, multi_label=True)
