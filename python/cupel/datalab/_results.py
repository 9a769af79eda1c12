"""What can be asked of an audit: tables, reasons, what to review first, reports, files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cupel._arrays import shown
from cupel._extras import require
from cupel.datalab import _tables
from cupel.datalab._files import write_atomically
from cupel.datalab._reasons import reasons
from cupel.datalab._worklist import compare_worklists, worklist
from cupel.datalab.report.html import html_report
from cupel.datalab.report.notebook import notebook_summary
from cupel.datalab.report.text import text_report
from cupel.datalab.store.record import save_record

if TYPE_CHECKING:
    import os

    from cupel.datalab._record import AuditRecord

__all__ = ["AuditResults"]


class AuditResults:
    """Results of an audit, as they stand."""

    verbosity: int = 1

    def __init__(self, record: AuditRecord) -> None:
        self._record = record

    # ---- what was given --------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """The data set as it was passed."""
        return self._record.dataset.original

    @property
    def task(self) -> str:
        """``"classification"``, ``"regression"`` or ``"multilabel"``."""
        return self._record.task

    @property
    def label_name(self) -> str | None:
        """The column of labels."""
        return self._record.dataset.label_name

    @property
    def has_labels(self) -> bool:
        """Whether there are labels."""
        return self._record.labels.is_available

    @property
    def labels(self) -> Any:
        """Labels as numbers: classes from 0, values, or lists of classes; empty if there are none."""
        return self._record.labels.in_given_order() if self.has_labels else np.array([])

    @property
    def class_names(self) -> list[Any]:
        """Names of the classes, in the order of the columns of `pred_probs`."""
        return list(self._record.labels.class_names)

    # ---- results ---------------------------------------------------------------------------------

    @property
    def errors(self) -> dict[str, str]:
        """By issue type, why a check could not be done."""
        return dict(self._record.errors)

    @property
    def issues(self) -> Any:
        """Data frame of ``is_<type>_issue`` and ``<type>_score``, one row per example."""
        return _tables.issues_table(self._record)

    @property
    def issue_summary(self) -> Any:
        """Data frame of `issue_type`, `score` and `num_issues`."""
        return _tables.summary_table(self._record)

    @property
    def info(self) -> dict[str, Any]:
        """What else was found, by issue type; ``"statistics"`` of the data set as a whole."""
        graph = self._record.knn_graph
        statistics = dict(self._record.statistics)
        if graph is not None:
            statistics |= {"weighted_knn_graph": graph.to_csr(), "knn_metric": graph.metric}
        found = self._record.findings.values()
        return {"statistics": statistics} | {finding.name: dict(finding.info) for finding in found}

    def get_issues(self, issue_name: str | None = None) -> Any:
        """Return flags and scores of one issue type with its own columns, or of all.

        Parameters
        ----------
        issue_name : str, optional
            One of those looked for.

        Returns
        -------
        pandas.DataFrame
            One row per example.

        Raises
        ------
        ValueError
            If it was not looked for, or its check failed.
        """
        self._check_looked()
        if issue_name is None:
            return self.issues
        return _tables.issue_table(self._record, self._found(issue_name))

    def get_issue_summary(self, issue_name: str | None = None) -> Any:
        """Return overall score and number of issues of one issue type, or of all.

        Raises
        ------
        ValueError
            If it was not looked for, or its check failed.
        """
        self._check_looked()
        table = self.issue_summary
        if issue_name is None:
            return table
        only = table[table["issue_type"] == self._found(issue_name)]
        return only.reset_index(drop=True)

    def get_info(self, issue_name: str | None = None) -> dict[str, Any]:
        """Return what else was found, of one issue type (or ``"statistics"``) or of all.

        Raises
        ------
        ValueError
            If it was not looked for, or its check failed.
        """
        info = self.info
        if issue_name is None:
            return info
        if issue_name not in info:
            self._found(issue_name)
        found: dict[str, Any] = info[issue_name]
        return found | {"class_names": self.class_names} if issue_name == "label" else found

    def get_reasons(self, issue_name: str | None = None, *, rows: Any = None) -> Any:
        """Say why examples are listed.

        Parameters
        ----------
        issue_name : str, optional
            One issue type; when left out, all that the example has.
        rows : array_like of int, optional
            Which examples; when left out, those that have the issue, the worst first.

        Returns
        -------
        pandas.DataFrame
            One row per example, indexed by its row: numbers behind the reason, and `reason`.

        Raises
        ------
        ValueError
            If it was not looked for, or its check failed.
        """
        pandas = require("pandas", "Datalab.get_reasons")
        record = self._record
        if issue_name is not None:
            self._found(issue_name)
        if rows is None and issue_name is not None:
            chosen = record.findings[issue_name].flagged_rows()
        elif rows is None:
            flags = [finding.is_issue for finding in record.listed]
            chosen = np.flatnonzero(np.any(flags, axis=0)) if flags else np.empty(0, np.int64)
        else:
            chosen = _as_rows(rows, record.n_rows)
        return pandas.DataFrame(reasons(record, issue_name, chosen), index=chosen)

    def get_worklist(self, top: int | None = None) -> Any:
        """List what to review first, over all issue types.

        Parameters
        ----------
        top : int, optional
            How many at most.

        Returns
        -------
        pandas.DataFrame
            One row per example: `row`, `row_id`, `issue_types`, `value` (expected examples put
            right by a look), `given_label`, `suggested_label`, `suggested_confidence`, `reason`.
        """
        return _tables.worklist_table(worklist(self._record, top))

    def compare(self, earlier: AuditResults) -> Any:
        """Say which examples of an earlier audit's worklist are new, still there, or resolved.

        Parameters
        ----------
        earlier : Datalab
            An audit of the same data set, or of a part or later state of it.

        Returns
        -------
        pandas.DataFrame
            `row_id`, `status` ("new", "persisting" or "resolved"), `issue_types`, and `is_changed`:
            whether the content of an example that persists is another.
        """
        pandas = require("pandas", "Datalab.compare")
        return pandas.DataFrame(compare_worklists(earlier._record, self._record))

    # ---- reports and files -----------------------------------------------------------------------

    def report(
        self,
        *,
        num_examples: int = 5,
        verbosity: int | None = None,
        include_description: bool = True,
        show_summary_score: bool = False,
        show_all_issues: bool = False,
    ) -> None:
        """Print what was found.

        Parameters
        ----------
        num_examples : int, default 5
            Examples to show of each issue type.
        verbosity : int, optional
            How much to tell besides, 0 to 4.
        include_description : bool
            Whether to say what each issue type means.
        show_summary_score, show_all_issues : bool
            Whether to show overall scores, and issue types that no example has.
        """
        text = text_report(
            self._record,
            num_examples=num_examples,
            verbosity=self.verbosity if verbosity is None else verbosity,
            include_description=include_description,
            show_summary_score=show_summary_score,
            show_all_issues=show_all_issues,
        )
        print(text)  # noqa: T201 - the report is the result

    def to_html(
        self, path: str | os.PathLike[str], *, num_examples: int = 10, title: str | None = None
    ) -> Path:
        """Write the report as one page that needs nothing else: no network, no script.

        Parameters
        ----------
        path : path-like
            Where to; replaced as a whole if it is there.
        num_examples : int, default 10
            Examples to show of each issue type.
        title : str, optional
            Headline of the page.

        Returns
        -------
        Path
            Where it is.

        Raises
        ------
        ImportError
            If Jinja is not installed.
        """
        page = html_report(self._record, num_examples=num_examples, title=title)
        return write_atomically(Path(path), page.encode("utf-8", "replace"))

    def save(self, path: str | os.PathLike[str], force: bool = False) -> None:
        """Write the audit into one file, without `pred_probs` and features.

        Parameters
        ----------
        path : path-like
            The file.
        force : bool, default False
            Whether to replace one that is there.

        Raises
        ------
        FileExistsError
            If it is there.

        Notes
        -----
        Written to a file beside it, then renamed: there is never half an audit. Arrays and JSON
        with checksums, no pickle.
        """
        save_record(self._record, path, force=force)

    def __repr__(self) -> str:
        """Say what it is in a line."""
        facts = ", ".join(f"{k.lower().replace(' ', '_')}={v}" for k, v in self._facts().items())
        return f"Datalab({facts})"

    def __str__(self) -> str:
        """Say what it is in lines."""
        return "\n".join(["Datalab:", *(f"{k}: {v}" for k, v in self._facts().items())])

    def _repr_html_(self) -> str:
        return notebook_summary(self._record)

    def _facts(self) -> dict[str, Any]:
        found = self._record.listed
        return {
            "Task": self.task.capitalize(),
            "Checks run": "Yes" if found else "No",
            "Number of examples": self._record.n_rows,
            "Number of classes": self._record.statistics.get("num_classes", "Unknown"),
            "Issues identified": sum(f.num_issues for f in found) if found else "Not checked",
        }

    def _check_looked(self) -> None:
        if not self._record.findings:
            msg = "nothing was looked for yet; call find_issues first"
            raise ValueError(msg)

    def _found(self, issue_name: str) -> str:
        """Return the name of an issue type if it was looked for."""
        record = self._record
        if issue_name in record.findings:
            return issue_name
        if issue_name in record.errors:
            msg = f"the check for {issue_name!r} failed: {record.errors[issue_name]}"
        else:
            known = ", ".join(record.findings) or "nothing yet"
            msg = f"{shown(issue_name)} was not looked for; find_issues looked for {known}"
        raise ValueError(msg)


def _as_rows(rows: Any, n_rows: int) -> NDArray[np.int64]:
    chosen = np.asarray(rows)
    if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
        msg = f"rows must be row numbers, got {shown(rows)}"
        raise TypeError(msg)
    chosen = chosen.astype(np.int64, copy=False)
    bad = (chosen < 0) | (chosen >= n_rows)
    if bad.any():
        msg = f"rows[{int(bad.argmax())}] is {chosen[bad][0]}, expected a row in [0, {n_rows})"
        raise ValueError(msg)
    return chosen
