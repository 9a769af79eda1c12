"""Data and file writers for the tests of the command line."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

NAMES = ["cat", "dog", "räka", "鳥"]


def planted(n=240, k=4, seed=0):
    """Labels, a tenth of them wrong, and probabilities that know better; no two scores tie."""
    rng = np.random.default_rng(seed)
    true = np.arange(n) % k
    probs = rng.dirichlet(np.full(k, 0.4), n)
    probs[np.arange(n), true] += 3 * rng.random(n) + 0.5
    probs /= probs.sum(axis=1, keepdims=True)
    labels = true.copy()
    wrong = rng.choice(n, n // 10, replace=False)
    labels[wrong] = (labels[wrong] + rng.integers(1, k, len(wrong))) % k
    return labels, probs


def write_csv(path: Path, rows, header=None, **options) -> str:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, **options)
        if header is not None:
            writer.writerow(header)
        writer.writerows(rows)
    return str(path)


def write_npy(path: Path, array) -> str:
    np.save(path, array)
    return str(path)
