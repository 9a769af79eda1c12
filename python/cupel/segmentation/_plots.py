"""Figures of segmented images. matplotlib is passed in: it is optional."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["class_colors", "show_image", "show_legend"]

_INCHES = 5
_HUES = 12


def class_colors(
    labels: NDArray[Any] | None, pred_probs: NDArray[Any] | None, class_names: Sequence[Any] | None
) -> NDArray[np.float64]:
    """Red, green and blue of each class that occurs in any of the three."""
    number = max(
        0 if labels is None or not labels.size else int(labels.max()) + 1,
        0 if pred_probs is None else pred_probs.shape[1],
        0 if class_names is None else len(class_names),
    )
    k = np.arange(number)
    hue = (5 * k % _HUES + k // _HUES / 2) / _HUES % 1  # neighbours five twelfths apart
    value = np.array([1.0, 0.55, 0.8])[k // _HUES % 3]
    around = np.abs((hue[:, np.newaxis] * 6 + [0, 4, 2]) % 6 - 3) - 1
    return np.asarray(np.clip(around, 0.1, 1) * value[:, np.newaxis])


def show_legend(
    plt: Any, colors: NDArray[np.float64], class_names: Sequence[Any], options: Mapping[str, Any]
) -> None:
    """Show a figure with the names and colours of classes."""
    patches = [
        plt.Rectangle((0, 0), 1, 1, color=color, label=str(name))
        for color, name in zip(colors, class_names, strict=False)
    ]
    figure, axes = plt.subplots()
    axes.axis("off")
    figure.legend(handles=patches, loc="center", ncol=1 + len(patches) // 16)
    plt.show(**options)


def show_image(
    plt: Any,
    number: int,
    panels: list[tuple[str, NDArray[np.float64]]],
    flags: NDArray[np.bool_],
    options: Mapping[str, Any],
) -> None:
    """Show a figure with these panels and a last one with the flagged pixels in red on black."""
    red = flags[..., np.newaxis] * np.array([1.0, 0.0, 0.0])
    pictures = [*panels, (f"Image {number}: likely errors in red", red)]
    columns = len(pictures)
    _, axes = plt.subplots(1, columns, figsize=(_INCHES * columns, _INCHES), squeeze=False)
    for axis, (title, picture) in zip(axes[0], pictures, strict=True):
        axis.imshow(picture)
        axis.set_title(title)
    plt.show(**options)
