"""Malformed features as data, and the public functions that have to refuse them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cupel import duplicates, neighbors, outlier
from hostile.layouts import Array, DLPack

N, D, ROW = 12, 4, 7  # every case that blames a row blames row 7

FeatureEntryPoint = Callable[[Any], Any]


def good_features(dtype: Any = np.float64) -> NDArray[Any]:
    return (5 * np.random.default_rng(0).random((N, D))).astype(dtype)


FEATURE_ENTRY_POINTS: dict[str, FeatureEntryPoint] = {
    "knn_graph": lambda x: neighbors.knn_graph(x, 3),
    "nearest_neighbors": lambda x: neighbors.nearest_neighbors(x, np.ones((2, D)), 3),
    "radius_pairs": lambda x: neighbors.radius_pairs(x, 0.5),
    "find_outliers": lambda x: outlier.find_outliers(x, k=3),
    "find_near_duplicates": lambda x: duplicates.find_near_duplicates(x, k=3),
    "exact_duplicates": duplicates.exact_duplicates,
    "OutOfDistribution.fit": lambda x: outlier.OutOfDistribution({"k": 3}).fit(features=x),
    "OutOfDistribution.fit_score": lambda x: outlier.OutOfDistribution({"k": 3}).fit_score(
        features=x
    ),
}


@dataclass(frozen=True)
class FeatureCase:
    """Malformed features, and whether one row of them is to blame."""

    name: str
    make: Callable[[], Any]
    row: int | None = None


def cell(value: Any, dtype: Any = np.float64, column: int = 1) -> Callable[[], NDArray[Any]]:
    """Return a maker of features with `value` in row 7."""

    def make() -> NDArray[Any]:
        x = good_features(dtype)
        x[ROW, column] = value
        return x

    return make


def signalling_nan() -> NDArray[np.float32]:
    x = good_features(np.float32)
    x.view(np.uint32)[ROW, 1] = 0x7F800001
    return x


def frame(values: Any, **options: Any) -> Any:
    return pytest.importorskip("pandas").DataFrame(values, **options)


def sparse(kind: str) -> Any:
    return getattr(pytest.importorskip("scipy.sparse"), kind)(good_features())


def bfloat16() -> Any:
    """Like the dtype of that name: two bytes that NumPy knows nothing of."""
    return np.zeros((N, D), dtype="V2")


FEATURE_CASES = (
    FeatureCase("None in row 7 of a list", lambda: cell(None, object)().tolist(), ROW),
    FeatureCase("a number", lambda: 0.5),
    FeatureCase("a string", lambda: "0.5"),
    FeatureCase("a dict", lambda: {0: [0.5] * N}),
    FeatureCase("a generator", lambda: (row for row in good_features())),
    FeatureCase("an empty list", list),
    FeatureCase("no rows", lambda: good_features()[:0]),
    FeatureCase("no columns", lambda: good_features()[:, :0]),
    FeatureCase("1-D", lambda: good_features()[:, 0]),
    FeatureCase("images", lambda: good_features().reshape(N, 2, 2)),
    FeatureCase("ragged", lambda: [*good_features().tolist()[:ROW], [0.5], *[[0.2] * D] * 4], ROW),
    FeatureCase("masked", lambda: np.ma.masked_less(good_features(), 0.2)),
    FeatureCase("structured", lambda: np.zeros((N, D), "f4,f4")),
    FeatureCase("long double", lambda: good_features("g")),
    FeatureCase("complex", lambda: good_features(complex)),
    FeatureCase("strings", lambda: good_features("U8")),
    FeatureCase("bytes", lambda: good_features("S8")),
    FeatureCase("dates", lambda: np.zeros((N, D), "M8[s]")),
    FeatureCase("durations", lambda: np.zeros((N, D), "m8[s]")),
    FeatureCase("objects", lambda: good_features(object)),
    FeatureCase("bfloat16", bfloat16),
    FeatureCase("a csr matrix", lambda: sparse("csr_matrix")),
    FeatureCase("a coo array", lambda: sparse("coo_array")),
    FeatureCase("None in row 7", cell(None, object), ROW),
    FeatureCase("a string in row 7", cell("0.5", object), ROW),
    FeatureCase("a string in a frame", lambda: frame(cell("0.5", object)()), ROW),
    FeatureCase("a null in a frame", lambda: frame(cell(None, object)(), dtype="Float64"), ROW),
    FeatureCase("a large integer", cell(2**53 + 1, np.int64), ROW),
    FeatureCase("a large negative integer", cell(-(2**63), np.int64), ROW),
    FeatureCase("the greatest uint64", cell(2**64 - 1, np.uint64), ROW),
    *(
        FeatureCase(f"{value} in {dtype}", cell(value, dtype), ROW)
        for dtype in ("float16", "float32", "float64")
        for value in (np.nan, np.inf, -np.inf)
    ),
    *(
        FeatureCase(f"nan in column {column}", cell(np.nan, np.float64, column), ROW)
        for column in (0, D - 1)
    ),
    FeatureCase("a signalling nan", signalling_nan, ROW),
    FeatureCase("nan, column-major", lambda: np.asfortranarray(cell(np.nan)()), ROW),
    FeatureCase("nan, reversed rows", lambda: cell(np.nan)()[::-1].copy()[::-1], ROW),
    FeatureCase("nan, byte-swapped", lambda: cell(np.nan)().astype(">f4"), ROW),
    FeatureCase("absurd shape", lambda: np.broadcast_to(np.True_, (1 << 31, 1 << 31))),
    FeatureCase("absurd shape of integers", lambda: np.broadcast_to(7, (1 << 31, 1 << 28))),
    FeatureCase("absurd columns", lambda: np.broadcast_to(np.ones((N, 1)), (N, 1 << 55))),
    FeatureCase("on a GPU", lambda: DLPack(good_features(), device=2)),
    FeatureCase("an array that fails", lambda: Array(RuntimeError("no"))),
)
