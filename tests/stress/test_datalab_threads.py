"""Audits in many threads at once, and of inputs that another thread writes to."""

from __future__ import annotations

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from cupel import Datalab
from datalab_data import random_inputs


def audit_of(seed: int) -> Datalab:
    inputs = random_inputs(seed, n=300)
    lab = Datalab({"y": inputs.labels}, label_name="y", verbosity=0)
    lab.find_issues(pred_probs=inputs.pred_probs, features=inputs.features, n_jobs=2)
    return lab


def test_audits_in_threads_are_those_of_one_thread():
    alone = [audit_of(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(audit_of, range(8)))
    for a, b in zip(alone, together, strict=True):
        pd.testing.assert_frame_equal(a.issues, b.issues)
        pd.testing.assert_frame_equal(a.issue_summary, b.issue_summary)
        pd.testing.assert_frame_equal(a.get_worklist(), b.get_worklist())


@pytest.mark.parametrize("name", ["pred_probs", "features"])
def test_inputs_that_change_meanwhile_do_no_harm(name):
    inputs = random_inputs(0, n=2000)
    target, stop = getattr(inputs, name), threading.Event()
    originals = target.copy()

    def scribble() -> None:
        while not stop.is_set():
            target[::3] = np.nan
            target[1::3] = 1e300
            target[:] = originals

    writer = threading.Thread(target=scribble)
    writer.start()
    try:
        for _ in range(3):
            lab = Datalab({"y": inputs.labels}, label_name="y", verbosity=0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # failed checks: which ones is chance
                lab.find_issues(pred_probs=inputs.pred_probs, features=inputs.features)
            assert set(lab.errors).isdisjoint({"class_imbalance"})
            assert not any("RuntimeError" in text for text in lab.errors.values())
            assert len(lab.get_issues()) == 2000
    finally:
        stop.set()
        writer.join()
