"""Label issues of classification: confident learning on given or the neighbours' probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel import _core
from cupel._joint import (
    JointOf,
    Thresholds,
    calibrated,
    candidates,
    confident_joint_of,
    latent_of,
    thresholds_of,
)
from cupel._posterior import fitted_to
from cupel._problem import Problem
from cupel._pruning import FILTERS, warn_of_small_classes
from cupel._scores import METHODS
from cupel.datalab._finding import Finding
from cupel.datalab.checks._class_names import check_columns, column_names, names_of
from cupel.datalab.checks.label.evidence import evidence_of
from cupel.datalab.checks.label.neighbors import (
    euclidean_neighbors,
    neighbor_shares,
    neighbor_votes,
    neighbors_at_hand,
)
from cupel.dataset import find_overlapping_classes, rank_classes_by_label_quality

if TYPE_CHECKING:
    from cupel.datalab._context import Context

__all__ = ["PARAMETERS", "find_in_classes"]

PARAMETERS = (
    "k",
    "clean_learning_kwargs",
    "health_summary_parameters",
    "thresholds",
    "noise_matrix",
    "inverse_noise_matrix",
    "save_space",
    "clf_kwargs",
    "validation_func",
)
_MIN_EXAMPLES = 10  # of a class in which label issues are looked for, as in CleanLearning
_HEALTH = ("asymmetric", "class_names")  # what the summary of classes depends on


class _Verdict(NamedTuple):
    """What was decided about every label, and the noise that was estimated on the way."""

    mask: NDArray[np.bool_]
    scores: NDArray[Any]
    confident_joint: Any
    py: Any
    noise_matrix: Any
    inverse_noise_matrix: Any


@dataclass(frozen=True, slots=True)
class _Counted:
    """The problem, counted once: all that follows is made of this."""

    problem: Problem
    thresholds: Thresholds
    found: JointOf
    joint: NDArray[np.int64]  # calibrated

    @classmethod
    def of(cls, problem: Problem) -> _Counted:
        thresholds = thresholds_of(problem, check_all=False)
        found = JointOf(
            *_core.confident_joint(
                problem.labels,
                problem.pred_probs,
                thresholds.values,
                thresholds.of_matrix_type,
                False,
                problem.threads,
            ),
            thresholds.label_counts,
        )
        return cls(problem, thresholds, found, calibrated(found.joint, found.label_counts))


def find_in_classes(
    context: Context,
    *,
    k: int = 10,
    clean_learning_kwargs: Mapping[str, Any] | None = None,
    health_summary_parameters: Mapping[str, Any] | None = None,
    thresholds: ArrayLike | None = None,
    noise_matrix: ArrayLike | None = None,
    inverse_noise_matrix: ArrayLike | None = None,
    save_space: bool = False,
    clf_kwargs: Mapping[str, Any] | None = None,
    validation_func: Any = None,
) -> Finding:
    """Find the labels that are likely wrong, and sum up classes and the noise between them.

    Parameters
    ----------
    context : Context
        Labels with `pred_probs`, or else features, whose neighbours' labels take their place.
    k : int, default 10
        Neighbours to ask.
    clean_learning_kwargs : mapping, optional
        For :class:`cupel.classification.CleanLearning`, which needs scikit-learn.
    health_summary_parameters : mapping, optional
        For :func:`cupel.dataset.health_summary`; of these, ``asymmetric`` and ``class_names`` make
        a difference.
    thresholds, noise_matrix, inverse_noise_matrix, save_space, clf_kwargs, validation_func
        For :meth:`cupel.classification.CleanLearning.find_label_issues`. The last three have no
        effect with probabilities that are there.
    """
    given = _several_classes(context)
    asked_neighbors = context.pred_probs is None
    if asked_neighbors:
        nearest = euclidean_neighbors(context, k)
        pred_probs = neighbor_shares(given, nearest, len(context.labels.class_names))
        votes = neighbor_votes(given, nearest)
    else:
        pred_probs = context.pred_probs
        votes = neighbor_votes(given, neighbors_at_hand(context, k))
    problem = Problem.load(given, pred_probs, n_jobs=context.n_jobs)
    check_columns(context.labels.class_names, problem.n_classes)
    given = problem.labels = problem.checked_labels()
    counted = _Counted.of(problem)
    if clean_learning_kwargs or noise_matrix is not None or inverse_noise_matrix is not None:
        verdict = _by_clean_learning(
            problem,
            clean_learning_kwargs,
            thresholds=thresholds,
            noise_matrix=noise_matrix,
            inverse_noise_matrix=inverse_noise_matrix,
            save_space=save_space,
            clf_kwargs=clf_kwargs,
            validation_func=validation_func,
        )
    else:
        verdict = _directly(counted, thresholds)
    predicted = _core.argmax(problem.pred_probs, problem.threads)
    names = column_names(context.labels, problem.n_classes)
    health, classes, overlaps = _health(counted, names, health_summary_parameters)
    scores = verdict.scores.astype(np.float64, copy=False)
    used = counted.thresholds.values if thresholds is None else np.asarray(thresholds)
    # Other checks may use the model of pred_probs, not that of neighbours' shares.
    fitted = fitted_to if asked_neighbors else context.noise_model
    evidence = evidence_of(problem, predicted, used, partial(fitted, thresholds=counted.thresholds))
    return Finding(
        "label",
        verdict.mask,
        scores,
        health,
        info={
            "num_label_issues": int(np.count_nonzero(verdict.mask)),
            "average_label_quality": scores.mean(),
            "given_label": given.tolist(),
            "predicted_label": predicted.tolist(),
            "confident_joint": verdict.confident_joint,
            "classes_by_label_quality": classes,
            "overlapping_classes": overlaps,
            "py": verdict.py,
            "noise_matrix": verdict.noise_matrix,
            "inverse_noise_matrix": verdict.inverse_noise_matrix,
            "confident_thresholds": counted.thresholds.values.tolist(),
            "find_issues_inputs": {"features": asked_neighbors, "pred_probs": not asked_neighbors},
        },
        columns={
            "given_label": names_of(given, names),
            "predicted_label": names_of(predicted, names),
        },
        evidence=evidence | votes,
    )


def _several_classes(context: Context) -> NDArray[np.int64]:
    given = np.asarray(context.labels.values, dtype=np.int64)
    if given.min() == given.max():
        name = context.labels.name(int(given[0]))
        msg = f"all labels are {name!r}; label issues need at least two classes to choose from"
        raise ValueError(msg)
    return given


def _directly(counted: _Counted, thresholds: ArrayLike | None) -> _Verdict:
    """As CleanLearning decides by default, but from what is counted already."""
    problem, joint, label_counts = counted.problem, counted.joint, counted.found.label_counts
    if thresholds is not None:
        joint = confident_joint_of(
            problem, thresholds=thresholds, calibrate=True, collision="argmax"
        ).joint
    mask = candidates(counted.found.flags.copy())
    _core.prune_candidates(
        problem.labels,
        problem.pred_probs,
        mask,
        joint,
        label_counts,
        FILTERS.index("prune_by_noise_rate"),
        1.0,
        None,
        _MIN_EXAMPLES,
        problem.threads,
    )
    warn_of_small_classes(label_counts, _MIN_EXAMPLES)
    scores = _core.label_quality_scores(
        problem.labels,
        problem.pred_probs,
        METHODS.index("self_confidence"),
        None,
        False,
        None,
        problem.threads,
    )
    return _Verdict(mask, scores, joint, *latent_of(joint, label_counts, "cnt", False))


def _by_clean_learning(
    problem: Problem, kwargs: Mapping[str, Any] | None, **known: Any
) -> _Verdict:
    from cupel.classification import CleanLearning

    cleaner = CleanLearning(**(kwargs or {}))
    frame = cleaner.find_label_issues(labels=problem.labels, pred_probs=problem.pred_probs, **known)
    return _Verdict(
        frame["is_label_issue"].to_numpy(),
        frame["label_quality"].to_numpy(),
        cleaner.confident_joint,
        cleaner.py,
        cleaner.noise_matrix,
        cleaner.inverse_noise_matrix,
    )


def _health(
    counted: _Counted, names: list[Any], parameters: Mapping[str, Any] | None
) -> tuple[float, Any, Any]:
    """Share of right labels, and the tables of classes and of pairs of classes."""
    asked = {name: value for name, value in (parameters or {}).items() if name in _HEALTH}
    n = len(counted.problem.labels)
    known: dict[str, Any] = {
        "joint": counted.joint / max(counted.joint.sum(), 1),
        "num_examples": n,
        "class_names": asked.pop("class_names", None) or names,
    }
    wrong = np.count_nonzero(counted.found.issues())
    return (
        float(1 - wrong / n),
        rank_classes_by_label_quality(**known),
        find_overlapping_classes(**known, **asked),
    )
