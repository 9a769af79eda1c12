"""Issue types of your own: subclass `IssueManager`, then `register` the class."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from cupel._arrays import shown
from cupel._extras import require
from cupel.datalab._registry import as_task, register_manager

if TYPE_CHECKING:
    from cupel.datalab.datalab import Datalab

__all__ = ["IssueManager", "register"]


class IssueManager:
    """Base of issue types of your own, as in cleanlab.

    A subclass has a class variable `issue_name`, and a method `find_issues` that sets

    * ``self.issues``, a data frame of one row per example with the columns ``is_<name>_issue``
      (bool) and ``<name>_score`` (in [0, 1], lower is worse), and any others,
    * ``self.summary``, made by ``self.make_summary(score)``,
    * ``self.info``, a dict of whatever else it found.

    It is given what ``issue_types={name: {...}}`` holds, and those of ``pred_probs``, ``features``
    and ``knn_graph`` that its signature names.

    Parameters
    ----------
    datalab : Datalab
        The audit that asks for it.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from cupel.datalab import Datalab, IssueManager, register
    >>> class Shouting(IssueManager):
    ...     issue_name = "shouting"
    ...
    ...     def find_issues(self, **_):
    ...         texts = self.datalab.data["text"]
    ...         loud = np.array([text.isupper() for text in texts])
    ...         self.issues = pd.DataFrame(
    ...             {"is_shouting_issue": loud, self.issue_score_key: 1.0 - loud}
    ...         )
    ...         self.summary = self.make_summary(1.0 - loud.mean())
    >>> lab = Datalab({"text": ["hello", "HELP"]}, verbosity=0)
    >>> _ = register(Shouting)
    >>> lab.find_issues(issue_types={"shouting": {}})
    >>> lab.get_issues("shouting")["is_shouting_issue"].tolist()
    [False, True]
    """

    issue_name: ClassVar[str]
    issue_score_key: ClassVar[str]
    description: ClassVar[str] = ""
    verbosity_levels: ClassVar[dict[int, list[str]]] = {0: [], 1: [], 2: [], 3: []}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Name the column of scores after the issue type."""
        super().__init_subclass__(**kwargs)
        name = getattr(cls, "issue_name", None)
        if not isinstance(name, str) or not name:
            msg = f"{cls.__name__} needs a class variable issue_name, the name of its issue type"
            raise TypeError(msg)
        cls.issue_score_key = f"{name}_score"

    def __init__(self, datalab: Datalab, **_: Any) -> None:
        self.datalab = datalab
        self.issues: Any = None
        self.summary: Any = None
        self.info: dict[str, Any] = {}

    def find_issues(self, *args: Any, **kwargs: Any) -> None:
        """Set `issues`, `summary` and `info`."""
        raise NotImplementedError

    def collect_info(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Return what else was found."""
        return self.info

    @classmethod
    def make_summary(cls, score: float) -> Any:
        """Return the frame of one row with this overall score, which must be in [0, 1]."""
        if not 0 <= score <= 1:
            msg = f"score of {cls.issue_name} must be in [0, 1], got {shown(score)}"
            raise ValueError(msg)
        pandas = require("pandas", "IssueManager.make_summary")
        return pandas.DataFrame({"issue_type": [cls.issue_name], "score": [score]})


Manager = TypeVar("Manager", bound=type[IssueManager])


def register(manager: Manager, task: str = "classification") -> Manager:
    """Make an issue type of your own known; usable as a decorator.

    Parameters
    ----------
    manager : subclass of IssueManager
        Its `issue_name` is the name to ask for in ``issue_types``.
    task : {"classification", "regression", "multilabel"}
        The task whose audits may ask for it.

    Returns
    -------
    type
        `manager` itself.

    Raises
    ------
    ValueError
        If it is no subclass of `IssueManager`, or there is no such task.

    Warns
    -----
    UserWarning
        If it takes the place of another issue type of this name.
    """
    given: object = manager
    if not (isinstance(given, type) and issubclass(given, IssueManager)):
        msg = f"manager must be a subclass of cupel.datalab.IssueManager, got {shown(manager)}"
        raise ValueError(msg)  # noqa: TRY004 - as cleanlab
    if register_manager(manager, as_task(task)):
        text = f"{manager.__name__} takes the place of the issue type {manager.issue_name!r}"
        warnings.warn(text, UserWarning, stacklevel=2)
    return manager
