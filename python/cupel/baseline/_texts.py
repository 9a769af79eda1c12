"""Texts as weights of their words and letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._extras import require

__all__ = ["text_matrix"]

_PURPOSE = "fit_baseline"
_MANY_ROWS = 500  # from here on, what occurs in one row only is left out
_COMPONENTS = 100


def text_matrix(
    columns: Sequence[Sequence[str]], *, quick: bool, seed: int, tell: Callable[[float], None]
) -> tuple[Any, NDArray[np.float64], str]:
    """TF-IDF of words and letters, its main components, and what it is called.

    Parameters
    ----------
    columns : sequence of sequence of str
        Texts by column; those of a row are joined.
    quick : bool
        Words only.
    seed : int
        Of the components.
    tell : callable
        Told the fraction that is done.
    """
    texts = ["\n".join(row) for row in zip(*columns, strict=True)]
    make = require("sklearn.feature_extraction.text", _PURPOSE).TfidfVectorizer
    shared = {"sublinear_tf": True, "min_df": 2 if len(texts) >= _MANY_ROWS else 1}
    words = make(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", max_features=30_000, **shared)
    letters = make(analyzer="char_wb", ngram_range=(2, 4), max_features=30_000, **shared)
    parts = []
    for done, vectorizer in enumerate([words] if quick else [words, letters]):
        matrix = _fitted(vectorizer, texts)
        if matrix is not None:
            parts.append(matrix)
        tell(0.3 * (done + 1))
    if not parts:  # no word occurs twice, or there are only signs
        parts.append(letters.set_params(min_df=1).fit_transform(texts))
    matrix = require("scipy.sparse", _PURPOSE).hstack(parts, format="csr")
    matrix /= np.sqrt(len(parts))
    reduced = _components(matrix, seed)
    tell(1.0)
    what = "TF-IDF weights of words and letters" if len(parts) > 1 else "TF-IDF weights of words"
    return matrix, reduced, what


def _fitted(vectorizer: Any, texts: list[str]) -> Any:
    try:
        return vectorizer.fit_transform(texts)
    except ValueError:  # nothing is left to count
        return None


def _components(matrix: Any, seed: int) -> NDArray[np.float64]:
    wanted = min(_COMPONENTS, matrix.shape[0] - 1, matrix.shape[1] - 1)
    if wanted < 1:
        dense: NDArray[np.float64] = matrix.toarray()
        return dense
    svd = require("sklearn.decomposition", _PURPOSE).TruncatedSVD(wanted, random_state=seed)
    components: NDArray[np.float64] = svd.fit_transform(matrix)
    return components
