"""The reference against cleanlab 2.9.0: on seeded, on awkward and on real problems."""

from __future__ import annotations

import inspect
import itertools
import warnings
from types import SimpleNamespace
from typing import Any

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
from strategies import (
    LAYOUTS,
    REAL_DATA,
    ensembles,
    joints,
    label_problems,
    make_ensemble,
    make_multilabel_problem,
    make_problem,
    multilabel_problems,
    real_data,
)

cleanlab = SimpleNamespace(
    count=pytest.importorskip("cleanlab.count"),
    filter=pytest.importorskip("cleanlab.filter"),
    rank=pytest.importorskip("cleanlab.rank"),
)

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
PRUNING = ("prune_by_noise_rate", "prune_by_class", "both")
FILTERS = (
    *PRUNING,
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)
SCORES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
PY_METHODS = ("cnt", "eqn", "marginal", "marginal_ps")

# cleanlab sums in the dtype of pred_probs; the reference rounds the exact mean.
THRESHOLD_ULP = 4
# cleanlab computes log(q + 1) / max(q, 1e-6), which loses what 1 + q cannot hold.
ENTROPY_ATOL = float(np.finfo(np.float64).eps) / 1e-6

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


def pair(name: str, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """What a function of the reference returns, and what cleanlab's does."""
    module, function = name.split(".")
    quiet = {
        "find_label_issues": {"n_jobs": 1},
        "get_label_quality_ensemble_scores": {"verbose": False},
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = getattr(getattr(reference, module), function)(*args, **kwargs)
        theirs = getattr(getattr(cleanlab, module), function)(
            *args, **kwargs, **quiet.get(function, {})
        )
    return ours, theirs


def assert_same(name: str, *args: Any, **kwargs: Any) -> None:
    """Both return the same arrays, or tuples of them."""
    ours, theirs = pair(name, *args, **kwargs)
    if not isinstance(theirs, tuple):
        ours, theirs = (ours,), (theirs,)
    for our, their in zip(ours, theirs, strict=True):
        assert_identical(our, their)


def check_thresholds(labels: Any, pred_probs: Any) -> bool:
    """Check that thresholds are nearly the same, and say whether they are the same."""
    ours, theirs = pair("count.get_confident_thresholds", labels, pred_probs)
    assert ours.dtype == theirs.dtype
    dtype = pred_probs.dtype  # where a class is absent, thresholds are float64, rounded to this
    assert_ulp(ours.astype(dtype), theirs.astype(dtype), THRESHOLD_ULP)
    return bool((ours == theirs).all())


def check_counts(labels: Any, pred_probs: Any) -> None:
    for calibrate in (True, False):
        assert_same(
            "count.compute_confident_joint",
            labels,
            pred_probs,
            calibrate=calibrate,
            return_indices_of_off_diagonals=True,
        )
    assert_same("count.estimate_joint", labels, pred_probs)
    for method in ("off_diagonal", "off_diagonal_calibrated"):
        assert_same("count.num_label_issues", labels, pred_probs, estimation_method=method)


def check_latent(name: str, *args: Any, **kwargs: Any) -> None:
    """Both estimates agree, or both fail on a noise matrix that has no inverse."""
    try:
        ours, theirs = pair(name, *args, **kwargs)
    except np.linalg.LinAlgError:
        assert kwargs["py_method"] == "eqn"
        module, function = name.split(".")
        with pytest.raises(np.linalg.LinAlgError):
            getattr(getattr(cleanlab, module), function)(*args, **kwargs)
        return
    for our, their in zip(ours, theirs, strict=True):
        assert our.dtype == their.dtype
        np.testing.assert_allclose(our, their, rtol=1e-10)


def check_filters(labels: Any, pred_probs: Any) -> None:
    for method in FILTERS:
        assert_same("filter.find_label_issues", labels, pred_probs, filter_by=method)
    assert_same("filter.find_predicted_neq_given", labels, pred_probs)


def check_scores(labels: Any, pred_probs: Any) -> None:
    for method in ("self_confidence", "normalized_margin"):
        assert_same("rank.get_label_quality_scores", labels, pred_probs, method=method)
    ours, theirs = pair("rank.get_confidence_weighted_entropy_for_each_label", labels, pred_probs)
    assert theirs.dtype == np.float64
    if pred_probs.dtype == np.float64:
        assert_ulp(ours, theirs, 4, atol=ENTROPY_ATOL)
        unsure = pred_probs.max(axis=1) < 0.9
        assert_ulp(ours[unsure], theirs[unsure], 16)
    else:  # cleanlab sums, and clips the self-confidence, in the dtype of pred_probs
        dtype, clear = pred_probs.dtype, pred_probs[np.arange(len(labels)), labels] > 1e-6
        assert_ulp(ours[clear].astype(dtype), theirs[clear].astype(dtype), 4)


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

    @given(multilabel_problems(both_answers=True))
    def test_multilabel(self, problem):
        thresholds = pair("count.get_confident_thresholds", *problem, multi_label=True)
        assume(np.array_equal(*thresholds))
        check_multilabel(*problem)


def check_multilabel(labels: Any, pred_probs: Any) -> None:
    problem, kwargs = (labels, pred_probs), {"multi_label": True}
    for calibrate in (True, False):
        assert_same("count.compute_confident_joint", *problem, calibrate=calibrate, **kwargs)
    ours, theirs = pair(
        "count.compute_confident_joint", *problem, return_indices_of_off_diagonals=True, **kwargs
    )
    for our, their in zip(ours[1], theirs[1], strict=True):
        assert_identical(our, their)
    assert_same("count.estimate_joint", *problem, **kwargs)
    assert_same("count.num_label_issues", *problem, **kwargs)
    assert_same("filter.find_predicted_neq_given", *problem, **kwargs)
    for method in FILTERS[
        : None if pred_probs.shape[1] > 1 else 5
    ]:  # cleanlab cannot rank one class
        assert_same("filter.find_label_issues", *problem, filter_by=method, **kwargs)


@pytest.mark.usefixtures("stable_sorts")
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
class TestMultilabel:
    def test_all(self, dtype):
        problem = make_multilabel_problem(300, 4, 0, dtype)
        check_multilabel(*problem)
        thresholds = pair("count.get_confident_thresholds", *problem, multi_label=True)
        np.testing.assert_allclose(*thresholds, rtol=THRESHOLD_ULP * np.finfo(dtype).eps)

    @pytest.mark.parametrize("filter_by", FILTERS[:5])
    def test_ranking(self, dtype, filter_by):
        problem = make_multilabel_problem(200, 5, 1, dtype)
        for method in SCORES[:2]:
            assert_same(
                "filter.find_label_issues",
                *problem,
                filter_by=filter_by,
                return_indices_ranked_by=method,
                multi_label=True,
            )

    @pytest.mark.parametrize("filter_by", PRUNING)
    def test_options(self, dtype, filter_by):
        problem = make_multilabel_problem(200, 4, 2, dtype)
        joint = reference.count.compute_confident_joint(*problem, calibrate=False, multi_label=True)
        for options in (
            {"num_to_remove_per_class": [3, 0, 7, 2]},
            {"frac_noise": 0.5, "min_examples_per_class": 80},
            {"confident_joint": joint},
        ):
            assert_same(
                "filter.find_label_issues",
                *problem,
                filter_by=filter_by,
                multi_label=True,
                **options,
            )


class TestEnsembles:
    name = "rank.get_label_quality_ensemble_scores"

    @pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
    @pytest.mark.parametrize("method", SCORES[:2])
    def test_weights(self, dtype, method):
        problem = make_ensemble(300, 4, 3, 0, dtype)
        for options in (
            {"weight_ensemble_members_by": "uniform"},
            {"weight_ensemble_members_by": "accuracy"},
            {"weight_ensemble_members_by": "custom", "custom_weights": [0.5, 0.25, 1.0]},
        ):
            assert_ulp(*pair(self.name, *problem, method=method, **options), 2)

    @pytest.mark.parametrize("method", SCORES)
    def test_log_loss_search(self, method):
        problem = make_ensemble(300, 4, 3, 1)
        for temperatures in ([1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 200.0], [0.5], [3, 2, 1]):
            scores = pair(
                self.name,
                *problem,
                method=method,
                weight_ensemble_members_by="log_loss_search",
                log_loss_search_T_values=temperatures,
            )
            np.testing.assert_allclose(
                *scores, rtol=1e-12, atol=ENTROPY_ATOL * (method == SCORES[2])
            )

    @pytest.mark.parametrize("weights", ["uniform", "accuracy", "log_loss_search"])
    def test_adjusted(self, weights):
        scores = pair(
            self.name,
            *make_ensemble(300, 4, 3, 2),
            adjust_pred_probs=True,
            weight_ensemble_members_by=weights,
        )
        np.testing.assert_allclose(*scores, rtol=1e-12, atol=1e-15)

    @given(ensembles(dtypes=("float64",)), st.sampled_from(["uniform", "accuracy"]))
    def test_awkward(self, problem, weights):
        labels, members = problem
        assume(any((p.argmax(axis=1) == labels).any() for p in members))
        scores = pair(self.name, *problem, weight_ensemble_members_by=weights)
        assert_ulp(*scores, 2, atol=1e-300)


class TestWithThePlatformsSorts:
    """What cleanlab defines without the help of stable sorts."""

    @seeded
    def test_joint(self, problem):
        labels, _ = problem
        ours, theirs = pair("count.compute_confident_joint", *problem)
        raw = reference.count.compute_confident_joint(*problem, calibrate=False)
        sizes = np.bincount(labels, minlength=len(raw))
        scaled = raw / raw.sum(axis=1, keepdims=True) * sizes[:, np.newaxis]
        assert_same_rounding_up_to_ties(ours, theirs, scaled * (len(labels) / scaled.sum()))

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
        problem = make_problem(2000, 6, 13)
        joint = reference.count.compute_confident_joint(*problem)
        kwargs = {"filter_by": filter_by, "confident_joint": joint}
        assert_same("filter.find_label_issues", *problem, **kwargs)
        assert_same(
            "filter.find_label_issues", *problem, **kwargs, return_indices_ranked_by=SCORES[0]
        )


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


class TestDifferences:
    """Where the reference leaves cleanlab on purpose."""

    def test_absent_classes_do_not_warn(self):
        problem = make_problem(200, 4, 0, absent=(2,))
        with pytest.warns(UserWarning, match="too few examples"):
            cleanlab.filter.find_label_issues(*problem, n_jobs=1)
        reference.filter.find_label_issues(*problem)

    def test_small_classes_warn_once(self):
        labels, probs = make_problem(200, 4, 0)
        labels[labels == 2] = 0
        labels[:3] = 2
        with pytest.warns(UserWarning, match=r"classes \[2\]") as caught:
            reference.filter.find_label_issues(
                labels, probs, filter_by="both", min_examples_per_class=3
            )
        assert len(caught) == 1

    def test_means_are_exact(self):
        probs = np.column_stack([np.full(10**4, 0.1), np.full(10**4, 0.9)])
        labels = np.zeros(10**4, dtype=np.int64)
        assert reference.count.get_confident_thresholds(labels, probs)[0] == 0.1

    def test_calibration_does_not_depend_on_layout(self):
        joint, labels = (
            np.array([[24, 2, 6], [5, 25, 4], [4, 6, 23]]),
            np.repeat([0, 1, 2], [40, 46, 42]),
        )
        assert_identical(
            reference.count.calibrate_confident_joint(joint, labels),
            reference.count.calibrate_confident_joint(np.asfortranarray(joint), labels),
        )

    def test_multilabel_keeps_classes_that_nobody_has(self):
        joint = np.ones((3, 2, 2), dtype=np.int64)
        ours, theirs = pair(
            "count.calibrate_confident_joint", joint, [[0], [2], [0, 2]], multi_label=True
        )
        assert len(ours) == 3
        assert len(theirs) == 2

    def test_multilabel_lowest_scores_are_ranked_by_the_score_asked_for(self):
        problem = make_multilabel_problem(200, 5, 3)
        kwargs = {"filter_by": "low_self_confidence", "multi_label": True}
        ours, theirs = pair(
            "filter.find_label_issues", *problem, **kwargs, return_indices_ranked_by=SCORES[0]
        )
        assert_identical(np.sort(ours), np.sort(theirs))
        scores = reference.rank.multilabel_quality_scores(*problem, SCORES[0])
        assert (np.diff(scores[ours]) >= 0).all()
        assert not (np.diff(scores[theirs]) >= 0).all()

    def test_entropy_of_nearly_certain_rows_keeps_its_digits(self):
        labels, probs = np.array([0, 0]), np.array([[1 - 1e-15, 1e-15], [1.0, 1e-18]])
        ours, theirs = pair("rank.get_confidence_weighted_entropy_for_each_label", labels, probs)
        assert ours[1] > 0
        assert theirs[1] == 0

    def test_one_class_in_the_labels_is_enough(self):
        labels, probs = np.ones(5, dtype=np.int64), np.full((5, 2), 0.5)
        for method in FILTERS:
            assert not reference.filter.find_label_issues(labels, probs, filter_by=method)[1:].any()

    def test_paper_rule_for_collisions(self):
        labels = np.array([0, 0, 1, 1, 2, 2])
        probs = np.array(
            [
                [0.1, 0.3, 0.6],
                [0.3, 0.3, 0.4],
                [0.0, 0.2, 0.8],
                [0.0, 0.2, 0.8],
                [0.0, 0.0, 1.0],
                [0.0, 0.1, 0.9],
            ]
        )
        by_argmax = reference.count.compute_confident_joint(labels, probs, calibrate=False)
        by_paper = reference.count.compute_confident_joint(
            labels, probs, calibrate=False, collision="confident"
        )
        assert by_argmax[0].tolist() == [1, 1, 1] or by_argmax[0, 2] == 1
        assert by_paper[0, 2] == 0
