"""The specification: the functions of the public modules of these names in plain NumPy.

Written to be read against the papers, not to be fast, and never used as a fallback: the tests hold
the C++ core against it, and hold it against cleanlab. Arithmetic is float64 except where the dtype
of ``pred_probs`` is part of the definition: thresholds are rounded to it, and comparisons, margins
and the bonus of the given label are evaluated in it. Ties between examples go to the lower index;
ties between fractions of a calibrated joint are left to NumPy's default sort, as in cleanlab.

The functions have the names and arguments of the public ones, without the arguments that only say
how to read or schedule the work (``classes``, ``nan``, ``n_jobs``, ``verbose``, ``progress``), and
those of ``count``, ``filter`` and ``rank`` follow [1]_. Inputs are taken to be valid: checking them
is the business of the public functions.

References
----------
.. [1] C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident Learning: Estimating Uncertainty in
   Dataset Labels", Journal of Artificial Intelligence Research 70 (2021) 1373-1411.
"""

from __future__ import annotations

from cupel.reference import (
    count,
    data_valuation,
    dataset,
    duplicates,
    filter,
    multiannotator,
    multilabel_classification,
    neighbors,
    object_detection,
    outlier,
    posterior,
    rank,
    regression,
    segmentation,
    token_classification,
    votes,
)

__all__ = [
    "count",
    "data_valuation",
    "dataset",
    "duplicates",
    "filter",
    "multiannotator",
    "multilabel_classification",
    "neighbors",
    "object_detection",
    "outlier",
    "posterior",
    "rank",
    "regression",
    "segmentation",
    "token_classification",
    "votes",
]
