"""The core of segmentation is its specification, bit for bit, on any number of threads."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from compare import assert_equal, assert_identical
from cupel.reference import segmentation as reference
from cupel.segmentation import filter, rank, summary
from segmentation_data import FLOATS, LAYOUTS, images, laid_out, make_images

RTOL = 1e-12  # sums in another order

batch_sizes = st.sampled_from((1, 200, 1000, 10_000))


def native(problem: Any) -> Any:
    labels, probs = problem
    return labels.astype(np.int64), np.ascontiguousarray(
        probs.astype(probs.dtype.newbyteorder("="))
    )


@given(images(), batch_sizes)
def test_issues(problem: Any, batch_size: int) -> None:
    ours = filter.find_label_issues(*problem, batch_size=batch_size)
    theirs = reference.find_label_issues(*native(problem), batch_size=batch_size)
    assert_identical(ours, theirs)


@given(st.data(), st.integers(2, 9), batch_sizes)
def test_issues_of_averages(data: Any, side: int, batch_size: int) -> None:
    problem = data.draw(images(side))
    options = {"batch_size": batch_size, "downsample": side}
    ours = filter.find_label_issues(*problem, **options)
    theirs = reference.find_label_issues(*native(problem), **options)
    assert_identical(ours, theirs)


@given(images(), st.sampled_from((0.1, 1e-3, 0.7, 100.0, np.inf, -0.2)))
def test_softmin(problem: Any, temperature: float) -> None:
    ours = rank.get_label_quality_scores(*problem, temperature=temperature)
    theirs = reference.get_label_quality_scores(*native(problem), temperature=temperature)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=RTOL)
    assert_equal(ours[1], theirs[1])


@given(images(), batch_sizes)
def test_fractions(problem: Any, batch_size: int) -> None:
    options: Any = {"method": "num_pixel_issues", "batch_size": batch_size}
    ours = rank.get_label_quality_scores(*problem, **options)
    theirs = reference.get_label_quality_scores(*native(problem), **options)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=RTOL)
    assert ours[1].dtype == theirs[1].dtype
    assert_equal(ours[1], theirs[1])


@given(
    st.lists(st.sampled_from((0.0, 0.1, 0.25, 0.5, 1.0, np.nan)), max_size=8),
    st.sampled_from((0.0, 0.1, 0.2, 0.5, 1.0)),
    st.booleans(),
)
def test_issues_from_scores(scores: Any, threshold: float, one_more: bool) -> None:
    values = np.array(scores, dtype=np.float64)
    ours = rank.issues_from_scores(values, threshold=threshold, one_more=one_more)
    theirs = reference.issues_from_scores(values, threshold=threshold, one_more=one_more)
    assert_identical(ours, theirs)


@given(images(), st.sampled_from((0.0, 0.02, 0.5, 1.0)), st.integers(0, 100))
def test_summaries(problem: Any, share: float, seed: int) -> None:
    labels, probs = native(problem)
    mask = np.random.default_rng(seed).random(labels.shape) < share
    counts = reference.count_label_issues(mask, labels, probs)
    table = summary.common_label_issues(mask, *problem, top=100, verbose=False)
    pairs = [(str(i), str(j), counts[i, j]) for i, j in np.argwhere(counts)]
    pairs.sort(key=lambda pair: -pair[2])
    assert list(table.itertuples(index=False, name=None)) == pairs
    for k in range(probs.shape[1] + 1):
        ours = summary.filter_by_class(k, mask, *problem)
        assert_identical(ours, reference.filter_by_class(k, mask, labels, probs))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("levels", [None, 6])
def test_large_images(dtype: str, levels: int | None) -> None:
    """Several tiles per image and several workers; float16 in more than one of NumPy's buffers."""
    labels, probs = make_images(3, 5, 180, 260, 1, dtype, levels=levels, patch=5)
    for side, batch_size in ((1, 10_000), (1, 600_000), (4, 10_000), (10, 100)):
        options = {"batch_size": batch_size, "downsample": side}
        expected = reference.find_label_issues(labels, probs, **options)
        assert expected.any()
        for layout in LAYOUTS if side == 1 else ("plain", "planes last"):
            for n_jobs in (1, 3):
                mask = filter.find_label_issues(
                    labels, laid_out(probs, layout), n_jobs=n_jobs, **options
                )
                assert_identical(mask, expected)


@pytest.mark.parametrize("dtype", FLOATS)
def test_threads_do_not_matter(dtype: str) -> None:
    labels, probs = make_images(5, 7, 130, 170, 2, dtype, patch=3)
    mask = filter.find_label_issues(labels, probs)
    calls: list[Any] = [
        lambda n: filter.find_label_issues(labels, probs, n_jobs=n),
        lambda n: rank.get_label_quality_scores(labels, probs, n_jobs=n)[0],
        lambda n: rank.get_label_quality_scores(labels, probs, n_jobs=n)[1],
        lambda n: (
            summary.common_label_issues(
                mask, labels, probs, verbose=False, n_jobs=n
            ).num_pixel_issues
        ),
        lambda n: summary.filter_by_class(2, mask, labels, probs, n_jobs=n),
    ]
    for call in calls:
        assert_identical(call(3), call(1))
