"""`token_classification` at 50k sentences, 1M tokens, 10 classes; words as frequent as in a text."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.dropin.case import Case
from bench.dropin.same import assert_same

Inputs = tuple[tuple[Any, ...], dict[str, Any]]
SIZE = "50k sentences, 1M tokens, 10 classes"
ISSUES = "75k issues in 1M tokens"
ONE_PROCESS = {"n_jobs": 1}  # cleanlab's default starts a pool of processes
FILTER = "token_classification.filter"
RANK = "token_classification.rank"
SUMMARY = "token_classification.summary"
SENTENCES, CLASSES, LONGEST = 50_000, 10, 39


@functools.cache
def sentences() -> tuple[list[Any], list[Any], list[Any], list[tuple[int, int]]]:
    """Labels, of which a twentieth are wrong, probabilities, words, and suspects, worst first."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, LONGEST + 1, SENTENCES)
    n = int(lengths.sum())
    true = rng.integers(0, CLASSES, n)
    probs = rng.random((n, CLASSES)) ** 3
    probs[np.arange(n), true] += 2.5 * rng.random(n)
    probs /= probs.sum(axis=1, keepdims=True)
    given = np.where(rng.random(n) < 0.05, rng.integers(0, CLASSES, n), true)
    words = [f"Word{rank}" for rank in np.minimum(rng.zipf(1.3, n), 100_000).tolist()]
    ends = lengths.cumsum()
    pieces = list(zip((ends - lengths).tolist(), ends.tolist(), strict=True))
    lists = given.tolist()
    own = probs[np.arange(n), given]
    worst = np.argsort(own, kind="stable")[:75_000]
    sentence = np.searchsorted(ends, worst, side="right")
    token = worst - (ends - lengths)[sentence]
    return (
        [lists[begin:end] for begin, end in pieces],
        [probs[begin:end].copy() for begin, end in pieces],
        [words[begin:end] for begin, end in pieces],
        list(zip(sentence.tolist(), token.tolist(), strict=True)),
    )


@functools.cache
def scores() -> tuple[Any, list[Any]]:
    """Scores of the sentences and series of scores of their tokens."""
    import pandas as pd

    rng = np.random.default_rng(1)
    labels = sentences()[0]
    of_tokens = [pd.Series(rng.random(len(sentence))) for sentence in labels]
    return rng.random(len(labels)), of_tokens


def labelled(**options: Any) -> Inputs:
    """Labels and probabilities as arguments."""
    return sentences()[:2], options


def named(**options: Any) -> Inputs:
    """Labels, probabilities and words."""
    return sentences()[:2], {"tokens": sentences()[2], **options}


def issues(*first: Any, classes: bool = False, **options: Any) -> Inputs:
    """Suspects and words, after what comes `first`."""
    labels, probs, words, found = sentences()
    given = {"labels": labels, "pred_probs": probs} if classes else {}
    return (*first, found, words), {**given, **options}


def assert_same_counts(actual: Any, expected: Any) -> None:
    """Equal tables but for the order of equal counts, which cleanlab leaves open."""
    assert_same(actual["num_label_issues"], expected["num_label_issues"])
    by = [column for column in expected.columns if column != "num_label_issues"]
    assert_same(*(table.sort_values(by, ignore_index=True) for table in (actual, expected)))


def find(label: str = "", fastest: Any = ONE_PROCESS, **options: Any) -> Case:
    """Make a case of the filter."""
    return Case(
        f"{FILTER}.find_label_issues",
        SIZE,
        lambda: labelled(**options),
        fastest=fastest,
        goal=20.0,
        label=label,
    )


def rank(label: str = "", make: Callable[..., Inputs] = labelled, **options: Any) -> Case:
    """Make a case of the scores."""
    return Case(
        f"{RANK}.get_label_quality_scores", SIZE, lambda: make(**options), goal=20.0, label=label
    )


def listed(label: str = "", **options: Any) -> Case:
    """Make a case of the issues that scores say."""
    tokens = bool(options.pop("tokens", False))

    def make() -> Inputs:
        of_sentences, of_tokens = scores()
        given = {"token_scores": of_tokens} if tokens else {}
        return (of_sentences,), {**given, **options}

    return Case(f"{RANK}.issues_from_scores", SIZE, make, goal=20.0, label=label)


def common(label: str = "", **options: Any) -> Case:
    """Make a case of the table of tokens."""
    return Case(
        f"{SUMMARY}.common_label_issues",
        ISSUES,
        lambda: issues(**options),
        check=assert_same_counts,
        goal=20.0,
        label=label,
    )


CASES = [
    find(),
    find("confident learning", filter_by="confident_learning"),
    find("low memory", fastest={}, low_memory=True),
    rank(),
    rank("softmin", sentence_score_method="softmin"),
    rank("margin", token_score_method="normalized_margin"),
    rank("tokens given", named),
    listed("sentences"),
    listed("tokens", tokens=True),
    common(),
    common("with classes", classes=True),
    Case(f"{SUMMARY}.filter_by_token", ISSUES, lambda: issues("word3"), goal=20.0),
    Case(
        f"{SUMMARY}.display_issues",
        "2,000 issues shown",
        lambda: issues(classes=True, class_names="ABCDEFGHIJ", top=2000),
    ),
]
