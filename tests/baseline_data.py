"""Tables, texts and images with labels, some of them changed on purpose."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

WORDS = {
    "sport": "match goal team player season coach league score ball referee stadium",
    "cooking": "oven butter flour recipe sugar bake salt onion garlic pan dinner",
    "finance": "bank market stock profit loan interest share budget tax price",
    "": "the a of to and in was for with on that it by this from as very more new",
}
TOPICS = {topic: words.split() for topic, words in WORDS.items()}
COMMON = TOPICS.pop("")


def changed(labels, n_classes, share=0.05, seed=0):
    """Labels with a share of them changed to another class, and the rows that were."""
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(len(labels), round(share * len(labels)), replace=False))
    labels = np.array(labels)
    labels[rows] = (labels[rows] + rng.integers(1, n_classes, len(rows))) % n_classes
    return labels, rows


def texts(n=240, seed=0):
    """Texts of words, most of the given topic, and its number."""
    rng = np.random.default_rng(seed)
    topics = list(TOPICS.values())
    labels = rng.integers(0, len(topics), n)
    made = []
    for k in labels:
        words = rng.choice(COMMON, 12).tolist() + rng.choice(topics[k], 6).tolist()
        made.append(" ".join(rng.permutation(words)).capitalize() + ".")
    return made, labels


def mixed(n=400, seed=0):
    """Columns of every kind as text, empty where missing, and three classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    width = rng.normal(labels, 0.6)
    days = np.datetime64("2020-02-01") + rng.integers(0, 300, n) + 60 * labels
    colour = np.where(rng.random(n) < 0.7, labels, rng.integers(0, 3, n))
    columns = {
        "id": [str(1000 + i) for i in range(n)],
        "width": ["" if rng.random() < 0.1 else f"{w:.3f}" for w in width],
        "colour": [("red", "green", "blue")[c] for c in colour],
        "bought": [str(day) for day in days],
        "member": [str(bool(b)) for b in rng.random(n) < 0.5],
        "serial": [f"X{v:05d}" for v in rng.permutation(n)],
        "unit": ["cm"] * n,
    }
    return columns, labels


def shapes(folder: Path, n=90, seed=0, side=24):
    """Write a folder of images per class: horizontal bars, vertical bars, discs; some misfiled.

    Returns the relative names that are in the wrong folder.
    """
    from PIL import Image

    rng = np.random.default_rng(seed)
    kinds = ("bars", "discs", "stripes")
    labels, wrong = changed(np.arange(n) % 3, 3, seed=seed)
    down, right = np.mgrid[:side, :side]
    for i in range(n):
        width, phase = rng.integers(4, 7), rng.integers(0, 6)
        inside = (
            (down + phase) // width % 2 == 0,
            (down - side / 2) ** 2 + (right - side / 2) ** 2 < (side / (2 + phase / 6)) ** 2 / 2,
            (right + phase) // width % 2 == 0,
        )[i % 3]
        grey = np.where(inside, 200, 40) + rng.normal(0, 12, (side, side))
        target = folder / kinds[labels[i]] / f"{i:03d}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        Image.fromarray(pixels).save(target)
    return {f"{kinds[labels[i]]}/{i:03d}.png" for i in wrong}


def write_columns(path: Path, columns, **options) -> str:
    """Write a .csv file."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, **options)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return str(path)
