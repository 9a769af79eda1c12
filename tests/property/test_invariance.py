"""The same bits for every number of threads, instruction set and layout; permuting rows permutes.

The problem takes 35 MB of float64, so that up to 16 threads really start, and its values have all
53 bits: sums of float32 values are exact in float64, and would hide a sum that depends on the order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import cupel
from compare import assert_equal, assert_identical
from cupel import count, filter, rank
from property.extra_strategies import FILTERS, METHODS
from strategies import make_problem

Array = NDArray[Any]

ROWS, CLASSES = 220_000, 20
N_JOBS = (1, 2, 3, 7, 16)

ROW_LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "contiguous": lambda p: p,
    "rows of a wider matrix": lambda p: np.pad(p, ((0, 0), (3, 5)))[:, 3:-5],
    "rows upside down": lambda p: np.ascontiguousarray(p[::-1])[::-1],
}


@pytest.fixture(scope="module")
def problem() -> tuple[Array, Array]:
    return make_problem(ROWS, CLASSES, seed=3)


@pytest.fixture(scope="module", params=cupel.available_isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    before = cupel.active_isa()
    cupel.select_isa(request.param)
    yield request.param
    cupel.select_isa(before)


def everything(labels: Array, p: Array, n_jobs: int) -> str:
    """Hash what the passes over a matrix leave behind."""
    results = [
        count.get_confident_thresholds(labels, p, n_jobs=n_jobs),
        *count.compute_confident_joint(
            labels, p, n_jobs=n_jobs, return_indices_of_off_diagonals=True
        ),
        filter.find_label_issues(
            labels, p, n_jobs=n_jobs, filter_by="both", return_indices_ranked_by=METHODS[1]
        ),
        rank.get_label_quality_scores(
            labels, p, n_jobs=n_jobs, method=METHODS[1], adjust_pred_probs=True
        ),
        rank.get_label_quality_scores(labels, p, n_jobs=n_jobs, method=METHODS[2]),
    ]
    hashed = hashlib.sha256()
    for result in results:
        hashed.update(np.ascontiguousarray(result).data)
    return hashed.hexdigest()


@pytest.fixture(scope="module")
def expected(problem: tuple[Array, Array]) -> str:
    return everything(*problem, n_jobs=1)


@pytest.mark.parametrize("layout", ROW_LAYOUTS)
def test_one_hash_of_45_runs(
    layout: str, isa: str, problem: tuple[Array, Array], expected: str
) -> None:
    labels, p = problem
    arranged = ROW_LAYOUTS[layout](p)
    assert {everything(labels, arranged, n_jobs) for n_jobs in N_JOBS} == {expected}


@pytest.mark.parametrize("filter_by", FILTERS)
def test_every_filter_with_threads(filter_by: str, isa: str, problem: tuple[Array, Array]) -> None:
    labels, p = problem
    one, many = (filter.find_label_issues(labels, p, filter_by=filter_by, n_jobs=n) for n in (1, 5))
    assert one.any()
    assert_identical(one, many)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_narrow_types(dtype: str, isa: str, problem: tuple[Array, Array]) -> None:
    labels, p = problem[0][::2], problem[1][::2].astype(dtype)
    assert len({everything(labels, p, n_jobs) for n_jobs in (1, 3)}) == 1
    now = cupel.active_isa()
    cupel.select_isa("baseline")
    baseline = everything(labels, p, n_jobs=1)
    cupel.select_isa(now)
    assert everything(labels, p, n_jobs=2) == baseline


def test_the_problem_can_tell(problem: tuple[Array, Array]) -> None:
    """Plain sums of its values depend on the order, so that a faulty reduction would show."""
    labels, p = problem
    own = p[np.arange(ROWS), labels]
    differ = 0
    for k in range(CLASSES):
        values = own[labels == k]
        shards = [values[i::7].sum() for i in range(7)]
        differ += values.sum() != sum(shards)
    assert differ >= 3


def test_permuting_rows_permutes_results(isa: str) -> None:
    labels, p = make_problem(3000, 7, seed=5)
    assert len(np.unique(p)) == p.size  # no ties
    order = np.random.default_rng(0).permutation(len(p))
    labels_2, p_2 = labels[order], p[order]
    assert_identical(
        count.get_confident_thresholds(labels, p), count.get_confident_thresholds(labels_2, p_2)
    )
    assert_equal(
        count.compute_confident_joint(labels, p), count.compute_confident_joint(labels_2, p_2)
    )
    for filter_by in FILTERS:
        mask = filter.find_label_issues(labels, p, filter_by=filter_by)
        assert_equal(mask[order], filter.find_label_issues(labels_2, p_2, filter_by=filter_by))
    for method in METHODS:
        scores = rank.get_label_quality_scores(labels, p, method=method)
        scores_2 = rank.get_label_quality_scores(labels_2, p_2, method=method)
        assert_identical(scores[order], scores_2)
        if len(np.unique(scores)) == len(scores):
            mask = np.ones(len(p), dtype=bool)
            ranked = rank.order_label_issues(mask, labels, p, rank_by=method)
            ranked_2 = rank.order_label_issues(mask, labels_2, p_2, rank_by=method)
            assert_equal(ranked, order[ranked_2])


def test_permuting_classes_permutes_results(isa: str) -> None:
    labels, p = make_problem(3000, 7, seed=6)
    order = np.random.default_rng(1).permutation(7)
    labels_2, p_2 = np.argsort(order)[labels], p[:, order]
    thresholds = count.get_confident_thresholds(labels, p)
    assert_identical(thresholds[order], count.get_confident_thresholds(labels_2, p_2))
    joint = count.compute_confident_joint(labels, p, calibrate=False)
    joint_2 = count.compute_confident_joint(labels_2, p_2, calibrate=False)
    assert_equal(joint[np.ix_(order, order)], joint_2)
    for method in METHODS[:2]:
        assert_identical(
            rank.get_label_quality_scores(labels, p, method=method),
            rank.get_label_quality_scores(labels_2, p_2, method=method),
        )
    for filter_by in ("confident_learning", "predicted_neq_given", "low_self_confidence"):
        assert_equal(
            filter.find_label_issues(labels, p, filter_by=filter_by),
            filter.find_label_issues(labels_2, p_2, filter_by=filter_by),
        )
