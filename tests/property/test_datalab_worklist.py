"""Laws of the worklist, for whatever checks may have found."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.review_data import audit_of, finding_of

from cupel.datalab._worklist import compare_worklists, worklist

ON_ROWS = ("null", "label", "outlier", "near_duplicate", "ambiguous", "duplicate_conflict", "own")
OF_ALL = ("preflight", "non_iid", "class_imbalance", "underperforming_group")


@st.composite
def audits(draw):
    """Findings of some issue types; rows, some with the same scores, in a random order, too."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(2, 40))
    names = draw(st.lists(st.sampled_from(ON_ROWS + OF_ALL), unique=True))
    order = rng.permutation(n)
    findings = []
    for name in names:
        scores = rng.integers(0, 5, n) / 4
        evidence = {}
        if name == "label":
            wrong = rng.integers(0, 5, n) / 4
            evidence = {
                "error_probability": wrong,
                "suggested_label_probability": wrong * rng.random(n),
                "suggested_label": rng.integers(0, 2, n),
            }
        if name == "near_duplicate":
            evidence = {"cluster_id": np.sort(rng.integers(-1, 3, n))}
        findings.append((name, scores < 0.3, scores, evidence))
    labels = rng.integers(0, 2, n)
    labels[:2] = 0, 1
    shuffled = [
        finding_of(name, mask[order], scores[order], **{k: v[order] for k, v in evidence.items()})
        for name, mask, scores, evidence in findings
    ]
    plain = [
        finding_of(name, mask, scores, **evidence) for name, mask, scores, evidence in findings
    ]
    ids = np.array([f"id {i}" for i in range(n)])
    return (
        audit_of(labels, *plain, id=ids, id_name="id"),
        audit_of(labels[order], *shuffled, id=ids[order], id_name="id"),
        order,
    )


@settings(max_examples=60, deadline=None)
@given(audits())
def test_laws(audit):
    lab, shuffled, order = audit
    record = lab._record
    found = worklist(record)
    assert len(set(found.rows.tolist())) == len(found.rows)
    assert ((found.values >= 0) & (found.values <= 1)).all()
    assert all(types and not set(types) & set(OF_ALL) for types in found.issue_types)
    flagged = np.zeros(record.n_rows, dtype=bool)
    alike = flagged.copy()
    for finding in record.findings.values():
        if finding.name == "near_duplicate":
            alike |= finding.is_issue
        elif finding.name not in OF_ALL:
            flagged |= finding.is_issue
    listed = np.isin(np.arange(record.n_rows), found.rows)
    assert (listed >= flagged).all()
    label = record.findings.get("label")
    likely = flagged if label is None else flagged | (label.evidence["error_probability"] > 0.5)
    assert (listed <= likely | alike).all()
    for at, row in enumerate(found.rows.tolist()):
        for name in found.issue_types[at]:
            finding = record.findings[name]
            wrong = finding.evidence.get("error_probability", np.zeros(record.n_rows))
            assert finding.is_issue[row] or wrong[row] > 0.5
    assert np.array_equal(worklist(record, 3).rows, found.rows[:3])
    if "near_duplicate" not in record.findings:
        assert (np.diff(found.values) <= 0).all()
        other = worklist(shuffled._record)  # the order of rows decides only between equals
        assert np.array_equal(other.values, found.values)
        assert sorted(order[other.rows].tolist()) == sorted(found.rows.tolist())
        assert set(compare_worklists(record, shuffled._record)["status"]) <= {"persisting"}
