"""Labels that are refused, with the row; deliberate differences from cleanlab."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Features, List
from datasets import Dataset as HuggingFace

from cupel.datalab._dataset import Dataset, Labels


def labels_of(values, task: str = "classification") -> Labels:
    data = values if isinstance(values, HuggingFace) else {"y": values}
    return Labels.load(Dataset.load(data, label_name="y"), task)


def named(values, feature) -> HuggingFace:
    return HuggingFace.from_dict({"y": values}, features=Features(y=feature))


NAMED = ClassLabel(names=["z", "y", "x"])


@pytest.mark.parametrize(
    ("values", "task", "match"),
    [
        (["a", None, "b", None], "classification", r"row 1 is None or nan \(and 1 more\); give it"),
        ([1, None, 2], "classification", "row 1 is None or nan"),
        ([1.5, np.nan], "classification", "row 1 is None or nan"),
        (pd.Series(["a", pd.NA]), "classification", "row 1 is None or nan"),
        ([2**70, None], "classification", "row 1 is None or nan"),
        ([None, None], "classification", "row 0 is None or nan"),
        (
            [1, "a", 2],
            "classification",
            "row 1 is 'a' of type str, the first label is 1 of type int",
        ),
        (["a", 1.5], "classification", "row 1 is 1.5 of type float"),
        (["a", b"a"], "classification", "no order"),
        ([[1], [2]], "classification", "row 0 is .1., expected one class.*task='multilabel'"),
        ([{"a": 1}, {"b": 1}], "classification", "row 0 is .'a': 1., expected the name of a class"),
        ([1j, 2j], "classification", "no order"),
        (named([2, -1], NAMED), "classification", r"row 1 is -1, expected a class in \[0, 3\)"),
        (named([2, None], NAMED), "classification", "row 1 is nan"),
        (named([2, 1], NAMED), "regression", "a column of classes; use task='classification'"),
        (["a", "b"], "regression", "row 0 is 'a', regression needs a number; use task='classif"),
        (["1.5", "2"], "regression", "row 0 is '1.5'.*convert the column to numbers"),
        ([1.5, np.nan], "regression", "row 1 is None or nan"),
        ([1.5, None], "regression", "row 1 is None or nan"),
        ([1.5, np.inf], "regression", "row 1 is inf, regression needs a finite number"),
        ([10**400, 1], "regression", "row 0 is inf"),
        ([[1], None], "multilabel", "row 1 is missing"),
        ([[1], [0, None]], "multilabel", "row 1 contains None or nan"),
        ([1, 0], "multilabel", "row 0 is 1, expected a list of classes"),
        (["a", "b"], "multilabel", "row 0 is 'a', expected a list"),
        ([["a"], [1]], "multilabel", "row 1 contains 1 of type int"),
        ([[["a"]], [["b"]]], "multilabel", "row 0 contains .'a'., expected the name of a class"),
        (named([[0], [1, -1]], List(NAMED)), "multilabel", r"row 1 contains -1, expected a class"),
        ([1, 2], "nothing", "task is 'nothing', expected one of classification"),
        ([1, 2], None, "task is None"),
    ],
)
def test_what_is_refused(values, task, match):
    with pytest.raises(ValueError, match=match):
        labels_of(values, task)


def test_none_named_none_there():
    labels = Labels.load(Dataset.load({"y": [1, 2]}), "classification")
    assert not labels.is_available
    assert len(labels.values) == len(labels.given) == len(labels.class_names) == 0
    assert Labels.load(Dataset.load({"y": [1, 2]}), "multilabel").values == []


def test_large_numbers_stay_apart():
    """cleanlab turns unsigned ones into floats, by which neighbours become one class."""
    labels = labels_of(np.array([2**63 + 1, 1, 2**63], np.uint64))
    assert labels.values.tolist() == [2, 0, 1]
    assert labels.class_names == [1, 2**63, 2**63 + 1]
    assert labels_of([2**70 + 1, 2**70]).values.tolist() == [1, 0]


def test_named_classes_of_lists_keep_their_numbers():
    """cleanlab renumbers those that occur, so that columns of pred_probs fit no longer."""
    labels = labels_of(named([[2, 0], [2]], List(NAMED)), "multilabel")
    assert labels.values == [[0, 2], [2]]
    assert labels.class_names == ["z", "y", "x"]
    assert labels.name(2) == "x"


def test_given_values_are_kept():
    assert labels_of(["b", "a"]).given.tolist() == ["b", "a"]
    assert labels_of([3, 1], "regression").given.tolist() == [3, 1]
    rows = labels_of([["b", "a"], []], "multilabel")
    assert rows.given.tolist() == [["b", "a"], []]
    assert rows.in_given_order() == [[1, 0], []]
    assert labels_of(["b", "a"]).in_given_order().tolist() == [1, 0]


def test_a_million_labels_take_little_time():
    values = np.array([f"class {i}" for i in range(100)])[np.arange(1_000_000) % 100].tolist()
    started = time.process_time()
    labels = labels_of(values)
    assert time.process_time() - started < 2  # 0.2 s when nothing else runs
    assert len(labels.class_names) == 100
