"""The compiled core is the specification, on every instruction set.

Masks, counts, joints, thresholds and rankings are equal bit for bit, as are self-confidences and
margins. Where sums of many terms or logarithms are rounded, the tolerance says so.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given
from numpy.typing import NDArray

import cupel
from compare import assert_equal, assert_ulp
from cupel import count, rank, reference
from property.extra_strategies import (
    COLLISIONS,
    FILTERS,
    METHODS,
    PRUNING,
    PY_METHODS,
    class_values,
    label_problems,
    multilabel_problems,
    pruning_options,
    square_counts,
)
from strategies import ensembles, joints, make_ensemble, make_problem
from strategies import label_problems as problems_with_tiny_values

LATENT_RTOL = 1e-12


@pytest.fixture(scope="module", params=cupel.available_isas(), autouse=True)
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    before = cupel.active_isa()
    cupel.select_isa(request.param)
    yield request.param
    cupel.select_isa(before)


def both(function: str, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """What the package and the reference return; they must agree on whether they warn.

    The reference gets plain arrays: in other layouts NumPy adds in another order.
    """
    module, name = function.split(".")
    results, warned = [], []
    for package, arguments in ((cupel, args), (reference, map(plain, args))):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results.append(getattr(getattr(package, module), name)(*arguments, **kwargs))
        warned.append({w.category for w in caught})
    assert warned[0] == warned[1]
    return results[0], results[1]


def plain(argument: Any) -> Any:
    if isinstance(argument, np.ndarray):
        return argument.astype(argument.dtype.newbyteorder("="), order="C")
    return argument


def assert_both(function: str, *args: Any, **kwargs: Any) -> None:
    """Equal results: same types, dtypes, shapes and values."""
    ours, theirs = both(function, *args, **kwargs)
    pairs = (
        zip(ours, theirs, strict=True) if isinstance(theirs, (tuple, list)) else [(ours, theirs)]
    )
    for our, their in pairs:
        assert isinstance(our, list) == isinstance(their, list)
        if isinstance(their, list):
            assert len(our) == len(their)
            for a, b in zip(our, their, strict=True):
                assert_equal(a, b)
        else:
            assert_equal(our, their)


@given(label_problems())
def test_thresholds(problem: Any) -> None:
    assert_both("count.get_confident_thresholds", *problem)


@given(problems_with_tiny_values())
def test_thresholds_with_tiny_values(problem: Any) -> None:
    """An ulp of the sum is up to two of the mean."""
    ours, theirs = both("count.get_confident_thresholds", *problem)
    assert_ulp(ours, theirs, 2)


@given(multilabel_problems())
def test_multilabel_thresholds(problem: Any) -> None:
    assert_both("count.get_confident_thresholds", *problem, multi_label=True)


@given(st.data(), label_problems(), st.booleans(), st.sampled_from(COLLISIONS))
def test_confident_joint(data: Any, problem: Any, calibrate: bool, collision: str) -> None:
    k = problem[1].shape[1]
    assert_both(
        "count.compute_confident_joint",
        *problem,
        thresholds=data.draw(st.one_of(st.none(), class_values(k))),
        calibrate=calibrate,
        collision=collision,
        return_indices_of_off_diagonals=data.draw(st.booleans()),
    )


@given(multilabel_problems(), st.booleans(), st.sampled_from(COLLISIONS), st.booleans())
def test_multilabel_joint(problem: Any, calibrate: bool, collision: str, indices: bool) -> None:
    assert_both(
        "count.compute_confident_joint",
        *problem,
        multi_label=True,
        calibrate=calibrate,
        collision=collision,
        return_indices_of_off_diagonals=indices,
    )


@given(joints())
def test_calibration(problem: Any) -> None:
    assert_both("count.calibrate_confident_joint", *problem)


@given(st.data(), multilabel_problems())
def test_multilabel_calibration(data: Any, problem: Any) -> None:
    labels, p = problem
    k = p.shape[1]
    joint = np.array(data.draw(st.lists(square_counts(2), min_size=k, max_size=k)))
    assert_both("count.calibrate_confident_joint", joint, labels, multi_label=True)


@given(st.data(), label_problems(), st.sampled_from(COLLISIONS))
def test_estimated_joint(data: Any, problem: Any, collision: str) -> None:
    k = problem[1].shape[1]
    joint = data.draw(st.one_of(st.none(), square_counts(k, zeros=False)))
    assert_both("count.estimate_joint", *problem, confident_joint=joint, collision=collision)


@given(multilabel_problems())
def test_multilabel_estimated_joint(problem: Any) -> None:
    assert_both("count.estimate_joint", *problem, multi_label=True)


@given(st.data(), label_problems(), st.sampled_from(COLLISIONS))
def test_number_of_issues(data: Any, problem: Any, collision: str) -> None:
    for method in ("off_diagonal", "off_diagonal_calibrated"):
        assert_both(
            "count.num_label_issues", *problem, estimation_method=method, collision=collision
        )
    joint = data.draw(square_counts(problem[1].shape[1], zeros=False))
    assert_both(
        "count.num_label_issues",
        *problem,
        estimation_method="off_diagonal_custom",
        confident_joint=joint,
    )


@given(multilabel_problems(), st.sampled_from(COLLISIONS))
def test_multilabel_number_of_issues(problem: Any, collision: str) -> None:
    assert_both("count.num_label_issues", *problem, multi_label=True, collision=collision)


def assert_latent(ours: Any, theirs: Any, rtol: float) -> None:
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


def well_conditioned(joint: NDArray[Any]) -> bool:
    noise = joint / np.maximum(joint.sum(axis=0), 1e-100)
    return bool(np.linalg.cond(noise) < 1e6)


@given(joints(), st.sampled_from(PY_METHODS), st.booleans())
def test_latent(problem: Any, py_method: str, converge: bool) -> None:
    assume(py_method != "eqn" or well_conditioned(problem[0]))
    ours, theirs = both(
        "count.estimate_latent", *problem, py_method=py_method, converge_latent_estimates=converge
    )
    assert_latent(ours, theirs, 1e-8 if py_method == "eqn" else LATENT_RTOL)


@given(label_problems(), st.sampled_from(PY_METHODS), st.booleans(), st.sampled_from(COLLISIONS))
def test_latent_from_probabilities(
    problem: Any, py_method: str, converge: bool, collision: str
) -> None:
    joint = count.compute_confident_joint(*problem, collision=collision)
    assume(py_method != "eqn" or well_conditioned(joint))
    ours, theirs = both(
        "count.estimate_py_and_noise_matrices_from_probabilities",
        *problem,
        py_method=py_method,
        converge_latent_estimates=converge,
        collision=collision,
    )
    assert_equal(ours[3], theirs[3])
    assert_latent(ours[:3], theirs[:3], 1e-8 if py_method == "eqn" else LATENT_RTOL)


@pytest.mark.parametrize("filter_by", FILTERS)
@given(st.data(), label_problems(), st.sampled_from(COLLISIONS))
def test_label_issues(filter_by: str, data: Any, problem: Any, collision: str) -> None:
    k = problem[1].shape[1]
    assume(k > 1 or filter_by != "low_normalized_margin")  # the reference needs two classes
    options = data.draw(pruning_options(k)) if filter_by in PRUNING else {}
    assert_both(
        "filter.find_label_issues", *problem, filter_by=filter_by, collision=collision, **options
    )


@given(label_problems(min_classes=2), st.sampled_from(FILTERS), st.booleans())
def test_ranked_label_issues(problem: Any, filter_by: str, adjust: bool) -> None:
    for method in METHODS[:1] if adjust else METHODS[:2]:
        assert_both(
            "filter.find_label_issues",
            *problem,
            filter_by=filter_by,
            return_indices_ranked_by=method,
            rank_by_kwargs={"adjust_pred_probs": True} if adjust else None,
        )


@pytest.mark.parametrize("filter_by", FILTERS)
@given(st.data(), multilabel_problems(), st.sampled_from(COLLISIONS))
def test_multilabel_issues(filter_by: str, data: Any, problem: Any, collision: str) -> None:
    k = problem[1].shape[1]
    options: dict[str, Any] = {}
    if filter_by in PRUNING:
        options = data.draw(pruning_options(k, multi_label=True))
    assert_both(
        "filter.find_label_issues",
        *problem,
        multi_label=True,
        filter_by=filter_by,
        collision=collision,
        return_indices_ranked_by=data.draw(st.sampled_from([None, *METHODS[:2]])),
        **options,
    )


@given(label_problems())
def test_predicted_neq_given(problem: Any) -> None:
    assert_both("filter.find_predicted_neq_given", *problem)


@given(multilabel_problems())
def test_multilabel_predicted_neq_given(problem: Any) -> None:
    assert_both("filter.find_predicted_neq_given", *problem, multi_label=True)


@given(label_problems(min_classes=2), st.booleans(), st.sampled_from(FILTERS))
def test_argmax_confusion_matrix(problem: Any, calibrate: bool, filter_by: str) -> None:
    assert_both(
        "filter.find_label_issues_using_argmax_confusion_matrix",
        *problem,
        calibrate=calibrate,
        filter_by=filter_by,
    )


@given(label_problems())
def test_self_confidence(problem: Any) -> None:
    assert_both("rank.get_self_confidence_for_each_label", *problem)
    assert_both("rank.get_label_quality_scores", *problem)


@given(label_problems(min_classes=2))
def test_normalized_margin(problem: Any) -> None:
    assert_both("rank.get_normalized_margin_for_each_label", *problem)
    assert_both("rank.get_label_quality_scores", *problem, method="normalized_margin")


def assert_entropy_scores(problem: Any) -> None:
    """Equal up to 4 ulp, plus what the last bit of ``q + 1`` does to ``log(q + 1) / q``."""
    labels, p = map(plain, problem)
    ours, theirs = both("rank.get_confidence_weighted_entropy_for_each_label", *problem)
    assert ours.dtype == theirs.dtype == np.float64
    p = p.astype(np.float64)
    entropy = -np.sum(p * np.log(p, where=p > 0, out=np.zeros_like(p)), axis=1)
    own = p[np.arange(len(p)), labels]
    ratio = np.maximum(entropy / np.log(p.shape[1]) / np.maximum(own, 1e-6), 1e-6)
    eps = np.finfo(np.float64).eps
    assert (np.abs(ours - theirs) <= 4 * eps * theirs + eps / ratio).all()


@given(label_problems(min_classes=2, max_classes=20))
def test_entropy(problem: Any) -> None:
    assert_entropy_scores(problem)
    ours = rank.get_confidence_weighted_entropy_for_each_label(*problem)
    assert_equal(rank.get_label_quality_scores(*problem, method=METHODS[2]), ours)


@given(label_problems(min_classes=2, max_classes=20), st.sampled_from(METHODS[:2]))
def test_adjusted_scores(problem: Any, method: str) -> None:
    ours, theirs = both(
        "rank.get_label_quality_scores", *problem, method=method, adjust_pred_probs=True
    )
    assert_ulp(ours, theirs, 1, atol=float(np.finfo(ours.dtype).eps))


@given(st.data(), label_problems(min_classes=2))
def test_order_of_issues(data: Any, problem: Any) -> None:
    labels, p = problem
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(p), max_size=len(p))))
    for method in METHODS[:2]:
        assert_both("rank.order_label_issues", mask, labels, p, rank_by=method)
    # Scores that differ by an ulp may order rows differently, so entropies are ordered by our own.
    flagged = np.flatnonzero(mask)
    scores = rank.get_confidence_weighted_entropy_for_each_label(labels, p)[flagged]
    order = rank.order_label_issues(mask, labels, p, rank_by=METHODS[2])
    assert_equal(order, flagged[np.argsort(scores, kind="stable")])


@given(
    st.lists(st.one_of(st.sampled_from([0.0, -0.0, 0.5, math.nan]), st.floats(width=16))),
    st.sampled_from(["float16", "float32", "float64"]),
    st.one_of(st.none(), st.integers(0, 50)),
)
def test_top_issues(values: list[float], dtype: str, top: int | None) -> None:
    assert_both("rank.find_top_issues", np.array(values, dtype=dtype), top=top)


WEIGHTINGS: dict[str, Callable[[int], dict[str, Any]]] = {
    "uniform": lambda _: {},
    "accuracy": lambda _: {},
    "custom": lambda members: {"custom_weights": np.arange(1, members + 1) / 7},
}


@given(ensembles(), st.sampled_from(list(WEIGHTINGS)), st.sampled_from(METHODS), st.booleans())
def test_ensemble(problem: Any, weighting: str, method: str, adjust: bool) -> None:
    labels, members = problem
    assume(weighting != "accuracy" or any((m.argmax(axis=1) == labels).any() for m in members))
    ours, theirs = both(
        "rank.get_label_quality_ensemble_scores",
        labels,
        members,
        method=method,
        adjust_pred_probs=adjust and method != METHODS[2],
        weight_ensemble_members_by=weighting,
        **WEIGHTINGS[weighting](len(members)),
    )
    atol = {METHODS[2]: 1e-9}.get(method, float(np.finfo(members[0].dtype).eps) if adjust else 0.0)
    assert_ulp(ours, theirs, 8, atol=atol)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("temperatures", [(1e-4, 1.0, 2e2), (0.5,), (10.0, 0.1)])
def test_ensemble_by_log_loss(dtype: str, temperatures: tuple[float, ...]) -> None:
    labels, members = make_ensemble(400, 5, 3, seed=1, dtype=dtype)
    for method in METHODS:
        ours, theirs = both(
            "rank.get_label_quality_ensemble_scores",
            labels,
            members,
            method=method,
            weight_ensemble_members_by="log_loss_search",
            log_loss_search_T_values=temperatures,
        )
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


# More rows and classes than Hypothesis draws: several blocks, wide rows, rows padded to no lane.
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("n", "k"), [(5000, 2), (3000, 3), (4000, 17), (3000, 64), (1500, 131)])
@pytest.mark.parametrize("levels", [None, 16])
def test_larger_problems(n: int, k: int, dtype: str, levels: int | None) -> None:
    problem = make_problem(n, k, seed=n + k, dtype=dtype, levels=levels)
    for filter_by in FILTERS:
        assert_both("filter.find_label_issues", *problem, filter_by=filter_by)
    assert_both("count.compute_confident_joint", *problem, collision="confident")
    for method in METHODS[:2]:
        assert_both("rank.get_label_quality_scores", *problem, method=method)
    assert_entropy_scores(problem)
