"""Every comparison helper accepts what it should and fails on what it should not."""

from __future__ import annotations

import numpy as np
import pytest

from compare import (
    assert_equal,
    assert_identical,
    assert_same_mask_up_to_ties,
    assert_same_order_up_to_ties,
    assert_same_rounding_up_to_ties,
    assert_ulp,
    ulp_distance,
)

FLOATS = (np.float16, np.float32, np.float64)
ONE_TWO = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    "check", [assert_equal, assert_identical, lambda a, b: assert_ulp(a, b, 9)]
)
@pytest.mark.parametrize(
    ("other", "message"),
    [
        (ONE_TWO.astype(np.float32), "dtype float64, expected float32"),
        (ONE_TWO[:1], r"shape \(2,\), expected \(1,\)"),
        (ONE_TWO[np.newaxis], "shape"),
        (np.array([1.0, 2.1]), r"1 of 2 differ .* first at \(1,\)"),
        (np.array([1.0, np.nan]), "1 of 2 differ"),
    ],
)
def test_dtype_shape_and_values_matter(check, other, message):
    check(ONE_TWO, ONE_TWO.copy())
    with pytest.raises(AssertionError, match=message):
        check(ONE_TWO, other)


def test_nan_equals_nan():
    nans = np.array([np.nan, 1.0])
    assert_identical(nans, nans.copy())
    assert_equal(nans, nans.copy())
    assert_ulp(nans, nans.copy(), 0)


def test_only_identical_tells_zeros_apart():
    plus, minus = np.array([0.0]), np.array([-0.0])
    assert_equal(plus, minus)
    assert_ulp(plus, minus, 0)
    with pytest.raises(AssertionError, match="bits"):
        assert_identical(plus, minus)


def test_identical_looks_at_integers_masks_and_scalars():
    assert_identical(np.arange(3), np.arange(3))
    assert_identical(np.int64(3), np.int64(3))
    assert_identical(np.zeros((0, 2)), np.zeros((0, 2)))
    with pytest.raises(AssertionError, match=r"first at \(1, 0\): True, expected False"):
        assert_identical(np.array([[True], [True]]), np.array([[True], [False]]))
    with pytest.raises(AssertionError, match="1 of 1 differ"):
        assert_identical(np.int64(3), np.int64(4))


def test_identical_ignores_memory_layout():
    matrix = np.arange(6.0).reshape(2, 3)
    assert_identical(np.asfortranarray(matrix), matrix)
    assert_identical(matrix[:, ::-1], np.ascontiguousarray(matrix[:, ::-1]))


@pytest.mark.parametrize("dtype", FLOATS)
def test_ulp_distance_counts_steps(dtype):
    start = np.array([0.0, 0.3, 1.0, -1.0, -0.3], dtype=dtype)
    end = start
    for _ in range(5):
        end = np.nextafter(end, dtype(10))
    np.testing.assert_array_equal(ulp_distance(start, end), 5)
    np.testing.assert_array_equal(ulp_distance(end, start), 5)
    assert_ulp(start, end, 5)
    with pytest.raises(AssertionError, match="5 of 5 differ"):
        assert_ulp(start, end, 4)


@pytest.mark.parametrize("dtype", FLOATS)
def test_ulp_distance_across_zero_and_to_infinity(dtype):
    tiny = np.finfo(dtype).smallest_subnormal
    assert ulp_distance(np.array([-tiny]), np.array([tiny])) == 2
    info, whole = np.finfo(dtype), np.dtype(f"int{8 * np.dtype(dtype).itemsize}")
    assert ulp_distance(np.array([info.max]), np.array([np.inf], dtype=dtype)) == 1
    infinity = int(np.array(np.inf, dtype=dtype).view(whole))
    both = ulp_distance(np.array([-np.inf], dtype=dtype), np.array([np.inf], dtype=dtype))
    assert both == float(2 * infinity)


def test_ulp_distance_with_one_nan_is_infinite():
    np.testing.assert_array_equal(ulp_distance(np.array([np.nan]), np.array([1.0])), np.inf)


def test_ulp_allows_an_absolute_difference():
    near = np.array([1e-12]), np.array([2e-12])
    assert_ulp(*near, 1, atol=1e-11)
    with pytest.raises(AssertionError, match="more than 1 ulp"):
        assert_ulp(*near, 1, atol=1e-13)


class TestOrder:
    scores = np.array([0.3, 0.1, 0.3, 0.2, 0.3])

    def test_accepts_swapped_ties_and_another_row_of_the_last_tie(self):
        assert_same_order_up_to_ties([1, 3, 0, 2, 4], [1, 3, 4, 0, 2], self.scores)
        assert_same_order_up_to_ties([1, 3, 0], [1, 3, 4], self.scores)
        assert_same_order_up_to_ties([], [], self.scores)

    @pytest.mark.parametrize(
        ("actual", "message"),
        [
            ([3, 1, 0, 2], "different scores"),
            ([1, 3, 0], "3 rows, expected 4"),
            ([1, 3, 0, 0], "twice"),
        ],
    )
    def test_rejects(self, actual, message):
        with pytest.raises(AssertionError, match=message):
            assert_same_order_up_to_ties(np.array(actual), np.array([1, 3, 0, 2]), self.scores)

    def test_rejects_another_row_of_an_earlier_tie(self):
        scores = np.array([0.1, 0.1, 0.2])
        with pytest.raises(AssertionError, match="before the last score"):
            assert_same_order_up_to_ties([0, 2], [1, 2], scores)


class TestMask:
    keys = np.array([0.1, 0.2, 0.2, 0.2, 0.3, 0.4])
    expected = np.array([1, 1, 0, 0, 0, 0], dtype=bool)

    def test_accepts_another_row_of_the_tie_at_the_cut(self):
        actual = np.array([1, 0, 0, 1, 0, 0], dtype=bool)
        assert_same_mask_up_to_ties(actual, self.expected, self.keys)
        assert_same_mask_up_to_ties(self.expected, self.expected, self.keys)

    @pytest.mark.parametrize(
        ("actual", "message"),
        [
            ([1, 0, 0, 0, 1, 0], "do not tie"),
            ([0, 1, 1, 0, 0, 0], "do not tie"),
            ([1, 1, 1, 0, 0, 0], "1 rows for 0"),
            ([1, 0, 0, 0, 0, 0], "0 rows for 1"),
            ([1, 1, 0], "shapes"),
        ],
    )
    def test_rejects(self, actual, message):
        with pytest.raises(AssertionError, match=message):
            assert_same_mask_up_to_ties(np.array(actual, dtype=bool), self.expected, self.keys)

    def test_a_tie_does_not_reach_over_groups(self):
        actual = np.array([1, 0, 0, 1, 0, 0], dtype=bool)
        with pytest.raises(AssertionError, match="group"):
            assert_same_mask_up_to_ties(actual, self.expected, self.keys, [0, 0, 0, 1, 1, 1])


class TestRounding:
    exact = np.array([[2.5, 1.5, 4.0], [1.2, 0.2, 0.6]])
    expected = np.array([[3, 1, 4], [1, 0, 1]])

    def test_accepts_the_other_entry_of_a_tie(self):
        assert_same_rounding_up_to_ties(self.expected, self.expected, self.exact)
        assert_same_rounding_up_to_ties([[2, 2, 4], [1, 0, 1]], self.expected, self.exact)

    @pytest.mark.parametrize(
        ("actual", "message"),
        [
            ([[2, 1, 4], [1, 0, 1]], "row 0: sums"),
            ([[3, 1, 4], [1, 1, 0]], r"row 1: .* do not tie"),
            ([[4, 0, 4], [1, 0, 1]], "not a rounding"),
            ([[3.0, 1, 4], [1, 0, 1]], "dtype"),
        ],
    )
    def test_rejects(self, actual, message):
        with pytest.raises(AssertionError, match=message):
            assert_same_rounding_up_to_ties(actual, self.expected, self.exact)
