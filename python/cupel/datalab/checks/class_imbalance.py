"""Classes with far fewer examples than others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cupel._features import as_real
from cupel.datalab._finding import Check, Finding
from cupel.datalab.checks._class_names import class_name, column_names, names_of

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord

__all__ = ["CHECK"]


def find(context: Context, *, threshold: float = 0.1) -> Finding:
    """Find the examples of the rarest class, if it is rarer than `threshold` of a fair share.

    As in cleanlab, a class without any example is the rarest, of nobody, if a class with a higher
    code has examples.
    """
    limit = as_real(threshold, name="threshold", least=0.0)
    labels = np.asarray(context.labels.values, dtype=np.int64)
    names = column_names(context.labels, len(context.labels.class_names))
    shares = np.bincount(labels) / len(labels)
    rarest = int(shares.argmin())
    scores = np.where(labels == rarest, shares[rarest], 1.0)
    is_rare = shares[rarest] < limit / len(names)
    return Finding(
        "class_imbalance",
        (labels == rarest) & is_rare,
        scores,
        float(shares[rarest]),
        info={
            "threshold": threshold,
            "Rarest Class": context.labels.class_names[rarest] if is_rare else "NA",
            "given_label": labels,
        },
        columns={"given_label": names_of(labels, names)},
        evidence={"given_label": labels, "class_share": shares[labels]},
    )


def explain(record: AuditRecord, finding: Finding, row: int) -> str:
    """Say how rare the example's class is."""
    name = class_name(record.labels, int(finding.evidence["given_label"][row]))
    share, n_classes = finding.evidence["class_share"][row], len(record.labels.class_names)
    return (
        f"Labelled {name}, as only {100 * share:.2g} % of all examples are; an even share of {n_classes} "
        f"classes is {100 / n_classes:.2g} %."
    )


CHECK = Check(
    name="class_imbalance",
    description="The example's class is the rarest, with far less than an even share of examples.",
    needs={"classification": (frozenset({"labels"}),)},
    find=find,
    explain=explain,
    parameters=("threshold",),
)
