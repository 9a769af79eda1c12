"""Optional packages: imported where they are needed, with the install line where they are missing."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["require"]

_EXTRA_OF = {
    "PIL": "image",
    "cleanlab": "cleanlab",
    "cleanvision": "image",
    "jinja2": "datalab",
    "matplotlib": "plot",
    "narwhals": "datalab",
    "openpyxl": "audit",
    "pandas": "pandas",
    "pyarrow": "cli",
    "scipy": "scipy",
    "sklearn": "sklearn",
    "threadpoolctl": "sklearn",
}


def require(module: str, purpose: str) -> Any:
    """Import `module`, which belongs to an extra, or say how to install it.

    Parameters
    ----------
    module : str
        Dotted name, such as ``"matplotlib.pyplot"``.
    purpose : str
        What needs it, for the message: "get_label_quality_multiannotator".

    Raises
    ------
    ImportError
        If it is not installed; names the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        root = module.partition(".")[0]
        msg = f'{purpose} needs {root}: pip install "cupel[{_EXTRA_OF[root]}]"'
        raise ImportError(msg) from error
