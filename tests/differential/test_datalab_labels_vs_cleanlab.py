"""Labels, names of classes and statistics, against cleanlab's Datalab on whatever it takes."""

from __future__ import annotations

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Features, Value
from datasets import Dataset as HuggingFace

from cupel.datalab import Datalab as Audit
from cupel.datalab._dataset import Dataset, Labels

with warnings.catch_warnings():  # cleanlab silences all warnings of the process when imported
    from cleanlab import Datalab

RNG = np.random.default_rng(0)
TEXTS = ["b", "a", "Z", "é", "10", "9", "", "a b", "😀", "A"]


def table(values) -> dict:
    return {"x": list(range(len(values))), "y": values}


def hugging_face(values, feature) -> HuggingFace:
    features = Features(x=Value("int64"), y=feature)
    return HuggingFace.from_dict(table(values), features=features)


CLASSES = {
    "text": table(RNG.choice(TEXTS, 500).tolist()),
    "text array": table(RNG.choice(TEXTS, 500)),
    "text objects": table(RNG.choice(TEXTS, 500).astype(object)),
    "numbers": table(RNG.integers(-50, 50, 300).tolist()),
    "small numbers": table(RNG.integers(0, 9, 300).astype(np.int8)),
    "gaps": table([5, 3, 10, 3]),
    "bools": table([True, False, True]),
    "floats": table([1.5, 0.5, 10.0, -0.25]),
    "single precision": table(np.array([1.5, 0.5, 0.1], np.float32)),
    "one class": table(["a", "a"]),
    "dates": pd.DataFrame(table([dt.datetime(2021, 1, 1), dt.datetime(2020, 1, 1)])),
    "bytes": table([b"b", b"a"]),
    "rows": [{"y": "q", "x": 1}, {"y": "p"}],
    "frame": pd.DataFrame(table(RNG.choice(TEXTS, 100))),
    "categories": pd.DataFrame(
        table(pd.Categorical(["b", "a", "c"], categories=["c", "b", "a", "none"]))
    ),
    "categories of numbers": pd.DataFrame(
        table(pd.Categorical([3, 1, 2], categories=[3, 2, 1, 0]))
    ),
    "nullable": pd.DataFrame(table(["b", "a"])).convert_dtypes(),
    "hugging face": hugging_face(["q", "p"], Value("string")),
    "class labels": hugging_face([2, 0, 2], ClassLabel(names=["z", "y", "x"])),
}
SETS = {
    "numbers": [[2, 0], [], [5]],
    "text": [["b", "a"], [], ["c"], ["a"]],
    "bools": [[True], [False, True]],
    "floats": [[1.5, 0.5], [0.5]],
    "repeated": [[1, 1], [0]],
    "tuples": [("a",), ("b", "a")],
    "arrays": [np.array([1, 0]), np.array([2])],
    "all empty": [[], []],
    "matrix": np.array([[1, 0, 1], [0, 1, 0]]),
}


def compared(data, task: str) -> tuple[Labels, Datalab]:
    """Labels of both; what is said of the data set is equal."""
    ours = Labels.load(Dataset.load(data, label_name="y"), task)
    theirs = Datalab(data, label_name="y", task=task, verbosity=0)
    assert ours.class_names == list(theirs.class_names)
    audit = Audit(data, label_name="y", task=task, verbosity=0)
    expected = theirs.get_info("statistics")
    statistics = audit.get_info("statistics")
    for key in ("num_examples", "multi_label", "health_score", "class_names", "num_classes"):
        assert (statistics.get(key) or None) == (expected.get(key) or None), key
    assert audit.class_names == ours.class_names
    return ours, theirs


@pytest.mark.parametrize("name", CLASSES)
def test_classes(name):
    ours, theirs = compared(CLASSES[name], "classification")
    assert ours.values.dtype == theirs.labels.dtype == np.int64
    np.testing.assert_array_equal(ours.values, theirs.labels)
    assert [ours.name(k) for k in range(len(ours.class_names))] == list(
        map(str, theirs.class_names)
    )


@pytest.mark.parametrize("name", SETS)
def test_sets(name):
    ours, theirs = compared(table(SETS[name]), "multilabel")
    assert ours.in_given_order() == theirs.labels
    assert ours.values == [sorted(row) for row in theirs.labels]


@pytest.mark.parametrize(
    "values", [[1.5, 0.5, 10.0], [1, 5], [True, False], np.array([1.5, 0.1], np.float32)]
)
def test_numbers(values):
    ours, theirs = compared(table(values), "regression")
    np.testing.assert_array_equal(ours.values, np.asarray(theirs.labels, np.float64))
    assert ours.given.dtype.kind == theirs.labels.dtype.kind


def test_files(tmp_path):
    frame = pd.DataFrame({"y": RNG.choice(["cat", "dog"], 50), "n": RNG.normal(size=50)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_json(tmp_path / "t.json", orient="records")
    (tmp_path / "t.txt").write_text("b\na\n\nb\n")
    for name, column in (("t.csv", "y"), ("t.json", "y"), ("t.txt", "text")):
        path = str(tmp_path / name)
        ours = Labels.load(Dataset.load(path, label_name=column), "classification")
        theirs = Datalab(path, label_name=column, verbosity=0)
        np.testing.assert_array_equal(ours.values, theirs.labels)
        assert ours.class_names == theirs.class_names


@pytest.mark.parametrize(
    ("data", "keywords"),
    [
        (3, {}),
        (np.ones((2, 2)), {}),
        ({"y": [1, 2], "x": [1]}, {}),
        ([{"y": 1}, 3], {}),
        ({"y": [1, 2]}, {"label_name": "z"}),
        ({"y": [1, 2]}, {"label_name": "y", "task": "none"}),
        ({"y": [1, "a"]}, {"label_name": "y"}),
        ({"y": [[1], [2]]}, {"label_name": "y"}),
        ({"y": [1, 2]}, {"label_name": "y", "task": "multilabel"}),
        ({"y": [1, 2]}, {"image_key": "z"}),
    ],
)
def test_both_refuse(data, keywords):
    for kind in (Audit, Datalab):
        with pytest.raises(ValueError):  # noqa: PT011 - the words differ, the type is compared
            kind(data, verbosity=0, **keywords)


def test_names_of_errors_are_cleanlabs():
    from cleanlab.datalab.internal import data as theirs

    from cupel.datalab import _dataset as ours

    for name in ("DataFormatError", "DatasetDictError", "DatasetLoadError"):
        assert issubclass(getattr(theirs, name), ValueError)
        assert issubclass(getattr(ours, name), ValueError)
