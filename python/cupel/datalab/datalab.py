"""The audit of a whole data set: one call, every issue type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cupel._validate import as_choice
from cupel.datalab._dataset import Dataset, Labels
from cupel.datalab._inputs import available_inputs, load_inputs
from cupel.datalab._record import AuditRecord
from cupel.datalab._registry import as_task, checks_of, custom_managers
from cupel.datalab._results import AuditResults
from cupel.datalab._run import choose_checks, run_checks, widest_k
from cupel.datalab.store.fingerprint import fingerprint
from cupel.datalab.store.record import load_record

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

__all__ = ["Datalab"]

# Not in cleanlab: left out of the health score, which is the same as there.
_BEYOND_CLEANLAB = {"preflight", "ambiguous", "duplicate_conflict", "identifier_column"}


class Datalab(AuditResults):
    """Audit of a data set, with the interface of cleanlab 2.9.0's class of this name.

    Parameters
    ----------
    data : dict, list of dict, data frame, Arrow table, Hugging Face Dataset, str or Path
        The examples: columns of equal length (pandas, polars and whatever else narwhals knows), or
        the path of a CSV, JSON, Parquet or Excel file, or of a folder of images.
    task : {"classification", "regression", "multilabel"}
        What the labels are.
    label_name : str, optional
        The column of labels. Without it, checks that need labels are left out.
    image_key : str, optional
        The column of images.
    verbosity : int, default 1
        0 prints nothing while searching.
    id_name : str, optional
        The column of names of rows, to know them again in other lists; row numbers when left out.
    split_name : str, optional
        The column that says which split or fold a row is in, to find duplicates across.

    Raises
    ------
    TypeError, ValueError
        If the data are no such thing; the message names the column and the row.

    Notes
    -----
    Nothing is changed in the data. The interface is cleanlab's; results agree with it on all issue
    types that it has.

    Examples
    --------
    >>> import numpy as np
    >>> from cupel import Datalab
    >>> probs = np.array([[0.9, 0.1]] * 19 + [[0.2, 0.8]] * 19)
    >>> lab = Datalab({"y": ["cat"] * 18 + ["dog"] * 20}, label_name="y", verbosity=0)
    >>> lab.find_issues(pred_probs=probs)
    >>> lab.get_issues("label").query("is_label_issue")[["given_label", "predicted_label"]]
       given_label predicted_label
    18         dog             cat
    """

    def __init__(
        self,
        data: Any,
        task: str = "classification",
        label_name: str | None = None,
        image_key: str | None = None,
        verbosity: int = 1,
        *,
        id_name: str | None = None,
        split_name: str | None = None,
    ) -> None:
        task = as_task(task)
        dataset = Dataset.load(
            data,
            label_name=label_name,
            image_key=image_key,
            id_name=id_name,
            split_name=split_name,
        )
        record = AuditRecord(task, dataset, Labels.load(dataset, task))
        record.statistics.update(_statistics(record))
        if record.labels.is_available:
            record.fingerprints["labels"] = fingerprint(record.labels.values)
        super().__init__(record)
        self.verbosity = verbosity

    def find_issues(
        self,
        *,
        pred_probs: Any = None,
        features: Any = None,
        knn_graph: Any = None,
        issue_types: Mapping[str, Mapping[str, Any] | None] | None = None,
        on_error: str = "warn",
        n_jobs: int | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        """Look for every issue type that the inputs allow, or for the ones asked for.

        Parameters
        ----------
        pred_probs : array_like of float, shape (n, k), optional
            Out-of-sample probabilities, columns in the order of `class_names`. For the task
            regression the predicted values, shape (n,).
        features : array_like of float, shape (n, d), or data frame, optional
            One row per example; embeddings, say.
        knn_graph : sparse matrix, KnnGraph, or tuple of (distances, indices), optional
            Nearest neighbours; they win over features.
        issue_types : dict of str to dict, optional
            Issue types to look for, with their parameters; see `list_possible_issue_types`. When
            left out, all of `list_default_issue_types` that the inputs suffice for.
        on_error : {"warn", "raise"}
            What to do when a check fails: go on with the others, keep the reason in `errors` and
            warn, or stop.
        n_jobs : int, optional
            Threads to use; -1 for all. The result does not depend on it.
        progress : callable, optional
            Told the fraction of the search of neighbours that is done.

        Raises
        ------
        TypeError, ValueError
            If an input does not describe the rows of the data set, or there is no such issue type
            or parameter.

        Warns
        -----
        CheckFailedWarning
            For every check that failed.

        Notes
        -----
        Neighbours are searched once for all checks. Later calls add issue types, and replace those
        that they look for again; the graph is kept for them.
        """
        as_choice(on_error, ("warn", "raise"), name="on_error")
        record = self._record
        context = load_inputs(
            record,
            pred_probs=pred_probs,
            features=features,
            knn_graph=knn_graph,
            n_jobs=n_jobs,
            progress=progress,
        )
        available = available_inputs(context)
        chosen = choose_checks(record.task, available, issue_types)
        context.widest_k = widest_k(record.task, chosen)
        run_checks(self, record, context, chosen, available, on_error=on_error, tell=self._tell)
        record.knn_graph = context.newest_graph
        record.statistics["health_score"] = _health(record)
        found = sum(finding.num_issues for finding in record.listed)
        self._tell(f"\nAudit complete. {found} issues found in the dataset.")

    def _tell(self, text: str) -> None:
        if self.verbosity > 0:
            print(text)  # noqa: T201 - as cleanlab; verbosity=0 keeps silent

    def list_possible_issue_types(self) -> list[str]:
        """Issue types that can be asked for in this task."""
        return list(dict.fromkeys([*checks_of(self.task), *custom_managers(self.task)]))

    def list_default_issue_types(self) -> list[str]:
        """Issue types that are looked for when none are named, as far as the inputs suffice."""
        return [name for name, check in checks_of(self.task).items() if check.is_default]

    @staticmethod
    def load(path: str | os.PathLike[str], data: Any = None) -> Datalab:
        """Read an audit that `save` wrote.

        Parameters
        ----------
        path : path-like
            The file.
        data : optional
            The data set, as passed to the constructor. Without it the audit has what was saved of
            it: columns of numbers and text.

        Returns
        -------
        Datalab
            As it was saved.

        Raises
        ------
        ValueError
            If the file is damaged, changed, of a newer version, or no audit; or `data` are not the
            ones that were audited.
        """
        lab = object.__new__(Datalab)
        AuditResults.__init__(lab, load_record(path, data))
        return lab


def _statistics(record: AuditRecord) -> dict[str, Any]:
    known: dict[str, Any] = {
        "num_examples": record.n_rows,
        "multi_label": False,
        "health_score": None,
    }
    if record.labels.is_available and record.task != "regression":
        names = list(record.labels.class_names)
        known |= {"class_names": names, "num_classes": len(names)}
    return known


def _health(record: AuditRecord) -> float | None:
    """Mean of the overall scores, of the issue types that cleanlab has."""
    scores = [f.summary_score for f in record.listed if f.name not in _BEYOND_CLEANLAB]
    return float(np.mean(scores)) if scores else None
