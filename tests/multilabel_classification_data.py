"""Multi-label inputs beyond `strategies`: in all layouts, and ones that cleanlab accepts."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np

from property.extra_strategies import multilabel_problems
from strategies import LAYOUTS, make_multilabel_problem


@st.composite
def laid_out_problems(draw: st.DrawFn, **options: Any) -> tuple[list[list[int]], Any]:
    """Multi-label problems whose probabilities lie in memory in any way."""
    labels, probs = draw(multilabel_problems(**options))
    return labels, LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))](probs)


def both_answers_given(labels: list[list[int]], n_classes: int) -> bool:
    """Whether cleanlab's rank takes the labels: some class given, not all to all, two classes."""
    number = sum(len(set(row)) for row in labels)
    return n_classes > 1 and 0 < number < n_classes * len(labels)


def problem_of(n: int, k: int, seed: int, dtype: str = "float64") -> tuple[list[list[int]], Any]:
    """A noisy problem in which each class is given to some examples and not to others."""
    labels, probs = make_multilabel_problem(n, k, seed, dtype, noise=0.15)
    return labels, np.ascontiguousarray(probs)
