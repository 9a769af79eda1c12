"""The report as page, text and notebook cell: structure, figures, and audits of all kinds."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import report_data
from cupel.datalab._finding import Finding
from cupel.datalab.report import html
from cupel.datalab.report._classes import class_health, confusion
from cupel.datalab.report._histogram import histogram
from cupel.datalab.report._markup import Markup, join, tag
from cupel.datalab.report._projection import project
from cupel.datalab.report._wording import clean, listed, number, percent, score, seconds, title_of
from cupel.datalab.report.html import html_report
from cupel.datalab.report.notebook import notebook_summary
from cupel.datalab.report.text import text_report
from report_data import Page

AUDITS = {
    "text": report_data.text_audit,
    "many_classes": report_data.many_classes_audit,
    "regression": report_data.regression_audit,
    "multilabel": report_data.multilabel_audit,
}
OPTIONS = {
    "num_examples": 3,
    "verbosity": 1,
    "include_description": True,
    "show_summary_score": False,
    "show_all_issues": False,
}


@pytest.fixture(scope="module", params=AUDITS)
def record(request):
    lab = AUDITS[request.param]()
    assert lab.errors == {}
    return lab._record


@pytest.fixture(scope="module")
def texts():
    return report_data.text_audit()._record


def html_of(record, **options):
    return html_report(record, **{"num_examples": 5, "title": None} | options)


def assert_is_sound(text):
    page = Page(text)
    assert page.errors == []
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in page.values("href")} <= set(ids)
    assert all(link.startswith("#") for link in page.values("href"))
    assert all(source.startswith("data:image/") for source in page.values("src"))
    assert {"script", "iframe", "object", "embed", "form", "base", "link"}.isdisjoint(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert re.search(r"https?:|url\(|@import", text) is None
    return page


def test_page_is_sound_and_says_what_was_found(record):
    text = html_of(record)
    page = assert_is_sound(text)
    seen = " ".join(page.text)
    assert page.tags.count("h1") == page.tags.count("main") == 1
    assert text.count("<table") == text.count("<caption")
    assert text.count('role="img"') == text.count("<desc>")
    for finding in record.findings.values():
        if finding.name != "preflight":
            assert f"issue-{finding.name.replace('_', '-')}" in page.values("id")
            assert title_of(finding.name) in seen
    assert "What to review first" in seen
    assert "How it was computed" in seen
    for digest in record.fingerprints.values():
        assert digest in seen


def test_page_has_the_charts_of_a_classification(texts):
    text = html_of(texts, title="My <data>")
    assert "<h1>My &lt;data&gt;</h1>" in text
    for part in ('class="histogram"', 'class="map"', 'class="heat"', 'class="near"', "cut 0."):
        assert part in text
    assert "ex-0010" in text
    assert "Review 10 says" in text


def test_page_without_anything_looked_for():
    for n, labels in [(1, ["a"]), (4, ["a", "b", "b", "a"])]:
        record = report_data.bare_record(n, y=labels)
        seen = " ".join(assert_is_sound(html_of(record)).text)
        assert "Nothing was looked for yet" in seen
        assert "call find_issues" in notebook_summary(record)
        assert "call find_issues" in text_report(record, **OPTIONS)


def test_page_of_a_clean_data_set():
    record = report_data.bare_record(50, y=["a", "b"] * 25)
    record.findings["outlier"] = Finding("outlier", np.zeros(50, bool), np.ones(50), 1.0)
    seen = " ".join(assert_is_sound(html_of(record)).text)
    assert "no row has an issue of its own" in seen
    assert "No issues found" in text_report(record, **OPTIONS)


def test_failed_checks_are_told_in_every_form(texts):
    record = report_data.bare_record(4, y=["a", "b", "b", "a"])
    record.errors["label"] = "pred_probs has 3 rows, expected 4"
    for text in (html_of(record), text_report(record, **OPTIONS), notebook_summary(record)):
        assert "pred_probs has 3 rows, expected 4" in text
    assert "could not be done" in html_of(record)


def test_evidence_may_be_missing(texts):
    """Findings of later versions or of other people have less, or more."""
    record = report_data.bare_record(30, y=["a", "b", "c"] * 10)
    flags = np.arange(30) < 5
    record.findings["mine"] = Finding("mine", flags, np.where(flags, 0.1, np.nan), 0.5)
    record.findings["label"] = Finding("label", flags, np.where(flags, 0.1, 1.0), 0.5)
    record.statistics["health_score"] = None
    assert_is_sound(html_of(record))
    assert "Why these are listed" in text_report(record, **OPTIONS)


def test_ids_differ_whatever_issue_types_are_called():
    record = report_data.bare_record(3, y=["a", "b", "a"])
    for name in ("a_b", "a-b", "A_B", "ä", "ö", "", " "):
        record.findings[name] = Finding(name, np.ones(3, bool), np.zeros(3), 0.0)
    assert_is_sound(html_of(record))


def test_number_of_examples_is_kept_to(texts):
    few, many = (html_of(texts, num_examples=n).count('data-label="Score"') for n in (1, 1000))
    assert few == sum(finding.name != "preflight" for finding in texts.findings.values())
    assert few < many <= 50 * len(texts.findings)
    assert 'data-label="Score"' not in html_of(texts, num_examples=0)


def test_text_has_the_layout_that_people_know(texts):
    text = text_report(texts, **OPTIONS | {"show_summary_score": True, "show_all_issues": True})
    assert text.startswith("Dataset Information: num_examples: 240, num_classes: 3\n")
    titles = re.findall(r"^-+ \w+ issues -+$", text, re.MULTILINE)
    assert len(titles) == len(texts.findings)
    assert {len(title) for title in titles} == {60}
    found = texts.findings["label"]
    assert f"Number of examples with this issue: {found.num_issues}" in text
    assert f"Overall dataset quality in terms of this issue: {found.summary_score:.4f}" in text
    assert re.search(r"^ +issue_type +score +num_issues$", text, re.MULTILINE)
    assert text.index("Before you trust the rest") < text.index("issue_type")
    assert "p-value: " in text


def test_text_tells_as_much_as_asked(texts):
    lengths = [len(text_report(texts, **OPTIONS | {"verbosity": v})) for v in (0, 1, 2, 3, 4)]
    assert lengths == sorted(lengths)
    assert lengths[1] < lengths[2] < lengths[3] == lengths[4]
    quiet = text_report(texts, **OPTIONS | {"include_description": False, "num_examples": 0})
    assert "About this issue" not in quiet
    assert "Empty DataFrame" in quiet


def test_notebook_cell(record):
    page = assert_is_sound(notebook_summary(record))
    assert page.tags[0] == "div"
    seen = "".join(page.text)
    assert all(name in seen for name in record.findings)
    assert "html" not in page.tags


def test_health_and_confusion_count_what_was_flagged(texts):
    finding, health, pairs = texts.findings["label"], class_health(texts), confusion(texts)
    assert sum(row.suspected for row in health.rows) == finding.num_issues == pairs.total
    assert sum(row.count for row in health.rows) == texts.n_rows
    cells = [cell for line in pairs.matrix for cell in line]
    assert sum(cell.count for cell in cells) == pairs.total
    assert max(cell.weight for cell in cells) == 1


def test_histogram_shows_a_cut_only_where_there_is_one():
    scores = np.linspace(0, 1, 101)
    assert "cut 0.395" in histogram(scores, scores < 0.395).svg
    assert "cut" not in histogram(scores, np.arange(101) % 2 == 0).svg
    assert histogram(np.ones(4), np.ones(4, bool)) is None
    assert histogram(np.array([np.nan, 1, np.nan]), np.ones(3, bool)) is None


def test_projection_is_that_of_singular_values():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 40)) * np.geomspace(9, 0.1, 40) + 5
    rows = np.arange(300)
    found = project(x, rows, rows)
    u, s, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    for axis in (0, 1):
        overlap = abs(u[:, axis] @ found.points[:, axis]) / np.linalg.norm(found.points[:, axis])
        assert overlap > 0.99
        assert found.shares[axis] == pytest.approx(s[axis] ** 2 / (s**2).sum(), rel=1e-3)
    again = project(x.copy(), rows, rows)
    np.testing.assert_array_equal(again.points, found.points)


@pytest.mark.parametrize(
    "features",
    [
        np.ones((9, 3)),
        np.full((9, 3), np.nan),
        np.array([["a"]] * 9),
        np.full((9, 2), 1e300) * np.arange(9)[:, None],
        np.empty((9, 0)),
    ],
)
def test_projection_of_nothing_to_show(features):
    rows = np.arange(9)
    assert project(features, rows, rows) is None


def test_projection_of_one_column_and_of_missing_cells():
    rows = np.arange(9)
    x = np.arange(9.0)[:, None]
    assert project(x, rows, rows).points.shape == (9, 2)
    x = np.column_stack([x, x**2])
    x[3, 1], x[4, 0] = np.nan, np.inf
    assert np.isfinite(project(x, rows, rows).points).all()


def test_markup_is_escaped_once():
    assert (
        tag("p", "<b>", tag("i", "&"), title='"x"')
        == '<p title="&quot;x&quot;">&lt;b&gt;<i>&amp;</i></p>'
    )
    assert join("<", Markup("<")) == "&lt;<"
    assert tag("rect", x=1.0, class_="a", hidden=None) == '<rect x="1" class="a"></rect>'


def test_words_for_figures():
    assert [percent(x) for x in (0, 1e-6, 0.05, 0.5, 0.996, 0.9999, 1)] == [
        *("0.0 %", "< 0.1 %", "5.0 %", "50 %", "99.6 %", "> 99.9 %", "100 %"),
    ]  # fmt: skip
    assert [score(x) for x in (0, 1e-9, 0.5, 1)] == ["0.000", "< 0.001", "0.500", "1.000"]
    assert [number(x) for x in (0.12345, 1234.5, 1e9, 1e-9)] == [
        "0.123",
        "1234",
        "1.00e+09",
        "1.00e-09",
    ]
    assert [seconds(x) for x in (0.001, 0.2, 12)] == ["1.0 ms", "200 ms", "12.0 s"]
    assert number(np.nan) == percent(np.nan) == score(np.nan) == "\N{EN DASH}"
    assert listed(list("abcd"), 2) == "a, b and 2 more"


def test_clean_shows_what_can_not_be_seen():
    assert clean("a\x00\x1b[1m\u202eb\ud800") == "a[U+0000][U+001B][1m[U+202E]b[U+D800]"
    assert clean(" a\r\n\t b ") == "a b"
    assert clean("x" * 500, 10) == "x" * 9 + "\N{HORIZONTAL ELLIPSIS}"
    assert clean("שלום") == "שלום"


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    channels = np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_colours_can_be_told_apart_in_every_scheme():
    """WCAG AA: 4.5 to 1 for text, 3 to 1 for marks."""
    style = (Path(html.__file__).parent / "style.css").read_text(encoding="utf-8")
    schemes = re.findall(r":root \{([^}]*--paper[^}]*)\}", style)
    assert len(schemes) == 3  # light, dark, print
    for scheme in schemes:
        light = {k: luminance(v) for k, v in re.findall(r"--([\w-]+): (#\w+);", scheme)}
        pairs = [(text, ground) for text in ("ink", "soft", "accent", "hot") for ground in
                 ("paper", "wash")]  # fmt: skip
        pairs += [("ink", "hot-wash"), ("hot", "hot-wash"), ("good", "good-wash")]
        for text, ground in pairs:
            low, high = sorted((light[text], light[ground]))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)
