"""Markup, controls and a megabyte in every text of an audit: nothing of it acts."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest

import report_data
from cupel.datalab._dataset import Dataset, Labels
from cupel.datalab._record import AuditRecord
from cupel.datalab.report._thumbnails import Thumbnails
from cupel.datalab.report.html import html_report
from cupel.datalab.report.notebook import notebook_summary
from cupel.datalab.report.text import text_report
from report_data import EVIL, Page

UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


@pytest.fixture(scope="module")
def record():
    return report_data.hostile_audit()._record


@pytest.fixture(scope="module")
def page(record):
    return html_report(record, num_examples=50, title=" ".join(EVIL))


def test_page_holds_no_element_or_attribute_of_the_data(record, page):
    for text in (page, notebook_summary(record)):
        parsed = Page(text)
        assert parsed.errors == []
        assert {"script", "img", "iframe", "i", "b"} & set(parsed.tags) <= {"i", "b"}
        assert not [name for _, name, _ in parsed.attributes if name.startswith("on")]
        assert set(parsed.values("href")) == {h for h in parsed.values("href") if h[:1] == "#"}
        assert parsed.tags.count("style") == 1
    clean = html_report(report_data.text_audit()._record, num_examples=3, title=None)
    assert set(Page(page).tags) <= set(Page(clean).tags) | {"code", "details", "summary"}


def test_page_shows_what_was_there(page):
    seen = "".join(Page(page).text)
    assert "<script>document.title='owned'</script>" in seen
    assert "{{ 7*7 }}{% raw %}${7*7}" in seen
    assert "[U+202E]" in seen


def test_nothing_unseen_is_left(record, page):
    options = {"num_examples": 120, "include_description": True, "show_summary_score": True}
    text = text_report(record, verbosity=3, show_all_issues=True, **options)
    for written in (page, notebook_summary(record), text):
        assert UNFIT.search(written) is None
        written.encode("utf-8")


def test_a_megabyte_is_cut_off(page):
    assert "<b>" * 400_000 not in "".join(Page(page).text)
    assert len(page) < 1_000_000


def picture(kind, mode, size, **options):
    from PIL import Image

    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (*size[::-1], 4), dtype=np.uint8), "RGBA")
    out = io.BytesIO()
    image.convert(mode).save(out, kind, **options)
    return out.getvalue()


def thumbnails_of(images):
    column = np.empty(len(images), dtype=object)
    column[:] = images
    return Thumbnails(
        Dataset.load({"image": column, "x": np.arange(len(images))}, image_key="image")
    )


def test_images_of_every_mode_become_small_ones():
    from PIL import Image

    images = [
        picture("PNG", "RGBA", (200, 100)),
        picture("PNG", "1", (30, 30)),
        picture("PNG", "LA", (5, 300)),
        picture("GIF", "P", (64, 64)),
        picture("JPEG", "CMYK", (300, 300)),
        picture("TIFF", "RGB", (200, 200)),
        Image.fromarray(np.arange(10_000, dtype=np.int32).reshape(100, 100)),
        Image.fromarray(np.linspace(0, 1, 10_000, dtype=np.float32).reshape(100, 100)),
        Image.fromarray((np.arange(10_000) * 6).astype(np.uint16).reshape(100, 100)),
    ]
    thumbnails = thumbnails_of(images)
    for row in range(len(images)):
        address = thumbnails.of(row)
        assert re.fullmatch(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=]+", address), row
        assert len(address) < 20_000
    assert thumbnails.left_out == 0


def test_images_that_are_none_are_left_out():
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    broken = picture("PNG", "RGB", (90, 90))[:400]
    thumbnails = thumbnails_of([svg, broken, b"", None, picture("JPEG", "RGB", (90, 90))[:300]])
    assert [thumbnails.of(row) for row in range(4)] == [""] * 4


def test_images_of_the_caller_stay_as_they_are():
    from PIL import Image

    image = Image.open(io.BytesIO(picture("JPEG", "RGB", (400, 300))))
    assert thumbnails_of([image]).of(0)
    assert image.size == (400, 300)
    assert image.mode == "RGB"


def test_images_stop_where_the_page_would_be_too_large():
    noise = picture("PNG", "RGB", (96, 96))
    thumbnails = thumbnails_of([noise] * 900)
    addresses = [thumbnails.of(row) for row in range(900)]
    assert sum(map(len, addresses)) <= 1_300_000
    assert thumbnails.left_out == addresses.count("") > 0


def test_labels_of_any_kind_have_a_name():
    data = {"x": np.arange(4.0), "y": np.array(["", " ", "<", "\u202e"], dtype=object)}
    dataset = Dataset.load(data, label_name="y")
    record = AuditRecord("classification", dataset, Labels.load(dataset, "classification"))
    seen = "".join(Page(html_report(record, num_examples=1, title=None)).text)
    assert seen.count("(empty)") == 2
