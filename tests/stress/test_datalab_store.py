"""A file of an audit is whole at any time: kill -9 while saving, a disk that is full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from tests.store_data import full_record, parts_of, same

from cupel.datalab.store.record import load_record, save_record

posix = pytest.mark.skipif(os.name == "nt", reason="needs signals and limits of POSIX")

SAVES = """
import sys
from tests.store_data import full_record
from cupel.datalab.store.record import save_record
record = full_record(20_000, info=False)
print("ready", flush=True)
while True:
    save_record(record, sys.argv[1], force=True)
"""

FULL = """
import resource, sys
from tests.store_data import full_record
from cupel.datalab.store.record import save_record
record = full_record(2000, info=False)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    save_record(record, sys.argv[1], force=True)
except OSError as error:
    print(type(error).__name__, error.errno)
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@posix
def test_kill_while_saving(tmp_path):
    path = tmp_path / "lab"
    save_record(full_record(info=False), path)
    sizes = set()
    for attempt in range(4):
        command = [sys.executable, "-c", SAVES, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            time.sleep(0.02 + 0.047 * attempt)
            child.send_signal(signal.SIGKILL)
            child.wait()
        sizes.add(load_record(path).n_rows)
    assert sizes <= {60, 20_000}


@posix
def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "lab"
    record = full_record(info=False)
    save_record(record, path)
    result = subprocess.run(
        [sys.executable, "-c", FULL, str(path)],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    assert result.stdout.startswith("OSError 27"), result.stdout + result.stderr
    assert same(parts_of(load_record(path)), parts_of(record))
    assert [entry.name for entry in tmp_path.iterdir()] == ["lab"]
