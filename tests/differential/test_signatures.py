"""Every public function and class of cleanlab is here, and takes the same arguments."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest

pytest.importorskip("cleanlab")

from bench.dropin.coverage import public_functions, signature_differences

from cupel.patch import get_patch_map

NAMES = public_functions()


def attribute(package: str, name: str) -> Any:
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(f"{package}.{module}"), last)


def test_nothing_is_missed():
    """Of 25 modules: 78 functions and 4 classes."""
    classes = [name for name in NAMES if inspect.isclass(attribute("cleanlab", name))]
    assert classes == [
        "classification.CleanLearning",
        "experimental.label_issues_batched.LabelInspector",
        "outlier.OutOfDistribution",
        "regression.learn.CleanLearning",
    ]
    assert len({name.rpartition(".")[0] for name in NAMES}) == 25
    assert len(NAMES) == 82


@pytest.mark.parametrize("name", NAMES)
def test_signature(name):
    ours, theirs = attribute("cupel", name), attribute("cleanlab", name)
    assert signature_differences(ours, theirs) == []


@pytest.mark.parametrize("name", NAMES)
def test_is_listed_and_patched(name):
    module, _, last = name.rpartition(".")
    assert last in importlib.import_module(f"cupel.{module}").__all__
    assert get_patch_map()[f"cleanlab.{name}"] == f"cupel.{name}"


def test_only_these_are_patched():
    assert sorted(get_patch_map()) == sorted(f"cleanlab.{name}" for name in NAMES)


# ---- the comparison itself ---------------------------------------------------------------------


def theirs(a, b=1, *, c={}, d=[], **kwargs): ...  # noqa: B006 - as cleanlab has it


class Theirs:
    LIMITS = (0, 1)

    def __init__(self, a=None): ...
    def fit(self, x, *, y=None): ...


def difference_of(ours: Any) -> str:
    return "; ".join(signature_differences(ours, theirs))


def test_same_signatures():
    def same(a, b=1, *, c=None, d=(), nan="raise", **kwargs): ...

    assert difference_of(same) == ""
    assert difference_of(theirs) == ""


def test_different_signatures():
    def renamed(a, bb=1, *, c=None, d=(), **kwargs): ...
    def reordered(b=1, a=2, *, c=None, d=(), **kwargs): ...
    def positional(a, b=1, c=None, *, d=(), **kwargs): ...
    def other_default(a, b=1.0, *, c=None, d=(0,), **kwargs): ...
    def closed(a, b=1, *, c=None, d=()): ...
    def extra_in_the_middle(a, b=1, *, c=None, extra=0, d=(), **kwargs): ...
    def extra_by_position(a, b=1, extra=0, *, c=None, d=(), **kwargs): ...

    assert "b: absent" in difference_of(renamed)
    assert "bb: not in cleanlab" in difference_of(renamed)
    assert "order: b, a, c" in difference_of(reordered)
    assert "c: positional or keyword, cleanlab: keyword-only" in difference_of(positional)
    assert "b: default 1.0, cleanlab: 1" in difference_of(other_default)
    assert "d: default (0,), cleanlab: []" in difference_of(other_default)
    assert difference_of(closed) == "kwargs: absent"
    assert "extra: not in cleanlab" in difference_of(extra_in_the_middle)
    assert "extra: not in cleanlab" in difference_of(extra_by_position)


def test_classes():
    class Ours:
        def __init__(self, a=0): ...
        def fit(self, x, y=None): ...

    assert signature_differences(Theirs, Theirs) == []
    assert signature_differences(Ours, Theirs) == [
        "a: default 0, cleanlab: None",
        "LIMITS: absent",
        "fit: y: positional or keyword, cleanlab: keyword-only",
    ]
