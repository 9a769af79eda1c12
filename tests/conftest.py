"""Hypothesis profiles: ``HYPOTHESIS_PROFILE=nightly pytest`` picks one.

The usual ones draw the same examples every time, so that a change is judged by what it changed;
the nightly one draws new ones, to find what no one has thought of.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("dev", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("ci", max_examples=300, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=5000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
