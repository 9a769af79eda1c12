"""The core's passes over all classes at once are the reference's problems of one class each."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given

import cupel
from compare import assert_equal, assert_identical
from cupel.multilabel_classification import dataset, filter, rank
from cupel.reference import multilabel_classification as reference
from multilabel_classification_data import both_answers_given, laid_out_problems, problem_of
from property.extra_strategies import FILTERS, METHODS, PRUNING, pruning_options

ENTROPY_ATOL = 1e-9


@pytest.fixture(scope="module", params=cupel.available_isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    before = cupel.active_isa()
    cupel.select_isa(request.param)
    yield request.param
    cupel.select_isa(before)


def plain(probs: Any) -> Any:
    return probs.astype(probs.dtype.newbyteorder("="), order="C")


def quietly(function: Any, *args: Any, **kwargs: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return function(*args, **kwargs)


def assert_scores(ours: Any, theirs: Any, method: str) -> None:
    """Equal, but for entropies, whose logarithms are rounded."""
    if method == METHODS[2]:
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=ENTROPY_ATOL)
    else:
        assert_equal(ours, theirs)


@pytest.mark.usefixtures("isa")  # nothing else here uses kernels
@given(laid_out_problems(), st.sampled_from(METHODS), st.booleans())
def test_scores_per_class(problem: Any, method: str, adjust: bool) -> None:
    labels, probs = problem
    assume(both_answers_given(labels, probs.shape[1]) and not (adjust and method == METHODS[2]))
    options: dict[str, Any] = {"method": method, "adjust_pred_probs": adjust}
    ours = rank.get_label_quality_scores_per_class(labels, probs, **options)
    theirs = reference.get_label_quality_scores_per_class(labels, plain(probs), **options)
    assert_scores(ours, theirs, method)


@given(laid_out_problems(max_classes=9), st.sampled_from([0.0, 0.3, 0.8, 1.0, None]))
def test_moving_average(problem: Any, alpha: float | None) -> None:
    labels, probs = problem
    k = probs.shape[1]
    assume(both_answers_given(labels, k))
    ours = rank.get_label_quality_scores(
        labels, probs, aggregator_kwargs={"method": "exponential_moving_average", "alpha": alpha}
    )
    scores = reference.get_label_quality_scores_per_class(labels, plain(probs))
    theirs = reference.moving_average(scores, 2 / (k + 1) if alpha is None else alpha)
    assert_equal(ours, theirs)


@given(laid_out_problems(max_classes=9), st.sampled_from([1e-3, 0.1, 1.0]))
def test_softmin(problem: Any, temperature: float) -> None:
    labels, probs = problem
    assume(both_answers_given(labels, probs.shape[1]))
    ours = rank.get_label_quality_scores(
        labels, probs, aggregator_kwargs={"method": "softmin", "temperature": temperature}
    )
    scores = reference.get_label_quality_scores_per_class(labels, plain(probs))
    subnormal = 1e-323  # two steps between the smallest numbers, which have no relative precision
    np.testing.assert_allclose(
        ours, reference.softmin(scores, temperature), rtol=1e-13, atol=subnormal
    )


@pytest.mark.parametrize("k", [2, 3, 7, 16, 17, 100, 257, 600])
def test_any_number_of_classes_is_sorted(k: int) -> None:
    labels, probs = problem_of(40, k, k)
    scores = rank.get_label_quality_scores_per_class(labels, probs)
    assert_equal(
        rank.get_label_quality_scores(labels, probs), reference.moving_average(scores, 0.8)
    )


@pytest.mark.parametrize("filter_by", FILTERS)
@given(st.data(), laid_out_problems())
def test_issues_per_class(filter_by: str, data: Any, problem: Any) -> None:
    labels, probs = problem
    options: dict[str, Any] = {"filter_by": filter_by}
    if filter_by in PRUNING:
        options |= data.draw(pruning_options(probs.shape[1], multi_label=True))
    ours = quietly(filter.find_multilabel_issues_per_class, labels, probs, **options)
    theirs = quietly(reference.find_multilabel_issues_per_class, labels, plain(probs), **options)
    assert_equal(ours, theirs)


@given(laid_out_problems())
def test_low_memory(problem: Any) -> None:
    labels, probs = problem
    ours = filter.find_multilabel_issues_per_class(labels, probs, low_memory=True)
    theirs = reference.find_multilabel_issues_per_class(labels, plain(probs), low_memory=True)
    assert_equal(ours, theirs)
    assert_equal(filter.find_label_issues(labels, probs, low_memory=True), theirs.any(axis=1))


@st.composite
def problems_about_one_half(draw: st.DrawFn) -> tuple[list[list[int]], Any]:
    """Probabilities a few representable steps from where an answer stops to be the predicted one."""
    dtype = np.dtype(draw(st.sampled_from(["float16", "float32", "float64"])))
    n = draw(st.integers(2, 30))
    around = draw(st.sampled_from([0.5, 0.5 - 5e-7, 0.5 + 5e-7]))
    steps = draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))
    spacing = np.spacing(dtype.type(0.25))
    probs = (np.full(n, around, dtype) + np.array(steps, dtype) * spacing).astype(dtype)
    given_to = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return [[0] if yes else [] for yes in given_to], probs[:, np.newaxis]


@pytest.mark.parametrize("filter_by", FILTERS)
@given(st.data(), problems_about_one_half())
def test_issues_about_one_half(filter_by: str, data: Any, problem: Any) -> None:
    """The candidates of a class are those with the lowest scores, whatever the rounding."""
    options: dict[str, Any] = {"filter_by": filter_by}
    if filter_by in PRUNING:
        options["confident_joint"] = data.draw(
            st.lists(st.integers(0, 9), min_size=4, max_size=4).map(
                lambda cells: np.array(cells).reshape(1, 2, 2)
            )
        )
    ours = quietly(filter.find_multilabel_issues_per_class, *problem, **options)
    theirs = quietly(reference.find_multilabel_issues_per_class, *problem, **options)
    assert_equal(ours, theirs)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_threads_change_nothing(dtype: str) -> None:
    labels, probs = problem_of(30_000, 11, 5, dtype)
    for filter_by in FILTERS:
        one, three = (
            filter.find_multilabel_issues_per_class(labels, probs, filter_by=filter_by, n_jobs=n)
            for n in (1, 3)
        )
        assert_identical(one, three)
    softmin = {"method": "softmin"}
    for options in (
        {},
        {"adjust_pred_probs": True},
        {"method": METHODS[2]},
        {"aggregator_kwargs": softmin},
    ):
        one, three = (
            rank.get_label_quality_scores(labels, probs, n_jobs=n, **options) for n in (1, 3)
        )
        assert_identical(one, three)


@given(laid_out_problems())
def test_counts_of_tables(problem: Any) -> None:
    pytest.importorskip("pandas")
    labels, probs = problem
    wrong, missed = quietly(reference.issue_counts, labels, plain(probs))
    n = len(labels)
    frame = quietly(dataset.rank_classes_by_multilabel_quality, labels, probs)
    frame = frame.sort_values("Class Index")
    assert_equal(frame["Label Issues"].to_numpy(), (wrong / n * n).astype(np.int64))
    assert_equal(frame["Inverse Label Issues"].to_numpy(), (missed / n * n).astype(np.int64))
    frame = quietly(dataset.common_multilabel_issues, labels, probs)
    frame = frame.sort_values(["Class Index", "In Suggested Label"])
    assert_equal(frame["Num Examples"].to_numpy(), np.stack([wrong, missed], axis=1).ravel())
