"""The report as text beside cleanlab's: same header, summary, sections, figures and tables."""

from __future__ import annotations

import contextlib
import io
import re
import warnings

import cleanlab
import pytest

from cupel.datalab import Datalab
from datalab_data import random_inputs

TYPES = ("label", "outlier", "near_duplicate", "non_iid", "null", "class_imbalance")
COMMON = re.compile(
    r"Dataset Information: .*|-+ \w+ issues -+|Number of examples with this issue: \d+"
    r"|Overall dataset quality in terms of this issue: [\d.]+"
    r"|Examples representing most severe instances of this issue:"
    r"| *issue_type .*| *\w+ +([\d.]+ +)?\d+| +is_\w+_issue .*"
    r"|p-value: [\d.]+|Rarest Class: \w+|threshold: [\d.]+|average_ood_score: [\d.]+"
)


def printed(make, inputs, **options):
    """Lines that people and programs look for; numbers to six digits, white space as one."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lab = make({"y": inputs.labels}, label_name="y", verbosity=0)
        issue_types = {name: {} for name in TYPES}
        lab.find_issues(
            pred_probs=inputs.pred_probs, features=inputs.features, issue_types=issue_types
        )
        lab.report(**options)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    return [
        re.sub(r"\d+\.\d{6,}", lambda m: f"{float(m[0]):.6f}", " ".join(line.split()))
        for line in lines
        if COMMON.fullmatch(line)
    ]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_examples": 3, "show_summary_score": True, "show_all_issues": True},
        {"verbosity": 0, "include_description": False},
        {"verbosity": 2, "show_all_issues": True},
    ],
)
def test_same_lines(options):
    inputs = random_inputs(7, n=300)
    theirs = printed(cleanlab.Datalab, inputs, **options)
    assert printed(Datalab, inputs, **options) == theirs
    assert len(theirs) > 15
