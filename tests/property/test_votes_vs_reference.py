"""Votes and pools are the reference's, and their weights are where the likelihood is highest."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import given
from numpy.typing import NDArray

from cupel._loglinear import MOST, fit_weights
from cupel._pool import pool_pred_probs
from cupel._votes import label_votes
from cupel.neighbors import get_label_votes
from cupel.reference import votes as reference
from strategies import DTYPES, LAYOUTS, make_problem

Array = NDArray[Any]
ATOL = 1e-5
LEVEL = 1e-5


@st.composite
def voters(draw: st.DrawFn) -> tuple[Array, Array, int]:
    """Labels, lists of other rows, number of classes; few labels, so that votes often tie."""
    n, seed = draw(st.integers(2, 30)), draw(st.integers(0, 2**32))
    k, n_classes = draw(st.integers(1, min(n - 1, 6))), draw(st.integers(1, 6))
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, draw(st.integers(1, n_classes)), n)
    near = np.array([rng.permutation(np.delete(np.arange(n), i))[:k] for i in range(n)])
    if draw(st.booleans()):  # neighbours that know something
        near = np.where(labels[near] == labels[:, None], near, np.roll(near, 1, axis=0))
        near = np.where(near == np.arange(n)[:, None], (near + 1) % n, near)
    return labels, near, n_classes


@st.composite
def sources(draw: st.DrawFn) -> tuple[Array, list[Array]]:
    n, k, seed = draw(st.integers(1, 40)), draw(st.integers(1, 5)), draw(st.integers(0, 1000))
    levels = draw(st.sampled_from([None, 1, 2, 4]))
    labels, first = make_problem(n, k, seed, draw(st.sampled_from(DTYPES)), levels=levels)
    matrices = [first]
    for m in range(draw(st.integers(0, 2))):
        if draw(st.booleans()):
            matrices.append(first.copy())
        else:
            matrices.append(make_problem(n, k, seed + 1 + m, draw(st.sampled_from(DTYPES)))[1])
    layout = LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))]
    return labels, [layout(p) for p in matrices]


def assert_highest(weights: Array, scores: list[Array], labels: Array, offset: Any = 0.0) -> None:
    """No derivative leads higher within [0, MOST]; for a concave function that is the maximum."""
    for m, weight in enumerate(weights):
        slope = reference.slope(m, weights, scores, labels, offset)
        assert slope <= LEVEL or weight == MOST
        assert slope >= -LEVEL or weight == 0


@given(voters())
def test_votes(problem: tuple[Array, Array, int]) -> None:
    labels, near, n_classes = problem
    expected = reference.get_label_votes(labels, near, n_classes)
    np.testing.assert_allclose(label_votes(labels, near, n_classes), expected, atol=ATOL)


@given(st.data(), voters())
def test_votes_of_a_graph(data: Any, problem: tuple[Array, Array, int]) -> None:
    labels, _, n_classes = problem
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    x = rng.integers(-2, 3, (len(labels), 2)).astype(np.float64)
    k = data.draw(st.integers(1, len(labels) - 1))
    from_features = get_label_votes(labels, x, k=k, n_classes=n_classes)
    distance = np.linalg.norm(x[:, None] - x, axis=2)
    np.fill_diagonal(distance, np.inf)
    near = np.argsort(distance, axis=1, kind="stable")[:, :k]
    expected = reference.get_label_votes(labels, near, n_classes)
    np.testing.assert_allclose(from_features, expected, atol=ATOL)


@given(st.integers(0, 5), st.lists(st.integers(0, 5), min_size=1, max_size=7))
def test_plurality(label: int, near: list[int]) -> None:
    """The reference's rule in words: most votes; else the row's own label; else the lowest."""
    found = reference.plurality(label, near)
    votes = [label, *near]
    most = max(map(votes.count, votes))
    tied = sorted(z for z in set(votes) if votes.count(z) == most)
    assert found == (label if label in tied else tied[0])


@given(sources())
def test_pool(problem: tuple[Array, list[Array]]) -> None:
    labels, matrices = problem
    scores = [reference.log_probs(p) for p in matrices]
    weights = fit_weights(scores, labels)
    assert_highest(weights, scores, labels)
    pooled = pool_pred_probs(labels, matrices)
    np.testing.assert_allclose(pooled, reference.pooled(matrices, weights), rtol=1e-6, atol=1e-9)
    near = reference.source_weights(scores, labels)  # at the maximum, if there is one source
    reached, expected = (reference.log_likelihood(w, scores, labels) for w in (weights, near))
    assert reached >= expected - 1e-9
    if len(matrices) == 1:
        expected = reference.pool_pred_probs(labels, matrices)
        np.testing.assert_allclose(pooled, expected, atol=ATOL)


@given(st.data(), sources())
def test_prior(data: Any, problem: tuple[Array, list[Array]]) -> None:
    labels, matrices = problem
    k = matrices[0].shape[1]
    scores = [10 * np.log(1 + p.astype(np.float64)) for p in matrices]  # of another size
    share = np.bincount(labels, minlength=k) / len(labels)
    with np.errstate(divide="ignore"):
        offset = np.log(share)
    assert_highest(fit_weights(scores, labels, offset), scores, labels, offset)
