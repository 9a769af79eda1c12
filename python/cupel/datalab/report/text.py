"""The report as text: cleanlab's layout, with warnings, failures and reasons."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from cupel._extras import require
from cupel.datalab._registry import custom_managers
from cupel.datalab.report._summary import alerts_of, by_count, description_of, reasons_of
from cupel.datalab.report._wording import clean

if TYPE_CHECKING:
    from cupel.datalab._finding import Finding
    from cupel.datalab._record import AuditRecord

__all__ = ["text_report"]

_WIDTH = 60
_WRAPPED = 90
_EVERYTHING = 3  # from this verbosity on
_CELL = 60
_ITEMS = 20
_SCALARS = (str, int, float, bool, np.generic, type(None))
# What is told of the whole data set, by the verbosity from which on.
_LEVELS: dict[str, dict[int, list[str]]] = {
    "non_iid": {0: ["p-value"]},
    "class_imbalance": {0: ["Rarest Class"]},
    "outlier": {2: ["average_ood_score"]},
    "near_duplicate": {2: ["threshold"]},
    "null": {2: ["most_common_issue"]},
    "underperforming_group": {2: ["threshold"]},
}


def text_report(
    record: AuditRecord,
    *,
    num_examples: int,
    verbosity: int,
    include_description: bool,
    show_summary_score: bool,
    show_all_issues: bool,
) -> str:
    """Return the audit as text.

    Parameters
    ----------
    record : AuditRecord
        The audit.
    num_examples : int
        Examples to show of each issue type.
    verbosity : int
        How much to tell of the whole data set; everything from 3 on.
    include_description : bool
        Whether to say what each issue type means.
    show_summary_score, show_all_issues : bool
        Whether to show overall scores, and issue types that no example has.
    """
    before = [_header(record), *_alerts(record), *_failures(record)]
    shown = by_count(record, flagged_only=not show_all_issues)
    if not shown:
        return "\n\n".join([*before, _nothing(record)])
    sections = [
        _section(record, finding, num_examples, verbosity, include_description) for finding in shown
    ]
    return "\n\n".join([*before, *_summary(shown, show_summary_score), *sections])


def _header(record: AuditRecord) -> str:
    text = f"Dataset Information: num_examples: {record.n_rows}"
    classes = record.statistics.get("num_classes")
    return text if classes is None else f"{text}, num_classes: {classes}"


def _alerts(record: AuditRecord) -> list[str]:
    lines = [
        f"  {clean(alert.severity, 20)}: {': '.join(filter(None, (alert.title, alert.text)))}"
        for alert in alerts_of(record)
    ]
    return ["\n".join(["Before you trust the rest:", *lines])] if lines else []


def _failures(record: AuditRecord) -> list[str]:
    lines = [f"  {clean(name, 60)}: {clean(why, 500)}" for name, why in record.errors.items()]
    return ["\n".join(["Checks that could not be done:", *lines])] if lines else []


def _nothing(record: AuditRecord) -> str:
    if not record.findings and not record.errors:
        return "Nothing was looked for yet: call find_issues first."
    if not record.findings:
        return "No check could be done."
    return (
        "No issues found in the data by the checks that were done.\n\n"
        "report(show_summary_score=True, show_all_issues=True) shows how it did in each of them."
    )


def _summary(shown: list[Finding], with_scores: bool) -> list[str]:
    pandas = require("pandas", "Datalab.report")
    columns: dict[str, Any] = {"issue_type": [clean(finding.name, _CELL) for finding in shown]}
    if with_scores:
        columns["score"] = [finding.summary_score for finding in shown]
    columns["num_issues"] = [finding.num_issues for finding in shown]
    out = ["Summary of the issues found in your data:"]
    out.append(pandas.DataFrame(columns).to_string(index=False))
    if with_scores:
        out.append("(Scores are of the whole data set, from 0 to 1; lower is worse.)")
    out.append(
        "See the flag and score of every example with `get_issues(<issue type>)`, why it is listed "
        "with\n`get_reasons(<issue type>)`, and what to review first with `get_worklist()`."
    )
    out.append("Below are the worst examples of each issue type, by their row in the data.")
    return out


def _section(
    record: AuditRecord, finding: Finding, num_examples: int, verbosity: int, described: bool
) -> str:
    rows = finding.worst_rows(max(0, num_examples))
    heading = f" {clean(finding.name, _CELL)} issues "
    parts = [f"\n{heading:-^{_WIDTH}}"]
    description = description_of(record, finding.name) if described else ""
    if description:
        parts.append(f"About this issue:\n\t{_indented(description)}")
    parts.append(
        f"Number of examples with this issue: {finding.num_issues}\n"
        f"Overall dataset quality in terms of this issue: {finding.summary_score:.4f}"
    )
    parts.append(
        f"Examples representing most severe instances of this issue:\n{_table(finding, rows)}"
    )
    parts += _why(record, finding, rows) + _additional(record, finding, verbosity)
    return "\n\n".join(parts)


def _indented(description: str) -> str:
    return "\n\t".join(textwrap.wrap(clean(description, 1200), _WRAPPED))


def _table(finding: Finding, rows: Any) -> str:
    pandas = require("pandas", "Datalab.report")
    columns = {
        f"is_{finding.name}_issue": finding.is_issue[rows],
        f"{finding.name}_score": finding.scores[rows],
    }
    for name, values in finding.columns.items():
        columns[name] = _cells([values[row] for row in rows.tolist()])
    columns = {clean(name, _CELL): values for name, values in columns.items()}
    return str(pandas.DataFrame(columns, index=rows).to_string())


def _cells(values: list[Any]) -> Any:
    """Leave numbers to pandas, show all else as one safe line."""
    if all(isinstance(v, (int, float, np.number)) and not isinstance(v, bool) for v in values):
        return values
    return [clean(_plain(value), _CELL) for value in values]


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value[:_ITEMS].tolist()
    return value if not isinstance(value, list) else value[:_ITEMS]


def _why(record: AuditRecord, finding: Finding, rows: Any) -> list[str]:
    listed = rows[finding.is_issue[rows]]
    if not len(listed):
        return []
    told = reasons_of(record, finding, listed)
    width = len(str(listed.max()))
    lines = [
        f"{row:>{width}}  {clean(reason, 400)}"
        for row, reason in zip(listed.tolist(), told, strict=True)
    ]
    return ["\n".join(["Why these are listed:", *lines])]


def _additional(record: AuditRecord, finding: Finding, verbosity: int) -> list[str]:
    info = finding.info
    if verbosity < _EVERYTHING:
        manager = custom_managers(record.task).get(finding.name)
        levels = _LEVELS.get(finding.name, {}) if manager is None else manager.verbosity_levels
        wanted = [key for level, keys in levels.items() if level <= verbosity for key in keys]
        info = {key: info[key] for key in wanted if key in info}
    lines = [f"{clean(key, _CELL)}: {_in_words(value)}" for key, value in info.items()]
    return ["\n".join(["Additional Information: ", *lines])] if lines else []


def _in_words(value: Any) -> str:
    if isinstance(value, _SCALARS):
        return clean(value)
    if hasattr(value, "to_string"):
        return "\n" + "\n".join(clean(line) for line in value.head(_ITEMS).to_string().splitlines())
    if isinstance(value, (dict, list, tuple)):
        return "\n" + json.dumps(_shortened(value), indent=4, default=clean)
    return "\n" + "\n".join(clean(line) for line in str(value).splitlines()[:_ITEMS])


def _shortened(value: Any) -> Any:
    """Return what JSON can hold of nested lists and dicts, long ones cut off."""
    if isinstance(value, dict):
        head = {clean(k, _CELL): _shortened(v) for k, v in list(value.items())[:_ITEMS]}
        return head if len(value) <= _ITEMS else head | {"…": f"{len(value) - _ITEMS} more"}
    if isinstance(value, np.ndarray):
        value = value.tolist() if value.size <= _ITEMS else list(value.ravel()[:_ITEMS].tolist())
    if isinstance(value, (list, tuple)):
        head_of_list = [_shortened(item) for item in value[:_ITEMS]]
        return [*head_of_list, "…"] if len(value) > _ITEMS else head_of_list
    return value if isinstance(value, (int, float, bool, type(None))) else clean(value)
