"""Find wrong labels from a classifier's own out-of-sample probabilities.

``cupel.filter.find_label_issues`` lists the suspects, ``cupel.rank`` scores every label,
``cupel.count`` estimates how labels were confused, and ``cupel.scorer.Scorer`` judges single rows.
Names, signatures and results follow cleanlab 2.9.0.
"""

from cupel import (
    count,
    duplicates,
    filter,
    neighbors,
    outlier,
    posterior,
    rank,
    reference,
    scorer,
)
from cupel._core import __version__
from cupel._runtime import active_isa, available_isas, select_isa
from cupel.duplicates import find_near_duplicates
from cupel.filter import find_label_issues
from cupel.neighbors import KnnGraph, knn_graph
from cupel.outlier import find_outliers
from cupel.rank import get_label_quality_scores
from cupel.scorer import Scorer

__all__ = [
    "KnnGraph",
    "Scorer",
    "__version__",
    "active_isa",
    "available_isas",
    "count",
    "duplicates",
    "filter",
    "find_label_issues",
    "find_near_duplicates",
    "find_outliers",
    "get_label_quality_scores",
    "knn_graph",
    "neighbors",
    "outlier",
    "posterior",
    "rank",
    "reference",
    "scorer",
    "select_isa",
]
