"""Issues of images, and what they tell of the labels, beside cleanlab's Datalab."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from checks_data import context_of, explained, found_by
from cupel.datalab.checks.image import IMAGE_ISSUES
from cupel.datalab.checks.spurious_correlations import CHECK as SPURIOUS

datasets = pytest.importorskip("datasets", reason="cleanlab's Datalab needs datasets")
pytest.importorskip("cleanvision")
images_of = pytest.importorskip("PIL.Image")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield


def pictures() -> tuple[list[Any], list[int]]:
    """Pictures of noise, one with each issue; those of class 1 are darker, most of them dark."""
    rng = np.random.default_rng(0)

    def noise(width: int = 24, height: int = 24, low: int = 0, high: int = 255) -> Any:
        return images_of.fromarray(rng.integers(low, high, (height, width, 3), dtype=np.uint8))

    labels = [0, 1, 1] * 11
    found = [noise(high=14 if label else 255) for label in labels]
    found[0] = noise(low=250)
    found[3] = images_of.new("RGB", (24, 24), (120, 120, 120))
    found[6] = noise(240, 6)
    found[9] = noise(300, 300)
    found[12] = noise().convert("L")
    return found, labels


@pytest.fixture(scope="module")
def theirs() -> Any:
    found, labels = pictures()
    features = datasets.Features({"image": datasets.Image(), "y": datasets.Value("int64")})
    with quiet():
        from cleanlab import Datalab

        data = datasets.Dataset.from_dict({"image": found, "y": labels}, features=features)
        lab = Datalab(data, label_name="y", image_key="image", verbosity=0)
        lab.find_issues()
    return lab


@pytest.fixture(scope="module")
def ours() -> Any:
    found, labels = pictures()
    context = context_of(labels, data={"image": found})
    with quiet():
        context.findings = {finding.name: finding for finding in found_by("image", context)}
    return context


def test_image_issues(ours, theirs):
    assert tuple(ours.findings) == IMAGE_ISSUES
    summary = theirs.get_issue_summary().set_index("issue_type")["num_issues"]
    for name, finding in ours.findings.items():
        np.testing.assert_array_equal(finding.is_issue, theirs.issues[f"is_{name}_issue"])
        np.testing.assert_allclose(finding.scores, theirs.issues[f"{name}_score"], atol=1e-6)
        assert finding.info["exceeds_max_prevalence"] == (name not in summary)
        for key, values in theirs.info[name].items():
            assert finding.info[key].tolist() == values.tolist()
    assert ours.findings["dark"].info["exceeds_max_prevalence"]
    words = explained("image", ours, ours.findings["odd_size"], 9)
    assert words.startswith("The image has an unusual size (score 0")


def test_spurious_correlations(ours, theirs):
    finding = found_by("spurious_correlations", ours)
    expected = theirs.info["spurious_correlations"]
    a, b = (
        table.set_index("property")["score"].sort_index()
        for table in (finding.info["correlations_df"], expected["correlations_df"])
    )
    assert a.index.tolist() == b.index.tolist()
    np.testing.assert_allclose(a, b, atol=1e-6)
    assert finding.info["threshold"] == expected["threshold"]
    assert "dark" in finding.info["correlated"]
    assert finding.summary_score == a.min()
    assert finding.num_issues == 0
    assert "dark" in explained("spurious_correlations", ours, finding, 0)


def test_spurious_correlations_against_the_majority(ours):
    by_index, by_share = (
        found_by("spurious_correlations", ours, baseline=way).info["correlations_df"]["score"]
        for way in ("index", "majority")
    )
    # Class 1 is the commonest: its number, 1, of 33 examples, or its share, 22 of 33.
    lower = by_share < 1
    np.testing.assert_allclose(by_share[lower] * (11 / 33), by_index[lower] * (32 / 33))
    none = found_by("spurious_correlations", ours, threshold=0.0)
    assert none.info["correlated"] == []
    assert explained("spurious_correlations", ours, none, 0).startswith("No property")
    with pytest.raises(ValueError, match="baseline must be one of 'index', 'majority'"):
        found_by("spurious_correlations", ours, baseline="none")


def test_some_issues_with_parameters_and_rows_without_an_image():
    found, labels = pictures()
    found[1] = None
    context = context_of(labels, data={"image": found})
    with quiet():
        dark, size = found_by("image", context, dark={"threshold": 0.0}, odd_size=None)
    assert (dark.name, size.name) == ("dark", "odd_size")
    assert (dark.num_issues, dark.scores[1]) == (0, 1.0)
    assert np.flatnonzero(size.is_issue).tolist() == [6, 9]
    with quiet():
        spurious = found_by("spurious_correlations", context)
    assert len(spurious.info["correlations_df"]) == len(IMAGE_ISSUES)


def test_errors():
    found, labels = pictures()
    context = context_of(labels, data={"image": found})
    with pytest.raises(ValueError, match="'darkness' is no issue of images; there are dark, light"):
        found_by("image", context, darkness={})
    unreadable = context_of([0, 1], data={"image": [b"no image", b"none either"]})
    with pytest.raises(ValueError, match="column 'image' holds no image that can be read"):
        found_by("image", unreadable)
    assert SPURIOUS.can_run("classification", frozenset({"images", "labels"}))
    assert not SPURIOUS.can_run("regression", frozenset({"images", "labels"}))
