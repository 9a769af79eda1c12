"""The audit in a notebook cell: a small fragment of HTML in the colours of what is around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cupel.datalab.report._markup import Markup, join, tag
from cupel.datalab.report._summary import alerts_of, any_issue, by_count, meaning_of
from cupel.datalab.report._wording import clean, count, percent, plural, score, title_of

if TYPE_CHECKING:
    from cupel.datalab._finding import Finding
    from cupel.datalab._record import AuditRecord

__all__ = ["notebook_summary"]

# Colours are mixed from the text's own, so that any theme, light or dark, is met.
_STYLE = """
.cupel-audit{max-width:46rem;font-size:13px;line-height:1.5;color:inherit}
.cupel-audit p{margin:.2rem 0 .5rem}
.cupel-audit .cupel-soft{opacity:.75}
.cupel-audit table{border-collapse:collapse;font-size:inherit;color:inherit;width:100%;margin:.4rem 0}
.cupel-audit th,.cupel-audit td{padding:.25rem .8rem .25rem 0;border:0;text-align:left;\
border-bottom:1px solid color-mix(in srgb,currentColor 18%,transparent);font-weight:400;\
background:none;vertical-align:top;unicode-bidi:isolate}
.cupel-audit thead th{font-size:12px;opacity:.75}
.cupel-audit .cupel-n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.cupel-audit .cupel-alert{border-left:3px solid #d9531e;padding:.1rem 0 .1rem .7rem}
"""
_SHOWN = 20


def notebook_summary(record: AuditRecord) -> str:
    """Return the audit as a fragment of HTML, for ``_repr_html_``."""
    parts = [tag("style", Markup(_STYLE)), tag("p", tag("b", "Data audit"), f" · {_facts(record)}")]
    parts += [
        tag(
            "p", f"{alert.title}. {alert.text}" if alert.title else alert.text, class_="cupel-alert"
        )
        for alert in alerts_of(record)
    ]
    found = by_count(record)
    parts.append(_table(record, found) if found else tag("p", _nothing(record)))
    parts += [
        tag("p", f"{title_of(name)} could not be done: {clean(why, 300)}", class_="cupel-alert")
        for name, why in record.errors.items()
    ]
    if found:
        parts.append(tag("p", *_next(), class_="cupel-soft"))
    return str(tag("div", *parts, class_="cupel-audit"))


def _facts(record: AuditRecord) -> str:
    facts = [plural(record.n_rows, "row")]
    classes = record.statistics.get("num_classes")
    if classes is not None:
        facts.append(plural(classes, "class", "classes"))
    facts.append(record.task)
    if record.findings:
        touched = any_issue(record)
        share = percent(touched / max(record.n_rows, 1))
        facts.append(f"{plural(touched, 'row')} with an issue ({share})")
    return " · ".join(facts)


def _nothing(record: AuditRecord) -> str:
    if record.errors:
        return "No check could be done."
    return "Nothing was looked for yet: call find_issues."


def _table(record: AuditRecord, found: list[Finding]) -> Markup:
    heads = [("Issue type", None), ("", None), ("Rows", "cupel-n"), ("Score", "cupel-n")]
    head = tag("tr", *(tag("th", text, class_=kind, scope="col") for text, kind in heads))
    rows = [_row(record, finding) for finding in found[:_SHOWN]]
    more = len(found) - _SHOWN
    if more > 0:
        rows.append(tag("tr", tag("td", f"and {plural(more, 'further issue type')}", colspan=4)))
    return tag("table", tag("thead", head), tag("tbody", *rows))


def _row(record: AuditRecord, finding: Finding) -> Markup:
    name = tag("code", clean(finding.name, 40))
    return tag(
        "tr",
        tag("th", join(name), scope="row"),
        tag("td", meaning_of(record, finding.name), class_="cupel-soft"),
        tag("td", count(finding.num_issues), class_="cupel-n"),
        tag("td", score(finding.summary_score), class_="cupel-n"),
    )


def _next() -> list[str]:
    calls = ["get_worklist()", "get_issues(name)", 'to_html("report.html")']
    what = ["what to review first", "every example", "the whole report"]
    parts: list[str] = []
    for call, told in zip(calls, what, strict=True):
        parts += [" · " if parts else "", tag("code", call), f" {told}"]
    return parts
