"""The reference against cleanlab 2.9.0: multi-label problems and ensembles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from compare import assert_identical, assert_ulp
from cupel import reference
from differential.versus import (
    ENTROPY_ATOL,
    FILTERS,
    PRUNING,
    SCORES,
    THRESHOLD_ULP,
    assert_same,
    pair,
)
from strategies import ensembles, make_ensemble, make_multilabel_problem, multilabel_problems


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
class TestAwkwardMultilabel:
    @given(multilabel_problems(both_answers=True))
    def test_multilabel(self, problem):
        thresholds = pair("count.get_confident_thresholds", *problem, multi_label=True)
        assume(np.array_equal(*thresholds))
        check_multilabel(*problem)


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
