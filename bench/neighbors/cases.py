"""What is measured, and how large a run is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .data import CLUSTERED, STRUCTURELESS

CUPEL = "cupel"
CLEANLAB = "cleanlab"
FAISS = "FAISS flat"
SKLEARN = "scikit-learn brute"
SKLEARN_JOBS = "scikit-learn brute, n_jobs"
KD_TREE = "scikit-learn KD-tree"
SGEMM = "sgemm"

FAISS_IVF = "FAISS IVF"
FAISS_HNSW = "FAISS HNSW"
HNSWLIB = "hnswlib"
PYNNDESCENT = "pynndescent"

EUCLIDEAN, COSINE = "euclidean", "cosine"
K = 10
RECALL = 0.95
PARTS = ("exact", "near_duplicates", "outliers", "memory", "approximate")


class Cell(NamedTuple):
    """One input and what distances are taken."""

    kind: str
    metric: str
    rows: int
    columns: int

    def __str__(self) -> str:
        return f"{self.kind} {self.rows} x {self.columns} {self.metric}"


@dataclass(frozen=True)
class Block:
    """Cells of every number of rows and columns, and who runs in them (nobody named: all)."""

    kind: str
    metric: str
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    only: tuple[str, ...] = ()

    def cells(self) -> Iterator[Cell]:
        """Yield small ones first: from their times those of the larger ones are guessed."""
        for n in self.rows:
            for d in self.columns:
                yield Cell(self.kind, self.metric, n, d)


@dataclass(frozen=True)
class Plan:
    """How large a run is.

    A capped contestant that would take over `cap` seconds for one run of a cell is left out of it.
    Everybody runs up to `runs` times, as often as fits in `patience` seconds, and at least once.
    In an approximate cell a peer is also left out that has no chance to be the fastest: it would,
    by its time with fewer rows, take `no_chance` times what the fastest would, and over
    `patience_approximate` seconds.
    """

    name: str
    exact: tuple[Block, ...]
    outliers: tuple[Cell, ...]
    memory: tuple[Cell, ...]
    approximate: tuple[Cell, ...]
    near_duplicates: tuple[int, int]
    runs: int
    patience: float
    patience_approximate: float
    cap: float
    cap_approximate: float
    no_chance: float
    check_rows: int
    recall_rows: int


LOW_D = (CUPEL, KD_TREE)
NO_SKLEARN = (CUPEL, FAISS, KD_TREE)
ONE_JOB = (CUPEL, FAISS, SKLEARN)

FULL = Plan(
    name="full",
    exact=(
        Block(CLUSTERED, EUCLIDEAN, (20_000, 50_000, 100_000), (2, 16, 64, 128, 256, 768)),
        Block(STRUCTURELESS, EUCLIDEAN, (20_000,), (2, 16, 64, 128, 256, 768)),
        Block(STRUCTURELESS, EUCLIDEAN, (50_000,), (2, 64, 128, 256, 768), NO_SKLEARN),
        Block(STRUCTURELESS, EUCLIDEAN, (100_000,), (128,), NO_SKLEARN),
        Block(CLUSTERED, COSINE, (20_000,), (16, 64, 128, 256, 768)),
        Block(CLUSTERED, COSINE, (50_000,), (16, 64, 128, 256, 768), ONE_JOB),
        Block(CLUSTERED, COSINE, (100_000,), (128,), ONE_JOB),
        Block(STRUCTURELESS, COSINE, (20_000,), (16, 64, 128, 256, 768), ONE_JOB),
        Block(CLUSTERED, EUCLIDEAN, (200_000,), (2, 3), LOW_D),
        Block(STRUCTURELESS, EUCLIDEAN, (200_000,), (2, 3), LOW_D),
    ),
    outliers=tuple(Cell(CLUSTERED, "default", 20_000, d) for d in (2, 128, 768)),
    memory=(
        Cell(CLUSTERED, EUCLIDEAN, 100_000, 64),
        Cell(CLUSTERED, EUCLIDEAN, 100_000, 128),
        Cell(CLUSTERED, COSINE, 100_000, 128),
        Cell(CLUSTERED, EUCLIDEAN, 50_000, 768),
        Cell(CLUSTERED, COSINE, 50_000, 768),
    ),
    approximate=(
        Cell(STRUCTURELESS, EUCLIDEAN, 200_000, 128),
        Cell(CLUSTERED, EUCLIDEAN, 200_000, 128),
        Cell(CLUSTERED, EUCLIDEAN, 1_000_000, 128),
    ),
    near_duplicates=(4000, 384),
    runs=5,
    patience=3.0,
    patience_approximate=15.0,
    cap=30.0,
    cap_approximate=240.0,
    no_chance=2.5,
    check_rows=64,
    recall_rows=1000,
)
QUICK = Plan(
    name="quick",
    exact=(
        Block(CLUSTERED, EUCLIDEAN, (5000, 20_000), (2, 64, 256)),
        Block(STRUCTURELESS, EUCLIDEAN, (20_000,), (128,), NO_SKLEARN),
        Block(CLUSTERED, COSINE, (5000, 20_000), (64, 256)),
        Block(CLUSTERED, EUCLIDEAN, (50_000,), (2, 3), LOW_D),
    ),
    outliers=tuple(Cell(CLUSTERED, "default", 5000, d) for d in (2, 128)),
    memory=(Cell(CLUSTERED, EUCLIDEAN, 20_000, 128), Cell(CLUSTERED, COSINE, 20_000, 128)),
    approximate=(
        Cell(CLUSTERED, EUCLIDEAN, 20_000, 128),
        Cell(CLUSTERED, EUCLIDEAN, 50_000, 128),
    ),
    near_duplicates=(2000, 384),
    runs=3,
    patience=1.0,
    patience_approximate=4.0,
    cap=10.0,
    cap_approximate=40.0,
    no_chance=4.0,
    check_rows=32,
    recall_rows=500,
)
