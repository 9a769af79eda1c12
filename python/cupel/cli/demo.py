"""A demonstration on data that scikit-learn brings along."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.columns import Columns
from rich.console import Group
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from cupel.cli.audit import Audit, run_audit
from cupel.cli.errors import CliError
from cupel.cli.render import audit_view
from cupel.cli.wording import percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from rich.console import Console, RenderableType

__all__ = ["Recovery", "cross_validated_probs", "demo_views", "flip_labels", "recovery"]

_SEED = 0
_SHARE = 0.05
_PICTURES = 4
_SHADES = " ░▒▓█"


@dataclass(frozen=True)
class Recovery:
    """How well a list finds planted errors."""

    n_planted: int
    n_first: int  # rows looked at: as many as were planted, or the whole list if it is shorter
    hits_first: int
    n_listed: int
    hits_listed: int


def load_digits() -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Load the images, shape (1797, 64), and the labels of scikit-learn's digits."""
    try:
        from sklearn import datasets
    except ImportError as error:
        msg = 'the demonstration needs scikit-learn; install it with: pip install "cupel[demo]"'
        raise CliError(msg) from error
    images, labels = datasets.load_digits(return_X_y=True)
    return images, labels.astype(np.int64)


def cross_validated_probs(images: NDArray[Any], labels: NDArray[np.int64]) -> NDArray[Any]:
    """Out-of-sample probabilities of a logistic regression, by 5 folds with a fixed seed."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # Regularised, so that a few wrong labels do not bend the model towards themselves.
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1_000))
    folds = StratifiedKFold(5, shuffle=True, random_state=_SEED)
    probs: NDArray[Any] = cross_val_predict(model, images, labels, cv=folds, method="predict_proba")
    return probs


def flip_labels(
    labels: NDArray[np.int64], n_classes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Change 5% of the labels to another class at random, with a fixed seed.

    Returns
    -------
    tuple of ndarray
        The changed labels, shape (n,), and the rows that were changed, ascending.
    """
    rng = np.random.default_rng(_SEED)
    rows = np.sort(rng.choice(len(labels), round(_SHARE * len(labels)), replace=False))
    changed = labels.copy()
    changed[rows] = (labels[rows] + rng.integers(1, n_classes, len(rows))) % n_classes
    return changed, rows


def recovery(listed: NDArray[np.int64], planted: NDArray[np.int64]) -> Recovery:
    """Count the planted rows in a ranked list.

    Examples
    --------
    >>> recovery(np.array([7, 3, 5]), np.array([3, 7]))
    Recovery(n_planted=2, n_first=2, hits_first=2, n_listed=3, hits_listed=2)
    """
    hit = np.isin(listed, planted)
    first = hit[: len(planted)]
    return Recovery(len(planted), len(first), int(first.sum()), len(hit), int(hit.sum()))


def demo_views(
    console: Console, *, top: int, n_jobs: int | None = None
) -> Iterator[tuple[str, Callable[[], RenderableType]]]:
    """Yield each step of the demonstration: what is being done, and the call that does it."""
    images, labels = load_digits()
    yield "training on the real labels …", partial(_real, images, labels, console, top, n_jobs)
    yield "training on planted errors …", partial(_planted, images, labels, console, top, n_jobs)


def _real(
    images: NDArray[Any], labels: NDArray[np.int64], console: Console, top: int, n_jobs: int | None
) -> Group:
    audit = run_audit(labels, cross_validated_probs(images, labels), n_jobs=n_jobs)
    return Group(
        _heading("1. The real labels"),
        _prose(
            f"{len(labels):,} handwritten digits that come with scikit-learn, and the probabilities"
            " of a logistic regression that never saw the row it judges (5 folds)."
        ),
        audit_view(audit, console, top=top, remedy="--top N shows more"),
        Text("\n The first of them, given → suggested:\n", style="bold"),
        Padding(_pictures(images, audit), (0, 1)),
        Text(),
    )


def _planted(
    images: NDArray[Any], labels: NDArray[np.int64], console: Console, top: int, n_jobs: int | None
) -> Group:
    changed, planted = flip_labels(labels, 10)
    audit = run_audit(changed, cross_validated_probs(images, changed), n_jobs=n_jobs)
    found = recovery(audit.rows, planted)
    return Group(
        _heading("2. The same labels, 5% changed on purpose"),
        _prose(
            f"{found.n_planted} labels were changed to another digit at random, the model was "
            "trained again on the changed labels, and the list was made without knowing which."
        ),
        Padding(_verdict(found), (0, 1)),
        audit_view(audit, console, top=top, remedy="--top N shows more"),
    )


def _verdict(found: Recovery) -> Text:
    return Text.assemble(
        "Of the first ",
        (f"{found.n_first}", "bold cyan"),
        " rows listed, ",
        (f"{found.hits_first}", "bold green"),
        f" are planted: precision {percent(found.hits_first / max(found.n_first, 1))},",
        f" recall {percent(found.hits_first / found.n_planted)}.\n",
        "The whole list of ",
        (f"{found.n_listed}", "bold cyan"),
        " rows holds ",
        (f"{found.hits_listed}", "bold green"),
        f" of the {found.n_planted}: recall {percent(found.hits_listed / found.n_planted)}.\n",
    )


def _pictures(images: NDArray[Any], audit: Audit) -> Columns:
    """First suspects as they look: each pixel two characters wide, darker for more ink."""
    parts = []
    for i in range(min(_PICTURES, audit.n_suspects)):
        pixels = images[audit.rows[i]].reshape(8, 8)
        shades = (pixels / 16 * (len(_SHADES) - 1)).round().astype(int)
        picture = "\n".join("".join(_SHADES[s] * 2 for s in line) for line in shades)
        caption = f"row {audit.rows[i]}: {audit.given[i]} → {audit.suggested[i]}"
        parts.append(Text(f"{picture}\n{caption}"))
    return Columns(parts, padding=(0, 2))


def _prose(text: str) -> Padding:
    return Padding(Text(text), (0, 1, 1, 1))


def _heading(text: str) -> Rule:
    return Rule(Text(text, style="bold"), align="left", style="dim")
