"""The posterior of the core is the reference's, and has the same bits however it is computed.

Both decide by comparing rounded numbers, so a suggestion may differ where two classes are equal but
for rounding; everything else is held to the tolerances below.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given
from numpy.typing import NDArray

import cupel
from compare import assert_identical
from cupel import posterior
from cupel.posterior import NoiseModel
from cupel.reference import posterior as reference
from property.extra_strategies import label_problems
from strategies import DTYPES, LAYOUTS, make_problem
from strategies import label_problems as problems_with_tiny_values

Array = NDArray[Any]
Problem = tuple[Array, Array]

RTOL, ATOL = 1e-9, 1e-12
TEMPERATURE_RTOL = 1e-5
N_JOBS = (1, 2, 5)


@pytest.fixture(scope="module", params=cupel.available_isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    before = cupel.active_isa()
    cupel.select_isa(request.param)
    yield request.param
    cupel.select_isa(before)


every_isa = pytest.mark.usefixtures("isa")


def plain(problem: Problem) -> Problem:
    """Lay the problem out as the reference likes it: in other layouts NumPy adds in another order."""
    labels, p = problem
    return labels, p.astype(p.dtype.newbyteorder("="), order="C")


@st.composite
def many_class_problems(draw: st.DrawFn) -> Problem:
    """Up to 40 classes, of which a row has 16 listed; probabilities often tie, at 0 and 1 too.

    Made from seeds, as drawing so many numbers one by one takes long.
    """
    k, n = draw(st.integers(15, 40)), draw(st.integers(1, 60))
    seed, levels = draw(st.integers(0, 1000)), draw(st.sampled_from([None, 1, 2, 4, 64]))
    absent = range(draw(st.integers(0, k - 1)))
    labels, p = make_problem(
        n, k, seed, draw(st.sampled_from(DTYPES)), absent=absent, levels=levels
    )
    rng = np.random.default_rng(seed)
    p[rng.random(n) < 0.2] = draw(st.sampled_from([0.0, 1.0, 0.25]))
    return labels, LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))](p)


def make_model(k: int, seed: int, alpha: float, least: float, temperature: float) -> NoiseModel:
    """Columns between even (large alpha) and one-hot, of values from about `least`."""
    rng = np.random.default_rng(seed)
    noise = rng.dirichlet(np.full(k, alpha), k).T + least
    thresholds = np.where(rng.random(k) < 0.3, 0.5, rng.uniform(2e-6, 1, k))
    thresholds[rng.random(k) < 0.1] = 2.0
    return NoiseModel(thresholds, noise / noise.sum(axis=0), temperature)


@st.composite
def judged_problems(draw: st.DrawFn) -> tuple[Problem, NoiseModel]:
    few = problems_with_tiny_values(max_rows=20, max_classes=6)
    problem = draw(st.one_of(few, few, many_class_problems()))
    model = make_model(
        problem[1].shape[1],
        draw(st.integers(0, 1000)),
        draw(st.sampled_from([0.05, 1.0, 50.0])),
        draw(st.sampled_from([1e-9, 1e-4, 0.1])),
        draw(st.one_of(st.sampled_from([1 / 16, 1.0, 16.0]), st.floats(1 / 16, 16))),
    )
    return problem, model


def of_reference(model: NoiseModel) -> reference.NoiseModel:
    return reference.NoiseModel(model.thresholds, model.noise_matrix, model.temperature)


def assert_close(ours: Any, theirs: Any) -> None:
    assert np.asarray(ours).dtype == np.asarray(theirs).dtype
    np.testing.assert_allclose(ours, theirs, rtol=RTOL, atol=ATOL)


def assert_same_posteriors(problem: Problem, model: NoiseModel) -> None:
    known = {"noise_model": of_reference(model)}
    q = reference.get_true_label_probs(*plain(problem), **known)
    assert_close(posterior.get_true_label_probs(*problem, noise_model=model), q)
    ours = posterior.get_label_posteriors(*problem, noise_model=model)
    theirs = reference.get_label_posteriors(*plain(problem), **known)
    for name in ("scores", "error_probability", "suggested_probability"):
        assert_close(getattr(ours, name), getattr(theirs, name))
        assert ((getattr(ours, name) >= 0) & (getattr(ours, name) <= 1)).all()
    assert ours.suggested_label.dtype == np.int64
    assert_suggested(ours.suggested_label, theirs.suggested_label, problem[0], q)
    errors = posterior.estimate_label_errors(*problem, noise_model=model)
    expected = reference.estimate_label_errors(*plain(problem), **known)
    assert_close(errors.total, expected.total)
    assert_close(errors.per_class, expected.per_class)
    # Variances, not their roots: near certainty only their absolute error is small.
    assert_close(errors.standard_error**2, expected.standard_error**2)
    assert_close(errors.per_class_standard_error**2, expected.per_class_standard_error**2)


def assert_suggested(ours: Array, theirs: Array, labels: Array, q: Array) -> None:
    """The same suggestions, or others that tie with them but for rounding."""
    rows = np.arange(len(q))
    assert ((ours != labels) | (q.shape[1] == 1)).all()
    tied = np.isclose(q[rows, ours], q[rows, theirs], rtol=RTOL, atol=0)
    assert ((ours == theirs) | tied).all()


@every_isa
@given(judged_problems())
@example(((np.array([0]), np.array([[1e-310, 0.0]])), make_model(2, 0, 1.0, 0.1, 1.0)))
@example(((np.array([1]), np.array([[5e-324, 5e-324]])), make_model(2, 1, 1.0, 0.1, 16.0)))
@example(
    ((np.array([1, 0]), np.array([[-1e-7, 1.0], [0.0, 1 + 1e-7]])), make_model(2, 2, 1, 0.1, 1))
)
def test_posteriors(problem: tuple[Problem, NoiseModel]) -> None:
    assert_same_posteriors(*problem)


def assert_same_model(problem: Problem) -> None:
    ours, theirs = posterior.fit_noise_model(*problem), reference.fit_noise_model(*plain(problem))
    assert_identical(ours.thresholds, theirs.thresholds)
    assert ours.noise_matrix.dtype == np.float64
    np.testing.assert_allclose(ours.noise_matrix, theirs.noise_matrix, rtol=RTOL)
    np.testing.assert_allclose(ours.temperature, theirs.temperature, rtol=TEMPERATURE_RTOL)


@every_isa
@given(st.one_of(label_problems(), label_problems(), many_class_problems()))
def test_fit(problem: Problem) -> None:
    assert_same_model(problem)


@given(st.one_of(label_problems(max_rows=20), many_class_problems()))
def test_without_a_model_the_rows_are_fitted(problem: Problem) -> None:
    model = posterior.fit_noise_model(*problem)
    for function in (posterior.get_label_posteriors, posterior.get_true_label_probs):
        for ours, theirs in zip(
            function(*problem), function(*problem, noise_model=model), strict=True
        ):
            assert_identical(ours, theirs)
    assert_identical(
        posterior.estimate_label_errors(*problem).per_class,
        posterior.estimate_label_errors(*problem, noise_model=model).per_class,
    )


# More rows than are counted (16384) or tempered (2048), and classes in every shape of a batch.
@every_isa
@pytest.mark.parametrize(
    ("n", "k", "dtype", "levels"),
    [
        (20_000, 2, "float64", None),
        (16_385, 7, "float16", None),
        (5000, 8, "float32", 16),
        (5000, 9, "float64", 8),
        (3000, 16, "float32", None),
        (3000, 17, "float64", None),
        (3000, 33, "float16", 64),
    ],
)
def test_larger_problems(n: int, k: int, dtype: str, levels: int | None) -> None:
    problem = make_problem(n, k, seed=n + k, dtype=dtype, levels=levels)
    assert_same_model(problem)
    assert_same_posteriors(problem, posterior.fit_noise_model(*problem))


@every_isa
def test_a_class_that_no_sure_row_lists() -> None:
    """The refitted noise keeps its column. (Rarely so in random problems.)"""
    p = np.full((96, 17), 0.02)
    p[np.arange(96), np.repeat(np.arange(16), 6)] = np.tile([0.9, 0.89, 0.88, 0.47, 0.46, 0.45], 16)
    p[:, 16] = np.tile([0, 0, 0, 0.3, 0.3, 0.3], 16)
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(16), 6)
    labels[rng.random(96) < 0.25] = rng.integers(16)
    assert_same_model((labels, p))


def test_thirty_two_rows_per_class_are_counted() -> None:
    """All of 16640 rows of 520 classes, but not of 500: then their order matters to the sample."""
    rng = np.random.default_rng(0)
    n = 32 * 520
    for k, all_count in ((520, True), (500, False)):
        labels = rng.integers(0, k, n)
        p = np.zeros((n, k), np.float16)
        p[np.arange(n), np.where(rng.random(n) < 0.9, labels, (labels + 1) % k)] = rng.random(n)
        order = rng.permutation(n)
        ours, again = (posterior.fit_noise_model(labels[x], p[x]) for x in (np.arange(n), order))
        assert (ours.noise_matrix.tobytes() == again.noise_matrix.tobytes()) == all_count


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
def test_the_temperature_is_the_likeliest(seed: int, sharpness: float) -> None:
    """No other of a fine grid gives the labels a higher likelihood."""
    labels, p = make_problem(800, 5, seed)
    rows = reference.Rows.of(labels, p**sharpness, np.ones(5))
    noise = reference.raised(0.8 * np.eye(5) + 0.04)
    priors = rows.unmixed(noise)

    def likelihood(a: float) -> float:
        return float(np.log((noise[labels] * rows.tempered(priors, a)).sum(axis=1)).mean())

    best = reference.fitted_temperature(rows, priors, noise)
    assert 1 / 16 < best < 16
    grid = np.geomspace(1 / 16, 16, 400)
    assert likelihood(best) >= max(map(likelihood, grid)) - 1e-12


def test_labels_all_the_same_do_not_tip_the_temperature() -> None:
    """The likelihood is flat but for rounding, which must not choose between 1/16 and 16."""
    p0 = np.linspace(0.02, 0.98, 60)
    p = np.stack([p0, 1 - p0], axis=1)
    for module in (posterior, reference):
        assert module.fit_noise_model([0] * 60, p).temperature == 1.0


@every_isa
def test_probabilities_of_the_true_label() -> None:
    for k in (2, 8, 9, 16, 17, 40):
        labels, p = make_problem(500, k, seed=k)
        q = posterior.get_true_label_probs(labels, p)
        assert q.shape == p.shape
        assert (q >= 0).all()
        np.testing.assert_allclose(q.sum(axis=1), 1, rtol=1e-14)
        assert (np.count_nonzero(q, axis=1) == min(k, 16)).all()
        assert (q[np.arange(500), labels] > 0).all()


# ---- the same bits ------------------------------------------------------------------------------


def digest(labels: Any, p: Array, n_jobs: int | None, model: NoiseModel | None = None) -> str:
    """Hash everything that the module makes of a matrix."""
    fitted = model or posterior.fit_noise_model(labels, p, n_jobs=n_jobs)
    options: dict[str, Any] = {"noise_model": fitted, "n_jobs": n_jobs}
    errors = posterior.estimate_label_errors(labels, p, **options)
    results = [
        fitted.thresholds,
        fitted.noise_matrix,
        np.array([fitted.temperature, errors.total, errors.standard_error]),
        *posterior.get_label_posteriors(labels, p, **options),
        posterior.get_true_label_probs(labels, p, **options),
        errors.per_class,
        errors.per_class_standard_error,
    ]
    hashed = hashlib.sha256()
    for result in results:
        hashed.update(np.ascontiguousarray(result).data)
    return hashed.hexdigest()


# Enough rows for threads to start, in the fit too.
LARGE = {"float64": (30_000, 12), "float32": (30_000, 5), "float16": (9000, 37)}

ARRANGED: dict[str, Callable[[Array], Array]] = {
    "contiguous": lambda p: p,
    "fortran": np.asfortranarray,
    "rows of a wider matrix": lambda p: np.pad(p, ((0, 0), (3, 5)))[:, 3:-5],
    "every second row": lambda p: np.repeat(p, 2, axis=0)[::2],
    "rows upside down": lambda p: np.ascontiguousarray(p[::-1])[::-1],
}


@pytest.fixture(scope="module", params=DTYPES)
def large(request: pytest.FixtureRequest) -> Problem:
    return make_problem(*LARGE[request.param], seed=11, dtype=request.param)


def test_threads_and_instruction_sets(large: Problem, isa: str) -> None:
    now = {digest(*large, n_jobs) for n_jobs in N_JOBS}
    cupel.select_isa("baseline")
    try:
        now.add(digest(*large, 1))
    finally:
        cupel.select_isa(isa)
    assert len(now) == 1


@every_isa
@pytest.mark.parametrize("layout", ARRANGED)
def test_layouts(layout: str, large: Problem) -> None:
    labels, p = large[0][:3000], large[1][:3000]
    assert digest(labels, ARRANGED[layout](p), 2) == digest(labels, p, 1)


def test_label_types(large: Problem) -> None:
    labels, p = large[0][:3000], large[1][:3000]
    kinds = [labels.astype(kind) for kind in ("int64", "int32", "uint8")]
    kinds += [labels.tolist(), np.repeat(labels, 2)[::2]]
    assert len({digest(kind, p, 1) for kind in kinds}) == 1


@every_isa
def test_chunks(large: Problem) -> None:
    labels, p = large[0][:3000], large[1][:3000]
    model = posterior.fit_noise_model(labels, p)
    bounds = [0, 1, 2, 65, 66, 700, 2000, 2001, 3000]
    chunks = [slice(a, b) for a, b in pairwise(bounds)]
    whole = posterior.get_label_posteriors(labels, p, noise_model=model)
    parts = [posterior.get_label_posteriors(labels[c], p[c], noise_model=model) for c in chunks]
    for name in whole._fields:
        assert_identical(np.concatenate([getattr(x, name) for x in parts]), getattr(whole, name))
    probs = [posterior.get_true_label_probs(labels[c], p[c], noise_model=model) for c in chunks]
    assert_identical(
        np.concatenate(probs), posterior.get_true_label_probs(labels, p, noise_model=model)
    )


@pytest.mark.parametrize("k", [7, 30])
def test_permuting_rows_permutes_results(k: int) -> None:
    """Up to 2048 rows the fit uses them all; its counts are equal, the temperature but for rounding."""
    labels, p = make_problem(2000, k, seed=5)
    order = np.random.default_rng(0).permutation(len(p))
    model = posterior.fit_noise_model(labels, p)
    again = posterior.fit_noise_model(labels[order], p[order])
    assert_identical(model.thresholds, again.thresholds)
    assert_identical(model.noise_matrix, again.noise_matrix)
    np.testing.assert_allclose(model.temperature, again.temperature, rtol=TEMPERATURE_RTOL)
    whole = posterior.get_label_posteriors(labels, p, noise_model=model)
    moved = posterior.get_label_posteriors(labels[order], p[order], noise_model=model)
    for ours, theirs in zip(whole, moved, strict=True):
        assert_identical(ours[order], theirs)
    errors, again_errors = (
        posterior.estimate_label_errors(labels[rows], p[rows], noise_model=model)
        for rows in (np.arange(len(p)), order)
    )
    assert errors.total == again_errors.total
    assert_identical(errors.per_class, again_errors.per_class)


@every_isa
@pytest.mark.parametrize("k", [5, 9, 16, 24])
def test_permuting_classes_permutes_posteriors(k: int) -> None:
    """Not the fit: fractions that tie when a confident joint is rounded go by the order of classes."""
    labels, p = make_problem(1500, k, seed=6)
    order = np.random.default_rng(1).permutation(k)
    model = posterior.fit_noise_model(labels, p)
    moved_model = NoiseModel(
        model.thresholds[order], model.noise_matrix[np.ix_(order, order)], model.temperature
    )
    q = posterior.get_true_label_probs(labels, p, noise_model=model)
    moved = posterior.get_true_label_probs(
        np.argsort(order)[labels], p[:, order], noise_model=moved_model
    )
    assert_close(moved, q[:, order])


def test_rows_need_not_sum_to_1() -> None:
    """The model reads only proportions, once its thresholds are known."""
    labels, p = make_problem(400, 6, seed=2)
    model = posterior.fit_noise_model(labels, p)
    half = posterior.get_true_label_probs(labels, p / 2, noise_model=model)
    assert_close(half, posterior.get_true_label_probs(labels, p, noise_model=model))


def test_inputs_stay_as_they_are() -> None:
    labels, p = make_problem(300, 20, seed=3)
    before = labels.tobytes(), p.tobytes()
    digest(labels, p, 2)
    assert (labels.tobytes(), p.tobytes()) == before
