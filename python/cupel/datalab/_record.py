"""Everything an audit was given and found: what reports, tables and files are made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cupel._graph import KnnGraph
from cupel.datalab._finding import Finding

if TYPE_CHECKING:
    from cupel.datalab._dataset import Dataset, Labels

__all__ = ["AuditRecord"]


@dataclass(eq=False)
class AuditRecord:
    """An audit as it stands. Grows with every call of `Datalab.find_issues`.

    Attributes
    ----------
    task : str
        ``"classification"``, ``"regression"`` or ``"multilabel"``.
    dataset : Dataset
        The examples.
    labels : Labels
        Their labels; empty where no column of labels was named.
    findings : dict of str to Finding
        By issue type, in the order in which they were first found.
    errors : dict of str to str
        By issue type, why a check could not be done.
    parameters : dict of str to dict
        By issue type, what the check was asked for besides the inputs.
    seconds : dict of str to float
        By issue type, the time it took; ``"knn_graph"`` for the search of neighbours.
    pred_probs, features : array_like or None
        The caller's own, as last passed; not saved with the audit.
    knn_graph : KnnGraph or None
        Neighbours that were passed or searched.
    fingerprints : dict of str to str
        SHA-256 of each input: ``"labels"``, ``"pred_probs"``, ``"features"``, ``"knn_graph"``.
    statistics : dict
        What is known of the data set as a whole, under cleanlab's keys.
    """

    task: str
    dataset: Dataset
    labels: Labels
    findings: dict[str, Finding] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    pred_probs: Any = None
    features: Any = None
    knn_graph: KnnGraph | None = None
    fingerprints: dict[str, str] = field(default_factory=dict)
    statistics: dict[str, Any] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """Number of examples, n."""
        return self.dataset.n_rows

    @property
    def listed(self) -> list[Finding]:
        """Findings that are issues of the data set, not properties that most images share."""
        found = self.findings.values()
        return [f for f in found if not f.info.get("exceeds_max_prevalence")]
