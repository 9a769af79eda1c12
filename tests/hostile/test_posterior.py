"""What the noise posterior refuses, and in which words; names, dropped rows, and other containers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import cupel
from compare import assert_identical
from cupel import filter, posterior, rank
from cupel.posterior import NoiseModel
from hostile.bad_inputs import CASES, NAMES, Case, K, N, good_labels, good_probs
from hostile.test_bad_inputs import assert_refuses
from strategies import make_problem

Array = NDArray[Any]

EVEN = np.full((K, K), 1 / K)


def good_model() -> NoiseModel:
    return NoiseModel(np.full(K, 0.5), 0.7 * np.eye(K) + 0.3 * EVEN, 2.0)


def with_model(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    return lambda y, p: function(y, p, noise_model=good_model())


JUDGES = (
    posterior.get_label_posteriors,
    posterior.get_true_label_probs,
    posterior.estimate_label_errors,
)
ENTRY_POINTS: dict[str, Callable[[Any, Any], Any]] = {
    "fit_noise_model": posterior.fit_noise_model,
    "get_label_posteriors": posterior.get_label_posteriors,
    **{f"{f.__name__}, with a model": with_model(f) for f in JUDGES},
    "rank": lambda y, p: rank.get_label_quality_scores(y, p, method="noise_posterior"),
    "filter": lambda y, p: filter.find_label_issues(y, p, filter_by="noise_posterior"),
    "Scorer.fit": lambda y, p: cupel.Scorer.fit(y, p, method="noise_posterior"),
}


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused(entry_point: str, case: Case) -> None:
    assert_refuses(ENTRY_POINTS[entry_point], case)


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
def test_well_formed_is_accepted(entry_point: str) -> None:
    ENTRY_POINTS[entry_point](good_labels(), good_probs())


# ---- models -------------------------------------------------------------------------------------


def changed(matrix: Array, at: Any, value: float) -> Array:
    out = np.array(matrix, dtype=np.float64)
    out[at] = value
    return out


HALVES = np.full(K, 0.5)
BAD_MODELS: dict[str, tuple[tuple[Any, ...], type[Exception], str]] = {
    "no thresholds": (([], EVEN), ValueError, "thresholds|noise_matrix"),
    "a number of thresholds": ((0.5, EVEN), ValueError, "thresholds"),
    "a matrix of thresholds": ((EVEN, EVEN), ValueError, "thresholds must have one value per"),
    "thresholds, strings": ((["a"] * K, EVEN), TypeError, "thresholds"),
    "thresholds, None": ((None, EVEN), TypeError, "thresholds"),
    "a threshold is nan": ((changed(HALVES, 1, np.nan), EVEN), ValueError, r"thresholds\[1\]"),
    "a threshold is inf": ((changed(HALVES, 2, np.inf), EVEN), ValueError, r"thresholds\[2\]"),
    "a threshold is 0": ((changed(HALVES, 1, 0), EVEN), ValueError, r"thresholds\[1\]"),
    "a threshold is -1": ((changed(HALVES, 0, -1), EVEN), ValueError, r"thresholds\[0\]"),
    "a threshold is tiny": ((changed(HALVES, 0, 5e-324), EVEN), ValueError, r"thresholds\[0\]"),
    "rectangular": ((HALVES, EVEN[:-1]), ValueError, r"noise_matrix must have shape \(k, k\)"),
    "too few classes": ((HALVES, EVEN[1:, 1:]), ValueError, "noise_matrix must have shape"),
    "too many classes": ((HALVES[1:], EVEN), ValueError, "noise_matrix must have shape"),
    "a vector": ((HALVES, EVEN[0]), ValueError, "noise_matrix must have shape"),
    "noise, strings": ((HALVES, EVEN.astype(str)), TypeError, "noise_matrix"),
    "noise, None": ((HALVES, None), TypeError, "noise_matrix"),
    "noise, complex": ((HALVES, EVEN * 1j), TypeError, "noise_matrix"),
    "noise, masked": ((HALVES, np.ma.array(EVEN, mask=np.eye(K))), TypeError, "masked"),
    "noise is nan": ((HALVES, changed(EVEN, (2, 1), np.nan)), ValueError, r"noise_matrix\[2, 1\]"),
    "noise is inf": ((HALVES, changed(EVEN, (0, 1), np.inf)), ValueError, r"noise_matrix\[0, 1\]"),
    "noise is 0": ((HALVES, np.eye(K)), ValueError, r"noise_matrix\[0, 1\] is 0"),
    "noise is below 0": (
        (HALVES, changed(EVEN, (1, 0), -0.1)),
        ValueError,
        r"noise_matrix\[1, 0\]",
    ),
    "noise is tiny": ((HALVES, changed(EVEN, (1, 2), 1e-310)), ValueError, r"noise_matrix\[1, 2\]"),
    "counts": ((HALVES, np.ones((K, K), int)), ValueError, "column 0 of noise_matrix sums to 3"),
    "rows sum to 1": (
        (HALVES, [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.2, 0.1, 0.7]]),
        ValueError,
        "column 0 of noise_matrix sums to 1.2",
    ),
    "a column is off": ((HALVES, changed(EVEN, (0, 2), 0.34)), ValueError, "column 2 .* sums to"),
    **{
        f"temperature {value}": ((HALVES, EVEN, value), ValueError, "temperature")
        for value in (0, -1.0, 1e-9, 17, np.inf, -np.inf, np.nan, 10**400)
    },
    **{
        f"temperature {value!r}": ((HALVES, EVEN, value), TypeError, "temperature")
        for value in ("1", None, True, 1j, np.ones(1), [1.0])
    },
}


@pytest.mark.parametrize("name", BAD_MODELS)
def test_bad_models(name: str) -> None:
    arguments, error, message = BAD_MODELS[name]
    with pytest.raises(error, match=message) as caught:
        NoiseModel(*arguments)
    assert caught.type is error
    assert len(str(caught.value)) < 400


def test_unusual_models_are_accepted() -> None:
    for temperature in (1, np.float32(0.5), 1 / 16, 16):
        assert type(NoiseModel(HALVES, EVEN, temperature).temperature) is float
    off = EVEN * (1 + 1e-7)
    assert NoiseModel([0.5] * K, off.tolist()).noise_matrix.shape == (K, K)  # type: ignore[arg-type]
    assert NoiseModel(np.full(K, np.float16(0.5)), EVEN.astype("f4")).thresholds.dtype == np.float64


def test_a_model_is_frozen() -> None:
    model = NoiseModel(HALVES, EVEN.copy(), 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.temperature = 1.0  # type: ignore[misc]
    for name in ("thresholds", "noise_matrix"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(model, name)[0] = 1
    noise = EVEN.copy()
    kept = NoiseModel(HALVES, noise)
    noise[:] = 1
    assert kept.noise_matrix.tolist() == EVEN.tolist()


@pytest.mark.parametrize("function", JUDGES)
@pytest.mark.parametrize(
    "model", [1.0, "model", EVEN, (HALVES, EVEN, 1.0), {"temperature": 1.0}, NoiseModel]
)
def test_other_things_are_no_models(function: Callable[..., Any], model: Any) -> None:
    with pytest.raises(TypeError, match="noise_model must be a NoiseModel, got"):
        function(good_labels(), good_probs(), noise_model=model)


@pytest.mark.parametrize("function", JUDGES)
@pytest.mark.parametrize("k", [2, 4])
def test_models_of_other_classes(function: Callable[..., Any], k: int) -> None:
    model = NoiseModel(np.full(k, 0.5), np.full((k, k), 1 / k))
    with pytest.raises(ValueError, match=f"noise_model is for {k} classes, but pred_probs has 3"):
        function(good_labels(), good_probs(), noise_model=model)


def test_extreme_models_give_no_nan() -> None:
    """The least thresholds and rates, the outermost temperatures, and rows of next to nothing."""
    labels = np.arange(20) % 2
    p = np.geomspace(1e-320, 1, 40).reshape(20, 2)
    p[5:7] = 0, 1e-200
    for thresholds in ([1e-100, 2.0], [2.0, 1e100]):
        for noise in ([[1e-100, 1e-100], [1, 1]], [[1, 1e-100], [1e-100, 1]]):
            for temperature in (1 / 16, 16):
                model = NoiseModel(np.array(thresholds), np.array(noise), temperature)
                q = posterior.get_true_label_probs(labels, p, noise_model=model)
                np.testing.assert_allclose(q.sum(axis=1), 1)
                found = posterior.get_label_posteriors(labels, p, noise_model=model)
                for values in (found.scores, found.error_probability, found.suggested_probability):
                    assert ((values >= 0) & (values <= 1)).all()
                errors = posterior.estimate_label_errors(labels, p, noise_model=model)
                assert 0 <= errors.standard_error <= errors.total + 1 <= len(p) + 1


# ---- rows that are dropped ----------------------------------------------------------------------


@pytest.fixture(params=["float16", "float32", "float64"])
def damaged(request: pytest.FixtureRequest) -> tuple[Array, Array, Array]:
    labels, p = make_problem(500, 5, 3, request.param)
    bad = np.array([0, 7, 8, 100, 499])
    p[bad, bad % 5] = [np.nan, np.inf, -np.inf, np.nan, np.nan]
    return labels, p, np.isfinite(p).all(axis=1)


def test_dropped_rows(damaged: Any) -> None:
    labels, p, whole = damaged
    clean = labels[whole], p[whole]
    model, expected = (
        posterior.fit_noise_model(labels, p, nan="drop"),
        posterior.fit_noise_model(*clean),
    )
    assert_identical(model.noise_matrix, expected.noise_matrix)
    assert model.temperature == expected.temperature
    for options in ({}, {"noise_model": good_model_of(5)}):
        found = posterior.get_label_posteriors(labels, p, nan="drop", **options)
        for ours, theirs in zip(
            found, posterior.get_label_posteriors(*clean, **options), strict=True
        ):
            assert_identical(ours[whole], theirs)
        assert (found.suggested_label[~whole] == -1).all()
        for values in (found.scores, found.error_probability, found.suggested_probability):
            assert np.isnan(values[~whole]).all()
        q = posterior.get_true_label_probs(labels, p, nan="drop", **options)
        assert np.isnan(q[~whole]).all()
        assert_identical(q[whole], posterior.get_true_label_probs(*clean, **options))
        errors = posterior.estimate_label_errors(labels, p, nan="drop", **options)
        assert errors.total == posterior.estimate_label_errors(*clean, **options).total


def good_model_of(k: int) -> NoiseModel:
    return NoiseModel(np.full(k, 0.5), 0.7 * np.eye(k) + 0.3 / k, 2.0)


def test_dropped_rows_in_rank_and_filter(damaged: Any) -> None:
    labels, p, _ = damaged
    scores = rank.get_label_quality_scores(labels, p, method="noise_posterior", nan="drop")
    found = posterior.get_label_posteriors(labels, p, nan="drop")
    assert_identical(scores, found.scores)
    options: dict[str, Any] = {"filter_by": "noise_posterior", "nan": "drop"}
    mask = filter.find_label_issues(labels, p, **options)
    assert_identical(mask, np.nan_to_num(found.error_probability) > 0.5)
    ranked = filter.find_label_issues(
        labels, p, return_indices_ranked_by="noise_posterior", **options
    )
    flagged = np.flatnonzero(mask)
    assert_identical(ranked, flagged[np.argsort(scores[flagged], kind="stable")])


@pytest.mark.parametrize("function", [posterior.fit_noise_model, *JUDGES])
def test_rows_named_are_the_callers(function: Callable[..., Any]) -> None:
    labels, p = good_labels(), good_probs()
    with pytest.raises(ValueError, match=r"pred_probs\[2, 1\] is nan.*nan='drop'"):
        function(labels, changed(p, (2, 1), np.nan))
    labels[9] = 3
    with pytest.raises(ValueError, match=r"labels\[9\] is 3, expected a class in \[0, 3\)"):
        function(labels, changed(p, 2, np.nan), nan="drop")
    with pytest.raises(ValueError, match="no row without a nan"):
        function(good_labels(), np.full((N, K), np.nan), nan="drop")
    with pytest.raises(ValueError, match="nan must be one of 'raise', 'drop'"):
        function(good_labels(), p, nan="omit")


# ---- names and containers -----------------------------------------------------------------------


def test_named_classes() -> None:
    labels, p = good_labels(), good_probs()
    names: dict[str, Any] = {"classes": NAMES.tolist()}
    assert_identical(
        posterior.fit_noise_model(NAMES[labels], p, **names).noise_matrix,
        posterior.fit_noise_model(labels, p).noise_matrix,
    )
    for ours, theirs in zip(
        posterior.get_label_posteriors(NAMES[labels], p, **names),
        posterior.get_label_posteriors(labels, p),
        strict=True,
    ):
        assert_identical(ours, theirs)
    assert_identical(
        posterior.get_true_label_probs(NAMES[labels].tolist(), p, **names),
        posterior.get_true_label_probs(labels, p),
    )
    errors = posterior.estimate_label_errors(NAMES[labels], p, **names)
    assert errors.total == posterior.estimate_label_errors(labels, p).total
    with pytest.raises(ValueError, match=r"labels\[0\]"):
        posterior.fit_noise_model(["cow", *NAMES[labels[1:]]], p, **names)


def test_one_hot_predictions() -> None:
    """Integers and bools are probabilities where all are 0 or 1."""
    labels = good_labels()
    one_hot = np.eye(K, dtype=int)[np.roll(labels, 1)]
    expected = posterior.get_label_posteriors(labels, one_hot.astype(float)).scores
    for kind in (int, bool, np.uint8):
        assert_identical(
            posterior.get_label_posteriors(labels, one_hot.astype(kind)).scores, expected
        )
