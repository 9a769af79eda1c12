"""The picture: precision against the length of the list, mean over the noisy CIFAR-10 settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bench.plot import COLOURS, FAINT, INK, STYLE
from bench.results import short

from .cases import ARGMAX, DEFAULT_SCORE, NOISY, ONE_SHOT, ONE_SHOT_AVERAGED, OURS, RANDOM
from .results import Results

_GREY = "#999999"
_TICKS = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)
_STYLES: dict[str, dict[str, Any]] = {
    OURS: {"color": COLOURS[0], "linewidth": 2.8, "zorder": 5},
    ONE_SHOT: {"color": COLOURS[2], "linewidth": 1.6, "zorder": 4},
    ONE_SHOT_AVERAGED: {"color": COLOURS[2], "linewidth": 1.6, "linestyle": (0, (4, 2))},
    DEFAULT_SCORE: {"color": COLOURS[1], "linewidth": 1.8},
    "cleanlab normalized_margin, adjusted": {"color": "#B3261E", "linewidth": 1.8},
    "cleanlab self_confidence, adjusted": {"color": COLOURS[1], "linestyle": (0, (4, 2))},
    "cleanlab normalized_margin": {"color": "#B3261E", "linestyle": (0, (4, 2))},
    "cleanlab confidence_weighted_entropy": {"color": COLOURS[3]},
    ARGMAX: {"color": INK, "linestyle": (0, (1, 1.5))},
    RANDOM: {"color": _GREY, "linestyle": (0, (1, 1.5))},
}


def draw(results: Results, path: Path) -> None:
    """Write the picture to a PNG file."""
    curves = results["curves"]
    lengths = np.array(curves["lengths"])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 5.6), dpi=150, layout="constrained")
        axes = figure.subplots()
        for name, style in _STYLES.items():
            if name in curves["precision"]:
                mean = np.mean(curves["precision"][name], axis=0)
                axes.plot(lengths, mean, label=name, **{"linewidth": 1.4, **style})
        axes.set_xscale("log")
        axes.set_xlim(lengths[0], lengths[-1])
        axes.xaxis.set_major_locator(FixedLocator(_TICKS))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: short(int(x))))
        axes.set_ylim(0.3, 1.01)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:.0f} %"))
        axes.set_xlabel("length of the list")
        axes.set_ylabel("of these, real label errors")
        axes.grid(visible=True, color=FAINT, linewidth=0.6)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.set_axisbelow(True)
        if curves["precision"]:
            figure.legend(loc="outside right center", frameon=False)
        figure.suptitle(
            f"How many of the first n suspects are real errors ({NOISY}, mean of "
            f"{len(curves['sets'])} settings)",
            x=0.01,
            ha="left",
            fontsize=12.5,
            fontweight="bold",
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, facecolor="white")
