"""The whole list as a table, and files that are either complete or not there."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from cupel.cli.errors import CliError, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from cupel.cli.audit import Audit
    from cupel.cli.csvstyle import CsvStyle

__all__ = [
    "check_output",
    "id_array",
    "json_document",
    "json_rows",
    "json_text",
    "label_array",
    "suspects_table",
    "write_table",
]

_JSON_ROWS = 4_096  # rows turned into Python objects at a time
_STALE_SECONDS = 3_600


def suspects_table(audit: Audit, ids: Any = None) -> Any:
    """Build the ranked list as a pyarrow table.

    Parameters
    ----------
    audit : Audit
        The audit.
    ids : pyarrow array, optional
        Id of each row of the input, for a column ``id``.

    Returns
    -------
    pyarrow.Table
        Columns row, [id,] given_label, suggested_label, score, given_prob, suggested_prob,
        suggested_threshold, and with the posterior error_probability and suggested_posterior;
        worst first. Labels are class names where they are known. Numbers are
        float64; narrower scores are widened, which is exact. A class without examples has no
        threshold: null.
    """
    threshold = audit.thresholds[audit.suggested]
    columns: dict[str, Any] = {"row": pa.array(audit.rows)}
    if ids is not None:
        columns["id"] = id_array(ids, audit.rows)
    columns |= {
        "given_label": label_array(audit.given, audit.class_names),
        "suggested_label": label_array(audit.suggested, audit.class_names),
        "score": pa.array(audit.scores.astype(np.float64)),
        "given_prob": pa.array(audit.given_probs),
        "suggested_prob": pa.array(audit.suggested_probs),
        "suggested_threshold": pa.array(threshold, mask=np.isnan(threshold)),
    }
    if audit.posterior is not None:
        columns |= {
            "error_probability": pa.array(audit.posterior.error_probability),
            "suggested_posterior": pa.array(audit.posterior.suggested_probability),
        }
    return pa.table(columns)


def json_document(
    audit: Audit,
    table: Any,
    about: dict[str, Any],
    *,
    summary: dict[str, Any] | None = None,
    lists: dict[str, Iterable[dict[str, Any]]] | None = None,
) -> Iterator[str]:
    """Yield the text of one JSON document: what was run, summary, classes, pairs and the list.

    Parameters
    ----------
    audit : Audit
        The audit.
    table : pyarrow.Table
        The rows of the list to tell, from :func:`suspects_table`.
    about : dict
        What was run: told first, as it is.
    summary, lists : dict, optional
        More for the summary; more lists, after that of the suspects.
    """
    document = {
        **about,
        "summary": {
            "rows": audit.n_rows,
            "rows_left_out": audit.n_dropped,
            "classes": audit.n_classes,
            "suspects": audit.n_suspects,
            "share_of_suspects": audit.share,
            "estimated_label_errors": audit.estimated_errors,
            **_standard_error(audit),
            **(summary or {}),
        },
        "classes": [_class_document(audit, k) for k in range(audit.n_classes)],
        "confused_pairs": [
            {
                "given_label": audit.name(a) if audit.class_names is not None else a,
                "suggested_label": audit.name(b) if audit.class_names is not None else b,
                "suspects": count,
            }
            for a, b, count in audit.confused_pairs()
        ],
    }
    return json_text(document, {"suspects": _with_reasons(audit, table), **(lists or {})})


def _standard_error(audit: Audit) -> dict[str, float]:
    if audit.posterior is None:
        return {}
    return {"estimated_label_errors_standard_error": audit.posterior.expected.standard_error}


def _class_document(audit: Audit, k: int) -> dict[str, Any]:
    document: dict[str, Any] = {
        "class": audit.name(k) if audit.class_names is not None else k,
        "rows": int(audit.class_counts[k]),
        "suspects": int(audit.class_suspects[k]),
        "estimated_noise": _or_none(audit.class_noise[k]),
        "threshold": _or_none(audit.thresholds[k]),
    }
    if audit.posterior is not None:
        expected = audit.posterior.expected
        document |= {
            "estimated_label_errors": float(expected.per_class[k]),
            "estimated_label_errors_standard_error": float(expected.per_class_standard_error[k]),
        }
    return document


def json_text(
    document: dict[str, Any], lists: dict[str, Iterable[dict[str, Any]]]
) -> Iterator[str]:
    """Yield the text of one JSON document: some facts, and long lists, an item on a line."""
    # Only plain ASCII, so that no terminal or pipe can damage it.
    yield json.dumps(document, indent=2, allow_nan=False)[: -len("\n}")]
    for name, items in lists.items():
        yield f',\n  "{name}": ['
        end = "]"
        for item in items:
            yield f"{'' if end == ']' else ','}\n    {json.dumps(item, allow_nan=False, default=str)}"
            end = "\n  ]"
        yield end
    yield "\n}\n"


def json_rows(table: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows as dictionaries that JSON can hold: an id that is nan becomes null."""
    for start in range(0, table.num_rows, _JSON_ROWS):
        part = table.slice(start, _JSON_ROWS)
        for j, name in enumerate(part.column_names):
            if pa.types.is_floating(part.schema.types[j]):
                column = part.column(j)
                part = part.set_column(j, name, pc.if_else(pc.is_finite(column), column, None))
        yield from part.to_pylist()


def label_array(classes: NDArray[np.int64], names: Sequence[str] | None) -> Any:
    """Names of the classes as a pyarrow array, or their positions where they have no names."""
    if names is None:
        return pa.array(classes)
    values = pa.array(names, type=pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(classes), values).cast(pa.string())


def id_array(ids: Any, rows: NDArray[np.int64]) -> Any:
    """Ids of the rows as a plain pyarrow array."""
    taken = ids.take(pa.array(rows))
    return taken.cast(taken.type.value_type) if pa.types.is_dictionary(taken.type) else taken


def check_output(
    path: Path,
    inputs: list[Path],
    *,
    formats: Sequence[str] | None = None,
    option: str = "--output",
) -> None:
    """Refuse an output that could not be written later, before any work is done.

    Parameters
    ----------
    path : Path
        The output.
    inputs : list of Path
        Files that it must not replace.
    formats : sequence of str, optional
        Endings that it may have; those of `write_table` when left out.
    option : str
        What it was named by.

    Raises
    ------
    CliError
        For an unknown format, a missing folder, one of the inputs, or anything but a file.
    """
    name = printable(str(path))
    known = list(_WRITERS) if formats is None else formats
    if path.suffix.lower() not in known:
        msg = f"{option} {name}: cannot tell its format; use {', '.join(known)}"
        raise CliError(msg)
    try:
        target = _target(path)
        if not target.parent.is_dir():
            msg = f"{option} {name}: the folder {printable(str(target.parent))} does not exist"
            raise CliError(msg)
        if not target.exists():
            if not os.access(target.parent, os.W_OK):
                msg = f"{option} {name}: nothing can be written into its folder; choose another"
                raise CliError(msg)
            return
        if not stat.S_ISREG(target.stat().st_mode):
            msg = f"{option} {name}: is there already and not a regular file"
            raise CliError(msg)
        if any(other.exists() and target.samefile(other) for other in inputs):
            msg = f"{option} {name}: is one of the inputs"
            raise CliError(msg)
        if not os.access(target, os.W_OK):
            msg = f"{option} {name}: is there already and must not be written to"
            raise CliError(msg)
    except (OSError, ValueError) as error:
        msg = f"{option} {name}: {printable(str(error))}"
        raise CliError(msg) from error


def write_table(table: Any, path: Path, style: CsvStyle | None = None) -> None:
    """Write the table as .csv, .jsonl or .parquet; the file is complete or as it was before.

    The new content goes to a temporary file in the same folder, is forced to disk, and then takes
    the name; the folder is forced to disk last.

    Parameters
    ----------
    table : pyarrow.Table
        What to write.
    path : Path
        Where to; its ending decides the format.
    style : CsvStyle, optional
        Of a .csv file: quotes only where a cell needs them, and as this says. When left out, all
        text is quoted.

    Raises
    ------
    CliError
        If the content cannot be written; a file that was there is unchanged.
    """
    target = _target(path)
    name = printable(str(path))
    try:
        with _replacing(target) as stream:
            if style is not None and path.suffix.lower() == ".csv":
                style.write(table, stream)
            else:
                _WRITERS[path.suffix.lower()](table, stream)
    except (OSError, pa.ArrowException) as error:
        msg = f"--output {name}: cannot be written ({_reason(error)})"
        msg += "; the file that was there is unchanged" if target.exists() else ""
        raise CliError(msg) from error
    try:
        _sync_folder(target.parent)
    except OSError as error:
        msg = f"--output {name}: written, but its folder cannot be forced to disk"
        msg += f" ({_reason(error)}): it may not survive a power cut"
        raise CliError(msg) from error


def _target(path: Path) -> Path:
    """Follow links, so that a link stays one and its target is replaced."""
    return Path(os.path.realpath(path))


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) else None
    return printable(text or str(error))


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    _remove_stale(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as stream:
            if path.exists():
                with contextlib.suppress(OSError):  # another owner's file: keep the usual mode
                    temporary.chmod(stat.S_IMODE(path.stat().st_mode))
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _remove_stale(path: Path) -> None:
    """Remove what a killed run left behind: temporary files that nobody has written to lately."""
    for old in path.parent.glob(".*.tmp"):
        middle = old.name.removeprefix(f".{path.name}.").removesuffix(".tmp")
        if len(middle) == 16 and set(middle) <= set("0123456789abcdef"):
            with contextlib.suppress(OSError):
                if time.time() - old.stat().st_mtime > _STALE_SECONDS:
                    old.unlink()


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _with_reasons(audit: Audit, table: Any) -> Iterator[dict[str, Any]]:
    for i, row in enumerate(json_rows(table)):
        yield row | {"reason": audit.reason(i)}


def _write_csv(table: Any, stream: IO[bytes]) -> None:
    csv.write_csv(table, stream)


def _write_jsonl(table: Any, stream: IO[bytes]) -> None:
    for row in json_rows(table):
        line = json.dumps(row, ensure_ascii=False, allow_nan=False, default=str)
        stream.write(f"{line}\n".encode())


def _write_parquet(table: Any, stream: IO[bytes]) -> None:
    parquet.write_table(table, stream)


_WRITERS: dict[str, Callable[[Any, IO[bytes]], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
