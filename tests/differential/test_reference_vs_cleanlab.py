"""The reference against cleanlab 2.9.0: on seeded, on awkward and on real problems."""

from __future__ import annotations

import inspect
import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from compare import (
    assert_identical,
    assert_same_mask_up_to_ties,
    assert_same_order_up_to_ties,
    assert_same_rounding_up_to_ties,
    assert_ulp,
)
from cupel import reference
from differential.versus import (
    ENTROPY_ATOL,
    FILTERS,
    PRUNING,
    PY_METHODS,
    SCORES,
    assert_same,
    check_counts,
    check_filters,
    check_latent,
    check_scores,
    check_thresholds,
    cleanlab,
    pair,
)
from strategies import LAYOUTS, REAL_DATA, joints, label_problems, make_problem, real_data

FUNCTIONS = (
    "count.get_confident_thresholds",
    "count.compute_confident_joint",
    "count.calibrate_confident_joint",
    "count.estimate_joint",
    "count.estimate_latent",
    "count.estimate_py_and_noise_matrices_from_probabilities",
    "count.num_label_issues",
    "filter.find_label_issues",
    "filter.find_predicted_neq_given",
    "filter.find_label_issues_using_argmax_confusion_matrix",
    "rank.get_label_quality_scores",
    "rank.get_self_confidence_for_each_label",
    "rank.get_normalized_margin_for_each_label",
    "rank.get_confidence_weighted_entropy_for_each_label",
    "rank.get_label_quality_ensemble_scores",
    "rank.find_top_issues",
    "rank.order_label_issues",
)
SEEDED = {
    "two classes": make_problem(200, 2, 0),
    "float64": make_problem(1000, 5, 1),
    "float32": make_problem(1000, 5, 2, "float32"),
    "float16": make_problem(1000, 5, 3, "float16"),
    "many classes": make_problem(1500, 30, 4, noise=0.4),
    "few examples": make_problem(40, 12, 5, noise=0.5),
    "absent classes": make_problem(400, 6, 6, absent=(0, 3)),
    "absent classes, float32": make_problem(400, 6, 7, "float32", absent=(5,)),
    "absent classes, float16": make_problem(400, 6, 8, "float16", absent=(1, 5)),
    "no noise": make_problem(300, 4, 9, noise=0.0),
    "ties": make_problem(600, 4, 10, levels=10),
    "ties, float32": make_problem(600, 4, 11, "float32", levels=8),
    "ties, float16": make_problem(600, 8, 12, "float16", levels=20, noise=0.5),
}
seeded = pytest.mark.parametrize("problem", SEEDED.values(), ids=SEEDED)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signature(name):
    module, function = name.split(".")
    theirs = inspect.signature(getattr(getattr(cleanlab, module), function)).parameters
    ours = inspect.signature(getattr(getattr(reference, module), function)).parameters
    left_out = {"n_jobs", "verbose"}
    assert [p for p in ours if p != "collision"] == [p for p in theirs if p not in left_out]
    for parameter in set(ours) & set(theirs):
        ours_is, theirs_is = ours[parameter], theirs[parameter]
        assert ours_is.kind == theirs_is.kind, parameter
        if theirs_is.default == {}:
            assert ours_is.default is None, parameter
        elif isinstance(theirs_is.default, list):
            assert list(ours_is.default) == theirs_is.default, parameter
        else:
            assert ours_is.default == theirs_is.default, parameter


@pytest.mark.usefixtures("stable_sorts")
class TestSeeded:
    @seeded
    def test_thresholds(self, problem):
        check_thresholds(*problem)

    @seeded
    def test_counts(self, problem):
        check_counts(*problem)

    @seeded
    def test_given_thresholds_and_joint(self, problem):
        labels, probs = problem
        rng_free = np.linspace(0.2, 0.8, probs.shape[1])
        for given_thresholds in (rng_free, rng_free.tolist()):
            assert_same("count.compute_confident_joint", labels, probs, thresholds=given_thresholds)
        joint = np.asfortranarray(
            reference.count.compute_confident_joint(*problem, calibrate=False)
        )
        assert_same("count.estimate_joint", *problem, confident_joint=joint)
        assert_same(
            "count.num_label_issues",
            *problem,
            confident_joint=joint,
            estimation_method="off_diagonal_custom",
        )
        for method in FILTERS:
            kwargs = {"filter_by": method, "confident_joint": joint}
            assert_same("filter.find_label_issues", *problem, **kwargs)

    @seeded
    def test_filters(self, problem):
        check_filters(*problem)

    @seeded
    @pytest.mark.parametrize("filter_by", PRUNING)
    def test_pruning_options(self, problem, filter_by):
        for frac_noise, least in itertools.product((1.0, 0.7, 0.5, 0.0), (0, 1, 5, 60)):
            assert_same(
                "filter.find_label_issues",
                *problem,
                filter_by=filter_by,
                frac_noise=frac_noise,
                min_examples_per_class=least,
            )

    @seeded
    @pytest.mark.parametrize("filter_by", PRUNING)
    def test_numbers_to_remove(self, problem, filter_by):
        labels, probs = problem
        sizes = np.bincount(labels, minlength=probs.shape[1])
        for numbers in (np.minimum(sizes, 3), sizes // 7, np.arange(len(sizes)) % 4 * (sizes > 3)):
            for frac_noise in (1.0, 0.6):
                assert_same(
                    "filter.find_label_issues",
                    *problem,
                    filter_by=filter_by,
                    num_to_remove_per_class=numbers.tolist(),
                    frac_noise=frac_noise,
                )

    @pytest.mark.parametrize("seed", [1, 4, 23])
    def test_fractions_that_only_the_order_of_a_sum_decides(self, seed):
        assert_same(
            "filter.find_label_issues",
            *make_problem(500, 15, seed, noise=0.6),
            filter_by="prune_by_class",
            frac_noise=0.3,
            min_examples_per_class=3,
        )

    @pytest.mark.parametrize(("n", "k", "seed"), [(100, 3, 84), (300, 12, 265)])
    def test_numbers_that_only_the_order_of_a_product_decides(self, n, k, seed):
        labels, probs = make_problem(n, k, seed, noise=0.6)
        numbers = (np.bincount(labels, minlength=k) // 6).tolist()
        name = "filter.find_label_issues"
        assert_same(name, labels, probs, num_to_remove_per_class=numbers)

    @seeded
    def test_argmax_confusion_matrix(self, problem):
        labels, probs = problem
        if len({*labels, *probs.argmax(axis=1)}) < probs.shape[1]:
            pytest.skip("cleanlab needs every class to be given or predicted")
        for filter_by, calibrate in itertools.product(FILTERS, (True, False)):
            assert_same(
                "filter.find_label_issues_using_argmax_confusion_matrix",
                *problem,
                filter_by=filter_by,
                calibrate=calibrate,
            )

    @seeded
    def test_scores(self, problem):
        check_scores(*problem)

    @seeded
    @pytest.mark.parametrize("method", SCORES[:2])
    def test_adjusted_scores(self, problem, method):
        name = "rank.get_label_quality_scores"
        ours, theirs = pair(name, *problem, method=method, adjust_pred_probs=True)
        # Thresholds differ in the last digits, and subtracting them cancels the others.
        assert_ulp(ours, theirs, 4, atol=8 * np.finfo(problem[1].dtype).eps)

    @seeded
    @pytest.mark.parametrize("method", SCORES[:2])
    def test_ranking(self, problem, method):
        assert_same("filter.find_label_issues", *problem, return_indices_ranked_by=method)
        mask = np.arange(len(problem[0])) % 3 == 0
        assert_same("rank.order_label_issues", mask, *problem, rank_by=method)

    @seeded
    def test_ranking_by_entropy(self, problem):
        method = SCORES[2]
        ours, theirs = pair("filter.find_label_issues", *problem, return_indices_ranked_by=method)
        assert_identical(np.sort(ours), np.sort(theirs))
        scores = cleanlab.rank.get_label_quality_scores(*problem, method=method)
        tolerance = max(ENTROPY_ATOL, 8 * np.finfo(problem[1].dtype).eps)
        np.testing.assert_allclose(scores[ours], scores[theirs], rtol=0, atol=tolerance)

    @seeded
    def test_latent(self, problem):
        name = "count.estimate_py_and_noise_matrices_from_probabilities"
        for method, converge, calibrate in itertools.product(
            PY_METHODS, (True, False), (True, False)
        ):
            check_latent(
                name,
                *problem,
                py_method=method,
                converge_latent_estimates=converge,
                calibrate=calibrate,
            )


@pytest.mark.usefixtures("stable_sorts")
class TestAwkward:
    @given(label_problems(min_rows=2, min_classes=2, layouts=tuple(LAYOUTS)[:-1]))
    def test_problems(self, problem):
        assume(len(np.unique(problem[0])) > 1)
        assume(check_thresholds(*problem))
        check_counts(*problem)
        check_filters(*problem)

    @given(label_problems(min_rows=2, min_classes=2, layouts=("c",), dtypes=("float64",)))
    def test_scores(self, problem):
        check_scores(*problem)

    @given(joints())
    def test_calibration(self, problem):
        joint, labels = problem
        # The layout of the joints that cleanlab makes; for others it adds up in another order.
        assert_same("count.calibrate_confident_joint", np.asfortranarray(joint), labels)

    @given(joints(), st.sampled_from(PY_METHODS), st.booleans())
    def test_latent(self, problem, method, converge):
        kwargs = {"py_method": method, "converge_latent_estimates": converge}
        check_latent("count.estimate_latent", *problem, **kwargs)


class TestWithThePlatformsSorts:
    """cleanlab as it is on this machine: joints are the same, rankings up to the order of ties."""

    @seeded
    def test_counts(self, problem):
        check_counts(*problem)

    @seeded
    def test_joint_is_a_stable_one_up_to_ties(self, problem):
        labels, _ = problem
        _, theirs = pair("count.compute_confident_joint", *problem)
        raw = reference.count.compute_confident_joint(*problem, calibrate=False)
        sizes = np.bincount(labels, minlength=len(raw))
        scaled = raw / raw.sum(axis=1, keepdims=True) * sizes[:, np.newaxis]
        scaled *= len(labels) / scaled.sum()
        stable = reference.count.round_preserving_row_totals(scaled, kind="stable")
        assert_same_rounding_up_to_ties(stable, theirs, scaled)

    @seeded
    @pytest.mark.parametrize("method", SCORES[:2])
    def test_lowest_scores(self, problem, method):
        ours, theirs = pair("filter.find_label_issues", *problem, filter_by=f"low_{method}")
        scores = reference.rank.get_label_quality_scores(*problem, method=method)
        assert_same_mask_up_to_ties(ours, theirs, scores)
        for top in (10, 100, None):
            lists = pair("rank.find_top_issues", scores, top=top)
            assert_same_order_up_to_ties(*lists, scores)
        mask = np.arange(len(scores)) % 2 == 0
        lists = pair("rank.order_label_issues", mask, *problem, rank_by=method)
        assert_same_order_up_to_ties(*lists, scores)

    @pytest.mark.parametrize("filter_by", FILTERS)
    def test_filters_without_ties(self, filter_by):
        problem, kwargs = make_problem(2000, 6, 13), {"filter_by": filter_by}
        for method in (None, *SCORES):
            kwargs["return_indices_ranked_by"] = method
            assert_same("filter.find_label_issues", *problem, **kwargs)


@pytest.mark.usefixtures("stable_sorts")
@pytest.mark.parametrize("name", REAL_DATA)
def test_real_data(name):
    data = real_data(name)
    problem = data["given_labels"], data["pred_probs"]
    assert check_thresholds(*problem)
    check_counts(*problem)
    check_filters(*problem)
    check_scores(*problem)
    assert_same("filter.find_label_issues", *problem, return_indices_ranked_by=SCORES[0])
    latent = pair("count.estimate_py_and_noise_matrices_from_probabilities", *problem)
    for our, their in zip(*latent, strict=True):
        np.testing.assert_allclose(our, their, rtol=1e-10)
