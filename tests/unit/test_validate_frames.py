"""The front door for data frames and series of pandas, polars and pyarrow."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from cupel import _validate

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pytest.importorskip("pyarrow")

N, K = 12, 3
LABELS = np.arange(N) % K
NAMES = ("cat", "dog", "emu")
NAMED = np.array(NAMES)[LABELS]
NO_LABEL = "the row has no label; drop it (here and in pred_probs) or give it one"


def refuses(kind: type[Exception], message: str) -> Any:
    return pytest.raises(kind, match=re.escape(message))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_frames_of_floats(dtype, order):
    p = np.array(np.random.default_rng(0).random((N, K)), dtype=dtype, order=order)
    frame = pl.DataFrame(p, schema=["a", "b", "c"])
    for x in (pd.DataFrame(p), frame, frame.to_arrow()):
        out = _validate.as_pred_probs(x)
        assert out.dtype == np.dtype(dtype)
        assert out.flags.c_contiguous
        np.testing.assert_array_equal(out, p)


def test_a_row_major_frame_is_not_copied():
    p = np.random.default_rng(0).random((N, K))
    assert np.shares_memory(_validate.as_pred_probs(pd.DataFrame(p, copy=False)), p)


def test_frames_of_nullable_or_mixed_numbers():
    frame = pd.DataFrame({"a": pd.array([0.25, None], "Float64"), "b": [0.75, 0.5]})
    for x in (frame, pl.DataFrame({"a": [0.25, None], "b": [0.75, 0.5]})):
        out = _validate.as_pred_probs(x)
        assert out.dtype == np.float64
        np.testing.assert_array_equal(out, [[0.25, 0.75], [np.nan, 0.5]])
    out = _validate.as_pred_probs(pd.DataFrame({"a": [0.5, 0.0], "b": [False, True]}))
    np.testing.assert_array_equal(out, [[0.5, 0.0], [0.0, 1.0]])
    out = _validate.as_pred_probs(pd.Series([0.5, None], dtype="Float32"), ndim=1)
    np.testing.assert_array_equal(out, [0.5, np.nan])


def test_frames_of_other_things():
    frame = pd.DataFrame({"a": [0.5], "b": ["0.5"]})
    for x in (frame, pl.DataFrame({"a": [0.5], "b": ["0.5"]})):
        with refuses(TypeError, "pred_probs[0, 1] is '0.5', expected a float"):
            _validate.as_pred_probs(x)
    with refuses(ValueError, "pred_probs[0, 0] is 7; integers must be 0 or 1"):
        _validate.as_pred_probs(pd.DataFrame({"a": [7], "b": [1]}))
    with refuses(ValueError, "pred_probs must have shape (n, k), got (2,)"):
        _validate.as_pred_probs(pd.Series([0.5, 0.5]))


@pytest.mark.parametrize(
    "wrap",
    [
        pd.Series,
        pd.Index,
        pd.Categorical,
        lambda y: pd.Series(y, dtype="Int64"),
        lambda y: pd.Series(y, dtype="UInt8"),
        lambda y: pd.Series(y, dtype="int32[pyarrow]"),
        lambda y: pd.Series(y, index=range(N, 0, -1)),
        lambda y: pd.Series(y).astype("category"),
        lambda y: pd.DataFrame({"y": y}),
        lambda y: pl.Series(y).cast(pl.UInt32),
        lambda y: pl.DataFrame({"y": y}),
        lambda y: pl.Series(y).to_arrow(),
    ],
)
def test_series_of_integers(wrap):
    out = _validate.as_labels(wrap(LABELS), N)
    assert type(out) is np.ndarray
    assert out.dtype.kind in "iu"
    assert out.flags.c_contiguous
    np.testing.assert_array_equal(out, LABELS)


@pytest.mark.parametrize(
    "wrap",
    [
        pd.Series,
        pd.Index,
        lambda y: pd.Series(y, dtype=object),
        lambda y: pd.Series(y, dtype="string"),
        lambda y: pd.Series(y, dtype="category"),
        lambda y: pd.Categorical(y, categories=["emu", "cat", "dog"]),
        lambda y: pd.DataFrame({"y": y}),
        pl.Series,
        lambda y: pl.Series(y, dtype=pl.Categorical),
        lambda y: pl.Series(y, dtype=pl.Enum(["dog", "emu", "cat"])),
        lambda y: pl.DataFrame({"y": y}),
        lambda y: pl.Series(y).to_arrow(),
    ],
)
@pytest.mark.parametrize("classes", [list, pd.Index, pd.Series, pl.Series])
def test_series_of_names_take_the_position_in_classes(wrap, classes):
    out = _validate.as_labels(wrap(NAMED), N, classes=classes(NAMES), n_classes=K)
    np.testing.assert_array_equal(out, LABELS)


@pytest.mark.parametrize(
    ("y", "hint"),
    [
        (pd.Series(NAMED), "classes=[...], the class names in the order of pred_probs' columns"),
        (pl.Series(NAMED), "classes=[...], the class names in the order of pred_probs' columns"),
        (
            pd.Series(NAMED, dtype="category"),
            "classes=list(labels.cat.categories), if that is the order of pred_probs' columns",
        ),
        (
            pd.Categorical(NAMED),
            "classes=list(labels.categories), if that is the order of pred_probs' columns",
        ),
    ],
)
def test_names_need_classes(y, hint):
    with refuses(TypeError, f"labels[0] is 'cat', a string; pass {hint}"):
        _validate.as_labels(y, N)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_rows_without_a_name(missing):
    names = NAMED.astype(object)
    names[7] = missing
    for y in (names, names.tolist(), pd.Series(names), pd.Series(names, dtype="category")):
        with pytest.raises(ValueError, match=r"labels\[7\] is .*, " + re.escape(NO_LABEL)):
            _validate.as_labels(y, N, classes=NAMES)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_rows_without_a_number(missing):
    numbers = LABELS.astype(object)
    numbers[7] = missing
    for y in (numbers, pd.Series(numbers), pd.Series(numbers, dtype="Int64")):
        with pytest.raises(ValueError, match=r"labels\[7\] is .*, " + re.escape(NO_LABEL)):
            _validate.as_labels(y, N)


def test_frames_of_several_columns():
    with refuses(ValueError, "labels must have shape (n,), got (12, 2)"):
        _validate.as_labels(pd.DataFrame(np.ones((N, 2), int)), N)


def test_series_of_lists():
    rows = [[0, 2], [], [1]]
    for y in (pd.Series(rows), pl.Series(rows)):
        out = _validate.as_multilabels(y, 3, K)
        np.testing.assert_array_equal(out, [[1, 0, 1], [0, 0, 0], [0, 1, 0]])


def test_series_of_bools():
    mask = LABELS == 1
    for x in (pd.Series(mask), pd.Series(mask, dtype="boolean"), pl.Series(mask)):
        np.testing.assert_array_equal(_validate.as_mask(x, N, name="m"), mask)
