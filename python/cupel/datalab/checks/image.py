"""Images that are dark, blurry, oddly shaped and so on, as cleanvision finds them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import shown
from cupel._extras import require
from cupel.datalab._finding import TASKS, Check, Finding

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._dataset import Dataset
    from cupel.datalab._record import AuditRecord

__all__ = ["CHECK", "IMAGE_ISSUES"]

IMAGE_ISSUES = (
    "dark",
    "light",
    "low_information",
    "odd_aspect_ratio",
    "odd_size",
    "grayscale",
    "blurry",
)
_DEFAULTS: dict[str, dict[str, Any]] = {"low_information": {"threshold": 0.15}}  # as cleanlab's
_MOST = 0.1  # share of images with an issue above which it is how these images are
_KEY = "image"
_PURPOSE = "the check of images"
_WORDS = {
    "dark": "The image is dark",
    "light": "The image is too bright",
    "low_information": "The image has little content",
    "odd_aspect_ratio": "The image has an unusual shape",
    "odd_size": "The image has an unusual size",
    "grayscale": "The image has no colours, unlike the others",
    "blurry": "The image is blurry",
}


class _Images:
    """Images, in the part of a Hugging Face data set's interface that cleanvision uses.

    So that pixels are read one image at a time, and the package ``datasets`` is not needed.
    """

    def __init__(self, dataset: Dataset, rows: NDArray[np.int64]) -> None:
        self._dataset, self._rows = dataset, rows
        self.features = {_KEY: object()}
        self.without: set[int] = set()  # rows met that have no image, or none that can be read

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, i: int) -> dict[str, Any]:
        row = int(self._rows[i])
        image = self._dataset.image(row)
        if image is None:
            self.without.add(row)
            image = require("PIL.Image", _PURPOSE).new("RGB", (1, 1))
        return {_KEY: image}


def find(context: Context, **issue_types: Mapping[str, Any] | None) -> list[Finding]:
    """Find issues of single images.

    Parameters
    ----------
    context : Context
        A data set with images; rows without one have no issue.
    **issue_types : mapping
        Parameters of cleanvision's issue types, of which only those named are looked for; all seven
        if none is.
    """
    for name in issue_types:
        if name not in IMAGE_ISSUES:
            msg = f"{shown(name)} is no issue of images; there are {', '.join(IMAGE_ISSUES)}"
            raise ValueError(msg)
    asked = issue_types or dict.fromkeys(IMAGE_ISSUES)
    rows = np.arange(context.n_rows)
    imagelab, without = _judge(context.dataset, rows, asked)
    if without:  # sizes are judged beside those of the others: once more, without the stand-ins
        rows = np.setdiff1d(rows, list(without))
        if not rows.size:
            msg = f"column {context.dataset.image_key!r} holds no image that can be read"
            raise ValueError(msg)
        imagelab, _ = _judge(context.dataset, rows, asked)
    return [_finding(imagelab, name, rows, context.n_rows) for name in asked]


def _judge(
    dataset: Dataset, rows: NDArray[np.int64], asked: Mapping[str, Mapping[str, Any] | None]
) -> tuple[Any, set[int]]:
    """Have images judged; return the judge, and the rows that have none."""
    images = _Images(dataset, rows)
    types = {name: {**_DEFAULTS.get(name, {}), **(asked[name] or {})} for name in asked}
    imagelab = require("cleanvision", _PURPOSE).Imagelab(
        hf_dataset=images, image_key=_KEY, verbose=False
    )
    # In one process: others would be sent the whole data set with every image. It draws a bar even
    # where it is not verbose.
    with contextlib.redirect_stderr(io.StringIO()):
        imagelab.find_issues(types, n_jobs=1, verbose=False)
    return imagelab, images.without


def _finding(imagelab: Any, name: str, rows: NDArray[np.int64], n_rows: int) -> Finding:
    mask, scores = np.zeros(n_rows, dtype=np.bool_), np.ones(n_rows)
    mask[rows] = imagelab.issues[f"is_{name}_issue"].to_numpy(dtype=np.bool_)
    scores[rows] = imagelab.issues[f"{name}_score"].to_numpy(dtype=np.float64)
    info = {key: np.asarray(values) for key, values in imagelab.info.get(name, {}).items()}
    prevalence = float(np.count_nonzero(mask) / len(rows))
    return Finding(
        name,
        mask,
        scores,
        float(scores.mean()),
        info=info | {"prevalence": prevalence, "exceeds_max_prevalence": prevalence > _MOST},
    )


def explain(_record: AuditRecord, finding: Finding, row: int) -> str:
    """Say what is wrong with the image."""
    words = _WORDS[finding.name]
    return f"{words} (score {finding.scores[row]:.2g})."


CHECK = Check(
    name="image_issue_types",
    description=(
        "The image is dark, too bright, blurry, without content or colours, or of an unusual size "
        "or shape: it may be broken or taken by mistake."
    ),
    needs={task: (frozenset({"images"}),) for task in TASKS},
    find=find,
    explain=explain,
    parameters=IMAGE_ISSUES,
)
