"""Where the reference leaves cleanlab 2.9.0 on purpose. Each test shows both sides."""

from __future__ import annotations

import numpy as np
import pytest

from compare import assert_identical
from cupel import reference
from differential.versus import SCORES, cleanlab, pair
from strategies import make_multilabel_problem, make_problem


def test_absent_classes_do_not_warn():
    problem = make_problem(200, 4, 0, absent=(2,))
    with pytest.warns(UserWarning, match="too few examples"):
        cleanlab.filter.find_label_issues(*problem, n_jobs=1)
    reference.filter.find_label_issues(*problem)


def test_small_classes_warn_once():
    labels, probs = make_problem(200, 4, 0)
    labels[labels == 2] = 0
    labels[:3] = 2
    kwargs = {"filter_by": "both", "min_examples_per_class": 3}
    with pytest.warns(UserWarning, match="class: 2") as theirs:
        cleanlab.filter.find_label_issues(labels, probs, n_jobs=1, **kwargs)
    with pytest.warns(UserWarning, match=r"classes \[2\]") as ours:
        reference.filter.find_label_issues(labels, probs, **kwargs)
    assert (len(ours), len(theirs)) == (1, 2)


def test_thresholds_are_exact_means():
    labels = np.zeros(10**4, dtype=np.int64)
    probs = np.tile(np.array([[0.1, 0.9]], dtype=np.float32), (10**4, 1))
    ours, theirs = pair("count.get_confident_thresholds", labels, probs)
    assert ours[0] == np.float32(0.1)
    assert theirs[0] == pytest.approx(0.1)


def test_calibration_does_not_depend_on_the_layout_of_the_joint():
    calibrate = reference.count.calibrate_confident_joint
    joint = np.array([[24, 2, 6], [5, 25, 4], [4, 6, 23]])
    labels = np.repeat([0, 1, 2], [40, 46, 42])
    assert_identical(calibrate(joint, labels), calibrate(np.asfortranarray(joint), labels))


def test_one_class_in_the_labels_is_enough():
    labels, probs = np.array([1, 1, 1]), np.array([[0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
    with pytest.raises(ValueError, match="at least 2 classes"):
        cleanlab.filter.find_predicted_neq_given(labels, probs)
    assert reference.filter.find_predicted_neq_given(labels, probs).tolist() == [False, True, False]


def test_a_class_neither_given_nor_predicted_has_an_empty_row_of_the_confusion_matrix():
    labels, probs = np.array([0, 0, 2, 2, 2]), np.eye(3)[[0, 2, 2, 2, 0]]
    with pytest.raises(IndexError):
        cleanlab.filter.find_label_issues_using_argmax_confusion_matrix(labels, probs)
    mask = reference.filter.find_label_issues_using_argmax_confusion_matrix(labels, probs)
    assert mask.tolist() == [False, True, False, False, True]


def test_multilabel_calibration_keeps_classes_that_no_example_has():
    joint = np.ones((3, 2, 2), dtype=np.int64)
    labels = [[0], [2], [0, 2]]
    ours, theirs = pair("count.calibrate_confident_joint", joint, labels, multi_label=True)
    assert (len(ours), len(theirs)) == (3, 2)


def test_multilabel_lowest_scores_are_ranked_by_the_score_asked_for():
    problem = make_multilabel_problem(200, 5, 3)
    ours, theirs = pair(
        "filter.find_label_issues",
        *problem,
        filter_by="low_self_confidence",
        multi_label=True,
        return_indices_ranked_by=SCORES[0],
    )
    scores = reference.rank.multilabel_quality_scores(*problem, SCORES[0])
    assert_identical(np.sort(ours), np.sort(theirs))
    assert (np.diff(scores[ours]) >= 0).all()
    assert not (np.diff(scores[theirs]) >= 0).all()


def test_entropy_depends_on_the_values_and_not_on_the_dtype():
    labels, probs = np.array([0]), np.array([[0.0, 0.5]], dtype=np.float16)
    name = "rank.get_confidence_weighted_entropy_for_each_label"
    (ours, theirs), (ours64, _) = pair(name, labels, probs), pair(name, labels, probs.astype(float))
    assert_identical(ours, ours64)
    assert theirs[0] == pytest.approx(ours[0], rel=0.02)
    assert theirs[0] != pytest.approx(ours[0], rel=1e-4)


def test_margin_and_entropy_need_two_classes():
    labels, probs = np.array([0, 0]), np.ones((2, 1))
    for method in SCORES[1:]:
        with pytest.raises(ValueError, match="at least two"):
            reference.rank.get_label_quality_scores(labels, probs, method=method)


def test_adjusting_a_row_of_zeros_gives_zero():
    labels, probs = np.array([0, 1]), np.zeros((2, 2))
    kwargs = {"adjust_pred_probs": True}
    assert reference.rank.get_label_quality_scores(labels, probs, **kwargs).tolist() == [0, 0]
    with pytest.warns(RuntimeWarning, match="invalid value"):
        assert np.isnan(cleanlab.rank.get_label_quality_scores(labels, probs, **kwargs)).all()


def test_ensemble_without_a_right_prediction_has_no_accuracy_weights():
    labels, members = np.array([1, 0]), [np.eye(2), np.eye(2)]
    with pytest.raises(ValueError, match="no member predicts"):
        reference.rank.get_label_quality_ensemble_scores(labels, members)
    with pytest.warns(RuntimeWarning, match="invalid value"):
        scores = cleanlab.rank.get_label_quality_ensemble_scores(labels, members, verbose=False)
    assert np.isnan(scores).all()


def test_log_loss_search_survives_underflow_and_absent_classes():
    labels = np.array([0, 1])
    members = [np.array([[0.6, 0.4, 0.0], [0.4, 0.6, 0.0]]), np.array([[0.2, 0.8, 0.0]] * 2)]
    scores = reference.rank.get_label_quality_ensemble_scores(
        labels,
        members,
        weight_ensemble_members_by="log_loss_search",
        log_loss_search_T_values=[1e6],
    )
    np.testing.assert_allclose(scores, [0.6, 0.6], rtol=1e-15)


def test_papers_rule_for_collisions():
    labels = np.array([0, 0, 1, 2])
    # Thresholds 0.2, 0.2, 0.9: row 1 reaches the first two, and its argmax is the third class.
    probs = np.array([[0.1, 0.3, 0.6], [0.3, 0.3, 0.4], [0.0, 0.2, 0.8], [0.0, 0.1, 0.9]])
    name = "count.compute_confident_joint"
    ours, theirs = pair(name, labels, probs, calibrate=False)
    assert_identical(ours, theirs)
    assert ours[0].tolist() == [1, 1, 1]
    joint = reference.count.compute_confident_joint(
        labels, probs, calibrate=False, collision="confident"
    )
    assert joint[0].tolist() == [1, 1, 0]
