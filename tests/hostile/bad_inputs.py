"""Malformed (labels, pred_probs) as data, and the public functions that have to refuse them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cupel import count, filter, rank
from hostile.layouts import Array, DLPack

N, K, ROW = 12, 3, 7  # every case that blames a row blames row 7
NAMES = np.array(["cat", "dog", "emu"])

EntryPoint = Callable[[Any, Any], Any]


def good_labels(dtype: Any = np.int64) -> NDArray[Any]:
    return (np.arange(N) % K).astype(dtype)


def good_probs(dtype: Any = np.float64) -> NDArray[Any]:
    p = np.random.default_rng(0).random((N, K)) + 0.1
    return (p / p.sum(axis=1, keepdims=True)).astype(dtype)


ENTRY_POINTS: dict[str, EntryPoint] = {
    "get_confident_thresholds": count.get_confident_thresholds,
    "compute_confident_joint": count.compute_confident_joint,
    "compute_confident_joint, indices": lambda y, p: count.compute_confident_joint(
        y, p, return_indices_of_off_diagonals=True
    ),
    "estimate_joint": count.estimate_joint,
    "estimate_py_and_noise_matrices_from_probabilities": (
        count.estimate_py_and_noise_matrices_from_probabilities
    ),
    "num_label_issues": count.num_label_issues,
    "num_label_issues, calibrated": lambda y, p: count.num_label_issues(
        y, p, estimation_method="off_diagonal_calibrated"
    ),
    **{
        f"find_label_issues, {how}": lambda y, p, how=how: filter.find_label_issues(
            y, p, filter_by=how
        )
        for how in (
            "prune_by_noise_rate",
            "prune_by_class",
            "both",
            "confident_learning",
            "predicted_neq_given",
            "low_normalized_margin",
            "low_self_confidence",
        )
    },
    "find_label_issues, ranked": lambda y, p: filter.find_label_issues(
        y, p, return_indices_ranked_by="normalized_margin", n_jobs=1
    ),
    "find_predicted_neq_given": filter.find_predicted_neq_given,
    "find_label_issues_using_argmax_confusion_matrix": (
        filter.find_label_issues_using_argmax_confusion_matrix
    ),
    **{
        f"get_label_quality_scores, {method}": lambda y, p, method=method: (
            rank.get_label_quality_scores(y, p, method=method)
        )
        for method in ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
    },
    "get_label_quality_scores, adjusted": lambda y, p: rank.get_label_quality_scores(
        y, p, adjust_pred_probs=True
    ),
    "get_self_confidence_for_each_label": rank.get_self_confidence_for_each_label,
    "get_normalized_margin_for_each_label": rank.get_normalized_margin_for_each_label,
    "get_confidence_weighted_entropy_for_each_label": (
        rank.get_confidence_weighted_entropy_for_each_label
    ),
    "get_label_quality_ensemble_scores": lambda y, p: rank.get_label_quality_ensemble_scores(
        y, [p, p], verbose=False
    ),
    "order_label_issues": lambda y, p: rank.order_label_issues(np.arange(N) % 2 == 0, y, p),
}

MULTILABEL_ENTRY_POINTS: dict[str, EntryPoint] = {
    function.__name__: lambda y, p, function=function: function(y, p, multi_label=True)
    for function in (
        count.get_confident_thresholds,
        count.compute_confident_joint,
        count.estimate_joint,
        count.num_label_issues,
        filter.find_label_issues,
        filter.find_predicted_neq_given,
    )
}


@dataclass(frozen=True)
class Case:
    """A malformed call: which argument is to blame, and whether one row of it is."""

    name: str
    argument: str
    make: Callable[[], tuple[Any, Any]]
    row: int | None = None


def bad_labels(name: str, make: Callable[[], Any], row: int | None = None) -> Case:
    return Case(f"labels: {name}", "labels", lambda: (make(), good_probs()), row)


def bad_probs(name: str, make: Callable[[], Any], row: int | None = None) -> Case:
    return Case(f"pred_probs: {name}", "pred_probs", lambda: (good_labels(), make()), row)


def label_7(value: Any, dtype: Any = object) -> Callable[[], NDArray[Any]]:
    """Return a maker of labels whose row 7 is `value`."""

    def make() -> NDArray[Any]:
        y = good_labels(dtype)
        y[ROW] = value
        return y

    return make


def cell_7(value: Any, dtype: Any = np.float64, column: int = 1) -> Callable[[], NDArray[Any]]:
    """Return a maker of probabilities with `value` in row 7."""

    def make() -> NDArray[Any]:
        p = good_probs(dtype)
        p[ROW, column] = value
        return p

    return make


def series(values: Any, **options: Any) -> Any:
    return pytest.importorskip("pandas").Series(values, **options)


def frame(values: Any, **options: Any) -> Any:
    return pytest.importorskip("pandas").DataFrame(values, **options)


def polars_series(values: Any) -> Any:
    return pytest.importorskip("polars").Series(values)


LABEL_CASES = (
    bad_labels("None", lambda: None),
    bad_labels("a number", lambda: 1),
    bad_labels("a string", lambda: "cat"),
    bad_labels("bytes", lambda: b"012012012012"),
    bad_labels("a dict", lambda: dict(enumerate(good_labels().tolist()))),
    bad_labels("a set", lambda: {0, 1, 2}),
    bad_labels("a generator", lambda: (y for y in good_labels())),
    bad_labels("a function", lambda: good_labels),
    bad_labels("an empty list", list),
    bad_labels("an empty array", lambda: np.zeros(0, int)),
    bad_labels("one row short", lambda: good_labels()[:-1]),
    bad_labels("one row more", lambda: [*good_labels(), 0]),
    bad_labels("an endless range", lambda: range(1 << 62)),
    bad_labels("a column", lambda: good_labels()[:, None]),
    bad_labels("a row", lambda: good_labels()[None, :]),
    bad_labels("one-hot", lambda: np.eye(K, dtype=int)[good_labels()]),
    bad_labels("two columns in a frame", lambda: frame(np.zeros((N, 2), int))),
    bad_labels("a list of lists", lambda: [[y] for y in good_labels()]),
    bad_labels("a list in row 7", lambda: label_7(0)().tolist()[:7] + [[0, 1]] + [0] * 4, ROW),
    bad_labels("masked", lambda: np.ma.masked_equal(good_labels(), 2)),
    bad_labels("structured", lambda: np.zeros(N, "i4,i4")),
    bad_labels("complex", lambda: good_labels(complex)),
    bad_labels("dates", lambda: good_labels("M8[D]")),
    bad_labels("durations", lambda: good_labels("m8[s]")),
    bad_labels("long double", lambda: good_labels("g")),
    bad_labels("names without classes", lambda: NAMES[good_labels()]),
    bad_labels("names in a list", lambda: NAMES[good_labels()].tolist()),
    bad_labels("byte names", lambda: NAMES.astype("S")[good_labels()]),
    bad_labels("digits as strings", lambda: good_labels("U1")),
    bad_labels("a categorical", lambda: series(NAMES[good_labels()], dtype="category")),
    bad_labels("names in polars", lambda: polars_series(NAMES[good_labels()])),
    bad_labels("a name among numbers", label_7("dog"), ROW),
    bad_labels("a name among listed numbers", lambda: label_7("dog")().tolist(), ROW),
    bad_labels("a dict in row 7", label_7({}), ROW),
    bad_labels("None in row 7", label_7(None), ROW),
    bad_labels("None in a list", lambda: label_7(None)().tolist(), ROW),
    bad_labels("nan in row 7", label_7(np.nan, float), ROW),
    bad_labels("nan among objects", label_7(np.nan), ROW),
    bad_labels("nan in float16", label_7(np.nan, np.float16), ROW),
    bad_labels("a null in pandas", lambda: series(label_7(None)(), dtype="Int64"), ROW),
    bad_labels("a null in polars", lambda: polars_series(label_7(None)().tolist()), ROW),
    bad_labels("inf", label_7(np.inf, float), ROW),
    bad_labels("a fraction", label_7(1.5, float), ROW),
    bad_labels("almost whole", label_7(1.0000001, float), ROW),
    bad_labels("1e300", label_7(1e300, float), ROW),
    bad_labels("-1", label_7(-1, int), ROW),
    bad_labels("-1 in int8", label_7(-1, np.int8), ROW),
    bad_labels("-1 as float", label_7(-1.0, np.float32), ROW),
    bad_labels("K", label_7(K, int), ROW),
    bad_labels("K in uint8", label_7(K, np.uint8), ROW),
    bad_labels("255 in uint8", label_7(255, np.uint8), ROW),
    bad_labels("2**31", label_7(1 << 31, np.int64), ROW),
    bad_labels("2**32", label_7(1 << 32, np.int64), ROW),
    bad_labels("the least int64", label_7(-(1 << 63), np.int64), ROW),
    bad_labels("the greatest uint64", label_7((1 << 64) - 1, np.uint64), ROW),
    bad_labels("2**64 as object", label_7(1 << 64), ROW),
    bad_labels("10**5000", label_7(10**5000), ROW),
    bad_labels("on a GPU", lambda: DLPack(good_labels(), device=2)),
    bad_labels("an array that fails", lambda: Array(RuntimeError("no"))),
)

PROBABILITY_CASES = (
    bad_probs("None", lambda: None),
    bad_probs("a number", lambda: 0.5),
    bad_probs("a string", lambda: "0.5"),
    bad_probs("a dict", lambda: {0: [0.5] * N}),
    bad_probs("a generator", lambda: (row for row in good_probs())),
    bad_probs("an empty list", list),
    bad_probs("no rows", lambda: good_probs()[:0]),
    bad_probs("no columns", lambda: good_probs()[:, :0]),
    bad_probs("one row short", lambda: good_probs()[:-1]),
    bad_probs("one row more", lambda: np.vstack([good_probs(), good_probs()[:1]])),
    bad_probs("1-D", lambda: good_probs()[:, 0]),
    bad_probs("3-D", lambda: good_probs()[None]),
    bad_probs("ragged", lambda: [*good_probs().tolist()[:ROW], [0.5, 0.5], *[[0.2] * K] * 4], ROW),
    bad_probs("masked", lambda: np.ma.masked_less(good_probs(), 0.2)),
    bad_probs("masked rows", lambda: list(np.ma.masked_less(good_probs(), 0.2))),
    bad_probs("structured", lambda: np.zeros((N, K), "f4,f4")),
    bad_probs("long double", lambda: good_probs("g")),
    bad_probs("complex", lambda: good_probs(complex)),
    bad_probs("strings", lambda: good_probs("U8")),
    bad_probs("bytes", lambda: good_probs("S8")),
    bad_probs("dates", lambda: np.zeros((N, K), "M8[s]")),
    bad_probs("durations", lambda: np.zeros((N, K), "m8[s]")),
    bad_probs("objects", lambda: good_probs(object)),
    bad_probs("None in row 7", cell_7(None, object), ROW),
    bad_probs("a string in row 7", cell_7("0.5", object), ROW),
    bad_probs("a string in a frame", lambda: frame(cell_7("0.5", object)()), ROW),
    bad_probs("a null in a frame", lambda: frame(cell_7(None, object)(), dtype="Float64"), ROW),
    bad_probs(
        "counts", lambda: np.vstack([np.eye(K, dtype=int)[[0] * ROW], np.full((5, K), 9)]), ROW
    ),
    bad_probs("a percentage in uint8", cell_7(100, np.uint8), ROW),
    *(
        bad_probs(f"{value} in {dtype}", cell_7(value, dtype), ROW)
        for dtype in ("float16", "float32", "float64")
        for value in (np.nan, np.inf, -np.inf, 1.5, -0.25)
    ),
    *(
        bad_probs(f"nan in column {column}", cell_7(np.nan, np.float64, column), ROW)
        for column in (0, 2)
    ),
    bad_probs("a signalling nan", lambda: signalling_nan(), ROW),
    bad_probs("a row of nan", lambda: row_7(np.nan), ROW),
    bad_probs("a row of logits", lambda: row_7([-3.0, 2.0, 5.0]), ROW),
    bad_probs("beyond the tolerance above", cell_7(1 + 2e-6), ROW),
    bad_probs("beyond the tolerance below", cell_7(-2e-6), ROW),
    bad_probs("nan, column-major", lambda: np.asfortranarray(cell_7(np.nan)()), ROW),
    bad_probs("nan, reversed rows", lambda: cell_7(np.nan)()[::-1].copy()[::-1], ROW),
    bad_probs("nan, byte-swapped", lambda: cell_7(np.nan)().astype(">f4"), ROW),
    bad_probs("largest float", cell_7(np.finfo(float).max), ROW),
    bad_probs("absurd shape", lambda: np.broadcast_to(np.True_, (1 << 31, 1 << 31))),
    bad_probs("absurd columns", lambda: np.broadcast_to(np.ones((N, 1)), (N, 1 << 55))),
    bad_probs("on a GPU", lambda: DLPack(good_probs(), device=2)),
    bad_probs("an array that fails", lambda: Array(RuntimeError("no"))),
)

CASES = LABEL_CASES + PROBABILITY_CASES

GOOD_LISTS = [[int(c) for c in range(K) if (i >> c) & 1] for i in range(N)]


def lists_with_7(value: Any) -> Callable[[], Any]:
    return lambda: [*GOOD_LISTS[:ROW], value, *GOOD_LISTS[ROW + 1 :]]


MULTILABEL_CASES = (
    bad_labels("one class per row", lambda: good_labels().tolist(), 0),
    bad_labels("an array of classes", good_labels),
    bad_labels("a 0/1 matrix", lambda: np.eye(K, dtype=int)[good_labels()]),
    bad_labels("0/1 rows", lambda: np.eye(K, dtype=int)[good_labels()].tolist()),
    bad_labels("None", lambda: None),
    bad_labels("one row short", lambda: GOOD_LISTS[:-1]),
    bad_labels("a number in row 7", lists_with_7(1), ROW),
    bad_labels("None in row 7", lists_with_7(None), ROW),
    bad_labels("a string in row 7", lists_with_7("02"), ROW),
    bad_labels("a name in row 7", lists_with_7([0, "dog"]), ROW),
    bad_labels("nan in row 7", lists_with_7([0, np.nan]), ROW),
    bad_labels("-1 in row 7", lists_with_7([0, -1]), ROW),
    bad_labels("K in row 7", lists_with_7([0, K]), ROW),
    bad_labels("a list within row 7", lists_with_7([0, [1]]), ROW),
    Case("nan", "pred_probs", lambda: (GOOD_LISTS, cell_7(np.nan)()), ROW),
    Case("beyond 1", "pred_probs", lambda: (GOOD_LISTS, cell_7(1.5)()), ROW),
)


def row_7(values: Any) -> NDArray[np.float64]:
    p = good_probs()
    p[ROW] = values
    return p


def signalling_nan() -> NDArray[np.float32]:
    p = good_probs(np.float32)
    p.view(np.uint32)[ROW, 1] = 0x7F800001
    return p
