"""The front door for labels: what it accepts, whether it copies, what it refuses and in which words."""

from __future__ import annotations

import array
import re
import time
from typing import Any

import numpy as np
import pytest

from cupel import _validate
from hostile.layouts import INTS, Array, DLPack, misaligned

N, K = 12, 3
LABELS = np.arange(N) % K


def refuses(kind: type[Exception], message: str) -> Any:
    return pytest.raises(kind, match=re.escape(message))


class TestLabels:
    @pytest.mark.parametrize("dtype", INTS)
    def test_integers_are_read_in_place(self, dtype):
        y = LABELS.astype(dtype)
        assert _validate.as_labels(y, N) is y
        assert _validate.as_labels(y, N, classes=["a", "b", "c"], n_classes=K) is y
        y.flags.writeable = False
        assert _validate.as_labels(y, N) is y
        swapped = y.astype(y.dtype.newbyteorder())
        for x in (y[::-1], np.repeat(y, 2)[::2], misaligned(y), swapped):
            out = _validate.as_labels(x, N)
            assert out.flags.c_contiguous
            assert out.flags.aligned
            assert out.dtype == np.dtype(dtype)
            np.testing.assert_array_equal(out, x)

    def test_bools_are_zero_and_one(self):
        y = LABELS == 1
        for x in (y, y[::-1], y.tolist(), y.astype(object)):
            out = _validate.as_labels(x, N)
            assert out.dtype.kind in "iu"
            np.testing.assert_array_equal(out, x)
        assert np.shares_memory(_validate.as_labels(y, N), y)

    @pytest.mark.parametrize(
        "wrap",
        [
            list,
            tuple,
            lambda y: y.tolist(),
            lambda y: [*map(float, y)],
            lambda y: y.astype(object),
            lambda y: y.astype(np.float16),
            lambda y: y.astype(np.float32),
            lambda y: y.astype(">f8"),
            lambda y: memoryview(y),
            lambda y: array.array("i", y),
            lambda y: bytearray(y.tolist()),
            DLPack,
            Array,
        ],
    )
    def test_other_containers(self, wrap):
        out = _validate.as_labels(wrap(LABELS), N)
        assert type(out) is np.ndarray
        assert out.dtype.kind in "iu"
        assert out.flags.c_contiguous
        np.testing.assert_array_equal(out, LABELS)

    def test_ranges(self):
        np.testing.assert_array_equal(_validate.as_labels(range(N), N), np.arange(N))
        with refuses(ValueError, "labels has 4611686018427387904 rows, pred_probs has 12"):
            _validate.as_labels(range(1 << 62), N)

    def test_length_is_free_where_nothing_gives_it(self):
        assert len(_validate.as_labels(LABELS, None)) == N
        assert len(_validate.as_labels([0, 1], None)) == 2
        with refuses(ValueError, "labels is empty, expected at least one row"):
            _validate.as_labels([], None)

    NAMES = ("cat", "dog", "emu")

    @pytest.mark.parametrize(
        "wrap",
        [
            lambda y: y,
            lambda y: y[::-1][::-1],
            list,
            lambda y: y.tolist(),
            lambda y: tuple(y.tolist()),
            lambda y: y.astype(object),
        ],
    )
    @pytest.mark.parametrize("classes", [list, tuple, np.array])
    def test_names_take_the_position_in_classes(self, wrap, classes):
        names = np.array(self.NAMES)[LABELS]
        out = _validate.as_labels(wrap(names), N, classes=classes(self.NAMES), n_classes=K)
        assert out.dtype == np.int64
        np.testing.assert_array_equal(out, LABELS)

    def test_bytes_are_names_of_their_own(self):
        names = np.array(self.NAMES, dtype="S")
        out = _validate.as_labels(names[LABELS], N, classes=names)
        np.testing.assert_array_equal(out, LABELS)
        with refuses(ValueError, "labels[0] is b'cat', which is not in classes"):
            _validate.as_labels(names[LABELS], N, classes=self.NAMES)

    def test_integer_labels_are_positions_unless_classes_are_integers(self):
        out = _validate.as_labels(LABELS.tolist(), N, classes=self.NAMES)
        np.testing.assert_array_equal(out, LABELS)
        values = np.array([30, 10, 20])
        for dtype in ("int8", "uint64", "float32", object):
            y = values[LABELS].astype(dtype)
            out = _validate.as_labels(y, N, classes=values, n_classes=K)
            np.testing.assert_array_equal(out, LABELS)
        with refuses(ValueError, "labels[0] is 0, which is not in classes"):
            _validate.as_labels(LABELS, N, classes=[30, 10, 20])
        np.testing.assert_array_equal(_validate.as_labels([True, False], 2, classes=[1, 0]), [0, 1])

    @pytest.mark.parametrize(
        ("classes", "kind", "message"),
        [
            ("abc", TypeError, "classes must be a sequence of class names, got str"),
            ({"a", "b"}, TypeError, "classes must be a sequence of class names, got set"),
            ({"a": 0}, TypeError, "classes must be a sequence of class names, got dict"),
            (3, TypeError, "classes must be a sequence of class names, got int"),
            (np.array("a"), TypeError, "classes must be a sequence of class names, got ndarray"),
            (["a", None, "c"], TypeError, "classes[1] is None; give all strings or all integers"),
            (["a", 1, "c"], TypeError, "classes[1] is 1; give all strings or all integers"),
            ([0, 1, np.nan], TypeError, "classes[2] is nan; give all strings or all integers"),
            ([[0], [1]], TypeError, "classes[0] is [0]; give all strings or all integers"),
            (["a", "b", "a"], ValueError, "classes[2] repeats 'a', as classes[0]"),
            (["a", "b"], ValueError, "classes has 2 names, pred_probs has 3 columns"),
            ([], ValueError, "classes has 0 names, pred_probs has 3 columns"),
        ],
    )
    def test_bad_classes(self, classes, kind, message):
        with refuses(kind, message):
            _validate.as_labels(LABELS, N, classes=classes, n_classes=K)

    @staticmethod
    def with_7(value: Any, dtype: Any = object) -> np.ndarray:
        y = LABELS.astype(dtype)
        y[7] = value
        return y

    @pytest.mark.parametrize("missing", [None, np.nan, np.float32("nan")])
    def test_rows_without_a_label(self, missing):
        message = "the row has no label; drop it (here and in pred_probs) or give it one"
        names = np.array(self.NAMES, dtype=object)[LABELS]
        names[7] = missing
        for y in (self.with_7(missing), self.with_7(missing).tolist()):
            with pytest.raises(ValueError, match=r"labels\[7\] is .*" + re.escape(message)):
                _validate.as_labels(y, N)
        for y in (names, names.tolist(), self.with_7(missing)):
            with pytest.raises(ValueError, match=r"labels\[7\] is .*" + re.escape(message)):
                _validate.as_labels(y, N, classes=self.NAMES)

    @pytest.mark.parametrize(
        ("y", "message"),
        [
            (with_7(1.5, float), "labels[7] is 1.5, expected a class index, a whole number"),
            (with_7(1.5), "labels[7] is 1.5, expected a class index, a whole number"),
            (with_7(np.inf, "float16"), "labels[7] is inf, expected a class index"),
            (with_7(1e300, float), "labels[7] is 1e+300, expected a class index"),
            (with_7(2**63), "labels[7] is 9223372036854775808, expected a class index"),
            (with_7(-(10**400)), "labels[7] is -10"),
            (with_7(10**5000), "labels[7] is a int, expected a class index"),
            ([*LABELS[:7], 0.5, 10**400, 0, 0, 0], "labels[8] is 10"),
            (LABELS[:-1], "labels has 11 rows, pred_probs has 12; they must describe the same"),
            (LABELS[:-1].tolist(), "labels has 11 rows, pred_probs has 12"),
            (LABELS[:, None], "got (12, 1); use numpy.asarray(labels).ravel()"),
            (np.eye(3)[LABELS], "got (12, 3); for one-hot rows use numpy.asarray(labels).argmax("),
            (np.ones((N, 2), int), "got (12, 2); for several labels per row use multi_label=True"),
            (3, "labels must have shape (n,), got ()"),
            (np.zeros((N, 1, 1)), "labels must have shape (n,), got (12, 1, 1)"),
            (
                [*LABELS[:7], [0, 1], *LABELS[8:]],
                "labels[7] is [0, 1], expected one class; for several labels per row use",
            ),
        ],
    )
    def test_wrong_value(self, y, message):
        with refuses(ValueError, message):
            _validate.as_labels(y, N)

    @pytest.mark.parametrize(
        ("y", "message"),
        [
            (None, "labels must be a sequence with one class per row, got NoneType"),
            ("cat", "labels must be a sequence with one class per row, got str"),
            ({0: 1}, "labels must be a sequence with one class per row, got dict"),
            ({0, 1}, "labels must be a sequence with one class per row, got set"),
            (iter([0]), "labels must be a sequence with one class per row, got list_iterator"),
            (LABELS.astype(complex), "labels must hold integers, got dtype complex128; take its"),
            (LABELS.astype("g"), "convert it with .astype(numpy.float64)"),
            (LABELS.astype("M8[s]"), "got dtype datetime64[s]; pass numbers, not dates"),
            (np.zeros(N, "i4,i4"), "a structured array, field by field"),
            (np.ma.array(LABELS), "labels must not be a masked array"),
            (with_7({}), "labels[7] is {}, expected a class index"),
            (with_7(np.timedelta64(1, "s")), "labels[7] is datetime.timedelta(seconds=1), expec"),
            (with_7(1j), "labels[7] is 1j, expected a class index"),
            (DLPack(LABELS, device=2), "move it to the CPU first"),
            (
                with_7("dog"),
                "a string; pass classes=[...], the class names in the order of pred_probs' columns",
            ),
            (with_7("dog").tolist(), "labels[7] is 'dog', a string; pass classes=[...]"),
            (np.full(N, "cat"), "labels[0] is 'cat', a string; pass classes=[...]"),
            (np.full(N, b"cat"), "labels[0] is b'cat', a string; pass classes=[...]"),
        ],
    )
    def test_wrong_kind(self, y, message):
        with refuses(TypeError, message):
            _validate.as_labels(y, N)

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ("dgo", "labels[7] is 'dgo', which is not in classes; did you mean 'dog'?"),
            ("xxxxxxxx", "labels[7] is 'xxxxxxxx', which is not in classes"),
            ("cat\0", r"labels[7] is 'cat\x00', which is not in classes; did you mean 'cat'?"),
            (1, "labels[7] is 1, which is not in classes"),
            ({}, "labels[7] is {}, expected a class name"),
            ([], "labels[7] is [], expected"),
            (np.timedelta64(1), "labels[7] is 1, "),  # has no hash in NumPy 2
            (([],), "labels[7] is ([],), expected"),
        ],
    )
    def test_unknown_names(self, value, message):
        names = np.array(self.NAMES, dtype=object)[LABELS]
        names[7] = value
        for y in (names, names.tolist()):
            with refuses(ValueError, message):
                _validate.as_labels(y, N, classes=self.NAMES)

    def test_mixed_lists_are_not_turned_into_strings(self):
        with refuses(ValueError, "labels[1] is 1, which is not in classes"):
            _validate.as_labels(["0", 1], 2, classes=["0", "1"])

    def test_huge_strings_are_shown_short(self):
        with pytest.raises(TypeError) as error:
            _validate.as_labels(["x" * 10**6, *"abc"], 4)
        assert len(str(error.value)) < 200

    def test_lookup_of_names_is_not_a_python_loop(self):
        names = np.array([f"class {i}" for i in range(10)])
        y = names[np.arange(100_000) % 10]
        best = min(self.timed(y, names) for _ in range(5))
        assert best < 0.1  # 0.01 s when written; a loop with a check per row takes several times it

    @staticmethod
    def timed(y: np.ndarray, names: np.ndarray) -> float:
        start = time.perf_counter()
        _validate.as_labels(y, len(y), classes=names)
        return time.perf_counter() - start


class TestMultilabels:
    LISTS = ([0, 2], [], [1], [0, 1, 2])
    MATRIX = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 1]], dtype=np.uint8)

    @pytest.mark.parametrize(
        "wrap",
        [
            list,
            tuple,
            lambda x: [tuple(row) for row in x],
            lambda x: [set(row) for row in x],
            lambda x: [np.array(row, dtype=np.int8) for row in x],
            lambda x: [[float(c) for c in row] for row in x],
            lambda x: np.array([*x, None], dtype=object)[:-1],
        ],
    )
    def test_lists_of_classes(self, wrap):
        out = _validate.as_multilabels(wrap(self.LISTS), 4, K)
        assert out.dtype == np.uint8
        assert out.flags.c_contiguous
        np.testing.assert_array_equal(out, self.MATRIX)

    def test_names_repeats_and_no_label_at_all(self):
        names = ["cat", "dog", "emu"]
        rows = [[names[c] for c in row] for row in self.LISTS]
        out = _validate.as_multilabels(rows, 4, K, classes=names)
        np.testing.assert_array_equal(out, self.MATRIX)
        np.testing.assert_array_equal(_validate.as_multilabels([[1, 1]], 1, 2), [[0, 1]])
        np.testing.assert_array_equal(_validate.as_multilabels([[0, 1, 2]], 1, 3), [[1, 1, 1]])
        np.testing.assert_array_equal(_validate.as_multilabels([[], []], None, 2), np.zeros((2, 2)))

    @pytest.mark.parametrize(
        ("rows", "kind", "message"),
        [
            ([[0], [1]], ValueError, "y has 2 rows, pred_probs has 4"),
            ([0, 1, 2, 0], TypeError, "y[0] is 0; multi_label=True needs a list of classes per"),
            ([[0], [1], 2, [0]], TypeError, "y[2] is 2; multi_label=True needs a list of classes"),
            ([[0], [1], None, [0]], TypeError, "y[2] is None; multi_label=True needs a list"),
            ([[0], [1], "cat", [0]], TypeError, "y[2] is 'cat'; multi_label=True needs a list"),
            (np.array([0, 1, 2, 0]), TypeError, "y must be a list of lists, got ndarray"),
            (MATRIX, TypeError, "y must be a list of lists, got ndarray"),
            (None, TypeError, "y must be a list of lists, got NoneType"),
            ("abcd", TypeError, "y must be a list of lists, got str"),
            ([[0], [], [1, 3], [0]], ValueError, "y[2] contains 3, expected classes in [0, 3)"),
            ([[0], [], [1, -1], [0]], ValueError, "y[2] contains -1, expected classes in [0, 3)"),
            ([[0], [], [1, 1.5], [0]], ValueError, "y[2] contains 1.5, expected a class index"),
            ([[0], [], [1, None], [0]], ValueError, "y[2] contains None, the row has no label"),
            ([[0], [], [1, np.nan], [0]], ValueError, "y[2] contains nan, the row has no label"),
            ([[0], [], [1, "a"], [0]], TypeError, "y[2] contains 'a', a string; pass classes="),
            ([[0], [], [1, [2]], [0]], TypeError, "y[2] contains [2], expected a class index"),
            ([[[0]], [[1]], [[1]], [[0]]], TypeError, "y[0] contains [0], expected a class index"),
            (MATRIX.tolist(), ValueError, "pass [numpy.flatnonzero(row) for row in y]"),
        ],
    )
    def test_refuses(self, rows, kind, message):
        with refuses(kind, message):
            _validate.as_multilabels(rows, 4, K, name="y")

    def test_unknown_name(self):
        with refuses(ValueError, "labels[1] contains 'dgo', which is not in classes; did you mean"):
            _validate.as_multilabels([["cat"], ["cat", "dgo"]], 2, 2, classes=["cat", "dog"])
