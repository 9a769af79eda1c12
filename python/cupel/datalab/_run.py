"""Runs checks in order. What a check cannot do is kept and told, never swallowed."""

from __future__ import annotations

import inspect
import time
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cupel._arrays import shown
from cupel.datalab._finding import Check, Finding
from cupel.datalab._registry import checks_of, custom_managers, get_check

if TYPE_CHECKING:
    from cupel.datalab._context import Context
    from cupel.datalab._record import AuditRecord
    from cupel.datalab.datalab import Datalab

__all__ = ["CheckFailedWarning", "choose_checks", "run_checks", "widest_k"]

_DEFAULT_K = 10
_WHAT = {
    "labels": "labels",
    "table": "columns besides the label",
    "images": "images (image_key=...)",
}

Parameters = Mapping[str, Any]


class CheckFailedWarning(UserWarning):
    """A check could not be done; `Datalab.errors` says why, for each."""


def choose_checks(
    task: str, available: frozenset[str], issue_types: Mapping[str, Parameters | None] | None
) -> dict[str, Parameters]:
    """Return the issue types to look for, in order, with their parameters.

    Parameters
    ----------
    task : str
        The task.
    available : frozenset of str
        Inputs that are there, in the words of `Check.needs`.
    issue_types : dict of str to dict, or None
        What the caller asked for; None for all defaults that can run.
    """
    if issue_types is None:
        checks = checks_of(task).values()
        return {c.name: {} for c in checks if c.is_default and c.can_run(task, available)}
    if not isinstance(issue_types, Mapping):
        msg = (
            "issue_types must be a dict of issue type to its parameters, such as "
            f"{{'label': {{}}}}, got {type(issue_types).__name__}"
        )
        raise TypeError(msg)
    chosen: dict[str, Parameters] = {}
    for name, parameters in issue_types.items():
        check = get_check(task, name)
        chosen[name] = {} if parameters is None else _as_parameters(name, parameters)
        if check is not None and name not in custom_managers(task):
            _check_parameters(check, chosen[name])
    return chosen


def _as_parameters(name: str, parameters: Any) -> Parameters:
    if not isinstance(parameters, Mapping):
        msg = f"issue_types[{name!r}] must be a dict of parameters, got {shown(parameters)}"
        raise TypeError(msg)
    return dict(parameters)


def _check_parameters(check: Check, parameters: Parameters) -> None:
    unknown = [p for p in parameters if p not in check.parameters]
    if unknown:
        known = ", ".join(check.parameters) or "none"
        msg = f"issue_types[{check.name!r}] has no parameter {unknown[0]!r}; it takes: {known}"
        raise ValueError(msg)


def widest_k(task: str, chosen: Mapping[str, Parameters]) -> int:
    """Return how many neighbours the chosen checks will look at, at most."""
    checks = checks_of(task)
    asked = [
        parameters.get("k", _DEFAULT_K)
        for name, parameters in chosen.items()
        if name in checks and "k" in checks[name].parameters
    ]
    return max((int(k) for k in asked if isinstance(k, (int, np.integer))), default=_DEFAULT_K)


def run_checks(
    lab: Datalab,
    record: AuditRecord,
    context: Context,
    chosen: Mapping[str, Parameters],
    available: frozenset[str],
    *,
    on_error: str,
    tell: Callable[[str], None],
) -> None:
    """Run the checks one by one, and put what they find, or why they failed, into the record."""
    for name, parameters in chosen.items():
        tell(f"Finding {name} issues ...")
        start, searched = time.perf_counter(), context.seconds_of_search
        try:
            findings = _find(lab, context, name, parameters, available)
        except Exception as error:
            if on_error == "raise":
                raise
            record.errors[name] = _in_words(error)
            tell(f"Error in {name}: {error}")
            text = f"the check for {name} issues failed: {record.errors[name]}"
            warnings.warn(text, CheckFailedWarning, stacklevel=3)
            continue
        searched = context.seconds_of_search - searched
        record.seconds[name] = time.perf_counter() - start - searched
        record.errors.pop(name, None)
        for finding in findings:
            # Anew at the end: tables list what was found last after what was found before.
            record.findings.pop(finding.name, None)
            record.findings[finding.name] = finding
            record.parameters[finding.name] = dict(parameters)
    if context.seconds_of_search:
        record.seconds["knn_graph"] = context.seconds_of_search


def _find(
    lab: Datalab, context: Context, name: str, parameters: Parameters, available: frozenset[str]
) -> list[Finding]:
    manager = custom_managers(context.task).get(name)
    if manager is not None:
        return [_find_by_manager(lab, manager, context, parameters)]
    check = checks_of(context.task)[name]
    if not check.can_run(context.task, available | parameters.keys()):
        raise ValueError(_needed(check, context.task))
    found = check.find(context, **parameters)
    return found if isinstance(found, list) else [found]


def _needed(check: Check, task: str) -> str:
    ways = (" and ".join(_WHAT.get(n, n) for n in sorted(way)) for way in check.needs[task])
    return f"needs {', or '.join(ways)}"


def _find_by_manager(
    lab: Datalab, manager: Any, context: Context, parameters: Parameters
) -> Finding:
    """Ask an issue manager of the user's, and check what it says."""
    name = manager.issue_name
    asked = manager(lab, **parameters)
    named = inspect.signature(asked.find_issues).parameters
    inputs = {
        "pred_probs": context.pred_probs,
        "features": context.features,
        "knn_graph": None if context.newest_graph is None else context.newest_graph.to_csr(),
    }
    asked.find_issues(**{p: v for p, v in inputs.items() if p in named}, **parameters)
    frame, summary = asked.issues, asked.summary
    flag, score = f"is_{name}_issue", f"{name}_score"
    if frame is None or summary is None:
        msg = f"find_issues of {manager.__name__} must set self.issues and self.summary"
        raise ValueError(msg)
    missing = [column for column in (flag, score) if column not in frame]
    if missing or len(frame) != context.n_rows:
        msg = (
            f"issues of {manager.__name__} must have the columns {flag} and {score} and "
            f"{context.n_rows} rows, has {', '.join(map(str, frame.columns))} and {len(frame)}"
        )
        raise ValueError(msg)
    others = [column for column in frame.columns if column not in (flag, score)]
    return Finding(
        name,
        np.asarray(frame[flag], dtype=np.bool_),
        np.asarray(frame[score], dtype=np.float64),
        float(summary["score"].iloc[0]),
        dict(asked.info),
        {str(column): np.asarray(frame[column]) for column in others},
    )


def _in_words(error: Exception) -> str:
    text = str(error)
    usual = isinstance(error, (ValueError, TypeError, ImportError)) and text
    return text if usual else f"{type(error).__name__}: {text}"
