"""The facade: what was given, what can be asked for, what is told when something cannot be done."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import cupel
from cupel.datalab import CheckFailedWarning, Datalab, IssueManager, _registry, register
from datalab_data import AuditInputs, random_inputs

CLASSIC = ["null", "label", "outlier", "near_duplicate", "non_iid", "class_imbalance"]


@pytest.fixture(scope="module")
def inputs() -> AuditInputs:
    return random_inputs(0)


def lab_of(inputs: AuditInputs, **options: Any) -> Datalab:
    return Datalab({"y": inputs.labels}, label_name="y", verbosity=0, **options)


@pytest.fixture(scope="module")
def audited(inputs: AuditInputs) -> Datalab:
    lab = lab_of(inputs)
    lab.find_issues(pred_probs=inputs.pred_probs, features=inputs.features)
    return lab


@pytest.fixture
def own_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the issue types that a test registers."""
    monkeypatch.setattr(_registry, "_custom", {t: dict(m) for t, m in _registry._custom.items()})


def test_it_is_found_under_cupel():
    assert cupel.Datalab is Datalab


def test_what_was_given(inputs, audited):
    assert audited.class_names == ["ant", "cat", "dog"]
    assert audited.labels.tolist() == np.searchsorted(["ant", "cat", "dog"], inputs.labels).tolist()
    assert audited.has_labels
    assert audited.task == "classification"
    assert audited.label_name == "y"


def test_every_default_check_runs(audited):
    assert audited.errors == {}
    beyond = ["ambiguous", "duplicate_conflict"]
    ran = ["preflight", *CLASSIC, "underperforming_group", *beyond]
    assert audited.issue_summary["issue_type"].tolist() == ran
    assert audited.list_default_issue_types()[: len(ran)] == ran


def test_planted_issues_are_found(inputs, audited):
    issues = audited.get_issues()
    assert issues["is_label_issue"][inputs.wrong].mean() > 0.6
    assert issues["is_near_duplicate_issue"][inputs.copies].all()
    assert issues["is_outlier_issue"][3]


def test_tables_have_one_row_per_example(audited):
    assert list(audited.issues.index) == list(range(400))
    assert audited.issues.dtypes.map(str).isin(["bool", "float64"]).all()
    assert audited.get_issues("label").columns.tolist() == [
        "is_label_issue",
        "label_score",
        "given_label",
        "predicted_label",
    ]


def test_summary_counts_the_flags(audited):
    summary = audited.get_issue_summary()
    for name, count in zip(summary["issue_type"], summary["num_issues"], strict=True):
        assert count == audited.issues[f"is_{name}_issue"].sum()
    assert audited.get_issue_summary("label")["num_issues"].tolist() == [
        audited.issues["is_label_issue"].sum()
    ]


def test_no_score_outside_0_and_1(audited):
    scores = audited.issues.filter(like="_score").to_numpy()
    assert (scores >= 0).all()
    assert (scores <= 1).all()


def test_the_graph_is_searched_once_and_kept(inputs):
    lab = lab_of(inputs)
    lab.find_issues(features=inputs.features, issue_types={"outlier": {"k": 7}})
    graph = lab._record.knn_graph
    assert graph.k == 7
    lab.find_issues(issue_types={"near_duplicate": {"k": 5}})
    assert lab._record.knn_graph is graph
    assert lab.get_info("statistics")["weighted_knn_graph"].nnz == 7 * 400
    lab.find_issues(features=inputs.features + 1.0, issue_types={"outlier": {"k": 3}})
    assert lab._record.knn_graph is not graph


def test_the_search_of_neighbours_is_timed_apart(audited):
    seconds = audited._record.seconds
    assert set(seconds) == {*audited.issue_summary["issue_type"], "knn_graph"}
    assert all(spent >= 0 for spent in seconds.values())


def test_the_widest_of_all_checks_is_searched(inputs):
    lab = lab_of(inputs)
    lab.find_issues(
        features=inputs.features, issue_types={"outlier": {"k": 3}, "near_duplicate": {"k": 15}}
    )
    assert lab._record.knn_graph.k == 15
    alone = lab_of(inputs)
    alone.find_issues(features=inputs.features, issue_types={"outlier": {"k": 3}})
    pd.testing.assert_frame_equal(lab.get_issues("outlier"), alone.get_issues("outlier"))


def test_calls_add_up(inputs, audited):
    lab = lab_of(inputs)
    lab.find_issues(pred_probs=inputs.pred_probs, issue_types={"label": {}})
    lab.find_issues(features=inputs.features, issue_types={"outlier": {}})
    assert lab.issue_summary["issue_type"].tolist() == ["label", "outlier"]
    for name in ("label", "outlier"):
        pd.testing.assert_frame_equal(lab.get_issues(name), audited.get_issues(name))


def test_the_inputs_are_left_alone(inputs):
    before = [a.copy() for a in inputs]
    types = {"outlier": {"k": 5}, "label": {}}
    lab_of(inputs).find_issues(
        pred_probs=inputs.pred_probs, features=inputs.features, issue_types=types
    )
    assert types == {"outlier": {"k": 5}, "label": {}}
    for a, b in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_threads_change_nothing(inputs, audited):
    lab = lab_of(inputs)
    lab.find_issues(pred_probs=inputs.pred_probs, features=inputs.features, n_jobs=1)
    pd.testing.assert_frame_equal(lab.issues, audited.issues)
    pd.testing.assert_frame_equal(lab.issue_summary, audited.issue_summary)


# ---- failures ------------------------------------------------------------------------------------


def test_a_failed_check_is_told_and_the_others_run(inputs):
    lab = lab_of(inputs)
    bad = inputs.pred_probs.copy()
    bad[7, 1] = np.nan
    with pytest.warns(CheckFailedWarning, match="label"):
        lab.find_issues(
            pred_probs=bad, features=inputs.features, issue_types={"label": {}, "outlier": {}}
        )
    assert "pred_probs[7, 1]" in lab.errors["label"]
    assert lab.issue_summary["issue_type"].tolist() == ["outlier"]
    with pytest.raises(ValueError, match=r"check for 'label' failed: pred_probs\[7, 1\]"):
        lab.get_issues("label")
    lab.find_issues(pred_probs=inputs.pred_probs, issue_types={"label": {}})
    assert lab.errors == {}


def test_on_error_raise_stops(inputs):
    bad = inputs.pred_probs.copy()
    bad[7, 1] = np.nan
    with pytest.raises(ValueError, match=r"pred_probs\[7, 1\]"):
        lab_of(inputs).find_issues(pred_probs=bad, issue_types={"label": {}}, on_error="raise")


def test_missing_inputs_are_told_by_name(inputs):
    lab = lab_of(inputs)
    with pytest.warns(CheckFailedWarning, match="near_duplicate.*needs features, or knn_graph"):
        lab.find_issues(issue_types={"near_duplicate": {}})
    assert set(lab.errors) == {"near_duplicate"}


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (
            {"pred_probs": np.ones((5, 3))},
            ValueError,
            "pred_probs has 5 rows, the data set has 400",
        ),
        ({"features": np.ones((7, 3))}, ValueError, "features has 7 rows"),
        ({"features": 3}, TypeError, "features must be an array"),
        ({"issue_types": ["label"]}, TypeError, "issue_types must be a dict"),
        ({"issue_types": {"labels": {}}}, ValueError, "did you mean 'label'"),
        ({"issue_types": {"outlier": 3}}, TypeError, "must be a dict of parameters"),
        ({"issue_types": {"outlier": {"kk": 3}}}, ValueError, "no parameter 'kk'"),
        ({"on_error": "ignore"}, ValueError, "on_error"),
        ({"knn_graph": 7}, TypeError, "knn_graph must be"),
    ],
)
def test_bad_arguments(inputs, arguments, kind, message):
    with pytest.raises(kind, match=message):
        lab_of(inputs).find_issues(**arguments)


def test_bad_task(inputs):
    with pytest.raises(ValueError, match="task must be one of 'classification'"):
        lab_of(inputs, task="ranking")


def test_asking_too_early(inputs):
    lab = lab_of(inputs)
    assert lab.issues.shape == (400, 0)
    for ask in (lab.get_issues, lab.get_issue_summary):
        with pytest.raises(ValueError, match="call find_issues first"):
            ask()
    with pytest.raises(ValueError, match="'label' was not looked for"):
        lab.get_info("label")


def test_nothing_asked_for_is_nothing_found(inputs):
    lab = lab_of(inputs)
    lab.find_issues(issue_types={})
    assert lab.issue_summary.empty


# ---- issue types of one's own --------------------------------------------------------------------


def even_rows(**members: Any) -> type[IssueManager]:
    def find_issues(self: Any, *, step: int = 2, features: Any = None) -> None:
        rows = np.arange(len(self.datalab.labels))
        self.issues = pd.DataFrame(
            {
                "is_even_issue": rows % step == 0,
                self.issue_score_key: (rows % step) / step,
                "twice": 2 * rows,
            }
        )
        self.summary = self.make_summary(0.5)
        self.info = {"columns": features.shape[1]}

    return type(
        "Even", (IssueManager,), {"issue_name": "even", "find_issues": find_issues} | members
    )


@pytest.mark.usefixtures("own_types")
def test_own_issue_type(inputs):
    manager = even_rows()
    assert register(manager) is manager
    lab = lab_of(inputs)
    assert "even" in lab.list_possible_issue_types()
    assert "even" not in lab.list_default_issue_types()
    lab.find_issues(features=inputs.features, issue_types={"even": {"step": 4}})
    assert lab.issue_summary["num_issues"].tolist() == [100]
    assert lab.get_issues("even").columns.tolist() == ["is_even_issue", "even_score", "twice"]
    assert lab.get_info("even") == {"columns": 6}
    assert lab.get_reasons("even").shape[0] == 100


@pytest.mark.usefixtures("own_types")
def test_own_issue_type_that_fails(inputs):
    def find_issues(self: Any) -> None:
        msg = "boom"
        raise RuntimeError(msg)

    register(even_rows(find_issues=find_issues))
    lab = lab_of(inputs)
    with pytest.warns(CheckFailedWarning, match="RuntimeError: boom"):
        lab.find_issues(issue_types={"even": {}})


@pytest.mark.usefixtures("own_types")
def test_own_issue_type_that_says_nothing(inputs):
    register(even_rows(find_issues=lambda _: None))
    lab = lab_of(inputs)
    with pytest.warns(CheckFailedWarning, match=r"must set self\.issues"):
        lab.find_issues(issue_types={"even": {}})


@pytest.mark.usefixtures("own_types")
def test_replacing_an_issue_type_warns(inputs):
    with pytest.warns(UserWarning, match="takes the place of the issue type 'outlier'"):
        register(even_rows(issue_name="outlier"))


def test_registering_something_else():
    with pytest.raises(ValueError, match="subclass"):
        register(int)  # type: ignore[type-var]
    with pytest.raises(TypeError, match="issue_name"):
        type("Nameless", (IssueManager,), {})
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        even_rows().make_summary(1.5)


# ---- results -------------------------------------------------------------------------------------


def test_reasons_name_the_numbers(audited):
    told = audited.get_reasons("label")
    assert len(told) == audited.issues["is_label_issue"].sum()
    row = told.index[0]
    assert audited.issues["label_score"][row] == audited.issues["label_score"][told.index].min()
    assert str(audited.get_issues("label")["given_label"][row]) in told["reason"].iloc[0]
    assert audited.get_reasons(rows=[5, 3]).index.tolist() == [5, 3]


@pytest.mark.parametrize("rows", [[400], [-1]])
def test_reasons_of_rows_that_are_not_there(audited, rows):
    with pytest.raises(ValueError, match="expected a row in"):
        audited.get_reasons(rows=rows)


def test_worklist(inputs, audited):
    work = audited.get_worklist(20)
    assert len(work) == 20
    assert work["value"].is_monotonic_decreasing
    assert np.isin(work["row"][:10], np.concatenate([inputs.wrong, inputs.copies])).mean() >= 0.7
    assert audited.get_worklist(5).equals(work.head(5))
    whole = audited.get_worklist()
    unlikely = whole["suggested_confidence"] < 0.25
    assert not unlikely.any()
    assert whole["suggested_label"].isna().any()


def test_comparing_audits(inputs, audited):
    mended = inputs.labels.copy()
    row = int(audited.get_worklist(1)["row"][0])
    mended[row] = audited.get_worklist(1)["suggested_label"][0]
    later = lab_of(inputs._replace(labels=mended))
    later.find_issues(pred_probs=inputs.pred_probs, features=inputs.features)
    status = later.compare(audited).set_index("row_id")["status"]
    assert status[row] == "resolved"
    assert set(audited.compare(audited)["status"]) == {"persisting"}


def test_saved_and_loaded(tmp_path, audited):
    path = tmp_path / "audit.cupel"
    audited.save(path)
    with pytest.raises(FileExistsError):
        audited.save(path)
    audited.save(path, force=True)
    again = Datalab.load(path)
    pd.testing.assert_frame_equal(again.issues, audited.issues)
    pd.testing.assert_frame_equal(again.issue_summary, audited.issue_summary)
    pd.testing.assert_frame_equal(again.get_worklist(), audited.get_worklist())
    assert again.class_names == audited.class_names
    assert [p.name for p in tmp_path.iterdir()] == ["audit.cupel"]


def test_a_loaded_audit_goes_on(tmp_path, inputs, audited):
    audited.save(tmp_path / "audit")
    again = Datalab.load(tmp_path / "audit")
    again.verbosity = 0
    again.find_issues(issue_types={"data_valuation": {}})
    assert again.get_issues("data_valuation").shape == (400, 2)


def test_inputs_are_known_by_their_hashes(inputs, audited):
    known = audited._record.fingerprints
    assert set(known) == {"labels", "pred_probs", "features"}
    assert len({*known.values()}) == 3
    other = lab_of(inputs._replace(labels=inputs.labels[::-1]))
    other.find_issues(pred_probs=inputs.pred_probs, issue_types={"label": {}})
    assert other._record.fingerprints["pred_probs"] == known["pred_probs"]
    assert other._record.fingerprints["labels"] != known["labels"]


def test_the_report_is_printed(capsys, audited):
    audited.report()
    text = capsys.readouterr().out
    assert "Dataset Information: num_examples: 400, num_classes: 3" in text
    assert "label issues" in text


def test_the_page_is_written(tmp_path, audited):
    path = audited.to_html(tmp_path / "report.html", title="Pets")
    page = path.read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert "Pets" in page
    assert "<script" not in page
    assert "<table" in audited._repr_html_()


def test_progress_is_told(capsys, inputs):
    lab = Datalab({"y": inputs.labels}, label_name="y")
    lab.find_issues(issue_types={"class_imbalance": {}})
    printed = capsys.readouterr().out
    assert "Finding class_imbalance issues ..." in printed
    assert "Audit complete. 0 issues found in the dataset." in printed
    assert "checks_run=Yes" in repr(lab)
    assert "Number of classes: 3" in str(lab)
