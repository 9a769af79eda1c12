"""The package against cleanlab 2.9.0: signatures, seeded problems, cross-validation, real data."""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import cupel
from compare import (
    assert_identical,
    assert_same_mask_up_to_ties,
    assert_same_order_up_to_ties,
    assert_ulp,
)
from cupel import reference
from differential.versus import (
    ENTROPY_ATOL,
    FILTERS,
    PRUNING,
    PY_METHODS,
    SCORES,
    THRESHOLD_ULP,
    cleanlab,
)
from strategies import (
    REAL_DATA,
    make_ensemble,
    make_multilabel_problem,
    make_problem,
    real_data,
)

Array = NDArray[Any]

FUNCTIONS = [f"{m}.{f}" for m in ("count", "filter", "rank") for f in getattr(cupel, m).__all__]
EXTRAS = {"classes", "nan", "n_jobs", "collision"}
PROBLEMS = {
    "float64": make_problem(1500, 7, 21),
    "float32": make_problem(1500, 7, 22, "float32"),
    "float16": make_problem(1500, 7, 23, "float16"),
    "two classes": make_problem(400, 2, 24),
    "many classes": make_problem(2000, 40, 25, noise=0.4),
    "absent classes": make_problem(500, 6, 26, absent=(0, 4)),
    "ties": make_problem(800, 5, 27, levels=12),
    "ties, float16": make_problem(800, 5, 28, "float16", levels=16, noise=0.5),
}
problems = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)


def pair(name: str, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """What our function returns, and what cleanlab's does, each on one thread or process."""
    module, function = name.split(".")
    quiet = {
        "find_label_issues": {"n_jobs": 1},
        "get_label_quality_ensemble_scores": {"verbose": False},
    }.get(function, {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = getattr(getattr(cupel, module), function)(*args, **kwargs, **quiet)
        theirs = getattr(getattr(cleanlab, module), function)(*args, **kwargs, **quiet)
    return ours, theirs


def assert_same(name: str, *args: Any, **kwargs: Any) -> None:
    ours, theirs = pair(name, *args, **kwargs)
    assert type(ours) is type(theirs)
    if isinstance(theirs, (tuple, list)):
        for our, their in zip(ours, theirs, strict=True):
            if isinstance(their, list):
                for a, b in zip(our, their, strict=True):
                    assert_identical(a, b)
            else:
                assert_identical(our, their)
    else:
        assert_identical(ours, theirs)


def assert_same_thresholds(labels: Any, p: Array, **kwargs: Any) -> None:
    ours, theirs = pair("count.get_confident_thresholds", labels, p, **kwargs)
    assert ours.dtype == theirs.dtype
    assert_ulp(ours.astype(p.dtype), theirs.astype(p.dtype), THRESHOLD_ULP)


def test_every_function_is_there() -> None:
    for module in ("count", "filter", "rank"):
        theirs = {
            name
            for name, f in vars(getattr(cleanlab, module)).items()
            if inspect.isfunction(f) and f.__module__ == f"cleanlab.{module}" and name[0] != "_"
        }
        assert theirs - set(getattr(cupel, module).__all__) <= {"find_predicted_neq_given"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signature(name: str) -> None:
    """cleanlab's parameters come first, and only keyword arguments follow."""
    module, function = name.split(".")
    ours = list(inspect.signature(getattr(getattr(cupel, module), function)).parameters.values())
    theirs = list(
        inspect.signature(getattr(getattr(cleanlab, module), function)).parameters.values()
    )
    assert [p.name for p in ours[: len(theirs)]] == [p.name for p in theirs]
    assert {p.name for p in ours[len(theirs) :]} <= EXTRAS
    assert all(p.kind is p.KEYWORD_ONLY for p in ours[len(theirs) :])
    for our, their in zip(ours, theirs, strict=False):
        assert our.kind == their.kind, our.name
        if our.name == "clf" or their.default == {}:  # a model, or a dict that calls would share
            assert our.default is None
        elif isinstance(their.default, list):
            assert list(our.default) == their.default
        else:
            assert our.default == their.default, our.name


@pytest.mark.usefixtures("stable_sorts")
class TestProblems:
    @problems
    def test_count(self, problem: Any) -> None:
        assert_same_thresholds(*problem)
        for calibrate, indices in itertools.product((True, False), repeat=2):
            assert_same(
                "count.compute_confident_joint",
                *problem,
                calibrate=calibrate,
                return_indices_of_off_diagonals=indices,
            )
        assert_same("count.estimate_joint", *problem)
        for method in ("off_diagonal", "off_diagonal_calibrated"):
            assert_same("count.num_label_issues", *problem, estimation_method=method)

    @problems
    def test_given_thresholds_and_joint(self, problem: Any) -> None:
        labels, p = problem
        thresholds = np.linspace(0.3, 0.7, p.shape[1])
        assert_same("count.compute_confident_joint", labels, p, thresholds=thresholds)
        joint = np.asfortranarray(
            cupel.count.compute_confident_joint(labels, p, calibrate=False, thresholds=thresholds)
        )
        assert_same("count.calibrate_confident_joint", joint, labels)
        assert_same("count.estimate_joint", labels, p, confident_joint=joint)
        assert_same("count.estimate_joint", None, p, confident_joint=joint)
        custom = {"confident_joint": joint, "estimation_method": "off_diagonal_custom"}
        assert_same("count.num_label_issues", labels, p, **custom)
        for filter_by in PRUNING:
            assert_same(
                "filter.find_label_issues", labels, p, confident_joint=joint, filter_by=filter_by
            )

    @problems
    @pytest.mark.parametrize("converge", [True, False])
    def test_latent(self, problem: Any, converge: bool) -> None:
        joint = cupel.count.compute_confident_joint(*problem)
        for py_method in PY_METHODS:
            if py_method == "eqn" and np.linalg.matrix_rank(joint) < len(joint):
                continue
            kwargs = {"py_method": py_method, "converge_latent_estimates": converge}
            rtol = 1e-8 if py_method == "eqn" else 1e-10
            for ours, theirs in (
                pair("count.estimate_latent", joint, problem[0], **kwargs),
                pair("count.estimate_py_and_noise_matrices_from_probabilities", *problem, **kwargs),
            ):
                for our, their in zip(ours, theirs, strict=True):
                    assert our.dtype == their.dtype
                    np.testing.assert_allclose(our, their, rtol=rtol, atol=1e-15)

    @problems
    @pytest.mark.parametrize("filter_by", FILTERS)
    def test_filters(self, problem: Any, filter_by: str) -> None:
        for ranked_by in (None, *SCORES[:2]):
            assert_same(
                "filter.find_label_issues",
                *problem,
                filter_by=filter_by,
                return_indices_ranked_by=ranked_by,
            )

    @problems
    @pytest.mark.parametrize("filter_by", PRUNING)
    def test_pruning_options(self, problem: Any, filter_by: str) -> None:
        sizes = np.bincount(problem[0], minlength=problem[1].shape[1])
        numbers = {"num_to_remove_per_class": np.minimum(sizes, 4).tolist()}
        for options in ({"frac_noise": 0.6}, {"min_examples_per_class": 60}, numbers):
            assert_same("filter.find_label_issues", *problem, filter_by=filter_by, **options)

    @problems
    def test_other_filters(self, problem: Any) -> None:
        labels, p = problem
        assert_same("filter.find_predicted_neq_given", labels, p)
        if len({*labels, *p.argmax(axis=1)}) == p.shape[1]:  # cleanlab needs them all
            for calibrate in (True, False):
                assert_same(
                    "filter.find_label_issues_using_argmax_confusion_matrix",
                    labels,
                    p,
                    calibrate=calibrate,
                )

    @problems
    def test_rank(self, problem: Any) -> None:
        labels, p = problem
        assert_same("rank.get_self_confidence_for_each_label", labels, p)
        assert_same("rank.get_normalized_margin_for_each_label", labels, p)
        entropies = pair("rank.get_confidence_weighted_entropy_for_each_label", labels, p)
        assert entropies[0].dtype == entropies[1].dtype == np.float64
        # cleanlab takes logarithms in the dtype of pred_probs.
        atol = ENTROPY_ATOL if p.dtype == np.float64 else 30 * np.finfo(p.dtype).eps
        np.testing.assert_allclose(*entropies, rtol=1e-12, atol=atol)
        for method in SCORES[:2]:
            assert_same("rank.get_label_quality_scores", labels, p, method=method)
            adjusted = pair(
                "rank.get_label_quality_scores", labels, p, method=method, adjust_pred_probs=True
            )
            assert_ulp(*adjusted, 4, atol=8 * np.finfo(p.dtype).eps)
            mask = np.arange(len(labels)) % 3 > 0
            assert_same("rank.order_label_issues", mask, labels, p, rank_by=method)
        scores = p[np.arange(len(labels)), labels]
        for top in (None, 0, 7, 10**6):
            lists = pair("rank.find_top_issues", scores, top=top)
            assert_same_order_up_to_ties(*lists, scores)

    @pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
    def test_multilabel(self, dtype: str) -> None:
        problem = make_multilabel_problem(400, 4, 31, dtype)
        thresholds = pair("count.get_confident_thresholds", *problem, multi_label=True)
        np.testing.assert_allclose(*thresholds, rtol=THRESHOLD_ULP * np.finfo(dtype).eps)
        for indices in (True, False):
            assert_same(
                "count.compute_confident_joint",
                *problem,
                multi_label=True,
                return_indices_of_off_diagonals=indices,
            )
        for name in (
            "count.estimate_joint",
            "count.num_label_issues",
            "filter.find_predicted_neq_given",
        ):
            ours, theirs = pair(name, *problem, multi_label=True)
            np.testing.assert_array_equal(ours, theirs)
        joint = cupel.count.compute_confident_joint(*problem, multi_label=True, calibrate=False)
        for filter_by in FILTERS:
            assert_same("filter.find_label_issues", *problem, multi_label=True, filter_by=filter_by)
        for filter_by in PRUNING:
            options: Sequence[dict[str, Any]] = (
                {"confident_joint": joint},
                {"num_to_remove_per_class": [2, 0, 5, 1]},
                {"return_indices_ranked_by": SCORES[0]},
                {"return_indices_ranked_by": SCORES[1], "rank_by_kwargs": {}},
            )
            for kwargs in options:
                assert_same(
                    "filter.find_label_issues",
                    *problem,
                    multi_label=True,
                    filter_by=filter_by,
                    **kwargs,
                )


@pytest.mark.parametrize("method", SCORES)
@pytest.mark.parametrize("weights", ["uniform", "accuracy", "log_loss_search", "custom"])
def test_ensembles(method: str, weights: str) -> None:
    problem = make_ensemble(500, 5, 3, 32)
    options = {"custom_weights": [0.5, 0.25, 2.0]} if weights == "custom" else {}
    for adjust in (False, True)[: 1 + (method != SCORES[2])]:
        scores = pair(
            "rank.get_label_quality_ensemble_scores",
            *problem,
            method=method,
            adjust_pred_probs=adjust,
            weight_ensemble_members_by=weights,
            **options,
        )
        np.testing.assert_allclose(
            *scores, rtol=1e-12, atol=3 * ENTROPY_ATOL * (method == SCORES[2])
        )


def joint_cuts(labels: Array, p: Array) -> Array:
    """The margin at which each cell (given k, true j) of prune_by_noise_rate ends."""
    joint = cupel.count.compute_confident_joint(labels, p)
    counts = reference.filter.keep_at_least(joint, 1, 1.0)
    cuts = np.full(counts.shape, np.nan, dtype=p.dtype)
    for k, j in np.argwhere(counts > 0):
        margins = np.sort(p[labels == k, j] - p[labels == k, k])[::-1]
        cuts[k, j] = margins[min(counts[k, j], len(margins)) - 1]
    return cuts


@pytest.mark.parametrize("name", REAL_DATA)
class TestRealData:
    """cleanlab as it is, on this machine, with its sorts of ties in no order."""

    def test_counts(self, name: str) -> None:
        data = real_data(name)
        problem = data["given_labels"], data["pred_probs"]
        assert_same_thresholds(*problem)
        joint = {"return_indices_of_off_diagonals": True}
        assert_same("count.compute_confident_joint", *problem, **joint)
        assert_same("count.estimate_joint", *problem)
        for method in ("off_diagonal", "off_diagonal_calibrated"):
            assert_same("count.num_label_issues", *problem, estimation_method=method)

    def test_masks(self, name: str) -> None:
        data = real_data(name)
        labels, p = data["given_labels"], data["pred_probs"]
        rows = np.arange(len(labels))
        own = p[rows, labels]
        masks = {f: pair("filter.find_label_issues", labels, p, filter_by=f) for f in FILTERS}
        for filter_by in ("confident_learning", "predicted_neq_given"):
            assert_identical(*masks[filter_by])
        assert_same_mask_up_to_ties(*masks["low_self_confidence"], own)
        margins = cupel.rank.get_normalized_margin_for_each_label(labels, p)
        assert_same_mask_up_to_ties(*masks["low_normalized_margin"], margins)
        ours, theirs = masks["prune_by_class"]
        for k in np.unique(labels[ours != theirs]):  # argmaxes among tied rows are let off later
            assert np.ptp(own[(ours != theirs) & (labels == k)]) == 0
        ours, theirs = masks["prune_by_noise_rate"]
        differ = np.flatnonzero(ours != theirs)
        cuts = joint_cuts(labels, p)[labels[differ]]
        at_a_cut = (p[differ] - own[differ, np.newaxis] == cuts).any(axis=1)
        assert at_a_cut.all()
        if p.dtype == np.float64:  # no ties that matter
            for filter_by in FILTERS:
                assert_identical(*masks[filter_by])

    def test_scores_and_ranking(self, name: str) -> None:
        data = real_data(name)
        labels, p = data["given_labels"], data["pred_probs"]
        entropy = SCORES[2]
        for method in SCORES[:2]:
            assert_same("rank.get_label_quality_scores", labels, p, method=method)
        scores = pair("rank.get_label_quality_scores", labels, p, method=entropy)
        atol = ENTROPY_ATOL if p.dtype == np.float64 else 40 * np.finfo(p.dtype).eps
        np.testing.assert_allclose(*scores, rtol=1e-12, atol=atol)
        for method, filter_by in itertools.product(SCORES[:2], ("confident_learning", "both")):
            if filter_by == "both" and p.dtype != np.float64:
                continue  # which of tied rows are in the mask is up to the sort
            ranked = pair(
                "filter.find_label_issues",
                labels,
                p,
                filter_by=filter_by,
                return_indices_ranked_by=method,
            )
            of_rows = cupel.rank.get_label_quality_scores(labels, p, method=method)
            assert_same_order_up_to_ties(*ranked, of_rows)


@pytest.mark.usefixtures("stable_sorts")
class TestRealDataWithStableSorts:
    """With ties in a defined order, the very same rows in the very same order."""

    @pytest.mark.parametrize("name", REAL_DATA)
    def test_ranked_lists(self, name: str) -> None:
        data = real_data(name)
        problem = data["given_labels"], data["pred_probs"]
        for filter_by in FILTERS:
            assert_same(
                "filter.find_label_issues",
                *problem,
                filter_by=filter_by,
                return_indices_ranked_by=SCORES[0],
            )
