"""The picture: effective rates of the exact search, and times of the approximate one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.plot import COLOURS, FAINT, GOAL, INK, STYLE
from bench.results import geometric_mean, short
from bench.timing import middle

from .cases import CUPEL, EUCLIDEAN, FAISS, SKLEARN
from .data import CLUSTERED
from .results import Results, Row, largest_approximate, rate, sgemm_rate, time_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINES = dict(zip((CUPEL, FAISS, SKLEARN), COLOURS, strict=False))


def draw(results: Results, path: Path) -> None:
    """Write the picture to a PNG file."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(12.5, 4.6), dpi=150, layout="constrained")
        left, right = figure.subplots(1, 2)
        _rates(left, _most_rows(results["exact"]))
        _times(right, largest_approximate(results))
        for axes in (left, right):
            for side in ("top", "right"):
                axes.spines[side].set_visible(False)
            axes.set_axisbelow(True)
        machine = results["machine"]
        figure.suptitle(
            f"Nearest neighbours of a set in itself, k = 10, {machine['threads']} threads "
            f"({machine['cpu']}, {machine['date'][:10]})",
            x=0.01,
            ha="left",
            fontsize=12.5,
            fontweight="bold",
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, facecolor="white")


def _most_rows(rows: list[Row]) -> list[Row]:
    """Clustered euclidean cells of more than 3 columns, with the most rows."""
    rows = [
        row
        for row in rows
        if row["kind"] == CLUSTERED and row["metric"] == EUCLIDEAN and row["columns"] > 3
    ]
    most = max((row["rows"] for row in rows), default=0)
    return [row for row in rows if row["rows"] == most]


def _rates(axes: Axes, rows: list[Row]) -> None:
    axes.set_title("Exact: effective rate, higher is better", loc="left", fontsize=11)
    if not rows:
        return
    for name, colour in _LINES.items():
        ran = [row for row in rows if time_of(row, name) is not None]
        if ran:
            columns = [row["columns"] for row in ran]
            axes.plot(columns, [rate(row, name) for row in ran], "o-", color=colour, label=name)
    sgemm = geometric_mean(map(sgemm_rate, rows))
    axes.axhline(sgemm, color=INK, linewidth=1, label="sgemm")
    wide = [row["columns"] for row in rows if row["columns"] >= 128]
    if wide:
        ends = [min(wide), max(wide)]
        style = (0, (4, 2))
        axes.plot(ends, [1.5 * sgemm] * 2, color=GOAL, linewidth=1.1, linestyle=style, label="goal")
    axes.set_xscale("log", base=2)
    axes.set_xticks([row["columns"] for row in rows], [str(row["columns"]) for row in rows])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"columns ({short(rows[0]['rows'])} rows, {CLUSTERED}, {EUCLIDEAN})")
    axes.set_ylabel("2 N² d / time, GFLOP/s")
    axes.grid(visible=True, axis="y", color=FAINT, linewidth=0.6)
    axes.legend(frameon=False)


def _times(axes: Axes, row: Row | None) -> None:
    axes.set_title("Approximate: time to the recall, left is better", loc="left", fontsize=11)
    if not row or not row["seconds"]:
        return
    times = sorted(((middle(s), name) for name, s in row["seconds"].items()), reverse=True)
    colours = [COLOURS[0] if name == CUPEL else "#999999" for _, name in times]
    bars = axes.barh([name for _, name in times], [t for t, _ in times], color=colours, height=0.6)
    axes.bar_label(bars, [f"{t:.3g} s" for t, _ in times], padding=4)
    axes.margins(x=0.12)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(
        f"seconds until recall@10 is {row['recall']} "
        f"({short(row['rows'])} x {row['columns']}, {row['kind']})"
    )
