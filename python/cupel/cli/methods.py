"""Which methods an audit uses; decided here and nowhere else."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["POSTERIOR", "Methods", "choose_methods"]

POSTERIOR = "noise_posterior"


class Methods(NamedTuple):
    """How an audit chooses, ranks and estimates.

    Attributes
    ----------
    filter_by, rank_by : str
        Methods of :func:`cupel.filter.find_label_issues` and
        :func:`cupel.rank.get_label_quality_scores`.
    compat : bool
        Suggest the likeliest other class and count errors by the confident joint, as is usual with
        cleanlab; otherwise both come from the noise posterior.
    """

    filter_by: str
    rank_by: str
    compat: bool


def choose_methods(
    *, compat: bool = False, filter_by: str | None = None, rank_by: str | None = None
) -> Methods:
    """Fill in what was not asked for: the noise posterior, or cleanlab's defaults.

    Examples
    --------
    >>> choose_methods(rank_by="normalized_margin")
    Methods(filter_by='noise_posterior', rank_by='normalized_margin', compat=False)
    >>> choose_methods(compat=True)
    Methods(filter_by='prune_by_noise_rate', rank_by='self_confidence', compat=True)
    """
    usual = ("prune_by_noise_rate", "self_confidence") if compat else (POSTERIOR, POSTERIOR)
    return Methods(filter_by or usual[0], rank_by or usual[1], compat)
