"""What the tests of the quality benchmark share."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def root_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def bench(name: str) -> ModuleType:
    return importlib.import_module(f"bench.quality.{name}")


def noisy_problem(n: int = 400, k: int = 3, seed: int = 0) -> Any:
    """True labels, labels of which a fifth are wrong, and probabilities of the true ones."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, k, n)
    labels = np.where(rng.random(n) < 0.2, rng.integers(0, k, n), true)
    logits = rng.standard_normal((n, k)) + 3 * np.eye(k)[true]
    probs = np.exp(logits)
    return labels, probs / probs.sum(axis=1, keepdims=True), true
