"""Labels by several annotators: what is refused, what is said, and the edges."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

pd = pytest.importorskip("pandas")

from cupel import multiannotator
from cupel.multiannotator import (
    convert_long_to_wide_dataset,
    get_active_learning_scores,
    get_active_learning_scores_ensemble,
    get_label_quality_multiannotator,
    get_label_quality_multiannotator_ensemble,
    get_majority_vote_label,
)
from multiannotator_data import make_annotated, make_unlabeled

LABELS, MODELS = make_annotated(0, rows=12, annotators=4, classes=3, models=2)
PROBS = MODELS[0]
NAN = np.nan


def changed(row: int, column: int, value: Any) -> Any:
    labels = LABELS.astype(object) if isinstance(value, str) else LABELS.copy()
    labels[row, column] = value
    return labels


BAD_LABELS: dict[str, tuple[Any, str]] = {
    "a list": (LABELS.tolist(), "must be a NumPy array or a pandas DataFrame, got list"),
    "a vector": (LABELS[:, 0], r"must have shape \(examples, annotators\), got \(12,\)"),
    "text": (changed(3, 1, "cat"), r"\[3, 1\] is 'cat', expected a class index"),
    "text in a frame": (pd.DataFrame(changed(3, 1, "cat")), r"\[3, 1\] is 'cat'"),
    "all text": (LABELS.astype(str), "must hold class indices, got text"),
    "dates": (LABELS.astype("datetime64[s]"), "must hold class indices, got dtype datetime64"),
    "negative": (changed(3, 1, -1.0), r"\[3, 1\] is -1, expected a class, a whole number in"),
    "half": (changed(3, 1, 0.5), r"\[3, 1\] is 0.5, expected a class"),
    "infinite": (changed(3, 1, np.inf), r"\[3, 1\] is inf, expected a class"),
    "huge": (changed(3, 1, 2.0**24), r"\[3, 1\] is 16777216, expected a class"),
    "no label in a row": (np.vstack([LABELS[:-1], [[NAN] * 4]]), r"no label in rows \[11\]"),
    "no label in a column": (np.column_stack([LABELS[:, :3], [NAN] * 12]), r"annotators \[3\]"),
    "no label by a name": (
        pd.DataFrame({"x": LABELS[:, 0] * 0 + 1, "y": NAN}).fillna({"x": 0}),
        r"annotators \[y\]; drop their columns",
    ),
    "no rows": (LABELS[:0], "has no rows"),
    "one label each": (np.where(np.eye(12, 4) == 1, 0.0, NAN)[:4], "a single label for each"),
    "one annotator": (np.zeros((12, 1)), "a single label for each example"),
    "too large a class": (changed(3, 1, 7.0), "3 columns, but labels_multiannotator holds class 7"),
    "other rows": (LABELS[:5].copy(), "is for 12 examples, labels_multiannotator has 5"),
}


def quality_of(ensemble: bool, labels: Any) -> Any:
    if ensemble:
        return get_label_quality_multiannotator_ensemble(labels, MODELS)
    return get_label_quality_multiannotator(labels, PROBS)


@pytest.mark.parametrize("kind", BAD_LABELS)
@pytest.mark.parametrize("ensemble", [False, True])
def test_bad_labels(kind, ensemble):
    labels, message = BAD_LABELS[kind]
    if kind == "other rows":
        labels = make_annotated(0, rows=5, annotators=4, classes=3)[0]
    with pytest.raises(ValueError, match=message):
        quality_of(ensemble, labels)


@pytest.mark.parametrize("kind", set(BAD_LABELS) - {"one label each", "one annotator"})
def test_bad_labels_elsewhere(kind):
    labels, message = BAD_LABELS[kind]
    if kind == "other rows":
        labels = make_annotated(0, rows=5, annotators=4, classes=3)[0]
    with pytest.raises(ValueError, match=message):
        get_active_learning_scores(labels, PROBS)
    with pytest.raises(ValueError, match=message):
        get_majority_vote_label(labels, PROBS)


BAD_PROBS: dict[str, tuple[Any, type[Exception], str]] = {
    "a list": (PROBS.tolist(), TypeError, "must be a NumPy array, got list"),
    "a frame": (pd.DataFrame(PROBS), TypeError, "must be a NumPy array, got DataFrame"),
    "none": (None, ValueError, "pred_probs is None, expected an array"),
    "a vector": (PROBS[:, 0], ValueError, r"must have shape \(examples, classes\), got \(12,\)"),
    "several": (MODELS, ValueError, "for several models use .*_ensemble"),
    "short": (PROBS[:5], ValueError, "is for 5 examples, labels_multiannotator has 12"),
    "narrow": (PROBS[:, :2], ValueError, "has 2 columns, but labels_multiannotator holds class 2"),
    "nan": (np.where(PROBS[4, 1] == PROBS, NAN, PROBS), ValueError, r"pred_probs\[4, 1\] is nan"),
    "above 1": (PROBS + 1, ValueError, r"pred_probs\[0, 0\] is"),
    "text": (PROBS.astype(str), TypeError, "pred_probs must hold float"),
}


@pytest.mark.parametrize("kind", BAD_PROBS)
def test_bad_probabilities(kind):
    probs, error, message = BAD_PROBS[kind]
    with pytest.raises(error, match=message):
        get_label_quality_multiannotator(LABELS, probs)
    if probs is not None:
        with pytest.raises(error, match=message):
            get_majority_vote_label(LABELS, probs)
        with pytest.raises(error, match=message):
            get_active_learning_scores(LABELS, probs)


def test_bad_probabilities_of_several_models():
    with pytest.raises(ValueError, match=r"for one model use get_label_quality_multiannotator$"):
        get_label_quality_multiannotator_ensemble(LABELS, PROBS)
    with pytest.raises(ValueError, match=r"for one model use get_active_learning_scores$"):
        get_active_learning_scores_ensemble(LABELS, PROBS)
    with pytest.raises(TypeError, match="must be a NumPy array, got list"):
        get_label_quality_multiannotator_ensemble(LABELS, [PROBS, PROBS])
    with pytest.raises(ValueError, match="holds no model"):
        get_label_quality_multiannotator_ensemble(LABELS, MODELS[:0])
    bad = MODELS.copy()
    bad[1, 5, 2] = NAN
    with pytest.raises(ValueError, match=r"pred_probs\[1\]\[5, 2\] is nan"):
        get_label_quality_multiannotator_ensemble(LABELS, bad)


def test_bad_options():
    quality = get_label_quality_multiannotator
    with pytest.raises(ValueError, match="consensus_method must be one of"):
        quality(LABELS, PROBS, consensus_method="median")
    with pytest.raises(ValueError, match="consensus_method is empty"):
        quality(LABELS, PROBS, consensus_method=[])
    with pytest.raises(ValueError, match="quality_method must be one of"):
        quality(LABELS, PROBS, quality_method="lab")
    with pytest.raises(ValueError, match="return_weights needs quality_method='crowdlab'"):
        quality(LABELS, PROBS, quality_method="agreement", return_weights=True)
    with pytest.raises(TypeError, match="label_quality_score_kwargs has 'x'"):
        quality(LABELS, PROBS, label_quality_score_kwargs={"x": 1})
    with pytest.raises(ValueError, match="method must be one of"):
        quality(LABELS, PROBS, label_quality_score_kwargs={"method": "x"})
    with pytest.raises(ValueError, match="adjust_pred_probs is not possible"):
        quality(
            LABELS,
            PROBS,
            label_quality_score_kwargs={
                "method": "confidence_weighted_entropy",
                "adjust_pred_probs": True,
            },
        )
    with pytest.raises(ValueError, match="label_shares must be one of 'packed', 'by_class'"):
        quality(LABELS, PROBS, label_shares="sorted")


def test_active_learning_needs_something():
    unlabeled = make_unlabeled(0, rows=3, classes=3, models=2)
    for function in (get_active_learning_scores, get_active_learning_scores_ensemble):
        with pytest.raises(ValueError, match="pass pred_probs with labels_multiannotator"):
            function(LABELS)
    with pytest.raises(ValueError, match="pred_probs needs labels_multiannotator"):
        get_active_learning_scores(None, PROBS)
    with pytest.raises(ValueError, match="has 3 classes, pred_probs_unlabeled has 2"):
        get_active_learning_scores(LABELS, PROBS, unlabeled[0, :, :2])
    with pytest.raises(ValueError, match="has 2 models, pred_probs_unlabeled has 1"):
        get_active_learning_scores_ensemble(LABELS, MODELS, unlabeled[:1])
    with pytest.raises(ValueError, match=r"pred_probs_unlabeled\[1, 2\] is nan"):
        get_active_learning_scores(None, None, np.array([[0.5, 0.2, 0.3], [0.5, 0.5, NAN]]))
    labeled, none = get_active_learning_scores(LABELS, PROBS, unlabeled[0, :0])
    assert labeled.shape == (12,)
    assert none.shape == (0,)


def arguments() -> list[Any]:
    labels, models = make_annotated(4, rows=30, models=2)
    return [pd.DataFrame(labels), models, make_unlabeled(4, rows=9, classes=4, models=2)]


def test_arguments_are_not_changed():
    """cleanlab calibrates an ensemble's pred_probs in place."""
    args, before = arguments(), arguments()
    for array in args[1:]:
        array.flags.writeable = False
    get_label_quality_multiannotator_ensemble(args[0], args[1], calibrate_probs=True)
    get_active_learning_scores_ensemble(*args)
    get_label_quality_multiannotator(args[0], args[1][0], calibrate_probs=True)
    get_active_learning_scores(args[0], args[1][0], args[2][0])
    pd.testing.assert_frame_equal(args[0], before[0])
    for array, original in zip(args[1:], before[1:], strict=True):
        np.testing.assert_array_equal(array, original)


def test_layouts():
    labels, models = make_annotated(4, rows=30)
    expected = get_label_quality_multiannotator(labels, models[0])
    wide = np.repeat(labels, 2, axis=1)[:, ::2]
    for same in (np.asfortranarray(labels), wide, labels.astype(">f8"), pd.DataFrame(labels)):
        found = get_label_quality_multiannotator(same, models[0])
        for name, frame in expected.items():
            pd.testing.assert_frame_equal(found[name], frame)


def test_an_ensemble_of_one_is_the_model():
    labels, models = make_annotated(4, rows=30)
    unlabeled = make_unlabeled(4, rows=9, classes=4)
    one = get_active_learning_scores(labels, models[0], unlabeled[0])
    ensemble = get_active_learning_scores_ensemble(labels, models, unlabeled)
    np.testing.assert_allclose(one[0], ensemble[0])
    np.testing.assert_allclose(one[1], ensemble[1])


def test_scores_of_an_ensemble():
    """cleanlab raises TypeError for any label_quality_score_kwargs here."""
    labels, models = make_annotated(4, rows=30)
    kwargs = {"method": "normalized_margin"}
    one = get_label_quality_multiannotator(labels, models[0], label_quality_score_kwargs=kwargs)
    ensemble = get_label_quality_multiannotator_ensemble(
        labels, models, label_quality_score_kwargs=kwargs
    )
    for name, frame in one.items():
        pd.testing.assert_frame_equal(ensemble[name], frame)


def test_shares_by_class():
    """Three annotators agree on class 2, where cleanlab's layout sees class 0."""
    labels = np.array([[2.0, 2, 2], [0, 0, 0], [0, 1, 0], [2, 2, 1]])
    probs = np.full((4, 3), 1 / 3)

    def consensus(label_shares: str) -> list[int]:
        found = get_label_quality_multiannotator(
            labels, probs, quality_method="agreement", label_shares=label_shares, verbose=False
        )
        return list(found["label_quality"]["consensus_label"])

    assert consensus("by_class") == [2, 0, 0, 2]
    assert consensus("packed") == [0, 0, 0, 1]


def test_calibration_by_class_finds_the_temperature():
    labels, models = make_annotated(
        0, rows=3000, annotators=4, density=1.0, classes=2, accuracy=1.0
    )
    certain, _ = get_active_learning_scores(labels, models[0], label_shares="by_class")
    packed, _ = get_active_learning_scores(labels, models[0])
    assert certain.mean() > packed.mean()


def test_last_resort_is_the_global_generator():
    labels = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    votes = []
    for _ in range(2):
        np.random.seed(3)  # noqa: NPY002 - the generator of cleanlab's users
        with pytest.warns(UserWarning, match=r"rows \[0, 1, 2\] is drawn at random") as caught:
            votes.append(get_majority_vote_label(labels, verbose=False).tolist())
        assert caught[0].filename == __file__
    assert votes[0] == votes[1]


def test_warning_where_no_one_agrees():
    labels = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 2.0]])
    for call in (
        lambda: get_label_quality_multiannotator(labels, PROBS[:3]),
        lambda: get_label_quality_multiannotator_ensemble(labels, MODELS[:, :3]),
        lambda: get_active_learning_scores(labels, PROBS[:3]),
        lambda: get_majority_vote_label(labels, PROBS[:3]),
    ):
        with pytest.warns(UserWarning, match="no two annotators agree") as caught:
            call()
        assert caught[0].filename == __file__


def test_prints(capsys):
    labels = np.array([[0, 1, NAN], [0, 0, NAN], [1, 1, NAN], [NAN, NAN, 2]])
    probs = np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.4, 0.5, 0.1]])
    get_label_quality_multiannotator(labels, probs, verbose=False)
    get_majority_vote_label(labels, probs, verbose=False)
    assert capsys.readouterr().out == ""
    get_label_quality_multiannotator(pd.DataFrame(labels, columns=list("xyz")), probs)
    assert "Annotators ['z'] share no example with others" in capsys.readouterr().out
    seldom = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    get_majority_vote_label(seldom, probs)
    assert "Classes given but not in the consensus: [2]" in capsys.readouterr().out


def test_one_class_and_one_row():
    found = get_label_quality_multiannotator(
        np.zeros((5, 3)), np.ones((5, 1)), calibrate_probs=True, return_weights=True
    )
    assert found["label_quality"]["consensus_quality_score"].tolist() == [1.0] * 5
    labeled, unlabeled = get_active_learning_scores(
        np.zeros((5, 3)), np.ones((5, 1)), np.ones((2, 1))
    )
    assert labeled.tolist() == [1.0] * 5
    assert unlabeled.tolist() == [1.0] * 2
    row = get_label_quality_multiannotator(LABELS[:1, :2] * 0 + 1, PROBS[:1], verbose=False)
    assert row["label_quality"].shape == (1, 4)


def test_quiet_vote_takes_idle_annotators_and_single_labels():
    labels = np.array([[1.0, NAN, NAN], [NAN, 0.0, NAN]])
    assert get_majority_vote_label(labels, verbose=False).tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"no label in rows \[1\]"):
        get_majority_vote_label(np.array([[1.0, 1.0], [NAN, NAN]]), verbose=False)


def test_without_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"get_label_quality_multiannotator needs pandas: pip"):
        get_label_quality_multiannotator(LABELS, PROBS)
    with pytest.raises(ImportError, match=r"convert_long_to_wide_dataset needs pandas: pip"):
        convert_long_to_wide_dataset(None)
    assert get_majority_vote_label(LABELS, PROBS).shape == (12,)
    assert get_active_learning_scores(LABELS, PROBS)[0].shape == (12,)


def test_long_to_wide():
    long = pd.DataFrame({"task": [5, 5, 2], "annotator": ["b", "a", "b"], "label": [0, 1, 1]})
    wide = convert_long_to_wide_dataset(long)
    assert wide.index.tolist() == [2, 5]
    assert wide.columns.tolist() == ["a", "b"]
    assert wide.loc[5].tolist() == [1.0, 0.0]
    with pytest.raises(KeyError, match="no column 'label'"):
        convert_long_to_wide_dataset(long[["task", "annotator"]])
    with pytest.raises(TypeError, match=r"must be a pandas.DataFrame"):
        convert_long_to_wide_dataset([1])


def test_all_is_public():
    assert set(multiannotator.__all__) == {
        name for name in vars(multiannotator) if name.startswith(("get_", "convert_"))
    }
