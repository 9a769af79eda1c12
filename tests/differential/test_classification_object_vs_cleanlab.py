"""CleanLearning as an object: its parameters, and what it draws from NumPy's global generator."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

theirs = pytest.importorskip("cleanlab.classification")

from bench.dropin.same import assert_same

from classification_data import make_blobs
from cupel import classification as ours

X, LABELS = make_blobs(200, 3, 0)


def test_signatures_and_parameters():
    for name in ("__init__", "fit", "find_label_issues", "predict", "predict_proba", "score"):
        mine = inspect.signature(getattr(ours.CleanLearning, name)).parameters
        wanted = inspect.signature(getattr(theirs.CleanLearning, name)).parameters
        assert list(mine) == list(wanted), name
        assert [p.kind for p in mine.values()] == [p.kind for p in wanted.values()], name
    params = ours.CleanLearning(seed=3).get_params(deep=False)
    wanted_params = theirs.CleanLearning(seed=3).get_params(deep=False)
    assert {**params, "clf": 0} == {**wanted_params, "clf": 0}
    assert ours.CleanLearning().get_params().keys() == theirs.CleanLearning().get_params().keys()


@pytest.mark.parametrize("seed", [None, 3])
def test_seeds_the_global_generator_when_made(seed):
    drawn = []
    for module in (ours, theirs):
        np.random.seed(7)  # noqa: NPY002 - the generator in question
        module.CleanLearning(seed=seed)
        drawn.append(np.random.random())  # noqa: NPY002
    assert drawn[0] == drawn[1]


def test_without_folds_of_a_seed():
    drawn = []
    for module in (ours, theirs):
        np.random.seed(7)  # noqa: NPY002 - without a seed the folds are drawn from it
        drawn.append(module.CleanLearning().find_label_issues(X, LABELS))
    assert_same(*drawn)
