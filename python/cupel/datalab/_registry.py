"""The issue types there are, by task: built-in checks in the order they run, then registered ones."""

from __future__ import annotations

import importlib
from difflib import get_close_matches
from typing import TYPE_CHECKING

from cupel._arrays import shown
from cupel.datalab._finding import TASKS, Check

if TYPE_CHECKING:
    from cupel.datalab.issue_manager import IssueManager

__all__ = ["as_task", "checks_of", "custom_managers", "get_check", "register_manager"]

_BUILT_IN = (
    "preflight",
    "null",
    "label",
    "outlier",
    "near_duplicate",
    "non_iid",
    "class_imbalance",
    "underperforming_group",
    "ambiguous",
    "duplicate_conflict",
    "image",
    "spurious_correlations",
    "data_valuation",
    "identifier_column",
)
_custom: dict[str, dict[str, type[IssueManager]]] = {task: {} for task in TASKS}


def as_task(task: object) -> str:
    """Return `task` if it is one."""
    if isinstance(task, str) and task in TASKS:
        return task
    msg = f"task must be one of {', '.join(map(repr, TASKS))}, got {shown(task)}"
    raise ValueError(msg)


def checks_of(task: str) -> dict[str, Check]:
    """Return the built-in checks of a task by name, in the order they run."""
    checks = (importlib.import_module(f"cupel.datalab.checks.{m}").CHECK for m in _BUILT_IN)
    return {check.name: check for check in checks if task in check.needs}


def custom_managers(task: str) -> dict[str, type[IssueManager]]:
    """Return the registered issue managers of a task by issue type."""
    return dict(_custom[task])


def get_check(task: str, name: str) -> Check | None:
    """Return the built-in check of this name; None for a registered issue type.

    Raises
    ------
    ValueError
        If the task has no such issue type.
    """
    checks = checks_of(task)
    if name in checks:
        return checks[name]
    if name in _custom[task]:
        return None
    known = [*checks, *_custom[task]]
    near = get_close_matches(str(name), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    msg = f"{shown(name)} is no issue type of the task {task!r}, which has {', '.join(known)}{hint}"
    raise ValueError(msg)


def register_manager(manager: type[IssueManager], task: str) -> bool:
    """Add an issue type to a task; says whether it takes the place of another."""
    name = manager.issue_name
    replaces = name in _custom[task] or name in checks_of(task)
    _custom[task][name] = manager
    return replaces
