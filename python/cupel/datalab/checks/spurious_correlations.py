"""Properties of images, like brightness, that tell the class: what a model may learn instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel._extras import require
from cupel._features import as_real
from cupel._validate import as_choice
from cupel.datalab._finding import Check, Finding
from cupel.datalab.checks import image

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord

__all__ = ["CHECK"]

_PURPOSE = "the check for spurious correlations"
_FOLDS = 5
_BASELINES = ("index", "majority")
_TINY = 1e-100


def find(context: Context, *, threshold: float = 0.3, baseline: str = "index") -> Finding:
    """Measure how well each property of the images alone predicts the labels.

    Parameters
    ----------
    context : Context
        Images and labels; scores of images that were found before are used.
    threshold : float, default 0.3
        Properties that score lower are correlated with the labels.
    baseline : {"index", "majority"}
        What the accuracy is compared with: as cleanlab does, which divides the number of the
        commonest class by that of examples; or the share of the commonest class.
    """
    limit = as_real(threshold, name="threshold", least=0.0)
    as_choice(baseline, _BASELINES, name="baseline")
    labels = np.asarray(context.labels.values, dtype=np.int64)
    known = [context.findings[n] for n in image.IMAGE_ISSUES if n in context.findings]
    scores = {finding.name: finding.scores for finding in known or image.find(context)}
    chance = _chance(labels, baseline)
    values = [_score(_accuracy(of_images, labels), chance) for of_images in scores.values()]
    table = require("pandas", _PURPOSE).DataFrame(
        {"property": [f"{name}_score" for name in scores], "score": values}
    )
    return Finding(
        "spurious_correlations",
        np.zeros(context.n_rows, dtype=np.bool_),
        np.ones(context.n_rows),
        min(values),
        info={
            "correlations_df": table,
            "threshold": threshold,
            "correlated": _below(scores, values, limit),
        },
    )


def _below(names: Any, values: list[float], limit: float) -> list[str]:
    return [name for name, value in zip(names, values, strict=True) if value < limit]


def _chance(labels: NDArray[np.int64], baseline: str) -> float:
    counts = np.bincount(labels)
    best = counts.max() if baseline == "majority" else counts.argmax()
    return float(best / len(labels))


def _accuracy(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Share of labels that one property predicts out of sample, mean over the folds."""
    bayes = require("sklearn.naive_bayes", _PURPOSE).GaussianNB()
    validate = require("sklearn.model_selection", _PURPOSE).cross_val_score
    with np.errstate(divide="ignore", invalid="ignore"):  # where all images score the same
        found = validate(bayes, scores.reshape(-1, 1), labels, cv=_FOLDS, scoring="accuracy")
    return float(np.mean(found))


def _score(accuracy: float, chance: float) -> float:
    return min(1.0, (1 - accuracy) / max(1 - chance, _TINY))


def explain(_record: AuditRecord, finding: Finding, _row: int) -> str:
    """Name the properties; no single example has this issue."""
    names = ", ".join(finding.info["correlated"])
    if not names:
        return "No property of the images predicts their labels."
    return f"The labels can be predicted from how the images are alone: {names}."


CHECK = Check(
    name="spurious_correlations",
    description=(
        "A property of the images that should not matter, like brightness or size, predicts their "
        "labels: a model may learn that instead of what the images show."
    ),
    needs={"classification": (frozenset({"images", "labels"}),)},
    find=find,
    explain=explain,
    parameters=("threshold", "baseline"),
)
