"""Dates and times as numbers a model can use."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cupel._extras import require

__all__ = ["date_numbers"]

_NEARLY_ALL = 0.98
_LOOK_AT = 20  # cells that must look like dates before all are read as such
_LIKE_A_DATE = re.compile(
    r"\s*\d{1,4}[-/.](?:\d{1,2}|[A-Za-z]{3,9})[-/.]\d{1,4}(?:[ T].*)?\s*"  # 2024-05-31, 31/May/24
    r"|\s*\d{1,2} [A-Za-z]{3,9}\.? \d{4}.*|\s*[A-Za-z]{3,9}\.? \d{1,2},? \d{4}.*"  # 31 May 2024
)


def date_numbers(values: NDArray[Any]) -> dict[str, NDArray[np.float64]] | None:
    """Return day, month, weekday and hour of dates, nan where missing; None if they are no dates.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Of datetime64, or objects: strings, dates or times, None where missing.
    """
    times = values if values.dtype.kind == "M" else _parsed(values)
    if times is None or np.isnat(times).all():
        return None
    missing = np.isnat(times)
    days = times.astype("datetime64[D]")
    seconds = (times.astype("datetime64[s]") - days).astype(np.float64)
    parts = {
        "day": days.astype(np.int64),
        "month": days.astype("datetime64[M]").astype(np.int64) % 12 + 1,
        "weekday": (days.astype(np.int64) + 3) % 7,
        "hour": np.floor(seconds / 3_600),
    }
    return {name: np.where(missing, np.nan, part) for name, part in parts.items()}


def _parsed(values: NDArray[Any]) -> NDArray[np.datetime64] | None:
    present = [value for value in values if value is not None and value != ""]
    strings = [value for value in present[:_LOOK_AT] if isinstance(value, str)]
    if not all(map(_LIKE_A_DATE.fullmatch, strings)):
        return None
    pandas = require("pandas", "fit_baseline with columns of dates")
    with warnings.catch_warnings():  # that formats differ from row to row is all right
        warnings.simplefilter("ignore", UserWarning)
        try:
            times = pandas.to_datetime(values, errors="coerce", utc=True, format="mixed")
        except (TypeError, ValueError):  # no dates at all
            return None
    times = np.asarray(times.tz_localize(None), dtype="datetime64[s]")
    read = int((~np.isnat(times)).sum())
    return times if present and read >= _NEARLY_ALL * len(present) else None
