"""What checks are given, without the class around them; and the same from cleanlab."""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from typing import Any

import numpy as np

from cupel.datalab._context import Context
from cupel.datalab._dataset import Dataset, Labels
from cupel.datalab._finding import Finding
from cupel.datalab._record import AuditRecord
from tables import assert_same_tables


def context_of(
    labels: Any, *, task: str = "classification", data: Any = None, **inputs: Any
) -> Context:
    """Return what a check looks at; `data` are columns besides the labels."""
    table = {"y": labels} | (data or {})
    dataset = Dataset.load(table, label_name="y", image_key="image" if "image" in table else None)
    return Context(task, dataset, Labels.load(dataset, task), **inputs)


def found_by(check: str, context: Context, **parameters: Any) -> Any:
    """Return what a check of this name finds."""
    module = importlib.import_module(f"cupel.datalab.checks.{check}")
    return module.CHECK.find(context, **parameters)


def explained(check: str, context: Context, finding: Finding, row: int) -> str:
    """Return why a row is listed, from what is kept of an audit."""
    module = importlib.import_module(f"cupel.datalab.checks.{check}")
    return module.CHECK.explain(
        AuditRecord(context.task, context.dataset, context.labels), finding, row
    )


def cleanlab_audit(
    labels: Any, issue_types: Any, task: str = "classification", **inputs: Any
) -> Any:
    """Return cleanlab's Datalab after one call; it must not have failed."""
    printed = io.StringIO()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        from cleanlab import Datalab

        lab = Datalab({"y": labels}, label_name="y", task=task, verbosity=0)
        lab.find_issues(issue_types=issue_types, **inputs)
    assert "Error in" not in printed.getvalue(), printed.getvalue()
    return lab


def assert_same_finding(finding: Finding, lab: Any, *, atol: float = 1e-6) -> None:
    """Same flags, scores, columns and summary as cleanlab found."""
    name = finding.name
    table = lab.get_issues(name)
    np.testing.assert_array_equal(finding.is_issue, table[f"is_{name}_issue"])
    np.testing.assert_allclose(finding.scores, table[f"{name}_score"], rtol=0, atol=atol)
    assert list(finding.columns) == list(table.columns[2:])
    for column, values in finding.columns.items():
        if np.asarray(values).dtype.kind == "f":
            np.testing.assert_allclose(values, table[column], atol=atol)
        else:
            assert np.asarray(values).tolist() == table[column].tolist()
    (summary,) = lab.get_issue_summary(name).to_dict("records")
    assert finding.num_issues == summary["num_issues"]
    np.testing.assert_allclose(finding.summary_score, summary["score"], rtol=0, atol=atol)


def assert_same_info(ours: Any, theirs: Any, where: str = "info", *, atol: float = 1e-6) -> None:
    """Same keys and values, however deep."""
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs), where
        for key, value in theirs.items():
            assert_same_info(ours[key], value, f"{where}[{key!r}]", atol=atol)
    elif hasattr(theirs, "columns"):
        rows_by = [name for name in theirs.columns if name.startswith("Class Index")]
        assert_same_tables(ours, theirs, theirs.columns[-1], rows_by)
    elif isinstance(theirs, (list, np.ndarray)) and len(theirs) and not isinstance(theirs[0], list):
        assert type(ours) is type(theirs), where
        a, b = np.asarray(ours), np.asarray(theirs)
        if b.dtype.kind == "f":
            np.testing.assert_allclose(a, b, rtol=0, atol=atol, err_msg=where)
        else:
            assert a.tolist() == b.tolist(), where
    elif isinstance(theirs, (float, np.floating)):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol, err_msg=where)
    else:
        assert ours == theirs, where
