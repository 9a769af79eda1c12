"""The audit of a whole data set: every issue type, a list of what to review first, a report.

The interface of cleanlab 2.9.0's Datalab; ``docs/audit.md`` is the guide.
"""

from cupel.datalab._dataset import DataFormatError, DatasetDictError, DatasetLoadError
from cupel.datalab._run import CheckFailedWarning
from cupel.datalab.checks.preflight import PreflightWarning, preflight
from cupel.datalab.datalab import Datalab
from cupel.datalab.issue_manager import IssueManager, register
from cupel.datalab.reading.table import read_table

__all__ = [
    "CheckFailedWarning",
    "DataFormatError",
    "Datalab",
    "DatasetDictError",
    "DatasetLoadError",
    "IssueManager",
    "PreflightWarning",
    "preflight",
    "read_table",
    "register",
]
