"""The audit as one page of HTML that needs nothing else: no network, no script."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cupel._core import __version__
from cupel._extras import require
from cupel.datalab._worklist import worklist
from cupel.datalab.report._classes import class_health, confusion
from cupel.datalab.report._examples import Preview, Previews, row_name
from cupel.datalab.report._map import feature_map
from cupel.datalab.report._markup import Markup
from cupel.datalab.report._neighborhood import suspects
from cupel.datalab.report._sections import section_of
from cupel.datalab.report._summary import PREFLIGHT, alerts_of, any_issue, by_count
from cupel.datalab.report._thumbnails import Thumbnails
from cupel.datalab.report._wording import (
    clean,
    count,
    number,
    percent,
    plural,
    score,
    seconds,
    title_of,
)

if TYPE_CHECKING:
    from cupel.datalab._record import AuditRecord

__all__ = ["html_report"]

_HERE = Path(__file__).parent
_FIRST = 50
_MOST_EXAMPLES = 50
_REASON, _ERROR, _PARAMETER = 400, 1500, 120


def html_report(record: AuditRecord, *, num_examples: int, title: str | None) -> str:
    """Return the audit as a page of HTML.

    Parameters
    ----------
    record : AuditRecord
        The audit.
    num_examples : int
        Examples to show of each issue type, 50 at most.
    title : str or None
        Headline.
    """
    previews = Previews(record, Thumbnails(record.dataset))
    shown = max(0, min(num_examples, _MOST_EXAMPLES))
    anchors = _anchors(record)
    queue = _queue(record, previews, anchors)
    near = suspects(record, previews)
    sections = [
        section_of(record, finding, previews, shown, anchors[finding.name])
        for finding in by_count(record)
        if finding.name != PREFLIGHT
    ]
    page: str = _template().render(
        title=clean(title, 200) if title else "Data audit",
        facts=_facts(record),
        alerts=alerts_of(record),
        figures=_figures(record),
        preflight_ran=PREFLIGHT in record.findings,
        failures=[(title_of(n), clean(why, _ERROR)) for n, why in record.errors.items()],
        queue=queue,
        sections=sections,
        suspects=near,
        health=class_health(record),
        confusion=confusion(record),
        map=feature_map(record),
        method=_method(record),
        style=Markup((_HERE / "style.css").read_text(encoding="utf-8")),
    )
    return page


def _template() -> Any:
    jinja2 = require("jinja2", "Datalab.to_html")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(count=count, percent=percent, plural=plural)
    return environment.get_template("page.html.j2")


def _anchors(record: AuditRecord) -> dict[str, str]:
    """Return an id for the section of each issue type, each another."""
    out: dict[str, str] = {}
    for position, name in enumerate(record.findings):
        plain = name.replace("_", "-").lower()
        usable = plain.isascii() and plain.replace("-", "").isalnum()
        anchor = f"issue-{plain}" if usable else "issue"
        out[name] = anchor if usable and anchor not in out.values() else f"{anchor}--{position}"
    return out


def _facts(record: AuditRecord) -> list[str]:
    facts = [plural(record.n_rows, "row")]
    classes = record.labels.class_names if record.labels.is_available else []
    if record.task != "regression" and classes:
        facts.append(plural(len(classes), "class", "classes"))
    facts.append(record.task)
    label = record.dataset.label_name
    if label is not None:
        facts.append(f"label: {clean(label, 60)}")
    written = datetime.now(timezone.utc)
    return [*facts, f"{written:%Y-%m-%d %H:%M} UTC", f"cupel {__version__}"]


def _figures(record: AuditRecord) -> list[tuple[str, str, str]]:
    """Return the figures at the top: what, how many, and what that is of."""
    rows = max(record.n_rows, 1)
    touched = any_issue(record)
    out = [("Rows with an issue", count(touched), f"{percent(touched / rows)} of all")]
    label = record.findings.get("label")
    if label is not None:
        share = percent(label.num_issues / rows)
        out.append(("Labels in doubt", count(label.num_issues), f"{share} of all"))
    out.append(("Issue types looked for", count(len(record.findings)), _done(record)))
    health = record.statistics.get("health_score")
    if health is not None:
        out.append(("Health", score(health), "mean of the scores, 1 is best"))
    return out


def _done(record: AuditRecord) -> str:
    failed = len(record.errors)
    return f"{plural(failed, 'check')} failed" if failed else "all checks done"


@dataclass(frozen=True)
class Look:
    """An entry of the list of what to review first."""

    name: str
    row: int
    preview: Preview
    types: list[tuple[str, str]]
    given: str
    suggested: str
    confidence: str
    reason: str


def _queue(record: AuditRecord, previews: Previews, anchors: dict[str, str]) -> list[Look] | None:
    """Return what to review first; None where the findings do not say enough for that."""
    try:
        work = worklist(record, _FIRST)
        told = work.reasons
    except KeyError:  # evidence is missing: a finding of another version, or made by hand
        return None
    return [
        Look(
            row_name(record, row),
            row,
            previews.of(row),
            [(title_of(name), anchors[name]) for name in work.issue_types[at] if name in anchors],
            _label(work.given_labels[at]),
            _label(work.suggested_labels[at]),
            _share(work.suggested_confidences[at]),
            clean(told[at], _REASON),
        )
        for at, row in enumerate(np.asarray(work.rows).tolist())
    ]


def _label(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (float, np.floating)):
        return number(value)
    if isinstance(value, (list, tuple, np.ndarray)):
        return clean(", ".join(map(str, value))) or "(none)"
    return clean(value, 60) or "(empty)"


def _share(confidence: float) -> str:
    return "" if np.isnan(confidence) else percent(float(confidence))


def _method(record: AuditRecord) -> dict[str, Any]:
    """Return how it was computed."""
    names = dict.fromkeys([*record.findings, *record.parameters, *record.seconds, *record.errors])
    return {
        "checks": [
            (clean(name, 60), _parameters(record, name), _seconds(record, name)) for name in names
        ],
        "fingerprints": [(clean(k, 60), clean(v, 80)) for k, v in record.fingerprints.items()],
        "versions": [
            ("cupel", __version__),
            ("NumPy", np.__version__),
            ("Python", platform.python_version()),
        ],
    }


def _parameters(record: AuditRecord, name: str) -> str:
    if name in record.errors:
        return "failed"
    given = record.parameters.get(name, {})
    told = (f"{clean(key, 60)} = {_short(value)}" for key, value in given.items())
    return ", ".join(told) or ("" if name == "knn_graph" else "defaults")


def _short(value: Any) -> str:
    shape = getattr(value, "shape", None)
    if shape is not None and shape != ():
        return f"array of shape {shape}"
    if isinstance(value, (list, tuple, dict, set)) and len(value) > 20:
        return f"{type(value).__name__} of {len(value)}"
    return clean(repr(value), _PARAMETER)


def _seconds(record: AuditRecord, name: str) -> str:
    return seconds(record.seconds[name]) if name in record.seconds else ""
