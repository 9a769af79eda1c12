"""nan="drop": every answer about the other rows is the one without the dropped rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import cupel
from compare import assert_equal, assert_identical
from cupel import count, filter, rank
from strategies import make_problem

Array = NDArray[Any]

FILTERS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)
METHODS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
N, K = 600, 5


def damaged(dtype: str, seed: int) -> tuple[Array, Array, Array]:
    """A problem with nan and infinities in some rows, and where the whole rows are."""
    labels, p = make_problem(N, K, seed, dtype)
    rng = np.random.default_rng(seed)
    bad = rng.choice(N, 40, replace=False)
    bad[:2] = 0, N - 1
    p[bad, rng.integers(K, size=40)] = rng.choice([np.nan, np.inf, -np.inf], 40)
    p[bad[5]] = np.nan
    whole = np.isfinite(p).all(axis=1)
    return labels, p, whole


@pytest.fixture(params=["float16", "float32", "float64"])
def problem(request: pytest.FixtureRequest) -> tuple[Array, Array, Array]:
    return damaged(request.param, seed=4)


def test_raise_is_the_default(problem: Any) -> None:
    labels, p, _ = problem
    for function in (
        cupel.find_label_issues,
        cupel.get_label_quality_scores,
        filter.find_predicted_neq_given,
        count.get_confident_thresholds,
        count.compute_confident_joint,
        count.num_label_issues,
    ):
        with pytest.raises(ValueError, match=r"pred_probs\[0, \d\] is (nan|-?inf).*nan='drop'"):
            function(labels, p)


@pytest.mark.parametrize("filter_by", FILTERS)
def test_masks(problem: Any, filter_by: str) -> None:
    labels, p, whole = problem
    mask = filter.find_label_issues(labels, p, filter_by=filter_by, nan="drop")
    assert not mask[~whole].any()
    assert mask.any()
    assert_identical(
        mask[whole], filter.find_label_issues(labels[whole], p[whole], filter_by=filter_by)
    )


@pytest.mark.parametrize("seed", range(100))
def test_no_verdict_on_another_row_changes(seed: int) -> None:
    labels, p = make_problem(120, 4, seed)
    row = seed % 120
    p[row, seed % 4] = (np.nan, np.inf, -np.inf)[seed % 3]
    others = np.arange(120) != row
    for filter_by in FILTERS:
        mask = filter.find_label_issues(labels, p, filter_by=filter_by, nan="drop")
        assert not mask[row]
        expected = filter.find_label_issues(labels[others], p[others], filter_by=filter_by)
        assert_identical(mask[others], expected)


@pytest.mark.parametrize("method", METHODS)
def test_ranked_rows_are_the_callers(problem: Any, method: str) -> None:
    labels, p, whole = problem
    rows = np.flatnonzero(whole)
    kwargs = {"return_indices_ranked_by": method}
    ranked = filter.find_label_issues(labels, p, nan="drop", **kwargs)
    assert_identical(ranked, rows[filter.find_label_issues(labels[whole], p[whole], **kwargs)])


def test_other_masks(problem: Any) -> None:
    labels, p, whole = problem
    for function in (
        filter.find_predicted_neq_given,
        filter.find_label_issues_using_argmax_confusion_matrix,
    ):
        mask = function(labels, p, nan="drop")
        assert not mask[~whole].any()
        assert_identical(mask[whole], function(labels[whole], p[whole]))


@pytest.mark.parametrize(
    ("method", "adjust"), [*((m, False) for m in METHODS), *((m, True) for m in METHODS[:2])]
)
def test_scores(problem: Any, method: str, adjust: bool) -> None:
    labels, p, whole = problem
    kwargs = {"method": method, "adjust_pred_probs": adjust}
    scores = rank.get_label_quality_scores(labels, p, nan="drop", **kwargs)
    expected = rank.get_label_quality_scores(labels[whole], p[whole], **kwargs)
    assert scores.dtype == expected.dtype
    assert np.isnan(scores[~whole]).all()
    assert_identical(scores[whole], expected)
    if not adjust:
        alone = getattr(rank, f"get_{method}_for_each_label")
        assert_equal(alone(labels, p, nan="drop"), scores)
    worst = rank.find_top_issues(scores, top=None)
    assert set(worst[whole.sum() :]) == set(np.flatnonzero(~whole))


def test_order_leaves_dropped_rows_out(problem: Any) -> None:
    labels, p, whole = problem
    rows = np.flatnonzero(whole)
    order = rank.order_label_issues(np.ones(N, dtype=bool), labels, p, nan="drop")
    everything = np.ones(len(rows), dtype=bool)
    assert_identical(order, rows[rank.order_label_issues(everything, labels[whole], p[whole])])


@pytest.mark.parametrize("collision", ["argmax", "confident"])
def test_counts(problem: Any, collision: str) -> None:
    labels, p, whole = problem
    dropped: dict[str, Any] = {"nan": "drop"}
    clean, options = (labels[whole], p[whole]), {"collision": collision}
    assert_identical(
        count.get_confident_thresholds(labels, p, **dropped),
        count.get_confident_thresholds(*clean),
    )
    joint, off = count.compute_confident_joint(
        labels, p, return_indices_of_off_diagonals=True, **dropped, **options
    )
    clean_joint, clean_off = count.compute_confident_joint(
        *clean, return_indices_of_off_diagonals=True, **options
    )
    assert_identical(joint, clean_joint)
    assert_identical(off, np.flatnonzero(whole)[clean_off])
    for name in ("estimate_joint", "num_label_issues"):
        ours = getattr(count, name)(labels, p, **dropped, **options)
        assert_identical(ours, getattr(count, name)(*clean, **options))
    latent = count.estimate_py_and_noise_matrices_from_probabilities
    for ours, expected in zip(
        latent(labels, p, **dropped, **options), latent(*clean, **options), strict=True
    ):
        assert_identical(ours, expected)


def test_multilabel(problem: Any) -> None:
    _, p, whole = problem
    labels = [np.flatnonzero(row).tolist() for row in np.nan_to_num(p) > 0.3]
    clean = [row for row, keep in zip(labels, whole, strict=True) if keep], p[whole]
    kwargs: dict[str, Any] = {"multi_label": True}
    for filter_by in FILTERS:
        kwargs["filter_by"] = filter_by
        mask = filter.find_label_issues(labels, p, nan="drop", **kwargs)
        assert not mask[~whole].any()
        assert_identical(mask[whole], filter.find_label_issues(*clean, **kwargs))
        ranked = filter.find_label_issues(
            labels, p, nan="drop", return_indices_ranked_by=METHODS[0], **kwargs
        )
        assert_identical(np.sort(ranked), np.flatnonzero(mask))
    joint, off = count.compute_confident_joint(
        labels, p, nan="drop", multi_label=True, return_indices_of_off_diagonals=True
    )
    clean_joint, clean_off = count.compute_confident_joint(
        *clean, multi_label=True, return_indices_of_off_diagonals=True
    )
    assert_identical(joint, clean_joint)
    for rows, clean_rows in zip(off, clean_off, strict=True):
        assert_identical(rows, np.flatnonzero(whole)[clean_rows])


def test_scorer(problem: Any) -> None:
    labels, p, whole = problem
    assert_identical(
        cupel.Scorer.fit(labels, p, nan="drop").thresholds,
        cupel.Scorer.fit(labels[whole], p[whole]).thresholds,
    )


def test_nothing_to_drop_changes_nothing() -> None:
    labels, p = make_problem(N, K, 1)
    assert_identical(
        filter.find_label_issues(labels, p, nan="drop"), filter.find_label_issues(labels, p)
    )


def test_a_class_may_lose_all_its_examples() -> None:
    labels, p = make_problem(N, K, 2)
    p[labels == 3, 0] = np.nan
    thresholds = count.get_confident_thresholds(labels, p, nan="drop")
    assert thresholds[3] == 2
    whole = labels != 3
    assert_identical(
        filter.find_label_issues(labels, p, nan="drop")[whole],
        filter.find_label_issues(labels[whole], p[whole]),
    )


def test_only_nan_and_infinities_are_dropped() -> None:
    labels, p = make_problem(50, 3, 0)
    p[2, 0] = np.nan
    p[7, 1] = 1.5
    with pytest.raises(ValueError, match=r"pred_probs\[7, 1\] is 1.5"):
        filter.find_label_issues(labels, p, nan="drop")


def test_something_must_be_left() -> None:
    labels, p = make_problem(50, 3, 0)
    with pytest.raises(ValueError, match="no row without a nan"):
        filter.find_label_issues(labels, np.full_like(p, np.nan), nan="drop")


def test_errors_name_the_callers_rows() -> None:
    labels, p = make_problem(50, 3, 0)
    p[:10] = np.nan
    labels[30] = 7
    with pytest.raises(ValueError, match=r"labels\[30\] is 7"):
        filter.find_label_issues(labels, p, nan="drop")


def test_inputs_stay_as_they_are(problem: Any) -> None:
    labels, p, _ = problem
    before = labels.tobytes(), p.tobytes()
    filter.find_label_issues(labels, p, nan="drop")
    assert (labels.tobytes(), p.tobytes()) == before


def test_other_words_are_refused() -> None:
    labels, p = make_problem(20, 3, 0)
    with pytest.raises(ValueError, match="nan must be one of 'raise', 'drop', got 'omit'"):
        filter.find_label_issues(labels, p, nan="omit")
