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


def noisy(n=4000, k=5, seed=0):
    """Labels, what a model of such labels says of each row, and the true labels."""
    rng = np.random.default_rng(seed)
    j = np.arange(k)
    noise = 0.85 * np.eye(k)  # [given, true]
    noise[(j + 1) % k, j] += 0.12
    noise[(j + 2) % k, j] += 0.03
    belief = rng.dirichlet(np.full(k, 0.08), n)

    def drawn(chances):
        return (rng.random((n, 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(max=k - 1)

    true = drawn(belief)
    return drawn(noise.T[true]), belief @ noise.T, true


def faultless(n=240, k=4, seed=0):
    """Labels that are all right, and probabilities that know them."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % k
    return labels, (0.9 * np.eye(k) + 0.1 / k)[labels] + rng.uniform(0, 0.01, (n, k))


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


# Rows that belong together in `FEATURES` (euclidean, usual threshold), and how alike they are.
TWINS = {
    (3, 90): "exact",
    (11, 12, 13): "exact",
    (20, 21): "near",
    (30, 70, 71): "mixed",
    (60, 61, 62): "near",
}
FAR = [50, 51, 52]


def _planted_features():
    """Three clouds of 40 rows with 5 columns; some rows far away, some repeated."""
    rng = np.random.default_rng(7)
    rows = 10 * np.eye(5)[np.arange(120) % 3] + 5 + rng.normal(0, 0.5, (120, 5))
    rows[FAR] = [[40, -30, 0, 0, 9], [-40, 1, 30, 0, 9], [0, 0, 0, 60, -50]]
    rows[90] = rows[3]
    rows[12:14] = rows[11]
    rows[21] = rows[20] + 1e-3
    rows[71] = rows[30]
    rows[70] = rows[30] + 1e-3
    rows[61], rows[62] = rows[60] + 1e-3, rows[60] + 1.5e-3
    return rows


FEATURES = _planted_features()
