"""Ways to spoil one argument of a drop-in function, as data, and what is answered all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hostile.layouts import Subclass, misaligned, read_only

Array = NDArray[Any]


class Case(NamedTuple):
    """One way to spoil an argument: its name, and what makes the spoilt one."""

    name: str
    make: Callable[[Any], Any]


def cell(value: Any, dtype: Any = None) -> Callable[[Array], Array]:
    """Return what puts `value` in the middle of a copy of an array."""

    def put(a: Array) -> Array:
        a = a.astype(a.dtype if dtype is None else dtype)
        a.reshape(-1)[a.size // 2] = value
        return a

    return put


def masked(a: Array) -> Any:
    hidden = np.zeros(a.shape, dtype=np.bool_)
    hidden.reshape(-1)[:1] = True
    return np.ma.array(a, mask=hidden)


# Instead of a whole argument, or of what it has for one sentence, image or class.
INSTEAD = (
    Case("None", lambda _: None),
    Case("a number", lambda _: 1),
    Case("a fraction", lambda _: 0.5),
    Case("nan", lambda _: np.nan),
    Case("text", lambda _: "text"),
    Case("bytes", lambda _: b"text"),
    Case("a dict", lambda _: {}),
    Case("a set", lambda _: {1, 2}),
    Case("an object", lambda _: object()),
    Case("a function", lambda _: len),
    Case("a generator", lambda x: (row for row in x)),
    Case("an empty list", lambda _: []),
    Case("no numbers", lambda _: np.zeros(0)),
    Case("no objects", lambda _: np.zeros(0, dtype=object)),
    Case("a 0-d number", lambda _: np.array(1.0)),
    Case("a 0-d object", lambda _: np.array(None, dtype=object)),
    Case("a list of None", lambda x: [None] * len(x)),
    Case("a list of text", lambda x: ["ab"] * len(x)),
    Case("a list of lists", lambda x: [[] for _ in x]),
    Case("a list of dicts", lambda x: [{} for _ in x]),
    Case("None first", lambda x: [None, *list(x)[1:]]),
    Case("an object first", lambda x: [object(), *list(x)[1:]]),
    Case("one short", lambda x: list(x)[:-1]),
    Case("one more", lambda x: [*x, x[0]]),
)

# Of an array of numbers.
ARRAYS = (
    Case("masked", masked),
    Case("complex", lambda a: a.astype(complex)),
    Case("strings", lambda a: a.astype("U8")),
    Case("byte strings", lambda a: a.astype("S8")),
    Case("dates", lambda a: np.zeros(a.shape, "M8[s]")),
    Case("structured", lambda a: np.zeros(a.shape, "i4,i4")),
    Case("its first item", lambda a: a[0]),
    Case("a dimension more", lambda a: a[np.newaxis]),
    Case("a dimension at the end", lambda a: a[..., np.newaxis]),
    Case("no rows", lambda a: a[:0]),
    Case("no columns", lambda a: a[..., :0]),
    Case("a row short", lambda a: a[:-1]),
    Case("a row more", lambda a: np.concatenate([a, a[:1]])),
    Case("a column short", lambda a: a[..., :-1]),
    Case("None in a cell", cell(None, object)),
    Case("text in a cell", cell("x", object)),
    Case("a dict in a cell", cell({}, object)),
    Case("a list in a cell", cell([1], object)),
)

FLOATS = tuple(
    Case(f"{value} in a cell", cell(value)) for value in (np.nan, np.inf, -np.inf, 1.5, -1.0, 1e300)
)

INTEGERS = (
    *(
        Case(f"{value} in a cell", cell(value))
        for value in (-1, 1000, 1 << 31, 1 << 32, (1 << 63) - 1, -(1 << 63))
    ),
    Case("2**63 in a cell", cell(1 << 63, np.uint64)),
    Case("2**64 - 1 in a cell", cell((1 << 64) - 1, np.uint64)),
    Case("2**64 in a cell", cell(1 << 64, object)),
    Case("10**50 in a cell", cell(10**50, object)),
    *(Case(f"{value} among floats", cell(value, float)) for value in (np.nan, np.inf, 1.5, 1e300)),
)

# The same numbers in another way: the same answer, or a refusal.
SAME = (
    Case("column-major", np.asfortranarray),
    Case("every other column", lambda a: np.repeat(a, 2, axis=-1)[..., ::2]),
    Case("reversed memory", lambda a: np.flip(np.flip(a).copy())),
    Case("byte-swapped", lambda a: a.astype(a.dtype.newbyteorder())),
    Case("read-only", read_only),
    Case("misaligned", misaligned),
    Case("a subclass", lambda a: a.view(Subclass)),
    Case("objects", lambda a: a.astype(object)),
    Case("masked nowhere", np.ma.array),
    Case("a list", lambda a: a.tolist()),
)

# Fewer bits: for floats other numbers, which are compared with the same numbers in float64.
NARROW = (
    Case("float16", lambda a: a.astype(np.float16)),
    Case("float32", lambda a: a.astype(np.float32)),
)

_CLASSES = {case.name for case in INTEGERS}
_IN_INT64 = {f"{v} in a cell" for v in (-1, 1000, 1 << 31, 1 << 32, (1 << 63) - 1, -(1 << 63))}
_FINITE = {f"{value} in a cell" for value in (1.5, -1.0, 1e300)}
_LOW = {"-inf in a cell", "-1.0 in a cell"}
_NONE = {"None"}
_EMPTY = {"an empty list", "no numbers", "no rows", "no columns", "a list of lists"}
_RESIZED = {"one short", "one more", "a row short", "a row more"}


def _within(cases: set[str]) -> set[str]:
    return {f"in it: {case}" for case in cases}


# Answered although spoilt, because it means something: (beginning of a function's name, argument)
# -> cases. Where several entries fit, all of them count.
ANSWERED: dict[tuple[str, str], set[str]] = {
    # False, as for whatever is no noise matrix of these priors.
    ("benchmarking.noise_generation", "noise_matrix"): (
        _FINITE | _RESIZED | {"no rows", "nan in a cell", "inf in a cell", "-inf in a cell"}
    ),
    ("benchmarking.noise_generation", "py"): (
        _FINITE
        | {"a list of lists", "a dimension at the end"}
        | {"nan in a cell", "inf in a cell", "-inf in a cell"}
    ),
    # Labels are only compared with each other, so they may be anything.
    ("data_valuation", "labels"): (
        _CLASSES
        | {"a list of None", "a list of text", "None first", "an object first"}
        | {"dates", "structured", "None in a cell", "text in a cell"}
    ),
    ("data_valuation", "features"): _FINITE | {"a column short"},
    # nan is no label; a column short is an annotator less, and a row one model less.
    ("multiannotator.get_", "labels_multiannotator"): (
        {"a column short", "None in a cell", "nan in a cell"}
    ),
    ("multiannotator.get_label_quality_multiannotator_ensemble", "pred_probs"): (
        {"a row short", "a row more"}
    ),
    ("multiannotator.get_active_learning_scores", "pred_probs"): _NONE,
    ("multiannotator.get_active_learning_scores", "pred_probs_unlabeled"): (
        _NONE | {"no rows", "a row short", "a row more"}
    ),
    ("multiannotator.get_majority_vote_label", "pred_probs"): _NONE,
    ("multiannotator.convert_long_to_wide_dataset", "labels_multiannotator_long"): {"one short"},
    # An example may have any number of classes.
    ("multilabel_classification.", "labels"): {"a list of lists"}
    | _within(_EMPTY | {"a row short", "a column short", "a set", "no objects", "one short"}),
    # Any coordinates; and classes that are only compared with those predicted.
    ("object_detection.", "labels"): _within(_FINITE | _IN_INT64),
    ("object_detection.", "predictions"): (
        {"a list of lists"} | _within(_FINITE | _EMPTY | _RESIZED)
    ),
    ("object_detection.rank.issues_from_scores", "label_quality_scores"): _LOW | _EMPTY,
    # Any scores of any number of boxes, one without a list too.
    ("object_detection.rank.pool_box_scores_per_image", "box_scores"): (
        {"a set", "an empty list", "no numbers", "no objects", "a list of lists"}
        | {"one short", "one more"}
        | _within(
            _FINITE | _EMPTY | _RESIZED | {"nan in a cell", "inf in a cell", "-inf in a cell"}
        )
        | _within({"its first item", "a column short", "a number", "a fraction", "nan"})
        | _within({"a 0-d number"})
    ),
    ("regression.rank", "labels"): _FINITE,
    ("regression.rank", "predictions"): _FINITE,
    # Compared with the threshold one by one, in whatever shape.
    ("segmentation.rank.issues_from_scores", "pixel_scores"): (
        _NONE
        | _LOW
        | _EMPTY
        | _RESIZED
        | {"a number", "a fraction", "nan", "a 0-d number", "its first item"}
        | {"a dimension more", "a dimension at the end", "a column short"}
    ),
    ("segmentation.summary.common_label_issues", "issues"): _CLASSES,  # not 0, so true
    ("token_classification.rank.issues_from_scores", "sentence_scores"): _LOW | _EMPTY,
    # No issues, fewer of them, or one counted from the end.
    ("token_classification.summary", "issues"): (
        _EMPTY | _RESIZED | {"a dict", "no objects", "-1 in a cell"}
    ),
    # A token may be whatever can be counted; text, to look for it.
    ("token_classification.summary.common_label_issues", "tokens"): _within(
        _CLASSES | {"dates", "None in a cell", "text in a cell", "a list of None", "a list of text"}
    ),
    ("token_classification.summary.filter_by_token", "tokens"): _within({"a list of text"}),
    ("token_classification.summary.common_label_issues", "labels"): _NONE,
    ("token_classification.summary.common_label_issues", "pred_probs"): _NONE,
}
