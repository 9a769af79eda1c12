"""Values of command-line options, and the choices among them."""

from __future__ import annotations

import click

from cupel.cli.files import parse_size
from cupel.cli.methods import POSTERIOR

__all__ = [
    "DUPLICATE_THRESHOLD",
    "FILTERS",
    "METRICS",
    "OUTLIER_THRESHOLD",
    "SCORES",
    "as_share",
    "as_size",
]

FILTERS = (
    POSTERIOR,
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)
SCORES = (POSTERIOR, "self_confidence", "normalized_margin", "confidence_weighted_entropy")
METRICS = ("euclidean", "cosine")
OUTLIER_THRESHOLD = 0.37037
DUPLICATE_THRESHOLD = 0.13


def as_size(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Read a number of bytes such as ``8GB``."""
    try:
        return None if value is None else parse_size(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error


def as_share(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Read a share such as ``0.05`` or ``5%``."""
    if value is None:
        return None
    try:
        share = float(value.strip().removesuffix("%")) / (100 if "%" in value else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        msg = f"{value!r} is not a share; write for example 0.05 or 5%"
        raise click.BadParameter(msg, ctx, param)
    return share
