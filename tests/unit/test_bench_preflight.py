"""The benchmark of preflight: its faults are found in easy data, its report counts right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from preflight_data import honest
from quality_bench import root_on_path  # noqa: F401 - a fixture

pytest.importorskip("sklearn")
pytest.importorskip("psutil")


def part(name: str) -> Any:
    from importlib import import_module

    return import_module(f"bench.preflight.{name}")


def inputs(**changed: Any) -> Any:
    labels, probs, features = honest(n=1500, k=4)
    values = {"labels": labels, "probs": probs, "features": features} | changed
    return part("cases").Inputs("made", "k-NN", 0.2, "as is, draw 0", **values)


def test_every_fault_is_found_in_easy_data_and_none_without() -> None:
    suite = part("suite")
    rows = suite._faults([inputs()])
    assert [r["fault"] for r in rows if not (r["is_judged"] and r["is_found"])] == []
    assert len(rows) == len(part("faults").FAULTS)
    clean = suite._clean([inputs()])
    assert [r["warnings"] for r in clean] == [[]] * 4


def test_a_shift_with_another_lag_is_not_found() -> None:
    faults, suite = part("faults"), part("suite")
    fault = next(f for f in faults.FAULTS if f.name == "rows shifted by 1")
    passed = fault.inject(inputs(), np.random.default_rng(0))
    found = suite.preflight(**passed)
    assert suite._is_found(fault, found)
    passed["pred_probs"] = np.roll(passed["pred_probs"], 1, axis=0)
    assert not suite._is_found(fault, suite.preflight(**passed))


def test_report_counts() -> None:
    suite, report = part("suite"), part("report")
    results = {
        "seconds": 1.0,
        "machine": {"scikit-learn": "1"},
        "absent": ["MNIST test"],
        "clean": suite._clean([inputs()]),
        "faults": suite._faults([inputs()]),
        "in-sample": [],
        "cost": [{"rows": 10, "classes": 2, "preflight": 0.001, "label": 0.01}],
    }
    results["clean"][0]["warnings"] = ["in_sample"]
    text = report.full_report(results)
    assert "| false alarms on honest inputs | 1 of 4 | 25.0 % | <= 5 % |" in text
    assert "in_sample 1" in text
    assert "Absent: MNIST test." in text
    assert "| 10 x 2 | 1.0 ms | 10.0 ms | 10 % |" in text
