"""Every way to have several processes gives the right answer, and none hangs.

The programs run from files without an ``if __name__ == "__main__"`` around more than they need,
each with a time limit; all use a problem large enough for calls to start threads.
"""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from stress.child import PROBLEM, output

SMALL = "n=40_000, k=15"
POSIX = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("expected")
    return output(PROBLEM + f"print(answer(n_jobs=1, {SMALL}))", folder).strip()


def assert_answers(source: str, folder: Path, expected: str, count: int) -> None:
    """The program prints the right answer `count` times."""
    assert output(PROBLEM + source, folder, timeout=30).split() == [expected] * count


FORK = f"""
def forked():
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, answer({SMALL}).encode())
        os._exit(0)
    os.close(write)
    print(os.fdopen(read).read())
    assert os.waitpid(child, 0)[1] == 0
"""


@POSIX
@pytest.mark.parametrize("warm", [True, False])
def test_fork(warm: bool, tmp_path: Path, expected: str) -> None:
    first = f"print(answer({SMALL}))" if warm else f"print({expected!r})"
    last = f"print(answer({SMALL}))"
    assert_answers(f"{FORK}\n{first}\nforked()\n{last}", tmp_path, expected, 3)


@POSIX
def test_fork_from_a_thread_while_others_call(tmp_path: Path, expected: str) -> None:
    source = f"""
{FORK}
labels, p = problem({SMALL})
stop = threading.Event()

def busy():
    while not stop.is_set():
        cupel.find_label_issues(labels, p, n_jobs=3)

callers = [threading.Thread(target=busy) for _ in range(2)]
for caller in callers:
    caller.start()
for _ in range(3):
    forker = threading.Thread(target=forked)
    forker.start()
    forker.join()
stop.set()
for caller in callers:
    caller.join()
"""
    assert_answers(source, tmp_path, expected, 3)


START_METHODS = multiprocessing.get_all_start_methods()


@pytest.mark.parametrize("method", START_METHODS)
def test_pool_of_daemonic_workers(method: str, tmp_path: Path, expected: str) -> None:
    source = f"""
import multiprocessing

def work(_):
    assert multiprocessing.current_process().daemon
    return answer({SMALL})

if __name__ == "__main__":
    print(answer({SMALL}))
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        print(*pool.map(work, range(3)))
"""
    assert_answers(source, tmp_path, expected, 4)


@pytest.mark.parametrize("method", START_METHODS)
def test_process_pool_executor(method: str, tmp_path: Path, expected: str) -> None:
    source = f"""
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

def work(_):
    return answer({SMALL})

if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        print(*pool.map(work, range(2)))
    print(answer({SMALL}))
"""
    assert_answers(source, tmp_path, expected, 3)


@pytest.mark.parametrize("method", START_METHODS)
def test_no_main_guard_needed(method: str, tmp_path: Path, expected: str) -> None:
    source = f"""
import multiprocessing
multiprocessing.set_start_method({method!r})
print(answer({SMALL}))
"""
    assert_answers(source, tmp_path, expected, 1)


def test_loky(tmp_path: Path, expected: str) -> None:
    pytest.importorskip("joblib")
    source = f"""
import joblib

def work(_):
    return answer({SMALL})

if __name__ == "__main__":
    print(*joblib.Parallel(n_jobs=2)(joblib.delayed(work)(i) for i in range(3)))
"""
    assert_answers(source, tmp_path, expected, 3)


DROP_IN = """
from cupel import multiannotator, segmentation

def dropin_answer(n_jobs=4):
    rng = np.random.default_rng(0)
    planes = rng.dirichlet(np.ones(5), (30, 60, 80)).transpose(0, 3, 1, 2)
    pixels = rng.integers(0, 5, (30, 60, 80))
    labels, p = problem(n=20_000, k=10)
    votes = np.where(rng.random((len(labels), 5)) < 0.3, np.nan, labels[:, None])
    votes[:, 0] = labels
    found = multiannotator.get_active_learning_scores(votes, p, p[:100], n_jobs=n_jobs)
    return digest(
        segmentation.filter.find_label_issues(pixels, planes, n_jobs=n_jobs, verbose=False),
        multiannotator.get_majority_vote_label(votes, p, n_jobs=n_jobs, verbose=False),
        *found,
    )
"""


@pytest.fixture(scope="module")
def expected_of_dropin(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("expected")
    return output(PROBLEM + DROP_IN + "print(dropin_answer(n_jobs=1))", folder).strip()


@POSIX
def test_dropin_in_a_fork(tmp_path: Path, expected_of_dropin: str) -> None:
    fork = FORK.replace(f"answer({SMALL})", "dropin_answer()")
    call = "print(dropin_answer())"
    source = f"{DROP_IN}\n{fork}\n{call}\nforked()\n{call}"
    assert_answers(source, tmp_path, expected_of_dropin, 3)


@pytest.mark.parametrize("method", START_METHODS)
def test_dropin_in_daemonic_workers(method: str, tmp_path: Path, expected_of_dropin: str) -> None:
    source = f"""
import multiprocessing
{DROP_IN}

def work(_):
    assert multiprocessing.current_process().daemon
    return dropin_answer()

if __name__ == "__main__":
    print(dropin_answer())
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        print(*pool.map(work, range(2)))
"""
    assert_answers(source, tmp_path, expected_of_dropin, 3)


def test_no_thread_outlives_a_call(tmp_path: Path) -> None:
    if not Path("/proc/self/task").is_dir():
        pytest.skip("no /proc/self/task here")
    source = """
labels, p = problem()
before = len(os.listdir("/proc/self/task"))
for _ in range(5):
    cupel.find_label_issues(labels, p, n_jobs=4)
print(len(os.listdir("/proc/self/task")) - before)
"""
    assert output(PROBLEM + source, tmp_path).split() == ["0"]
