"""A model for people who have none: out-of-sample predictions from a table, texts or images.

Needs scikit-learn (``pip install "cupel[audit]"``), imported when a function is called.
"""

from __future__ import annotations

from cupel.baseline._fit import fit_baseline
from cupel.baseline._result import Baseline

__all__ = ["Baseline", "fit_baseline"]
