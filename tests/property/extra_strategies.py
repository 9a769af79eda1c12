"""Problems whose sums are exact in the core, and arguments to go with problems."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
from numpy.typing import NDArray

import strategies

PRUNING = ("prune_by_noise_rate", "prune_by_class", "both")
FILTERS = (
    *PRUNING,
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)
COLLISIONS = ("argmax", "confident")
PY_METHODS = ("cnt", "eqn", "marginal", "marginal_ps")
METHODS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


# The core adds up multiples of 2**-88, and so all values from here on exactly.
SMALLEST_EXACT = 2.0**-35


def without_tiny(p: NDArray[Any]) -> NDArray[Any]:
    """Probabilities, the tiny ones set to 0: cut off, they could move a threshold by one ulp."""
    return np.where(p < SMALLEST_EXACT, np.zeros_like(p), p)


@st.composite
def label_problems(draw: st.DrawFn, **options: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """As `strategies.label_problems`, without tiny probabilities."""
    labels, p = draw(strategies.label_problems(layouts=("c",), **options))
    layout = draw(st.sampled_from(list(strategies.LAYOUTS)))
    return labels, strategies.LAYOUTS[layout](without_tiny(p))


@st.composite
def multilabel_problems(draw: st.DrawFn, **options: Any) -> tuple[list[list[int]], NDArray[Any]]:
    """As `strategies.multilabel_problems`, without tiny probabilities."""
    labels, p = draw(strategies.multilabel_problems(**options))
    return labels, without_tiny(p)


def square_counts(k: int, *, zeros: bool = True) -> st.SearchStrategy[NDArray[Any]]:
    """Confident joints of k classes: small counts, as integers or as halves."""
    least = 0 if zeros else 1
    whole = hnp.arrays(np.int64, (k, k), elements=st.integers(least, 6))
    return st.one_of(whole, whole.map(lambda joint: joint / 2))


def class_values(k: int) -> st.SearchStrategy[NDArray[Any]]:
    """Thresholds somebody might give: in and around [0, 1], often equal."""
    values = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0]), st.floats(-0.5, 1.5))
    return hnp.arrays(np.float64, k, elements=values)


@st.composite
def pruning_options(draw: st.DrawFn, k: int, *, multi_label: bool = False) -> dict[str, Any]:
    """Arguments of find_label_issues that only the pruning methods use."""
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options["frac_noise"] = draw(st.one_of(st.sampled_from([0.0, 0.5]), st.floats(0, 1)))
    if draw(st.booleans()):
        options["min_examples_per_class"] = draw(st.integers(0, 6))
    if draw(st.integers(0, 3)) == 0:
        numbers = st.lists(st.integers(0, 8), min_size=k, max_size=k)
        scalar = st.integers(0, 8)
        options["num_to_remove_per_class"] = draw(
            numbers if multi_label else st.one_of(numbers, scalar)
        )
    if draw(st.integers(0, 2)) == 0:
        joint = st.lists(square_counts(2), min_size=k, max_size=k).map(np.array)
        options["confident_joint"] = draw(joint if multi_label else square_counts(k))
    return options
