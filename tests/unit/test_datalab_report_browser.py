"""The report in a real browser: light, dark, on paper, without a request and without a script."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import report_data
from cupel.datalab.report.html import html_report
from report_data import Page

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--host-resolver-rules=MAP * ~NOTFOUND",),  # nor does the browser call anybody
    *("--hide-scrollbars", "--disable-extensions", "--no-pdf-header-footer"),
)
DARK, LIGHT = 0, 1


@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
    if found is None:
        pytest.skip("no Chromium here to look at the report with")
    return found


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    record = report_data.hostile_audit()._record
    path.write_text(html_report(record, num_examples=10, title="Audit"), encoding="utf-8")
    return path


def look(browser: str, page: Path, profile: Path, *flags: str) -> str:
    command = [browser, *FLAGS, f"--user-data-dir={profile}", *flags, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


@pytest.mark.parametrize(
    ("scheme", "paper", "width"), [(LIGHT, (255, 255, 255), 500), (DARK, (16, 19, 23), 1280)]
)
def test_colours_follow_the_reader(browser, page, tmp_path, scheme, paper, width):
    image = pytest.importorskip("PIL.Image")
    shot = tmp_path / "shot.png"
    flags = (f"--blink-settings=preferredColorScheme={scheme}", f"--window-size={width},1200")
    look(browser, page, tmp_path / "profile", *flags, f"--screenshot={shot}")
    with image.open(shot) as picture:
        seen = picture.convert("RGB")
        assert seen.size == (width, 1200)
        assert seen.getpixel((2, 2)) == seen.getpixel((width - 3, 600)) == paper
        assert len(seen.getcolors(1 << 20)) > 50


def requests_of_page(log: Path) -> list[str]:
    """What the page asked for over a network; the browser's own errands have no origin."""
    events = [event.get("params", {}) for event in json.loads(log.read_text("utf-8"))["events"]]
    asked = [e["url"] for e in events if e.get("initiator", "not an origin") != "not an origin"]
    return [url for url in asked if not url.startswith(("file:", "data:"))]


def test_data_never_become_elements_and_nothing_is_requested(browser, page, tmp_path):
    log = tmp_path / "net.json"
    dom = look(browser, page, tmp_path / "profile", "--dump-dom", f"--log-net-log={log}")
    tags = Page(dom).tags
    assert {"script", "img", "iframe", "object", "embed", "link"}.isdisjoint(tags)
    assert sorted(set(Page(page.read_text(encoding="utf-8")).tags)) == sorted(set(tags))
    assert "<title>Audit</title>" in dom
    assert requests_of_page(log) == []


def test_a_request_would_be_seen(browser, tmp_path):
    page, log = tmp_path / "page.html", tmp_path / "net.json"
    page.write_text("<img src='http://127.0.0.1:9/x.png'>", encoding="utf-8")
    look(browser, page, tmp_path / "profile", "--dump-dom", f"--log-net-log={log}")
    assert "http://127.0.0.1:9/x.png" in requests_of_page(log)


def test_page_prints(browser, page, tmp_path):
    paper = tmp_path / "report.pdf"
    look(browser, page, tmp_path / "profile", f"--print-to-pdf={paper}")
    written = paper.read_bytes()
    assert written.startswith(b"%PDF-")
    assert 1 < written.count(b"/Type /Page\n") + written.count(b"/Type /Page ") < 60
