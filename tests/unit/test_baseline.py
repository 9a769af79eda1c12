"""The model that is trained for people who have none."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("pandas")

from baseline_data import changed, mixed, shapes, texts
from cupel.baseline import fit_baseline
from cupel.rank import find_top_issues, get_label_quality_scores


def recall(trained, labels, planted):
    """Share of the planted rows among as many with the lowest self-confidence."""
    codes = np.array([trained.classes.index(label) for label in np.asarray(labels).tolist()])
    scores = get_label_quality_scores(codes, trained.pred_probs)
    return np.isin(planted, find_top_issues(scores, top=len(planted))).mean()


def assert_sound(trained, n, k):
    assert trained.pred_probs.shape == (n, k)
    assert trained.pred_probs.dtype == np.float64
    assert (trained.pred_probs >= 0).all()
    np.testing.assert_allclose(trained.pred_probs.sum(axis=1), 1, atol=1e-12)
    assert trained.features.dtype == np.float32
    assert len(trained.features) == n
    assert np.isfinite(trained.features).all()


def frame(name):
    datasets = pytest.importorskip("sklearn.datasets")
    found = getattr(datasets, f"load_{name}")(as_frame=True)
    return found.data, found.target.to_numpy()


@pytest.mark.parametrize(
    ("name", "least"), [("digits", 0.85), ("wine", 0.85), ("breast_cancer", 0.8), ("iris", 0.6)]
)
def test_planted_label_errors_come_first(name, least):
    data, true = frame(name)
    labels, planted = changed(true, int(true.max()) + 1)
    trained = fit_baseline(data, labels, quick=True)
    assert_sound(trained, len(labels), len(set(true)))
    assert trained.kind == "tabular"
    assert trained.classes == sorted(set(true.tolist()))
    assert not trained.is_weak
    assert recall(trained, labels, planted) >= least


def test_columns_of_every_kind():
    columns, true = mixed()
    labels, planted = changed(true, 3, share=0.03)
    names = np.array(["plum", "fig", "lime"], dtype=object)[labels]
    told = []
    trained = fit_baseline(columns, names, progress=told.append)
    assert_sound(trained, 400, 3)
    assert trained.classes == ["fig", "lime", "plum"]
    assert trained.folds == 5
    words = "on 4 numbers and the categorical columns 'colour', 'member'; 5 folds"
    assert trained.description.endswith(words)
    assert len(trained.candidates) == 4
    assert trained.description.startswith(tuple(trained.candidates))
    notes = " ".join(trained.notes)
    for name, why in (("serial", "identifier"), ("id", "identifier"), ("unit", "the same value")):
        assert re.search(f"'{name}'[^:]* left out: [^:]*{why}", notes), notes
    assert 0.7 < trained.score < 1
    assert trained.chance == pytest.approx(np.bincount(labels).max() / 400)
    assert recall(trained, names, planted) >= 0.5
    assert told == sorted(told)
    assert told[-1] == 1.0
    again = fit_baseline(columns, names, n_jobs=1)
    np.testing.assert_array_equal(again.pred_probs, trained.pred_probs)
    np.testing.assert_array_equal(again.features, trained.features)
    other = fit_baseline(columns, names, seed=1, quick=True)
    assert (other.pred_probs != trained.pred_probs).any()


def test_texts_are_found_by_their_looks():
    made, true = texts()
    labels, planted = changed(true, 3)
    trained = fit_baseline({"body": made}, labels)
    assert_sound(trained, 240, 3)
    assert trained.kind == "text"
    assert "TF-IDF weights of words and letters of the text column 'body'" in trained.description
    assert recall(trained, labels, planted) >= 0.9
    with_numbers = fit_baseline(
        {"body": made, "length": [len(m) for m in made], "short": ["a", "b", "c"] * 80},
        labels,
        text=["short"],
        quick=True,
    )
    assert "text columns 'body', 'short', and the number 'length'" in with_numbers.description


@pytest.mark.parametrize("words", [["!", "?", ".", ""] * 10, ["x"] * 20 + ["y"] * 20])
def test_texts_without_words(words):
    trained = fit_baseline({"t": words}, [0, 1] * 20, text=["t"], quick=True)
    assert_sound(trained, 40, 2)


def test_images(tmp_path):
    pytest.importorskip("PIL")
    from cupel.datalab import read_table

    misfiled = shapes(tmp_path, n=75)
    (tmp_path / "discs" / "999.png").write_bytes(b"\x89PNG no image at all")
    table = read_table(tmp_path)
    labels = table.column("label")
    trained = fit_baseline(table, labels)
    assert_sound(trained, 76, 3)
    assert trained.kind == "image"
    names = table.column("image").tolist()
    planted = [names.index(name) for name in misfiled]
    assert recall(trained, labels, planted) >= 0.75
    broken = names.index("discs/999.png")
    assert trained.notes == (f"1 image cannot be read (row {broken}); it counts as an average one",)


def test_no_image_can_be_read(tmp_path):
    pytest.importorskip("PIL")
    from cupel.datalab import read_table

    for i in range(12):
        path = tmp_path / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"no")
    table = read_table(tmp_path)
    with pytest.raises(ValueError, match="none of the 12 images in 'image' can be read"):
        fit_baseline(table, table.column("label"))


@pytest.mark.parametrize("as_column", [True, False])
def test_embeddings(as_column):
    data, true = frame("wine")
    labels, planted = changed(true, 3)
    vectors = ((data - data.mean()) / data.std()).to_numpy(np.float32)
    if as_column:
        columns = {"vector": list(vectors), "name": ["a", "b"] * 89}
        trained = fit_baseline(columns, labels)
        assert trained.notes == ("column 'name' left out: embeddings are there",)
    else:
        trained = fit_baseline({"name": ["a", "b"] * 89}, labels, embeddings=vectors)
    assert trained.kind == "embedding"
    np.testing.assert_array_equal(trained.features, vectors)
    assert recall(trained, labels, planted) >= 0.85


def test_regression():
    data, target = frame("diabetes")
    trained = fit_baseline(data, target, "regression")
    assert trained.pred_probs is None
    assert trained.predictions.shape == (442,)
    assert trained.metric == "R²"
    assert trained.classes == []
    assert 0.4 < trained.score < 0.6
    wrong = target.copy()
    wrong[[7, 70]] += 900
    again = fit_baseline(data, wrong, "regression", quick=True)
    assert set(np.argsort(-np.abs(again.predictions - wrong))[:2]) == {7, 70}


def test_multilabel():
    made, true = texts()
    second = np.random.default_rng(1).integers(0, 2, 240)
    both = [f"{m} {'urgent now' if s else 'whenever'}" for m, s in zip(made, second, strict=True)]
    labels = [[int(k), 3] if s else [int(k)] for k, s in zip(true, second, strict=True)]
    labels[0] = []
    trained = fit_baseline({"t": both}, labels, "multilabel", quick=True)
    assert trained.pred_probs.shape == (240, 4)
    assert trained.classes == [0, 1, 2, 3]
    assert trained.score > 0.95 > trained.chance
    assert trained.metric == "accuracy per label"


def test_rows_without_a_label_are_predicted_by_all_folds():
    data, true = frame("wine")
    labels = true.astype(object)
    labels[::10] = None
    trained = fit_baseline(data, labels, quick=True)
    assert_sound(trained, 178, 3)
    assert (trained.pred_probs[::10].argmax(axis=1) == true[::10]).mean() > 0.9
    floats = true.astype(float)
    floats[::10] = np.nan
    same = fit_baseline(data, floats, quick=True)
    np.testing.assert_array_equal(same.pred_probs, trained.pred_probs)


def test_rare_classes_are_kept_and_told():
    data, true = frame("wine")
    labels = np.array(["a", "b", "c"], dtype=object)[true]
    labels[0], labels[[50, 90]] = "alone", "pair"
    trained = fit_baseline(data, labels)
    assert_sound(trained, 178, 5)
    frequencies = np.array([(labels == name).sum() + 1 for name in trained.classes])
    np.testing.assert_allclose(trained.pred_probs[0], frequencies / frequencies.sum())
    assert "class 'alone' with one example only" in trained.notes[0]
    assert "class 'pair' with fewer than 5 examples" in trained.notes[1]


def test_a_column_that_repeats_the_labels_is_left_out():
    data, true = frame("wine")
    columns = {name: data[name].to_numpy() for name in data}
    columns["name"] = np.array(["x", "y", "z"], dtype=object)[true]
    columns["code"] = true * 10
    trained = fit_baseline(columns, true, quick=True)
    assert trained.notes == (
        "columns 'name' and 'code' left out: it repeats the labels, one value for each",
    )


def test_a_model_that_knows_nothing_says_so():
    rng = np.random.default_rng(0)
    trained = fit_baseline({"x": rng.normal(size=200)}, rng.integers(0, 2, 200), quick=True)
    assert trained.is_weak
    assert not dataclasses.replace(trained, score=0.9, chance=0.5).is_weak


def test_hostile_columns():
    n = 40
    columns = {
        "huge": [1e300, -1e300] * 20,
        "infinite": [np.inf, 1.0, np.nan, -np.inf] * 10,
        "empty": [None] * n,
        "blank": [" ", ""] * 20,
        "objects": [{"a": 1}] * n,
        "ragged": [[1.0], [1.0, 2.0]] * 20,
        "question": ["?", "1.5", "2.5", "3"] * 10,
        "dates": ["2024-01-05", "31/12/2023", "", "2022-07-08"] * 10,
        "=cmd": ["=1+1", "a\x1b[31m", "b", "\ud800"] * 10,
    }
    before = repr(columns)
    trained = fit_baseline(columns, ["u", "v", "v", "u"] * 10, quick=True)
    assert_sound(trained, n, 2)
    assert repr(columns) == before
    notes = " ".join(trained.notes)
    assert "'empty' and 'blank' left out: no value in any row" in notes
    assert "'objects' left out: holds values of type dict" in notes
    assert "'ragged' left out: lists of different lengths" in notes
    assert "question" not in notes


@pytest.mark.parametrize(
    ("data", "labels", "options", "message"),
    [
        ({"x": [1, 2, 3, 4]}, [0, 1, 0], {}, "labels has 3 values, the data 4 rows"),
        ({"x": range(6)}, [0] * 6, {}, "one class only, 0"),
        ({"x": range(6)}, list("abcdef"), {}, "every label occurs once"),
        ({"x": range(6)}, [0, 1, None, None, None, None], {}, "2 values that are not missing"),
        ({"x": range(6)}, [1.0] * 6, {"task": "regression"}, "the same number"),
        ({"x": range(6)}, [[0], [-1]] * 3, {"task": "multilabel"}, "a class -1"),
        ({"x": range(6)}, [0, 1] * 3, {"task": "ranking"}, "task must be one of"),
        ({"x": [7] * 6}, [0, 1] * 3, {}, "no column that a model could be trained on\n  column"),
        ({"x": range(6)}, [0, 1] * 3, {"text": ["xx"]}, "no column 'xx' for text"),
        ({"x": range(6)}, [0, 1] * 3, {"embeddings": [1, 2]}, "must be a matrix of numbers"),
        ({"x": range(6)}, [0, 1] * 3, {"embeddings": np.ones((5, 2))}, "has 5 rows, the data 6"),
        (
            {"x": range(6)},
            [0, 1] * 3,
            {"embeddings": np.array([[1.0]] * 5 + [[np.nan]])},
            r"embeddings\[5\] holds a number",
        ),
    ],
)
def test_what_cannot_be_trained_on_is_refused(data, labels, options, message):
    columns = {name: list(values) for name, values in data.items()}
    with pytest.raises(ValueError, match=message):
        fit_baseline(columns, labels, **options)


def test_scikit_learn_is_named_where_it_is_missing(monkeypatch):
    import sys

    for name in [name for name in sys.modules if name.partition(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r"fit_baseline needs \w+: pip install"):
        fit_baseline({"x": [1.0, 2.0] * 10}, [0, 1] * 10)


def test_path_objects_will_do(tmp_path: Path):
    columns, true = mixed(60)
    path = tmp_path / "t.csv"
    path.write_text(
        "width,y\n"
        + "\n".join(f"{w or 0},{k}" for w, k in zip(columns["width"], true, strict=True))
    )
    assert fit_baseline(path, true, quick=True).pred_probs.shape == (60, 3)
