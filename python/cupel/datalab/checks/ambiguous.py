"""Examples that have two plausible labels, of which the given one is one: not errors, hard cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel import _posterior
from cupel._features import as_real
from cupel._problem import Problem
from cupel.datalab._finding import Check, Finding
from cupel.datalab._names import names_or_none, percent
from cupel.datalab.checks._class_names import check_columns, class_name

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord

__all__ = ["CHECK"]

_THRESHOLD = 0.5
_MOST_PAIRS = 20
_BLOCK = 1 << 14  # rows whose posteriors are held at a time

# Scores, where the label is likely wrong, evidence.
_Pairs = tuple[NDArray[np.float64], NDArray[np.bool_], dict[str, NDArray[Any]]]


def find(context: Context, *, threshold: float = _THRESHOLD) -> Finding:
    """Find examples about whose label good annotators would disagree.

    Parameters
    ----------
    context : Context
        Labels and out-of-sample `pred_probs`.
    threshold : float, default 0.5
        Examples with a lower score are flagged.

    Notes
    -----
    With `a` the probability of the given class and `b` that of the likeliest other, the score is
    ``1 - (a + b) min(a, b) / max(a, b)``: low where these two together leave little to the rest,
    and neither is ahead. The probabilities are those of the noise posterior, measured, unmixed and
    tempered, but without the evidence of the given label. Where the label is more likely wrong than
    right, or flagged by the label check, the score is 1: that is an error, no ambiguity. Where
    several classes may apply, `a` and `b` are of the given and the likeliest other set of classes,
    products of `pred_probs` as they are.
    """
    limit = as_real(threshold, name="threshold", most=1.0)
    is_sets = context.task == "multilabel"
    scores, settled, evidence = (_pairs_of_sets if is_sets else _pairs_of_classes)(context)
    label = context.findings.get("label")
    if label is not None:
        settled = settled | label.is_issue
    scores = np.where(settled, 1.0, scores)
    flagged = scores < limit
    return Finding(
        "ambiguous",
        flagged,
        scores,
        float(scores.mean()),
        info={"threshold": limit, "class_pairs": _frequent_pairs(context, evidence, flagged)},
        columns={"first_class": names_or_none(context.labels, evidence["first_class"])}
        | {"second_class": names_or_none(context.labels, evidence["second_class"])},
        evidence=evidence,
    )


def _pairs_of_classes(context: Context) -> _Pairs:
    """Score the given class against the likeliest other; say where the label is likely wrong."""
    problem = Problem.load(context.labels.values, context.pred_probs, n_jobs=context.n_jobs)
    check_columns(context.labels.class_names, problem.n_classes)
    given = problem.checked_labels()
    n = problem.n_rows
    model = context.noise_model(problem)
    own, best, right = np.empty(n), np.empty(n), np.empty(n)
    other = np.empty(n, dtype=np.int64)
    for start in range(0, n, _BLOCK):
        block = slice(start, min(start + _BLOCK, n))
        labels, rows = given[block], np.arange(block.stop - start)
        part = Problem(labels, problem.pred_probs[block], problem.threads, None, len(rows))
        probs = _posterior.true_label_probs(part, model)
        right[block] = probs[rows, labels]
        probs /= model.noise_matrix[labels]  # what the label itself said
        probs /= probs.sum(axis=1, keepdims=True)
        own[block] = probs[rows, labels]
        probs[rows, labels] = -1.0
        other[block] = probs.argmax(axis=1)
        best[block] = np.maximum(probs[rows, other[block]], 0.0)
    low, high = np.minimum(own, best), np.maximum(own, best)
    scores = np.clip(1.0 - (own + best) * (low / high), 0.0, 1.0)
    given_first = (own > best) | ((own == best) & (given < other))
    evidence: dict[str, NDArray[Any]] = {
        "first_class": np.where(given_first, given, other),
        "second_class": np.where(given_first, other, given),
        "first_probability": high,
        "second_probability": low,
    }
    return scores, right < 0.5, evidence


def _pairs_of_sets(context: Context) -> _Pairs:
    """Score the given set of classes against the likeliest other, classes taken as independent."""
    problem = Problem.load(
        context.labels.values, context.pred_probs, n_jobs=context.n_jobs, multi_label=True
    )
    check_columns(context.labels.class_names, problem.n_classes)
    probs = problem.pred_probs.astype(np.float64, copy=False)
    low, high = np.minimum(probs, 1.0 - probs), np.maximum(probs, 1.0 - probs)
    differs = (probs > 0.5) != (problem.labels != 0)  # the given set from the likeliest
    is_likeliest = ~differs.any(axis=1)
    rows = np.arange(problem.n_rows)
    closeness = low / high
    undecided = np.where(differs | is_likeliest[:, np.newaxis], closeness, -1.0).argmax(axis=1)
    to_given = np.where(differs, closeness, 1.0).prod(axis=1)
    ratio = np.where(is_likeliest, closeness[rows, undecided], to_given)
    scores = 1.0 - high.prod(axis=1) * (1.0 + ratio) * ratio
    chosen = probs[rows, undecided]
    evidence: dict[str, NDArray[Any]] = {
        "first_class": undecided.astype(np.int64),
        "second_class": np.full(problem.n_rows, -1, dtype=np.int64),
        "first_probability": chosen,
        "second_probability": 1.0 - chosen,
    }
    return np.clip(scores, 0.0, 1.0), np.zeros(problem.n_rows, dtype=np.bool_), evidence


def _frequent_pairs(
    context: Context, evidence: dict[str, NDArray[Any]], flagged: NDArray[np.bool_]
) -> list[list[Any]]:
    """List the pairs of classes between which most examples are, as name, name, count."""
    pairs = np.stack([evidence["first_class"][flagged], evidence["second_class"][flagged]], axis=1)
    if context.task != "multilabel":
        pairs.sort(axis=1)
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_MOST_PAIRS]
    names = names_or_none(context.labels, found[order])
    return [[*pair, int(count)] for pair, count in zip(names, counts[order], strict=True)]


def explain(record: AuditRecord, finding: Finding, row: int) -> str:
    """Say between which labels the example is."""
    evidence = finding.evidence
    first = class_name(record.labels, int(evidence["first_class"][row]))
    share = f"{percent(evidence['first_probability'][row])}"
    if evidence["second_class"][row] < 0:
        return f"Whether it is {first} is open: the model gives {share}."
    second = class_name(record.labels, int(evidence["second_class"][row]))
    other = f"{percent(evidence['second_probability'][row])}"
    return (
        f"Could be {first} ({share}) or {second} ({other}), leaving its given label aside; one of "
        "them is the given one. Good annotators may disagree."
    )


_NEEDED = (frozenset({"labels", "pred_probs"}),)

CHECK = Check(
    name="ambiguous",
    description=(
        "Examples with two plausible labels, the given one among them: people who know the subject "
        "may disagree. These are not label errors; clearer guidelines, a second opinion or a class "
        "for both help more than a correction."
    ),
    needs={"classification": _NEEDED, "multilabel": _NEEDED},
    find=find,
    explain=explain,
    parameters=("threshold",),
)
