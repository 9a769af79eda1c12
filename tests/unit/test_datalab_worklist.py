"""What to review first, why, and how two lists compare."""

from __future__ import annotations

import re
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from tests.review_data import audit_of, context_of, finding_of, planted_digits
from tests.strategies import real_data

from cupel.datalab import Datalab
from cupel.datalab._reasons import reasons
from cupel.datalab._worklist import compare_worklists, worklist
from cupel.rank import get_label_quality_scores

N = 12


def label_finding(flagged, wrong, codes=None, share=None):
    codes = np.zeros(N, np.int64) if codes is None else codes
    return finding_of(
        "label",
        flagged,
        error_probability=wrong,
        suggested_label=codes,
        suggested_label_probability=wrong if share is None else share,
    )


def mask(*rows):
    return np.isin(np.arange(N), rows)


def of(lab, top=None):
    return worklist(lab._record, top)


@pytest.fixture(scope="module")
def digits():
    """Digits with planted issues, audited with cross-validated probabilities."""
    planted = planted_digits(0)
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    model = LogisticRegression(max_iter=200)
    probs = cross_val_predict(model, planted.features, planted.labels, cv=3, method="predict_proba")
    lab = Datalab({"y": planted.labels}, label_name="y", verbosity=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lab.find_issues(pred_probs=probs, features=planted.features)
    return planted, lab


# ---- order and content -------------------------------------------------------------------------


def test_values_are_of_the_kind_of_issue():
    wrong = np.linspace(0.1, 0.3, N)
    wrong[[2, 3]] = 0.9, 0.6
    lab = audit_of(
        ["a", "b"] * 6,
        finding_of("null", mask(0)),
        label_finding(mask(2), wrong, share=wrong / 2),
        finding_of("outlier", mask(2, 5), np.where(mask(5), 0.25, 0.5)),
        finding_of("class_imbalance", mask(8)),
        finding_of("own", mask(7)),
    )
    found = of(lab)
    by_row = dict(zip(found.rows.tolist(), found.values, strict=True))
    assert set(by_row) == {0, 2, 3, 5, 7}  # 3: not flagged, but likelier wrong than right
    assert by_row[2] == pytest.approx(1 - (1 - 0.75 * 0.9) * (1 - 0.1 * 0.5))
    assert by_row[3] == pytest.approx(0.75 * 0.6)
    assert by_row[0] == pytest.approx(1 - (1 - 0.5) * (1 - 0.75 * wrong[0]))
    assert by_row[5] == pytest.approx(1 - (1 - 0.1 * 0.75) * (1 - 0.75 * wrong[5]))
    assert found.rows.tolist() == sorted(by_row, key=lambda row: -by_row[row])
    assert found.issue_types[0] == ("label", "outlier")
    assert (np.diff(found.values) <= 0).all()


def test_ties_go_to_the_lower_row_and_top_cuts():
    lab = audit_of(list("ab" * 6), finding_of("outlier", mask(9, 1, 4, 11)))
    assert of(lab).rows.tolist() == [1, 4, 9, 11]
    assert of(lab, 2).rows.tolist() == [1, 4]
    assert of(lab, 0).reasons.tolist() == []
    for bad, kind in ((-1, ValueError), ("all", TypeError)):
        with pytest.raises(kind, match="top"):
            of(lab, bad)


def test_nothing_found_is_an_empty_list():
    found = of(audit_of(list("ab" * 6)))
    assert len(found.rows) == len(found.issue_types) == len(found.reasons) == 0
    without_labels = Datalab({"x": np.arange(N)}, verbosity=0)
    without_labels._record.findings["outlier"] = finding_of("outlier", mask(3))
    found = of(without_labels)
    assert found.given_labels.tolist() == found.suggested_labels.tolist() == [None]


def test_near_duplicates_stand_for_their_group():
    groups = np.where(np.arange(N) < 4, 0, np.where(np.arange(N) < 7, 1, -1))
    scores = np.where(groups >= 0, 0.2, 1.0)
    scores[2] = 0.0
    lab = audit_of(
        list("ab" * 6),
        finding_of(
            "near_duplicate",
            groups >= 0,
            scores,
            cluster_id=groups,
            nearest_row=np.zeros(N, np.int64),
            nearest_distance=np.ones(N),
        ),
        finding_of(
            "outlier",
            mask(5),
            np.where(mask(5), 0.5, 1.0),
            mean_distance=np.ones(N),
            z_score=np.ones(N),
        ),
    )
    found = of(lab)
    assert found.rows.tolist() == [5, 2]  # 5 has a problem of its own, and stands for 4 and 6
    assert found.issue_types == [("near_duplicate", "outlier"), ("near_duplicate",)]
    assert found.group_sizes.tolist() == [1, 4]
    assert "4 near-duplicates" in found.reasons[1]
    assert found.values[1] == pytest.approx(0.05 * 0.75)


def test_rows_of_a_group_follow_its_first():
    groups = np.where(mask(0, 6, 7), 0, -1)
    wrong = np.full(N, 0.01)
    wrong[[0, 6, 7, 3]] = 0.9, 0.7, 0.2, 0.8
    lab = audit_of(
        list("ab" * 6),
        label_finding(mask(0, 3, 6, 7), wrong),
        finding_of("near_duplicate", groups >= 0, np.ones(N), cluster_id=groups),
    )
    assert of(lab).rows.tolist() == [0, 6, 3, 7]  # 7 is worth less than half of 0


def test_labels_without_probabilities_count_only_where_flagged():
    scores = np.where(mask(2), 0.1, 0.4)
    found = of(
        audit_of(
            np.arange(12.0),
            finding_of("label", mask(2), scores),
            finding_of("own", mask(3), np.where(mask(3), 0.0, 1.0)),
            task="regression",
        )
    )
    assert found.rows.tolist() == [2, 3]
    assert found.values == pytest.approx([0.45, 0.1])


def conflict(rows, group, share, other, kind=0, **evidence):
    flagged = mask(*rows)
    return finding_of(
        "duplicate_conflict",
        flagged,
        np.where(flagged, 0.5, 1.0),
        kind=np.where(flagged, kind, -1),
        group=np.where(flagged, group, -1),
        same_label_share=np.where(flagged, share, 1.0),
        same_split_share=np.where(flagged, evidence.get("split_share", 1.0), 1.0),
        conflicting_row=np.where(flagged, other, -1),
        conflicting_label=np.full(N, "?"),
        group_size=np.where(flagged, len(rows), 1),
    )


def test_contradicting_duplicates_vote():
    labels = ["a", "a", "a", "b"] + ["c"] * 8
    found = of(audit_of(labels, conflict([0, 1, 2, 3], 0, 0.5, 3)))
    assert found.rows.tolist() == [3, 0, 1, 2]
    assert found.values.tolist() == [0.75, 0.25, 0.25, 0.25]
    assert found.suggested_labels.tolist() == ["a", "b", "b", "b"]
    assert found.suggested_confidences.tolist() == [0.75, 0.25, 0.25, 0.25]
    # Where the label check trusts the minority, the others are likelier wrong.
    wrong = np.where(mask(0, 1, 2), 0.99, 0.01)
    trusted = of(audit_of(labels, label_finding(mask(), wrong), conflict([0, 1, 2, 3], 0, 0.5, 3)))
    assert trusted.rows.tolist() == [0, 1, 2, 3]
    assert trusted.values[0] > 0.95
    leaking = of(audit_of(labels, conflict([0, 1], 0, 1.0, 1, kind=1, split_share=0.5)))
    assert leaking.values.tolist() == [0.25, 0.25]
    assert leaking.suggested_labels.tolist() == [None, None]


def test_conflicts_of_numbers_and_sets():
    numbers = of(audit_of(np.arange(12.0), conflict([3, 4], 0, 0.5, 7), task="regression"))
    assert numbers.suggested_labels.tolist() == [7.0, 7.0]
    assert numbers.given_labels.tolist() == [3.0, 4.0]
    sets = [["x"], ["x", "y"]] * 6
    found = of(audit_of(sets, conflict([2, 3], 0, 0.5, 3), task="multilabel"))
    assert found.suggested_labels.tolist() == [["x", "y"]] * 2
    assert found.values.tolist() == [0.5, 0.5]


def test_ambiguous_examples_suggest_the_other_class():
    flagged = mask(4)
    two = finding_of(
        "ambiguous",
        flagged,
        np.where(flagged, 0.2, 1.0),
        first_class=np.full(N, 1),
        second_class=np.zeros(N, np.int64),
        first_probability=np.full(N, 0.5),
        second_probability=np.full(N, 0.45),
    )
    found = of(audit_of(list("ab" * 6), two))
    assert found.given_labels.tolist() == ["a"]
    assert found.suggested_labels.tolist() == ["b"]
    assert found.suggested_confidences.tolist() == [0.5]
    assert found.values == pytest.approx([0.08])


# ---- real data ---------------------------------------------------------------------------------


def test_planted_issues_come_first(digits):
    planted, lab = digits
    found = of(lab)
    wrong = np.concatenate([planted.errors, planted.wrong_copies])
    assert np.isin(found.rows[:100], np.concatenate([wrong, planted.outliers])).mean() >= 0.95
    listed = set(found.rows.tolist())
    assert set(planted.wrong_copies.tolist()) | set(planted.right_copies.tolist()) <= listed
    assert np.isin(wrong, found.rows[:200]).mean() > 0.9
    place = {row: at for at, row in enumerate(found.rows.tolist())}
    ahead = [
        place[w] < place[r] for r, w in zip(planted.right_copies, planted.wrong_copies, strict=True)
    ]
    assert np.mean(ahead) > 0.9
    twins = planted.harmless.reshape(2, -1)
    assert (np.isin(twins, found.rows).sum(axis=0) >= 1).all()
    assert len(found.rows) == len(listed)
    again = of(lab)
    assert np.array_equal(found.rows, again.rows)
    assert np.array_equal(of(lab, 17).rows, found.rows[:17])
    assert ((found.values >= 0) & (found.values <= 1)).all()


def test_reasons_have_evidence_and_words(digits):
    planted, lab = digits
    record = lab._record
    rows = of(lab).rows
    for name, finding in record.findings.items():
        told = reasons(record, name, rows[:20])
        assert list(told) == [*finding.evidence, "reason"]
        assert all(isinstance(text, str) and text.endswith(".") for text in told["reason"])
        for key, values in finding.evidence.items():
            assert np.array_equal(told[key], values[rows[:20]], equal_nan=values.dtype.kind == "f")
    joined = reasons(record, None, rows)
    for at in range(5):
        for name in joined["issue_types"][at].split(", "):
            assert record.findings[name].is_issue[rows[at]]
    both = planted.wrong_copies[:1]
    text = reasons(record, None, both)["reason"][0]
    assert text.count("Nearly the same as") == 1  # near_duplicate's sentence would say it again
    assert reasons(record, None, [])["reason"].tolist() == []


def test_issue_types_without_words_of_their_own_get_general_ones():
    lab = audit_of(list("ab" * 6), finding_of("own", mask(3), np.where(mask(3), 0.125, 1.0)))
    told = reasons(lab._record, "own", [3, 4])["reason"]
    assert "own" in told[0]
    assert "0.125" in told[0]
    assert told[1].startswith("Does not")


@pytest.mark.parametrize("name", ["noise2_sparsity4", "noise6_sparsity4"])
def test_the_first_thousand_of_noisy_cifar(name):
    from cupel.datalab.checks import label

    data = real_data(f"cifar10_train_{name}")
    given, probs = data["given_labels"].astype(np.int64), data["pred_probs"]
    context = context_of(given, pred_probs=probs)
    lab = audit_of(given, label.CHECK.find(context))
    start = time.perf_counter()
    found = of(lab)
    assert time.perf_counter() - start < 1  # 35 ms on an idle machine
    wrong = given != data["true_labels"]
    by_score = np.argsort(get_label_quality_scores(given, probs), kind="stable")
    assert wrong[found.rows[:1000]].mean() > 0.96
    assert wrong[found.rows[:1000]].mean() > wrong[by_score[:1000]].mean()


# ---- two lists ---------------------------------------------------------------------------------


def test_an_audit_compared_with_itself_persists(digits):
    _, lab = digits
    told = compare_worklists(lab._record, lab._record)
    assert set(told["status"]) == {"persisting"}
    assert not told["is_changed"].any()
    assert np.array_equal(told["row_id"], of(lab).row_ids)


def test_examples_are_known_by_their_ids():
    ids, text = [f"r{i}" for i in range(N)], [f"text {i}" for i in range(N)]
    old = audit_of(
        list("ab" * 6), finding_of("outlier", mask(2, 3, 4)), id=ids, text=text, id_name="id"
    )
    text[3] = "rewritten"
    order = np.arange(N)[::-1]
    new = audit_of(
        list("ba" * 6),
        finding_of("outlier", mask(*(N - 1 - np.array([3, 4, 5])))),
        id=np.array(ids)[order],
        text=np.array(text)[order],
        id_name="id",
    )
    told = compare_worklists(old._record, new._record)
    status = dict(zip(told["row_id"], told["status"], strict=True))
    assert status == {"r5": "new", "r4": "persisting", "r3": "persisting", "r2": "resolved"}
    assert told["row_id"][told["is_changed"]].tolist() == ["r3"]
    assert told["issue_types"].tolist() == ["outlier"] * 4


def test_examples_without_ids_are_known_by_their_content():
    text = [f"text {i}" for i in range(N)]
    text[7] = text[6]
    old = audit_of(list("ab" * 6), finding_of("outlier", mask(2, 3, 6, 7)), text=text)
    kept = [0, 1, *range(3, N)]  # row 2 is gone, the others have moved up
    flagged = mask(3, 6, 7)[kept]
    labels = np.array(list("aa" * 6))[kept]
    new = audit_of(labels, finding_of("outlier", flagged), text=[text[i] for i in kept])
    told = compare_worklists(old._record, new._record)
    assert told["row_id"].tolist() == [2, 5, 6, 2]
    assert told["status"].tolist() == ["persisting"] * 3 + ["resolved"]
    by_number = compare_worklists(
        audit_of(list("ab" * 6), finding_of("outlier", mask(2, 3)))._record,
        audit_of(list("ab" * 6), finding_of("outlier", mask(3, 5)))._record,
    )
    assert by_number["status"].tolist() == ["persisting", "new", "resolved"]
    before, after = (audit_of(list("ab" * 6), finding_of("outlier", mask(1))) for _ in range(2))
    before._record.features = np.arange(N)[:, None]
    after._record.features = np.arange(N)[:, None] + 1.0
    assert compare_worklists(before._record, after._record)["status"].tolist() == [
        "new",
        "resolved",
    ]


def test_the_guide_runs():
    for extra in ("pandas", "sklearn"):
        pytest.importorskip(extra)
    guide = Path(__file__).resolve().parents[2] / "docs" / "review.md"
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, guide.name, "exec"), names)  # noqa: S102 - our own guide
    first = names["worklist"]
    assert {"scan-0011", "scan-0022", "scan-0033"} <= set(first["row_id"][:10])
