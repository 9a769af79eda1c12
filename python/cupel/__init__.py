"""Find wrong labels from a classifier's own out-of-sample probabilities.

``cupel.filter.find_label_issues`` lists the suspects, ``cupel.rank`` scores every label,
``cupel.count`` estimates how labels were confused, ``cupel.scorer.Scorer`` judges single rows, and
``cupel.Datalab`` audits a whole data set for every kind of issue.
Names, signatures and results follow cleanlab 2.9.0, also of its other tasks' modules, which are
imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from cupel import (
    count,
    duplicates,
    filter,
    neighbors,
    outlier,
    posterior,
    rank,
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

if TYPE_CHECKING:
    from cupel import (
        baseline,
        benchmarking,
        classification,
        data_valuation,
        datalab,
        dataset,
        experimental,
        multiannotator,
        multilabel_classification,
        object_detection,
        patch,
        reference,
        regression,
        segmentation,
        token_classification,
    )
    from cupel.datalab import Datalab
    from cupel.patch import (
        get_differences,
        get_patch_map,
        is_patched,
        patch_cleanlab,
        patched_cleanlab,
        unpatch_cleanlab,
    )

__all__ = [
    "Datalab",
    "KnnGraph",
    "Scorer",
    "__version__",
    "active_isa",
    "available_isas",
    "baseline",
    "benchmarking",
    "classification",
    "count",
    "data_valuation",
    "datalab",
    "dataset",
    "duplicates",
    "experimental",
    "filter",
    "find_label_issues",
    "find_near_duplicates",
    "find_outliers",
    "get_differences",
    "get_label_quality_scores",
    "get_patch_map",
    "is_patched",
    "knn_graph",
    "multiannotator",
    "multilabel_classification",
    "neighbors",
    "object_detection",
    "outlier",
    "patch",
    "patch_cleanlab",
    "patched_cleanlab",
    "posterior",
    "rank",
    "reference",
    "regression",
    "scorer",
    "segmentation",
    "select_isa",
    "token_classification",
    "unpatch_cleanlab",
]

_HOMES = {
    "Datalab": "cupel.datalab",
    "get_differences": "cupel.patch",
    "get_patch_map": "cupel.patch",
    "is_patched": "cupel.patch",
    "patch_cleanlab": "cupel.patch",
    "patched_cleanlab": "cupel.patch",
    "unpatch_cleanlab": "cupel.patch",
}


def __getattr__(name: str) -> Any:
    """Import what is not needed by most programs when it is asked for."""
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    return importlib.import_module(f"cupel.{name}")


def __dir__() -> list[str]:
    return sorted(__all__)
