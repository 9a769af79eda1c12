"""Labels that are likely wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cupel.datalab._finding import Check, Finding
from cupel.datalab.checks.label import classes, numbers, sets
from cupel.datalab.checks.label.evidence import explain_class

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord

__all__ = ["CHECK"]

_PARAMETERS = {
    "classification": classes.PARAMETERS,
    "regression": numbers.PARAMETERS,
    "multilabel": sets.PARAMETERS,
}


def find(context: Context, **parameters: Any) -> Finding:
    """Find label issues by the way of the task."""
    known = _PARAMETERS[context.task]
    unknown = [name for name in parameters if name not in known]
    if unknown:
        msg = (
            f"the label check of the task {context.task!r} has no parameter {unknown[0]!r}; it "
            f"takes: {', '.join(known)}"
        )
        raise TypeError(msg)
    if context.task == "regression":
        return numbers.find_in_numbers(context, **parameters)
    if context.task == "multilabel":
        return sets.find_in_sets(context, **parameters)
    return classes.find_in_classes(context, **parameters)


def explain(record: AuditRecord, finding: Finding, row: int) -> str:
    """Say why a label is listed."""
    if record.task == "regression":
        return numbers.explain_number(record, finding, row)
    if record.task == "multilabel":
        return sets.explain_set(record, finding, row)
    return explain_class(record, finding, row)


CHECK = Check(
    name="label",
    description=(
        "The label is likely wrong: what a model predicts for the example, or how similar examples "
        "are labelled, speaks against it."
    ),
    needs={
        "classification": (frozenset({"labels", "pred_probs"}), frozenset({"labels", "features"})),
        "regression": (frozenset({"labels", "pred_probs"}), frozenset({"labels", "features"})),
        "multilabel": (frozenset({"labels", "pred_probs"}),),
    },
    find=find,
    explain=explain,
    parameters=tuple(dict.fromkeys(name for names in _PARAMETERS.values() for name in names)),
)
