"""Expected errors made from error probabilities: ``ExpectedErrors.of``."""

from __future__ import annotations

import doctest
from fractions import Fraction
from math import fsum
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from compare import assert_identical
from cupel import posterior
from cupel.posterior import ExpectedErrors
from strategies import make_problem

LABELS = np.array([0, 0, 2, 2])
WRONG = np.array([0.25, np.nan, 0.5, 1.0])
FIELDS = ("total", "standard_error", "per_class", "per_class_standard_error")


def assert_same(found: ExpectedErrors, expected: ExpectedErrors) -> None:
    """Bit for bit."""
    for name in FIELDS:
        assert_identical(getattr(found, name), getattr(expected, name))


def test_by_hand() -> None:
    found = ExpectedErrors.of(LABELS, WRONG, 4)
    assert type(found) is ExpectedErrors
    assert [type(value) for value in (found.total, found.standard_error)] == [float, float]
    assert found.total == 1.75
    assert_identical(found.per_class, [0.25, 0, 1.5, 0])
    assert found.standard_error == 0.4375**0.5
    assert_identical(found.per_class_standard_error, np.sqrt([0.1875, 0, 0.25, 0]))
    assert_identical(WRONG, [0.25, np.nan, 0.5, 1.0])  # left alone


def test_rows_left_out_do_not_count() -> None:
    assert_same(
        ExpectedErrors.of(LABELS, WRONG, 3),
        ExpectedErrors.of(LABELS[[0, 2, 3]], WRONG[[0, 2, 3]], 3),
    )
    nothing = ExpectedErrors.of(LABELS, np.full(4, np.nan), 3)
    assert_same(nothing, ExpectedErrors(0.0, 0.0, np.zeros(3), np.zeros(3)))


@pytest.mark.parametrize("nan", ["raise", "drop"])
@pytest.mark.parametrize("k", [3, 20])
def test_what_estimate_label_errors_says(nan: str, k: int) -> None:
    labels, probs = make_problem(500, k, seed=0)
    if nan == "drop":
        probs[[0, 7, 499], 1] = np.nan, np.inf, -np.inf
    wrong = posterior.get_label_posteriors(labels, probs, nan=nan).error_probability
    assert np.isnan(wrong).sum() == (3 if nan == "drop" else 0)
    whole = posterior.estimate_label_errors(labels, probs, nan=nan)
    assert_same(ExpectedErrors.of(labels, wrong, k), whole)


def test_sums_are_exact_in_any_order() -> None:
    """Correctly rounded, as by fsum, though the sizes differ by up to ten powers of ten."""
    rng = np.random.default_rng(1)
    wrong = 10.0 ** rng.uniform(-10, 0, 3000)
    wrong[rng.random(3000) < 0.1] = np.nan
    labels = rng.integers(0, 3, 3000)
    found = ExpectedErrors.of(labels, wrong, 3)
    parts = [wrong[(labels == k) & ~np.isnan(wrong)] for k in range(3)]
    assert_identical(found.per_class, [fsum(part) for part in parts])
    variances = [fsum(part * (1 - part)) for part in parts]
    assert_identical(found.per_class_standard_error, np.sqrt(variances))
    np.testing.assert_allclose(found.total, float(sum(map(Fraction, wrong[~np.isnan(wrong)]))))
    for order in (np.arange(3000)[::-1], rng.permutation(3000)):
        assert_same(ExpectedErrors.of(labels[order], wrong[order], 3), found)


@pytest.mark.parametrize(
    ("labels", "wrong"),
    [
        (LABELS.tolist(), WRONG.tolist()),
        (LABELS.astype("u1"), WRONG.astype("f2")),
        (LABELS.astype(">i4"), WRONG.astype(">f8")),
        (LABELS.astype("f8"), WRONG.astype("f4")),
        (np.repeat(LABELS, 2)[::2], np.repeat(WRONG, 2)[::2]),
    ],
    ids=["lists", "narrow", "big-endian", "whole floats", "strided"],
)
def test_other_kinds_of_arrays(labels: Any, wrong: Any) -> None:
    assert_same(ExpectedErrors.of(labels, wrong, 3), ExpectedErrors.of(LABELS, WRONG, 3))


def test_read_only_arrays() -> None:
    labels, wrong = LABELS.copy(), WRONG.copy()
    for array in (labels, wrong):
        array.setflags(write=False)
    assert_same(ExpectedErrors.of(labels, wrong, 3), ExpectedErrors.of(LABELS, WRONG, 3))


def test_names() -> None:
    names = ["cat", "dog", "cow"]
    found = ExpectedErrors.of([names[i] for i in LABELS], WRONG, 3, classes=names)
    assert_same(found, ExpectedErrors.of(LABELS, WRONG, 3))
    with pytest.raises(TypeError, match=r"labels\[0\] is 'cat', a string; pass classes="):
        ExpectedErrors.of(["cat"] * 4, WRONG, 3)
    with pytest.raises(ValueError, match="classes has 3 names"):
        ExpectedErrors.of(["cat"] * 4, WRONG, 4, classes=names)


def changed(array: NDArray[Any], value: float) -> NDArray[Any]:
    """With another value in row 2."""
    out = array.copy()
    out[2] = value
    return out


BAD: dict[str, tuple[tuple[Any, ...], type[Exception], str]] = {
    "label too large": (
        (changed(LABELS, 3), WRONG, 3),
        ValueError,
        r"labels\[2\] is 3, .*\[0, 3\)",
    ),
    "label below 0": ((changed(LABELS, -1), WRONG, 3), ValueError, r"labels\[2\] is -1"),
    "label of a row left out": (([0, 5, 2, 2], WRONG, 3), ValueError, r"labels\[1\] is 5"),
    "label 0.5": ((changed(LABELS / 1, 0.5), WRONG, 3), ValueError, r"labels\[2\] is 0.5"),
    "above 1": ((LABELS, changed(WRONG, 1.5), 3), ValueError, r"error_probability\[2\] is 1.5"),
    "below 0": ((LABELS, changed(WRONG, -0.1), 3), ValueError, r"error_probability\[2\] is -0.1"),
    "infinite": ((LABELS, changed(WRONG, np.inf), 3), ValueError, r"error_probability\[2\] is inf"),
    "lengths": ((LABELS[1:], WRONG, 3), ValueError, "labels has 3 rows, error_probability has 4"),
    "no rows": (([], [], 3), ValueError, "labels is empty"),
    "matrix": ((LABELS, WRONG[:, None], 3), ValueError, "error_probability must have shape"),
    "number": ((LABELS, 0.5, 3), ValueError, "error_probability must have shape"),
    "strings": ((LABELS, ["a"] * 4, 3), TypeError, "error_probability must hold numbers"),
    "no classes": ((LABELS, WRONG, 0), ValueError, "n_classes must be at least 1, got 0"),
    "classes, a float": ((LABELS, WRONG, 3.0), TypeError, "n_classes must be an integer"),
    "classes, a bool": ((LABELS, WRONG, True), TypeError, "n_classes must be an integer"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments(name: str) -> None:
    arguments, error, message = BAD[name]
    with pytest.raises(error, match=message) as caught:
        ExpectedErrors.of(*arguments)
    assert caught.type is error


def test_the_module_s_examples() -> None:
    results = doctest.testmod(posterior, report=True)
    assert results.attempted > 0
    assert results.failed == 0
