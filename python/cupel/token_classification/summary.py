"""Issues among tokens, to look at: highlighted in their sentences, counted by token."""

from __future__ import annotations

import operator
import string
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel import _core
from cupel._arrays import shown
from cupel._extras import require
from cupel._runtime import resolve_threads
from cupel._sentences import as_sentences
from cupel.token_classification._places import looked_up, rows_at, unzipped

__all__ = ["common_label_issues", "display_issues", "filter_by_token"]

_RED, _RESET = "\x1b[31m", "\x1b[0m"
# Tokens that no space goes before: stretches of string.punctuation, such as "." and "()", and "".
_UNSPACED = frozenset(
    string.punctuation[begin:end] for begin in range(32) for end in range(begin, 33)
) - {"(", "-"}
_NO_NAMES = "Classes are shown by number; pass class_names to see their names.\n"


def display_issues(
    issues: Any,
    tokens: Sequence[Sequence[str]],
    *,
    labels: Any = None,
    pred_probs: Any = None,
    exclude: Sequence[tuple[int, int]] = (),
    class_names: Sequence[Any] | Mapping[int, Any] | None = None,
    top: int = 20,
) -> None:
    r"""Print sentences with an issue, the tokens in question in red.

    Parameters
    ----------
    issues : list of (int, int), or of int
        Sentence and token numbers, as from :func:`cupel.token_classification.filter.find_label_issues`,
        or sentence numbers, as from :func:`cupel.token_classification.rank.issues_from_scores`.
    tokens : list of list of str
        The tokens of each sentence.
    labels : list of list of int, optional
        Given classes, to be shown.
    pred_probs : list of array_like of float, optional
        Probabilities, of which the most probable class is shown.
    exclude : sequence of (int, int)
        Pairs (given class, predicted class) not to show; needs `labels` and `pred_probs`.
    class_names : sequence, optional
        Names of the classes, to be shown instead of their numbers.
    top : int, default 20
        How many issues to show; 0 or less for all.

    Raises
    ------
    IndexError
        If an issue names a sentence or token that is not there.
    TypeError
        If the first issue is a pair and another one is not, or the other way round.

    Notes
    -----
    The colour is an ANSI escape, printed whether or not the output is a terminal. cleanlab 2.9.0
    raises an IndexError where there are no issues; here nothing is printed.

    Examples
    --------
    >>> from cupel.token_classification.summary import display_issues
    >>> display_issues([1, 0], [["Good", "."], ["(", "Bad", ")"]], top=1)
    Sentence issue: (Bad)
    """
    if len(issues) == 0:
        return
    of_tokens = isinstance(issues[0], tuple)
    if of_tokens and class_names is None and not (labels is None and pred_probs is None):
        print(_NO_NAMES)  # noqa: T201 - what the function is for
    top = min(top, len(issues))
    shown = 0
    for issue in issues:
        if of_tokens:
            s, t = issue
            given = None if labels is None else labels[s][t]
            predicted = None if pred_probs is None else int(np.asarray(pred_probs[s][t]).argmax())
            both = given is not None and predicted is not None
            if both and (given, predicted) in exclude:
                continue
            text = _token_issue(s, t, tokens[s], given, predicted, class_names)
        else:
            text = f"Sentence issue: {_sentence(tokens[operator.index(issue)])}"
        shown += 1
        last = shown == top
        print(text, end="\n" if last else "\n\n\n")  # noqa: T201 - what the function is for
        if last:
            break


def common_label_issues(
    issues: Sequence[tuple[int, int]],
    tokens: Sequence[Sequence[str]],
    *,
    labels: Any = None,
    pred_probs: Any = None,
    class_names: Sequence[Any] | Mapping[int, Any] | None = None,
    top: int = 10,
    exclude: Sequence[tuple[int, int]] = (),
    verbose: bool = True,
) -> Any:
    """Count which tokens have the most issues and, if known, which labels they were confused with.

    Parameters
    ----------
    issues : list of (int, int)
        Sentence and token numbers.
    tokens : list of list of str
        The tokens of each sentence.
    labels : list of list of int, optional
        Given classes.
    pred_probs : list of array_like of float, optional
        Probabilities. Classes are counted where both this and `labels` are given.
    class_names : sequence, optional
        Names of the classes, to be shown instead of their numbers.
    top : int, default 10
        How many tokens to print; the result has all.
    exclude : sequence of (int, int)
        Pairs (given class, predicted class) not to count.
    verbose : bool, default True
        Whether to print.

    Returns
    -------
    pandas.DataFrame
        Columns ``token``, ``given_label`` and ``predicted_label`` (both only where classes are
        counted), ``num_label_issues``; the highest number first, ties by the first issue of the
        token, then by class.

    Raises
    ------
    ImportError
        If pandas is not installed.
    IndexError
        If an issue names a sentence or token that is not there.
    TypeError, ValueError
        If an argument is of a wrong kind or value.

    Notes
    -----
    O(number of issues) time, by hashing; no table of all classes by all classes. cleanlab 2.9.0
    prints with ``verbose=False`` too.

    Examples
    --------
    >>> from cupel.token_classification.summary import common_label_issues
    >>> issues, tokens = [(0, 0), (0, 2), (1, 0)], [["a", "b", "c"], ["c"]]
    >>> common_label_issues(issues, tokens, verbose=False)
      token  num_label_issues
    0     c                 2
    1     a                 1
    """
    pandas = require("pandas", "common_label_issues")
    sentences, positions = unzipped(as_sentences(issues, None, "issues"))
    words, codes = looked_up(_core.codes_at, tokens, "tokens", sentences, positions)
    with_classes = labels is not None and pred_probs is not None
    if with_classes:
        given, predicted = _classes_at(labels, pred_probs, sentences, positions)
        counts = _counts_of_classes(codes, given, predicted, exclude)
    else:
        found = np.bincount(codes, minlength=len(words))
        counts = _most_first(np.column_stack([np.arange(len(words)), found]))
    table = _table(pandas, words, counts, class_names)
    if verbose:
        if with_classes and class_names is None:
            print(_NO_NAMES)  # noqa: T201 - verbose
        _print_counts(words, counts, class_names, top)
    return table


def filter_by_token(
    token: str, issues: Sequence[tuple[int, int]], tokens: Sequence[Sequence[str]]
) -> list[tuple[int, int]]:
    """Pick the issues of one token, whatever its case.

    Parameters
    ----------
    token : str
        What to look for.
    issues : list of (int, int)
        Sentence and token numbers.
    tokens : list of list of str
        The tokens of each sentence.

    Returns
    -------
    list of (int, int)
        Those of `issues`, in their order.

    Raises
    ------
    IndexError
        If an issue names a sentence or token that is not there.
    TypeError
        If an issue is no pair of integers.

    Notes
    -----
    O(number of issues) time; each different spelling is put into lower case once.

    Examples
    --------
    >>> from cupel.token_classification.summary import filter_by_token
    >>> filter_by_token("the", [(0, 0), (0, 1), (1, 0)], [["The", "end"], ["the"]])
    [(0, 0), (1, 0)]
    """
    issues = as_sentences(issues, None, "issues")
    sentences, positions = unzipped(issues)
    words, codes = looked_up(_core.codes_at, tokens, "tokens", sentences, positions)
    for name, word in (("token", token), *(("tokens", word) for word in words)):
        if not hasattr(word, "lower"):
            msg = f"{name} must hold text, got {shown(word)}"
            raise TypeError(msg)
    wanted = token.lower()
    matches = np.array([word.lower() == wanted for word in words], dtype=np.bool_)
    return [issues[m] for m in np.flatnonzero(matches[codes]).tolist()]


def _token_issue(
    s: int, t: int, words: Sequence[str], given: Any, predicted: int | None, class_names: Any
) -> str:
    classes = []
    if given is not None:
        classes.append(f"Given label: {_name(given, class_names)}")
    if predicted is not None:
        first = "predicted" if classes else "Predicted"
        name = _name(predicted, class_names)
        classes.append(f"{first} label according to provided pred_probs: {name}")
    lines = [
        f"Sentence index: {s}, Token index: {t}",
        f"Token: {words[t]}",
        *([", ".join(classes)] if classes else []),
        "----",
        _highlighted(_sentence(words), words[t]),
    ]
    return "\n".join(lines)


def _name(label: Any, class_names: Any) -> Any:
    return label if class_names is None else class_names[label]


def _sentence(words: Sequence[str]) -> str:
    """Join tokens with spaces, except before punctuation and clitics and after a bracket."""
    text = "".join([word if word in _UNSPACED else f" {word}" for word in words])
    return text.replace(" '", "'").replace("( ", "(").strip()


def _highlighted(sentence: str, word: str) -> str:
    """Colour a word where it stands alone or, if it does so nowhere, everywhere."""
    marked = f"{_RED}{word}{_RESET}"
    parts = []
    done, at = 0, sentence.find(word)
    while at >= 0:
        end = at + len(word)
        if _is_boundary(sentence, at) and _is_boundary(sentence, end):
            parts += [sentence[done:at], marked]
            done = end
        at = sentence.find(word, max(done, at + 1))
    if not parts:
        return sentence.replace(word, marked)
    return "".join([*parts, sentence[done:]])


def _is_boundary(text: str, at: int) -> bool:
    """Whether a word begins or ends there, as the boundaries of regular expressions do."""
    before = at > 0 and (text[at - 1].isalnum() or text[at - 1] == "_")
    after = at < len(text) and (text[at].isalnum() or text[at] == "_")
    return before != after


def _classes_at(
    labels: Any, pred_probs: Any, sentences: NDArray[np.int64], positions: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the given and the predicted class of each issue."""
    given = looked_up(_core.integers_at, labels, "labels", sentences, positions)
    if not len(given):
        return given, given
    rows = looked_up(rows_at, pred_probs, "pred_probs", sentences, positions)
    bad = np.flatnonzero((given < 0) | (given >= rows.shape[1]))
    if bad.size:
        at = int(bad[0])
        where = f"labels[{sentences[at]}][{positions[at]}]"
        msg = f"{where} is {given[at]}, expected a class in [0, {rows.shape[1]})"
        raise IndexError(msg)
    return given, _core.argmax(rows, resolve_threads(None))


def _counts_of_classes(
    codes: NDArray[np.int64],
    given: NDArray[np.int64],
    predicted: NDArray[np.int64],
    exclude: Sequence[tuple[int, int]],
) -> NDArray[np.int64]:
    """Rows (token's code, given, predicted, count), the highest count first."""
    k = int(max(given.max(initial=0), predicted.max(initial=0))) + 1
    cells, counts = np.unique((codes * k + given) * k + predicted, return_counts=True)
    pair = cells % (k * k)
    excluded = [a * k + b for a, b in exclude if 0 <= a < k and 0 <= b < k]
    kept = ~np.isin(pair, excluded)
    table = np.column_stack([cells // (k * k), pair // k, pair % k, counts])
    return _most_first(table[kept])


def _most_first(table: NDArray[np.int64]) -> NDArray[np.int64]:
    return table[np.argsort(-table[:, -1], kind="stable")]


def _table(pandas: Any, words: list[str], counts: NDArray[np.int64], class_names: Any) -> Any:
    classes = ["given_label", "predicted_label"] if counts.shape[1] > 2 else []
    columns = ["token", *classes, "num_label_issues"]
    if not len(counts):
        return pandas.DataFrame([], columns=columns)
    data: dict[str, Any] = {"token": [words[code] for code in counts[:, 0].tolist()]}
    for position, column in enumerate(classes, start=1):
        labels = counts[:, position]
        data[column] = labels if class_names is None else _names(labels, class_names)
    data["num_label_issues"] = counts[:, -1]
    return pandas.DataFrame(data, columns=columns)


def _names(labels: NDArray[np.int64], class_names: Any) -> list[Any]:
    return [class_names[label] for label in labels.tolist()]


def _print_counts(words: list[str], counts: NDArray[np.int64], class_names: Any, top: int) -> None:
    """Print the tokens with the most issues and, if known, their pairs of classes."""
    totals = np.zeros(len(words), dtype=np.int64)
    np.add.at(totals, counts[:, 0], counts[:, -1])
    quote = "" if class_names is None else "`"
    for code in np.argsort(-totals, kind="stable")[:top].tolist():
        times = f"{totals[code]} times throughout the dataset"
        lines = [f"Token '{words[code]}' is potentially mislabeled {times}"]
        if counts.shape[1] > 2:
            lines.append("-" * 87)
            lines += [
                f"labeled as class {quote}{_name(given, class_names)}{quote} but predicted to "
                f"actually be class {quote}{_name(predicted, class_names)}{quote} {count} times"
                for _, given, predicted, count in counts[counts[:, 0] == code].tolist()
            ]
        print("\n".join(lines) + "\n")  # noqa: T201 - verbose
