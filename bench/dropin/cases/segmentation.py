"""Segmentation: images of 512 x 512 pixels in 20 classes, labels in patches, some pixels wrong."""

from __future__ import annotations

import contextlib
import functools
import io
from typing import Any

import numpy as np

from bench.dropin.case import Case

_CLASSES, _SIDE, _PATCH = 20, 512, 32
_FASTEST = {"n_jobs": 1}  # by default it starts a pool of processes for every image


@functools.lru_cache(maxsize=1)
def _images(n: int) -> tuple[Any, Any]:
    """Labels of patches with 1 in 20 pixels wrong, float32 probabilities that know better."""
    rng = np.random.default_rng(0)
    shape = (_SIDE, _SIDE)
    noise = rng.random((_CLASSES, *shape), dtype=np.float32) ** 4
    labels = np.empty((n, *shape), dtype=np.int64)
    probs = np.empty((n, _CLASSES, *shape), dtype=np.float32)
    for image in range(n):
        patches = rng.integers(0, _CLASSES, (_SIDE // _PATCH, _SIDE // _PATCH))
        true = patches.repeat(_PATCH, axis=0).repeat(_PATCH, axis=1)
        probs[image] = np.roll(noise, 97 * image, axis=2)
        certain = 3 * rng.random((1, *shape), dtype=np.float32)
        np.put_along_axis(probs[image], true[np.newaxis], certain, axis=0)
        probs[image] /= probs[image].sum(axis=0)
        wrong = rng.random(shape) < 1 / 20
        labels[image] = np.where(wrong, rng.integers(0, _CLASSES, shape), true)
    return labels, probs


@functools.lru_cache(maxsize=1)
def _issues(n: int) -> Any:
    labels, probs = _images(n)
    own = np.take_along_axis(probs, labels[:, np.newaxis], axis=1)[:, 0]
    return own < 0.01


def _labelled(n: int, **options: Any) -> Any:
    return lambda: (_images(n), {"verbose": False, **options})


def _flagged(n: int) -> Any:
    return lambda: ((_issues(n), *_images(n)), {"verbose": False})


def _without_bar(function: Any, args: Any, kwargs: Any) -> Any:
    with contextlib.redirect_stderr(io.StringIO()):
        return function(*args, **kwargs)


def _size(n: int) -> str:
    return f"{n} images, {n * _SIDE**2 / 1e6:.1f}M pixels, {_CLASSES} classes, float32"


CASES = [
    Case(
        "segmentation.filter.find_label_issues",
        _size(100),
        _labelled(100),
        fastest=_FASTEST,
        goal=20,
    ),
    Case(
        "segmentation.rank.get_label_quality_scores",
        _size(100),
        _labelled(100),
        fastest={**_FASTEST, "batch_size": 10**8},
        goal=20,
    ),
    Case(
        "segmentation.filter.find_label_issues",
        _size(20),
        _labelled(20, downsample=2),
        fastest=_FASTEST,
        goal=20,
        label="downsample=2",
    ),
    Case(
        "segmentation.rank.get_label_quality_scores",
        _size(20),
        _labelled(20, method="num_pixel_issues"),
        fastest=_FASTEST,
        goal=20,
        label="num_pixel_issues",
    ),
    Case(
        "segmentation.summary.common_label_issues",
        _size(20),
        _flagged(20),
        call=_without_bar,
        goal=20,
    ),
    Case(
        "segmentation.summary.filter_by_class",
        _size(20),
        lambda: ((3, _issues(20), *_images(20)), {}),
        goal=20,
    ),
    Case(
        "segmentation.rank.issues_from_scores",
        "1M images",
        lambda: ((np.random.default_rng(0).random(1_000_000),), {}),
    ),
    Case(
        "segmentation.rank.issues_from_scores",
        "20 images, 5.2M pixels",
        lambda: ((np.zeros(20), np.random.default_rng(0).random((20, _SIDE, _SIDE))), {}),
        label="pixels",
    ),
]
