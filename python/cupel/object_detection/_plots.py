"""Pictures of labels and predictions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from cupel.object_detection._boxes import Side
from cupel.object_detection._names import ClassNames, items_of

__all__ = ["draw_boxes", "draw_legend", "draw_pies", "draw_sizes", "readable_image"]

GIVEN, PREDICTED = "r", "b"
_DASHES = {GIVEN: "-", PREDICTED: "-."}
_LEGEND = {GIVEN: ("red", "given label"), PREDICTED: ("blue", "predicted label")}
_FROM_CORNER = (10, 12)  # of a box's class, in pixels of the image
_FIGURE = (10, 5)


def readable_image(plt: Any, image: Any) -> Any:
    """Return what matplotlib can show: the file's pixels, or the image itself."""
    return plt.imread(image) if isinstance(image, (str, os.PathLike)) else image


def draw_boxes(plt: Any, axes: Any, side: Side, color: str) -> None:
    """Draw boxes with their classes, those of labels to the left and of predictions to the right."""
    for (x1, y1, x2, y2), k in zip(side.values[:, :4], side.classes, strict=True):
        box = plt.Rectangle(
            (x1, y1),
            x2 - x1,
            y2 - y1,
            edgecolor=color,
            facecolor="none",
            linestyle=_DASHES[color],
            linewidth=1,
        )
        axes.add_patch(box)
        dx, dy = _FROM_CORNER
        axes.annotate(
            str(k),
            (x1 + dx if color == GIVEN else x2 - dx, y1 + dy),
            color="white",
            weight="bold",
            fontsize=8,
            ha="center",
            va="center",
            bbox={"facecolor": color, "edgecolor": color, "alpha": 0.35, "pad": 2},
        )


def draw_legend(axes: Any, colors: list[str], class_names: ClassNames | None) -> None:
    """Draw, to the right of the image, what colors and numbers stand for."""

    def entry(text: str, marker: str | None = None, color: str = "black") -> Any:
        # Drawn, not just made: that also widens the axes to boxes outside the image.
        return axes.plot([], [], color=color, marker=marker, linestyle="None", label=text)[0]

    entries = [entry(r"$\bf{Legend}$")]
    entries += [entry(_LEGEND[c][1], marker="s", color=_LEGEND[c][0]) for c in colors]
    if class_names is not None:
        entries.append(entry(r"$\bf{classes}$"))
        entries += [entry(str(name), marker=f"${key}$") for key, name in items_of(class_names)]
    axes.legend(handles=entries, bbox_to_anchor=(1.04, 0.05), loc="lower left", borderaxespad=0)


def draw_pies(plt: Any, shares: Mapping[str, Mapping[Any, float]]) -> None:
    """Draw a pie of classes for each title; an empty one where there are no boxes."""
    figure, both = plt.subplots(1, 2, figsize=_FIGURE)
    figure.suptitle("Distribution of classes in the dataset")
    for axes, (title, of_class) in zip(both, shares.items(), strict=True):
        axes.set_title(title)
        if any(of_class.values()):
            axes.pie(list(of_class.values()), labels=list(of_class), autopct="%1.1f%%")
        else:
            axes.axis("off")


def draw_sizes(plt: Any, name: Any, sizes: Mapping[str, list[Any]]) -> None:
    """Draw a histogram of the boxes' areas for each title."""
    figure, both = plt.subplots(1, 2, figsize=_FIGURE)
    figure.suptitle(f"Size distributions for bounding box for class {name}")
    for axes, (title, areas) in zip(both, sizes.items(), strict=True):
        axes.hist(areas, bins="auto")
        axes.set(title=title, xlabel="box area (pixels)", ylabel="count")
