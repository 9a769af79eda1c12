"""Near-duplicates that contradict each other: other labels, or other sides of a split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._arrays import as_array, is_missing
from cupel._features import as_real
from cupel.datalab._finding import Check, Finding
from cupel.datalab._names import labels_or_none
from cupel.datalab.checks import near_duplicate

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord

__all__ = ["CHECK"]

_IDENTICAL = 1e-8  # as near_duplicate has it
_LABEL_GAP = 0.5
_LABELS, _LEAKAGE, _BOTH = 0, 1, 2


class Links(NamedTuple):
    """Who is a near-duplicate of whom."""

    rows: NDArray[np.int64]  # ascending; of one row, the nearest of `others` first
    others: NDArray[np.int64]
    same: NDArray[np.int64]  # numbers of the groups of identical rows
    group: NDArray[np.int64]  # numbers of the groups of connected rows


class Contradiction(NamedTuple):
    """Rows whose near-duplicates differ from them in some value."""

    is_there: NDArray[np.bool_]
    row: NDArray[np.int64]  # one that differs, the nearest; -1 for none
    share: NDArray[np.float64]  # of the group, the row itself included, that agrees with it


def find(context: Context, *, split: Any = None, label_gap: float = _LABEL_GAP) -> Finding:
    """Find near-duplicates with different labels, or in different parts of the data.

    Parameters
    ----------
    context : Context
        Labels, and features or a graph of neighbours.
    split : array_like, shape (n,), optional
        Part of the data that each example is in, such as "train" and "test" or a number of a fold;
        the data set's column of splits when left out. Missing: in none.
    label_gap : float, default 0.5
        For regression: labels that differ by more than so many interquartile ranges of all labels
        contradict each other.

    Notes
    -----
    Near-duplicates are those of the check of that name where it ran, else by its rule. Identical
    rows share all their near-duplicates, also those beyond the k nearest neighbours. A row has the
    issue if one of its near-duplicates has another label or is in another part; its score is the
    share of its group (rows connected by near-duplicates, itself included) with its label, or in
    its part, whichever is less: in a group with a clear majority, the others score lowest.
    """
    gap = as_real(label_gap, name="label_gap")
    split = _split(context, split)
    links = _links(context)
    values, gap = _label_values(context, gap)
    labels = _contradiction(links, values, gap)
    leakage = _contradiction(links, _codes(split), 0.0)
    flagged = labels.is_there | leakage.is_there
    row = np.where(labels.is_there, labels.row, leakage.row)
    kind = np.where(labels.is_there, np.where(leakage.is_there, _BOTH, _LABELS), _LEAKAGE)
    shares = [np.where(found.is_there, found.share, 1.0) for found in (labels, leakage)]
    scores = np.minimum(*shares)
    told, in_words = _columns(context, row)
    return Finding(
        "duplicate_conflict",
        flagged,
        scores,
        float(scores.mean()) if len(scores) else 1.0,
        info={
            "num_label_conflicts": int(labels.is_there.sum()),
            "num_leaking": int(leakage.is_there.sum()),
            "num_groups": len(np.unique(links.group[flagged])),
            "label_gap": gap,
        },
        columns={
            "conflicting_row": row,
            "conflicting_label": told,
            "is_leakage": leakage.is_there,
        },
        evidence={
            "conflicting_row": row,
            "conflicting_label": in_words,
            "kind": np.where(flagged, kind, -1),
            "group": np.where(flagged, links.group, -1),
            "group_size": np.bincount(links.group, minlength=len(row))[links.group],
            "same_label_share": shares[0],
            "same_split_share": shares[1],
            "split": split,
        },
    )


# ---- what is compared --------------------------------------------------------------------------


def _label_values(context: Context, gap: float) -> tuple[NDArray[np.float64], float]:
    """Return a number for each label, and how far these may differ."""
    values = context.labels.values
    if context.task == "multilabel":
        codes: dict[tuple[int, ...], int] = {}
        of_rows = [codes.setdefault(tuple(classes), len(codes)) for classes in values]
        return np.array(of_rows, dtype=np.float64), 0.0
    numbers = np.asarray(values, dtype=np.float64)
    if context.task == "classification":
        return numbers, 0.0
    low, high = np.percentile(numbers, [25.0, 75.0])
    spread = high - low or 2 * float(numbers.std())  # where most labels are the same
    return numbers, gap * spread


def _split(context: Context, split: Any) -> NDArray[np.str_]:
    """Return the part of each row in words, empty where it is in none."""
    n = context.n_rows
    if split is None:
        name = context.dataset.split_name
        if name is None:
            return np.zeros(n, dtype="U1")
        split = context.dataset.column(name)
    parts = as_array(split, "split")
    if parts.shape != (n,):
        msg = f"split has shape {parts.shape}, expected ({n},): one value per example"
        raise ValueError(msg)
    cells = parts.tolist()
    if set(map(type, cells)) <= {str, int, bool}:  # none of which can be missing
        return np.array(list(map(str, cells)), dtype=np.str_)
    return np.array(["" if is_missing(cell) else str(cell) for cell in cells], dtype=np.str_)


def _codes(texts: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return a number for each text, nan for the empty one."""
    _, codes = np.unique(texts, return_inverse=True)
    return np.where(texts == "", np.nan, codes)


def _columns(context: Context, row: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.str_]]:
    """Return the labels of contradicting rows, as they are and in words."""
    labels = labels_or_none(context.labels, row)
    if context.task == "regression":
        words = ["" if value is None else f"{value:g}" for value in labels]
        return labels.astype(np.float64), np.array(words, dtype=np.str_)
    if context.task == "multilabel":
        words = ["" if value is None else ", ".join(map(str, value)) for value in labels]
    else:
        words = ["" if value is None else str(value) for value in labels]
    return labels, np.array(words, dtype=np.str_)


# ---- who is linked -----------------------------------------------------------------------------


def _links(context: Context) -> Links:
    """Return the links of near_duplicate, and groups of identical and of connected rows."""
    n = context.n_rows
    sets, clusters = _near_duplicates(context)
    counts = np.fromiter(map(len, sets), dtype=np.int64, count=n)
    rows = np.repeat(np.arange(n), counts)
    others = np.concatenate([np.empty(0, np.int64), *(sets[i] for i in np.flatnonzero(counts))])
    others = others.astype(np.int64, copy=False)
    return Links(rows, others, _identical(context), _with_singles(clusters))


def _near_duplicates(context: Context) -> tuple[Any, NDArray[np.int64]]:
    """Return the near-duplicates of each row, and the number of its group, -1 for a row alone."""
    found = context.findings.get("near_duplicate")
    if found is not None and "cluster_id" in found.evidence:
        known = found.info.get("near_duplicate_sets")
        if known is not None:
            return known, found.evidence["cluster_id"]
    found = near_duplicate.find(context)
    return found.info["near_duplicate_sets"], found.evidence["cluster_id"]


def _identical(context: Context) -> NDArray[np.int64]:
    """Return a number for each row, the same for rows that are identical."""
    graph = context.newest_graph
    if graph is None or not (graph.distances[:, 0] <= _IDENTICAL).any():
        return np.arange(context.n_rows)
    distances = np.ascontiguousarray(graph.distances)
    indices = np.ascontiguousarray(graph.indices)
    return _with_singles(_core.near_duplicates(distances, indices, graph.k, _IDENTICAL)[1])


def _with_singles(clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give rows that are alone a group of their own; all numbers are below n."""
    alone = clusters < 0
    ids = clusters.copy()
    ids[alone] = clusters.max(initial=-1) + 1 + np.arange(np.count_nonzero(alone))
    return ids


# ---- who differs -------------------------------------------------------------------------------


def _contradiction(links: Links, values: NDArray[np.float64], gap: float) -> Contradiction:
    """Find the rows of which a near-duplicate has a value more than `gap` away."""
    n = len(values)
    row = np.full(n, -1)
    if not len(links.rows) or np.isnan(values).all():
        return Contradiction(np.zeros(n, np.bool_), row, np.ones(n))
    for descending in (False, True):  # whoever is farthest stands for the rest
        far = _extreme(links, values, descending)
        differs = np.abs(values[far] - values) > gap
        row = np.where(differs, far, row)
    direct = np.abs(values[links.others] - values[links.rows]) > gap
    first, at = np.unique(links.rows[direct], return_index=True)
    row[first] = links.others[direct][at]
    return Contradiction(row >= 0, row, _agreement(links.group, values, gap))


def _extreme(links: Links, values: NDArray[np.float64], descending: bool) -> NDArray[np.int64]:
    """Return, of each row's near-duplicates and itself, the row of lowest or highest value."""
    n = len(values)
    order = np.lexsort((np.arange(n), -values if descending else values))  # nan last
    ranks = np.empty(n, dtype=np.int64)
    ranks[order] = np.arange(n)
    lowest = np.full(n, n - 1)
    np.minimum.at(lowest, links.same, ranks)
    wider = lowest.copy()
    np.minimum.at(wider, links.same[links.rows], lowest[links.same[links.others]])
    return np.asarray(order[wider[links.same]])


def _agreement(
    group: NDArray[np.int64], values: NDArray[np.float64], gap: float
) -> NDArray[np.float64]:
    """Return the share of each row's group that has about its value; missing ones do not count."""
    there = np.flatnonzero(~np.isnan(values))
    keys = np.empty(len(there), dtype=np.complex128)  # ordered by group, then value
    keys.real, keys.imag = group[there], values[there]
    ordered = np.sort(keys)
    first = np.searchsorted(ordered, keys - 1j * gap, "left")
    after = np.searchsorted(ordered, keys + 1j * gap, "right")
    sizes = np.bincount(group[there], minlength=len(values))
    shares = np.ones(len(values))
    shares[there] = (after - first) / sizes[group[there]]
    return shares


def explain(record: AuditRecord, finding: Finding, row: int) -> str:
    """Say which row it contradicts, in what, and how its group is divided."""
    evidence = finding.evidence
    other, kind = int(evidence["conflicting_row"][row]), int(evidence["kind"][row])
    if other < 0:
        return "No near-duplicate contradicts it."
    size = int(evidence["group_size"][row])
    told = [f"Nearly the same as {_named(record, other)}"]
    if kind != _LEAKAGE:
        told.append(f", which is labelled {evidence['conflicting_label'][row]}")
        if size > 2:
            same = round(float(evidence["same_label_share"][row]) * size)
            told.append(f"; {same} of the {size} in its group have its label")
    if kind == _LEAKAGE:
        here, there = evidence["split"][row], evidence["split"][other]
        told.append(f", but that is in {there} and this in {here}: leakage")
    elif kind == _BOTH:
        told.append("; its group is also in more than one part of the data: leakage")
    return "".join(told) + "."


def _named(record: AuditRecord, row: int) -> str:
    name = record.dataset.id_name
    return f"row {row}" if name is None else f"{name} {record.dataset.row_ids()[row]}"


_NEEDED = (frozenset({"labels", "features"}), frozenset({"labels", "knn_graph"}))

CHECK = Check(
    name="duplicate_conflict",
    description=(
        "Near-duplicates that contradict each other: they have different labels, so at least one is "
        "wrong, or are in different parts of the data, so that a model is tested on what it was "
        "trained on. No model is needed to see it."
    ),
    needs={"classification": _NEEDED, "multilabel": _NEEDED, "regression": _NEEDED},
    find=find,
    explain=explain,
    parameters=("split", "label_gap"),
)
