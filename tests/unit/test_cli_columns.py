"""What the outputs of an audit hold, with and without the posterior."""

from __future__ import annotations

import json

import pytest

pa = pytest.importorskip("pyarrow")

from cli_data import NAMES, planted
from cupel.cli import output
from cupel.cli.audit import run_audit

COLUMNS = [
    *("row", "id", "given_label", "suggested_label", "score"),
    *("given_prob", "suggested_prob", "suggested_threshold"),
]
ADDED = ["error_probability", "suggested_posterior"]  # by the posterior
SUMMARY = [
    *("rows", "rows_left_out", "classes", "suspects", "share_of_suspects"),
    "estimated_label_errors",
]
CLASS = ["class", "rows", "suspects", "estimated_noise", "threshold"]


@pytest.fixture(scope="module")
def posterior():
    return run_audit(*planted(), class_names=NAMES)


@pytest.fixture(scope="module")
def compat():
    return run_audit(*planted(), class_names=NAMES, compat=True)


def columns(audit):
    return output.suspects_table(audit, pa.array(range(240)))


def document(audit):
    return json.loads("".join(output.json_document(audit, columns(audit), {})))


def test_compat_holds_what_it_always_did(compat):
    assert columns(compat).column_names == COLUMNS
    found = document(compat)
    assert list(found["summary"]) == SUMMARY
    assert found["summary"]["estimated_label_errors"] == compat.estimated_errors
    assert list(found["classes"][0]) == CLASS
    assert list(found["suspects"][0]) == [*COLUMNS, "reason"]


def test_columns_of_the_posterior(posterior):
    table = columns(posterior)
    assert table.column_names == COLUMNS + ADDED
    told = posterior.posterior
    assert table["error_probability"].to_pylist() == told.error_probability.tolist()
    assert table["suggested_posterior"].to_pylist() == told.suggested_probability.tolist()
    assert table["given_prob"].to_pylist() == posterior.given_probs.tolist()
    assert table["suggested_prob"].to_pylist() == posterior.suggested_probs.tolist()


def test_expected_errors_in_json(posterior):
    found = document(posterior)
    parts = [found["summary"], *found["classes"]]
    expected = posterior.posterior.expected
    assert [part["estimated_label_errors"] for part in parts] == [
        expected.total,
        *expected.per_class,
    ]
    assert [part["estimated_label_errors_standard_error"] for part in parts] == [
        expected.standard_error,
        *expected.per_class_standard_error,
    ]
    assert [part["estimated_noise"] for part in parts[1:]] == posterior.class_noise.tolist()
