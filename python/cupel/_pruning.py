"""The filters and what their arguments may be; shared by filter and multilabel_classification."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import has_length
from cupel._validate import as_class_vector

__all__ = [
    "FILTERS",
    "LOWEST",
    "PRUNING",
    "as_count",
    "as_fraction",
    "as_numbers_to_remove",
    "check_only_pruning_uses",
    "warn_of_small_classes",
]

# In the order of the core's enum.
FILTERS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)
PRUNING = FILTERS[:3]
LOWEST = FILTERS[5:]


def check_only_pruning_uses(
    filter_by: str,
    frac_noise: float,
    num_to_remove_per_class: Any,
    confident_joint: Any,
    *,
    stacklevel: int = 3,
) -> None:
    """Refuse numbers to remove, and warn of other options, with a filter that does not prune."""
    if num_to_remove_per_class is not None:
        msg = (
            f"num_to_remove_per_class is not supported with filter_by={filter_by!r}; "
            f"use one of {', '.join(map(repr, PRUNING))}"
        )
        raise ValueError(msg)
    unused = {"frac_noise": frac_noise != 1.0, "confident_joint": confident_joint is not None}
    for name in (name for name, given in unused.items() if given):
        msg = f"{name} is not used with filter_by={filter_by!r}"
        warnings.warn(msg, UserWarning, stacklevel=stacklevel)


def warn_of_small_classes(
    label_counts: NDArray[np.int64], min_examples: int, *, stacklevel: int = 4
) -> None:
    """Warn of classes that have examples, but too few to prune."""
    small = np.flatnonzero((label_counts > 0) & (label_counts <= min_examples))
    if small.size:
        listed = ", ".join(map(str, small[:10])) + (", ..." if small.size > 10 else "")
        msg = (
            f"no label issue is looked for in class {listed}: it has at most "
            f"min_examples_per_class={min_examples} examples"
        )
        warnings.warn(msg, UserWarning, stacklevel=stacklevel)


def as_fraction(frac_noise: Any) -> float:
    """Return `frac_noise` as a float in [0, 1]."""
    if isinstance(frac_noise, (str, bytes)) or not hasattr(frac_noise, "__float__"):
        msg = f"frac_noise must be a number, got {frac_noise!r}"
        raise TypeError(msg)
    fraction = float(frac_noise)
    if not 0.0 <= fraction <= 1.0:
        msg = f"frac_noise must be a share between 0 and 1, got {frac_noise!r}"
        raise ValueError(msg)
    return fraction


def as_count(value: Any, name: str) -> int:
    """Return `value` as an int of at least 0."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        msg = f"{name} must be an integer, got {value!r}"
        raise TypeError(msg)
    count: int = value.__index__()
    if not 0 <= count < 2**53:
        msg = f"{name} must be at least 0, got {count}"
        raise ValueError(msg)
    return count


def as_numbers_to_remove(value: Any, n_classes: int) -> NDArray[np.float64] | None:
    """Return `value`, a count or one per class, as float64 of shape (k,); None stays None."""
    if value is None:
        return None
    if not has_length(value):
        value = [value] * n_classes
    numbers = as_class_vector(value, n_classes, name="num_to_remove_per_class")
    if (numbers < 0).any() or (numbers > 2**53).any():
        k = int(((numbers < 0) | (numbers > 2**53)).argmax())
        msg = f"num_to_remove_per_class[{k}] must be a count of at least 0, got {numbers[k]:g}"
        raise ValueError(msg)
    return numbers
