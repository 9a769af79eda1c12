"""Every drop-in function answers a malformed argument by naming it; other layouts change nothing."""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib
import inspect
import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest

for extra in ("pandas", "scipy", "sklearn"):
    pytest.importorskip(extra)

from cupel._errors import InvalidArgumentError, WrongKindError
from cupel.benchmarking.noise_generation import generate_noisy_labels
from dropin_calls import CALLS, METHODS, inspected
from hostile.bad_dropin import (
    ANSWERED,
    ARRAYS,
    FLOATS,
    INSTEAD,
    INTEGERS,
    NARROW,
    SAME,
    Case,
)
from stress.test_dropin_threads import bytes_of

ELSEWHERE = ("count.", "filter.", "outlier.", "rank.")  # see test_bad_inputs and test_features
OPTIONS = {
    "X",
    "clf",
    "class_index",
    "k",
    "seed",
    "threshold",
    "token",
    "verbose",
}  # X is the model's to check
DELIBERATE = (TypeError, ValueError, InvalidArgumentError, WrongKindError)
DOCUMENTED = {  # other types, which cleanlab raises and the functions document
    "multiannotator.convert_long_to_wide_dataset": KeyError,
    "object_detection.": KeyError,
    "token_classification.summary.": IndexError,
}
# The result holds the very items of these, of whatever type they are.
RETURNED = {("token_classification.summary.filter_by_token", "issues")}
NAMES_OF_METHODS = {
    "classification.CleanLearning": ("X", "labels", "clf"),
    "experimental.label_issues_batched.LabelInspector": ("labels", "pred_probs"),
}
ADAPTERS = {
    **METHODS,
    "experimental.label_issues_batched.LabelInspector": lambda make, args, _: inspected(
        make(), *args
    ),
}
FUNCTIONS = [name for name, _ in CALLS if not name.startswith(ELSEWHERE)]


class Function(NamedTuple):
    """A function, its well-formed arguments and the names of all it has."""

    name: str
    call: Callable[[dict[str, Any]], Any]
    arguments: dict[str, Any]
    names: tuple[str, ...]

    @classmethod
    def of(cls, name: str) -> Function:
        module, _, last = name.rpartition(".")
        function = getattr(importlib.import_module(f"cupel.{module}"), last)
        args, kwargs = dict(CALLS)[name](1)
        if name in METHODS:
            names = NAMES_OF_METHODS[name]
            if name.endswith("LabelInspector"):  # of as many classes, whatever is passed later
                function = functools.partial(function, num_class=args[1].shape[1], verbose=False)
            return cls(
                name,
                lambda given: ADAPTERS[name](function, tuple(given.values()), kwargs),
                dict(zip(names, args, strict=True)),
                names,
            )
        signature = inspect.signature(function)
        bound = dict(signature.bind(*args, **kwargs).arguments)
        return cls(name, lambda given: function(**given), bound, tuple(signature.parameters))

    def __call__(self, **spoilt: Any) -> Any:
        """Call it with some arguments replaced; the others are copies."""
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about few examples, and the like
            return self.call({**copy.deepcopy(self.arguments), **spoilt})

    def outcome(self, **spoilt: Any) -> Any:
        """Return the answer, or None for a refusal that names an argument."""
        try:
            return self(**spoilt)
        except DELIBERATE as error:
            if type(error) not in DELIBERATE or not self.named_in(error):
                raise
        except (IndexError, KeyError) as error:
            kinds = [kind for part, kind in DOCUMENTED.items() if self.name.startswith(part)]
            if type(error) not in kinds or not self.named_in(error):
                raise
        return None

    def named_in(self, error: Exception) -> bool:
        return any(re.search(rf"\b{name}\b", str(error)) for name in self.names)

    def data(self) -> Iterator[tuple[str, Any]]:
        for argument, x in self.arguments.items():
            if argument not in OPTIONS:
                yield argument, x

    def answered(self, argument: str) -> set[str]:
        parts = [
            cases
            for (part, of), cases in ANSWERED.items()
            if of == argument and self.name.startswith(part)
        ]
        return set().union(*parts)


Path = tuple[Any, ...]


def leaf_paths(x: Any) -> Iterator[Path]:
    """Yield where the first arrays (or lists of scalars) in nested data are."""
    if isinstance(x, np.ndarray) and x.dtype != object:
        yield ()
    elif isinstance(x, dict):
        for key in x:
            yield (key,)
    elif isinstance(x, (list, np.ndarray)):
        for i, item in enumerate(x):
            if not isinstance(item, (list, dict, np.ndarray)):
                yield ()
                return
            if all(map(len, item.values())) if isinstance(item, dict) else len(item):
                for path in leaf_paths(item):
                    yield (i, *path)
                return


def at(x: Any, path: Path) -> Any:
    for step in path:
        x = x[step]
    return x


def with_leaf(x: Any, path: Path, leaf: Any) -> Any:
    """Return nested data with one leaf replaced."""
    if not path:
        return leaf
    out = x.copy()
    out[path[0]] = with_leaf(x[path[0]], path[1:], leaf)
    return out


def spoilt(
    x: Any, path: Path, cases: tuple[Case, ...], *, array: bool
) -> Iterator[tuple[str, Any]]:
    """Yield (name of a case, `x` with the leaf at `path` spoilt)."""
    leaf = np.asarray(at(x, path)) if array else at(x, path)
    for case in cases:
        with contextlib.suppress(IndexError, KeyError, ValueError):  # no such case of this leaf
            made = case.make(leaf)
            yield "in it: " * bool(path) + case.name, with_leaf(x, path, made)


def malformed(x: Any) -> Iterator[tuple[str, Any]]:
    yield from spoilt(x, (), INSTEAD, array=False)
    for path in leaf_paths(x):
        values = FLOATS if np.asarray(at(x, path)).dtype.kind == "f" else INTEGERS
        yield from spoilt(x, path, ARRAYS + values, array=True)
        if path:
            yield from spoilt(x, path, INSTEAD, array=False)


def same(answer: Any, expected: bytes) -> bool:
    try:
        return bytes_of(answer) == expected
    except ValueError:  # not of the same kind at all
        return False


@pytest.fixture(params=FUNCTIONS)
def function(request: pytest.FixtureRequest) -> Function:
    return Function.of(request.param)


def test_malformed_is_refused_by_name(function: Function) -> None:
    expected = bytes_of(function())
    accidents, silent = [], []
    for argument, x in function.data():
        may_be_answered = function.answered(argument)
        for case, bad in malformed(x):
            try:
                answer = function.outcome(**{argument: bad})
            except Exception as error:  # noqa: BLE001 - whatever it is
                accidents.append(f"{argument}, {case}: {type(error).__name__}: {error}")
                continue
            if answer is not None and case not in may_be_answered and not same(answer, expected):
                silent.append(f"{argument}, {case}")
    assert accidents == []
    assert silent == []


def test_other_layouts_change_nothing(function: Function) -> None:
    expected = bytes_of(function())
    different = []
    for argument, x in function.data():
        for path in leaf_paths(x):
            if (function.name, argument) in RETURNED:
                continue
            for case, other in spoilt(x, path, SAME, array=True):
                answer = function.outcome(**{argument: other})
                if answer is not None and bytes_of(answer) != expected:
                    different.append(f"{argument}, {case}")
    assert different == []


def test_fewer_bits_are_close(function: Function) -> None:
    for argument, x in function.data():
        for path in leaf_paths(x):
            leaf = np.asarray(at(x, path))
            if leaf.dtype.kind != "f":
                continue
            for case in NARROW:
                narrow = case.make(leaf)
                answer = function.outcome(**{argument: with_leaf(x, path, narrow)})
                wide = with_leaf(x, path, narrow.astype(np.float64))
                assert_close(answer, function.outcome(**{argument: wide}), f"{argument}, {case}")


def assert_close(answer: Any, expected: Any, what: str) -> None:
    """Both are refused, or floats are within some steps of float16 and all else is equal."""
    if hasattr(expected, "columns") or isinstance(expected, Mapping):
        assert list(answer) == list(expected), what
        answer, expected = ([dict(x.items())[key] for key in expected] for x in (answer, expected))
    if isinstance(expected, (list, tuple)):
        assert len(answer) == len(expected), what
        for one, other in zip(answer, expected, strict=True):
            assert_close(one, other, what)
        return
    got, wanted = np.asarray(answer), np.asarray(expected)
    if wanted.dtype.kind == "f":
        np.testing.assert_allclose(got.astype(float), wanted.astype(float), atol=0.01, err_msg=what)
    else:
        np.testing.assert_array_equal(got, wanted, err_msg=what)


@pytest.mark.parametrize("rows", [0, 1])
def test_hardly_any_rows(function: Function, rows: int) -> None:
    lengths = [len(x) for _, x in function.data() if hasattr(x, "__len__")]
    few = {
        argument: x[:rows]
        for argument, x in function.data()
        if hasattr(x, "__len__") and len(x) == lengths[0]
    }
    function.outcome(**few)


def test_noisy_labels() -> None:
    """Not among the calls, since it draws from NumPy's generator: answers are not compared."""
    noise = np.array([[0.5, 0.0, 0.1], [0.5, 1.0, 0.1], [0.0, 0.0, 0.8]])
    good = {"true_labels": np.array([0, 0, 1, 1, 1, 2, 2]), "noise_matrix": noise}
    function = Function("", lambda given: generate_noisy_labels(**given), good, tuple(good))
    for argument, x in good.items():
        answers = [
            case for case, bad in malformed(x) if function.outcome(**{argument: bad}) is not None
        ]
        assert argument == "true_labels" or set(answers) <= {"1.5 in a cell", "1e+300 in a cell"}


def test_there_are_enough() -> None:
    assert len(FUNCTIONS) >= 45
    assert len(INSTEAD) + len(ARRAYS) + len(FLOATS) + len(INTEGERS) >= 60
