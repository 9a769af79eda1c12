"""Runs a script or a module as ``python`` itself would: ``__main__``, ``sys.argv``, ``sys.path``."""

from __future__ import annotations

import builtins
import importlib.util
import io
import pkgutil
import sys
import types
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import Any


class NotFoundError(Exception):
    """There is no such script or module; the exit status is what Python's would be."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Program:
    """Code, and the names that its ``__main__`` starts with."""

    code: types.CodeType
    names: dict[str, Any]


def prepare_script(path: str, arguments: list[str]) -> Program:
    """Read a file, or the ``__main__`` of a folder or archive."""
    sys.argv[:] = [path, *arguments]
    finder = pkgutil.get_importer(path)
    if finder is not None:
        _first_on_path(path)
        spec = finder.find_spec("__main__", None)
        if spec is None:
            msg = f"can't find '__main__' module in {str(Path(path).absolute())!r}"
            raise NotFoundError(msg, 1)
        return _from_spec(spec)
    full = str(Path(path).absolute())
    try:
        with io.open_code(full) as file:
            source = file.read()
    except OSError as error:
        msg = f"can't open file {full!r}: [Errno {error.errno}] {error.strerror}"
        raise NotFoundError(msg, 2) from None
    _first_on_path(str(Path(path).resolve().parent))
    code = compile(source, full, "exec", dont_inherit=True)
    names = {"__file__": full, "__loader__": SourceFileLoader("__main__", full)}
    return Program(code, {**names, "__cached__": None, "__package__": None, "__spec__": None})


def prepare_module(name: str, arguments: list[str]) -> Program:
    """Find a module, or the ``__main__`` of a package, and load its code."""
    sys.argv[:] = ["-m", *arguments]
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            name = f"{name}.__main__"
            spec = importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        if not f"{name}.".startswith(f"{error.name}."):  # found, but it needs what is missing
            raise
        spec = None
    if spec is None:
        msg = f"No module named {name}"
        raise NotFoundError(msg, 1)
    program = _from_spec(spec)
    sys.argv[0] = spec.origin or name
    return program


def execute(program: Program) -> int:
    """Run as ``__main__``; return the exit status, or raise what ends an interpreter."""
    main = types.ModuleType("__main__")
    main.__dict__.update(program.names, __builtins__=builtins, __annotations__={})
    sys.modules["__main__"] = main
    try:
        exec(program.code, main.__dict__)  # noqa: S102 - the user's own program
    except Exception as error:  # noqa: BLE001 - whatever it raises
        report(error.with_traceback(error.__traceback__.tb_next if error.__traceback__ else None))
        return 1
    return 0


def report(error: Exception) -> None:
    """Print a traceback as the interpreter would."""
    sys.excepthook(type(error), error, error.__traceback__)


def _from_spec(spec: ModuleSpec) -> Program:
    loader: Any = spec.loader
    code = loader.get_code(spec.name) if hasattr(loader, "get_code") else None
    if code is None:
        msg = f"No code object available for {spec.name}"
        raise NotFoundError(msg, 1)
    names = {"__file__": spec.origin, "__cached__": spec.cached, "__loader__": loader}
    return Program(code, {**names, "__package__": spec.parent, "__spec__": spec})


def _first_on_path(folder: str) -> None:
    """Put a folder where Python put the current one, unless it was told not to."""
    safe = getattr(sys.flags, "safe_path", bool(sys.flags.isolated))
    if not safe:
        sys.path[0] = folder
