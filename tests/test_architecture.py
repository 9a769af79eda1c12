"""The rules of the layers (CONTRIBUTING.md), as tests."""

from __future__ import annotations

import ast
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import cupel
from cupel import _core

ROOT = Path(__file__).parents[1]
CPP = ROOT / "cpp"
PACKAGE = ROOT / "python" / "cupel"

# Headers that hold declarations and macros only: nothing the linker could share between objects.
KERNEL_HEADERS = {"cstddef", "cstdint", "cmath", "cstring", "immintrin.h", "intrin.h"}
INTRINSICS = {"immintrin.h", "intrin.h"}
STANDARD = re.compile(r"[a-z_0-9]+")  # <vector>, but no <unistd.h> and no <pybind11/numpy.h>
MAY_INCLUDE = {  # C++ folder -> what its quoted includes may start with
    "include": ("cupel/",),
    "kernels": ("kernels/", "cupel/views.hpp"),
    "core": ("core/", "kernels/", "cupel/"),
    "bindings": ("bindings/", "cupel/"),
    "tests": ("check.hpp", "data.hpp", "naive.hpp", "core/", "kernels/", "cupel/"),
}
OPTIONAL = {
    *("PIL", "cleanvision", "click", "datasets", "jinja2", "narwhals", "openpyxl", "pandas"),
    *("polars", "pyarrow", "rich", "scipy", "sklearn"),
}
LONG_BY_THEIR_DOCSTRINGS = {"count.py", "filter.py", "rank.py"}
MAX_LINES = 400


def cpp_files(folder: str) -> list[Path]:
    files = [p for p in (CPP / folder).rglob("*") if p.suffix in {".cpp", ".hpp", ".inl"}]
    assert files, folder
    return sorted(files)


def code_of(path: Path) -> str:
    """The text without comments."""
    return re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))


def includes_of(path: Path) -> list[tuple[str, str]]:
    return re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)', code_of(path), re.MULTILINE)


def may_include_system(layer: str, name: str) -> bool:
    if layer == "kernels":
        return name in KERNEL_HEADERS
    if layer == "bindings":
        return name.startswith("pybind11/") or STANDARD.fullmatch(name) is not None
    return STANDARD.fullmatch(name) is not None or (layer == "core" and name in INTRINSICS)


@pytest.mark.parametrize("layer", MAY_INCLUDE)
def test_includes_follow_the_layers(layer):
    for path in cpp_files(layer):
        for kind, name in includes_of(path):
            if kind == '"':
                assert name.startswith(MAY_INCLUDE[layer]), f"{path} includes {name}"
            else:
                assert may_include_system(layer, name), f"{path} includes <{name}>"


def test_threads_start_in_one_place():
    layers = ("include", "kernels", "core", "bindings")
    users = [
        p.name for layer in layers for p in cpp_files(layer) if ("<", "thread") in includes_of(p)
    ]
    assert users == ["parallel.cpp"]


def test_core_neither_prints_nor_reads_the_environment():
    banned = re.compile(
        r"\b(getenv|f?printf|puts|perror|abort|exit)\s*\(|\bstd::c(out|err|log|in)\b"
    )
    headers = {"iostream", "fstream", "cstdio", "print", "filesystem"}
    for layer in ("include", "kernels", "core"):
        for path in cpp_files(layer):
            found = banned.search(code_of(path))
            assert found is None, f"{path}: {found}"
            assert headers.isdisjoint(name for _, name in includes_of(path)), path


def test_kernels_neither_allocate_nor_throw():
    plain = r"size_t|ptrdiff_t|u?int\d+_t|mem(cpy|set|move)"
    banned = re.compile(rf"\bstd::(?!({plain})\b)\w+|\b(new|delete|throw|try|catch|thread_local)\b")
    for path in cpp_files("kernels"):
        found = banned.search(code_of(path))
        assert found is None, f"{path}: {found}"


def test_no_unsafe_flags():
    """-ffast-math breaks nan and may flip the process's denormal mode; -march=native, wheels."""
    flags = r"-ffast-math|-Ofast|-funsafe-math\S*|-ffinite-math\S*|-fassociative-math|-m(arch|cpu)=native|/fp:fast"
    for name in ("CMakeLists.txt", "CMakePresets.json", "pyproject.toml"):
        text = re.sub(r"#[^\n]*", "", (ROOT / name).read_text(encoding="utf-8"))
        assert re.findall(flags, text) == [], name


def test_every_topic_has_one_name_in_every_layer():
    for path in cpp_files("bindings"):
        if path.suffix == ".cpp" and path.stem not in {"module", "arrays"}:
            assert (CPP / "include/cupel" / f"{path.stem}.hpp").exists(), path
            homes = (PACKAGE / f"{path.stem}.py", PACKAGE / path.stem / "__init__.py")
            assert any(home.exists() for home in homes), path


# ---- compiled kernels --------------------------------------------------------------------------


def flags_above_baseline() -> dict[str, list[str]]:
    """Source file -> options, from CMakeLists.txt."""
    found: dict[str, list[str]] = {}
    pattern = r'set_source_files_properties\((\S+) PROPERTIES\s+COMPILE_OPTIONS\s+"([^"]*)"'
    for source, options in re.findall(
        pattern, (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    ):
        if options.startswith("-"):  # not the ones of MSVC
            found[source] = [o for o in options.split(";") if not o.startswith("$")]
    return found


@pytest.fixture(scope="module")
def kernel_symbols(tmp_path_factory) -> dict[str, list[tuple[str, str]]]:
    """Source file above the baseline -> (type, name) of its symbols, by nm."""
    compiler = shlex.split(os.environ.get("CXX", "")) or [shutil.which("g++") or ""]
    if shutil.which("nm") is None or shutil.which(compiler[0]) is None:
        pytest.skip("needs nm and a C++ compiler")
    if platform.machine() != "x86_64" or sys.platform != "linux":
        pytest.skip("the kernels above the baseline are for x86-64; nm's format is that of ELF")
    folder = tmp_path_factory.mktemp("kernels")
    symbols = {}
    for source, options in flags_above_baseline().items():
        target = folder / f"{Path(source).stem}.o"
        # Without optimisation nothing is inlined, so every function that could be weak is seen.
        command = [
            *compiler,
            "-std=c++20",
            "-O0",
            "-fPIC",
            *options,
            "-I",
            CPP,
            "-I",
            CPP / "include",
        ]
        subprocess.run([*command, "-c", ROOT / source, "-o", target], check=True)
        listing = subprocess.run(["nm", "-P", target], check=True, capture_output=True, text=True)
        lines = (line.split() for line in listing.stdout.splitlines())
        symbols[source] = [(fields[1], fields[0]) for fields in lines]
    return symbols


def test_no_weak_symbol_above_the_baseline(kernel_symbols):
    """The linker may keep any copy of a weak symbol; it must never find one compiled for AVX."""
    assert set(kernel_symbols) == {"cpp/kernels/avx2.cpp", "cpp/kernels/avx512.cpp"}
    for source, symbols in kernel_symbols.items():
        weak = [name for kind, name in symbols if kind in "WwVvu"]
        assert weak == [], source


def test_kernels_share_nothing_but_their_table(kernel_symbols):
    """One global symbol, no variable that could be written, no call into the C++ library."""
    for source, symbols in kernel_symbols.items():
        namespace = Path(source).stem
        exported = [name for kind, name in symbols if kind in "TDRBGS"]
        assert len(exported) == 1, exported
        assert f"{namespace}7kernels" in exported[0]
        assert [name for kind, name in symbols if kind in "bBcCsS"] == [], source
        called = {name for kind, name in symbols if kind == "U"}
        assert called <= {
            "memcpy",
            "memset",
            "memmove",
            "_GLOBAL_OFFSET_TABLE_",
            "__stack_chk_fail",
        }


# ---- Python ------------------------------------------------------------------------------------


def module_name(path: Path) -> str:
    parts = ["cupel", *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(p): p for p in sorted(PACKAGE.rglob("*.py"))}


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def import_nodes(node: ast.AST, when_run: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    """All imports below a node, or only those that importing the module runs."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child
        elif when_run and (
            is_type_checking(child) or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
        ):
            continue
        else:
            yield from import_nodes(child, when_run)


def imported_modules(module: str, *, when_run: bool) -> set[str]:
    found = set()
    for node in import_nodes(ast.parse(MODULES[module].read_text(encoding="utf-8")), when_run):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
            continue
        assert node.level == 0, f"{module}: relative import"
        assert node.module is not None
        for alias in node.names:  # `from a import b`: b may be a module of a
            full = f"{node.module}.{alias.name}"
            found.add(full if full in MODULES or full == "cupel._core" else node.module)
    return found


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def test_reference_stands_alone():
    for module in MODULES:
        if within(module, "cupel.reference"):
            for used in imported_modules(module, when_run=False):
                root = used.split(".")[0]
                alone = root in {"numpy", *sys.stdlib_module_names} or within(
                    used, "cupel.reference"
                )
                assert alone, f"{module} imports {used}"


def test_the_front_door_knows_nothing_behind_it():
    door = {
        "cupel._arrays",
        "cupel._errors",
        "cupel._features",
        "cupel._labels",
        "cupel._validate",
    }
    for module in sorted(door):
        for used in imported_modules(module, when_run=False):
            outside = used.split(".")[0] in {"numpy", *sys.stdlib_module_names}
            assert outside or ".".join(used.split(".")[:2]) in door, f"{module} imports {used}"


def test_nobody_imports_the_command_line():
    for module in MODULES:
        if not within(module, "cupel.cli"):
            used = {m for m in imported_modules(module, when_run=False) if within(m, "cupel.cli")}
            assert not used, module


def test_command_line_uses_the_public_functions():
    for module in MODULES:
        if within(module, "cupel.cli"):
            for used in imported_modules(module, when_run=False):
                if within(used, "cupel"):
                    private = [part for part in used.split(".") if part.startswith("_")]
                    assert not private, f"{module} imports {used}"


def test_numpy_is_the_only_dependency():
    """What is optional is imported where it is used."""
    for module in MODULES:
        if within(module, "cupel.cli"):
            continue
        for when_run in (True, False):
            allowed = {
                "cupel",
                "numpy",
                *sys.stdlib_module_names,
                *(set() if when_run else OPTIONAL),
            }
            used = {m.split(".")[0] for m in imported_modules(module, when_run=when_run)}
            assert used <= allowed, f"{module} imports {used - allowed}"


def test_private_names_stay_where_they_are():
    for module, path in MODULES.items():
        for node in import_nodes(ast.parse(path.read_text(encoding="utf-8")), False):
            if isinstance(node, ast.ImportFrom) and within(node.module or "", "cupel"):
                for name in (alias.name for alias in node.names):
                    public = not name.startswith("_") or f"{node.module}.{name}" in MODULES
                    assert public or name in {"_core", "__version__"}, f"{module}: {name}"


def test_imports_have_no_cycle():
    uses = {m: imported_modules(m, when_run=True) & set(MODULES) - {m} for m in MODULES}
    while free := [m for m, used in uses.items() if not used]:
        uses = {m: used - set(free) for m, used in uses.items() if m not in free}
    assert uses == {}


# ---- the rest ----------------------------------------------------------------------------------


def test_files_are_short():
    folders = ("python", "cpp", "tests", "bench")
    paths = [p for folder in folders for p in (ROOT / folder).rglob("*")]
    for path in paths:
        long_api = path.parent == PACKAGE and path.name in LONG_BY_THEIR_DOCSTRINGS
        if path.suffix in {".py", ".cpp", ".hpp"} and not long_api:
            lines = len(path.read_text(encoding="utf-8").splitlines())
            assert lines <= MAX_LINES, f"{path} has {lines} lines"


def test_versions_agree():
    project = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    changelog = re.search(r"^## \[?(\d[^\]\s]*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert project is not None
    assert changelog is not None
    assert project[1] == changelog[1] == _core.__version__ == cupel.__version__
