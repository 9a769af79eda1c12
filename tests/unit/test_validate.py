"""The front door for probabilities and small arguments: what it accepts, whether it copies, what it refuses and in which words."""

from __future__ import annotations

import array
import re
import time
from typing import Any

import numpy as np
import pytest

from cupel import _validate
from hostile.layouts import FLOATS, INTS, Array, DLPack, misaligned, packed

N, K = 12, 3
LABELS = np.arange(N) % K


def probs(dtype: str = "float64") -> np.ndarray:
    p = np.random.default_rng(0).random((N, K)) + 0.1
    return (p / p.sum(axis=1, keepdims=True)).astype(dtype)


def same_memory(a: np.ndarray, b: np.ndarray) -> bool:
    return a.__array_interface__["data"][0] == b.__array_interface__["data"][0]


def refuses(kind: type[Exception], message: str) -> Any:
    return pytest.raises(kind, match=re.escape(message))


class TestPredProbs:
    @pytest.mark.parametrize("dtype", FLOATS)
    @pytest.mark.parametrize(
        "layout",
        [
            lambda p: p,
            lambda p: p[::2],
            lambda p: p[::-1],
            lambda p: np.hstack([p, p])[:, :K],
            lambda p: np.broadcast_to(p[0], (N, K)),
            lambda p: p[:1],
            lambda p: p[:, :1],
        ],
        ids=["whole", "stride 2", "reversed rows", "some columns", "broadcast", "row", "column"],
    )
    def test_is_read_in_place(self, layout, dtype):
        p = layout(probs(dtype))
        assert same_memory(_validate.as_pred_probs(p), p)
        p.flags.writeable = False
        assert _validate.as_pred_probs(p) is p

    @pytest.mark.parametrize("dtype", FLOATS)
    @pytest.mark.parametrize(
        "layout",
        [
            np.asfortranarray,
            lambda p: p[:, ::-1],
            lambda p: p[:, ::2],
            lambda p: np.broadcast_to(p[:, :1], (N, K)),
            misaligned,
            lambda p: p.astype(p.dtype.newbyteorder()),
            packed,
        ],
        ids=["F", "reversed", "stride 2", "broadcast", "misaligned", "swapped", "packed record"],
    )
    def test_is_copied_once_and_right(self, layout, dtype):
        p = layout(probs(dtype))
        before = p.tobytes()
        out = _validate.as_pred_probs(p)
        assert out.flags.c_contiguous
        assert out.flags.aligned
        assert out.dtype == np.dtype(dtype)
        assert out.dtype.isnative
        assert not np.shares_memory(out, p)
        np.testing.assert_array_equal(out, p)
        assert p.tobytes() == before

    def test_dtypes_that_are_native_under_another_name(self):
        for dtype in (*FLOATS, "int64"):
            swapped_back = np.dtype(dtype).newbyteorder().newbyteorder()
            assert swapped_back.isnative
            assert swapped_back.byteorder != "="
            x = np.eye(K)[LABELS].astype(swapped_back)
            assert _validate.as_pred_probs(x).dtype.byteorder == "="
        assert _validate.as_labels(LABELS.astype(swapped_back), N).dtype.byteorder == "="

    def test_rows_are_whole_items_apart_even_if_there_is_one(self):
        p = np.zeros(1, dtype=[("p", "f8", K), ("id", "u1")])["p"]
        assert p.strides == (25, 8)
        assert p.flags.aligned
        assert _validate.as_pred_probs(p).strides == (24, 8)

    @pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
    def test_subclasses_become_plain_arrays_of_the_same_memory(self, tmp_path):
        p = np.memmap(tmp_path / "p", np.float32, "w+", shape=(N, K))
        for x in (p, np.matrix(probs())):
            out = _validate.as_pred_probs(x)
            assert type(out) is np.ndarray
            assert same_memory(out, x)

    @pytest.mark.parametrize("dtype", FLOATS[1:])
    @pytest.mark.parametrize(
        "wrap",
        [
            lambda p: p.tolist(),
            lambda p: tuple(map(tuple, p.tolist())),
            list,
            memoryview,
            Array,
            DLPack,
            lambda p: DLPack(p, device=3),
        ],
        ids=["list", "tuple", "rows", "buffer", "array", "dlpack", "dlpack pinned"],
    )
    def test_other_containers(self, wrap, dtype):
        p = probs(dtype)
        out = _validate.as_pred_probs(wrap(p))
        assert type(out) is np.ndarray
        np.testing.assert_array_equal(out, p)

    def test_protocols_share_memory(self):
        p = probs()
        for x in (DLPack(p), Array(p), memoryview(p)):
            assert same_memory(_validate.as_pred_probs(x), p)

    def test_one_dimension(self):
        p = probs()[:, 0]
        assert _validate.as_pred_probs(p.copy(), ndim=1).shape == (N,)
        np.testing.assert_array_equal(_validate.as_pred_probs(p, ndim=1), p)
        np.testing.assert_array_equal(_validate.as_pred_probs(array.array("d", p), ndim=1), p)
        with refuses(ValueError, "s must have shape (n,), got (12, 3)"):
            _validate.as_pred_probs(probs(), ndim=1, name="s")

    @pytest.mark.parametrize("dtype", [*INTS, "bool", ">i4"])
    def test_one_hot_becomes_float64(self, dtype):
        one_hot = np.eye(K, dtype=dtype)[LABELS]
        out = _validate.as_pred_probs(one_hot)
        assert out.dtype == np.float64
        np.testing.assert_array_equal(out, np.eye(K)[LABELS])

    @pytest.mark.parametrize(
        ("x", "message"),
        [
            (None, "p must hold float16, float32 or float64, got NoneType"),
            ("abc", "p must hold float16, float32 or float64, got str; parse the numbers first"),
            ({0: [0.5]}, "p must hold float16, float32 or float64, got dict"),
            ((x for x in [1]), "p must hold float16, float32 or float64, got generator"),
            (probs().astype("g"), "got dtype float128; convert it with .astype(numpy.float64)"),
            (probs().astype("c8"), "got dtype complex64; take its real part"),
            (probs().astype("U"), "got dtype <U32; parse the numbers first"),
            (probs().astype("S"), "parse the numbers first"),
            (probs().astype("M8[s]"), "got dtype datetime64[s]; pass numbers, not dates"),
            (probs().astype("m8[s]"), "got dtype timedelta64[s]; pass numbers, not durations"),
            (np.zeros((N, K), "f4,f4"), "a structured array, field by field"),
            (probs().astype(object), "got dtype object; convert it with .astype(numpy.float64)"),
            ([[0.5, None]], "p[0, 1] is None, expected a float"),
            ([[0.5, 0.5], [0.5, "1"]], "got dtype <U32; parse the numbers first"),
            (np.array([[0.5, {}]], object), "p[0, 1] is {}, expected a float"),
            (np.ma.masked_less(probs(), 0.2), "p must not be a masked array; .filled() it"),
            (list(np.ma.masked_less(probs(), 0.2)), "p must not be a masked array; .filled() it"),
            (Array(np.ma.masked_less(probs(), 0.2)), "p must not be a masked array"),
            (DLPack(probs(), device=2), "p (DLPack) cannot be read as an array: it is on another"),
            (Array(RuntimeError("detach me")), "p (Array) cannot be read as an array: detach me"),
        ],
    )
    def test_wrong_kind(self, x, message):
        if "float128" in message:  # the name of a long double differs between platforms
            message = message.replace("float128", str(np.dtype("g")))
        with refuses(TypeError, message):
            _validate.as_pred_probs(x, name="p")

    def test_gpu_hint_and_sparse_hint(self):
        with refuses(TypeError, "move it to the CPU first, e.g. with .cpu()"):
            _validate.as_pred_probs(DLPack(probs(), device=2))
        sparse = pytest.importorskip("scipy.sparse")
        with refuses(TypeError, "use .toarray()"):
            _validate.as_pred_probs(sparse.csr_array(probs()))

    @pytest.mark.parametrize(
        ("x", "message"),
        [
            (0.5, "p must have shape (n, k), got ()"),
            (probs()[:, 0], "got (12,); for two classes pass numpy.column_stack([1 - p, p])"),
            (probs()[None], "p must have shape (n, k), got (1, 12, 3)"),
            (probs()[:0], "p has no rows, got shape (0, 3)"),
            (probs()[:, :0], "p has no columns, got shape (12, 0)"),
            ([], "p must have shape (n, k), got (0,)"),
            ([[0.5, 0.5], [1.0]], "p[1] has 1 values, p[0] has 2"),
            (np.full((N, K), 7), "p[0, 0] is 7; integers must be 0 or 1, pass probabilities as"),
            ([[0, 1], [1, -1]], "p[1, 1] is -1; integers must be 0 or 1"),
            (Array(ValueError("no")), "p (Array) cannot be read as an array: no"),
        ],
    )
    def test_wrong_value(self, x, message):
        with refuses(ValueError, message):
            _validate.as_pred_probs(x, name="p")

    @pytest.mark.parametrize(
        "x",
        [
            np.broadcast_to(np.True_, (1 << 31, 1 << 31)),
            np.broadcast_to(np.uint8(1), (1 << 40, 1 << 20)),
            np.broadcast_to(np.ones((1, 1), np.float16), (1 << 31, 1 << 30)),
        ],
        ids=["bool", "uint8", "columns of stride 0"],
    )
    def test_absurd_sizes_are_refused_at_once(self, x):
        start = time.perf_counter()
        with refuses(ValueError, "is too large"):
            _validate.as_pred_probs(x)
        with refuses(ValueError, "labels must have shape (n,)"):
            _validate.as_labels(x, N)
        assert time.perf_counter() - start < 0.01

    def test_memory_errors_are_not_disguised(self):
        with pytest.raises(MemoryError):
            _validate.as_pred_probs(Array(MemoryError()))


class TestSmallArguments:
    def test_class_vector(self):
        for x in ([0.1, 0.2, 0.3], (1, 2, 3), np.array([0.1, 0.2, 0.3], np.float16)):
            out = _validate.as_class_vector(x, 3, name="t")
            assert out.dtype == np.float64
            np.testing.assert_array_equal(out, x)
        with refuses(ValueError, "t must have one value per class, shape (3,), got shape (2,)"):
            _validate.as_class_vector([0.1, 0.2], 3, name="t")
        with refuses(ValueError, "t must have one value per class, shape (3,), got shape ()"):
            _validate.as_class_vector(0.5, 3, name="t")
        with refuses(ValueError, "t[1] is nan, expected a finite number"):
            _validate.as_class_vector([0.1, np.nan, 0.2], 3, name="t")
        with refuses(TypeError, "t must hold numbers, got dtype <U1"):
            _validate.as_class_vector(["a", "b", "c"], 3, name="t")
        with refuses(TypeError, "t must hold numbers, got NoneType"):
            _validate.as_class_vector(None, 3, name="t")

    def test_class_vector_is_a_copy(self):
        x = np.ones(3)
        assert not np.shares_memory(_validate.as_class_vector(x, 3, name="t"), x)

    def test_square(self):
        for x, dtype in (
            (np.eye(3, dtype=np.int8), np.int64),
            (np.eye(3, dtype=np.uint64), np.int64),
            (np.eye(3, dtype=np.float32), np.float64),
            (np.eye(3).T, np.float64),
            ([[1, 0], [0, 1]], np.int64),
        ):
            out = _validate.as_square(x, name="j")
            assert out.dtype == dtype
            assert out.flags.c_contiguous
            np.testing.assert_array_equal(out, x)
        joint = np.ones((4, 2, 2), np.int64)
        assert _validate.as_square(joint, name="j", n_classes=4, multi_label=True).shape == (
            4,
            2,
            2,
        )

    @pytest.mark.parametrize(
        ("x", "options", "kind", "message"),
        [
            (np.ones((2, 3)), {}, ValueError, "j must have shape (k, k), got (2, 3)"),
            (np.ones((0, 0)), {}, ValueError, "j must have shape (k, k), got (0, 0)"),
            (1.0, {}, ValueError, "j must have shape (k, k), got ()"),
            (np.eye(2), {"n_classes": 3}, ValueError, "shape (k, k) with k = 3, got (2, 2)"),
            (np.eye(2), {"multi_label": True}, ValueError, "shape (k, 2, 2), got (2, 2)"),
            ([[1, 0], [-1, 1]], {}, ValueError, "j[1, 0] is -1, expected a finite number of at"),
            ([[1, np.nan], [0, 1]], {}, ValueError, "j[0, 1] is nan, expected a finite number"),
            (np.full((1, 1), 2**64 - 1), {}, ValueError, "j[0, 0] is 18446744073709551615, expec"),
            (np.eye(2, dtype=bool), {}, TypeError, "j must hold numbers, got dtype bool"),
            (np.eye(2, dtype=complex), {}, TypeError, "j must hold numbers, got dtype complex128"),
        ],
    )
    def test_bad_square(self, x, options, kind, message):
        with refuses(kind, message):
            _validate.as_square(x, name="j", **options)

    def test_mask(self):
        mask = LABELS == 1
        for x in (mask, mask.tolist(), mask.astype(object), mask[::-1][::-1]):
            out = _validate.as_mask(x, N, name="m")
            assert out.dtype == np.bool_
            assert out.flags.c_contiguous
            np.testing.assert_array_equal(out, mask)
        with refuses(TypeError, "got dtype int64; make one of indices by numpy.isin(numpy.arange("):
            _validate.as_mask(np.array([1, 4, 7]), N, name="m")
        with refuses(TypeError, "m must be a bool mask, got NoneType"):
            _validate.as_mask(None, N, name="m")
        with refuses(TypeError, "m must be a bool mask, got dtype object"):
            _validate.as_mask([True, None], 2, name="m")
        with refuses(ValueError, "m must have shape (n,), got (12, 1)"):
            _validate.as_mask(mask[:, None], N, name="m")
        with refuses(ValueError, "m has 12 rows, pred_probs has 11"):
            _validate.as_mask(mask, 11, name="m")

    def test_scores(self):
        for dtype in FLOATS:
            s = probs(dtype)[:, 0].copy()
            assert not np.shares_memory(_validate.as_scores(s, name="s"), s)
            swapped = s.astype(s.dtype.newbyteorder())
            for x in (probs(dtype)[:, 0], s[::-1], misaligned(s), swapped):
                out = _validate.as_scores(x, name="s")
                assert out.flags.c_contiguous
                assert out.flags.aligned
                assert out.dtype == np.dtype(dtype)
                np.testing.assert_array_equal(out, x)
        assert _validate.as_scores([3, 1, 2], name="s").dtype == np.float64
        assert _validate.as_scores(np.array([]), name="s").shape == (0,)
        with refuses(ValueError, "s must have shape (n,), got (12, 3)"):
            _validate.as_scores(probs(), name="s")
        with refuses(TypeError, "s must hold numbers, got dtype <U1"):
            _validate.as_scores(["a"], name="s")

    def test_choice(self):
        choices = ("self_confidence", "normalized_margin")
        assert _validate.as_choice("normalized_margin", choices, name="method") == choices[1]
        message = (
            "method must be one of 'self_confidence', 'normalized_margin', got 'self_confidense'; "
            "did you mean 'self_confidence'?"
        )
        with refuses(ValueError, message):
            _validate.as_choice("self_confidense", choices, name="method")
        for value in (None, 3, ["self_confidence"], np.array([1, 2])):
            with refuses(
                TypeError, "method must be one of 'self_confidence', 'normalized_margin',"
            ):
                _validate.as_choice(value, choices, name="method")


def test_the_front_door_is_cheap():
    p, y = probs(), LABELS.copy()

    def timed(repeats: int = 2000) -> float:
        start = time.perf_counter()
        for _ in range(repeats):
            _validate.as_pred_probs(p)
            _validate.as_labels(y, N)
        return (time.perf_counter() - start) / repeats

    assert min(timed() for _ in range(5)) < 15e-6  # 1.5 us when written
