"""Existing code that uses cleanlab, run by cupel.

:func:`patch_cleanlab` makes the names of an installed cleanlab 2.9.0 mean the functions and classes
of cupel, :func:`unpatch_cleanlab` takes that back. Nothing on disk changes. From a shell, for a
script that is left as it is::

    python -m cupel.patch script.py arguments
    python -m cupel.patch --verify -m module arguments

Importing this module imports nothing of cleanlab.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from cupel.patch._report import CupelDifferenceWarning, Difference
from cupel.patch._state import patcher

__all__ = [
    "CupelDifferenceWarning",
    "Difference",
    "get_differences",
    "get_patch_map",
    "is_patched",
    "patch_cleanlab",
    "patched_cleanlab",
    "unpatch_cleanlab",
]


def patch_cleanlab(*, verify: bool = False) -> None:
    """Let the public names of an installed cleanlab mean cupel's functions and classes.

    They are replaced in the modules that define them and in every module loaded so far that has a
    global name for them, by whatever name: modules of cleanlab, of other packages, of yours, and
    ``__main__``. Modules loaded later find them where cleanlab defines them. What else refers to
    cleanlab's objects keeps them: class attributes, default arguments, closures, containers,
    instances of its classes and classes that derive from them.

    Calling it again covers modules that got cleanlab's objects in some other way meanwhile.

    Parameters
    ----------
    verify : bool, default False
        Run cleanlab as well, on copies of the arguments, and report each result that differs by
        a :class:`CupelDifferenceWarning` and in :func:`get_differences`. What is returned is
        cupel's. Slower than cleanlab alone.

    Raises
    ------
    ImportError
        If cleanlab is not installed.
    RuntimeError
        If another version of cleanlab is installed.

    See Also
    --------
    patched_cleanlab : the same for a block of code.

    Notes
    -----
    Thread-safe. Imports the modules of both packages, about two seconds, then costs a look at every
    global name that is loaded, some milliseconds. Calls cost what cupel's function costs.

    Under `verify`, an instance of a class has an instance of cleanlab's class behind it, and public
    methods are called on both; attributes that are set are not passed on. Not compared: functions
    that draw, classes derived from cleanlab's, copies and pickles of instances, calls with arguments
    that only cupel has. Compared calls run one at a time.

    Examples
    --------
    >>> import cleanlab.filter
    >>> from cupel.patch import patch_cleanlab, unpatch_cleanlab
    >>> patch_cleanlab()
    >>> cleanlab.filter.find_label_issues.__module__
    'cupel.filter'
    >>> unpatch_cleanlab()
    []
    """
    patcher.patch(verify=verify, purpose="patch_cleanlab")


def unpatch_cleanlab() -> list[str]:
    """Bind every name that was replaced to the object that was there before.

    Blocks of :func:`patched_cleanlab` that are running lose their patch too. Does nothing if
    cleanlab is not patched.

    Returns
    -------
    list of str
        Dotted names that mean something else by now, because somebody else replaced them. They are
        left alone, and a `RuntimeWarning` lists them.

    Notes
    -----
    Thread-safe. A module that was loaded while cleanlab was patched keeps what it imported by name,
    unless it is one of cleanlab's, or `verify` was on.

    Examples
    --------
    >>> from cupel.patch import is_patched, unpatch_cleanlab
    >>> unpatch_cleanlab()
    []
    >>> is_patched()
    False
    """
    return patcher.unpatch()


def is_patched() -> bool:
    """Say whether cleanlab's names mean cupel's functions and classes now.

    Examples
    --------
    >>> from cupel.patch import is_patched, patched_cleanlab
    >>> with patched_cleanlab():
    ...     is_patched()
    True
    >>> is_patched()
    False
    """
    return patcher.is_patched


@contextlib.contextmanager
def patched_cleanlab(*, verify: bool = False) -> Iterator[None]:
    """Patch cleanlab for a block of code.

    Parameters
    ----------
    verify : bool, default False
        As for :func:`patch_cleanlab`.

    Raises
    ------
    ImportError
        If cleanlab is not installed.
    RuntimeError
        If another version of cleanlab is installed.

    Notes
    -----
    For the whole process, not for the thread. Blocks may be nested and overlap in several threads:
    the one entered last, of those still running, says how cleanlab is patched, and what was before
    is back after the last one.

    Examples
    --------
    >>> import cleanlab.rank
    >>> from cupel.patch import patched_cleanlab
    >>> with patched_cleanlab():
    ...     cleanlab.rank.get_label_quality_scores.__module__
    'cupel.rank'
    >>> cleanlab.rank.get_label_quality_scores.__module__
    'cleanlab.rank'
    """
    request = patcher.enter(verify=verify, purpose="patched_cleanlab")
    try:
        yield
    finally:
        patcher.leave(request)


def get_patch_map() -> dict[str, str]:
    """List what is replaced, or would be.

    Returns
    -------
    dict of str to str
        cleanlab's dotted names, where they are defined, and cupel's.

    Raises
    ------
    ImportError
        If cleanlab is not installed.
    RuntimeError
        If another version of cleanlab is installed.

    Examples
    --------
    >>> from cupel.patch import get_patch_map
    >>> get_patch_map()["cleanlab.filter.find_label_issues"]
    'cupel.filter.find_label_issues'
    """
    return patcher.map("get_patch_map")


def get_differences() -> list[Difference]:
    """Return what ``verify=True`` found since it was last switched on, in order.

    Examples
    --------
    >>> import numpy as np
    >>> from cleanlab import rank
    >>> from cupel.patch import get_differences, patched_cleanlab
    >>> labels, pred_probs = np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]])
    >>> with patched_cleanlab(verify=True):
    ...     scores = rank.get_label_quality_scores(labels, pred_probs)
    >>> get_differences()
    []
    """
    return patcher.differences
