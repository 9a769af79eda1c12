"""The picture: every cell as a dot, against cleanlab and against a bare pass over memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log10
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from .cases import DTYPES, FILTER_TASKS, KINDS, TASKS
from .results import Results, Row, geometric_mean, passes, short, speedup

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
INK, FAINT, GOAL = "#222222", "#dddddd", "#B3261E"
MARKERS = dict(zip(KINDS, ("o", "D"), strict=True))
STYLE: Any = {
    "font.size": 10,
    "axes.edgecolor": "#999999",
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
}


def draw(results: Results, path: Path) -> None:
    """Write the picture to a PNG file."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(12.5, 7.2), dpi=150, layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        rows = results["cells"]
        shapes = list(dict.fromkeys((row["rows"], row["classes"]) for row in rows))
        colours = dict(zip(shapes, COLOURS, strict=False))
        _panel(left, rows, speedup, colours, ascending=True)
        _panel(right, rows, passes, colours, ascending=False)

        n_filters = len(FILTER_TASKS)
        _goal_line(left, 15, (0, n_filters), "goal: worst 15x", "right")
        _goal_line(left, 40, (0, n_filters), "goal: mean 40x", "left")
        _goal_line(left, 20, (n_filters, len(TASKS)), "goal: mean 20x", "left")
        _goal_line(right, 4, (0, n_filters), "goal: 4, K ≥ 100", "right")
        _goal_line(right, 10, (0, n_filters), "goal: 10, K = 10", "left")
        left.axvline(1, color=INK, linewidth=1)
        right.axvline(1, color=INK, linewidth=1)
        left.set_title("Times faster than cleanlab (right is better)", loc="left", fontsize=11)
        right.set_title(
            "Time over one bare pass, pred_probs.sum() (left is better)", loc="left", fontsize=11
        )
        _name_tasks(left)
        figure.legend(handles=_legend(colours), loc="outside lower center", ncols=8, frameon=False)
        machine = results["machine"]
        figure.suptitle(
            f"cupel {machine['cupel']} and cleanlab {machine['cleanlab']}, side by side in one run"
            f" ({machine['cpu']}, {machine['cpus']} CPUs, {machine['date'][:10]})",
            x=0.01,
            ha="left",
            fontsize=12.5,
            fontweight="bold",
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, facecolor="white")


def _panel(
    axes: Axes,
    rows: Sequence[Row],
    figure: Callable[[Row], float],
    colours: dict[tuple[int, int], str],
    *,
    ascending: bool,
) -> None:
    of_shape = {shape: i for i, shape in enumerate(colours)}
    for y, task in enumerate(TASKS):
        cells = [row for row in rows if row["task"] == task.name]
        if not cells:
            continue
        for row in cells:
            shape = (row["rows"], row["classes"])
            filled = row["dtype"] == DTYPES[0]
            offset = 0.2 * (of_shape[shape] - (len(of_shape) - 1) / 2)
            axes.plot(
                figure(row),
                y + offset,
                marker=MARKERS[row["kind"]],
                markersize=5.5,
                color=colours[shape],
                markerfacecolor=colours[shape] if filled else "white",
                markeredgewidth=1.2,
                zorder=3,
            )
        mean = geometric_mean(map(figure, cells))
        axes.plot([mean, mean], [y - 0.38, y + 0.38], color=INK, linewidth=1.6, zorder=2)
    values = [figure(row) for row in rows]
    axes.set_xscale("log")
    low, high = min(0.8, min(values) / 1.3), max(values) * 1.5
    axes.set_xlim(low, high)
    axes.set_ylim(len(TASKS) - 0.4, -0.9)
    axes.xaxis.set_major_locator(FixedLocator(_ticks(low, high)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}{'x' * ascending}"))
    axes.grid(visible=True, axis="x", color=FAINT, linewidth=0.6)
    axes.axhline(len(FILTER_TASKS) - 0.5, color="#999999", linewidth=0.8)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_axisbelow(True)


def _ticks(low: float, high: float) -> list[float]:
    """Round values for an axis, so many that they do not touch each other."""
    decades = log10(high / low)
    steps = (1, 2, 5) if decades < 2.2 else (1, 3) if decades < 3.5 else (1,)
    return [step * 10.0**e for e in range(-3, 6) for step in steps]


def _goal_line(axes: Axes, x: float, rows: tuple[int, int], text: str, side: str) -> None:
    top, bottom = (row - 0.5 for row in rows)
    axes.plot([x, x], [top, bottom], color=GOAL, linewidth=1.1, linestyle=(0, (4, 2)), zorder=1)
    axes.annotate(
        text,
        (x, top),
        xytext=(3 if side == "left" else -3, 2 if rows[0] == 0 else -2),
        textcoords="offset points",
        color=GOAL,
        fontsize=8,
        ha=side,
        va="bottom" if rows[0] == 0 else "top",
    )


def _name_tasks(axes: Axes) -> None:
    axes.set_yticks(range(len(TASKS)), [task.name.replace("_", " ") for task in TASKS])
    n_filters = len(FILTER_TASKS)
    for text, first, last in (
        ("find_label_issues, filter_by", 0, n_filters),
        ("counts and scores", n_filters, len(TASKS)),
    ):
        axes.text(
            -0.47,
            (first + last - 1) / 2,
            text,
            transform=axes.get_yaxis_transform(),
            rotation=90,
            ha="center",
            va="center",
            fontweight="bold",
        )


def _legend(colours: dict[tuple[int, int], str]) -> list[Line2D]:
    def entry(label: str, **style: Any) -> Line2D:
        options: dict[str, Any] = {"color": INK, "linestyle": "none", "marker": "o", **style}
        return Line2D([], [], label=label, **options)

    return [
        *(entry(f"{short(n)} x {k}", color=c) for (n, k), c in colours.items()),
        *(entry(f"{kind} input", marker=marker) for kind, marker in MARKERS.items()),
        entry(DTYPES[0]),
        entry(DTYPES[1], markerfacecolor="white"),
        entry("geometric mean", marker="|", markersize=12, markeredgewidth=1.6),
    ]
