"""What "equal" means in the tests. Every helper is made to fail in unit/test_compare.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


def assert_identical(actual: ArrayLike, expected: ArrayLike) -> None:
    """Same dtype, shape and values, bit for bit: -0.0 is not 0.0, and a nan is itself."""
    a, b = _alike(actual, expected)
    if a.tobytes() != b.tobytes():
        width = a.dtype.itemsize
        bits = [np.frombuffer(x.tobytes(), np.uint8).reshape(-1, width) for x in (a, b)]
        _fail((bits[0] != bits[1]).any(axis=1).reshape(a.shape), a, b, "bits")


def assert_equal(actual: ArrayLike, expected: ArrayLike) -> None:
    """Same dtype, shape and values; nan equals nan, and -0.0 equals 0.0."""
    a, b = _alike(actual, expected)
    both_nan = np.isnan(a) & np.isnan(b) if a.dtype.kind == "f" else False
    _fail((a != b) & ~both_nan, a, b, "values")


def assert_ulp(actual: ArrayLike, expected: ArrayLike, max_ulp: int, *, atol: float = 0.0) -> None:
    """Floats of one dtype at most ``max_ulp`` representable values, or ``atol``, apart."""
    a, b = _alike(actual, expected)
    with np.errstate(invalid="ignore"):
        near = np.abs(a.astype(np.float64) - b.astype(np.float64)) <= atol
    _fail((ulp_distance(a, b) > max_ulp) & ~near, a, b, f"values more than {max_ulp} ulp apart")


def ulp_distance(actual: ArrayLike, expected: ArrayLike) -> NDArray[np.float64]:
    """Count the steps between representable values; inf where just one is nan."""
    a, b = _alike(actual, expected)
    ranks = _rank(a), _rank(b)
    high, low = np.maximum(*ranks), np.minimum(*ranks)
    # As unsigned numbers, because the difference of two int64 may not fit into one.
    distance = (high.astype(np.uint64) - low.astype(np.uint64)).astype(np.float64)
    distance[np.isnan(a) & np.isnan(b)] = 0.0
    distance[np.isnan(a) != np.isnan(b)] = np.inf
    return distance


def _rank(values: Array) -> NDArray[np.int64]:
    """Position of each float among the floats of its dtype, 0 for both zeros."""
    native = np.atleast_1d(values).astype(values.dtype.newbyteorder("="), order="C")
    whole = np.dtype(f"int{8 * native.dtype.itemsize}")
    bits = native.view(whole).astype(np.int64)
    return np.where(bits >= 0, bits, np.iinfo(whole).min - bits).reshape(values.shape)


def assert_same_order_up_to_ties(actual: ArrayLike, expected: ArrayLike, scores: ArrayLike) -> None:
    """Two lists of rows, lowest score first, that differ only by swapping rows of equal score.

    Where the lists end within a tie, they may name different rows of it.
    """
    a, b = np.asarray(actual, dtype=np.int64), np.asarray(expected, dtype=np.int64)
    score = np.asarray(scores)
    assert a.shape == b.shape, f"{len(a)} rows, expected {len(b)}"
    for rows in (a, b):
        assert len(np.unique(rows)) == len(rows), "a row is listed twice"
    _fail(score[a] != score[b], a, b, "rows have different scores")
    if len(b) > 0:
        whole = score[b] != score[b[-1]]
        assert set(a[whole]) == set(b[whole]), "different rows before the last score"


def assert_same_mask_up_to_ties(
    actual: ArrayLike, expected: ArrayLike, keys: ArrayLike, groups: ArrayLike | None = None
) -> None:
    """Masks that select the rows with the lowest keys of each group, ties at the cut in any order.

    The rows on which the masks differ have, in each group, all the same key, and each mask has as
    many of them.
    """
    a, b, key = np.asarray(actual), np.asarray(expected), np.asarray(keys)
    assert a.shape == b.shape == key.shape, f"shapes {a.shape}, {b.shape}, {key.shape}"
    group = np.zeros(len(a), dtype=np.int64) if groups is None else np.asarray(groups)
    for g in np.unique(group[a != b]):
        only_a, only_b = key[(group == g) & a & ~b], key[(group == g) & b & ~a]
        assert len(only_a) == len(only_b), f"group {g}: {len(only_a)} rows for {len(only_b)}"
        assert len(np.unique([*only_a, *only_b])) == 1, f"group {g}: differing rows do not tie"


def assert_same_rounding_up_to_ties(
    actual: ArrayLike, expected: ArrayLike, exact: ArrayLike, *, tie: float = 1e-9
) -> None:
    """Integer matrices, two roundings of one float matrix, that differ only between ties.

    Rows have the same sums, entries are within one of ``exact``, and those that differ have, in
    each row, all the same fraction in ``exact``, to within ``tie``.
    """
    (a, b), values = _alike(actual, expected), np.asarray(exact)
    for rounded in (a, b):
        _fail(np.abs(rounded - values) > 1, rounded, values, "not a rounding")
    for row, differ in enumerate(a != b):
        assert a[row].sum() == b[row].sum(), f"row {row}: sums {a[row].sum()} != {b[row].sum()}"
        if differ.any():
            fractions = values[row][differ] % 1.0
            assert np.ptp(fractions) <= tie, f"row {row}: fractions {fractions} do not tie"


def _alike(actual: ArrayLike, expected: ArrayLike) -> tuple[Array, Array]:
    a, b = np.asarray(actual), np.asarray(expected)
    assert a.dtype == b.dtype, f"dtype {a.dtype}, expected {b.dtype}"
    assert a.shape == b.shape, f"shape {a.shape}, expected {b.shape}"
    return a, b


def _fail(bad: Array, actual: Array, expected: Array, what: str) -> None:
    """Report the first place where ``bad`` is true, if there is one."""
    if np.any(bad):
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        msg = (
            f"{np.count_nonzero(bad)} of {np.size(bad)} differ ({what}), first at {first}: "
            f"{actual[first]}, expected {expected[first]}"
        )
        raise AssertionError(msg)
