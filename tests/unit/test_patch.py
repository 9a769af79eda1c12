"""cleanlab's names mean cupel's objects while it is patched, and its own again afterwards."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
import threading
import types
import warnings
from typing import Any

import numpy as np
import pytest

import cupel.filter
import cupel.rank
from cupel.patch import _table as table
from cupel.patch import (
    get_patch_map,
    is_patched,
    patch_cleanlab,
    patched_cleanlab,
    unpatch_cleanlab,
)


@pytest.fixture
def cleanlab() -> Any:
    """The package, with nothing patched, before and after."""
    module = pytest.importorskip("cleanlab")
    unpatch_cleanlab()
    yield module
    unpatch_cleanlab()


@pytest.fixture
def user(cleanlab: Any, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module of somebody who imported names of cleanlab before."""
    module = types.ModuleType("somebody")
    code = """
import cleanlab.filter
from cleanlab.filter import find_label_issues
from cleanlab.outlier import OutOfDistribution as Detector
from cleanlab.rank import get_label_quality_scores as score
from cleanlab.internal.util import value_counts

class Holder:
    function = staticmethod(find_label_issues)

def with_default(function=find_label_issues):
    return function

table = {"find": find_label_issues}
"""
    exec(code, module.__dict__)  # noqa: S102 - a fixed text
    monkeypatch.setitem(sys.modules, "somebody", module)
    return module


def cleanlab_globals() -> dict[tuple[str, str], Any]:
    """Everything that modules of cleanlab mean by their names."""
    return {
        (name, key): value
        for name, module in sys.modules.copy().items()
        if name.partition(".")[0] == "cleanlab"
        for key, value in vars(module).copy().items()
    }


def problem() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 3, 90), rng.dirichlet(np.ones(3), 90)


# ---- what is replaced --------------------------------------------------------------------------


def test_importing_it_imports_nothing_of_cleanlab():
    code = "import cupel.patch, sys; print(any(m.startswith('cleanlab') for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


def test_defining_modules(cleanlab):
    assert not is_patched()
    patch_cleanlab()
    assert is_patched()
    for theirs, ours in get_patch_map().items():
        module, _, name = theirs.rpartition(".")
        our_module, _, our_name = ours.rpartition(".")
        assert getattr(sys.modules[module], name) is getattr(sys.modules[our_module], our_name)


def test_modules_of_cleanlab_that_import_from_each_other(cleanlab):
    package = sys.modules["cleanlab.multilabel_classification"]
    dataset = sys.modules["cleanlab.dataset"]
    with patched_cleanlab():
        assert package.get_label_quality_scores.__module__.startswith("cupel.")
        assert dataset.num_label_issues is cupel.count.num_label_issues
    assert package.get_label_quality_scores.__module__.startswith("cleanlab.")


def test_modules_that_imported_names_before(user):
    original = user.find_label_issues
    patch_cleanlab()
    assert user.find_label_issues is cupel.filter.find_label_issues
    assert user.score is cupel.rank.get_label_quality_scores
    assert user.Detector is cupel.outlier.OutOfDistribution
    assert user.value_counts.__module__ == "cleanlab.internal.util"
    # Globals of modules only.
    assert user.Holder.function is user.table["find"] is user.with_default() is original


def test_modules_that_import_names_later(cleanlab):
    with patched_cleanlab():
        namespace: dict[str, Any] = {}
        exec("from cleanlab.filter import find_label_issues", namespace)  # noqa: S102
    assert namespace["find_label_issues"] is cupel.filter.find_label_issues


def test_demonstrations_that_need_torch_are_left_alone(cleanlab):
    patch_cleanlab()
    for name in ("coteaching", "cifar_cnn", "mnist_pytorch"):
        assert f"cleanlab.experimental.{name}" not in sys.modules


def test_modules_that_wait_for_their_first_use_are_not_loaded(cleanlab, tmp_path, monkeypatch):
    (tmp_path / "lazy_one.py").write_text("raise RuntimeError('loaded')")
    spec = importlib.util.spec_from_file_location("lazy_one", tmp_path / "lazy_one.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "lazy_one", module)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, "not_a_module", 3)
    monkeypatch.setitem(sys.modules, "nothing", None)
    patch_cleanlab()
    assert unpatch_cleanlab() == []


def test_map(cleanlab):
    before = get_patch_map()
    assert before["cleanlab.filter.find_label_issues"] == "cupel.filter.find_label_issues"
    assert {name.replace("cleanlab.", "cupel.", 1) for name in before} == set(before.values())
    patch_cleanlab()
    assert get_patch_map() == before


# ---- the way back ------------------------------------------------------------------------------


def test_everything_comes_back(user):
    get_patch_map()  # imports
    before, mine = cleanlab_globals(), dict(vars(user))
    patch_cleanlab()
    assert cleanlab_globals() != before
    assert unpatch_cleanlab() == []
    after = cleanlab_globals()
    assert after.keys() == before.keys()
    assert all(after[key] is before[key] for key in before)
    assert all(vars(user)[key] is mine[key] for key in mine)
    assert not is_patched()
    assert unpatch_cleanlab() == []


def test_patching_twice_is_patching_once(user):
    original = user.find_label_issues
    patch_cleanlab()
    user.another = original  # got hold of it in some other way
    patch_cleanlab()
    assert user.another is cupel.filter.find_label_issues
    unpatch_cleanlab()
    assert user.find_label_issues is user.another is original


def test_what_others_replaced_is_left_alone_and_reported(user):
    patch_cleanlab()

    def mine(*args, **kwargs): ...

    user.find_label_issues = mine
    del user.score
    with pytest.warns(RuntimeWarning, match="somebody.find_label_issues") as caught:
        left = unpatch_cleanlab()
    assert caught[0].filename == __file__
    assert sorted(left) == ["somebody.find_label_issues", "somebody.score"]
    assert user.find_label_issues is mine
    assert not hasattr(user, "score")
    assert user.cleanlab.filter.find_label_issues.__module__ == "cleanlab.filter"


def test_what_others_restored_is_not_reported(user):
    original = user.find_label_issues
    patch_cleanlab()
    user.find_label_issues = original
    assert unpatch_cleanlab() == []


def test_modules_of_cleanlab_imported_meanwhile(cleanlab, monkeypatch):
    late = types.ModuleType("cleanlab.late")
    monkeypatch.setitem(sys.modules, "cleanlab.late", late)
    with patched_cleanlab():
        exec("from cleanlab.filter import find_label_issues as find", late.__dict__)  # noqa: S102
        assert late.find is cupel.filter.find_label_issues
    assert late.find.__module__ == "cleanlab.filter"


# ---- blocks and threads ------------------------------------------------------------------------


def test_blocks_nest(user):
    def current() -> str:
        if not is_patched():
            return "cleanlab"
        return "cupel" if user.score is cupel.rank.get_label_quality_scores else "both"

    assert current() == "cleanlab"
    with patched_cleanlab():
        assert current() == "cupel"
        with patched_cleanlab(verify=True):
            assert current() == "both"
            with patched_cleanlab():
                assert current() == "cupel"
            assert current() == "both"
        assert current() == "cupel"
    assert current() == "cleanlab"
    patch_cleanlab()
    with pytest.raises(KeyError), patched_cleanlab():
        raise KeyError
    assert current() == "cupel"
    patch_cleanlab(verify=True)
    assert current() == "both"


def test_explicit_calls_end_blocks(user):
    with patched_cleanlab():
        unpatch_cleanlab()
        assert not is_patched()
    with patched_cleanlab():
        patch_cleanlab()
    assert is_patched()


def test_blocks_of_two_threads_overlap(user):
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with patched_cleanlab():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with patched_cleanlab():
        thread.start()
        assert entered.wait(10)
    assert is_patched()
    leave.set()
    thread.join()
    assert not is_patched()
    assert user.score.__module__ == "cleanlab.rank"


def test_threads_that_patch_unpatch_and_call(user):
    labels, pred_probs = problem()
    expected = user.score(labels, pred_probs)
    before = cleanlab_globals()
    failures = []

    def work(seed: int) -> None:
        try:
            for i in range(10):
                if (i + seed) % 3 == 0:
                    unpatch_cleanlab()
                with patched_cleanlab(verify=(i + seed) % 5 == 0):
                    np.testing.assert_allclose(user.score(labels, pred_probs), expected)
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    unpatch_cleanlab()
    after = cleanlab_globals()
    assert all(after[key] is before[key] for key in before)


# ---- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call", [patch_cleanlab, get_patch_map, lambda: patched_cleanlab().__enter__()]
)
def test_without_cleanlab(monkeypatch, call):
    monkeypatch.setitem(sys.modules, "cleanlab", None)
    with pytest.raises(ImportError, match=r'cleanlab.*pip install "cupel\[cleanlab\]"'):
        call()
    assert not is_patched()


def test_other_versions(cleanlab, monkeypatch):
    monkeypatch.setattr(cleanlab, "__version__", "2.8.0")
    with pytest.raises(RuntimeError, match=r"2\.9\.0.*2\.8\.0"):
        patch_cleanlab()
    assert not is_patched()


def test_arguments_are_by_keyword():
    for function in (patch_cleanlab, patched_cleanlab):
        (parameter,) = inspect.signature(function).parameters.values()
        assert (parameter.name, parameter.default) == ("verify", False)
        assert parameter.kind is parameter.KEYWORD_ONLY


# ---- imports that silence all warnings ---------------------------------------------------------


def test_a_blanket_filter_is_undone_and_others_are_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with table._warnings_not_silenced():
            warnings.filterwarnings("ignore", message="only this", module="there")
            warnings.filterwarnings("always", category=BytesWarning)
            warnings.filterwarnings("ignore")
        kept = [(f[0], f[2]) for f in warnings.filters[:3]]
        assert kept == [
            ("always", BytesWarning),
            ("ignore", Warning),
            ("error", Warning),
        ]
        with pytest.raises(UserWarning, match="seen"):
            warnings.warn("seen", UserWarning, stacklevel=1)
        warnings.warn_explicit("only this", UserWarning, "file", 1, module="there")


def test_a_blanket_filter_that_was_there_stays():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore")
        before = list(warnings.filters)
        with table._warnings_not_silenced():
            warnings.filterwarnings("ignore")
        assert list(warnings.filters) == before
