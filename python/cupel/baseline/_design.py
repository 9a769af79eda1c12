"""Inputs as matrices: one for linear models, one for trees, one for neighbours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._extras import require
from cupel.baseline._columns import Columns

__all__ = ["Design", "design_of_columns", "design_of_vectors"]

_PURPOSE = "fit_baseline"
_MOST_LEVELS = 30  # of a category that get a column of their own
_MOST_CODES = 200  # of a category that trees tell apart
_WIDEST = 256  # columns of features that neighbours are searched by


@dataclass(frozen=True, eq=False)
class Design:
    """One data set, ready for models. Nothing in it depends on labels.

    Attributes
    ----------
    kind : str
        ``"tabular"``, ``"text"``, ``"image"`` or ``"embedding"``.
    linear : ndarray or sparse matrix of shape (n, p)
        Standardised numbers, indicators of categories, or weights of words.
    trees : ndarray of float64, shape (n, q), or None
        Numbers, nan where missing, and codes of categories, for trees; None if they do not suit.
    categorical : list of int
        Columns of `trees` that are codes.
    features : ndarray of float32, shape (n, d)
        For neighbours.
    words : str
        What it was made from.
    """

    kind: str
    linear: Any
    trees: NDArray[np.float64] | None
    categorical: list[int]
    features: NDArray[np.float32]
    words: str


def design_of_vectors(vectors: NDArray[np.float32], kind: str, words: str) -> Design:
    """Make the design of embeddings or image features; embeddings are compared as they are."""
    scaled = standardised(vectors)
    features = vectors if kind == "embedding" else scaled.astype(np.float32)
    return Design(kind, scaled, None, [], features, words)


def design_of_columns(
    columns: Columns, *, quick: bool, seed: int, tell: Callable[[float], None]
) -> Design:
    """Make the design of numbers, categories and texts."""
    tables = _table_parts(columns) if columns.has_table else None
    if not columns.texts:
        assert tables is not None
        linear = np.hstack(tables)
        trees, categorical = _for_trees(columns)
        features = narrowed(linear, seed).astype(np.float32)
        return Design("tabular", linear, trees, categorical, features, _table_words(columns))
    from cupel.baseline._texts import text_matrix

    matrix, reduced, what = text_matrix(
        list(columns.texts.values()), quick=quick, seed=seed, tell=tell
    )
    words = f"{what} of {_listed('text column', columns.texts)}"
    if tables is not None:
        sparse = require("scipy.sparse", _PURPOSE)
        # A text has unit length; so has what stands in the other columns, on the average.
        table = np.hstack(tables)
        matrix = sparse.hstack([matrix, table / np.sqrt(table.shape[1])], format="csr")
        reduced = np.hstack([reduced, table / np.sqrt(table.shape[1])])
        words += f", and {_table_words(columns)}"
    return Design("text", matrix, None, [], reduced.astype(np.float32), words)


def standardised(numbers: NDArray[Any]) -> NDArray[np.float64]:
    """Columns of mean 0 and variance 1, medians where missing, and columns that tell where."""
    impute = require("sklearn.impute", _PURPOSE).SimpleImputer(
        strategy="median", add_indicator=True, keep_empty_features=True
    )
    scaler = require("sklearn.preprocessing", _PURPOSE).StandardScaler()
    scaled: NDArray[np.float64] = scaler.fit_transform(impute.fit_transform(numbers))
    return scaled


def narrowed(matrix: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Return the matrix, or its main components where it is too wide for neighbours."""
    if matrix.shape[1] <= _WIDEST:
        return matrix
    svd = require("sklearn.decomposition", _PURPOSE).TruncatedSVD(_WIDEST // 2, random_state=seed)
    components: NDArray[np.float64] = svd.fit_transform(matrix)
    return components


def _table_parts(columns: Columns) -> list[NDArray[np.float64]]:
    parts = []
    if columns.numbers:
        parts.append(standardised(np.column_stack(list(columns.numbers.values()))))
    if columns.categories:
        encoder = require("sklearn.preprocessing", _PURPOSE).OneHotEncoder(
            max_categories=_MOST_LEVELS, handle_unknown="ignore", sparse_output=False
        )
        parts.append(encoder.fit_transform(_stacked(columns.categories)))
    return parts


def _for_trees(columns: Columns) -> tuple[NDArray[np.float64], list[int]]:
    parts = []
    if columns.numbers:
        parts.append(np.column_stack(list(columns.numbers.values())))
    if columns.categories:
        encoder = require("sklearn.preprocessing", _PURPOSE).OrdinalEncoder(
            max_categories=_MOST_CODES
        )
        parts.append(encoder.fit_transform(_stacked(columns.categories)))
    n_numbers = len(columns.numbers)
    return np.hstack(parts), list(range(n_numbers, n_numbers + len(columns.categories)))


def _stacked(categories: dict[str, NDArray[np.object_]]) -> NDArray[np.object_]:
    return np.column_stack(list(categories.values()))


def _table_words(columns: Columns) -> str:
    parts = []
    if columns.numbers:
        parts.append(_listed("number", columns.numbers))
    if columns.categories:
        parts.append(_listed("categorical column", columns.categories))
    return " and ".join(parts)


def _listed(what: str, columns: dict[str, Any]) -> str:
    if len(columns) > 3:
        return f"{len(columns)} {what}s"
    return f"the {what}{'s' if len(columns) > 1 else ''} {', '.join(map(repr, columns))}"
