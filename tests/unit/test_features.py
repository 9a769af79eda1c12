"""The front door for features and for the other arguments of neighbour searches."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from cupel import _features, neighbors
from hostile.layouts import LAYOUTS, Array, DLPack


def refuses(kind: type[Exception], message: str) -> Any:
    return pytest.raises(kind, match=re.escape(message))


class TestFeatures:
    @pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
    def test_floats_are_read_where_they_lie(self, dtype):
        x = np.ones((6, 4), dtype=dtype)
        assert _features.as_features(x) is x
        for view in (x[::2], x[::-1], x[:, 1:3], np.broadcast_to(x[:1], (6, 4))):
            assert np.shares_memory(_features.as_features(view), x)

    def test_other_layouts_are_copied(self, tmp_path):
        x = np.random.default_rng(0).random((6, 4))
        for layout in LAYOUTS.values():
            out = _features.as_features(layout(x, tmp_path))
            assert out.dtype == np.float64
            assert out.dtype.isnative
            assert out.strides[1] == 8
            np.testing.assert_array_equal(out, x)

    @pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "uint16"])
    def test_short_integers_become_float32(self, dtype):
        info = np.iinfo(dtype) if dtype != "bool" else None
        x = np.array([[0, 1], [info.min, info.max]] if info else [[0, 1]], dtype=dtype)
        out = _features.as_features(x)
        assert out.dtype == np.float32
        np.testing.assert_array_equal(out, x)

    @pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
    def test_long_integers_become_what_holds_them(self, dtype):
        for value, wanted in (
            (2**24, np.float32),
            (-(2**24), np.float32),
            (2**24 + 1, np.float64),
            (-(2**24) - 1, np.float64),
            (2**53, np.float64),
            (-(2**53), np.float64),
        ):
            if np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
                out = _features.as_features(np.array([[value, 0]], dtype=dtype))
                assert out.dtype == wanted
                assert out[0, 0] == value

    @pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, -(2**63), 2**63 - 1])
    def test_integers_that_float64_would_round(self, value):
        x = np.array([[0, 1], [2, value]])
        with refuses(ValueError, f"features[1, 1] is {value}, which float64 cannot hold exactly"):
            _features.as_features(x)

    def test_lists_and_tensors(self):
        x = np.random.default_rng(0).random((5, 3)).astype(np.float32)
        assert _features.as_features([[1, 2], [3, 4]]).dtype == np.float32
        assert _features.as_features([[0.5, 2], [3, 4]]).dtype == np.float64
        for tensor in (DLPack(x), Array(x)):
            assert np.shares_memory(_features.as_features(tensor), x)

    def test_torch(self):
        torch = pytest.importorskip("torch")
        x = torch.rand(5, 3)
        assert np.shares_memory(_features.as_features(x), x.numpy())

    def test_frames(self):
        pd = pytest.importorskip("pandas")
        x = np.random.default_rng(0).random((5, 3))
        np.testing.assert_array_equal(_features.as_features(pd.DataFrame(x)), x)
        mixed = pd.DataFrame({"a": [1, 2], "b": [True, False], "c": [0.5, 1.5]})
        assert _features.as_features(mixed).tolist() == [[1.0, 1.0, 0.5], [2.0, 0.0, 1.5]]
        missing = pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": [1.0, 2.0]})
        with refuses(ValueError, "features[1, 0] is nan, expected a finite number"):
            neighbors.knn_graph(missing)
        with refuses(TypeError, "features[0, 1] is 'x', expected a float"):
            _features.as_features(pd.DataFrame({"a": [1.0], "b": ["x"]}))

    def test_shapes(self):
        with refuses(ValueError, "features must have shape (n, d), one row per example, got (3,); "
                     "if there is one number per example, pass features.reshape(-1, 1)"):  # fmt: skip
            _features.as_features(np.ones(3))
        with refuses(ValueError, "got (3, 2, 2); pass features.reshape(len(features), -1)"):
            _features.as_features(np.ones((3, 2, 2)))
        with refuses(ValueError, "x has no rows, got shape (0, 2)"):
            _features.as_features(np.ones((0, 2)), name="x")
        with refuses(ValueError, "features has no columns"):
            _features.as_features(np.ones((2, 0)))

    def test_sparse(self):
        sparse = pytest.importorskip("scipy.sparse")
        with refuses(TypeError, "features must be a dense matrix, got csr_matrix; pass "
                     "features.toarray(), or"):  # fmt: skip
            _features.as_features(sparse.csr_matrix(np.eye(3)))

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_not_finite(self, n_jobs):
        for dtype in ("float16", "float32", "float64"):
            for value in (np.nan, np.inf, -np.inf):
                x = np.zeros((5000, 3), dtype=dtype)
                x[[4321, 4999], [2, 0]] = value
                message = (
                    f"features[4321, 2] is {value}, expected a finite number; leave the row out"
                )
                with refuses(ValueError, message):
                    neighbors.radius_pairs(x, 0.0, n_jobs=n_jobs)


class TestNumbers:
    def test_k(self):
        assert _features.as_k(None, 30) == 10
        assert _features.as_k(None, 4) == 4
        for k in (3, np.int8(3), np.array(3)):
            assert _features.as_k(k, 3) == 3
        for k in (0, -1, 4, 10**30):
            with refuses(ValueError, "k must be from 1 to 3 (there are so many other rows), got "):
                _features.as_k(k, 3)
        for k in (1.0, "1", True, np.True_, [1], np.array([1, 2])):
            with refuses(TypeError, "k must be an integer, got"):
                _features.as_k(k, 3)

    def test_metric(self):
        assert [_features.as_metric(None, d) for d in (1, 3, 4)] == [
            "euclidean",
            "euclidean",
            "cosine",
        ]
        assert _features.as_metric("euclidean", 99) == "euclidean"
        with refuses(ValueError, "metric must be one of 'euclidean', 'cosine', got 'cosin'; did"):
            _features.as_metric("cosin", 5)
        with refuses(TypeError, "metric must be one of"):
            _features.as_metric(math.dist, 5)

    def test_real(self):
        for value in (2, 2.0, np.float32(2), Fraction(2), np.array(2.0)):
            assert _features.as_real(value, name="t") == 2.0
        for value in (-1, math.nan, math.inf, 10**400):
            with refuses(ValueError, "t must be a finite number of at least 0, got"):
                _features.as_real(value, name="t")
        for value in (0, 1.5):
            with refuses(ValueError, "t must be a finite number above 0 and at most 1, got"):
                _features.as_real(value, name="t", above=0.0, most=1.0)
        for value in ("1", b"1", None, True, [1.0], 1j):
            with refuses(TypeError, "t must be a number, got"):
                _features.as_real(value, name="t")

    def test_distances(self):
        out = _features.as_distances([1, 2], name="d")
        assert out.dtype == np.float64
        for bad in ([], [[1.0]], [1.0, -0.5], [0.0, math.nan], [0.0, math.inf]):
            with pytest.raises(ValueError, match="d"):
                _features.as_distances(bad, name="d")
        with refuses(ValueError, "d[1] is -0.5, expected a finite distance of at least 0"):
            _features.as_distances([1.0, -0.5], name="d")
