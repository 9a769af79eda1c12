"""Data files: noisy CIFAR-10 with its true labels, and test sets with human votes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .cases import CHOSEN, LOOKED, NEW, NOISY, REVIEWED, LabelledSet

_PREFIX, _SUFFIX = "cifar10_train_", ".npz"
USED = {
    "noise2_sparsity0": CHOSEN,
    "noise4_sparsity2": CHOSEN,
    "noise6_sparsity4": CHOSEN,
    "noise2_sparsity4": LOOKED,
    "noise4_sparsity6": LOOKED,
    "noise6_sparsity0": LOOKED,
}
TEST_SETS = {"mnist_test_set": "MNIST test set", "cifar10_test_set": "CIFAR-10 test set"}
VOTES_THAT_COUNT = 3


def noisy_files(folder: Path) -> dict[str, Path]:
    """Return every noisy setting of a folder, by name."""
    paths = sorted(folder.glob(f"{_PREFIX}noise*_sparsity*{_SUFFIX}"))
    return {path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX): path for path in paths}


def absent(folder: Path) -> list[str]:
    """Return what the report would have, were its file there."""
    here = noisy_files(folder)
    missing = [f"{NOISY} {name}" for name in sorted(USED) if name not in here]
    return missing + [
        title for name, title in TEST_SETS.items() if not (folder / f"{name}{_SUFFIX}").is_file()
    ]


def file_sets(folder: Path) -> Iterator[LabelledSet]:
    """Load all that are there."""
    for name, path in noisy_files(folder).items():
        yield noisy_set(name, path)
    for name, title in TEST_SETS.items():
        path = folder / f"{name}{_SUFFIX}"
        if path.is_file():
            yield reviewed_set(title, path)


def noisy_set(name: str, path: Path) -> LabelledSet:
    """Load a setting with true labels; one that no one has seen counts as new."""
    file = _load(path)
    labels, true = (file[key].astype(np.int64) for key in ("given_labels", "true_labels"))
    used = USED.get(name, NEW)
    return LabelledSet(
        name=name,
        section=NOISY,
        used=used,
        labels=labels,
        probs=file["pred_probs"].astype(np.float64),
        errors=labels != true,
        true=true,
        traits={"use": used},
    )


def reviewed_set(title: str, path: Path) -> LabelledSet:
    """Load a test set: errors are the suspects that three of five votes are against."""
    file = _load(path)
    labels = file["given_labels"].astype(np.int64)
    votes = file["reviewed_votes_given_guessed_neither_both"]
    reviewed, errors = np.zeros((2, len(labels)), dtype=np.bool_)
    reviewed[file["reviewed_ids"]] = True
    errors[file["reviewed_ids"]] = votes.sum(axis=1) - votes[:, 0] >= VOTES_THAT_COUNT
    return LabelledSet(
        name=title,
        section=REVIEWED,
        used=LOOKED,
        labels=labels,
        probs=file["pred_probs"].astype(np.float64),
        errors=errors,
        reviewed=reviewed,
    )


def _load(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}
