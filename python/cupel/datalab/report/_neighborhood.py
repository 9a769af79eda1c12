"""Suspects beside the rows most like them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cupel.datalab.report._examples import Preview, Previews, label_text, row_name
from cupel.datalab.report._sections import suggestion_text
from cupel.datalab.report._wording import number

if TYPE_CHECKING:
    from cupel.datalab._record import AuditRecord

__all__ = ["Suspect", "suspects"]

_SUSPECTS, _NEIGHBORS = 6, 6


@dataclass(frozen=True)
class Neighbor:
    """A row near a suspect."""

    name: str
    preview: Preview
    label: str
    distance: str
    speaks_for: str  # "given", "suggested", or neither


@dataclass(frozen=True)
class Suspect:
    """A row whose label is likely wrong, and those near it."""

    name: str
    preview: Preview
    given: str
    suggested: str
    neighbors: list[Neighbor]
    agreeing: int


def suspects(record: AuditRecord, previews: Previews) -> list[Suspect]:
    """Return the worst label issues with their nearest rows; none without neighbours."""
    finding, graph = record.findings.get("label"), record.knn_graph
    if finding is None or graph is None or not record.labels.is_available:
        return []
    if graph.n_rows != record.n_rows or not graph.k:
        return []
    return [
        _suspect(record, previews, row, suggestion_text(record, finding, row))
        for row in finding.flagged_rows()[:_SUSPECTS].tolist()
    ]


def _suspect(record: AuditRecord, previews: Previews, row: int, suggested: str) -> Suspect:
    graph = record.knn_graph
    assert graph is not None
    given = label_text(record, row)
    near = []
    for other, distance in zip(
        graph.indices[row, :_NEIGHBORS].tolist(),
        graph.distances[row, :_NEIGHBORS].tolist(),
        strict=True,
    ):
        label = label_text(record, other)
        side = "given" if label == given else "suggested" if label == suggested else ""
        name = row_name(record, other)
        near.append(Neighbor(name, previews.of(other), label, number(distance), side))
    agreeing = sum(neighbor.speaks_for == "given" for neighbor in near)
    return Suspect(row_name(record, row), previews.of(row), given, suggested, near, agreeing)
